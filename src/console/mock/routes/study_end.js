import { daysAgo, hexOf, hoursAgo, now } from '../data/clock.js';
import { subjects } from '../data/subjects.js';
import { people } from '../data/settings.js';
import { pageOf, refuse, signed } from '../refusal.js';

const study = 'NCT05872659';
const locks = [{ scope: 'visit', study, subject: 'S-001', subject_id: 'S-001', visit: 'SCR', state: 'locked', since: daysAgo(6), by: 'mei', reason: 'visit reviewed', signature: 'mei: approved (signature 4)' }];
const facts = [{ scope: 'visit', study, subject: 'S-001', subject_id: 'S-001', visit: 'SCR', action: 'lock', at: daysAgo(6), by: 'mei', reason: 'visit reviewed', signature: 'mei: approved (signature 4)', accepted: ['missing:S-001:SCR:chemistry:ALT\tS-001 SCR: ALT of Chemistry is missing'] }];

const labelOf = (id) => (id ? (subjects.find((each) => each.id === id)?.label ?? '') : '');
const same = (lock, of) => lock.study === of.study && (lock.subject_id ?? '') === (of.subject ?? '') && lock.visit === (of.visit ?? '');
const stateOf = (of) => locks.find((lock) => same(lock, of))?.state ?? 'open';
const next = { freeze: ['open', 'frozen'], unfreeze: ['frozen', 'open'], unlock: ['locked', 'open'] };

function outstanding(of) {
  const label = labelOf(of.subject);
  if (!label) return [{ id: 'problem:5', kind: 'problem', subject: '', visit: '', analyte: '', text: 'Problem 5 holds 3 results of nobody known: unknown-specimen', acceptable: true, since: null, problem: '5' }];
  return ['ALT', 'AST'].map((analyte) => ({ id: `missing:${label}:M3:chemistry:${analyte}`, kind: 'missing', subject: label, subject_id: of.subject, visit: of.visit || 'M3', analyte, text: `${label} ${of.visit || 'M3'}: ${analyte} of Chemistry is missing`, acceptable: true, since: null, problem: null }))
    .concat([{ id: 'delivery:17', kind: 'delivery', subject: label, subject_id: of.subject, visit: '', analyte: '', text: `${label}: delivery 17 to redcap is rejected`, acceptable: true, since: hoursAgo(5), problem: null }]);
}

function change(call) {
  const { action } = call.parameters;
  const of = call.body;
  if (!of.reason) throw refuse('reason-needed');
  if (action === 'lock' || action === 'unlock') signed(call);
  const state = stateOf(of);
  const to = action === 'lock' ? (state === 'locked' ? null : 'locked') : next[action]?.[0] === state ? next[action][1] : null;
  if (!to) throw refuse('lock-state');
  const items = action === 'lock' ? outstanding(of) : [];
  if (items.some((item) => !of.accept?.includes(item.id))) throw refuse('lock-outstanding');
  const scope = { scope: of.visit ? 'visit' : of.subject ? 'subject' : 'study', study: of.study, subject: labelOf(of.subject), subject_id: of.subject ?? null, visit: of.visit ?? '' };
  const at = locks.findIndex((lock) => same(lock, of));
  if (at >= 0) locks.splice(at, 1);
  const by = call.session.account.name;
  if (to !== 'open') locks.push({ ...scope, state: to, since: now.toISOString(), by, reason: of.reason, signature: '' });
  facts.unshift({ ...scope, action, at: new Date().toISOString(), by, reason: of.reason, signature: of.signature ? `${by}: ${of.signature.meaning} (signature 7)` : '', accepted: items.map((item) => `${item.id}\t${item.text}`) });
  return { told: `${of.study} ${scope.subject} ${scope.visit}: ${to}` };
}

const words = (value, status) => ({ value, unit: '/uL', state: 'quantified', status, visit: 'SCR', visit_kind: 'scheduled', role: 'chosen', lineage_id: 'x', study_day: -10 });
const postLock = [
  { id: 1, state: 'open', study, subject: 'S-001', subject_id: 'S-001', analyte: 'CD4A', analyte_name: 'CD4 count', old: words('318', 'F'), new: words('381', 'C'), impact: ['The value changes from 318 /uL to 381 /uL.', 'Criterion I5 looks at CD4A.'], reason: 'corrected', message_id: 'm-lis-qilu-5', opened: daysAgo(2), changed: daysAgo(2), authorised_by: '' },
  { id: 2, state: 'authorised', study, subject: 'S-001', subject_id: 'S-001', analyte: 'CD8A', analyte_name: 'CD8 count', old: words('520', 'F'), new: words('525', 'C'), impact: ['The value changes from 520 /uL to 525 /uL.'], reason: 'corrected', message_id: 'm-lis-qilu-5', opened: daysAgo(2), changed: daysAgo(1), authorised_by: 'omar' },
];
const postLockFacts = { 2: [{ at: daysAgo(1), by: 'omar', from: 'open', to: 'authorised', reason: 'laboratory confirmed', signature: 'omar: approved (signature 6)' }] };
const after = { authorise: 'authorised', forward: 'forwarded', document: 'not applied' };

