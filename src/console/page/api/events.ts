import { signal } from '@preact/signals';
import { get } from './client';
import { furtherOf } from './job_order';
import type { Engine, Job, Me } from './types';

/** What the server tells by itself over /events, so that no view has to ask again and again. */
export const openProblems = signal(0);
export const engine = signal<Engine | null>(null);
export const jobs = signal<Record<string, Job>>({});
/** False while the stream is broken; the browser tries again by itself. */
export const inContact = signal(true);
/** True while the stream tells what changes. A view that must not miss anything asks by itself meanwhile. */
export const told = signal(false);

type Listener = (data: unknown) => void;
const listeners = new Map<string, Set<Listener>>();
let stream: EventSource | null = null;

/** Calls `listener` for each event of that name. Returns what stops it. */
export function onEvent<T>(name: string, listener: (data: T) => void): () => void {
  const all = listeners.get(name) ?? new Set();
  listeners.set(name, all);
  all.add(listener as Listener);
  return () => all.delete(listener as Listener);
}

const names = ['problems', 'engine', 'job', 'traffic', 'message'];

let asking = 0;
let silence = 0;
let untold = 0;

/** The server ends each stream after a while and the browser comes again: only a longer silence is a loss. */
const grace = 20_000;
/** A stream begins anew within two seconds, and its first events say what was missed. Where there is no room for one
 * more, the server opens it, says nothing and ends it: what counts is an event. */
const between = 5_000;

function askInstead(): void {
  clearInterval(asking);
  asking = window.setInterval(() => {
    get<Me>('/me')
      .then((me) => {
        inContact.value = true;
        openProblems.value = me.open_problems;
        engine.value = me.engine;
      })
      .catch(() => {
        inContact.value = false;
      });
  }, 30_000);
}

export function listen(): void {
  stopListening();
  stream = new EventSource('/api/v1/events');
  stream.onopen = () => {
    clearTimeout(silence);
    silence = 0;
    inContact.value = true;
  };
  stream.onerror = () => {
    clearTimeout(untold);
    untold = window.setTimeout(() => { told.value = false; }, between);
    // The browser goes on trying unless it was refused; then we ask at intervals.
    if (stream?.readyState === EventSource.CLOSED) askInstead();
    else if (!silence) silence = window.setTimeout(() => { inContact.value = false; }, grace);
  };
  for (const name of names) {
    stream.addEventListener(name, (event) => {
      let data: unknown;
      try {
        data = JSON.parse((event as MessageEvent<string>).data);
      } catch {
        return;
      }
      listeners.get(name)?.forEach((listener) => listener(data));
    });
  }
}

export function stopListening(): void {
  clearInterval(asking);
  clearTimeout(silence);
  clearTimeout(untold);
  silence = 0;
  told.value = false;
  stream?.close();
  stream = null;
}

onEvent<{ open: number }>('problems', (data) => {
  openProblems.value = data.open;
});
// Only what can change comes with the event; the version and the node stand in /me. It begins each stream.
onEvent<Partial<Engine>>('engine', (data) => {
  clearTimeout(untold);
  told.value = true;
  if (engine.value) engine.value = { ...engine.value, ...data };
});
onEvent<Job>('job', (data) => learnJobs([data]));

/** What was told, and what was asked for meanwhile, whichever is further: a job never goes back. */
export function learnJobs(learnt: Job[]): void {
  const known = { ...jobs.value };
  for (const job of learnt) known[job.id] = furtherOf(known[job.id], job);
  jobs.value = known;
}
