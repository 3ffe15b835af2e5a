import assert from 'node:assert/strict';
import test from 'node:test';
import { hexLines } from '../page/messages/hex';
import type { Segment } from '../page/api/types';
import { marksOf, meets, stretchAt } from '../page/messages/hit';
import { hl7Time } from '../page/parts/span';
import { charactersOf } from '../page/subjects/highlighted';
import { visibleRows } from '../page/parts/visible_rows';

test('stretches meet where they share a byte', () => {
  assert.equal(meets({ offset: 4, length: 3 }, { offset: 6, length: 2 }), true);
  assert.equal(meets({ offset: 4, length: 2 }, { offset: 6, length: 2 }), false);
});

test('hex marks the finding and hides what is masked', () => {
  const [line] = hexLines(new TextEncoder().encode('PID|1\r'), [{ offset: 4, length: 1 }], [{ offset: 0, length: 3 }]);
  assert.deepEqual(line!.bytes.map((byte) => byte.hex), ['··', '··', '··', '7c', '31', '0d']);
  assert.deepEqual(line!.bytes.map((byte) => byte.hit), [false, false, false, false, true, false]);
  assert.equal(line!.bytes[5]!.char, '↵');
});

test('an HL7 time is read as far as it goes', () => {
  assert.equal(hl7Time('20230912081000'), '2023-09-12 08:10');
  assert.equal(hl7Time('20230912'), '2023-09-12');
  assert.equal(hl7Time('202309'), '2023-09');
  assert.equal(hl7Time('unknown'), 'unknown');
});

test('of a million rows only those near the window are drawn', () => {
  const rows = visibleRows(-28 * 500_000, 28, 800, 1_000_000);
  assert.ok(rows.from < 500_000 && rows.to > 500_028);
  assert.ok(rows.to - rows.from < 70);
});

const part = (number: number, text: string, offset: number) => ({ number, name: '', text, sub: [], offset, length: text.length });
const field = (number: number, text: string, offset: number) => ({
  number, name: '', text, offset, length: text.length, masked: false,
  repetitions: [{ components: text.split('^').map((each, at, all) => part(at + 1, each, offset + all.slice(0, at).join('^').length + (at ? 1 : 0))) }],
});
const segments: Segment[] = [
  { position: 1, id: 'PID', name: '', offset: 0, length: 12, fields: [field(3, '12^^^QILU', 4)] },
  { position: 2, id: 'OBX', name: '', offset: 13, length: 9, fields: [field(6, 'x10', 18)] },
  { position: 3, id: 'OBX', name: '', offset: 23, length: 9, fields: [field(6, 'x10', 28)] },
];

test('a place leads to its bytes', () => {
  assert.deepEqual(stretchAt(segments, 'OBX[2]-6')?.offset, 28);
  assert.deepEqual(stretchAt(segments, 'PID-3[1].4')?.offset, 9);
  assert.deepEqual(stretchAt(segments, 'PID-3.1')?.length, 2);
  assert.deepEqual(stretchAt(segments, 'OBX'), { offset: 13, length: 3 });
  assert.equal(stretchAt(segments, 'SPM-2'), null);
  assert.equal(stretchAt(segments, ''), null);
});

test('a problem marks its own findings, or its place where they say none', () => {
  const finding = (code: string, place: string, offset: number | null) =>
    ({ code, severity: 'hold', place, offset, length: offset === null ? null : 3, sentence: code }) as const;
  const focus = { rule: 'unknown-unit', sentence: '', place: 'OBX[2]-6' };
  const all = [finding('unknown-unit', 'OBX-6', 18), finding('unit-changed', 'OBX[2]-6', 28)];
  assert.deepEqual(marksOf(segments, all, focus).map((each) => each.offset), [18]);
  assert.deepEqual(marksOf(segments, [], focus).map((each) => each.offset), [28]);
  assert.deepEqual(marksOf(segments, [finding('unknown-unit', 'OBX[2]-6', null)], focus).map((each) => each.offset), [28]);
});

test('a span is marked by fields and components, whatever the bytes of the original', () => {
  const marks = { field: '|', component: '^', repetition: '~', sub: '&' };
  // As the server shows a GB18030 message: two bytes a character there, three here; a mask is one of each.
  const text = 'OBX|1|NM|718-7^血红蛋白^LN||11.5|g/dL|13 ~ 17.5';
  const obx = {
    position: 1, id: 'OBX', name: '', offset: 100, length: 46, text,
    fields: [
      { number: 3, name: '', text: '718-7^血红蛋白^LN', offset: 109, length: 17, masked: false, repetitions: [{ components: [part(1, '718-7', 109), { ...part(2, '血红蛋白', 115), length: 8 }, part(3, 'LN', 124)] }] },
      field(5, '11.5', 128),
      field(6, 'g/dL', 133),
    ],
  };
  const marked = (offset: number, length: number) => {
    const found = charactersOf(obx, { offset, length }, marks);
    return found && text.slice(found.from, found.to);
  };
  assert.equal(marked(109, 5), '718-7');
  assert.equal(marked(115, 8), '血红蛋白');
  assert.equal(marked(124, 2), 'LN');
  assert.equal(marked(128, 4), '11.5');
  assert.equal(marked(133, 4), 'g/dL');
  assert.equal(marked(103, 1), null);
  const spm = {
    position: 2, id: 'SPM', name: '', offset: 200, length: 22, text: 'SPM|1|A1&ROCHE^B||PLAS',
    fields: [{ number: 2, name: '', text: 'A1&ROCHE^B', offset: 206, length: 10, masked: false, repetitions: [{ components: [{ ...part(1, 'A1&ROCHE', 206), sub: ['A1', 'ROCHE'] }, part(2, 'B', 215)] }] }],
  };
  const first = charactersOf(spm, { offset: 206, length: 2 }, marks)!;
  assert.equal(spm.text.slice(first.from, first.to), 'A1');
  const whole = charactersOf(spm, { offset: 206, length: 10 }, marks)!;
  assert.equal(spm.text.slice(whole.from, whole.to), 'A1&ROCHE^B');
});
