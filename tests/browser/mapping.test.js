// An engineer's mapping fix that releases a group, and the way by the workbench and back, on a server with the demo's data.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ACCOUNTS, openDemo, openPage, sign, signIn, until } from './engine.js';

let demo;
let engine;
let jonas;
let lin;
let rest;
let idOf;

before(async () => {
  demo = await openDemo(ACCOUNTS.dataManager);
  ({ engine, rest, idOf } = demo);
  [jonas, lin] = await Promise.all([openPage(demo.browser, engine, ACCOUNTS.mapper), openPage(demo.browser, engine, ACCOUNTS.secondMapper)]);
});
after(() => demo?.close());

const becomes = (rule, isThere, what) => until(async () => (await rest.get(`/problems/${idOf(rule)}`)).json, isThere, what);
const studyRows = (subject) => engine.run('results', '--subject', subject, '--json').trim().split('\n').filter(Boolean).map((line) => JSON.parse(line));
/** The lines of `labrelay config list`: number, state, hash, origin. */
const configs = () => engine.run('config', 'list').trim().split('\n').map((line) => line.trim().split(/\s+/));
const activeConfig = () => configs().find((each) => each[1] === 'active');

test('a code is mapped in the workbench, activated by another, and taken back', async () => {
  const first = activeConfig()[0];
  const file = 'sources/lis-qilu.xml';
  await jonas.goto(`${engine.page}/mappings`);
  await jonas.click('.file:has-text("lis-qilu")');
  const editor = jonas.locator('.editor-text');
  await editor.waitFor();
  const put = (from, to) => editor.evaluate((area, [what, by]) => {
    const at = area.value.indexOf(what);
    if (at < 0) throw new Error(`${what} is not in the file`);
    area.focus();
    area.setSelectionRange(at, at + what.length);
    document.execCommand('insertText', false, by);
  }, [from, to]);

  const line = '  <observation code="ALT" system="L" analyte="ALT"';
  await put(line, `  <observation code="XQ77" system="L" analyte="CKx" spelled="IU/L"/>\n${line}`);
  const error = jonas.locator('.mapping-errors button').first();
  await error.click();
  await jonas.waitForSelector('.editor-gutter-hit');
  assert.match(await error.textContent(), /sources\/lis-qilu\.xml/);
  assert.ok(await jonas.locator('button:has-text("Propose 1 file")').isDisabled(), 'what does not load is not proposed');
  await put('"CKx"', '"CK"');
  await jonas.waitForSelector('text=No errors');

  await jonas.click('button:has-text("Run the cases")');
  await jonas.waitForSelector('text=/cases? pass|cases? differ/');
  await jonas.click('button:has-text("Show the effect")');
  await jonas.waitForSelector('text=/1 would be stored/');
  await jonas.locator('.panel input').last().fill('The laboratory sends creatine kinase as XQ77 since July.');
  await jonas.click('button:has-text("Propose 1 file")');
  await jonas.waitForSelector('text=/Proposed as version \\d+/');
  const proposed = configs().find((each) => each[1] === 'proposed');
  assert.equal(activeConfig()[0], first, 'a proposal changes nothing');
  assert.equal((await rest.get(`/problems/${idOf('unknown-code')}`)).json.held, 1);

  await lin.goto(`${engine.page}/config/${proposed[0]}`);
  await lin.waitForSelector('.config-change:has-text("XQ77")');
  await lin.fill('.switch input', 'Compared with the letter of the laboratory');
  await lin.click(`button:has-text("Activate version ${proposed[0]}")`);
  await sign(lin, ACCOUNTS.secondMapper);
  await lin.waitForSelector(`text=Version ${proposed[0]} is active.`);
  assert.equal(activeConfig()[0], proposed[0]);
  await becomes('unknown-code', (each) => each.state === 'resolved', 'the new configuration releases it');
  assert.match((await rest.get(`/config/active/files/${file}`)).text, /code="XQ77"/);

  await lin.goto(`${engine.page}/config/${first}`);
  await lin.waitForSelector('.config-change');
  await lin.fill('.switch input', 'The letter was about another code');
  await lin.click(`button:has-text("Go back to version ${first}")`);
  await sign(lin, ACCOUNTS.secondMapper);
  await lin.waitForSelector(`text=Version ${first} is active.`);
  assert.equal(activeConfig()[0], first);
  assert.ok(!(await rest.get(`/config/active/files/${file}`)).text.includes('XQ77'));
  const rows = (await rest.get('/audit?kind=configuration&actor=lin&limit=10')).json.items;
  assert.ok(rows.length >= 2, 'both switches are in the trail');
  assert.ok(rows.some((each) => each.reason.includes('another code')));
  assert.match(engine.run('audit', 'verify'), /every row fits/);
});

