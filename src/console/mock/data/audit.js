import { daysAgo, hexOf, minutesAgo, numbers } from './clock.js';

const config = hexOf(9, 64);
// [kind, actor, role, origin, what, object kind, object, before, after, reason code, reason]
const kinds = [
  ['problem', 'Mei Zhao', 'data manager', 'page', 'Assigned problem', 'problem', '2', { assignee: null, state: 'open' }, { assignee: 'Mei Zhao', state: 'in review' }],
  ['repair', 'Mei Zhao', 'data manager', 'page', 'Linked a patient to subject', 'subject', 'S-006', { identifiers: 1 }, { identifiers: 2 }, 'confirmed-by-site', 'Telephone call with the ward on the same day'],
  ['ingest', 'labrelay', '', 'engine', 'Received message', 'message', 'm-lis-qilu-40', null, { stored: 11, held: 0, ignored: 2 }],
  ['sign-in', 'Tom Berg', 'mapper', 'page', 'Signed in', 'account', 'A-02', null, null],
  ['configuration', 'Tom Berg', 'mapper', 'page', 'Proposed configuration', 'configuration', '13', { hash: config.slice(0, 12) }, { hash: hexOf(14, 12) }, 'mapping-missing', 'The cytometer was updated and writes x10E6/L'],
  ['identity', 'Inès Morel', 'inspector', 'page', 'Saw identity in message', 'message', 'm-facs-lyric-52', null, null, '', 'Source data verification'],
  ['again', 'labrelay', '', 'engine', 'Processed again', 'message', 'm-facs-lyric-61', { held: 4 }, { stored: 4, held: 0 }],
  ['account', 'Li Na', 'administrator', 'page', 'Gave a role to', 'account', 'A-03', null, { role: 'data manager', study: 'NCT05872659', site: 'QILU', training: 'GCP 2026-08-14' }, '', 'New at the site'],
  ['critical', 'Mei Zhao', 'data manager', 'page', 'Acknowledged a critical value of', 'subject', 'S-009', { acknowledged: false }, { acknowledged: true }, '', 'Told Dr Wang, 14:20'],
  ['lock', 'Mei Zhao', 'data manager', 'page', 'Locked M6 of', 'subject', 'S-001', { state: 'frozen' }, { state: 'locked' }, '', 'All queries are closed'],
  ['export', 'Inès Morel', 'inspector', 'page', 'Took away the audit trail as CSV', '', '', null, { rows: 4120 }],
  ['resend', 'Mei Zhao', 'data manager', 'page', 'Sent again to redcap', 'subject', 'S-014', { state: 'rejected' }, { state: 'waiting' }, '', 'The field was widened'],
];

export const audit = Array.from({ length: 340 }, (_, at) => {
  const random = numbers(at * 17 + 3);
  random();
  const [kind, actor, role, origin, what, objectKind, object, before, after, code, reason] = kinds[Math.floor(random() * kinds.length)];
  return {
    id: String(48_210 - at), at: minutesAgo(3 + at * 23 + Math.floor(random() * 9)), node: '1', kind, actor, role, origin, what, object_kind: objectKind, object, before: before ?? null, after: after ?? null,
    reason_code: code ?? '', reason: reason || null, session: origin === 'page' ? hexOf(at + 2, 8) : '', version: '0.9.0', config_hash: config, hash: hexOf(at + 900, 64), erased: false,
  };
});

export const reviews = [
  { id: '2', from: daysAgo(14), to: daysAgo(7), filter: '', finding: 'No unexplained change.', actor: 'Inès Morel', at: daysAgo(6), signature: { id: '1', name: 'Inès Morel', meaning: 'reviewed' } },
  { id: '1', from: daysAgo(44), to: daysAgo(14), filter: 'kind=identity', finding: 'Two reveals had no useful reason; the persons were reminded.', actor: 'Mei Zhao', at: daysAgo(13), signature: { id: '1', name: 'Mei Zhao', meaning: 'reviewed' } },
];
