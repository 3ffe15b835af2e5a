import { daysAgo, hexOf, hoursAgo, minutesAgo, numbers } from './clock.js';
import { componentNames, fieldNames, masked, segmentNames } from './field_names.js';

const bytes = (text) => Buffer.byteLength(text, 'utf8');
const dots = (text) => text.replace(/[^^~&\s]/g, '•');

/** Segments, fields, repetitions and components with the byte each begins at. */
export function parse(raw, reveal) {
  let offset = 0;
  return raw.split('\r').filter(Boolean).map((line, at) => {
    const id = line.slice(0, 3);
    const words = line.split('|');
    let place = offset + bytes(id) + 1;
    const fields = [];
    const given = id === 'MSH' ? ['|', ...words.slice(1)] : words.slice(1);
    given.forEach((text, index) => {
      const number = index + 1;
      const name = fieldNames[id]?.[index] ?? '';
      const isDelimiters = id === 'MSH' && number <= 2;
      const begins = id === 'MSH' && number === 1 ? offset + 3 : place;
      const hides = !reveal && masked.has(`${id}-${number}`) && text !== '';
      let inside = begins;
      const repetitions = (isDelimiters ? [text] : text.split('~')).map((repetition) => {
        const components = (isDelimiters ? [repetition] : repetition.split('^')).map((component, nth) => {
          const found = {
            number: nth + 1,
            name: componentNames[`${id}-${number}`]?.[nth] ?? '',
            text: hides ? dots(component) : component,
            sub: component.includes('&') && !isDelimiters ? (hides ? dots(component) : component).split('&') : [],
            offset: inside,
            length: bytes(component),
            masked: hides,
          };
          inside += bytes(component) + 1;
          return found;
        });
        return { components };
      });
      fields.push({
        number, name, text: hides ? dots(text) : text, offset: begins, length: bytes(text), masked: hides, repetitions,
      });
      if (!(id === 'MSH' && number === 1)) place = begins + bytes(text) + 1;
    });
    const segment = {
      position: at + 1, id, name: segmentNames[id] ?? '', offset, length: bytes(line),
      text: `${id}${id === 'MSH' ? '' : '|'}${fields.map((field) => field.text).join('|').replace(/^\|\|/, '|')}`, fields,
    };
    offset += bytes(line) + 1;
    return segment;
  });
}

const facs = (n, { unit = 'cells/uL', cd4 = 412, cd8 = 655, cd3 = 1188, status = 'F', mrn = '00481148' } = {}) => [
  `MSH|^~\\&|FACSLYRIC|QILU-FLOW|LABRELAY|QILU|20230912132200||ORU^R01^ORU_R01|FL${String(n).padStart(6, '0')}|P|2.5`,
  `PID|1||${mrn}^^^QILU^MR||||19900503|F`,
  `OBR|1|P230912${n % 1000}|A230912${n % 1000}|TBNK^T subset^99BD|||20230912081000|||||||||||||||20230912132200|||${status}`,
  `OBX|1|NM|CD3+^^99BD|1|${cd3}|${unit}|690-2540|N|||${status}|||||FLOW01||LYRIC^BD|20230912132200`,
  `OBX|2|NM|CD3+CD4+^^99BD|1|${cd4}|${unit}|410-1590|N|||${status}|||||FLOW01||LYRIC^BD|20230912132200`,
  `OBX|3|NM|CD3+CD8+^^99BD|1|${cd8}|${unit}|190-1140|N|||${status}|||||FLOW01||LYRIC^BD|20230912132200`,
  `OBX|4|NM|4/8 Ratio^^99BD||${(cd4 / cd8).toFixed(2)}||||||${status}|||||FLOW01||LYRIC^BD|20230912132200`,
  `SPM|1|A230912${n % 1000}||WB^Whole blood^HL70487|||||||P||||||20230912081000`,
].join('\r') + '\r';

