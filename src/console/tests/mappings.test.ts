import assert from 'node:assert/strict';
import test from 'node:test';
import type { Vocabulary } from '../page/api/types';
import { completionAt } from '../page/mappings/complete';
import { columnsOf, lineAndColumn, offsetOf, xmlLines } from '../page/mappings/xml_tokens';

const words: Vocabulary = {
  analytes: [
    { key: 'CD4A', name: 'CD4 count', unit: '/uL', loinc: '' },
    { key: 'CD8A', name: 'CD8 count', unit: '/uL', loinc: '' },
  ],
  units: ['cells/uL', '10*6/L', '%'],
  elements: {
    source: { text: '', attributes: [{ name: 'id' }, { name: 'mode', values: ['live', 'test'] }], children: ['observation', 'ignore'] },
    observation: { text: '', attributes: [{ name: 'code' }, { name: 'analyte' }, { name: 'spelled' }], children: [] },
    ignore: { text: '', attributes: [{ name: 'because' }], children: [] },
  },
};

// The bar is where the caret stands.
const cases: [string, string[] | null][] = [
  ['<source><ob|', ['observation']],
  ['<source>|', null],
  ['<source><|', ['observation', 'ignore']],
  ['<source><observation co|', ['code="']],
  ['<source><observation code="x" |', ['analyte="', 'spelled="']],
  ['<source><observation analyte="CD4|', ['CD4A']],
  ['<source><observation analyte="count|', ['CD4A', 'CD8A']],
  ['<source><observation spelled="% | cel|', ['cells/uL']],
  ['<source mode="|', ['live', 'test']],
  ['<source><!-- <ob|', null],
];

for (const [written, expected] of cases) {
  test(`completes ${written}`, () => {
    const at = written.lastIndexOf('|');
    const text = written.slice(0, at) + written.slice(at + 1);
    assert.deepEqual(completionAt(text, at, words)?.options.map((each) => each.insert) ?? null, expected);
  });
}

test('tokens put together are the text again', () => {
  const text = '<?xml version="1.0"?>\n<!-- a "b" -->\n<a b="c > d"\n   e=\'f\'>x = "y"</a>\n<broken attr="';
  assert.equal(xmlLines(text).map((line) => line.map((token) => token.text).join('')).join('\n'), text);
});

test('line and column lead to the offset and back', () => {
  const text = 'ab\n\nxyz';
  for (let offset = 0; offset <= text.length; ++offset) {
    const { line, column } = lineAndColumn(text, offset);
    assert.equal(offsetOf(text, line, column), offset);
  }
});

test('Chinese characters are two columns wide', () => {
  assert.equal(columnsOf('WBC'), 3);
  assert.equal(columnsOf('未检出'), 6);
});
