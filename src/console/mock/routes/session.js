import { accounts, engine, studies } from '../data/accounts.js';
import { problems } from '../data/problems.js';
import { refuse } from '../refusal.js';

let count = 0;

function me(session) {
  const { permissions, ...account } = session.account;
  return {
    account: { ...account, signing: { name_needed: !session.signed, declaration: session.signed || account.name !== 'tom' ? null : 'My electronic signature in this system is mine alone …' } },
    permissions,
    everywhere: account.roles.some((each) => !each.study) ? permissions : [],
    studies,
    csrf: session.csrf,
    expires_at: new Date(Date.now() + 30 * 60_000).toISOString(),
    engine,
    open_problems: problems.filter((each) => each.state === 'open' && (!each.assignee || each.assignee.id === account.id)).length,
    oidc: false,
  };
}

const watching = new Set();
/** Tells every open page. */
export function tell(name, data) {
  for (const response of watching) response.write(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
}

export const routes = [
  ['GET', '/session', () => ({ oidc: false }), { open: true }],
  [
    'POST',
    '/session',
    (call) => {
      const account = accounts[call.body.name];
      if (!account || call.body.password !== 'demo') throw refuse('sign-in-failed');
      if (account.second_factor && !call.body.code) throw refuse('second-factor-needed');
      if (account.second_factor && call.body.code !== '123456') throw refuse('sign-in-failed');
      count += 1;
      const session = { id: `mock-${account.id}-${count}`, csrf: `csrf-${count}`, account: { ...account } };
      call.sessions.set(session.id, session);
      call.set('Set-Cookie', `labrelay_session=${session.id}; Path=/; HttpOnly; SameSite=Strict`);
      return me(session);
    },
    { open: true },
  ],
  ['DELETE', '/session', (call) => void call.sessions.delete(call.session.id)],
  ['GET', '/me', (call) => me(call.session)],
  [
    'POST',
    '/me/password',
    (call) => {
      if (call.body.current !== 'demo') throw refuse('sign-in-failed');
      if (call.body.new.length < 12) throw refuse('password-weak');
      call.session.account.must_change_password = false;
    },
  ],
  [
    'POST',
    '/me/second-factor',
    (call) => ({
      secret: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP',
      uri: `otpauth://totp/labrelay:${call.session.account.name}?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=labrelay`,
    }),
  ],
  [
    'PUT',
    '/me/second-factor',
    (call) => {
      if (call.body.code !== '123456') throw refuse('sign-in-failed');
      call.session.account.second_factor = true;
    },
  ],
  ['DELETE', '/me/second-factor', (call) => void (call.session.account.second_factor = false)],
  [
    'GET',
    '/events',
    (call) => {
      call.response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
      call.response.write(`event: engine\ndata: ${JSON.stringify(engine)}\n\n`);
      watching.add(call.response);
      call.request.on('close', () => watching.delete(call.response));
    },
  ],
];
