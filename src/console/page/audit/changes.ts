export interface Change {
  name: string;
  before: string | null;
  after: string | null;
}

function asObject(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

function words(value: unknown): string | null {
  if (value === undefined || value === null || value === '') return null;
  if (typeof value === 'string') return value;
  return JSON.stringify(value);
}

/** What differs between two states of an object, name by name; whole texts have no name. */
export function changesBetween(before: unknown, after: unknown): Change[] {
  const left = asObject(before);
  const right = asObject(after);
  const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isRecord(left) && !isRecord(right)) {
    const change = { name: '', before: words(left), after: words(right) };
    return change.before === change.after ? [] : [change];
  }
  const l = isRecord(left) ? left : {};
  const r = isRecord(right) ? right : {};
  return [...new Set([...Object.keys(l), ...Object.keys(r)])]
    .map((name) => ({ name, before: words(l[name]), after: words(r[name]) }))
    .filter((each) => each.before !== each.after);
}

/** Where an object of the trail can be looked at. */
export function addressOf(kind: string, object: string): string | null {
  const pages: Record<string, string> = {
    problem: '/problems/', message: '/messages/', subject: '/subjects/', result: '/results/', source: '/sources/', account: '/settings/accounts?account=', configuration: '/config/', observation: '/messages/', approval: '/approvals/',
  };
  // `0CW….3` is the third result of a message.
  const id = kind === 'message' || kind === 'observation' ? object.split('.')[0]! : object;
  return object && pages[kind] ? pages[kind] + encodeURIComponent(id) : null;
}
