// Walks through subjects, traffic, deliveries, audit and settings in Chromium, against the mock of src/console.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { chromium } from 'playwright-core';

const mock = new URL('../../src/console/mock/server.js', import.meta.url).pathname;
// The page that CMake has built, or `npm run build` in src/console.
const built = process.env.LABRELAY_BUILT_PAGE ? ['--page', process.env.LABRELAY_BUILT_PAGE] : [];
const axe = readFileSync(new URL('node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');
let browser;
let server;
let root;

async function open(path, { width = 1280, theme = 'light', language = 'en', forAxe = false } = {}) {
  const context = await browser.newContext({ viewport: { width, height: 844 }, locale: 'en-GB', timezoneId: 'Asia/Shanghai', bypassCSP: forAxe });
  await context.addInitScript(([t, l]) => {
    localStorage.setItem('labrelay.theme', t);
    localStorage.setItem('labrelay.language', l);
  }, [theme, language]);
  const page = await context.newPage();
  page.setDefaultTimeout(120_000);
  page.faults = [];
  page.on('pageerror', (fault) => page.faults.push(fault.message));
  page.on('console', (message) => message.type() === 'error' && !message.text().includes('401') && page.faults.push(message.text()));
  await page.goto(root);
  await page.evaluate(() =>
    fetch('/api/v1/session', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ name: 'mei', password: 'demo' }) }),
  );
  await page.goto(root + path);
  return page;
}

before(async () => {
  server = spawn(process.execPath, [mock, '--port', '0', ...built], { stdio: ['ignore', 'pipe', 'inherit'] });
  root = /http:\S+/.exec(await new Promise((resolve) => server.stdout.once('data', (data) => resolve(String(data)))))[0];
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
});
after(async () => {
  await browser?.close();
  server?.kill();
});

test('arrow keys walk the matrix and Enter opens the visit of a subject', async () => {
  const page = await open('/subjects');
  await page.waitForSelector('.matrix tbody tr');
  await page.keyboard.press('j');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.waitForURL('**/subjects/S-002?visit=SCR');
  await page.waitForSelector('.plot canvas >> nth=3');
  assert.deepEqual(page.faults, []);
});

test('each chart has its table, and a value leads to the component that it came from', async () => {
  const page = await open('/subjects/S-002?visit=M2');
  await page.click('.chart >> nth=3 >> button');
  await page.waitForSelector('.chart >> nth=3 >> table');
  assert.equal(await page.locator('.plot canvas').count(), 3);
  await page.click('.results tr:has-text("CD4A") .result-value a');
  await page.waitForSelector('.highlighted mark');
  const value = (await page.textContent('.lineage-value')).trim().split(/\s/)[0];
  assert.equal(await page.textContent('.highlighted mark'), value);
  await page.keyboard.press('k');
  assert.equal(await page.textContent('.step-on .step-place'), 'OBX[2]-3.1');
  assert.deepEqual(page.faults, []);
});

test('a lineage and a criterion are said in Chinese, with the words that are filled in', async () => {
  const page = await open('/subjects/S-002?visit=M2', { language: 'zh' });
  const criteria = await page.textContent('.criteria');
  assert.match(criteria, /时已满 18 岁。/);
  assert.doesNotMatch(criteria, /was reached|said\.|word\./);
  await page.click('.results tr:has-text("CD4A") .result-value a');
  await page.waitForSelector('.highlighted mark');
  const steps = await page.textContent('.strip');
  assert.match(steps, /OBX\[2\]-5 写明数值 \d+。/);
  assert.match(steps, /OBX\[2\]-6 cells\/uL 按 \/uL 读取/);
  assert.doesNotMatch(steps, /says the number|bytes received|is read in/);
  assert.deepEqual(page.faults, []);
});

test('a message is compared with the one before it of the same order', async () => {
  const page = await open('/messages/m-facs-lyric-37');
  await page.click('[role=tab]:has-text("previous version")');
  await page.waitForSelector('.diff-pair');
  assert.deepEqual(await page.locator('.diff-old mark').allTextContents(), ['390', '0.60']);
  assert.equal(await page.locator('.diff-new mark').count(), 2);
});

test('what the balance sheet received is what it stored, held and ignored', async () => {
  const page = await open('/traffic');
  await page.waitForSelector('.balance tfoot');
  const cells = await page.locator('.balance tfoot td').allTextContents();
  const [, received, stored, held, ignored] = cells.map((each) => Number(each.replaceAll(',', '')));
  assert.equal(received, stored + held + ignored);
});

test('a source shows how long its answers took and who is connected, and whose numbers these are', async () => {
  const page = await open('/traffic');
  await page.waitForSelector('.traffic tbody tr');
  assert.match(await page.textContent('.of-this-node'), /those of node 1 only/);
  assert.match(await page.locator('.traffic tr:has-text("facs-lyric")').textContent(), /3 \/ 14 ms/);
  await page.click('.traffic a:has-text("facs-lyric")');
  const row = page.locator('section[aria-labelledby=connections] tbody tr').first();
  await row.waitFor();
  const text = await row.textContent();
  for (const part of ['10.20.4.17:52114', 'east', 'CN=facs-lyric.qilu.example', '4,120']) assert.ok(text.includes(part), part);
  assert.deepEqual(page.faults, []);
});

