import { daysAgo, hexOf, hoursAgo, minutesAgo, now, numbers } from './clock.js';
import { findingAt } from './messages.js';

const mei = { id: 'A-01', name: 'Mei Zhao' };
const tom = { id: 'A-02', name: 'Tom Berg' };

const cases = [
  {
    key: 'unknown-unit', number: 410, source: 'facs-lyric', object: 'x10E6/L',
    sentence: 'Unknown unit “x10E6/L” for CD4 count', parameters: { unit: 'x10E6/L', analyte: 'CD4 count', object: 'x10E6/L' },
    held: 412, total: 412, subjects: 57, first: 2, last: 0.3, risk: 3,
    risk_why: 'Two values are below a critical limit; three visits lock within 7 days.',
    expected: 'A unit of the list of CD4A: /uL, cells/uL, 10*9/L …', came: 'OBX-6 x10E6/L',
    advice: 'Add the unit’s spelling to the source’s file, or correct it at the sender.', who: 'mapper',
    message: 'm-facs-lyric-4', place: 'OBX[2]-6', code: 'CD3+CD4+', analyte: 'CD4A', unit: 'x10E6/L', value: (n) => String(180 + ((n * 37) % 640)),
    mark: {
      text: { unit: 'x10E6/L' },
      held: () => ({ rule: 'unknown-unit', sentence: 'The unit is not known for this analyte.' }),
      findings: (segments) => [1, 2, 3].map((nth) => findingAt(segments, 'OBX', nth, 6, 1, { code: 'unknown-unit', sentence: 'The unit is not known for this analyte.' })),
    },
    repairs: [
      { kind: 'teach-unit', likely: true, permission: 'repair.mapping', four_eyes: true, fields: { source: 'facs-lyric', analyte: 'CD4A', code: 'CD3+CD4+', spelled: 'x10E6/L', as: '10*6/L' } },
      { kind: 'accept-value', likely: false, permission: 'repair.value', four_eyes: false, fields: {} },
      { kind: 'not-for-study', likely: false, permission: 'problems.dismiss', four_eyes: false, fields: {} },
    ],
    preview: [409, 3, 0, 0],
    still: [{ rule: 'implausible-value', sentence: 'The value lies outside the analyte’s plausibility limits.', count: 3 }],
  },
  {
    key: 'unknown-subject', number: 501, source: 'lis-qilu', object: 'QILU-MRN ••••••23', masked: true,
    sentence: 'Patient QILU-MRN ••••••23 is in no registry', parameters: { patient: 'QILU-MRN ••••••23', object: 'QILU-MRN ••••••23' },
    held: 9, total: 9, subjects: 1, first: 26, last: 3, risk: 2, risk_why: 'A screening visit closes in 4 days.', assignee: mei,
    expected: 'An identifier of a registered subject, or a registered specimen', came: 'PID-3.1 (QILU-MRN) ••••••23',
    advice: 'Register the subject, or link the identifier; then the result goes through by itself.', who: 'data manager',
    message: 'm-lis-qilu-5', place: 'PID-3', code: 'WBC', analyte: 'WBC', unit: '×10^9/L', value: (n) => (3.2 + (n % 7) * 0.4).toFixed(1), noSubject: true,
    mark: {
      held: () => ({ rule: 'unknown-subject', sentence: 'The patient is in no registry.', noSubject: true }),
      findings: (segments) => [findingAt(segments, 'PID', 1, 3, 1, { code: 'unknown-subject', sentence: 'The patient is in no registry.' })],
    },
    repairs: [
      {
        kind: 'link-subject', likely: true, permission: 'repair.subject', four_eyes: false, fields: { authority: 'QILU-MRN', value: '••••••23', subject: '' },
        candidates: [
          { subject: { id: 'SCR-010', label: 'SCR-010', site: 'QILU', status: 'screening' }, score: 0.91, evidence: ['birth date agrees', 'sex agrees', 'Collected within the screening window (day 3 of 28)'], contradictions: [] },
          { subject: { id: 'S-002', label: 'S-002', site: 'QILU', status: 'month 3' }, score: 0.34, evidence: ['sex agrees'], contradictions: ['birth date differs', 'Has another number of the same hospital'] },
        ],
      },
      { kind: 'register-specimen', likely: false, permission: 'repair.subject', four_eyes: false, fields: { authority: 'QILU-ACC', specimen: 'A2309125', subject: '' } },
      { kind: 'not-for-study', likely: false, permission: 'problems.dismiss', four_eyes: true, fields: {} },
    ],
    preview: [9, 0, 0, 0],
  },
  {
    key: 'final-differs', number: 531, source: 'facs-lyric', object: 'S-014 M3 CD4A', state: 'open', assignee: null,
    sentence: 'Final CD4 count differs from an earlier final, no C status', parameters: { analyte: 'CD4 count', object: 'S-014 M3' },
    held: 1, total: 1, subjects: 1, first: 3, last: 3, risk: 2, risk_why: 'The earlier value is in the study database.', delta: '612 → 621',
    expected: 'OBX-11 C for a changed final value', came: 'OBX-11 F with 621 after 612',
    advice: 'The laboratory confirms which value holds and sends it as a correction.', who: 'laboratory, asked by a data manager',
    message: 'm-facs-lyric-7', place: 'OBX[2]-5', code: 'CD3+CD4+', analyte: 'CD4A', unit: 'cells/uL', value: () => '621', subject: 'S-014',
    mark: {
      text: { cd4: 621 },
      held: (ordinal) => (ordinal === 2 ? { rule: 'final-differs', sentence: 'Another final value came without a correction status.' } : null),
      findings: (segments) => [findingAt(segments, 'OBX', 2, 5, 1, { code: 'final-differs', sentence: 'Another final value came without a correction status.' })],
    },
    repairs: [
      { kind: 'accept-value', likely: true, permission: 'repair.value', four_eyes: false, fields: {} },
      { kind: 'not-for-study', likely: false, permission: 'problems.dismiss', four_eyes: false, fields: {} },
    ],
    preview: [1, 0, 0, 1],
    delivered: [{ result_id: 'r-7-2', subject: 'S-014', visit: 'M3', analyte: 'CD4A', from: '612', to: '621' }],
  },
  {
    key: 'unknown-code', number: 301, source: 'cobas-6800', object: 'HIV1Q2', sentence: 'Test code “HIV1Q2” is not mapped',
    parameters: { code: 'HIV1Q2', object: 'HIV1Q2' }, held: 23, total: 23, subjects: 11, first: 30, last: 5, risk: 1, risk_why: 'Viral loads of 11 subjects wait.',
    expected: 'A code of sources/cobas-6800.xml', came: 'OBX-3 HIV1Q2^HIV-1 Quant v2^99ROC', advice: 'Map the code in the source’s file, or have it ignored with a reason.',
    who: 'mapper', message: 'm-cobas-6800-9', place: 'OBX-3', code: 'HIV1Q2', analyte: '', unit: 'copies/mL', value: (n) => (n % 3 ? '<20' : String(24 + n)),
    mark: {
      text: { code: 'HIV1Q2^HIV-1 Quant v2^99ROC' },
      held: () => ({ rule: 'unknown-code', sentence: 'The test code is not mapped for this source.' }),
      findings: (segments) => [findingAt(segments, 'OBX', 1, 3, 1, { code: 'unknown-code', sentence: 'The test code is not mapped for this source.' })],
    },
    repairs: [
      { kind: 'teach-code', likely: true, permission: 'repair.mapping', four_eyes: true, fields: { source: 'cobas-6800', code: 'HIV1Q2', system: '99ROC', analyte: 'HIVVL' } },
      { kind: 'not-for-study', likely: false, permission: 'problems.dismiss', four_eyes: false, fields: {} },
    ],
    preview: [21, 2, 0, 0],
    still: [{ rule: 'unknown-specimen', sentence: 'The specimen is not registered, so its patient is not known.', count: 2 }],
  },
  {
    key: 'visit-time-needed', number: 521, source: 'lis-qilu', object: 'S-006 2023-07-05', sentence: 'A draw of S-006 on the day of dose 1 has no time',
    parameters: { object: 'S-006', subject: 'S-006', visit: 'M0' }, held: 18, total: 18, subjects: 1, first: 52, last: 52, risk: 1, risk_why: 'Month 0 of S-006 is incomplete.',
    expected: 'A time of collection, before or after 10:30', came: 'OBR-7 20230705', advice: 'The site gives the time, or declares that it draws before dosing.', who: 'site, asked by a data manager',
    message: 'm-lis-qilu-11', place: 'OBR-7', code: 'HGB', analyte: 'HGB', unit: 'g/dL', value: (n) => (11 + (n % 5) * 0.3).toFixed(1), subject: 'S-006',
    mark: {
      held: () => ({ rule: 'visit-time-needed', sentence: 'A date without a time on an infusion day does not say whether blood was drawn before the dose.' }),
      findings: (segments) => [findingAt(segments, 'OBR', 1, 7, 1, { code: 'visit-time-needed', sentence: 'A date without a time on an infusion day does not say whether blood was drawn before the dose.' })],
    },
    repairs: [
      {
        kind: 'place-visit', likely: true, permission: 'repair.visit', four_eyes: true, fields: { specimen: 'A230705018', visit: '' },
        candidates: [
          { visit: 'SCR', name: 'Screening', open: '2023-06-15', target: '2023-06-15', close: '2023-07-01', contains: false, days_from_target: 20 },
          { visit: 'M0', name: 'Month 0, dose 1', open: '2023-07-02', target: '2023-07-05', close: '2023-07-05', contains: true, days_from_target: 0 },
          { visit: 'M1', name: 'Month 1, dose 2', open: '2023-07-28', target: '2023-08-04', close: '2023-08-11', contains: false, days_from_target: -30 },
        ],
      },
      { kind: 'not-for-study', likely: false, permission: 'problems.dismiss', four_eyes: false, fields: {} },
    ],
    preview: [18, 0, 0, 0],
  },
  {
    key: 'birth-date-contradicts', number: 506, source: 'lis-qilu', object: 'QILU-MRN ••••••11', masked: true, state: 'in review', assignee: mei,
    sentence: 'The birth date of QILU-MRN ••••••11 contradicts the registry', parameters: { patient: 'QILU-MRN ••••••11', object: 'QILU-MRN ••••••11' },
    held: 15, total: 15, subjects: 1, first: 70, last: 20, risk: 2, risk_why: 'A wrong person may be meant.', expected: 'The registered birth date', came: 'PID-7 ••••••••',
    advice: 'The site checks who the specimen belongs to.', who: 'site, asked by a data manager', message: 'm-lis-qilu-12', place: 'PID-7', code: 'PLT', analyte: 'PLT', unit: '10^9/L', value: (n) => String(210 + n * 3), subject: 'S-003',
    mark: {
      held: () => ({ rule: 'birth-date-contradicts', sentence: 'The patient’s birth date contradicts the registry.' }),
      findings: (segments) => [findingAt(segments, 'PID', 1, 7, 1, { code: 'birth-date-contradicts', sentence: 'The patient’s birth date contradicts the registry.' })],
    },
    repairs: [
      { kind: 'correct-subject', likely: true, permission: 'repair.subject', four_eyes: true, fields: { subject: 'S-003', fields: { birth_date: '' } } },
      { kind: 'move-specimen', likely: false, permission: 'repair.subject', four_eyes: true, fields: { specimen: 'A23091212', from: 'S-003', to: '' } },
      { kind: 'not-for-study', likely: false, permission: 'problems.dismiss', four_eyes: true, fields: {} },
    ],
    preview: [15, 0, 0, 0],
  },
  {
    key: 'implausible-value', number: 420, source: 'lis-qilu', object: 'ALT', sentence: 'ALT 4210 U/L lies outside the plausible range',
    parameters: { analyte: 'ALT', value: '4210 U/L', object: 'ALT' }, held: 1, total: 1, subjects: 1, first: 5, last: 5, risk: 3, risk_why: 'A critical value, if it is true.', delta: '4210 U/L',
    expected: '0 … 3000 U/L', came: 'OBX-5 4210', advice: 'The laboratory confirms the value, or corrects it.', who: 'laboratory, asked by a data manager', message: 'm-lis-qilu-14', place: 'OBX[4]-5', code: '1742-6', analyte: 'ALT', unit: 'IU/L', value: () => '4210', subject: 'S-008',
    mark: {
      text: { alt: '4210' },
      held: (ordinal) => (ordinal === 4 ? { rule: 'implausible-value', sentence: 'The value lies outside the analyte’s plausibility limits.' } : null),
      findings: (segments) => [findingAt(segments, 'OBX', 4, 5, 1, { code: 'implausible-value', sentence: 'The value lies outside the analyte’s plausibility limits.' })],
    },
    repairs: [
      { kind: 'accept-value', likely: true, permission: 'repair.value', four_eyes: false, fields: {} },
      { kind: 'not-for-study', likely: false, permission: 'problems.dismiss', four_eyes: false, fields: {} },
    ],
    preview: [1, 0, 0, 0],
  },
  {
    key: 'unknown-specimen', number: 503, source: 'cobas-5800', object: 'A230912099', sentence: 'Specimen A230912099 is not registered', parameters: { specimen: 'A230912099', object: 'A230912099' },
    held: 2, total: 2, subjects: 0, first: 8, last: 8, risk: 1, risk_why: 'The analyzer sends no patient.', expected: 'A specimen of the registry', came: 'SPM-2 A230912099', advice: 'Register the specimen; then the result goes through by itself.', who: 'data manager',
    message: 'm-cobas-5800-15', place: 'SPM-2', code: 'HIV1', analyte: 'HIVVL', unit: 'copies/mL', value: () => '<20', noSubject: true,
    mark: {
      text: { specimen: 'A230912099' },
      held: () => ({ rule: 'unknown-specimen', sentence: 'The specimen is not registered, so its patient is not known.', noSubject: true }),
      findings: (segments) => [findingAt(segments, 'SPM', 1, 2, 1, { code: 'unknown-specimen', sentence: 'The specimen is not registered, so its patient is not known.' })],
    },
    repairs: [
      { kind: 'register-specimen', likely: true, permission: 'repair.subject', four_eyes: false, fields: { authority: 'QILU-ACC', specimen: 'A230912099', subject: '' } },
      { kind: 'not-for-study', likely: false, permission: 'problems.dismiss', four_eyes: false, fields: {} },
    ],
    preview: [2, 0, 0, 0],
  },
  {
    key: 'missing-unit', number: 411, source: 'facs-lyric', object: 'CD3+CD8+', sentence: 'CD8 count came without a unit', parameters: { analyte: 'CD8 count', object: 'CD3+CD8+' }, regressed: true,
    held: 6, total: 19, subjects: 4, first: 240, last: 9, risk: 1, risk_why: 'Came back after it was resolved.', expected: 'A unit in OBX-6', came: 'OBX-6 is empty', advice: 'Declare in the source’s file what an absent unit means, or have the sender write it.', who: 'mapper',
    message: 'm-facs-lyric-16', place: 'OBX[3]-6', code: 'CD3+CD8+', analyte: 'CD8A', unit: '', value: (n) => String(520 + n * 11),
    mark: {
      text: { unit: '' },
      held: (ordinal) => (ordinal === 3 ? { rule: 'missing-unit', sentence: 'The unit is missing and the source declares none.' } : null),
      findings: (segments) => [findingAt(segments, 'OBX', 3, 6, 1, { code: 'missing-unit', sentence: 'The unit is missing and the source declares none.' })],
    },
    repairs: [
      { kind: 'teach-unit', likely: true, permission: 'repair.mapping', four_eyes: true, fields: { source: 'facs-lyric', analyte: 'CD8A', code: 'CD3+CD8+', assume: 'cells/uL' } },
      { kind: 'not-for-study', likely: false, permission: 'problems.dismiss', four_eyes: false, fields: {} },
    ],
    preview: [6, 0, 0, 0],
  },
];

