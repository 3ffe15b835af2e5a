// Twenty subjects in the course of the trial, by a plain model: CD4 rises after the doses, viral load stays low.
import { daysAgo, hexOf, now, numbers } from './clock.js';
import { marks } from './problems.js';

export const visits = [
  { id: 'SCR', name: 'Screening', day: -21, from: -28, to: -4 },
  { id: 'M0', name: 'Month 0, dose 1', day: 0, from: -3, to: 0 },
  { id: 'M1', name: 'Month 1, dose 2', day: 30, from: 23, to: 37 },
  { id: 'M2', name: 'Month 2, dose 3', day: 61, from: 54, to: 68 },
  { id: 'M3', name: 'Month 3', day: 91, from: 77, to: 105 },
  { id: 'M6', name: 'Month 6', day: 183, from: 162, to: 204 },
  { id: 'M12', name: 'Month 12', day: 365, from: 335, to: 395 },
];
const panelIds = ['CD4A', 'CD8A', 'CD4CD8', 'hiv-rna', 'cbc', 'chemistry'];
const day = 86_400_000;
const dateOf = (ms) => new Date(ms).toISOString().slice(0, 10);

// [id, days since the first infusion (null: in screening), status]
const people = [
  ['S-001', 401, 'completed'], ['S-002', 377, 'month 12'], ['S-003', 352, 'month 12'], ['S-004', 203, 'month 6'],
  ['S-006', 181, 'month 6'], ['S-007', 168, 'month 6'], ['S-008', 149, 'month 3'], ['S-009', 118, 'month 3'],
  ['S-011', 101, 'month 3'], ['S-012', 96, 'withdrawn'], ['S-014', 93, 'month 3'], ['S-015', 66, 'month 2'],
  ['S-016', 58, 'month 2'], ['S-017', 33, 'month 1'], ['S-018', 26, 'month 1'], ['S-019', 4, 'month 0'],
  ['S-020', 1, 'month 0'], ['SCR-010', null, 'screening'], ['SCR-021', null, 'screening'], ['SCR-005', null, 'screen failure'],
];

function cellOf(at, since, visit, random, id) {
  const marks = {};
  const late = since === null ? 12 : since;
  if (since === null && visit.id !== 'SCR') return { state: 'not expected', marks, days_left: null };
  const from = since === null ? 0 : visit.from;
  const to = since === null ? 28 : visit.to;
  if (late < from) return { state: 'waiting', marks, days_left: from - late };
  if (id === 'SCR-005') {
    panelIds.forEach((panel) => (marks[panel] = 'stored'));
    return { state: 'stored', marks, days_left: null };
  }
  const open = late <= to;
  let state = late > 300 && visit.day < 120 ? 'locked' : 'stored';
  panelIds.forEach((panel, index) => {
    const roll = random();
    marks[panel] = state === 'locked' ? 'locked' : 'delivered';
    if (state !== 'locked') {
      if (roll < 0.018) marks[panel] = 'held';
      else if (roll < 0.05) marks[panel] = 'stored';
      else if (open && roll < 0.42) marks[panel] = 'missing';
      else if (!open && roll > 0.985) marks[panel] = 'out of window';
    }
    if (id === 'S-004' && visit.id === 'M3') marks[panel] = index === 0 ? 'held' : 'delivered';
    if (id === 'S-012' && visit.day > 60) marks[panel] = 'not expected';
  });
  const all = Object.values(marks);
  for (const worst of ['held', 'missing', 'out of window']) {
    if (all.includes(worst)) {
      state = worst;
      break;
    }
  }
  if (all.every((each) => each === 'not expected')) state = 'not expected';
  return { state, marks, days_left: state === 'missing' ? to - late : null };
}

export const subjects = people.map(([id, since, status], at) => {
  const random = numbers(at * 71 + 13);
  random();
  const day0 = since === null ? null : dateOf(now.getTime() - since * day);
  return {
    id, label: id, study: 'NCT05872659', site: 'QILU', status, day0, since,
    eligibility: id === 'SCR-005' ? 'against' : since === null ? 'undecided' : 'none against',
    cells: Object.fromEntries(visits.map((visit) => [visit.id, cellOf(at, since, visit, random, id)])),
  };
});