const lis = (n, { mrn = '00481523', birth = '19790703', alt = '42' } = {}) => [
  `MSH|^~\\&|LIS|QILU|LABRELAY|QILU|20230912141800||ORU^R01|LIS23${String(n).padStart(6, '0')}|P|2.4||||||UNICODE UTF-8`,
  `PID|1||${mrn}^^^QILU^MR||测试甲||${birth}|女`,
  `OBR|1|P230912${n % 1000}|A230912${n % 1000}|CBC^血常规^L|||202309120758|||||||||||||||202309121408|||F`,
  'OBX|1|NM|WBC^白细胞计数^L^6690-2^^LN||4.4|×10^9/L|3.5 ~ 9.5|N|||F',
  'OBX|2|NM|HGB^血红蛋白^L^718-7^^LN||11.5|g/dL|13.0 ~ 17.5|L|||F',
  'OBX|3|NM|PLT^血小板计数^L^777-3^^LN||309|10^9/L|125 ~ 350|N|||F',
  `OBR|2|P230913${n % 1000}|A230913${n % 1000}|BIO^生化全套^L|||202309120800|||||||||||||||202309121408|||F`,
  `OBX|1|NM|1742-6^丙氨酸氨基转移酶^LN^ALT^^L||${alt}|IU/L|9 ~ 50|N|||F`,
  'OBX|2|NM|CREA^肌酐^L^2160-0^^LN||0.89|mg/dL|0.64 ~ 1.26|N|||F',
  'NTE|1|L|标本轻度溶血',
].join('\r') + '\r';

const cobas = (n, { code = 'HIV1^HIV-1 RNA^99ROC', value = '<20', unit = 'copies/mL', specimen = 'A230912014' } = {}) => [
  `MSH|^~\\&|COBAS5800|QILU-MOL|LABRELAY|QILU|20230912093200+0800||OUL^R22^OUL_R22|C5800-${String(n).padStart(5, '0')}|P|2.5.1|||NE|AL||UNICODE UTF-8|||LAB-29^IHE`,
  `SPM|1|${specimen}&ROCHE||PLAS^plasma^HL70487|||||||P^^HL70369`,
  `SAC|||${specimen}|||||||S07|4`,
  `OBR||||${code}`,
  'ORC|SC||||CM',
  `OBX|1|SN|${code}|1|${value}|${unit}|||||F|||||||c5800^Roche~c5800.1184^Roche|20230912091700||||||||||RSLT`,
].join('\r') + '\r';

const makers = { 'facs-lyric': facs, 'lis-qilu': lis, 'cobas-5800': cobas, 'cobas-6800': cobas };
const analyteOf = {
  'CD3+': ['CD3A', '/uL'], 'CD3+CD4+': ['CD4A', '/uL'], 'CD3+CD8+': ['CD8A', '/uL'], '4/8 Ratio': ['CD4CD8', '1'],
  WBC: ['WBC', '10*9/L'], HGB: ['HGB', 'g/L'], PLT: ['PLT', '10*9/L'], '1742-6': ['ALT', 'U/L'], CREA: ['CREA', 'umol/L'],
  HIV1: ['HIVVL', '{copies}/mL'],
};

