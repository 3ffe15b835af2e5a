import { messageList, messageOf } from '../data/messages.js';
import { marks, problems } from '../data/problems.js';
import { pageOf, refuse } from '../refusal.js';

const revealed = new Map();
const isRevealed = (call) => call.query.get('reveal') === 'yes' && (revealed.get(`${call.session.id} ${call.parameters.id}`) ?? 0) > Date.now();

function found(call) {
  const message = messageOf(call.parameters.id, { reveal: isRevealed(call), marks });
  if (!message) throw refuse('not-found');
  return message;
}

/** One message against another, segment by segment in their order. */
function diffOf(other, here) {
  const count = Math.max(here.segments.length, other.segments.length);
  const segments = Array.from({ length: count }, (_, at) => {
    const left = other.segments[at];
    const right = here.segments[at];
    const kind = !left ? 'added' : !right ? 'removed' : left.text === right.text ? 'same' : 'changed';
    const fields = kind !== 'changed' ? [] : right.fields.filter((field) => left.fields[field.number - 1]?.text !== field.text).map((field) => field.number);
    return { kind, id: (right ?? left).id, left: left?.text ?? '', right: right?.text ?? '', fields };
  });
  return { other: { message_id: other.message_id, control_id: other.control_id }, segments };
}

const subjects = ['S-001', 'S-002', 'S-003', 'S-004', 'S-006', 'S-007', 'S-008', 'S-009', 'SCR-010', 'S-014'];

export const routes = [
  ['GET', '/messages', (call) => {
    const source = call.query.get('source');
    const state = call.query.get('state');
    const id = call.query.get('control_id');
    return pageOf(call, messageList.filter((each) => (!source || each.source === source) && (!state || (state === 'held') === each.counts.held > 0) && (!id || each.control_id.includes(id))));
  }],
  ['GET', '/messages/:id', (call) => { const { raw: _raw, ...message } = found(call); return message; }],
  ['GET', '/messages/:id/raw', (call) => found(call).raw],
  ['GET', '/messages/:id/bytes', (call) => {
    const message = found(call);
    const bytes = Buffer.from(messageOf(call.parameters.id, { reveal: true, marks }).raw, 'utf8');
    if (message.masked) {
      for (const field of message.segments.flatMap((segment) => segment.fields)) {
        if (field.masked) bytes.fill('*', field.offset, field.offset + field.length);
      }
    }
    call.response.writeHead(200, { 'Content-Type': 'application/octet-stream' });
    call.response.end(bytes);
  }],
  ['POST', '/messages/:id/reveal', (call) => {
    if (!call.body.reason) throw refuse('reason-needed');
    const until = Date.now() + 15 * 60_000;
    revealed.set(`${call.session.id} ${call.parameters.id}`, until);
    return { until: new Date(until).toISOString() };
  }],
  ['GET', '/messages/:id/diff/last-good', (call) => { const here = found(call); return diffOf(messageOf(`m-${here.source}-31`, {}), here); }],
  // What the laboratory sent before it corrected a value.
  ['GET', '/messages/:id/diff/previous', (call) => {
    const here = found(call);
    if (here.source !== 'facs-lyric') return { other: null, segments: [] };
    return diffOf(messageOf(here.message_id, { marks: { [here.message_id]: { ...marks[here.message_id], text: { ...marks[here.message_id]?.text, cd4: 390 } } } }), here);
  }],
  ['GET', '/search', (call) => {
    const q = (call.query.get('q') ?? '').toLowerCase();
    const items = [
      ...subjects.filter((each) => each.toLowerCase().includes(q)).map((id) => ({ kind: 'subject', id, label: id, detail: 'NCT05872659 · QILU', href: `/subjects/${id}` })),
      ...messageList.filter((each) => each.control_id.toLowerCase().includes(q)).slice(0, 6).map((each) => ({ kind: 'message', id: each.message_id, label: each.control_id, detail: `${each.source} · ${each.message_type}`, href: `/messages/${each.message_id}` })),
      ...problems.filter((each) => each.state === 'open' && each.sentence.toLowerCase().includes(q)).slice(0, 5).map((each) => ({ kind: 'problem', id: each.id, label: each.sentence, detail: each.source, href: `/problems/${each.id}` })),
      ...['facs-lyric', 'lis-qilu', 'cobas-5800'].filter((each) => each.includes(q)).map((id) => ({ kind: 'source', id, label: id, detail: '', href: `/sources/${id}` })),
    ];
    return { items: items.slice(0, 12) };
  }],
];
