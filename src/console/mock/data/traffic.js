import { daysAgo, hexOf, hoursAgo, minutesAgo, numbers, now } from './clock.js';

const kinds = [
  ['facs-lyric', 'Flow cytometer FACSLyric', 'live', 7, 40, 9, 240, 11, ['Unit “x10E6/L” came for the first time']],
  ['lis-qilu', 'Hospital LIS Qilu', 'live', 2, 15, 42, 611, 24, []],
  ['cobas-5800', 'Viral load cobas 5800', 'live', 51, 180, 6, 64, 3, []],
  ['cobas-6800', 'Viral load cobas 6800', 'live', 1480, 240, 0, 0, 0, ['Code HIV1Q2 is not mapped']],
  ['mindray-bc', 'Blood count BC-6000', 'shadow', 18, 60, 14, 173, 0, ['Range of PLT changed: 125–350 to 100–300']],
];

export const node = { id: '1', shared: true };

export const sources = kinds.map(([id, name, mode, silence, habit, perHour, total, held, found], at) => {
  const random = numbers(at + 90);
  random();
  const hours = Array.from({ length: 24 }, (_, hour) => {
    const local = (now.getHours() + 1 + hour) % 24;
    const day = local > 7 && local < 19 ? 1 : 0.12;
    const messages = Math.round(perHour * day * (0.6 + random() * 0.9));
    return { messages, held: held ? Math.min(messages, Math.round(messages * random() * 0.09)) : 0 };
  });
  return {
    id, name, mode, last_message: minutesAgo(silence), silent: silence > habit * 3, silence_minutes: silence, habit_minutes: habit,
    messages_24h: hours.reduce((sum, each) => sum + each.messages, 0), held_24h: hours.reduce((sum, each) => sum + each.held, 0), hours,
    ack_p50_ms: total ? 3 + at * 2 : null, ack_p99_ms: total ? 14 + at * 9 : null, ack_answers_24h: hours.reduce((sum, each) => sum + each.messages, 0), clock_skew_s: at === 2 ? 41 : 0, sequence_gaps: at === 1 ? 2 : 0, new_findings: found,
  };
});

const rules = {
  'facs-lyric': [['unknown-unit', 'The unit is not known for this analyte.', 412], ['missing-unit', 'The unit is missing and the source declares none.', 6]],
  'lis-qilu': [['unknown-subject', 'The patient is in no registry.', 9], ['implausible-value', 'The value lies outside the analyte’s plausibility limits.', 1]],
  'cobas-5800': [['unknown-specimen', 'The specimen is not registered, so its patient is not known.', 2]],
};
const ignored = { 'facs-lyric': [['control-material', 'Control material.', 36]], 'lis-qilu': [['repeat', 'The same result came before.', 58], ['not-for-study', 'The analyte is not in the study.', 211]] };
const list = (of) => (of ?? []).map(([rule, sentence, count]) => ({ rule, sentence, count }));

export function balanceOf(day) {
  const seed = [...day].reduce((sum, each) => sum + each.charCodeAt(0), 0);
  return sources.filter((each) => each.messages_24h > 0).map((each, at) => {
    const heldBy = list(rules[each.id]);
    const ignoredBy = list(ignored[each.id]);
    const held = heldBy.reduce((sum, rule) => sum + rule.count, 0);
    const away = ignoredBy.reduce((sum, rule) => sum + rule.count, 0);
    const stored = each.messages_24h * (at === 2 ? 1 : 7) + (seed % 40);
    return {
      day, source: each.id, messages: each.messages_24h, received: stored + held + away, stored, held, ignored: away, balanced: true,
      held_by_rule: heldBy, ignored_by_rule: ignoredBy, duplicates: at * 2, refused: at === 1 ? 1 : 0, quarantined: 0,
    };
  });
}

