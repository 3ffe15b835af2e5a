// A data manager's day from sign-in to signature, in Chromium, on a server with the demo's data.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { ACCOUNTS, ALONE, openDemo, openPage, PATIENCE, sign, until, ZONE } from './engine.js';

const mei = ACCOUNTS.dataManager;
const dots = '••••••••';
let demo;
let engine;
let page;
let rest;
let problems;
let idOf;

before(async () => {
  demo = await openDemo(ACCOUNTS.secondDataManager);
  ({ engine, rest, problems, idOf } = demo);
  page = await openPage(demo.browser, engine, mei);
});
after(() => demo?.close());

const detail = async (rule) => (await rest.get(`/problems/${idOf(rule)}`)).json;
const becomes = (rule, isThere, what) => until(() => detail(rule), isThere, what);
const open = async (rule) => {
  await page.goto(`${engine.page}/problems/${idOf(rule)}`);
  await page.waitForSelector('.problem-title');
};
/** The rows of the trail that mei made of this kind, the newest first. */
const trail = async (kind) => (await rest.get(`/audit?actor=mei&kind=${kind}&limit=100`)).json.items;
const openRepair = async (name) => {
  const head = page.locator('.repair-head', { hasText: name });
  if ((await head.getAttribute('aria-expanded')) === 'false') await head.click();
};
/** The results of a subject as the study database has them. */
const studyRows = (subject) => engine.run('results', '--subject', subject, '--json').trim().split('\n').filter(Boolean).map((line) => JSON.parse(line));

test('the morning begins with the list, the gravest first', async () => {
  await page.goto(engine.page);
  await page.waitForFunction((n) => document.querySelectorAll('.table-problems .row-link').length === n, problems.length);
  const risks = await page.locator('.row-link .risk').evaluateAll((bars) => bars.map((bar) => Number(/risk-(\d)/.exec(bar.className)[1])));
  assert.deepEqual(risks, [...risks].sort((a, b) => b - a));
  assert.equal(risks[0], 3);
  const sentences = await page.locator('.row-link .cell-sentence').allTextContents();
  assert.deepEqual(sentences, problems.map((each) => each.sentence));
  assert.ok(!(await page.textContent('main')).includes('risk.'), 'a text has no words');
});

test('an unknown patient is seen masked, then revealed with a reason', async () => {
  await open('unknown-subject');
  const hit = page.locator('.message-pane .hl7-hit');
  await hit.waitFor();
  assert.equal(await hit.getAttribute('data-place'), 'PID-3.1');
  assert.equal(await hit.textContent(), dots);
  await page.click('button:has-text("Show identity")');
  assert.ok(await page.isDisabled('.reveal-form button[type=submit]'), 'no reason, no identity');
  await page.fill('.reveal-form input', 'To compare with the screening log');
  await page.click('.reveal-form button[type=submit]');
  await page.waitForFunction((hidden) => {
    const text = document.querySelector('.message-pane .hl7-hit')?.textContent;
    return text && text !== hidden;
  }, dots);
  const [row] = await trail('identity');
  assert.equal(row.reason, 'To compare with the screening log');
  assert.equal(row.object_kind, 'message');
  assert.equal(row.role, 'data manager');
  // It is revealed to this session only.
  const { message_id } = (await detail('unknown-subject')).example;
  assert.equal((await rest.get(`/messages/${message_id}`)).json.masked, true);
});

test('the patient is linked: seen first, then done, then in the study database', async () => {
  const before = studyRows('S-006');
  await open('unknown-subject');
  await openRepair('Link the patient to a subject');
  const release = page.locator('.repair-open button[type=submit]');
  // No subject of another sex is accepted: the preview says so before anything happens.
  await page.getByLabel('Subject', { exact: true }).fill('S-002');
  await page.waitForSelector('text=0 would be stored, 0 change, 8 still held');
  await page.waitForSelector('.preview-list >> text=sex');
  await page.getByLabel('Subject', { exact: true }).fill('S-006');
  await page.waitForSelector('text=8 would be stored, 0 change, 0 still held');
  assert.ok(await release.isDisabled(), 'no reason, no change');
  assert.equal(studyRows('S-006').length, before.length, 'a preview changes nothing');
  await page.selectOption('.repair-open .reason select', 'confirmed-by-site');
  await release.click();
  await page.waitForSelector('.job:has-text("8 stored, 0 held, 0 ignored")');
  await page.waitForSelector('text=It is settled');

  const solved = await becomes('unknown-subject', (each) => each.state === 'resolved', 'the problem is resolved');
  assert.equal(solved.held, 0);
  const subject = (await rest.get('/search?q=S-006')).json.items.find((each) => each.kind === 'subject');
  const { results } = (await rest.get(`/subjects/${subject.id}`)).json;
  const { message_id } = solved.example;
  const fresh = results.filter((each) => each.versions.some((version) => version.message_id === message_id));
  const reported = fresh.filter((each) => each.derived_from.length === 0);
  assert.equal(reported.length, 8, JSON.stringify(fresh.map((each) => [each.analyte, each.value_text])));
  assert.ok(fresh.some((each) => each.analyte === 'CD4A' && each.value_text === '256'));
  assert.equal(studyRows('S-006').length, before.length + fresh.length);
  const [repair] = await trail('repair');
  assert.match(repair.reason_code, /confirmed-by-site/);
});

