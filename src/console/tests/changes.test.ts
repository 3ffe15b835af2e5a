import assert from 'node:assert/strict';
import test from 'node:test';
import { changesBetween } from '../page/audit/changes';

test('only what differs is a change, by name', () => {
  assert.deepEqual(changesBetween({ state: 'open', owner: null }, '{"state":"in review","owner":null}'), [{ name: 'state', before: 'open', after: 'in review' }]);
  assert.deepEqual(changesBetween(null, { rows: 3 }), [{ name: 'rows', before: null, after: '3' }]);
  assert.deepEqual(changesBetween('612', '621'), [{ name: '', before: '612', after: '621' }]);
  assert.deepEqual(changesBetween(null, null), []);
});
