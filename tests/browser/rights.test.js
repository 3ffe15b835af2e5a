// What no role may do, asked for directly, on a server with the demo's data.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { ACCOUNTS, PASSWORD, signIn, startEngine } from './engine.js';

let engine;
const people = {};
let problems;
let message;

before(async () => {
  engine = await startEngine();
  for (const who of ['viewer', 'dataManager', 'secondDataManager', 'mapper', 'secondMapper', 'administrator', 'inspector']) {
    people[who] = await signIn(engine, ACCOUNTS[who]);
  }
  problems = (await people.dataManager.get('/problems?limit=100')).json.items;
  const first = await people.dataManager.get(`/problems/${problems[0].id}`);
  message = first.json.example.message_id;
});
after(() => engine?.stop());

const problemOf = (rule) => problems.find((each) => each.rule === rule);
const idOf = (who) => people[who].me.account.id;
const lastOfTrail = async () => (await people.inspector.get('/audit?limit=1')).json.items[0].id;

function isForbidden(answer, what) {
  assert.equal(answer.status, 403, `${what}: ${answer.status} ${answer.text.slice(0, 200)}`);
  assert.equal(answer.json.code, 'forbidden', what);
  assert.match(answer.headers.get('content-type'), /problem\+json/);
}

/** Every act of the desks, as somebody who has read the documentation would ask for it. */
function acts() {
  const code = problemOf('unknown-code');
  const patient = problemOf('unknown-subject');
  const value = problemOf('implausible-value');
  const reason = { reason_code: 'other', reason: 'trying' };
  const signature = { name: 'x', password: PASSWORD, meaning: 'responsible', declare: true };
  const files = [{ name: 'sources/lis-qilu.xml', text: '<source/>' }];
  const repair = (problem, body) => ['POST', `/problems/${problem.id}/repairs`, { ...reason, ...body }];
  return {
    'see problems': ['GET', '/problems'],
    'see a problem': ['GET', `/problems/${code.id}`],
    'see its results': ['GET', `/problems/${code.id}/items`],
    'see messages': ['GET', '/messages'],
    'see a message': ['GET', `/messages/${message}`],
    'see its text': ['GET', `/messages/${message}/raw`],
    'see its bytes': ['GET', `/messages/${message}/bytes`],
    explain: ['POST', '/explain', { message_id: message }],
    'see subjects': ['GET', '/subjects'],
    'see a subject': ['GET', '/subjects/1'],
    'see its curves': ['GET', '/subjects/1/series?analytes=CD4A'],
    'see a lineage': ['GET', '/results/1-1/lineage'],
    'see what is expected': ['GET', '/expected'],
    'see what is outstanding': ['GET', '/outstanding'],
    'see critical values': ['GET', '/critical'],
    'reveal a message': ['POST', `/messages/${message}/reveal`, reason],
    'reveal a subject': ['POST', '/subjects/1/reveal', reason],
    assign: ['PATCH', `/problems/${code.id}`, { assignee: 'me', reason: 'triage' }],
    dismiss: ['PATCH', `/problems/${code.id}`, { state: 'dismissed', ...reason }],
    comment: ['POST', `/problems/${code.id}/comments`, { text: 'trying' }],
    'assign many': ['POST', '/problems/bulk', { action: 'assign', ids: [Number(code.id)], assignee: 'me', ...reason }],
    'save a view': ['POST', '/views', { name: 'mine', query: 'state=open' }],
    'ask a site': ['POST', '/queries', { problem: Number(code.id), recipient: 'QILU', text: 'Which?', due: '2030-01-01' }],
    'link a patient': repair(patient, { kind: 'link-subject', subject: 1 }),
    'correct a subject': repair(problemOf('birth-date-contradicts'), { kind: 'correct-subject', subject: 3, fields: { sex: 'M' } }),
    'accept a value': repair(value, { kind: 'accept-value' }),
    'teach a code': repair(code, { kind: 'teach-code', source: 'lis-qilu', code: 'XQ77', system: 'L', analyte: 'ALT' }),
    'set aside': repair(code, { kind: 'not-for-study' }),
    'process again': repair(code, { kind: 'reprocess' }),
    'acknowledge a critical value': ['POST', `/critical/${message}.1/acknowledge`, { note: 'seen' }],
    'see files of mappings': ['GET', '/config/active/files'],
    'try what files would do': ['POST', '/config/effect', { files }],
    'propose files': ['POST', '/config', { files, ...reason }],
    'activate files': ['POST', '/config/1/activate', { ...reason, signature }],
    'go back to files': ['POST', '/config/rollback', { to: 1, ...reason, signature }],
    'see approvals': ['GET', '/approvals'],
    approve: ['POST', '/approvals/1/approve', { signature }],
    refuse: ['POST', '/approvals/1/refuse', reason],
    'see the audit trail': ['GET', '/audit'],
    'verify the audit trail': ['GET', '/audit/verify'],
    'take the audit trail away': ['GET', '/audit/export?format=csv'],
    'review the audit trail': ['POST', '/audit/reviews', { from: '2026-01-01', to: '2026-01-02', filter: '', finding: 'fine', signature }],
    'erase from the audit trail': ['POST', '/audit/1/erase', reason],
    'see accounts': ['GET', '/accounts'],
    'see who may do what': ['GET', '/access'],
    'make an account': ['POST', '/accounts', { name: 'mallory', display_name: 'Mallory', ...reason }],
    'close an account': ['PATCH', `/accounts/${idOf('viewer')}`, { state: 'disabled', ...reason }],
    'give a role': ['POST', `/accounts/${idOf('viewer')}/grants`, { role: 'administrator', study: '', site: '', training: 'x', ...reason }],
    'end a role': ['DELETE', `/accounts/${idOf('viewer')}/grants/1`, reason],
    'set a password': ['POST', `/accounts/${idOf('viewer')}/password`, reason],
    'see settings': ['GET', '/settings'],
    'see alarms': ['GET', '/alarms'],
    'test alarms': ['POST', '/alarms/test', {}],
    'see four eyes': ['GET', '/four-eyes'],
    'switch four eyes off': ['PUT', '/four-eyes/config.activate', { required: false, signature, ...reason }],
    'import subjects': ['POST', '/subjects', {}],
    'import specimens': ['POST', '/specimens', {}],
    'lock a visit': ['POST', '/locks', {}],
    'make an account as a command': ['POST', '/users', {}],
    'activate as a command': ['POST', '/config/command', {}],
  };
}