function detailed(each, at) {
  const first = hoursAgo(each.first);
  return {
    id: String(at + 1), etag: `"p${at + 1}-1"`, state: each.state ?? 'open', rule: each.key, rule_number: each.number,
    sentence: each.sentence, sentence_key: each.key, parameters: { ...each.parameters, source: each.source }, source: each.source, object: each.object,
    object_masked: each.masked ?? false, held: each.held, total: each.total, subjects: each.subjects, first, last: hoursAgo(each.last),
    closed: null, age_hours: each.first, risk: each.risk, risk_why: each.risk_why, risk_reasons: each.risk > 1 ? [{ key: 'wrong-value' }, { key: 'window', n: 4 }] : [{ key: 'window', n: 9 }], assignee: each.assignee ?? null, snoozed_until: null,
    regressed: each.regressed ?? false, study: 'NCT05872659', sites: ['QILU'], delta: each.delta ?? null,
    detail: {
      expected: each.expected, came: each.came, advice: each.advice, who_can_fix: each.who,
      blocks: {
        subjects: each.noSubject ? [] : [{ id: each.subject ?? 'S-004', label: each.subject ?? 'S-004' }, ...(each.subjects > 1 ? [{ id: 'S-006', label: 'S-006' }, { id: 'S-009', label: 'S-009' }] : [])],
        visits: each.noSubject ? [] : [{ subject: each.subject ?? 'S-004', visit: 'M3', locks_in_days: 5 }],
        deliveries: Math.min(each.held, 38),
      },
      repairs: each.repairs.map((repair) => ({ title_key: `repair.${repair.kind}`, ...repair })),
      comments: at === 1 ? [{ id: 'c1', at: hoursAgo(4), actor: 'Tom Berg', text: 'Asked the ward; the consent form is on its way.', kind: 'comment' }] : [],
      history: [
        ...(each.assignee ? [{ id: 1, at: hoursAgo(each.first / 2), actor: each.assignee.name, kind: 'assign', text: `given to ${each.assignee.name}` }] : []),
      ],
      queries: [], example: { message_id: each.message, ordinal: 2, place: each.place },
    },
    case: each,
  };
}

