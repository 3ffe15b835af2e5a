import { pageOf, refuse } from '../refusal.js';
import { tell } from './session.js';

const jobs = [];

/** A job that takes some seconds, so that its progress can be seen. */
export function startJob(call, problem, preview, whenDone) {
  const job = {
    id: String(jobs.length + 1), kind: call.body.kind, state: 'running', total: preview.total, done: 0, stored: 0, held: 0, ignored: 0, failed: 0,
    started: new Date().toISOString(), ended: null, actor: call.session.account.display_name, problem: problem.id,
  };
  jobs.push(job);
  const step = Math.max(1, Math.ceil(job.total / 12));
  const timer = setInterval(() => {
    if (job.state !== 'running') return clearInterval(timer);
    job.done = Math.min(job.total, job.done + step);
    const share = job.total ? job.done / job.total : 1;
    job.stored = Math.round(preview.would_store * share);
    job.held = Math.round(preview.still_held * share);
    job.ignored = Math.round(preview.ignored * share);
    if (job.done === job.total) {
      job.state = 'done';
      job.ended = new Date().toISOString();
      clearInterval(timer);
      whenDone();
    }
    tell('job', job);
  }, 250);
  return job.id;
}

export const jobsOf = (problem) => jobs.filter((each) => !problem || each.problem === problem);

const jobOf = (call) => jobs.find((each) => each.id === call.parameters.id) ?? (() => { throw refuse('not-found'); })();

export const routes = [
  ['GET', '/jobs/:id', jobOf],
  ['GET', '/jobs/:id/items', (call) => pageOf(call, [])],
  ['POST', '/jobs/:id/undo/preview', (call) => { const job = jobOf(call); return { total: job.total, would_store: 0, still_held: job.total, ignored: 0, changes_delivered: 0, held_again: job.stored, four_eyes: false, examples: [], still: [], delivered_changes: [] }; }],
  ['POST', '/jobs/:id/undo', () => ({ job: null, approval: null })],
  ['POST', '/jobs/:id/stop', (call) => { const job = jobOf(call); job.state = 'stopped'; job.ended = new Date().toISOString(); tell('job', job); return job; }],
];