const commands = ['import subjects', 'import specimens', 'lock a visit', 'make an account as a command', 'activate as a command'];
const accountChanges = ['make an account', 'close an account', 'give a role', 'end a role', 'set a password'];
const repairs = ['link a patient', 'correct a subject', 'accept a value', 'teach a code', 'set aside', 'process again'];
const desk = ['assign', 'dismiss', 'comment', 'assign many', 'save a view', 'ask a site', ...repairs, 'acknowledge a critical value'];
const decisions = ['propose files', 'activate files', 'go back to files', 'approve', 'refuse'];
const settingsChanges = ['test alarms', 'switch four eyes off'];
const reading = [
  'see problems', 'see a problem', 'see its results', 'see messages', 'see a message', 'see its text', 'see its bytes', 'explain',
  'see subjects', 'see a subject', 'see its curves', 'see a lineage', 'see what is expected', 'see what is outstanding', 'see critical values',
];
const reveals = ['reveal a message', 'reveal a subject'];
/** Written down here by hand: the table of the server is what is judged. */
const forbidden = {
  viewer: [
    ...reveals, ...desk, ...decisions, 'try what files would do', 'see approvals', 'see the audit trail', 'verify the audit trail', 'take the audit trail away',
    'review the audit trail', 'erase from the audit trail', 'see accounts', 'see who may do what', ...accountChanges, 'see settings', 'see alarms', 'see four eyes', ...settingsChanges, ...commands,
  ],
  dataManager: ['try what files would do', 'propose files', 'see accounts', 'see who may do what', ...accountChanges, 'see settings', 'see alarms', 'see four eyes', ...settingsChanges, ...commands],
  mapper: [
    ...reveals, 'dismiss', 'link a patient', 'correct a subject', 'accept a value', 'set aside', 'acknowledge a critical value', 'take the audit trail away', 'review the audit trail',
    'erase from the audit trail', 'see accounts', 'see who may do what', ...accountChanges, 'see settings', 'see alarms', 'see four eyes', ...settingsChanges, ...commands,
  ],
  administrator: [...reading, ...reveals, ...desk, ...decisions, 'try what files would do', 'review the audit trail', 'erase from the audit trail', ...commands],
  inspector: [...desk, ...decisions, 'try what files would do', ...accountChanges, ...settingsChanges, ...commands],
};

