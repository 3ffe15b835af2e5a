// A study's end on a server with the demo's data: locked by one, corrected by the laboratory, decided by two; compared,
// signed, taken away; subjects imported; access reviewed.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { ACCOUNTS, openBrowser, openPage, settled, sign, signIn, startEngine, until } from './engine.js';

let engine;
let browser;
let mei;
let omar;
let rest;
const study = 'NCT05872659';

before(async () => {
  [engine, browser] = await Promise.all([startEngine(), openBrowser()]);
  rest = await signIn(engine, ACCOUNTS.dataManager);
  mei = await openPage(browser, engine, ACCOUNTS.dataManager);
  omar = await openPage(browser, engine, ACCOUNTS.secondDataManager);
});
after(async () => {
  await browser?.close();
  await engine?.stop();
});

const subjectOf = async (label) => (await rest.get(`/search?q=${label}`)).json.items.find((each) => each.kind === 'subject').id;

test('a visit is locked with what is outstanding, by signature', async () => {
  const id = await subjectOf('S-001');
  await mei.goto(`${engine.page}/subjects/${id}`);
  await mei.click('.lock-states a:has-text("M1")');
  await mei.waitForURL('**/locks/scope?**');
  await settled(mei);
  for (const box of await mei.locator('tbody input[type=checkbox]').all()) await box.check();
  await mei.fill('.lock-change input', 'visit reviewed');
  await mei.click('.lock-change button:has-text("Lock")');
  const locked = mei.waitForResponse((answer) => answer.url().endsWith('/locks/lock') && answer.status() === 200);
  await sign(mei, ACCOUNTS.dataManager);
  await locked;
  await mei.waitForSelector('.view-head .mark:has-text("locked")');
  await mei.goto(`${engine.page}/subjects?q=S-001`);
  await mei.waitForSelector('.matrix a[aria-label*="locked"]');
  const [lock] = (await rest.get('/locks')).json.items;
  assert.deepEqual([lock.subject, lock.visit, lock.state, lock.by], ['S-001', 'M1', 'locked', 'mei']);
});

test('a reconciliation is run and its report signed', async () => {
  await mei.goto(`${engine.page}/reconciliations`);
  await mei.click('.reconcile-run .button-primary');
  await mei.waitForSelector('.count-table');
  await mei.fill('.lock-change input', 'each difference is explained');
  await mei.click('.lock-change .button-primary');
  await sign(mei, ACCOUNTS.dataManager);
  await mei.waitForSelector('.notice-good:has-text("each difference is explained")');
  const [row] = (await rest.get('/reconciliations')).json.items;
  assert.match(row.signature.name, /Mei Zhao/);
});

test('a data set is downloaded, and stands in the audit trail', async () => {
  await mei.goto(`${engine.page}/exports`);
  const [download] = await Promise.all([mei.waitForEvent('download'), mei.click('.export-part a:has-text("CP")')]);
  const text = readFileSync(await download.path(), 'utf8');
  assert.match(text, /^STUDYID,DOMAIN,USUBJID/);
  const rows = await until(async () => (await rest.get('/audit?kind=export')).json.items, (each) => each.length > 0, 'the export in the trail');
  assert.equal(rows[0].after.rows, text.trim().split('\n').length - 1);
});

test('a subject is imported after a look at what would change', async () => {
  await omar.goto(`${engine.page}/import`);
  await omar.setInputFiles('.file-input', { name: 'site.csv', mimeType: 'text/csv', buffer: Buffer.from(`study,site,screening_no,sex\n${study},QILU,SCR-777,F\n`) });
  await omar.click('.reconcile-run button');
  await omar.waitForSelector('th:has-text("SCR-777")');
  await omar.fill('.lock-change input', 'list of the site');
  await omar.click('.lock-change .button-primary');
  await omar.waitForSelector('.notice-good:has-text("1 new")');
  assert.ok(await subjectOf('SCR-777'));
});

test('access is reviewed by signature', async () => {
  const ines = await openPage(browser, engine, ACCOUNTS.inspector);
  await ines.goto(`${engine.page}/settings/reviews`);
  await ines.fill('.giving input', 'as it should be');
  await ines.click('.giving .button-primary');
  await sign(ines, ACCOUNTS.inspector);
  await ines.click('tr:has-text("as it should be") a');
  await ines.waitForSelector('.notice-info:has-text("as it should be")');
  assert.deepEqual(ines.faults, []);
});

test('nothing went wrong behind the page', () => {
  assert.deepEqual([...mei.faults, ...omar.faults], []);
});
