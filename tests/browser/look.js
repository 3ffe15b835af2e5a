// Takes a picture of each view, in both themes, at a desk's and a telephone's width, and lets axe judge it.
//
//   node look.js [--out /tmp/look] [--at http://127.0.0.1:8099] [--only problems,problem] [--language zh]
import { chromium } from 'playwright-core';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const options = {};
process.argv.slice(2).forEach((word, at, all) => {
  if (word.startsWith('--')) options[word.slice(2)] = all[at + 1];
});
const out = options.out ?? '/tmp/look';
const root = options.at ?? 'http://127.0.0.1:8099';
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const views = {
  problems: '/problems',
  problem: '/problems/1',
  subject_problem: '/problems/2',
  visit_problem: '/problems/5',
  message: '/messages/m-lis-qilu-5',
  messages: '/messages',
  approvals: '/approvals',
  approval: '/approvals/1',
  queries: '/queries',
  mappings: '/mappings?file=sources/facs-lyric.xml',
  config: '/config/12',
  subjects: '/subjects',
  subject: '/subjects/S-004',
  lineage: '/results/r-4-2',
  traffic: '/traffic',
  source: '/sources/facs-lyric',
  deliveries: '/deliveries',
  audit: '/audit',
  settings: '/settings',
  account: '/settings/account',
};
const only = options.only?.split(',') ?? Object.keys(views);
const widths = options.widths?.split(',') ?? ['1280x800', '390x844'];
const themes = options.themes?.split(',') ?? ['light', 'dark'];

mkdirSync(out, { recursive: true });
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
let serious = 0;
for (const size of widths) {
  const [width, height] = size.split('x').map(Number);
  for (const theme of themes) {
    const context = await browser.newContext({
      viewport: { width, height }, colorScheme: theme, hasTouch: width < 500, isMobile: width < 500,
      locale: options.language === 'zh' ? 'zh-CN' : 'en-GB', timezoneId: 'Asia/Shanghai',
    });
    const page = await context.newPage();
    page.on('pageerror', (fault) => console.log(`  ! ${fault.message}`));
    page.on('console', (line) => line.type() === 'error' && !/401/.test(line.text()) && console.log(`  ! ${line.text()}`));
    await page.goto(root);
    await page.fill('input[autocomplete=username]', options.as ?? 'mei');
    await page.fill('input[type=password]', 'demo');
    await page.click('button[type=submit]');
    await page.waitForSelector('.frame');
    for (const name of only) {
      await page.goto(root + views[name]);
      await page.waitForSelector('.frame');
      await page.waitForTimeout(900);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      if (wide > 0) console.log(`  ${name} ${size}: ${wide} px wider than the window`);
      await page.screenshot({ path: `${out}/${name}-${width}-${theme}.png`, fullPage: options.full === 'yes' });
      await page.evaluate(axe);
      const found = await page.evaluate(async () => (await globalThis.axe.run(document, { resultTypes: ['violations'] })).violations);
      for (const each of found) {
        if (['serious', 'critical'].includes(each.impact)) serious += 1;
        console.log(`  ${name} ${size} ${theme}: ${each.impact} ${each.id}: ${each.nodes.slice(0, 3).map((node) => node.target.join(' ')).join(' | ')}`);
      }
    }
    await context.close();
  }
}
await browser.close();
console.log(`${serious} serious`);
process.exit(serious ? 1 : 0);