for (const [who, what] of Object.entries(forbidden)) {
  test(`what the ${who} may not do is refused and leaves nothing behind`, async () => {
    const known = acts();
    const before = await lastOfTrail();
    for (const name of what) {
      const [method, resource, body] = known[name];
      isForbidden(await people[who].ask(method, resource, body, { 'If-Match': '0' }), `${who}: ${name}`);
    }
    assert.equal(await lastOfTrail(), before, 'the audit trail has a row that nobody made');
  });
}

test('a rejected delivery is sent again only by whom the table allows', async () => {
  for (const who of ['viewer', 'administrator', 'inspector']) {
    isForbidden(await people[who].ask('POST', '/deliveries/1/resend', { reason: 'trying' }), who);
  }
});

test('every operation of the documentation is closed to each role whose column says no', async () => {
  const { rows } = (await people.viewer.get('/permissions')).json;
  const column = { viewer: 'viewer', dataManager: 'data_manager', mapper: 'mapper', administrator: 'administrator', inspector: 'inspector' };
  const { paths } = (await people.viewer.get('/openapi.json')).json;
  let asked = 0;
  for (const [template, methods] of Object.entries(paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      const row = rows.find((each) => each.permission === operation['x-labrelay-access']);
      const resource = template.replace('/api/v1', '').replaceAll(/\{[^}]+\}/g, '1');
      for (const [who, name] of Object.entries(column)) {
        if (!row || row[name]) continue;
        isForbidden(await people[who].ask(method.toUpperCase(), resource, method === 'get' ? undefined : {}), `${who}: ${method} ${resource}`);
        asked += 1;
      }
    }
  }
  assert.ok(asked > 150, `${asked} asked`);
});

test('without a session only the sign-in form is served', async () => {
  const { paths } = (await people.viewer.get('/openapi.json')).json;
  for (const [template, methods] of Object.entries(paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      if (operation['x-labrelay-access'] === 'anyone') continue;
      const answer = await fetch(engine.url + template.replaceAll(/\{[^}]+\}/g, '1'), {
        method: method.toUpperCase(),
        ...(method !== 'get' && { headers: { 'Content-Type': 'application/json' }, body: '{}' }),
      });
      assert.equal(answer.status, 401, `${method} ${template}`);
      assert.equal((await answer.json()).code, 'sign-in-needed', `${method} ${template}`);
    }
  }
  const made = await fetch(`${engine.url}/api/v1/problems`, { headers: { Cookie: 'labrelay_session=guessed' } });
  assert.equal(made.status, 401);
});

test('a right without the token of the session changes nothing', async () => {
  const id = problemOf('unknown-code').id;
  const comments = async () => (await people.dataManager.get(`/problems/${id}`)).json.comments.length;
  const before = await comments();
  const stranger = people.secondDataManager.me.csrf;
  for (const headers of [{ 'X-CSRF-Token': '' }, { 'X-CSRF-Token': 'guessed' }, { 'X-CSRF-Token': stranger }, { Origin: 'http://elsewhere.example' }]) {
    const answer = await people.dataManager.ask('POST', `/problems/${id}/comments`, { text: 'from another page' }, headers);
    assert.equal(answer.status, 403, JSON.stringify(headers));
    assert.equal(answer.json.code, 'csrf-mismatch');
  }
  assert.equal(await comments(), before);
  assert.equal((await people.dataManager.ask('POST', `/problems/${id}/comments`, { text: 'from ours' })).status, 201);
  assert.equal(await comments(), before + 1);
});