const lines = [
  ['CD3A', 'CD3 count', '/uL', 690, 2540, 'facs-lyric', 0], ['CD4A', 'CD4 count', '/uL', 410, 1590, 'facs-lyric', 0],
  ['CD8A', 'CD8 count', '/uL', 190, 1140, 'facs-lyric', 0], ['CD4CD8', 'CD4/CD8 ratio', '1', 0.9, 2.6, 'facs-lyric', 2],
  ['HIVVL', 'HIV-1 RNA', '{copies}/mL', null, null, 'cobas-5800', 0], ['WBC', 'Leukocytes', '10*9/L', 3.5, 9.5, 'lis-qilu', 1],
  ['HGB', 'Haemoglobin', 'g/L', 115, 175, 'lis-qilu', 0], ['PLT', 'Platelets', '10*9/L', 125, 350, 'lis-qilu', 0],
  ['ALT', 'Alanine aminotransferase', 'U/L', 9, 50, 'lis-qilu', 0], ['CREA', 'Creatinine', 'umol/L', 57, 111, 'lis-qilu', 1],
];

function valueOf(analyte, since, random) {
  const rise = since < 0 ? 0 : Math.min(1, since / 240);
  switch (analyte) {
    case 'CD3A': return 980 + rise * 260 + random() * 90;
    case 'CD4A': return 214 + rise * 196 + random() * 38;
    case 'CD8A': return 742 - rise * 86 + random() * 70;
    case 'HIVVL': return since > 20 && since < 70 ? 46 + random() * 70 : since > 150 && since < 190 ? 27 : 0;
    case 'WBC': return 4.2 + random() * 1.6;
    case 'HGB': return 128 + random() * 14;
    case 'PLT': return 190 + random() * 60;
    case 'ALT': return 28 + random() * 34;
    default: return 70 + random() * 14;
  }
}

const made = new Map();

/** A result that a criterion rests on, as the server says it. */
function evidenceOf(result) {
  const day = result.collected_utc.slice(0, 10);
  const value = `${result.value_text}${result.value_num === null ? '' : ` ${result.unit}`}`;
  return {
    text: `${result.analyte} ${value} of ${day}`, sentences: [{ key: 'evidence_value', parameters: { analyte: result.analyte, value, day } }], result_id: result.result_id,
  };
}

