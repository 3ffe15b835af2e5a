import assert from 'node:assert/strict';
import test from 'node:test';
import type { LockItem, PostLockItem } from '../page/api/study_end_types';
import { decisionsFor, inTheWay } from '../page/study_end/decisions';
import { utf8 } from '../page/study_end/utf8';

const item = (id: string, acceptable = true): LockItem => ({ id, kind: 'missing', subject: '', visit: '', analyte: '', text: id, acceptable, since: null, problem: null });

test('what nobody can sign for stays in the way of a lock', () => {
  const items = [item('a'), item('b'), item('delivery:1', false)];
  assert.deepEqual(inTheWay(items, new Set(['a', 'delivery:1'])).map((each) => each.id), ['b', 'delivery:1']);
});

const after = (state: PostLockItem['state'], authorised_by = ''): PostLockItem => ({ state, authorised_by }) as PostLockItem;

test('whoever authorised does not forward, and what is decided differently is not decided together', () => {
  assert.deepEqual(decisionsFor([after('open'), after('open')], 'mei'), ['authorise', 'document']);
  assert.deepEqual(decisionsFor([after('authorised', 'omar')], 'mei'), ['forward', 'document']);
  assert.deepEqual(decisionsFor([after('authorised', 'mei')], 'mei'), ['document']);
  assert.deepEqual(decisionsFor([after('open'), after('authorised', 'omar')], 'mei'), ['document']);
  assert.deepEqual(decisionsFor([after('waiting')], 'mei'), []);
  assert.deepEqual(decisionsFor([], 'mei'), []);
  assert.deepEqual(decisionsFor([after('open')], 'mei', false), ['authorise', 'forward', 'document']);
});

test('a file that is no UTF-8 is not read as one', () => {
  assert.equal(utf8(new TextEncoder().encode('受试者,1\n').buffer as ArrayBuffer), '受试者,1\n');
  assert.equal(utf8(new Uint8Array([0xca, 0xdc, 0x2c]).buffer), null);
});