test('what was refused for its token leaves no bytes for the next request of the connection', async () => {
  const { hostname, port } = new URL(engine.url);
  const smuggled = 'GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n';
  const socket = connect(Number(port), hostname);
  const [cookie, id] = [people.dataManager.cookie, problemOf('unknown-code').id];
  socket.end(`POST /api/v1/problems/${id}/comments HTTP/1.1\r\nHost: ${hostname}:${port}\r\nCookie: ${cookie}\r\nContent-Length: ${smuggled.length}\r\n\r\n${smuggled}`);
  let said = '';
  for await (const piece of socket) said += piece;
  assert.match(said, /^HTTP\/1.1 403/);
  assert.equal(said.match(/HTTP\/1\.1 \d/g).length, 1, 'a body was answered as a request');
});

test('a session that was left is no session', async () => {
  const gone = await signIn(engine, ACCOUNTS.viewer);
  assert.equal((await gone.get('/problems')).status, 200);
  assert.equal((await gone.ask('DELETE', '/session')).status, 204);
  assert.equal((await gone.get('/problems')).status, 401);
});

test('a role at another site sees and changes nothing of this one', async () => {
  const there = engine.addAccount({ name: 'sana', display: 'Sana Ito', role: 'data-manager' }, '--study', 'NCT05872659', '--site', 'ELSEWHERE');
  const here = engine.addAccount({ name: 'qing', display: 'Qing Wu', role: 'data-manager' }, '--study', 'NCT05872659', '--site', 'QILU');
  const [far, near] = [await signIn(engine, there), await signIn(engine, here)];
  const code = problemOf('unknown-code');

  assert.deepEqual((await far.get('/subjects')).json.items, []);
  assert.deepEqual((await far.get('/critical?state=all')).json.items, []);
  assert.deepEqual((await far.get('/search?q=S-003')).json.items, []);
  assert.equal((await far.get('/subjects/1')).status, 404);
  assert.equal((await far.get('/results/1-1/lineage')).status, 404);
  assert.equal((await far.get(`/messages/${message}`)).status, 404);
  const seen = (await far.get('/problems?limit=100')).json;
  assert.ok(seen.items.every((each) => !each.sites.includes('QILU')), JSON.stringify(seen.items.map((each) => each.sentence)));
  assert.notEqual((await far.get(`/problems/${code.id}`)).status, 200);
  for (const [method, resource, body] of [
    ['PATCH', `/problems/${code.id}`, { assignee: 'me', reason: 'triage' }],
    ['POST', `/problems/${code.id}/comments`, { text: 'from afar' }],
    ['POST', `/problems/${code.id}/repairs`, { kind: 'reprocess', reason_code: 'other', reason: 'from afar' }],
    ['POST', `/problems/${code.id}/repairs`, { kind: 'not-for-study', reason_code: 'other', reason: 'from afar' }],
    ['POST', '/subjects/1/reveal', { reason: 'from afar' }],
    ['POST', `/messages/${message}/reveal`, { reason: 'from afar' }],
  ]) {
    const answer = await far.ask(method, resource, body, { 'If-Match': code.etag });
    assert.ok([403, 404].includes(answer.status), `${method} ${resource} ${JSON.stringify(body)}: ${answer.status} ${answer.text.slice(0, 200)}`);
  }

  assert.equal((await near.get('/subjects')).json.items.length, 10);
  assert.equal((await near.get(`/problems/${code.id}`)).status, 200);
  assert.equal((await near.ask('POST', `/problems/${code.id}/comments`, { text: 'from here' })).status, 201);
});

test('the administrator is told nothing of a patient, even where a search or a stream could say it', async () => {
  const hits = (await people.administrator.get('/search?q=S-003')).json.items;
  assert.deepEqual(hits.filter((each) => each.kind !== 'source'), []);
  const traffic = (await people.administrator.get('/traffic')).text;
  assert.ok(!/S-00\d|SCR-0/.test(traffic));
  const trail = (await people.administrator.get('/audit?limit=500')).text;
  for (const name of ['QILU-MRN:0', 'QILU-MRN:1']) assert.ok(!trail.includes(name), name);
});