test('a problem is discussed, given, set aside for later and asked about', async () => {
  await open('sex-contradicts');
  await page.fill('.activity textarea', 'Called the flow laboratory; they look it up.');
  await page.click('button:has-text("Add comment")');
  await page.waitForSelector('.activity li:has-text("they look it up")');

  await page.hover('[title="Assign"]');
  await page.click('[title="Assign"]');
  await page.click('.menu button:has-text("Omar Haddad")');
  await page.waitForSelector('[title="Assign"]:has-text("Omar Haddad")');

  await page.click('[title="Snooze"]');
  await page.click('.menu button:has-text("for 3 days")');
  await page.waitForSelector('[title="Snooze"]:has-text("snoozed until")');

  await page.click('button:has-text("Ask the site or laboratory")');
  await page.waitForSelector('.ask');
  await page.getByLabel('To', { exact: true }).fill('QILU');
  await page.getByLabel('Question', { exact: true }).fill('Which sex does the source document show?');
  await page.click('button:has-text("Send the query")');
  await page.waitForSelector('.query:has-text("Which sex does the source document show?")');

  const there = await detail('sex-contradicts');
  assert.equal(there.assignee.name, 'Omar Haddad');
  assert.ok(new Date(there.snoozed_until) > new Date(Date.now() + 2 * 86_400_000));
  assert.equal(there.queries[0].state, 'open');
  assert.ok((await trail('comment')).some((each) => String(each.object).includes(idOf('sex-contradicts'))));
  assert.ok((await trail('query')).length > 0);
  assert.ok((await trail('problem')).length >= 2);

  const card = page.locator('.query', { hasText: 'Which sex does the source document show?' });
  const step = async (name, words) => {
    await card.locator('.buttons').getByRole('button', { name }).click();
    await card.locator('.query-step input').fill(words);
    await card.locator('.query-step button[type=submit]').click();
    await card.locator('.query-event', { hasText: words }).waitFor();
  };
  await step('Record an answer', 'Male, says the passport.');
  await step('Close', 'Thanks.');
  assert.equal((await detail('sex-contradicts')).queries[0].state, 'closed');

  // What is set aside for later is not in the morning's list, and is found where it is asked for.
  await page.goto(`${engine.page}/problems`);
  await page.waitForSelector('.row-link');
  assert.equal(await page.locator('.row-link:has-text("sex of patient")').count(), 0);
});

test('a result is set aside as not for the study, and taken back', async () => {
  await open('unknown-specimen');
  const { held } = await detail('unknown-specimen');
  await openRepair('Set aside: not for the study');
  await page.waitForSelector('.repair-open >> text=/would be set aside, 0 still held/');
  await page.selectOption('.repair-open .reason select', 'not-a-trial-subject');
  await page.click('.repair-open button[type=submit]');
  await page.waitForSelector(`.job:has-text("${held} ignored")`);
  await becomes('unknown-specimen', (each) => ['resolved', 'dismissed'].includes(each.state) && each.held === 0, 'set aside');
  await page.click('.job .job-undo');
  await page.fill('.jobs .query-step input', 'It is one of ours after all');
  await page.click('.jobs .query-step button[type=submit]');
  await becomes('unknown-specimen', (each) => each.held === held && each.state === 'open', 'open again');
});

