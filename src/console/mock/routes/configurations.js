import { hexOf } from '../data/clock.js';
import { messageOf } from '../data/messages.js';
import { versionOf, versions } from '../data/configurations.js';
import { refuse, signed } from '../refusal.js';

const shown = ({ files: _files, author_id: _id, ...rest }) => rest;
const versionAt = (id) => versionOf(id) ?? (() => { throw refuse('not-found'); })();

const elements = new Set(`source approval recognise patient specimen collected birth-date sex word values below observation
  ignore replicates study site accept authority panel visit inclusion exclusion check step site-attests age therapy
  suppressed limit-by-therapy band detected positive limit pregnant analytes analyte units unit`.split(/\s+/));

/** A few of the loader's errors, each at its place: enough to see how the page shows them. */
function errorsOf(name, text) {
  const errors = [];
  const at = (index, code, sentence, advice) => {
    const before = text.slice(0, index).split('\n');
    errors.push({ place: name, line: before.length, column: before.at(-1).length + 1, code, sentence, advice });
  };
  const bare = text.replace(/<!--[\s\S]*?-->|<\?[\s\S]*?\?>/g, (all) => all.replace(/[^\n]/g, ' '));
  const open = [];
  for (const found of bare.matchAll(/<(\/?)([\w:-]+)((?:[^<>"]|"[^"]*")*?)(\/?)>/g)) {
    const [, closes, element, attributes, alone] = found;
    if (closes) {
      if (open.pop() !== element) at(found.index, 'xml-malformed', 'The file is not well-formed XML.', 'Close the element that is open here.');
      continue;
    }
    if (!alone) open.push(element);
    if (name.startsWith('sources/')) {
      if (!elements.has(element)) at(found.index + 1, 'element-unknown', `<${element}> is not known here.`, 'Did you mean <observation>?');
      const analyte = /analyte="([^"]*)"/.exec(attributes);
      if (analyte && !/^[A-Z0-9]+$/.test(analyte[1])) {
        at(found.index + 1 + element.length + analyte.index + 9, 'reference-unknown', `There is no analyte “${analyte[1]}”.`, 'Did you mean CD4A?');
      }
    }
  }
  if (open.length) at(text.length, 'xml-malformed', 'The file is not well-formed XML.', `Close <${open.at(-1)}>.`);
  return errors;
}

function effectOf() {
  return {
    total: 438, would_store: 433, still_held: 5, ignored: 0, changes_delivered: 0,
    examples: [{ observation: 'm-cobas-6800-9.1', control_id: 'C5800-00009', before: { disposition: 'held', rule: 'unknown-code', text: 'HIV1Q2 <20 copies/mL' }, after: { disposition: 'stored', rule: 'placed', text: 'HIVVL <20 {copies}/mL at M3 for S-004' } }],
    still: [{ rule: 'unknown-specimen', sentence: 'The specimen is not registered, so its patient is not known.', count: 5 }], delivered_changes: [],
    placed_again: { subjects: 24, tried: 24, moved: 3 },
  };
}

function diff(left, right) {
  const changes = [];
  for (const [name, text] of Object.entries(right.files)) {
    const old = new Set((left.files[name] ?? '').split('\n'));
    const now = new Set(text.split('\n'));
    for (const line of now) if (!old.has(line) && line.trim()) changes.push({ kind: 'added', what: 'line', where: name, before: '', after: line.trim(), sentence: '' });
    for (const line of old) if (!now.has(line) && line.trim()) changes.push({ kind: 'removed', what: 'line', where: name, before: line.trim(), after: '', sentence: '' });
  }
  return { changes };
}

function activate(call, id) {
  signed(call);
  if (!call.body.reason) throw refuse('reason-needed');
  const chosen = versionAt(id);
  if (chosen.author_id === call.session.account.id) throw refuse('four-eyes-same-person');
  for (const each of versions) if (each.state === 'active') each.state = 'past';
  chosen.state = 'active';
  return shown(chosen);
}