export const problems = cases.map(detailed);
export const marks = Object.fromEntries(cases.map((each) => [each.message, each.mark]));

// What was solved before, so that the lists of other states are not empty.
for (let at = 0; at < 31; at += 1) {
  const like = problems[at % 9];
  problems.push({
    ...structuredClone({ ...like, case: undefined }), case: like.case, id: String(100 + at), etag: `"p${100 + at}-3"`, state: at % 8 === 7 ? 'dismissed' : 'resolved',
    held: 0, total: 1 + ((at * 7) % 40), closed: hoursAgo(3 + at * 5), first: daysAgo(9 + at), last: daysAgo(3), age_hours: 24 * (9 + at), assignee: at % 2 ? mei : tom, risk: 0, risk_why: '', regressed: false,
  });
}

// `--many 100000` shows how a list of that length behaves.
const many = process.argv.indexOf('--many');
for (let at = 0; many > 0 && at < Number(process.argv[many + 1]); at += 1) {
  const next = numbers(at + 1);
  const like = problems[Math.floor(next() * 9)];
  problems.push({ ...like, id: String(1000 + at), etag: `"p${1000 + at}-1"`, held: 1 + Math.floor(next() * 400), first: hoursAgo(next() * 900), age_hours: next() * 900, risk: Math.floor(next() * 3), assignee: next() < 0.2 ? mei : null });
}