export function detailOf(id) {
  if (made.has(id)) return made.get(id);
  const row = subjects.find((each) => each.id === id);
  if (!row) return null;
  const seed = subjects.indexOf(row);
  const random = numbers(seed * 911 + 5);
  random();
  const since = row.since ?? -12;
  const zero = now.getTime() - since * day;
  const results = [];
  const draws = visits.filter((visit) => visit.day <= since && !['waiting', 'not expected'].includes(row.cells[visit.id].state))
    .map((visit) => ({ visit: visit.id, at: visit.day + Math.round((random() - 0.5) * Math.min(6, visit.to - visit.from)), kind: 'scheduled' }));
  if (row.since === null) draws.push({ visit: 'SCR', at: since - 5, kind: 'scheduled' });
  if (since > 130) draws.push({ visit: '', at: 131, kind: 'unscheduled' });
  draws.unshift({ visit: '', at: Math.min(-120, since - 140), kind: 'history' });
  for (const draw of draws.sort((a, b) => a.at - b.at)) {
    if (draw.visit === 'M0') draw.at = Math.min(0, draw.at);
    const collected = zero + draw.at * day + 10 * 60_000;
    let cd4 = 0;
    let cd8 = 1;
    lines.forEach(([analyte, name, unit, low, high, source, digits], index) => {
      if (draw.kind === 'history' && !['CD4A', 'CD8A', 'CD4CD8', 'HIVVL'].includes(analyte)) return;
      if (draw.kind === 'unscheduled' && index > 4) return;
      let number = valueOf(analyte, draw.at, random);
      if (analyte === 'CD4A') cd4 = number;
      if (analyte === 'CD8A') cd8 = number;
      if (analyte === 'CD4CD8') number = cd4 / cd8;
      const below = analyte === 'HIVVL' && number < 20;
      const text = below ? (number === 0 && draw.at % 2 ? 'not detected' : '<20') : number.toFixed(digits);
      const flag = below || low === null ? '' : number < low ? 'L' : number > high ? 'H' : '';
      const id_ = `r-${seed}-${draw.at + 400}-${analyte.toLowerCase()}`;
      const derived = analyte === 'CD4CD8' && draw.kind === 'unscheduled';
      const corrected = analyte === 'CD4A' && draw.visit === 'M2';
      const message = `m-${source}-${31 + ((seed * 7 + draw.at + 400) % 560)}`;
      const received = new Date(collected + 9 * 3_600_000).toISOString();
      const held = analyte === 'CD4A' && id === 'S-004' && draw.visit === 'M3';
      results.push({
        result_id: id_, observation: `${message}.${index + 1}`, visit: draw.visit, visit_kind: draw.kind, role: 'chosen',
        study_day: draw.at >= 0 ? draw.at + 1 : draw.at, day: draw.at, analyte, analyte_name: name,
        value_reported: analyte === 'HGB' ? (number / 10).toFixed(1) : analyte === 'CREA' ? (number / 88.4).toFixed(2) : text,
        unit_reported: { HGB: 'g/dL', CREA: 'mg/dL', CD4A: 'cells/uL', CD8A: 'cells/uL', CD3A: 'cells/uL', HIVVL: 'copies/mL', CD4CD8: '' }[analyte] ?? unit,
        comparator: below && text.startsWith('<') ? '<' : '', value_text: text, value_num: below ? null : number.toFixed(digits), unit,
        ref_low: low === null ? null : String(low), ref_high: high === null ? null : String(high), range_flag: flag,
        grade: analyte === 'CD4A' && number < 200 ? 2 : null, lloq: analyte === 'HIVVL' ? '20' : null, uloq: analyte === 'HIVVL' ? '10000000' : null,
        result_state: below ? (text === '<20' ? 'below_lloq' : 'not_detected') : 'quantified', status: corrected ? 'C' : 'F', version: corrected ? 2 : 1,
        versions: [
          ...(corrected ? [{ version: 1, value_text: String(Math.round(number - 22)), unit, status: 'F', reported_at: received, received_at: received, message_id: `${message}`, current: false }] : []),
          { version: corrected ? 2 : 1, value_text: text, unit, status: corrected ? 'C' : 'F', reported_at: received, received_at: received, message_id: message, current: true },
        ],
        derived_from: derived ? ['CD4A', 'CD8A'] : null, collected_at: `${dateOf(collected).replaceAll('-', '')}081000+0800`,
        collected_utc: new Date(collected).toISOString(), laboratory: 'QILU', reported_at: received, received_at: received, source,
        delivery: held ? {} : { sql: row.cells[draw.visit]?.state === 'locked' ? 'locked' : draw.kind === 'history' ? 'stored' : 'delivered', redcap: draw.at > since - 20 ? 'waiting' : 'delivered' },
        lineage_id: hexOf(seed * 100 + index, 16), message_id: message, number,
      });
    });
  }
  // The message that is shown for a value says that value.
  for (const each of results) {
    if (each.source !== 'facs-lyric' || !each.message_id) continue;
    const field = { CD3A: 'cd3', CD4A: 'cd4', CD8A: 'cd8' }[each.analyte];
    if (!field || marks[each.message_id]?.held) continue;
    marks[each.message_id] ??= { text: {} };
    marks[each.message_id].text[field] = Number(each.value_text);
  }
  const withSpan = visits.map((visit) => ({
    id: visit.id, name: visit.name, open: dateOf(zero + visit.from * day), target: dateOf(zero + visit.day * day), close: dateOf(zero + visit.to * day),
    state: row.cells[visit.id].state, locked: row.cells[visit.id].state === 'locked',
  }));
  const doses = row.since === null ? [] : [0, 30, 61].filter((each) => each <= since).map((each, at) => ({ name: `dose ${at + 1}`, at: dateOf(zero + each * day), day: each }));
  const cd4 = results.filter((each) => each.analyte === 'CD4A');
  const hiv = results.filter((each) => each.analyte === 'HIVVL');
  const detail = {
    ...row,
    dates: {
      consent: dateOf(zero - 26 * day), screening_from: dateOf(zero - 24 * day), randomised: row.since === null ? null : dateOf(zero - 2 * day),
      first_infusion: doses[0]?.at ?? null, second_infusion: doses[1]?.at ?? null, third_infusion: doses[2]?.at ?? null,
      art_start: dateOf(zero - 1190 * day), withdrawn: id === 'S-012' ? daysAgo(20).slice(0, 10) : null,
    },
    identity: { masked: true, identifiers: [{ authority: 'QILU-MRN', value: `••••••${String(23 + seed).padStart(2, '0')}` }], sex: seed % 3 ? 'M' : 'F', birth_date: '••••-••-••' },
    eligibility: {
      answer: row.eligibility === 'against' ? 'a laboratory criterion against' : row.eligibility === 'undecided' ? 'undecided' : 'no laboratory criterion against',
      criteria: [
        { id: 'I1', text: 'Confirmed HIV infection', answer: 'site attests', evidence: [] },
        { id: 'I2', text: '18 years or older', answer: 'met', evidence: [{ text: 'An age of 18 was reached when screening began on 2025-05-10.', sentences: [{ key: 'age_reached', parameters: { years: '18', day: '2025-05-10' } }] }] },
        { id: 'I3', text: 'ART for 12 months or more, and at least 2 viral loads below 50 copies/mL, 3 months or more apart', answer: hiv.length > 1 ? 'met' : 'undecided', evidence: hiv.slice(0, 2).map(evidenceOf) },
        { id: 'I4', text: 'Regimen not changed in the 12 months before', answer: 'site attests', evidence: [] },
        { id: 'I5', text: 'CD4 below 350 /uL after 2 years or more of ART', answer: row.eligibility === 'against' ? 'not met' : 'met', evidence: cd4.slice(1, 2).map(evidenceOf) },
        { id: 'I6', text: 'Understands and signs the informed consent', answer: 'site attests', evidence: [] },
        { id: 'E1', text: 'HBV DNA, HCV RNA, anti-HAV, anti-HDV, anti-HEV IgM with ALT above 80, anti-TP', answer: row.since === null ? 'undecided' : 'met', evidence: [{ text: 'HBV DNA not detected', sentences: [{ key: 'plain', parameters: { words: 'HBV DNA not detected' } }] }, { text: 'HCV RNA not detected', sentences: [{ key: 'plain', parameters: { words: 'HCV RNA not detected' } }] }, ...(row.since === null ? [{ text: 'anti-HDV IgM is missing', sentences: [{ key: 'plain', parameters: { words: 'anti-HDV IgM is missing' } }] }] : [{ text: 'four antibodies negative', sentences: [{ key: 'plain', parameters: { words: 'four antibodies negative' } }] }])] },
        { id: 'E5', text: 'WBC below 3.5, PLT below 80 or HGB below 100', answer: 'met', evidence: [{ text: 'WBC 4.4', sentences: [{ key: 'plain', parameters: { words: 'WBC 4.4' } }] }, { text: 'PLT 214', sentences: [{ key: 'plain', parameters: { words: 'PLT 214' } }] }, { text: 'HGB 131', sentences: [{ key: 'plain', parameters: { words: 'HGB 131' } }] }] },
        { id: 'E7', text: 'Pregnant or lactating', answer: 'met', evidence: [{ text: 'not of child-bearing potential', sentences: [{ key: 'plain', parameters: { words: 'not of child-bearing potential' } }] }] },
        { id: 'E2', text: 'Active and uncontrollable infection', answer: 'site attests', evidence: [] },
      ],
    },
    visits: withSpan, doses, results,
    problems: id === 'S-004' ? [{ id: '1', sentence: 'Unknown unit “x10E6/L” for CD4 count', rule: 'unknown-unit' }] : [],
    notices: id === 'S-004' ? [{ text: 'A corrected CD4 count came for M2 after delivery; the study database has the new version.', at: daysAgo(120) }] : [],
    locks: withSpan.filter((each) => each.locked).map((each) => ({ scope: 'visit', visit: each.id, state: 'locked', since: daysAgo(30) })),
  };
  made.set(id, detail);
  return detail;
}

