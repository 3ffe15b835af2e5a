// Every view of the page on a server with the demo's data: both widths, both themes, both languages.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { ACCOUNTS, PASSWORD, PATIENCE, openBrowser, openPage, settled, signIn, startEngine } from './engine.js';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
let engine;
let browser;
let desk;
let office;

before(async () => {
  [engine, browser] = await Promise.all([startEngine(), openBrowser()]);
  const rest = await signIn(engine, ACCOUNTS.dataManager);
  const problems = (await rest.get('/problems?limit=100')).json.items;
  const first = (await rest.get(`/problems/${problems[0].id}`)).json;
  const { results } = (await rest.get('/subjects/1')).json;
  // Something to show where the demo has nothing.
  const unit = problems.find((each) => each.rule === 'unknown-unit');
  const asked = await rest.ask('POST', `/problems/${unit.id}/repairs`, {
    kind: 'teach-unit', source: 'lis-qilu', code: '1742-6', system: 'LN', analyte: 'ALT', spelled: '卡门单位', as: 'U/L', reason_code: 'mapping-missing', reason: 'Karmen units.',
  });
  assert.equal(asked.status, 202, asked.text);
  const query = await rest.ask('POST', '/queries', { problem: Number(problems[0].id), recipient: 'QILU', text: 'Which birth date does the source document show?', due: '2030-01-01T00:00:00Z' });
  assert.equal(query.status, 201, query.text);
  await rest.ask('POST', `/problems/${problems[0].id}/comments`, { text: 'Called the site.' });
  const byRule = ['unknown-subject', 'unknown-unit', 'birth-date-contradicts', 'implausible-value'].map((rule) => problems.find((each) => each.rule === rule));
  desk = [
    '/problems', '/problems?state=resolved', ...byRule.map((each) => `/problems/${each.id}`), '/messages', `/messages/${first.example.message_id}`, '/approvals', `/approvals/${asked.json.approval}`,
    '/queries', '/subjects', '/subjects/1', '/subjects/3', `/results/${results[0].result_id}`, '/outstanding', '/locks', '/locks/scope?study=NCT05872659&subject=1&visit=M3', '/locks/scope?study=NCT05872659', '/post-lock?state=all', '/reconciliations',
    '/exports', '/import', '/critical?state=all', '/traffic', '/sources/lis-qilu', '/deliveries',
    '/mappings', '/mappings?file=sources/lis-qilu.xml', '/config/active', '/audit', '/audit?tab=reviews', '/search?q=S-00', '/settings/account', '/no/such/view',
  ];
  office = ['/traffic', '/settings/accounts', '/settings/accounts?account=2', '/settings/roles', '/settings/access', '/settings/reviews', '/settings/reveals', '/settings/four-eyes', '/settings/alarms', '/settings/server'];
});
after(async () => {
  await browser?.close();
  await engine?.stop();
});

async function look(account, views, { width, theme, language }) {
  const page = await openPage(browser, engine, account, {
    viewport: { width, height: 844 }, colorScheme: theme, bypassCSP: true, locale: language === 'zh' ? 'zh-CN' : 'en-GB',
  });
  await page.evaluate(([t, l]) => {
    localStorage.setItem('labrelay.theme', t);
    localStorage.setItem('labrelay.language', l);
  }, [theme, language]);
  const wrong = [];
  for (const view of views) {
    const before = page.faults.length;
    await page.goto(engine.page + view);
    await settled(page);
    const seen = await page.evaluate(() => ({
      wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
      words: document.querySelector('main').innerText.trim().length,
      errors: [...document.querySelectorAll('main .notice-error')].map((each) => each.textContent),
      theme: document.documentElement.dataset.theme,
      language: document.documentElement.lang,
    }));
    if (seen.wide > 0) wrong.push(`${view}: ${seen.wide} px wider than the window`);
    if (seen.words === 0) wrong.push(`${view}: empty`);
    wrong.push(...seen.errors.map((each) => `${view}: ${each}`));
    assert.equal(seen.theme ?? theme, theme);
    assert.equal(seen.language.slice(0, 2), language);
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
    for (const each of violations) {
      if (['serious', 'critical'].includes(each.impact)) wrong.push(`${view}: ${each.id}: ${each.nodes[0].html.slice(0, 160)}`);
    }
    wrong.push(...page.faults.slice(before).map((each) => `${view}: ${each}`));
  }
  wrong.push(...page.elsewhere.map((each) => `left the host: ${each}`));
  await page.context().close();
  return wrong;
}

for (const [theme, language, width] of [['light', 'en', 1280], ['dark', 'zh', 1280], ['light', 'zh', 390], ['dark', 'en', 390]]) {
  test(`no view is cut, broken or closed to anybody: ${theme}, ${language}, ${width}`, async () => {
    const shape = { width, theme, language };
    const [ofDesk, ofOffice] = await Promise.all([look(ACCOUNTS.dataManager, desk, shape), look(ACCOUNTS.administrator, office, shape)]);
    assert.deepEqual([...ofDesk, ...ofOffice], []);
  });
}

test('the first useful paint after signing in is measured', async (t) => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  await page.goto(engine.page);
  await page.fill('input[autocomplete=username]', ACCOUNTS.dataManager.name);
  await page.fill('input[type=password]', PASSWORD);
  await page.click('button[type=submit]');
  await page.waitForSelector('.row-link');
  await page.goto(`${engine.page}/problems`);
  await page.waitForSelector('.row-link');
  const shown = await page.evaluate(() => Math.round(performance.now()));
  const painted = await page.evaluate(() => Math.round(performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? NaN));
  t.diagnostic(`/problems: first paint after ${painted} ms, the list after ${shown} ms at most`);
  await context.close();
});
