import { accounts } from '../data/accounts.js';
import { itemsOf, previewOf, problems } from '../data/problems.js';
import { pageOf, refuse, signed, unchanged } from '../refusal.js';
import { startJob, jobsOf } from './jobs.js';
import { queries } from './queries.js';
import { ask } from './approvals.js';
import { tell } from './session.js';

const views = [
  { id: 'v1', name: 'Flow cytometer', query: 'source=facs-lyric' },
  { id: 'v2', name: 'Oldest first', query: 'sort=age' },
];

const between = (from, to) => (each) => each.age_hours >= from && each.age_hours < to;
const ages = [['day', 'under a day', between(0, 24)], ['week', 'under a week', between(24, 168)], ['month', 'under a month', between(168, 720)], ['older', 'a month or more', between(720, Infinity)]];

const tests = {
  state: (each, value) => value === 'all' || each.state === value,
  source: (each, value) => each.source === value,
  rule: (each, value) => each.rule === value,
  assignee: (each, value, me) => (value === 'none' ? !each.assignee : each.assignee?.id === (value === 'me' ? me.id : value)),
  age: (each, value) => ages.find(([key]) => key === value)?.[2](each) ?? true,
  snoozed: (each, value) => (value === 'true') === !!each.snoozed_until,
  q: (each, value) => `${each.sentence} ${each.object} ${each.source}`.toLowerCase().includes(value.toLowerCase()),
};

function chosen(call, without) {
  return problems.filter((each) =>
    Object.entries(tests).every(([name, test]) => {
      const value = call.query.get(name) ?? (name === 'state' ? 'open' : name === 'snoozed' ? 'no' : '');
      return name === without || value === '' || test(each, value, call.session.account);
    }),
  );
}

