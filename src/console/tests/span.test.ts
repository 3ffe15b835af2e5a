import assert from 'node:assert/strict';
import test from 'node:test';
import { decimalParts, shortened, spanBetween } from '../page/parts/span';

test('a span is told in one unit', () => {
  const minute = 60_000;
  const spans: [number, unknown][] = [
    [0, { unit: 'now' }],
    [59_000, { unit: 'now' }],
    [5 * minute, { unit: 'minutes', n: 5 }],
    [23 * 60 * minute, { unit: 'hours', n: 23 }],
    [49 * 60 * minute, { unit: 'days', n: 2 }],
  ];
  for (const [ms, expected] of spans) assert.deepEqual(spanBetween(0, ms), expected);
});

test('an id keeps its ends', () => {
  assert.equal(shortened('3f9a8c11d21b4477'), '3f9a8c…4477');
  assert.equal(shortened('LIS23000001'), 'LIS23000001');
});

test('a value falls apart at its decimal point, a word does not', () => {
  assert.deepEqual(decimalParts('<20'), { sign: '<', whole: '20', rest: '' });
  assert.deepEqual(decimalParts('-0.44'), { sign: '', whole: '-0', rest: '.44' });
  assert.deepEqual(decimalParts('1,250.5'), { sign: '', whole: '1,250', rest: '.5' });
  assert.equal(decimalParts('NOT DETECTED'), null);
  assert.equal(decimalParts('x10E6/L'), null);
});