test('who wrote it is told that another person activates it', async () => {
  const text = (await rest.get('/config/active/files/sources/facs-lyric.xml')).text;
  const engineer = await signIn(engine, ACCOUNTS.mapper);
  const made = (await engineer.ask('POST', '/config', { files: [{ name: 'sources/facs-lyric.xml', text: `${text}\n<!-- looked through -->\n` }], reason: 'A remark' })).json;
  await jonas.goto(`${engine.page}/config/${made.id}`);
  await jonas.fill('.switch input', 'In a hurry');
  await jonas.click(`button:has-text("Activate version ${made.id}")`);
  await sign(jonas, ACCOUNTS.mapper);
  await jonas.waitForSelector('dialog .notice-error');
  assert.equal((await rest.get(`/config/${made.id}`)).json.state, 'proposed');
});

test('a unit is taught by one, approved by another under a signature, and the group is released', async () => {
  const before = configs();
  const had = studyRows('S-004').length;
  await jonas.goto(`${engine.page}/problems/${idOf('unknown-unit')}`);
  await jonas.waitForSelector('.message-pane .hl7-hit');
  assert.equal((await jonas.textContent('.message-pane .hl7-hit')).trim(), '卡门单位');
  await jonas.getByLabel('It means').fill('U/L');
  await jonas.waitForSelector('.repair-open >> text=1 would be stored, 0 change, 0 still held');
  await jonas.selectOption('.repair-open .reason select', 'mapping-missing');
  await jonas.click('button:has-text("Ask for approval of 1 result")');
  await jonas.click('a:has-text("See the approval")');
  await jonas.waitForSelector('text=You asked for it, so another person decides.');
  assert.equal(await jonas.locator('button:has-text("Approve")').count(), 0);
  assert.deepEqual(configs(), before, 'nothing happens before the approval');

  await lin.goto(`${engine.page}/approvals`);
  await lin.click('.row-link');
  await lin.waitForURL(/\/approvals\/\d+$/);
  assert.equal(lin.url(), jonas.url());
  await lin.waitForSelector('.changes >> text=卡门单位');
  const asked = (await rest.get(`/approvals/${lin.url().split('/').at(-1)}`)).json;
  assert.equal(asked.action, 'unit.convert');
  assert.equal(asked.asked_by.name, 'jonas');
  await lin.click('button:has-text("Approve")');
  await sign(lin, ACCOUNTS.secondMapper, 'not this one');
  await lin.waitForSelector('dialog .notice-error');
  await sign(lin, ACCOUNTS.secondMapper);
  await lin.waitForSelector('.decided:has-text("decided")');

  const solved = await becomes('unknown-unit', (each) => each.state === 'resolved', 'the group is released');
  assert.equal(solved.held, 0);
  await until(() => studyRows('S-004').length, (rows) => rows === had + 1, 'the result is in the study database');
  const active = activeConfig();
  assert.equal(active[3], 'taught');
  assert.equal(configs().length, before.length + 1);
  const rows = (await rest.get('/audit?kind=approval&limit=10')).json.items;
  assert.deepEqual(new Set(rows.map((each) => each.actor)), new Set(['jonas', 'lin']), 'who asked and who approved');
});

test('nothing went wrong behind the pages', () => {
  assert.deepEqual([...jonas.faults, ...lin.faults], []);
  assert.deepEqual([...jonas.elsewhere, ...lin.elsewhere], []);
});
