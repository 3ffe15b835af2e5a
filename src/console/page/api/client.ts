import { session } from '../frame/session';

/** A refusal of the server (problem+json), or that it could not be reached (status 0). */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly title: string,
    readonly detail: string,
    readonly advice: string,
  ) {
    super(title);
  }
}

export interface Answer<T> {
  data: T;
  etag: string | null;
}

const root = '/api/v1';

async function refusal(response: Response): Promise<ApiError> {
  const text = await response.text();
  try {
    const problem = JSON.parse(text) as Record<string, unknown>;
    const word = (name: string) => (typeof problem[name] === 'string' ? (problem[name] as string) : '');
    return new ApiError(response.status, word('code'), word('title'), word('detail'), word('advice'));
  } catch {
    // A proxy before the server answers in its own words; they are of no use to a reader.
    return new ApiError(response.status, 'unreadable-answer', '', '', '');
  }
}

export interface SendOptions {
  body?: unknown;
  etag?: string | null;
  signal?: AbortSignal;
  /** What a sign-in itself answers with must not end the session that is being made. */
  signingIn?: boolean;
}

async function request(method: string, path: string, options: SendOptions): Promise<Response> {
  const headers: Record<string, string> = { Accept: 'application/json, text/plain;q=0.9' };
  if (options.body !== undefined) headers['Content-Type'] = 'application/json';
  if (options.etag) headers['If-Match'] = options.etag;
  const csrf = session.value?.csrf;
  if (method !== 'GET' && csrf) headers['X-CSRF-Token'] = csrf;
  let response: Response;
  try {
    response = await fetch(root + path, {
      method,
      headers,
      body: options.body === undefined ? null : JSON.stringify(options.body),
      credentials: 'same-origin',
      signal: options.signal ?? null,
    });
  } catch (fault) {
    if (fault instanceof DOMException && fault.name === 'AbortError') throw fault;
    throw new ApiError(0, 'unreachable', '', '', '');
  }
  if (response.ok) return response;
  const error = await refusal(response);
  if (error.status === 401 && !options.signingIn) session.end();
  throw error;
}

async function readJson<T>(response: Response): Promise<T> {
  if (response.status === 204) return undefined as T;
  const text = await response.text();
  return (text === '' ? undefined : JSON.parse(text)) as T;
}

export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return readJson<T>(await request('GET', path, signal ? { signal } : {}));
}

export async function getText(path: string, signal?: AbortSignal): Promise<string> {
  return (await request('GET', path, signal ? { signal } : {})).text();
}

export async function getBytes(path: string): Promise<Uint8Array> {
  return new Uint8Array(await (await request('GET', path, {})).arrayBuffer());
}

export async function getWithEtag<T>(path: string, signal?: AbortSignal): Promise<Answer<T>> {
  const response = await request('GET', path, signal ? { signal } : {});
  return { data: await readJson<T>(response), etag: response.headers.get('ETag') };
}

export async function send<T = void>(
  method: 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  path: string,
  body?: unknown,
  options: Omit<SendOptions, 'body'> = {},
): Promise<T> {
  return readJson<T>(await request(method, path, body === undefined ? options : { ...options, body }));
}

/** `/problems` and {state: 'open', source: ''} give `/problems?state=open`: what is empty is left out. */
export function withQuery(path: string, query: Record<string, string | number | null | undefined>): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== '') parameters.set(name, String(value));
  }
  const text = parameters.toString();
  return text === '' ? path : `${path}${path.includes('?') ? '&' : '?'}${text}`;
}
