// Walks through the page as its people do, in Chromium, against the mock of src/console.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { after, before, test } from 'node:test';
import { chromium } from 'playwright-core';

const mock = new URL('../../src/console/mock/server.js', import.meta.url).pathname;
// The page that CMake has built, or `npm run build` in src/console.
const built = process.env.LABRELAY_BUILT_PAGE ? ['--page', process.env.LABRELAY_BUILT_PAGE] : [];
let browser;
const servers = [];

async function serve(...more) {
  const server = spawn(process.execPath, [mock, '--port', '0', ...built, ...more], { stdio: ['ignore', 'pipe', 'inherit'] });
  servers.push(server);
  const line = await new Promise((resolve) => server.stdout.once('data', (data) => resolve(String(data))));
  return /http:\S+/.exec(line)[0];
}

async function open(root, { name = 'mei', code, width = 1280 } = {}) {
  const context = await browser.newContext({ viewport: { width, height: 800 }, locale: 'en-GB', timezoneId: 'Asia/Shanghai' });
  const page = await context.newPage();
  page.setDefaultTimeout(120_000);
  const faults = [];
  page.on('pageerror', (fault) => faults.push(fault.message));
  page.on('requestfailed', (request) => request.url().startsWith(root) || faults.push(`left the host: ${request.url()}`));
  page.faults = faults;
  await page.goto(root);
  await page.fill('input[autocomplete=username]', name);
  await page.fill('input[type=password]', 'demo');
  await page.click('button[type=submit]');
  if (code) {
    await page.fill('input[autocomplete=one-time-code]', code);
    await page.click('button[type=submit]');
  }
  // Whoever goes on to another address before the answer is there may not be signed in.
  await page.waitForSelector(name === 'tom' && !code ? 'input[autocomplete=one-time-code]' : '.frame');
  return page;
}

before(async () => {
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
});
after(async () => {
  await browser?.close();
  for (const server of servers) server.kill();
});

test('a wrong password is said where it was typed, and the second factor is asked for', async () => {
  const root = await serve();
  const page = await open(root, { name: 'tom' });
  await page.waitForSelector('input[autocomplete=one-time-code]');
  await page.fill('input[autocomplete=one-time-code]', '000000');
  await page.click('button[type=submit]');
  await page.waitForSelector('.notice-error');
  await page.fill('input[autocomplete=one-time-code]', '123456');
  await page.click('button[type=submit]');
  await page.waitForSelector('.table-problems .row-link');
  assert.deepEqual(page.faults, []);
});

test('keys move, open and go back; filters stand in the address', async () => {
  const page = await open(await serve());
  await page.waitForSelector('[data-row="3"]');
  await page.keyboard.press('j');
  await page.keyboard.press('j');
  await page.waitForFunction(() => document.activeElement?.getAttribute('data-row') === '1');
  await page.keyboard.press('e');
  await page.waitForURL(/\/problems\/\d+$/);
  await page.waitForSelector('.problem-head');
  await page.keyboard.press('u');
  await page.waitForURL(/\/problems$/);
  await page.click('.facet:has-text("source") > button');
  await page.click('[role=option]:has-text("facs-lyric")');
  await page.waitForURL(/source=facs-lyric/);
  await page.waitForFunction(() => document.querySelectorAll('.row-link').length === 3);
  await page.reload();
  await page.waitForFunction(() => document.querySelectorAll('.row-link').length === 3);
  await page.keyboard.press('?');
  await page.waitForSelector('.key-list');
  await page.keyboard.press('g');
  await page.keyboard.press('m');
  await page.waitForURL(/\/mappings/);
});

test('a patient is linked: seen first, then done, and the problem is solved', async () => {
  const root = await serve();
  const page = await open(root);
  await page.goto(`${root}/problems/2`);
  await page.click('.candidate:has-text("SCR-010")');
  await page.waitForSelector('text=9 would be stored, 0 change, 0 still held');
  await page.selectOption('.reason select', 'confirmed-by-site');
  await page.click('button:has-text("Release 9 results")');
  await page.waitForSelector('.job .mark-stored');
  await page.waitForSelector('text=It is settled');
  assert.deepEqual(page.faults, []);
});

test('a job tells how far it is by itself, and is asked for only where the server does not tell', async () => {
  for (const told of [true, false]) {
    const root = await serve();
    const page = await open(root);
    if (!told) await page.route('**/api/v1/events', (route) => route.fulfill({ status: 200, contentType: 'text/event-stream', body: 'retry: 15000\n\n' }));
    await page.goto(`${root}/problems/2`);
    await page.click('.candidate:has-text("SCR-010")');
    await page.waitForSelector('text=9 would be stored, 0 change, 0 still held');
    await page.selectOption('.reason select', 'confirmed-by-site');
    let asked = 0;
    page.on('request', (request) => { asked += request.url().includes('/api/v1/jobs?') ? 1 : 0; });
    await page.click('button:has-text("Release 9 results")');
    await page.waitForSelector('.job .mark-stored');
    if (told) assert.equal(asked, 1, 'once for the new job, then it is told');
    else assert.ok(asked > 1, 'nobody tells it');
    assert.deepEqual(page.faults, []);
  }
});