const linesOf = {
  'facs-lyric': [['CD3+', '99BD', 'CD3A', '/uL', 611], ['CD3+CD4+', '99BD', 'CD4A', '/uL', 611], ['CD3+CD8+', '99BD', 'CD8A', '/uL', 611], ['4/8 Ratio', '99BD', 'CD4CD8', '1', 608], ['CD45+', '99BD', 'CD45A', '/uL', 0]],
  'lis-qilu': [['WBC', 'L', 'WBC', '10*9/L', 1904], ['HGB', 'L', 'HGB', 'g/L', 1904], ['PLT', 'L', 'PLT', '10*9/L', 1904], ['1742-6', 'LN', 'ALT', 'U/L', 1790], ['CREA', 'L', 'CREA', 'umol/L', 1788]],
  'cobas-5800': [['HIV1', '99ROC', 'HIVVL', '{copies}/mL', 204]],
};

export function sourceOf(id) {
  const row = sources.find((each) => each.id === id);
  if (!row) return null;
  return {
    id, name: row.name, mode: row.mode, node, ack_p50_ms: row.ack_p50_ms, ack_p99_ms: row.ack_p99_ms, ack_answers_24h: row.ack_answers_24h, file: `sources/${id}.xml`,
    recognise: [{ what: 'MSH-3', value: id.toUpperCase().replace('-', '') }, { what: 'MSH-4', value: 'QILU' }],
    connections: row.silent ? [] : [
      { peer: '10.20.4.17:52114', way: 'east', tls: true, since: hoursAgo(61), last_message: row.last_message, messages: 4120, certificate: { subject: `CN=${id}.qilu.example`, expires: new Date(now.getTime() + 86_400_000 * 23).toISOString() } },
      { peer: '10.20.4.18:40112', way: 'mllp', tls: false, since: daysAgo(3), last_message: hoursAgo(5), messages: 88, certificate: null },
    ],
    drift: row.new_findings.map((text, at) => ({ at: hoursAgo(2 + at), kind: text.startsWith('Unit') ? 'unit' : text.startsWith('Code') ? 'code' : 'range', text, count: 412, message_id: 'm-facs-lyric-4' })),
    lines: list2(linesOf[id] ?? []), approvals: row.mode === 'live' ? [{ site: 'QILU', by: 'Mei Zhao', at: daysAgo(88), config_hash: hexOf(5, 64) }] : [],
  };
}
const list2 = (lines) => lines.map(([code, system, analyte, unit, count_30d]) => ({ code, system, analyte, unit, count_30d }));

export const targets = [
  { name: 'study-db', kind: 'SQL', state: 'live', lag_s: 2, waiting: 3, oldest: minutesAgo(0.3), rate_per_min: 41, last_error: null, breaker: 'closed' },
  { name: 'redcap', kind: 'REDCap', state: 'failing', lag_s: 19_400, waiting: 118, oldest: hoursAgo(5.4), rate_per_min: 0, last_error: 'HTTP 503 Service Unavailable: "The database is being upgraded. Try again in two hours."', breaker: 'open' },
  { name: 'odm-files', kind: 'ODM', state: 'live', lag_s: 40, waiting: 0, oldest: null, rate_per_min: 6, last_error: null, breaker: 'closed' },
];

export const deliveries = Array.from({ length: 121 }, (_, at) => {
  const state = at === 0 ? 'locked' : at === 1 ? 'rejected' : at < 4 ? 'unknown' : 'pending';
  return {
    id: `d-${4000 + at}`, target: at < 118 ? 'redcap' : 'study-db', state, subject: ['S-014', 'S-004', 'S-006', 'S-009', 'S-011'][at % 5], message_id: `m-facs-lyric-${31 + at}`,
    results: 1 + ((at * 7) % 12), attempts: state === 'pending' ? 1 + (at % 5) : 6, not_before: state === 'pending' ? minutesAgo(-4 - (at % 20)) : null, closed: null,
    why: { locked: 'The record is locked: “Form is locked for S-014 month_3_arm_1”.', rejected: 'Field cd4_abs: “621.0 is not an integer”.', unknown: 'The answer was lost; it is looked up before anything is sent again.', pending: at < 118 ? '503 Service Unavailable' : '' }[state],
  };
});