test('a critical value is acknowledged with what was done', async () => {
  const [value] = (await rest.get('/critical')).json.items;
  assert.equal(value.analyte, 'K');
  await page.goto(`${engine.page}/subjects`);
  await page.click('.critical-strip');
  const line = page.locator('.critical-line', { hasText: 'Potassium' });
  await line.getByRole('button').click();
  await line.locator('input').fill('Told the ward at 08:10; a second draw is on its way.');
  await line.locator('button[type=submit]').click();
  await page.waitForFunction(() => document.querySelectorAll('.critical-line').length === 0);
  const [done] = (await rest.get('/critical?state=all')).json.items;
  assert.equal(done.acknowledged_by, 'mei');
  assert.match(done.note, /second draw/);
  assert.equal((await trail('critical')).length, 1);
});

test('a value that the laboratory confirmed is accepted under a signature', async () => {
  await open('implausible-value');
  await openRepair('Accept the value as it is');
  await page.waitForSelector('text=1 would be stored');
  await page.selectOption('.repair-open .reason select', 'confirmed-by-laboratory');
  await page.click('.repair-open button[type=submit]');
  await Promise.race([page.waitForSelector('dialog[open]'), page.waitForSelector('.job .mark-stored')]);
  if (await page.locator('dialog[open]').count()) {
    await sign(page, mei, 'not this one');
    await page.waitForSelector('dialog .notice-error');
    await sign(page, mei);
  }
  await page.waitForSelector('.job .mark-stored');
  await becomes('implausible-value', (each) => each.state === 'resolved', 'accepted');
  assert.ok(studyRows('S-003').some((each) => Object.values(each).includes('41.2') || Object.values(each).includes(41.2)));
});

/** As received: a laboratory's character set is not UTF-8. */
async function bytesOf(message) {
  const answer = await fetch(`${engine.url}/api/v1/messages/${message}/bytes`, { headers: { ...ALONE, Cookie: rest.cookie }, signal: AbortSignal.timeout(PATIENCE) });
  return Buffer.from(await answer.arrayBuffer());
}

test('an explanation names the decision that acts on the message', async () => {
  const { message_id } = (await detail('implausible-value')).example;
  assert.equal((await rest.ask('POST', `/messages/${message_id}/reveal`, { reason: 'To explain it' })).status, 200);
  const told = (await rest.ask('POST', '/explain', { message_id })).json;
  const decided = told.message.observations.flatMap((each) => each.decisions);
  assert.deepEqual(decided.map((each) => each.kind), ['accept']);
  assert.equal(told.message.came_before_as, message_id);
  assert.match(told.text, /decision \d+ +A person takes 41\.2 .*as it is, against implausible-value/);
  // The same bytes in a file are the same message.
  const file = path.join(engine.folder, 'stored.hl7');
  writeFileSync(file, await bytesOf(message_id));
  const text = engine.run('explain', file);
  assert.match(text, new RegExp(`came before as ${message_id}`));
  assert.match(text, /decision \d+ +A person takes 41\.2/);
  assert.match(text, /stored already, and unchanged/);
});

test('a subject is opened, and a value is followed to the message that it came from', async () => {
  await page.goto(`${engine.page}/subjects`);
  await page.click('.matrix a:has-text("S-001")');
  await page.waitForSelector('.plot canvas >> nth=3');
  const cell = page.locator('.results tr:has-text("CD4A") .result-value a').first();
  await cell.click();
  await page.waitForSelector('.highlighted mark');
  const shown = (await page.textContent('.lineage-value')).trim().split(/\s/)[0];
  const lineage = (await rest.get(`/results/${page.url().split('/').at(-1)}/lineage`)).json;
  const kinds = lineage.steps.map((each) => each.kind);
  for (const kind of ['bytes', 'segment', 'rule', 'version']) assert.ok(kinds.includes(kind), `${kind} among ${kinds}`);
  assert.equal(await page.locator('.strip .step').count(), lineage.steps.length);
  const line = page.locator('.highlighted li:has(mark), .highlighted div:has(> mark)').first();
  assert.ok((await line.textContent()).includes(`|${shown}|`), 'the marked line holds the value');
  await page.click('.lineage-message a:has-text("pen")');
  await page.waitForURL(`**/messages/${lineage.message_id}`);
  await page.waitForSelector('.hl7-line');
});

