import { now } from '../data/clock.js';
import { balanceOf, deliveries, node, sourceOf, sources, targets } from '../data/traffic.js';
import { pageOf, refuse } from '../refusal.js';

export const routes = [
  ['GET', '/traffic', (call) => ({ at: now.toISOString(), node, sources, balance: balanceOf(call.query.get('day') ?? now.toISOString().slice(0, 10)) })],
  ['GET', '/sources/:id', (call) => sourceOf(call.parameters.id) ?? (() => { throw refuse('not-found'); })()],
  ['GET', '/deliveries', (call) => {
    const target = call.query.get('target');
    const state = call.query.get('state');
    return pageOf(call, deliveries.filter((each) => (!target || each.target === target) && (!state || each.state === state)), { targets });
  }],
  ['POST', '/deliveries/:id/resend', (call) => {
    if (!call.body.reason) throw refuse('reason-needed');
    const found = deliveries.find((each) => each.id === call.parameters.id);
    if (!found) throw refuse('not-found');
    Object.assign(found, { state: 'pending', why: '', not_before: now.toISOString() });
    return found;
  }],
];
