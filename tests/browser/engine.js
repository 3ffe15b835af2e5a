// A `labrelay serve` of one's own on the demo's data, with an account for each role, and a browser for it.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request as ask } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const SOURCE = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const BINARY = process.env.LABRELAY ?? path.join(SOURCE, 'build/dev/labrelay');
const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
/** A folder with a built page that is shown in place of the one in the binary. */
const PAGE = process.env.LABRELAY_PAGE ?? '';
/** Of the browser: days of the page are its days. */
export const ZONE = 'Asia/Shanghai';
export const PASSWORD = 'a long walk by the river';
export const ACCOUNTS = {
  viewer: { name: 'vera', display: 'Vera Novak', role: 'viewer' },
  dataManager: { name: 'mei', display: 'Mei Zhao', role: 'data-manager' },
  secondDataManager: { name: 'omar', display: 'Omar Haddad', role: 'data-manager' },
  mapper: { name: 'jonas', display: 'Jonas Lind', role: 'mapper' },
  secondMapper: { name: 'lin', display: 'Lin Yue', role: 'mapper' },
  administrator: { name: 'ada', display: 'Ada Brown', role: 'administrator' },
  inspector: { name: 'ines', display: 'Ines Costa', role: 'inspector' },
};

/** How long anything is waited for: on a slow machine, and one that does something else too. */
export const PATIENCE = 120_000;
/** A connection of its own for each request: while a command runs nothing else does here, and one that the server has
 *  closed meanwhile would be taken for open. */
export const ALONE = { Connection: 'close' };

function run(...words) {
  const done = spawnSync(BINARY, words, { cwd: SOURCE, encoding: 'utf8', timeout: PATIENCE });
  if (done.status !== 0) throw new Error(`labrelay ${words.join(' ')}: ${done.status}\n${done.stderr}${done.stdout}`);
  return done.stdout;
}

const TYPES = { '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.html': 'text/html' };