export function seriesOf(id, wanted) {
  const detail = detailOf(id);
  if (!detail) return null;
  const of = {
    CD4A: ['CD4 count', '/uL', false, null, [{ value: 200, text: '200' }, { value: 350, text: '350' }]],
    CD8A: ['CD8 count', '/uL', false, null, []],
    CD4CD8: ['CD4/CD8 ratio', '1', false, null, [{ value: 1, text: '1.0' }]],
    HIVVL: ['HIV-1 RNA', '{copies}/mL', true, 20, [{ value: 50, text: '50' }, { value: 200, text: '200' }]],
  };
  return {
    visits: visits.map((visit) => ({ id: visit.id, open: visit.from, close: visit.to, target: visit.day })),
    doses: detail.doses.map((each) => ({ name: each.name, day: each.day })),
    series: wanted.filter((each) => of[each]).map((analyte) => ({
      analyte, name: of[analyte][0], unit: of[analyte][1], log: of[analyte][2], lloq: of[analyte][3], thresholds: of[analyte][4],
      points: detail.results.filter((each) => each.analyte === analyte).map((each) => ({
        day: each.day, at: each.collected_utc, value: each.value_text, plotted: each.value_num === null ? null : Number(each.value_num), comparator: each.comparator, visit: each.visit,
        kind: each.visit_kind, role: each.role, state: each.result_state, derived: !!each.derived_from, result_id: each.result_id,
      })),
    })),
  };
}

export function resultOf(id) {
  for (const row of subjects) {
    const found = detailOf(row.id).results.find((each) => each.result_id === id);
    if (found) return { result: found, subject: row };
  }
  return null;
}