function decide(call) {
  if (!call.body.reason) throw refuse('reason-needed');
  signed(call);
  const by = call.session.account.name;
  const items = call.body.items.map((each) => postLock.find((item) => item.id === each.id && item.changed === each.seen) ?? (() => { throw refuse('precondition-failed'); })());
  if (call.body.decision === 'forward' && items.some((item) => item.authorised_by === by)) throw refuse('four-eyes-same-person');
  for (const item of items) {
    (postLockFacts[item.id] ??= []).push({ at: new Date().toISOString(), by, from: item.state, to: after[call.body.decision], reason: call.body.reason, signature: `${by}: ${call.body.signature.meaning}` });
    item.state = after[call.body.decision];
    item.changed = new Date().toISOString();
    if (item.state === 'authorised') item.authorised_by = by;
  }
  return { told: `${items.length} post-lock items decided` };
}

const report = (list) => ({
  study, target: 'study', lab_list: list, at: now.toISOString(), config_hash: hexOf(9, 64), subjects: 24, post_lock_undecided: 2,
  schedule: { expected: 912, received: 886, held: 12, missing: 14, missing_items: ['S-004 M3 ALT', 'S-006 M0 HIVVL'] },
  target_comparison: { here: 1445, there: 1444, same: 1442, different: 1, missing: 1, extra: 1, waiting_there: 0, waiting_absent: 1, not_forwarded: 0, differences: [{ rule: 'differs-there', sentence: 'S-004 M3 CD4A: value_text is 412 here and 421 there.' }, { rule: 'missing-there', sentence: 'S-006 M1 HIVVL is stored here and not there.' }] },
  list_comparison: list ? { lines: 120, same: 118, different: 1, held: 0, never_arrived: 1, repeated: 0, header_differs: 0, differences: [{ rule: 'never-arrived', sentence: 'Line 7: no such result of S-009 arrived.' }] } : null,
  differences: list ? 3 : 2,
});
const made = (id, list, more = {}) => ({ id, study, target: 'study', list, state: 'done', asked_by: 'mei', asked: daysAgo(8), ended: daysAgo(8), differences: report(list).differences, problems_opened: 2, problems_resolved: 0, why: '', finding: '', signature: null, ...more });
const reports = [made(1, '', { finding: 'Each difference is explained', signature: { id: 3, name: 'Mei Zhao (mei)', meaning: 'reviewed', at: daysAgo(7) } })];
const reportOf = (call) => reports.find((each) => String(each.id) === call.parameters.id) ?? (() => { throw refuse('not-found'); })();

function planOf({ csv, kind }) {
  const lines = csv.trim().split(/\r?\n/);
  const columns = lines[0].split(',');
  const rows = lines.slice(1).map((line, at) => ({ line: at + 2, cells: line.split(',') }));
  const errors = rows.filter((row) => row.cells.length !== columns.length).map((row) => ({ place: `${kind}.csv:${row.line}:1`, line: row.line, code: 'csv-malformed', text: 'The line is not of the file’s form.', detail: '', advice: 'Compare it with the header line.' }));
  const of = (row, name) => row.cells[columns.indexOf(name)] ?? '';
  return {
    digest: hexOf(lines.length, 64), new: rows.length - errors.length, changed: 0, unchanged: 0, errors,
    rows: rows.filter((row) => row.cells.length === columns.length).map((row) => ({ place: `${kind}.csv:${row.line}:1`, line: row.line, what: of(row, 'screening_no') || of(row, 'specimen'), study: of(row, 'study'), new: true, added: columns.filter((column) => of(row, column)) })),
  };
}

const accessReviews = [{ id: 1, at: daysAgo(100), actor: 'lina', seen_sha256: hexOf(5, 64), finding: 'As it should be', signature: { id: 2, name: 'Li Na (lina)', meaning: 'reviewed' } }];
const seen = () => people.map((each) => ({ id: each.id, name: each.name, display_name: each.display_name, state: each.state, second_factor: each.second_factor, grants: each.grants.filter((grant) => grant.active), last_sign_in: each.state === 'active' ? hoursAgo(30) : null }));