test('what needs four eyes is asked for by one and approved by another', async () => {
  const root = await serve();
  const page = await open(root);
  await page.goto(`${root}/problems/1`);
  await page.waitForSelector('text=409 would be stored');
  await page.selectOption('.reason select', 'mapping-missing');
  await page.click('button:has-text("Ask for approval of 412 results")');
  await page.click('a:has-text("See the approval")');
  await page.waitForSelector('text=You asked for it, so another person decides.');
  const address = page.url();
  const other = await open(root, { name: 'tom', code: '123456' });
  await other.waitForSelector('.frame');
  await other.goto(address);
  await other.click('button:has-text("Approve")');
  await other.fill('dialog input[autocomplete=username]', 'tom');
  await other.fill('dialog input[type=password]', 'demo');
  await other.check('dialog input[type=checkbox]');
  await other.click('dialog button[type=submit]');
  await other.waitForSelector('text=Tom Berg decided');
});

test('a value is accepted under a signature, and a wrong password costs a second try', async () => {
  const root = await serve();
  const page = await open(root);
  await page.goto(`${root}/problems/7`);
  await page.waitForSelector('text=1 would be stored');
  await page.selectOption('.reason select', 'confirmed-by-laboratory');
  await page.click('button:has-text("Release 1 result")');
  await page.fill('dialog input[autocomplete=username]', 'mei');
  await page.fill('dialog input[type=password]', 'wrong');
  await page.click('dialog button[type=submit]');
  await page.waitForSelector('dialog .notice-error');
  await page.fill('dialog input[type=password]', 'demo');
  await page.click('dialog button[type=submit]');
  await page.waitForSelector('.job .mark-stored');
  assert.deepEqual(page.faults, []);
});

test('what was half written when the session ended is still there', async () => {
  const root = await serve();
  const page = await open(root);
  await page.goto(`${root}/problems/3`);
  await page.fill('.activity textarea', 'Asked the laboratory');
  await page.context().clearCookies();
  await page.click('button:has-text("Add comment")');
  await page.waitForSelector('text=Your session has ended');
  await page.fill('input[autocomplete=username]', 'mei');
  await page.fill('input[type=password]', 'demo');
  await page.click('.sign-in button[type=submit]');
  await page.waitForSelector('.sign-in', { state: 'detached' });
  assert.equal(await page.inputValue('.activity textarea'), 'Asked the laboratory');
});

test('a mapping is completed, its error leads to its place, and it is proposed', async () => {
  const root = await serve();
  const page = await open(root);
  await page.goto(`${root}/mappings?file=sources/facs-lyric.xml`);
  const editor = page.locator('.editor-text');
  await editor.waitFor();
  await editor.evaluate((area) => {
    const at = area.value.indexOf('  <ignore code="QC*"');
    area.focus();
    area.setSelectionRange(at, at);
  });
  await page.keyboard.type('<observation code="CD4" analyte="CD4');
  await page.waitForSelector('.editor-menu [role=option]:has-text("CD4A")');
  await page.keyboard.press('Enter');
  await page.keyboard.type('x" system="99BD"/>');
  await page.keyboard.press('Enter');
  await page.click('.mapping-errors button');
  await page.waitForSelector('.editor-gutter-hit');
  // The caret is led to the place a moment after the click, and must not come between the next keys.
  await page.waitForFunction(() => document.activeElement?.matches('.editor-text'));
  await editor.evaluate((area) => {
    const at = area.value.indexOf('CD4Ax') + 4;
    area.focus();
    area.setSelectionRange(at, at + 1);
  });
  await page.keyboard.press('Delete');
  await page.waitForSelector('text=No errors');
  await page.click('button:has-text("Show the effect")');
  await page.waitForSelector('text=433 would be stored');
  await page.fill('.panel input', 'The bare name is sent since Monday.');
  await page.click('button:has-text("Propose 1 file")');
  await page.waitForSelector('text=Proposed as version 14');
  assert.deepEqual(page.faults, []);
});

test('a hundred thousand problems scroll with few rows in the document', async () => {
  const root = await serve('--many', '100000');
  const page = await open(root);
  await page.waitForSelector('[data-row="5"]');
  const last = async () => Number(await page.locator('[data-row]').last().getAttribute('data-row'));
  const end = Date.now() + 120_000;
  // How far it comes is the server's to say: each page of the list is there only when it has answered.
  for (let at = 0; at < 30 || (await last()) <= 150; at += 1) {
    await page.mouse.wheel(0, 4000);
    await page.waitForTimeout(60);
    const rows = await page.locator('[data-row]').count();
    assert.ok(rows < 80, `${rows} rows`);
    assert.ok(Date.now() < end, `row ${await last()} after two minutes`);
  }
});

test('Chinese and the dark theme are kept', async () => {
  const root = await serve();
  const page = await open(root, { width: 390 });
  await page.click('button:has-text("中文")');
  await page.waitForSelector('nav.tabs >> text=问题');
  await page.click('.user');
  await page.click('.menu-choice button:nth-child(3)');
  await page.reload();
  await page.waitForSelector('nav.tabs >> text=问题');
  assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), 'dark');
  assert.equal(await page.evaluate(() => document.documentElement.lang), 'zh-CN');
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.equal(wide, 0);
});
