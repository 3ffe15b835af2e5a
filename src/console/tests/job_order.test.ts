import assert from 'node:assert/strict';
import test from 'node:test';
import { furtherOf } from '../page/api/job_order';
import type { Job } from '../page/api/types';

const job = (done: number, ended: string | null = null): Job => ({
  id: '7', kind: 'reprocess', state: ended ? 'done' : 'running', total: 10, done, stored: done, held: 0, ignored: 0, failed: 0, started: null, ended, actor: 'mei',
});

test('a job never goes back, whichever answer comes last', () => {
  const rows: [string, Job | undefined, Job, Job][] = [
    ['nothing was known', undefined, job(1), job(1)],
    ['further', job(3), job(5), job(5)],
    ['an older answer comes late', job(5), job(3), job(5)],
    ['it ended', job(5), job(10, '2026-11-29T10:00:00Z'), job(10, '2026-11-29T10:00:00Z')],
    ['it was stopped before its end', job(5), job(5, '2026-11-29T10:00:00Z'), job(5, '2026-11-29T10:00:00Z')],
    ['an answer from before its end', job(10, '2026-11-29T10:00:00Z'), job(9), job(10, '2026-11-29T10:00:00Z')],
  ];
  for (const [what, known, other, further] of rows) assert.deepEqual(furtherOf(known, other), further, what);
});
