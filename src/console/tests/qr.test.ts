import assert from 'node:assert/strict';
import test from 'node:test';
import { correctionOf, qrOf } from '../page/account/qr';

test('correction words of the standard’s own example, HELLO WORLD at 1-M', () => {
  const data = [32, 91, 11, 120, 209, 114, 220, 77, 67, 64, 236, 17, 236, 17, 236, 17];
  assert.deepEqual(correctionOf(data, 10), [196, 35, 39, 119, 235, 215, 231, 226, 93, 23]);
});

test('a code has its finders, and grows with the text', () => {
  const small = qrOf('a')!;
  assert.equal(small.length, 21);
  for (const [row, column] of [[0, 0], [0, 14], [14, 0]]) {
    assert.equal(small[row!]!.slice(column, column! + 7).every(Boolean), true);
    assert.equal(small[row! + 1]!.slice(column, column! + 7).map(Number).join(''), '1000001');
  }
  assert.equal(qrOf('x'.repeat(120))!.length, 45);
  assert.equal(qrOf('x'.repeat(213))!.length, 57);
  assert.equal(qrOf('x'.repeat(214)), null);
});