export const routes = [
  ['GET', '/locks', () => ({ items: locks })],
  ['GET', '/locks/history', () => ({ items: facts })],
  ['GET', '/locks/outstanding', (call) => {
    const of = Object.fromEntries(call.query);
    return { state: stateOf(of), items: stateOf(of) === 'locked' ? [] : outstanding(of), closed: false };
  }],
  ['POST', '/locks/:action', change],
  ['GET', '/post-lock', (call) => pageOf(call, postLock.filter((item) => call.query.get('state') === 'all' || ['open', 'authorised', 'waiting'].includes(item.state)), { four_eyes: true })],
  ['GET', '/post-lock/:id', (call) => {
    const item = postLock.find((each) => String(each.id) === call.parameters.id) ?? (() => { throw refuse('not-found'); })();
    return { ...item, history: postLockFacts[item.id] ?? [] };
  }],
  ['POST', '/post-lock/decisions', decide],
  ['GET', '/reconciliations', (call) => pageOf(call, [...reports].reverse())],
  ['GET', '/reconciliations/targets', () => ({ items: [{ name: 'study', readable: true }, { name: 'redcap', readable: false }] })],
  ['POST', '/reconciliations/run', (call) => {
    const list = call.body.list?.name ?? '';
    reports.push(made(reports.length + 1, list, { asked: new Date().toISOString(), asked_by: call.session.account.name }));
    call.status = 202;
    return { id: reports.length };
  }],
  ['GET', '/reconciliations/:id', (call) => ({ ...reportOf(call), report: report(reportOf(call).list), sha256: hexOf(3, 64) })],
  ['GET', '/reconciliations/:id/text', () => 'RECONCILIATION REPORT\n'],
  ['POST', '/reconciliations/:id/sign', (call) => {
    signed(call);
    const row = reportOf(call);
    row.finding = call.body.finding;
    row.signature = { id: 9, name: `${call.session.account.display_name} (${call.session.account.name})`, meaning: call.body.signature.meaning, at: new Date().toISOString() };
    return row;
  }],
  ['GET', '/exports', () => ({ items: [{ study, name: 'HIV-1 CAR-T', domains: ['LB', 'CP', 'MB', 'IS'], formats: ['csv', 'json', 'ndjson', 'xpt'], odm: true }] })],
  ['GET', '/exports/*', () => 'STUDYID,DOMAIN\n'],
  ['POST', '/registry/preview', (call) => planOf(call.body)],
  ['POST', '/registry/import', (call) => {
    if (!call.body.reason) throw refuse('reason-needed');
    const plan = planOf(call.body);
    if (plan.digest !== call.body.digest) throw refuse('precondition-failed');
    return { told: `${plan.new} ${call.body.kind}: ${plan.new} new, 0 with new facts, 0 unchanged` };
  }],
  ['GET', '/access/review', () => ({ accounts: seen(), sha256: hexOf(people.length, 64), since: daysAgo(200), each_days: 180, due: accessReviews.length === 1 })],
  ['GET', '/access/reviews', (call) => pageOf(call, accessReviews)],
  ['GET', '/access/reviews/:id', (call) => ({ ...accessReviews.find((each) => String(each.id) === call.parameters.id), accounts: seen() })],
  ['POST', '/access/reviews', (call) => {
    signed(call);
    if (call.body.seen !== hexOf(people.length, 64)) throw refuse('precondition-failed');
    accessReviews.unshift({ id: accessReviews.length + 1, at: new Date().toISOString(), actor: call.session.account.name, seen_sha256: call.body.seen, finding: call.body.finding, signature: { id: 8, name: call.session.account.display_name, meaning: 'reviewed' } });
    return { id: accessReviews.length, signature: 8 };
  }],
  ['GET', '/reveals', (call) => ({ month: call.query.get('month') || now.toISOString().slice(0, 7), total: 5, items: [{ actor: 'mei', count: 4, subjects: 1, messages: 3, first: daysAgo(9), last: daysAgo(1), reasons: [{ reason: 'call from the site', count: 3 }, { reason: 'wrong tube', count: 1 }] }, { actor: 'ines', count: 1, subjects: 1, messages: 0, first: daysAgo(4), last: daysAgo(4), reasons: [{ reason: 'inspection', count: 1 }] }] })],
  ['GET', '/reveals/file', () => 'at,who,role,session,object,reason\n'],
];
