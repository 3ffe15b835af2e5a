import { daysAgo, hexOf, hoursAgo, now } from '../data/clock.js';
import { messageOf } from '../data/messages.js';
import { marks, problems } from '../data/problems.js';
import { detailOf, resultOf, seriesOf, subjects, visits } from '../data/subjects.js';
import { pageOf, refuse } from '../refusal.js';

const codeOf = { CD3A: 'CD3+', CD4A: 'CD3+CD4+', CD8A: 'CD3+CD8+', CD4CD8: '4/8 Ratio', HIVVL: 'HIV1', WBC: 'WBC', HGB: 'HGB', PLT: 'PLT', ALT: '1742-6', CREA: 'CREA' };

function lineageOf(id) {
  const found = resultOf(id);
  if (!found) throw refuse('not-found');
  const { result, subject } = found;
  const message = messageOf(result.message_id, { marks });
  const segment = message.segments.find((each) => each.id === 'OBX' && each.fields[2]?.text.startsWith(codeOf[result.analyte]));
  const field = (number) => segment.fields[number - 1];
  const nth = message.segments.filter((each) => each.id === 'OBX').indexOf(segment) + 1;
  const config = hexOf(9, 64);
  const at = result.received_at;
  const step = (kind, title, text, more = {}) => {
    const read = more.read ?? [];
    const first = read[0] ?? { place: '', offset: null, length: null };
    return {
      kind, title, title_sentences: [], text, sentences: [], rule: '', version: '', at: null, config_hash: config, message_id: result.message_id,
      ...more, read, ...first,
    };
  };
  const at_ = (number, component) => `OBX[${nth}]-${number}${component ? `.${component}` : ''}`;
  const readOf = (...numbers) => numbers.map((number) => {
    const component = field(number).repetitions[0].components[0];
    return { place: at_(number, 1), offset: component.length ? component.offset : null, length: component.length || null };
  });
  const said = (key, parameters) => ({ sentences: [{ key, parameters }] });
  const file = `sources/${result.source}.xml:22:3`;
  const code = segment.fields[2].repetitions[0].components[0];
  return {
    result_id: id, message_id: result.message_id, subject: { id: subject.id, label: subject.label }, visit: result.visit, analyte: result.analyte, analyte_name: result.analyte_name, value_text: result.value_text, unit: result.unit,
    steps: [
      step('bytes', 'bytes received', `${message.size} bytes from ${result.source}, SHA-256 ${message.sha256}`, {
        at, title_sentences: [{ key: 'bytes_title', parameters: {} }], ...said('bytes_received', { size: String(message.size), source: result.source, digest: message.sha256 }),
      }),
      step('segment', `OBX[${nth}]`, segment.text, { read: [{ place: `OBX[${nth}]`, offset: segment.offset, length: segment.length }] }),
      step('rule', 'map.code', `${at_(3)} ${code.text} is ${result.analyte} by ${file}.`, {
        rule: 'map.code', read: readOf(3), ...said('map_code', { place: at_(3), code: code.text, analyte: result.analyte, line: file }),
      }),
      step('rule', 'value.read', `${at_(5)} says the number ${field(5).text}.`, {
        rule: 'value.read', read: readOf(5), ...said('value_number', { place: at_(5), number: field(5).text }),
      }),
      step('rule', 'unit.read', `${at_(6)} ${field(6).text} is read in ${result.unit} (source-list).`, {
        rule: 'unit.read', read: readOf(6), ...said('unit_read', { place: at_(6), spelling: field(6).text, unit: result.unit, rule: 'source-list' }),
      }),
      step('decision', 'Subject', `The specimen is registered for ${subject.label} (registry version 11).`, { rule: 'subject.specimen', version: '11' }),
      step('placement', result.visit || 'Unscheduled', `Collected on ${result.collected_utc.slice(0, 10)}, study day ${result.study_day}.`, { rule: 'visit.window', version: '1', at }),
      ...(result.version > 1 ? [step('version', 'Version 2', `Corrected by the laboratory: ${result.versions[0].value_text} became ${result.value_text}.`, { rule: 'result.corrected', version: '1', at })] : []),
      ...Object.entries(result.delivery).filter(([, state]) => state === 'delivered').map(([target]) => step('delivery', target, 'Written, and read back with an equal value.', { at, version: String(result.version) })),
    ],
  };
}

function outstanding(asOf) {
  const items = [];
  for (const row of subjects) {
    for (const visit of visits) {
      const cell = row.cells[visit.id];
      for (const [panel, state] of Object.entries(cell.marks)) {
        if (!['missing', 'held', 'out of window'].includes(state)) continue;
        items.push({
          kind: state, subject: { id: row.id, label: row.label }, visit: visit.id, analyte: panel,
          text: state === 'held' ? 'The unit is not known for this analyte.' : state === 'missing' ? 'Expected and not received.' : 'Collected outside the window.',
          since: daysAgo(1 + ((visit.day + 40) % 17)), problem: state === 'held' ? problems[0].id : null,
        });
      }
    }
  }
  items.push({ kind: 'query', subject: { id: 'S-006', label: 'S-006' }, visit: 'M0', analyte: '', text: 'The site has not said when blood was drawn.', since: daysAgo(2), problem: problems[4].id });
  items.push({ kind: 'delivery', subject: { id: 'S-014', label: 'S-014' }, visit: 'M3', analyte: 'CD4A', text: 'redcap answers that the record is locked.', since: hoursAgo(5), problem: null });
  const counts = {};
  for (const item of items) counts[item.kind] = (counts[item.kind] ?? 0) + 1;
  return { as_of: asOf || now.toISOString(), items, counts };
}

export const routes = [
  ['GET', '/subjects', (call) => {
    const q = (call.query.get('q') ?? '').toLowerCase();
    const site = call.query.get('site');
    const found = subjects.filter((each) => (!q || each.label.toLowerCase().includes(q)) && (!site || each.site === site));
    return pageOf(call, found.map(({ since: _, ...row }) => row), { visits });
  }],
  ['GET', '/subjects/:id', (call) => detailOf(call.parameters.id) ?? (() => { throw refuse('not-found'); })()],
  ['GET', '/subjects/:id/series', (call) => seriesOf(call.parameters.id, (call.query.get('analytes') ?? '').split(',')) ?? (() => { throw refuse('not-found'); })()],
  ['GET', '/results/:id/lineage', (call) => lineageOf(call.parameters.id)],
  ['GET', '/outstanding', (call) => outstanding(call.query.get('as_of')?.slice(0, 10))],
];
