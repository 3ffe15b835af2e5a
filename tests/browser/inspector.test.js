// An inspector's visit: everything is seen, nothing can be changed, on a server with the demo's data.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { ACCOUNTS, openDemo, openPage, settled } from './engine.js';

const ines = ACCOUNTS.inspector;
const dots = '••••••••';
let demo;
let engine;
let page;
let rest;
let problems;
let idOf;

before(async () => {
  demo = await openDemo(ines);
  ({ engine, rest, problems, idOf } = demo);
  page = await openPage(demo.browser, engine, ines, { acceptDownloads: true });
});
after(() => demo?.close());

const trail = async (kind) => (await rest.get(`/audit?actor=ines&kind=${kind}&limit=100`)).json.items;

test('the problems are seen, and the messages with identity masked', async () => {
  await page.goto(`${engine.page}/problems`);
  await page.waitForFunction((n) => document.querySelectorAll('.table-problems .row-link').length === n, problems.length);
  assert.equal(await page.locator('.row-link input[type=checkbox]').count(), 0, 'nothing is chosen where nothing can be done');
  await page.goto(`${engine.page}/problems/${idOf('unknown-subject')}`);
  await page.waitForSelector('.message-pane .hl7-hit');
  assert.equal(await page.textContent('.message-pane .hl7-hit'), dots);
});

test('identity is shown for a reason, which is recorded', async () => {
  await page.goto(`${engine.page}/problems/${idOf('unknown-subject')}`);
  await page.click('button:has-text("Show identity")');
  assert.ok(await page.isDisabled('.reveal-form button[type=submit]'));
  await page.fill('.reveal-form input', 'Source data verification');
  await page.click('.reveal-form button[type=submit]');
  await page.waitForFunction((hidden) => {
    const text = document.querySelector('.message-pane .hl7-hit')?.textContent;
    return text && text !== hidden;
  }, dots);
  const [row] = await trail('identity');
  assert.equal(row.reason, 'Source data verification');
  assert.equal(row.role, 'inspector');
});

test('the trail is read, verified and taken away, and the taking is recorded', async () => {
  await page.goto(`${engine.page}/audit`);
  await page.waitForSelector('.entry');
  await page.click('button:has-text("Verify")');
  await page.waitForSelector('.notice-good');
  for (const format of ['CSV', 'JSON', 'HTML']) {
    await page.click('button[title="Export"]');
    const [download] = await Promise.all([page.waitForEvent('download'), page.click(`.menu a:has-text("${format}")`)]);
    const text = readFileSync(await download.path(), 'utf8');
    assert.ok(text.includes('ines') && text.includes('signed in'), `${format} has what was done`);
  }
  const rows = (await rest.get('/audit?actor=ines&limit=100')).json.items;
  assert.equal(rows.filter((each) => /export/.test(`${each.kind} ${each.what}`)).length, 3, rows.map((each) => `${each.kind} ${each.what}`).join('\n'));
  assert.match(engine.run('audit', 'verify'), /every row fits/);
});

/** What changes something is not offered, or cannot be clicked. */
const changing = /assign|snooze|in review|open again|release|ask for approval|set aside \d|judge|comment|ask the site|send|record an answer|cancel the query|take it back|stop|acknowledge|approve|refuse|propose|activate|go back to version|save view|make|close the account|give|end the role|unlock|reset|switch|test|dismiss|discard/i;

test('no view offers what an inspector may not do', async () => {
  const message = (await rest.get(`/problems/${idOf('unknown-subject')}`)).json.example.message_id;
  const views = [
    '/problems', ...problems.map((each) => `/problems/${each.id}`), `/messages/${message}`, '/messages', '/approvals', '/queries', '/subjects', '/subjects/1', '/outstanding', '/locks', '/post-lock', '/reconciliations', '/exports', '/critical', '/traffic',
    '/sources/lis-qilu', '/deliveries', '/mappings?file=sources/lis-qilu.xml', '/config/active', '/audit', '/settings/accounts', `/settings/accounts?account=${rest.me.account.id}`,
    '/settings/roles', '/settings/access', '/settings/four-eyes', '/settings/alarms', '/settings/server',
  ];
  const found = [];
  for (const view of views) {
    await page.goto(engine.page + view);
    await settled(page);
    const offered = await page.locator('main').evaluate((main) =>
      [...main.querySelectorAll('button:not([disabled]), input[type=submit]:not([disabled])')]
        .filter((each) => !each.matches('.repair-head, [role=tab], [aria-pressed], .facet button, .table-foot button'))
        .map((each) => (each.textContent.trim() || each.title || each.getAttribute('aria-label') || '')));
    for (const name of offered) if (changing.test(name)) found.push(`${view}: ${name}`);
    assert.equal(await page.locator('main textarea:not([readonly]):not(.panel textarea)').count(), 0, `${view}: something to write in`);
  }
  assert.deepEqual(found, []);
});

test('a repair says that the role does not allow it', async () => {
  await page.goto(`${engine.page}/problems/${idOf('unknown-unit')}`);
  await page.waitForSelector('.repair-open >> text=Your roles do not allow this one.');
  assert.equal(await page.locator('.repair-open button[type=submit]').count(), 0);
});

test('after the visit nothing is different but the trail', async () => {
  const now = (await rest.get('/problems?limit=100')).json.items;
  assert.deepEqual(now.map((each) => [each.id, each.etag, each.state]), problems.map((each) => [each.id, each.etag, each.state]));
  const rows = (await rest.get('/audit?actor=ines&limit=500')).json.items;
  const kinds = new Set(rows.map((each) => each.kind));
  for (const kind of kinds) assert.ok(['sign-in', 'identity', 'audit-export', 'export'].includes(kind), kind);
  assert.deepEqual(page.faults, []);
  assert.deepEqual(page.elsewhere, []);
});
