import { audit, reviews } from '../data/audit.js';
import { now } from '../data/clock.js';
import { channels, critical, fourEyes, incidents, people, permissionTable, serverSettings } from '../data/settings.js';
import { pageOf, refuse, signed, unchanged } from '../refusal.js';

const accountOf = (call) => people.find((each) => each.id === call.parameters.id) ?? (() => { throw refuse('not-found'); })();
const needsReason = (call) => { if (!call.body.reason) throw refuse('reason-needed'); };
const touch = (account) => { account.etag = `"${account.id}-${Date.now()}"`; return account; };
/** With what the person may do with it: nobody of the mock administers one study only. */
const shown = (call, each) => {
  const changes = call.session.account.permissions.includes('accounts.change') && call.session.account.id !== each.id;
  return { ...each, may_change: changes, may_give: changes, grants: each.grants.map((grant) => ({ ...grant, may_end: changes && grant.active })) };
};

function filtered(call) {
  const of = (name) => (call.query.get(name) ?? '').toLowerCase();
  return audit.filter((each) => (!of('from') || each.at >= of('from')) && (!of('to') || each.at < of('to')) && (!of('actor') || each.actor.toLowerCase().includes(of('actor')))
    && (!of('kind') || each.kind === of('kind')) && (!of('object') || each.object.toLowerCase().includes(of('object'))) && (!of('q') || `${each.what} ${each.reason ?? ''} ${each.object} ${each.actor}`.toLowerCase().includes(of('q'))));
}

export const routes = [
  ['GET', '/audit', (call) => pageOf(call, filtered(call))],
  ['GET', '/audit/kinds', () => ({ items: [...new Set(audit.map((each) => each.kind))].sort().map((kind) => ({ kind })), next: null, total: null })],
  ['GET', '/audit/verify', () => ({ ok: true, rows: 48_210, first_bad: null, not_proven: ['That no rows were taken off the end since the last anchor, 40 minutes ago: compare the digests in the log.'], anchors: 1204 })],
  ['GET', '/audit/export', (call) => ['id,at,actor,what,object,reason', ...filtered(call).map((each) => [each.id, each.at, each.actor, each.what, each.object, each.reason ?? ''].join(','))].join('\n')],
  ['GET', '/audit/reviews', (call) => pageOf(call, reviews)],
  ['POST', '/audit/reviews', (call) => {
    signed(call);
    const made = { id: String(reviews.length + 1), from: call.body.from, to: call.body.to, filter: call.body.filter, finding: call.body.finding, actor: call.session.account.name, at: now.toISOString(), signature: { id: '1', name: call.session.account.display_name, meaning: call.body.signature.meaning } };
    reviews.unshift(made);
    call.status = 201;
    return made;
  }],
  ['GET', '/accounts', (call) => pageOf(call, people.map((each) => shown(call, each)))],
  ['POST', '/accounts', (call) => {
    const made = { id: `A-${String(people.length + 1).padStart(2, '0')}`, etag: '"1"', name: call.body.name, display_name: call.body.display_name, state: 'active', locked_until: null, second_factor: false, must_change_password: true, created: now.toISOString(), grants: [] };
    people.push(made);
    call.status = 201;
    return { ...shown(call, made), initial_password: 'rich-lamp-quiet-harbour' };
  }],
  ['GET', '/accounts/:id', (call) => shown(call, accountOf(call))],
  ['PATCH', '/accounts/:id', (call) => {
    const account = accountOf(call);
    unchanged(call, account.etag);
    needsReason(call);
    if (call.body.state) account.state = call.body.state;
    if (call.body.unlock) account.locked_until = null;
    return shown(call, touch(account));
  }],
  ['POST', '/accounts/:id/password', (call) => { needsReason(call); touch(accountOf(call)).must_change_password = true; return { initial_password: 'calm-river-seven-stones' }; }],
  ['DELETE', '/accounts/:id/second-factor', (call) => { needsReason(call); touch(accountOf(call)).second_factor = false; }],
  ['POST', '/accounts/:id/grants', (call) => {
    needsReason(call);
    const { role, study, site, training, reason } = call.body;
    const made = { id: `G-${Date.now()}`, role, study, site, training, from: now.toISOString(), until: null, granted_by: call.session.account.display_name, ended_by: null, reason, active: true };
    touch(accountOf(call)).grants.unshift(made);
    call.status = 201;
    return made;
  }],
  ['DELETE', '/accounts/:id/grants/:grant', (call) => {
    needsReason(call);
    const grant = touch(accountOf(call)).grants.find((each) => each.id === call.parameters.grant);
    Object.assign(grant, { active: false, until: now.toISOString(), ended_by: call.session.account.display_name });
  }],
  ['GET', '/access', (call) => {
    const at = call.query.get('at') ? `${call.query.get('at')}T23:59:59Z` : now.toISOString();
    const items = people.flatMap((each) => each.grants.filter((grant) => grant.from <= at && (!grant.until || grant.until > at)).map((grant) => ({ account: { id: each.id, name: each.name, display_name: each.display_name }, state: each.state, ...grant })));
    return pageOf(call, items, { at });
  }],
  ['GET', '/permissions', () => permissionTable],
  ['GET', '/four-eyes', () => ({ items: fourEyes })],
  ['PUT', '/four-eyes/:action', (call) => {
    needsReason(call);
    signed(call);
    return Object.assign(fourEyes.find((each) => each.action === call.parameters.action), { required: call.body.required, changed_by: call.session.account.display_name, changed_at: now.toISOString() });
  }],
  ['GET', '/alarms', (call) => pageOf(call, incidents, { channels })],
  ['POST', '/alarms/test', (call) => (call.body.channel === 'syslog' ? { sent: [], failed: [{ channel: 'syslog', why: 'connection refused' }] } : { sent: [call.body.channel], failed: [] })],
  ['GET', '/critical', (call) => pageOf(call, critical.filter((each) => call.query.get('state') === 'all' || !each.acknowledged_at))],
  ['POST', '/critical/:id/acknowledge', (call) => {
    if (!call.body.note) throw refuse('reason-needed');
    return Object.assign(critical.find((each) => each.id === call.parameters.id), { acknowledged_by: call.session.account.display_name, acknowledged_at: now.toISOString(), note: call.body.note });
  }],
  ['GET', '/settings', () => ({ items: serverSettings })],
];