test('a rejected delivery is sent again only with a reason', async () => {
  const page = await open('/deliveries');
  await page.click('text=Send again');
  assert.ok(await page.isDisabled('.line-form .button-primary'));
  await page.fill('.line-form input', 'The field was widened');
  await page.click('.line-form .button-primary');
  await page.waitForSelector('.line-form', { state: 'detached' });
});

test('the audit trail filters by address, verifies, and takes a signed review', async () => {
  const page = await open('/audit?kind=configuration&from=2020-01-01&to=2099-01-01');
  await page.waitForSelector('.entry');
  assert.ok((await page.locator('.entry-kind').allTextContents()).every((each) => each === 'configuration'));
  await page.click('text=Verify');
  await page.waitForSelector('.notice-good');
  await page.click('text=Record a review');
  await page.fill('.record-review input', 'Nothing unexplained');
  await page.click('.record-review .button-primary');
  await page.fill('dialog input[autocomplete=username]', 'mei');
  await page.fill('dialog input[type=password]', 'demo');
  await page.click('dialog .button-primary');
  await page.waitForSelector('td:has-text("Nothing unexplained")');
});

test('a critical value is acknowledged with what was done', async () => {
  const page = await open('/critical');
  await page.click('.critical-line .button >> nth=0');
  await page.fill('.line-form input', 'Told the ward');
  await page.click('.line-form .button-primary');
  await page.waitForFunction(() => document.querySelectorAll('.critical-line').length === 1);
});

test('a role needs training and a reason; nobody changes their own', async () => {
  const page = await open('/settings/accounts?account=A-02');
  await page.waitForSelector('.giving');
  assert.ok(await page.isDisabled('.giving .button-primary'));
  const fields = page.locator('.giving input');
  await fields.nth(0).fill('GCP 2026-09-01');
  await fields.nth(1).fill('Joins the team');
  await page.click('.giving .button-primary');
  await page.waitForSelector('td:has-text("GCP 2026-09-01")');
  await page.goto(`${root}/settings/accounts?account=A-01`);
  await page.waitForSelector('#grants');
  assert.equal(await page.locator('.giving, .account-actions').count(), 0);
});

async function sign(page, name = 'mei') {
  await page.waitForSelector('dialog[open]');
  const typed = page.locator('dialog input[autocomplete=username]');
  if (await typed.count()) await typed.fill(name);
  await page.fill('dialog input[type=password]', 'demo');
  await page.click('dialog .button-primary');
  await page.waitForSelector('dialog', { state: 'detached' });
}

test('a visit is locked only when each outstanding item is accepted, and by signature', async () => {
  const page = await open('/subjects/S-004');
  await page.click('.lock-states a:has-text("M3")');
  await page.waitForURL('**/locks/scope?**');
  await page.waitForSelector('tbody input[type=checkbox]');
  await page.fill('.lock-change input', 'visit reviewed');
  assert.ok(await page.isDisabled('.lock-change button:has-text("Lock")'), 'nothing is accepted yet');
  for (const box of await page.locator('tbody input[type=checkbox]').all()) await box.check();
  await page.click('.lock-change button:has-text("Lock")');
  assert.equal(await page.locator('dialog .lock-accepted li').count(), 3, 'what is signed for stands in the dialog');
  await sign(page);
  await page.waitForSelector('.notice-good');
  await page.waitForSelector('.view-head .mark:has-text("locked")');
  assert.ok(await page.isVisible('.lock-change button:has-text("Unlock")'));
  await page.goto(`${root}/locks`);
  await page.waitForSelector('.listing a:has-text("S-004")');
  assert.deepEqual(page.faults, []);
});

test('after the lock: one authorises, another forwards, or it is documented', async () => {
  const page = await open('/post-lock');
  await page.waitForSelector('tr:has-text("CD8")');
  await page.check('tr:has-text("CD8") input');
  await page.fill('.lock-change input', 'confirmed by the laboratory');
  assert.equal(await page.locator('.lock-change button:has-text("Authorise")').count(), 0);
  await page.click('.lock-change button:has-text("Forward")');
  await sign(page);
  await page.waitForSelector('tr:has-text("CD8")', { state: 'detached' });
  await page.check('tr:has-text("CD4") input');
  await page.fill('.lock-change input', 'asked the laboratory');
  await page.click('.lock-change button:has-text("Authorise")');
  await sign(page);
  await page.waitForSelector('tr:has-text("unlock authorised")');
  await page.check('tr:has-text("CD4") input');
  await page.waitForSelector('.lock-change:has-text("another person forwards")');
  assert.equal(await page.locator('.lock-change button:has-text("Forward")').count(), 0, 'not the same person');
  await page.click('tr:has-text("CD4") button:has-text("History")');
  await page.waitForSelector('tr:has-text("CD4") .lock-accepted li:has-text("asked the laboratory")');
  assert.deepEqual(page.faults, []);
});

