import { hexOf, hoursAgo } from '../data/clock.js';
import { pageOf, refuse, signed } from '../refusal.js';

const approvals = [
  {
    id: '1', etag: '"a1-1"', action: 'teach-code', object: 'cobas-6800 HIV1Q2', object_href: '/problems/4',
    content: { kind: 'teach-code', source: 'cobas-6800', code: 'HIV1Q2', system: '99ROC', analyte: 'HIVVL' }, content_sha256: hexOf(31, 64),
    asked_by: { id: 'A-02', name: 'Tom Berg' }, asked_at: hoursAgo(3), reason: 'The assay’s second version reports under this code; the laboratory’s letter of 10 September says so.',
    changes: [{ what: 'sources/cobas-6800.xml', before: '', after: '<observation code="HIV1Q2" system="99ROC" analyte="HIVVL" spelled="copies/mL"/>' }],
    preview: { total: 23, would_store: 21, still_held: 2, ignored: 0, changes_delivered: 0, examples: [], still: [{ rule: 'unknown-specimen', sentence: 'The specimen is not registered, so its patient is not known.', count: 2 }], delivered_changes: [] },
    state: 'pending', decided_by: null, decided_at: null, signature: null, expires_at: new Date(Date.now() + 5 * 86_400_000).toISOString(),
  },
  {
    id: '2', etag: '"a2-1"', action: 'accept-value', object: 'S-014 M3 CD4A', object_href: '/problems/3', content: { kind: 'accept-value' }, content_sha256: hexOf(32, 64),
    asked_by: { id: 'A-01', name: 'Mei Zhao' }, asked_at: hoursAgo(1), reason: 'The laboratory confirmed 621 by telephone; the written correction follows.',
    changes: [{ what: 'S-014 M3 CD4A', before: '612 /uL', after: '621 /uL' }],
    preview: { total: 1, would_store: 1, still_held: 0, ignored: 0, changes_delivered: 1, examples: [], still: [], delivered_changes: [{ result_id: 'r-7-2', subject: 'S-014', visit: 'M3', analyte: 'CD4A', from: '612', to: '621' }] },
    state: 'pending', decided_by: null, decided_at: null, signature: null, expires_at: null,
  },
  {
    id: '3', etag: '"a3-2"', action: 'move-specimen', object: 'A230620034', object_href: '/subjects/S-003', content: { kind: 'move-specimen', specimen: 'A230620034', from: 'S-003', to: 'S-004' }, content_sha256: hexOf(33, 64),
    asked_by: { id: 'A-01', name: 'Mei Zhao' }, asked_at: hoursAgo(80), reason: 'The tubes were swapped at the bedside; the site’s note to file is attached to the query.',
    changes: [{ what: 'A230620034', before: 'S-003', after: 'S-004' }], preview: null, state: 'applied', decided_by: 'Tom Berg', decided_at: hoursAgo(76),
    signature: { id: 's-9', name: 'Tom Berg', at: hoursAgo(76), meaning: 'approved' }, expires_at: null,
  },
];

export function ask(call, problem, preview) {
  const id = String(approvals.length + 1);
  const { signature: _signature, reason, reason_code, ...content } = call.body;
  approvals.unshift({
    id, etag: `"a${id}-1"`, action: call.body.kind, object: problem.object, object_href: `/problems/${problem.id}`, content, content_sha256: hexOf(40 + approvals.length, 64),
    asked_by: { id: call.session.account.id, name: call.session.account.display_name }, asked_at: new Date().toISOString(), reason: reason || reason_code,
    changes: Object.entries(content).filter(([name, value]) => name !== 'kind' && typeof value === 'string').map(([what, after]) => ({ what, before: '', after })),
    preview, state: 'pending', decided_by: null, decided_at: null, signature: null, expires_at: null,
  });
  return id;
}

const shown = (call, each) => ({ ...each, may_decide: each.state === 'pending' && each.asked_by.id !== call.session.account.id });

function pending(call) {
  const found = approvals.find((each) => each.id === call.parameters.id);
  if (!found) throw refuse('not-found');
  if (found.state !== 'pending') throw refuse('approval-settled');
  if (found.asked_by.id === call.session.account.id) throw refuse('four-eyes-same-person');
  return found;
}

export const routes = [
  ['GET', '/approvals', (call) => {
    const state = call.query.get('state') ?? 'pending';
    return pageOf(call, approvals.filter((each) => state === 'all' || each.state === state).map((each) => shown(call, each)));
  }],
  ['GET', '/approvals/:id', (call) => {
    const found = approvals.find((each) => each.id === call.parameters.id);
    if (!found) throw refuse('not-found');
    return shown(call, found);
  }],
  ['POST', '/approvals/:id/approve', (call) => {
    const found = pending(call);
    signed(call);
    const at = new Date().toISOString();
    const name = call.session.account.display_name;
    Object.assign(found, { state: 'applied', decided_by: name, decided_at: at, signature: { id: `s-${found.id}`, name, at, meaning: call.body.signature.meaning } });
    return shown(call, found);
  }],
  ['POST', '/approvals/:id/refuse', (call) => {
    const found = pending(call);
    if (!call.body.reason) throw refuse('reason-needed');
    Object.assign(found, { state: 'refused', decided_by: call.session.account.display_name, decided_at: new Date().toISOString() });
    return shown(call, found);
  }],
];
