import assert from 'node:assert/strict';
import test from 'node:test';
import type { Repair } from '../page/api/types';
import { fieldsOf, isComplete, requestOf, withValue } from '../page/problems/repair_kinds';

const repair = (kind: string, fields: Record<string, unknown>): Repair => ({
  kind, title_key: '', likely: true, permission: '', four_eyes: false, fields,
});

test('of two ways to say a unit the proposed one is asked', () => {
  const spelled = fieldsOf(repair('teach-unit', { spelled: '10*6/L' })).map((each) => each.name);
  const assumed = fieldsOf(repair('teach-unit', { assume: 'cells/uL' })).map((each) => each.name);
  assert.deepEqual([spelled.includes('assume'), assumed.includes('spelled')], [false, false]);
});

test('a repair is tried once it is complete', () => {
  const link = repair('link-subject', { authority: 'QILU-MRN', value: '1', subject: '' });
  assert.equal(isComplete(link, link.fields), false);
  const filled = { ...link.fields, subject: '17' };
  assert.equal(isComplete(link, filled), true);
  assert.deepEqual(requestOf(link, filled), { kind: 'link-subject', authority: 'QILU-MRN', value: '1', subject: 17 });
});

test('one changed fact of a subject is enough, and only it is sent', () => {
  const correct = repair('correct-subject', { subject: '3', fields: {} });
  assert.equal(isComplete(correct, correct.fields), false);
  const sex = fieldsOf(correct).find((each) => each.name === 'sex')!;
  const values = withValue(correct.fields, sex, 'F');
  assert.equal(isComplete(correct, values), true);
  assert.deepEqual(requestOf(correct, values), { kind: 'correct-subject', subject: 3, fields: { sex: 'F' } });
});

test('what the server could not fill in is asked for', () => {
  const teach = repair('teach-unit', { source: 'lis', code: 'WBC', spelled: '' });
  assert.equal(fieldsOf(teach).find((each) => each.name === 'analyte')?.type, 'analyte');
  assert.equal(fieldsOf(teach).find((each) => each.name === 'source')?.type, 'fixed');
});