test('the mark stands on the very bytes of the value', async () => {
  const subject = (await rest.get('/search?q=S-001')).json.items.find((each) => each.kind === 'subject');
  const { results } = (await rest.get(`/subjects/${subject.id}`)).json;
  // From a flow cytometer, from a hospital in GB18030, and from a platform that writes `^388` or `<^20`.
  for (const analyte of ['CD4A', 'HGB', 'HIVVL']) {
    const value = results.find((each) => each.analyte === analyte && each.value_num !== null) ?? results.find((each) => each.analyte === analyte);
    assert.ok(value, analyte);
    const { steps, message_id } = (await rest.get(`/results/${value.result_id}/lineage`)).json;
    const bytes = await bytesOf(message_id);
    const marked = (rule) => {
      const { place, offset, length } = steps.find((each) => each.rule === rule);
      return { place, text: bytes.subarray(offset, offset + length).toString('latin1') };
    };
    const read = marked('value.read');
    assert.match(read.place, /^OBX(\[\d+\])?-5(\.\d)?$/);
    assert.ok(read.text === value.value_reported || value.value_reported.split('^').includes(read.text), `${read.text} of ${value.value_reported}`);
    assert.equal(marked('unit.read').text, value.unit_reported);
    assert.match(marked('map.code').place, /^OBX(\[\d+\])?-3\.[14]$/);
    // The last knows its collection from the specimen registry alone.
    const collected = marked('collected.time');
    if (collected.place) assert.match(collected.text, /^\d{8,}/);
    else assert.equal(analyte, 'HIVVL');
    if (steps.some((each) => each.rule === 'subject.identifier')) {
      assert.match(marked('subject.identifier').text, /^\*+$/, 'the identifier is marked, and masked');
    } else {
      assert.match(marked('subject.specimen').place, /^SPM-2/);
    }
    await page.goto(`${engine.page}/results/${value.result_id}`);
    await page.waitForSelector('.highlighted mark');
    assert.equal(await page.textContent('.highlighted mark'), read.text);
    await page.click(`.step-place:has-text("${marked('map.code').place}")`);
    await page.waitForFunction((text) => document.querySelector('.highlighted mark')?.textContent === text, marked('map.code').text);
  }
});

// As the page has it, in its zone.
const dayOf = (instant) => new Date(instant).toLocaleDateString('sv-SE', { timeZone: ZONE });
const day = (n = 0) => dayOf(Date.now() + n * 86_400_000);

test('the day ends with a signed review of the week that is over', async () => {
  await page.goto(`${engine.page}/audit?actor=mei`);
  await page.waitForSelector('.entry');
  assert.ok(await page.isDisabled('button:has-text("Record a review")'), 'a review has a period');
  await page.getByLabel('From', { exact: true }).fill(day(-7));
  await page.getByLabel('to', { exact: true }).fill(day());
  await page.click('button:has-text("Record a review")');
  await page.fill('.record-review input', 'Nothing unexplained');
  await page.click('.record-review .button-primary');
  await sign(page, mei);
  await page.waitForSelector('td:has-text("Nothing unexplained")');
  const [review] = (await rest.get('/audit/reviews')).json.items;
  assert.equal(review.finding, 'Nothing unexplained');
  assert.equal(review.by ?? review.actor, 'mei');
  assert.equal((await trail('audit-review')).length, 1);
  await page.click('button:has-text("Verify")');
  await page.waitForSelector('.notice-good');
});

test('a period of one day shows that day', async () => {
  // Of the last row, not of now: at midnight today has none yet.
  const [last] = (await rest.get('/audit?limit=1')).json.items;
  await page.goto(`${engine.page}/audit?from=${dayOf(last.at)}&to=${dayOf(last.at)}`);
  await page.waitForSelector('.entry');
});

test('every act of the day has its row, and the chain holds', async () => {
  const rows = (await rest.get('/audit?actor=mei&limit=500')).json.items;
  const kinds = new Set(rows.map((each) => each.kind));
  for (const kind of ['sign-in', 'identity', 'repair', 'comment', 'problem', 'query', 'critical', 'audit-review']) {
    assert.ok(kinds.has(kind), `${kind} is missing among ${[...kinds].join(', ')}`);
  }
  assert.ok(rows.every((each) => each.at && each.actor === 'mei' && each.version && each.config_hash));
  assert.ok(rows.filter((each) => each.kind === 'repair').every((each) => each.reason || each.reason_code));
  assert.match(engine.run('audit', 'verify'), /every row fits the row before it/);
});

test('nothing went wrong behind the page', () => {
  assert.deepEqual(page.faults, []);
  assert.deepEqual(page.elsewhere, []);
});