export const routes = [
  ['GET', '/config', () => {
    const now = versionOf('active');
    return { active: { id: now.id, hash: now.hash, activated_at: now.at, activated_by: 'Mei Zhao', author: now.author, reason: now.reason }, versions: versions.map(shown) };
  }],
  ['GET', '/config/:id', (call) => shown(versionAt(call.parameters.id))],
  ['GET', '/config/:id/files', (call) => Object.entries(versionAt(call.parameters.id).files).map(([name, text]) => ({ name, size: Buffer.byteLength(text) }))],
  ['GET', '/config/:id/files/*', (call) => versionAt(call.parameters.id).files[call.parameters.rest] ?? (() => { throw refuse('not-found'); })()],
  ['GET', '/config/:id/diff/:other', (call) => diff(versionAt(call.parameters.id), versionAt(call.parameters.other))],
  ['POST', '/config/check', (call) => {
    const errors = (call.body.files ?? []).flatMap((file) => errorsOf(file.name, file.text));
    const warnings = (call.body.files ?? []).flatMap((file) => (file.text.includes('spelled="10*6/L"') ? [{ place: file.name, line: 22, column: 3, code: 'unit-overridden', sentence: 'The source reads a unit in another way than the analyte’s list.', advice: 'Right where the laboratory says so; else remove the source’s spelling.' }] : []));
    return { ...(errors.length === 0 && { hash: hexOf(77, 64) }), errors, warnings, cases: call.body.cases ? { passed: errors.length ? 0 : 61, failed: errors.length ? [] : [{ name: 'count-and-percent-under-one-label', file: 'sources/facs-lyric.cases', expected: 'stored CD4A 412 /uL at M3 for S-004', got: 'stored CD4A 0.412 10*9/L at M3 for S-004' }] } : { passed: 0, failed: [] } };
  }],
  ['POST', '/config/effect', async () => { await new Promise((done) => setTimeout(done, 400)); return effectOf(); }],
  ['POST', '/config/rollback', (call) => activate(call, call.body.to)],
  ['POST', '/config', (call) => {
    if (!call.body.reason) throw refuse('reason-needed');
    const parent = versionAt(call.body.parent);
    const id = String(Math.max(...versions.map((each) => Number(each.id))) + 1);
    versions.unshift({
      id, etag: `"c${id}-1"`, hash: hexOf(100 + Number(id), 64), parent: parent.id, author: call.session.account.display_name, author_id: call.session.account.id,
      at: new Date().toISOString(), reason: call.body.reason, state: 'proposed', files: { ...parent.files, ...Object.fromEntries(call.body.files.map(({ name, text }) => [name, text])) },
    });
    call.status = 201;
    return shown(versions[0]);
  }],
  ['POST', '/config/:id/activate', (call) => activate(call, call.parameters.id)],
  ['POST', '/explain', (call) => {
    const text = (call.body.message ?? '').replace(/\r?\n/g, '\r');
    if (!text.startsWith('MSH')) throw refuse('body-bad', 'The message does not begin with an MSH segment.');
    const like = messageOf('m-facs-lyric-4', {});
    const lines = like.observations.flatMap((each) => [
      `  ${each.place}  ${each.code} (${each.code_system})  ${each.value_reported} ${each.unit_reported}`,
      `    stored ${each.analyte} ${each.value_text} ${each.unit} at M3 for S-004`,
      ...each.lineage.map((step) => `      ${step.rule.padEnd(20)} ${step.text}`), '',
    ]);
    return { text: [`message ${text.split('|')[9] ?? ''} from facs-lyric (ORU^R01, 2.5)`, '', ...lines, '  balance: received 4 = stored 4 + held 0 + ignored 0', '  answer: AA'].join('\n'), message: null, answer: 'AA', balance: '' };
  }],
];
