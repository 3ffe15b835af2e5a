import assert from 'node:assert/strict';
import test from 'node:test';
import type { Approval } from '../page/api/types';
import { changesOf, hrefOf } from '../page/approvals/approval_content';

const approval = (part: Partial<Approval>) => part as Approval;

test('an approval without told changes shows what was asked for', () => {
  const asked = approval({ content: { problem: 5, repair: { kind: 'move-specimen', from: 3, to: 4, visit: '' } } });
  assert.deepEqual(changesOf(asked).map((each) => `${each.what}=${each.after}`), [
    'problem=5', 'repair.kind=move-specimen', 'repair.from=3', 'repair.to=4',
  ]);
});

test('its object leads to a page where there is one', () => {
  assert.equal(hrefOf(approval({ object: 'problem 5' })), '/problems/5');
  assert.equal(hrefOf(approval({ object: 'configuration 13' })), '/config/13');
  assert.equal(hrefOf(approval({ object: 'purge' })), null);
});
