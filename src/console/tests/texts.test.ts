import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { fill } from '../page/text/fill';
import { said } from '../page/text/said';

test('parameters are filled in and numbers choose their word', () => {
  assert.equal(fill('Release {n} {n|result|results}', { n: 1 }, 'en-GB'), 'Release 1 result');
  assert.equal(fill('Release {n} {n|result|results}', { n: 1412 }, 'en-GB'), 'Release 1,412 results');
  assert.equal(fill('{missing} stays', {}, 'en-GB'), '{missing} stays');
});

function filesUnder(folder: string, ending: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return filesUnder(path, ending);
    return entry.name.endsWith(ending) ? [path] : [];
  });
}

test('every text has both languages with the same parameters', () => {
  const parametersOf = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((each) => each[1]).sort().join();
  for (const file of filesUnder('page/text', '.ts')) {
    const source = readFileSync(file, 'utf8');
    for (const [, key, en, zh] of source.matchAll(/^ {2}'([^']+)': \['((?:[^'\\]|\\.)*)', '((?:[^'\\]|\\.)*)'\],$/gm)) {
      assert.notEqual(zh, '', `${file}: ${key}`);
      const missing = parametersOf(zh!).split(',').filter((name) => name && !en!.includes(`{${name}`));
      assert.deepEqual(missing, [], `${file}: ${key}`);
    }
  }
});

test('no component holds a text of its own', () => {
  const found: string[] = [];
  for (const file of filesUnder('page', '.tsx')) {
    const source = readFileSync(file, 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
    for (const each of source.matchAll(/>([^<>{}=;()]*[A-Za-z\u4e00-\u9fff]{3,}[^<>{}=;()]*)<\//g)) found.push(`${file}: ${each[1]}`);
    for (const each of source.matchAll(/\b(?:title|placeholder|aria-label|alt)="([^"]*[A-Za-z]{2,}[^"]*)"/g)) found.push(`${file}: ${each[1]}`);
  }
  assert.deepEqual(found, []);
});

/** What core/sentences.def says in English, by name: comments left out, literals that stand in pieces joined. */
function sentencesOfTheServer(): Map<string, string> {
  const source = readFileSync('../../include/labrelay/core/sentences.def', 'utf8').replace(/^\/\/.*$/gm, '');
  const rows = source.matchAll(/LABRELAY_SENTENCE\((\w+),\s*((?:"(?:[^"\\]|\\.)*"\s*)+)\)/g);
  return new Map([...rows].map(([, name, literals]) => [name!, [...literals!.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map((each) => each[1]).join('')]));
}

test('every sentence of the server is here, in its own English and with what is filled in', () => {
  const server = sentencesOfTheServer();
  assert.ok(server.size > 200);
  const here = Object.keys(said).filter((key) => key.startsWith('said.')).map((key) => key.slice('said.'.length));
  assert.deepEqual(here.sort(), [...server.keys()].sort());
  for (const [name, english] of server) {
    const [en, zh] = said[`said.${name}` as keyof typeof said];
    assert.equal(en, english, name);
    const names = (text: string) => [...new Set([...text.matchAll(/\{(\w+)/g)].map((each) => each[1]))].sort();
    assert.deepEqual(names(zh), names(english), name);
  }
});

test('what the server says is said in the language of the reader', async () => {
  Object.assign(globalThis, { localStorage: { getItem: () => 'zh', setItem: () => undefined } });
  const { language } = await import('../page/text/language');
  const { saidWords } = await import('../page/text/say');
  const sentences = [
    { key: 'check_failed', parameters: { severity: 'hold' } }, { key: 'no_number', parameters: {} },
    { key: 'plain', parameters: { words: ' Ask again.' } },
  ];
  language.value = 'zh';
  assert.equal(saidWords('Failed (hold): There is no number. Ask again.', sentences), '未通过（待处理）：没有数值。 Ask again.');
  assert.equal(saidWords('The result is not for a study.', [{ key: 'rule', parameters: { rule: 'not-for-study' } }]), '人员判定该结果不用于研究。');
  // What only a newer server says stands in English, and so does what an older one kept.
  assert.equal(saidWords('Some news.', [{ key: 'no_number', parameters: {} }, { key: 'of_tomorrow', parameters: {} }]), 'Some news.');
  assert.equal(saidWords('As it was.', [{ key: 'plain', parameters: { words: 'As it was.' } }]), 'As it was.');
  language.value = 'en';
  assert.equal(saidWords('There is no number.', [{ key: 'no_number', parameters: {} }]), 'There is no number.');
});