export function itemsOf(problem) {
  const each = problem.case;
  return Array.from({ length: each.held }, (_, at) => ({
    observation: `${each.message}.${at + 1}`, message_id: at === 0 ? each.message : each.message.replace(/\d+$/, String(20 + at)),
    control_id: `${{ 'facs-lyric': 'FL', 'lis-qilu': 'LIS23' }[each.source] ?? 'C-'}${String(4000 + at).padStart(6, '0')}`, source: each.source,
    received_at: minutesAgo(20 + at * 9), place: each.place, code: each.code, code_system: each.source === 'facs-lyric' ? '99BD' : 'L', code_text: '', analyte: each.analyte,
    value_reported: each.value(at), unit_reported: each.unit, collected: '20230912081000',
    subject: each.noSubject ? null : { id: each.subject ?? `S-0${String(1 + (at % 57)).padStart(2, '0')}`, label: each.subject ?? `S-0${String(1 + (at % 57)).padStart(2, '0')}` }, released: null,
  }));
}

export function previewOf(problem, body) {
  const each = problem.case;
  const chosen = body.observations?.length;
  const [store, held, ignored, changed] = body.kind === 'not-for-study' ? [0, 0, each.held, 0] : (each.preview ?? [each.held, 0, 0, 0]);
  const share = chosen ? chosen / each.held : 1;
  const count = (n) => Math.round(n * share);
  return {
    total: chosen ?? each.held, would_store: count(store), still_held: count(held), ignored: count(ignored), changes_delivered: changed,
    examples: itemsOf(problem).slice(0, 3).map((item) => ({
      observation: item.observation, control_id: item.control_id,
      before: { disposition: 'held', rule: each.key, text: `${item.code} ${item.value_reported} ${item.unit_reported}` },
      after: body.kind === 'not-for-study'
        ? { disposition: 'ignored', rule: 'not-for-study', text: `${item.code} ${item.value_reported} ${item.unit_reported}` }
        : { disposition: 'stored', rule: 'placed', text: `${item.analyte || body.analyte || each.analyte} ${item.value_reported} ${{ CD4A: '/uL', CD8A: '/uL', HIVVL: '{copies}/mL' }[item.analyte || body.analyte] ?? item.unit_reported} at M3 for ${item.subject?.label ?? body.subject ?? 'SCR-010'}` },
    })),
    still: body.kind === 'not-for-study' ? [] : (each.still ?? []), delivered_changes: each.delivered ?? [],
  };
}