/** The page of PAGE with the engine behind it, as one host. */
async function serveBuilt(engineUrl) {
  const server = createServer((request, answer) => {
    if (/^\/(api|hl7|health|metrics)\b/.test(request.url)) {
      const asked = ask(`${engineUrl}${request.url}`, { method: request.method, headers: request.headers }, (got) => {
        answer.writeHead(got.statusCode, got.headers);
        got.pipe(answer);
      });
      asked.on('error', () => answer.destroy());
      answer.on('close', () => asked.destroy());
      request.pipe(asked);
      return;
    }
    const name = new URL(request.url, engineUrl).pathname;
    const file = path.join(PAGE, path.extname(name) && existsSync(path.join(PAGE, name)) ? name : 'index.html');
    answer.writeHead(200, { 'Content-Type': TYPES[path.extname(file)] ?? 'text/plain', 'Content-Security-Policy': "default-src 'self'" });
    answer.end(readFileSync(file));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${server.address().port}`, stop: () => (server.closeAllConnections(), server.close()) };
}

/** Ends with everything that it made when `stop` is called. */
export async function startEngine(settings = []) {
  const folder = mkdtempSync(path.join(tmpdir(), 'labrelay-browser-'));
  try {
    return await startIn(folder, settings);
  } catch (fault) {
    rmSync(folder, { recursive: true, force: true });
    throw fault;
  }
}

async function startIn(folder, settings) {
  const data = path.join(folder, 'data');
  run('demo', '--once', '--data', data);
  const secret = path.join(folder, 'password');
  writeFileSync(secret, `${PASSWORD}\n`, { mode: 0o600 });
  for (const { name, display, role } of Object.values(ACCOUNTS)) {
    run('user', 'add', name, '--display-name', display, '--role', role, '--training', '2026-01-12 SOP-7',
      '--password-file', secret, '--own', '--reason', 'for the tests', '--data', data);
  }
  const set = ['mllp.port=0', 'http.port=0', ...settings].flatMap((setting) => ['--set', setting]);
  const server = spawn(BINARY, ['serve', '--data', data, ...set], { cwd: SOURCE, stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  server.stderr.on('data', (piece) => { log += piece; });
  const ended = new Promise((resolve) => { server.on('exit', resolve); });
  const ready = await Promise.race([
    new Promise((resolve) => { createInterface({ input: server.stdout }).once('line', resolve); }),
    ended.then(() => { throw new Error(`serve ended before it was ready\n${log}`); }),
  ]);
  const ports = JSON.parse(ready);
  const port = ports.http?.port ?? ports.http_port;
  const url = `http://127.0.0.1:${port}`;
  const built = PAGE ? await serveBuilt(url) : { url, stop() {} };
  return {
    data, folder, log: () => log, url, page: built.url, mllpPort: ports.mllp.port,
    run: (...words) => run(...words, '--data', data),
    /** An account beside those of ACCOUNTS. */
    addAccount({ name, display, role }, ...more) {
      run('user', 'add', name, '--display-name', display, '--role', role, '--training', '2026-01-12 SOP-7',
        '--password-file', secret, '--own', '--reason', 'for the tests', '--data', data, ...more);
      return { name, display, role };
    },
    async stop() {
      built.stop();
      server.kill('SIGTERM');
      // A server that hangs must not hang the tests as well.
      const patience = setTimeout(() => server.kill('SIGKILL'), 10_000);
      const status = await ended;
      clearTimeout(patience);
      rmSync(folder, { recursive: true, force: true });
      return status;
    },
  };
}

/** Talks to the REST side as the page does, without the page. */
export async function signIn(engine, account) {
  const answer = await fetch(`${engine.url}/api/v1/session`, {
    method: 'POST',
    signal: AbortSignal.timeout(PATIENCE),
    headers: { ...ALONE, 'Content-Type': 'application/json' },
    body: JSON.stringify({ name: account.name, password: PASSWORD }),
  });
  if (answer.status !== 200) throw new Error(`sign-in of ${account.name}: ${answer.status} ${await answer.text()}`);
  const cookie = answer.headers.getSetCookie().map((line) => line.split(';')[0]).join('; ');
  const me = await answer.json();
  const ask = async (method, resource, body, headers = {}) => {
    const got = await fetch(`${engine.url}/api/v1${resource}`, {
      method,
      signal: AbortSignal.timeout(PATIENCE),
      headers: {
        ...ALONE,
        Cookie: cookie,
        ...(method !== 'GET' && { 'X-CSRF-Token': me.csrf, 'Content-Type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await got.text();
    const json = /json/.test(got.headers.get('content-type') ?? '') && text ? JSON.parse(text) : null;
    return { status: got.status, json, text, headers: got.headers };
  };
  return { me, cookie, ask, get: (resource) => ask('GET', resource) };
}

export async function openBrowser() {
  return chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
}

/** An engine with the demo's data, a browser, and what `reader` is answered without one. */
export async function openDemo(reader) {
  const [engine, browser] = await Promise.all([startEngine(), openBrowser()]);
  const close = async () => {
    await browser.close();
    await engine.stop();
  };
  try {
    const rest = await signIn(engine, reader);
    const problems = (await rest.get('/problems?limit=100')).json.items;
    const idOf = (rule) => problems.find((each) => each.rule === rule).id;
    return { engine, browser, rest, problems, idOf, close };
  } catch (fault) {
    await close();
    throw fault;
  }
}

/** A page that is signed in; whatever it says in its console as an error fails the test that looks. */
export async function openPage(browser, engine, account, options = {}) {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 }, locale: 'en-GB', timezoneId: ZONE, ...options,
  });
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  page.faults = [];
  page.elsewhere = [];
  page.asked = new Set();
  const answered = (request) => page.asked.delete(request);
  page.on('request', (request) => /\/(events|live)\b/.test(request.url()) || page.asked.add(request));
  page.on('requestfinished', answered);
  page.on('requestfailed', answered);
  page.on('pageerror', (fault) => page.faults.push(fault.message));
  page.on('request', (request) => {
    if (!request.url().startsWith(engine.page) && !request.url().startsWith('data:')) page.elsewhere.push(request.url());
  });
  await page.goto(engine.page);
  page.on('framenavigated', () => page.asked.clear());
  await page.fill('input[autocomplete=username]', account.name);
  await page.fill('input[type=password]', PASSWORD);
  await page.click('button[type=submit]');
  await page.waitForSelector('.frame');
  return page;
}

/** Until the view has what it asked for; the streams of events never end. */
export async function settled(page) {
  await page.waitForSelector('.frame main');
  for (let calm = 0; calm < 3; calm += 1) {
    await page.waitForFunction(() => !document.querySelector('main .loading'));
    await new Promise((resolve) => { setTimeout(resolve, 20); });
    if (page.asked.size > 0) calm = -1;
  }
}

/** Fills in the dialog that stands open, as the person of the page, and signs. */
export async function sign(page, account, password = PASSWORD) {
  await page.waitForSelector('dialog[open]');
  const name = page.locator('dialog input[autocomplete=username]');
  if (await name.count()) await name.fill(account.name);
  await page.fill('dialog input[type=password]', password);
  const box = page.locator('dialog input[type=checkbox]');
  if (await box.count()) await box.check();
  await page.click('dialog button[type=submit]');
}

/** Asks again until the answer is what is waited for. */
export async function until(read, isThere, what) {
  const end = Date.now() + PATIENCE;
  for (;;) {
    const got = await read();
    if (isThere(got)) return got;
    if (Date.now() > end) throw new Error(`${what}: ${JSON.stringify(got).slice(0, 500)}`);
    await new Promise((resolve) => { setTimeout(resolve, 100); });
  }
}