test('a reconciliation is run with a list, read and signed', async () => {
  const page = await open('/reconciliations');
  await page.setInputFiles('.file-input', { name: 'list.csv', mimeType: 'text/csv', buffer: Buffer.from('subject,analyte,value\nS-004,HIVVL,388\n') });
  await page.click('.reconcile-run .button-primary');
  await page.waitForSelector('.reconcile-counts >> nth=2');
  assert.ok(await page.isVisible('td:has-text("never arrived"), .listing td:has-text("never arrived")'));
  await page.fill('.lock-change input', 'each is explained');
  await page.click('.lock-change .button-primary');
  await sign(page);
  await page.waitForSelector('.notice-good:has-text("each is explained")');
  assert.equal(await page.locator('.lock-change').count(), 0);
  assert.deepEqual(page.faults, []);
});

test('a registry file is looked at before it is imported', async () => {
  const page = await open('/import');
  const file = (text) => page.setInputFiles('.file-input', { name: 'new.csv', mimeType: 'text/csv', buffer: Buffer.from(text, 'latin1') });
  await file('study,screening_no,sex\nNCT05872659,SCR-777\n');
  await page.click('.reconcile-run button');
  await page.waitForSelector('tr:has-text("not of the file")');
  assert.equal((await page.textContent('tbody tr td')).replace(/\D/g, ''), '2');
  await file('study,screening_no,sex\nNCT05872659,SCR-777,F\n');
  await page.click('.reconcile-run button');
  await page.waitForSelector('th:has-text("SCR-777")');
  assert.ok(await page.isDisabled('.lock-change .button-primary'), 'a reason is needed');
  await page.fill('.lock-change input', 'list of the site');
  await page.click('.lock-change .button-primary');
  await page.waitForSelector('.notice-good:has-text("1 new")');
  await file('study,screening_no\nNCT05872659,\xca\xdc\n');
  await page.waitForSelector('.field .hint:has-text("not UTF-8")');
  assert.ok(await page.isDisabled('.reconcile-run button'));
  assert.deepEqual(page.faults, []);
});

test('an export is a link that downloads', async () => {
  const page = await open('/exports');
  await page.selectOption('.export-part select', 'xpt');
  const [download] = await Promise.all([page.waitForEvent('download'), page.click('.export-part a:has-text("CP")')]);
  assert.equal(download.suggestedFilename(), 'NCT05872659-cp.xpt');
  assert.match(download.url(), /domain=CP&format=xpt/);
});

test('access is reviewed by signature, and what was seen can be looked at', async () => {
  const page = await open('/settings/reviews');
  await page.waitForSelector('.notice-warning');
  await page.fill('.giving input', 'as it should be');
  await page.click('.giving .button-primary');
  await sign(page);
  await page.waitForSelector('.notice-warning', { state: 'detached' });
  await page.click('tr:has-text("as it should be") a');
  await page.waitForSelector('.notice-info:has-text("as it should be")');
  await page.goto(`${root}/settings/reveals`);
  await page.waitForSelector('tr:has-text("call from the site (3)")');
  assert.deepEqual(page.faults, []);
});

const views = [
  '/subjects', '/subjects/S-002', '/results/r-1-461-cd4a', '/outstanding', '/locks', '/locks/scope?study=NCT05872659&subject=S-004&visit=M3', '/post-lock?state=all', '/reconciliations', '/reconciliations/1', '/exports', '/import', '/critical?state=all', '/traffic', '/sources/facs-lyric', '/deliveries', '/audit', '/audit?tab=reviews',
  '/settings/accounts', '/settings/accounts?account=A-06', '/settings/roles', '/settings/access', '/settings/reviews', '/settings/reviews?id=1', '/settings/reveals', '/settings/four-eyes', '/settings/alarms', '/settings/server', '/settings/account', '/search?q=S-0',
];
for (const [theme, language, width] of [['light', 'en', 1280], ['dark', 'zh', 390]]) {
  test(`nothing is cut and axe finds nothing, ${theme} ${language} ${width}`, async () => {
    const page = await open(views[0], { theme, language, width, forAxe: true });
    for (const view of views) {
      await page.goto(root + view, { waitUntil: 'load' });
      await page.waitForSelector('main h1');
      await page.waitForFunction(() => !document.querySelector('main .loading'));
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${view} is wider than the window`);
      await page.evaluate(axe);
      const found = await page.evaluate(() => window.axe.run(document));
      assert.deepEqual(found.violations.map((each) => `${each.id}: ${each.nodes[0].html.slice(0, 160)}`), [], view);
    }
    assert.deepEqual(page.faults, []);
  });
}
