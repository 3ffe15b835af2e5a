// A stand-in for the server: it answers the REST contract with synthetic, deterministic data, so that the
// page can be seen and tested without an engine. Nothing in it stands for a real person or laboratory.
//
//   node mock/server.js [--port 8099] [--page dist] [--now 2023-09-20T06:12:00Z]
import { createServer } from 'node:http';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { extname, join, normalize } from 'node:path';
import { refuse, Refusal } from './refusal.js';

const options = Object.fromEntries(
  process.argv.slice(2).reduce((pairs, word, at, all) => {
    if (word.startsWith('--')) pairs.push([word.slice(2), all[at + 1]]);
    return pairs;
  }, []),
);
const port = Number(options.port ?? 8099);
const page = options.page ?? new URL('../dist', import.meta.url).pathname;

// Every file of routes/ exports `routes`: [method, pattern, answer(request)].
const routes = [];
const folder = new URL('./routes/', import.meta.url);
for (const name of readdirSync(folder).sort()) {
  routes.push(...(await import(new URL(name, folder))).routes);
}

function find(method, path) {
  const given = path.split('/').filter(Boolean);
  for (const [verb, pattern, answer, rights = {}] of routes) {
    if (verb !== method) continue;
    const wanted = pattern.split('/').filter(Boolean);
    const parameters = {};
    const fits = wanted.every((part, at) => {
      if (part === '*') {
        parameters.rest = given.slice(at).map(decodeURIComponent).join('/');
        return given.length > at;
      }
      if (part.startsWith(':') && given[at] !== undefined) {
        parameters[part.slice(1)] = decodeURIComponent(given[at]);
        return true;
      }
      return part === given[at];
    });
    if (fits && (wanted.at(-1) === '*' || wanted.length === given.length)) return { answer, parameters, rights };
  }
  return null;
}

async function bodyOf(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  const text = Buffer.concat(parts).toString('utf8');
  if (text === '') return {};
  try {
    return JSON.parse(text);
  } catch {
    throw refuse('body-bad');
  }
}

const sessions = new Map();

function cookieOf(request) {
  return /labrelay_session=([\w-]+)/.exec(request.headers.cookie ?? '')?.[1] ?? '';
}

async function serveApi(request, response, url) {
  const path = url.pathname.slice('/api/v1'.length);
  const found = find(request.method, path);
  if (!found) throw refuse('not-found');
  const session = sessions.get(cookieOf(request)) ?? null;
  if (!found.rights.open && !session) throw refuse('sign-in-needed');
  if (session && request.method !== 'GET' && !found.rights.open && request.headers['x-csrf-token'] !== session.csrf) {
    throw refuse('csrf-mismatch');
  }
  const call = {
    session,
    sessions,
    parameters: found.parameters,
    query: url.searchParams,
    body: request.method === 'GET' ? {} : await bodyOf(request),
    etag: request.headers['if-match'] ?? null,
    request,
    response,
    set: (name, value) => response.setHeader(name, value),
    status: 200,
  };
  const data = await found.answer(call);
  if (response.headersSent) return;
  if (typeof data === 'string') {
    response.writeHead(call.status, { 'Content-Type': 'text/plain; charset=utf-8' });
    response.end(data);
  } else if (data === undefined) {
    response.writeHead(204);
    response.end();
  } else {
    if (data.etag) response.setHeader('ETag', data.etag);
    response.writeHead(call.status, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify(data));
  }
}

const types = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };

function servePage(response, path) {
  let file = join(page, normalize(path));
  if (!existsSync(file) || extname(file) === '') file = join(page, 'index.html');
  response.writeHead(200, {
    'Content-Type': types[extname(file)] ?? 'application/octet-stream',
    'Content-Security-Policy': "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    'X-Content-Type-Options': 'nosniff',
  });
  response.end(readFileSync(file));
}

const server = createServer(async (request, response) => {
  const url = new URL(request.url, 'http://mock');
  try {
    if (url.pathname.startsWith('/api/v1/')) await serveApi(request, response, url);
    else servePage(response, url.pathname);
  } catch (fault) {
    const refusal = fault instanceof Refusal ? fault : refuse('internal');
    if (!(fault instanceof Refusal)) console.error(fault);
    response.writeHead(refusal.status, { 'Content-Type': 'application/problem+json' });
    response.end(JSON.stringify(refusal.problem()));
  }
});
server.listen(port, '127.0.0.1', () => console.log(`mock on http://127.0.0.1:${server.address().port}`));
