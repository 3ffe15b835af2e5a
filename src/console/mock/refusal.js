const catalogue = {
  'sign-in-needed': [401, 'Sign in first.', 'Sign in; a session ends after its time or when the account changes.'],
  'sign-in-failed': [401, 'Name, password or code is not right.', 'Try again; after several failures the account is closed for a while.'],
  'second-factor-needed': [401, 'The account needs its one-time code too.', 'Enter the code of the authenticator.'],
  'account-locked': [423, 'The account is closed after too many failures.', 'Wait, or ask an administrator to open it.'],
  forbidden: [403, 'Your roles do not allow this.', 'Ask somebody whose role allows it, or an administrator for the role.'],
  'csrf-mismatch': [403, 'The request does not carry the session’s token.', 'Load the page again.'],
  'password-weak': [422, 'The password is too short or known to be common.', 'Use at least twelve characters that are not a known password.'],
  'signature-needed': [422, 'This needs a signature: your password and what it stands for.', 'Sign.'],
  'signature-failed': [403, 'The password of the signature is not right.', 'Try again.'],
  'reason-needed': [422, 'This needs a reason.', 'Say why.'],
  'body-bad': [400, 'The body of the request is not what this resource takes.', 'See /api/v1/openapi.json.'],
  'precondition-needed': [428, 'A change must name the version that it changes.', 'Send If-Match with the ETag that was read.'],
  'precondition-failed': [412, 'Somebody changed it meanwhile.', 'Read it again and decide anew.'],
  'four-eyes-same-person': [409, 'Whoever asked for it cannot approve it.', 'Another person with the right decides.'],
  'approval-stale': [409, 'What was to be approved has changed since.', 'Look at it again and ask anew.'],
  'approval-settled': [409, 'It is decided already.', 'Nothing to do.'],
  'not-found': [404, 'Nothing is stored under this id.', 'Check the id.'],
  'lock-state': [409, 'The scope is not in a state from which this is possible.', 'labrelay locks shows what is frozen and locked.'],
  'lock-outstanding': [409, 'Something is still outstanding in the scope, so it is not locked.', 'Settle each item, or accept it by signature.'],
  'registry-conflict': [409, 'The file contradicts a fact that is already registered.', 'Correct the file.'],
  internal: [500, 'labrelay failed on this request.', 'See the log of the mock.'],
};

export class Refusal extends Error {
  constructor(code, detail) {
    super(code);
    this.code = code;
    [this.status, this.title, this.advice] = catalogue[code] ?? catalogue.internal;
    this.detail = detail ?? this.title;
  }
  problem() {
    return {
      type: `about:blank#${this.code}`,
      title: this.title,
      status: this.status,
      code: this.code,
      detail: this.detail,
      instance: '',
      advice: this.advice,
    };
  }
}

export const refuse = (code, detail) => new Refusal(code, detail);

/** What a signature must carry; the mock knows one password. */
export function signed({ body, session }) {
  if (!body.signature?.password || !body.signature?.meaning) throw refuse('signature-needed');
  if (!session.signed && body.signature.name !== session.account.name) throw refuse('signature-failed');
  if (body.signature.password !== 'demo') throw refuse('signature-failed');
  session.signed = true;
}

export function unchanged(call, etag) {
  if (!call.etag) throw refuse('precondition-needed');
  if (call.etag !== etag) throw refuse('precondition-failed');
}

/** One page of `items` behind a cursor. */
export function pageOf(call, items, rest = {}) {
  const limit = Math.min(Number(call.query.get('limit') ?? 50), 500);
  const from = Number(call.query.get('after') ?? 0);
  return {
    items: items.slice(from, from + limit),
    next: from + limit < items.length ? String(from + limit) : null,
    total: items.length,
    ...rest,
  };
}