function facet(call, name, valueOf, labelOf = (value) => value) {
  const counts = new Map();
  for (const each of chosen(call, name)) {
    const value = valueOf(each);
    if (value) counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  return [...counts].map(([value, count]) => ({ value, label: labelOf(value), count })).sort((a, b) => b.count - a.count);
}

const orders = {
  risk: (a, b) => b.risk - a.risk || b.held - a.held,
  age: (a, b) => b.age_hours - a.age_hours,
  size: (a, b) => b.held - a.held,
};

const bare = ({ case: _case, detail: _detail, ...rest }) => rest;

function problemOf(call) {
  const found = problems.find((each) => each.id === call.parameters.id);
  if (!found) throw refuse('not-found');
  return found;
}

function full(problem) {
  return { ...bare(problem), ...problem.detail, queries: queries.filter((each) => each.problem === problem.id) };
}

let revision = 10;
function touched(problem) {
  revision += 1;
  problem.etag = `"p${problem.id}-${revision}"`;
}

function noted(call, problem, kind, text) {
  problem.detail.history.push({ id: problem.detail.history.length + 1, at: new Date().toISOString(), actor: call.session.account.display_name, kind, text });
  touched(problem);
}

function tellCount() {
  tell('problems', { open: problems.filter((each) => each.state === 'open').length });
}

export const routes = [
  ['GET', '/problems', (call) => {
    const items = chosen(call).sort(orders[call.query.get('sort')] ?? orders.risk);
    const names = new Map(problems.filter((each) => each.assignee).map((each) => [each.assignee.id, each.assignee.name]));
    const is = (state) => problems.filter((each) => each.state === state).length;
    const page = pageOf(call, items);
    return {
      ...page,
      items: page.items.map(bare),
      facets: {
        source: facet(call, 'source', (each) => each.source),
        rule: facet(call, 'rule', (each) => each.rule),
        assignee: facet(call, 'assignee', (each) => each.assignee?.id ?? 'none', (id) => names.get(id) ?? id),
        age: facet(call, 'age', (each) => ages.find(([, , fits]) => fits(each))?.[0], (key) => ages.find(([each]) => each === key)[1]),
      },
      counts: { open: is('open'), in_review: is('in review'), resolved_week: is('resolved') },
    };
  }],
  ['GET', '/problems/:id', (call) => full(problemOf(call))],
  ['GET', '/problems/:id/items', (call) => pageOf(call, itemsOf(problemOf(call)))],
  ['PATCH', '/problems/:id', (call) => {
    const problem = problemOf(call);
    unchanged(call, problem.etag);
    const { state, assignee, snooze_until } = call.body;
    if (state) {
      const before = problem.state;
      problem.state = state;
      noted(call, problem, 'state', `${before} to ${state}: ${call.body.reason}`);
    }
    if (assignee !== undefined) {
      const before = problem.assignee?.name ?? null;
      const account = Object.values(accounts).find((each) => each.id === (assignee === 'me' ? call.session.account.id : assignee));
      problem.assignee = account ? { id: account.id, name: account.display_name } : null;
      noted(call, problem, 'assign', problem.assignee ? `given to ${problem.assignee.name}` : 'given to nobody');
    }
    if (snooze_until !== undefined) {
      problem.snoozed_until = snooze_until;
      noted(call, problem, 'snooze', snooze_until ? `put away until ${snooze_until}` : 'awake');
    }
    tellCount();
    return full(problem);
  }],
  ['POST', '/problems/:id/comments', (call) => {
    const problem = problemOf(call);
    problem.detail.comments.push({ id: `c${revision}`, at: new Date().toISOString(), actor: call.session.account.display_name, text: call.body.text, kind: 'comment' });
    touched(problem);
    return full(problem);
  }],
  ['POST', '/problems/:id/repairs/preview', async (call) => {
    await new Promise((resolve) => setTimeout(resolve, 250));
    return previewOf(problemOf(call), call.body);
  }],
  ['POST', '/problems/:id/repairs', (call) => {
    const problem = problemOf(call);
    if (!call.body.reason_code) throw refuse('reason-needed');
    const repair = problem.detail.repairs.find((each) => each.kind === call.body.kind);
    if (call.body.kind === 'accept-value') signed(call);
    call.status = 202;
    if (repair?.four_eyes) return { job: null, approval: ask(call, problem, previewOf(problem, call.body)) };
    const preview = previewOf(problem, call.body);
    return { job: startJob(call, problem, preview, () => { problem.held = preview.still_held; problem.case = { ...problem.case, held: preview.still_held }; if (!preview.still_held) problem.state = 'resolved'; noted(call, problem, 'state', `open to ${problem.state}`); tellCount(); }), approval: null };
  }],
  ['POST', '/problems/bulk', (call) => {
    const refused = [];
    let changed = 0;
    for (const id of call.body.ids) {
      const problem = problems.find((each) => each.id === String(id));
      if (!problem) { refused.push({ id, code: 'not-found', title: 'Nothing is stored under this id.' }); continue; }
      if (call.body.action === 'assign') problem.assignee = { id: call.session.account.id, name: call.session.account.display_name };
      if (call.body.action === 'snooze') problem.snoozed_until = call.body.snooze_until;
      if (call.body.action === 'dismiss') problem.state = 'dismissed';
      noted(call, problem, call.body.action, call.body.action);
      changed += 1;
    }
    tellCount();
    return { changed, refused };
  }],
  ['GET', '/assignees', () => ({ items: Object.values(accounts).map(({ id, name, display_name }) => ({ id, name, display_name })) })],
  ['GET', '/jobs', (call) => ({ items: jobsOf(call.query.get('problem')) })],
  ['GET', '/views', () => ({ items: views, next: null, total: views.length })],
  ['POST', '/views', (call) => { const view = { id: `v${views.length + 1}`, name: call.body.name, query: call.body.query }; views.push(view); call.status = 201; return view; }],
  ['DELETE', '/views/:id', (call) => void views.splice(views.findIndex((each) => each.id === call.parameters.id), 1)],
];