/** Messages are made when they are asked for: `m-<source>-<number>` says everything about one. */
export function messageOf(id, { reveal = false, marks = {} } = {}) {
  const found = /^m-([a-z0-9-]+)-(\d+)$/.exec(id);
  const maker = found && makers[found[1]];
  if (!maker) return null;
  const n = Number(found[2]);
  const mark = marks[id] ?? {};
  const raw = maker(n, mark.text);
  const segments = parse(raw, reveal);
  const observations = [];
  let ordinal = 0;
  for (const segment of segments) {
    if (segment.id !== 'OBX') continue;
    ordinal += 1;
    const field = (number) => segment.fields.find((each) => each.number === number);
    const [code = '', codeText = '', system = ''] = (field(3)?.text ?? '').split('^');
    const [analyte, unit] = analyteOf[code] ?? ['', ''];
    const place = `OBX[${ordinal}]`;
    const held = mark.held?.(ordinal, code) ?? null;
    observations.push({
      ordinal, place, disposition: held ? 'held' : 'stored', rule: held ? held.rule : 'placed',
      sentence: held ? held.sentence : 'Placed by the date of the draw.',
      code, code_system: system, code_text: codeText, analyte, subject: held?.noSubject ? null : { id: 'S-004', label: 'S-004' }, visit: held ? null : 'M3',
      value_reported: field(5)?.text ?? '', unit_reported: field(6)?.text ?? '', value_text: field(5)?.text ?? '',
      value_num: null, unit: held ? '' : unit, range_flag: field(8)?.text ?? '', result_id: held ? null : `r-${n}-${ordinal}`,
      lineage: [
        {
          rule: 'map.code', text: `OBX-3 ${code} of ${system} is ${analyte} by sources/${found[1]}.xml.`,
          sentences: [{ key: 'map_code_of', parameters: { place: 'OBX-3', code, system, analyte, line: `sources/${found[1]}.xml` } }],
        },
        {
          rule: 'subject.identifier', text: 'PID-3.1 (QILU-MRN) names S-004 of NCT05872659 (registry version 11).',
          sentences: [{ key: 'subject_by_identifier', parameters: { places: 'PID-3.1 (QILU-MRN)', subjects: 'S-004 of NCT05872659', version: '11' } }],
        },
        { rule: 'value.read', text: `OBX-5 says the number ${field(5)?.text}.`, sentences: [{ key: 'value_number', parameters: { place: 'OBX-5', number: field(5)?.text ?? '' } }] },
      ],
    });
  }
  const findings = (mark.findings?.(segments) ?? []).filter(Boolean);
  const held = observations.filter((each) => each.disposition === 'held').length;
  return {
    message_id: id, control_id: segments[0].fields[9].text, source: found[1], message_type: segments[0].fields[8].text,
    state: 'processed', rule: '', received_at: minutesAgo(47 + n * 13), peer: '10.20.4.17:52114', size: bytes(raw),
    sha256: hexOf(n + 7, 64), sha256_proven: true, answer: { code: 'AA', text: '' },
    counts: { stored: observations.length - held, held, ignored: 0 }, config_hash: hexOf(9, 64), registry_version: 11,
    duplicates: n % 9 === 0 ? 1 : 0, members: [], batch: null, masked: !reveal, segments, findings, observations, again: [],
    raw: reveal ? raw : segments.map((segment) => segment.text).join('\r') + '\r',
  };
}

/** A finding at a component of the nth segment of that name. */
export function findingAt(segments, segment, nth, field, component, words) {
  const found = segments.filter((each) => each.id === segment)[nth - 1];
  const target = found?.fields.find((each) => each.number === field)?.repetitions[0].components[component - 1];
  if (!target) return null;
  return {
    place: `${segment}${nth > 1 ? `[${nth}]` : ''}-${field}${component > 1 ? `.${component}` : ''}`,
    offset: target.offset, length: target.length, severity: 'hold', ...words,
  };
}

export const sources = ['facs-lyric', 'lis-qilu', 'cobas-5800'];

export const messageList = Array.from({ length: 640 }, (_, at) => {
  const next = numbers(at + 3);
  const source = sources[Math.floor(next() * 3)];
  const id = `m-${source}-${at + 1}`;
  const held = next() < 0.06 ? 1 + Math.floor(next() * 4) : 0;
  return {
    message_id: id, control_id: { 'facs-lyric': 'FL', 'lis-qilu': 'LIS23', 'cobas-5800': 'C5800-' }[source] + String(at + 1).padStart(5, '0'),
    source, message_type: source === 'cobas-5800' ? 'OUL^R22' : 'ORU^R01', state: 'processed',
    received_at: minutesAgo(47 + at * 13), counts: { stored: 2 + Math.floor(next() * 12), held, ignored: Math.floor(next() * 3) },
  };
});
