import { daysAgo, hoursAgo } from '../data/clock.js';
import { pageOf, refuse } from '../refusal.js';

const soon = (days) => new Date(Date.now() + days * 86_400_000).toISOString();
export const queries = [
  {
    id: '1', etag: '"q1-1"', state: 'open', problem: '2', subject: null, recipient: 'Site QILU', due: soon(2), created: daysAgo(1), created_by: 'Mei Zhao',
    text: 'Results of specimen A230912005 (blood count, chemistry of 12 September 2023) name a patient who is in no registry. Is this SCR-010?',
    events: [{ at: daysAgo(1), actor: 'Mei Zhao', from: '', to: 'open', text: '' }],
  },
  {
    id: '2', etag: '"q2-2"', state: 'answered', problem: '6', subject: { id: 'S-003', label: 'S-003' }, recipient: 'Site QILU', due: soon(-1), created: daysAgo(3), created_by: 'Mei Zhao',
    text: 'The birth date in the LIS differs from the registry for S-003. Which one is right?',
    events: [
      { at: daysAgo(3), actor: 'Mei Zhao', from: '', to: 'open', text: '' },
      { at: hoursAgo(5), actor: 'Site QILU', from: 'open', to: 'answered', text: 'The registry is right; the LIS is being corrected.' },
    ],
  },
  {
    id: '3', etag: '"q3-1"', state: 'open', problem: '3', subject: { id: 'S-014', label: 'S-014' }, recipient: 'Laboratory QILU-FLOW', due: soon(5), created: hoursAgo(2), created_by: 'Tom Berg',
    text: 'CD4 of S-014, month 3, was reported as final 612 and then as final 621, without a correction status. Which value holds?',
    events: [{ at: hoursAgo(2), actor: 'Tom Berg', from: '', to: 'open', text: '' }],
  },
  {
    id: '4', etag: '"q4-3"', state: 'closed', problem: '101', subject: { id: 'S-007', label: 'S-007' }, recipient: 'Site QILU', due: daysAgo(8), created: daysAgo(12), created_by: 'Mei Zhao',
    text: 'At what time was the blood of 13 July 2023 drawn?',
    events: [
      { at: daysAgo(12), actor: 'Mei Zhao', from: '', to: 'open', text: '' },
      { at: daysAgo(10), actor: 'Site QILU', from: 'open', to: 'answered', text: 'At 08:20, before the infusion.' },
      { at: daysAgo(10), actor: 'Mei Zhao', from: 'answered', to: 'closed', text: '' },
    ],
  },
];

const next = { answer: 'answered', close: 'closed', reopen: 'open', cancel: 'cancelled' };

export const routes = [
  ['GET', '/queries/templates', () => ({ items: [
    { id: 'who', title: 'Who is it?', text: 'A result of {collected} names a patient who is in no registry. Which subject is it, if any?' },
    { id: 'time', title: 'When was it drawn?', text: 'At what time was the specimen of {collected} drawn?' },
    { id: 'value', title: 'Which value holds?', text: 'Two final values came for the same test. Which one holds?' },
  ] })],
  ['GET', '/queries', (call) => {
    const state = call.query.get('state') ?? 'all';
    return pageOf(call, queries.filter((each) => state === 'all' || each.state === state));
  }],
  ['POST', '/queries', (call) => {
    const { problem: asked = null, subject = null, recipient, text, due = null } = call.body;
    const problem = asked === null ? null : String(asked);
    if (!text || !recipient) throw refuse('body-bad');
    const actor = call.session.account.display_name;
    const query = {
      id: String(queries.length + 1), etag: `"q${queries.length + 1}-1"`, state: 'open', problem, subject: subject ? { id: subject, label: subject } : null, recipient, text, due,
      created: new Date().toISOString(), created_by: actor, events: [{ at: new Date().toISOString(), actor, from: '', to: 'open', text: '' }],
    };
    queries.unshift(query);
    call.status = 201;
    return query;
  }],
  ...Object.entries(next).map(([verb, state]) => ['POST', `/queries/:id/${verb}`, (call) => {
    const query = queries.find((each) => each.id === call.parameters.id);
    if (!query) throw refuse('not-found');
    query.events.push({ at: new Date().toISOString(), actor: call.session.account.display_name, from: query.state, to: state, text: call.body.text ?? '' });
    query.state = state;
    return query;
  }]),
];