test('nobody approves what they asked for, nor activates what they wrote', async () => {
  const code = problemOf('unknown-code');
  const asked = await people.mapper.ask('POST', `/problems/${code.id}/repairs`, {
    kind: 'teach-code', source: 'lis-qilu', code: 'XQ77', system: 'L', analyte: 'ALT', reason_code: 'mapping-missing', reason: 'The laboratory has a new code.',
  });
  assert.equal(asked.status, 202, asked.text);
  assert.equal(asked.json.job, null);
  const approval = (await people.mapper.get(`/approvals/${asked.json.approval}`)).json;
  assert.equal(approval.state, 'pending');
  const signature = { name: 'jonas', password: PASSWORD, meaning: 'approved', declare: true };
  const own = await people.mapper.ask('POST', `/approvals/${approval.id}/approve`, { signature }, { 'If-Match': approval.etag });
  assert.equal(own.status, 409, own.text);
  assert.equal(own.json.code, 'four-eyes-same-person');

  // A second session of the same person is the same person.
  const again = await signIn(engine, ACCOUNTS.mapper);
  assert.equal((await again.ask('POST', `/approvals/${approval.id}/approve`, { signature }, { 'If-Match': approval.etag })).status, 409);
  assert.equal((await people.mapper.get(`/approvals/${approval.id}`)).json.state, 'pending');

  const file = 'sources/lis-qilu.xml';
  const text = (await people.mapper.get(`/config/active/files/${file}`)).text;
  const proposed = await people.mapper.ask('POST', '/config', { files: [{ name: file, text: `${text}\n<!-- seen -->\n` }], reason: 'A remark' });
  assert.equal(proposed.status, 201, proposed.text);
  const activated = await people.mapper.ask('POST', `/config/${proposed.json.id}/activate`, { reason: 'mine', signature });
  assert.equal(activated.status, 409, activated.text);
  assert.equal(activated.json.code, 'four-eyes-same-person');
  assert.equal((await people.mapper.get(`/config/${proposed.json.id}`)).json.state, 'proposed');

  const refused = await people.secondMapper.ask('POST', `/approvals/${approval.id}/refuse`, { reason: 'Not this analyte.' }, { 'If-Match': approval.etag });
  assert.equal(refused.status, 200, refused.text);
  const problem = (await people.mapper.get(`/problems/${code.id}`)).json;
  assert.equal(problem.state, 'open');
});

test('nobody changes their own roles, and an approval needs the password', async () => {
  const me = people.administrator.me.account.id;
  const own = await people.administrator.ask('POST', `/accounts/${me}/grants`, { role: 'data manager', study: '', site: '', training: 'x', reason: 'more' });
  assert.ok([403, 409, 422].includes(own.status), `${own.status} ${own.text}`);
  assert.equal((await people.administrator.get(`/accounts/${me}`)).json.grants.length, 1);

  const unit = problemOf('unknown-unit');
  const asked = await people.dataManager.ask('POST', `/problems/${unit.id}/repairs`, {
    kind: 'teach-unit', source: 'lis-qilu', code: '1742-6', system: 'LN', analyte: 'ALT', spelled: '卡门单位', as: 'U/L', reason_code: 'mapping-missing', reason: 'Karmen units.',
  });
  assert.equal(asked.status, 202, asked.text);
  const approval = (await people.secondDataManager.get(`/approvals/${asked.json.approval}`)).json;
  const approve = (signature) => people.secondDataManager.ask('POST', `/approvals/${approval.id}/approve`, { ...(signature && { signature }) }, { 'If-Match': approval.etag });
  assert.equal((await approve(null)).json.code, 'signature-needed');
  assert.equal((await approve({ name: 'omar', password: 'not this one', meaning: 'approved', declare: true })).json.code, 'signature-failed');
  assert.equal((await approve({ name: 'mei', password: PASSWORD, meaning: 'approved', declare: true })).json.code, 'signature-failed');
  assert.equal((await people.secondDataManager.get(`/approvals/${approval.id}`)).json.state, 'pending');
  const taken = await people.dataManager.ask('POST', `/approvals/${approval.id}/refuse`, { reason: 'Taken back.' }, { 'If-Match': approval.etag });
  assert.ok([200, 409].includes(taken.status), `${taken.status} ${taken.text}`);
});
