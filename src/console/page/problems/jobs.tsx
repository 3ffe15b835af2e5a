import { useEffect, useRef, useState } from 'preact/hooks';
import { jobs, learnJobs, told } from '../api/events';
import { ApiError, send } from '../api/client';
import { useLoad } from '../api/load';
import { sameId, type Id, type Job, type Preview } from '../api/types';
import { may } from '../frame/session';
import { TextField } from '../parts/field';
import { ErrorNotice } from '../parts/notice';
import { PreviewPanel } from '../parts/preview';
import { StateMark } from '../parts/state_mark';
import { t } from '../text';

/** A repair is a set of decisions; taking them back is a decision of its own. */
function TakeBack({ job, onDone }: { job: Job; onDone: (undoing: Id | null) => void }) {
  const [open, setOpen] = useState(false);
  const [reason, setReason] = useState('');
  const [preview, setPreview] = useState<Preview | null>(null);
  const [asked, setAsked] = useState<Id | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const failed = (fault: unknown) => {
    if (!(fault instanceof ApiError)) throw fault;
    setError(fault);
  };
  // What it would do is seen before it is done; where it cannot be taken back, why.
  useEffect(() => {
    if (!open) return;
    setError(null);
    setPreview(null);
    send<Preview>('POST', `/jobs/${job.id}/undo/preview`, {}).then(setPreview, failed);
  }, [open]);
  const takeBack = async (event: Event) => {
    event.preventDefault();
    try {
      const done = await send<{ job: Id | null; approval: Id | null }>('POST', `/jobs/${job.id}/undo`, { reason: reason.trim() });
      setAsked(done.approval);
      setOpen(false);
      onDone(done.job);
    } catch (fault) {
      failed(fault);
    }
  };
  return (
    <>
      {asked === null ? (
        <button type="button" class="button button-quiet job-undo" aria-expanded={open} onClick={() => setOpen(!open)}>
          {t('job.undo')}
        </button>
      ) : (
        <a href={`/approvals/${asked}`}>{t('job.undo.asked')}</a>
      )}
      {open && (
        <form class="query-step" onSubmit={takeBack}>
          {preview && <PreviewPanel preview={preview} scope={preview.held_again ? t('job.undo.held', { n: preview.held_again }) : ''} />}
          <TextField label={t('job.undo.why')} value={reason} onInput={setReason} autofocus />
          <button type="submit" class="button" disabled={!reason.trim() || !preview}>
            {t(preview?.four_eyes ? 'job.undo.ask' : 'job.undo')}
          </button>
          {error && <ErrorNotice error={error} />}
        </form>
      )}
    </>
  );
}

export function JobProgress({ job, settled, onUndone }: { job: Job; settled: boolean; onUndone: (undoing: Id | null) => void }) {
  const runs = job.state === 'running' || job.state === 'queued';
  const [refused, setRefused] = useState<ApiError | null>(null);
  const stop = async () => {
    try {
      await send('POST', `/jobs/${job.id}/stop`);
    } catch (fault) {
      if (!(fault instanceof ApiError)) throw fault;
      setRefused(fault);
    }
  };
  return (
    <div class="job" role="status">
      <div class="job-line">
        <StateMark state={job.state} />
        {job.kind === 'undo' && <span>{t('job.undo.kind')}</span>}
        <span>{t('job.running', { done: job.done, total: job.total })}</span>
        <span class="grey">{t('job.result', { stored: job.stored, held: job.held, ignored: job.ignored })}</span>
        {job.failed > 0 && <span class="grey">{t('job.failed', { n: job.failed })}</span>}
        {runs && may('reprocess') && (
          <button type="button" class="button" onClick={stop}>
            {t('job.stop')}
          </button>
        )}
      </div>
      <progress aria-label={t('job.progress')} max={job.total || 1} value={job.done} />
      {refused && <ErrorNotice error={refused} />}
      {job.state === 'stopped' && <p class="hint">{t('job.stopped')}</p>}
      {!runs && !settled && <TakeBack job={job} onDone={onUndone} />}
    </div>
  );
}

/** The jobs of a problem. The server tells how far they are; only while it does not are they asked for. A job that was
 *  asked for here is waited for from then on: a short one has ended before anybody could see it run. */
export function Jobs({ problem, asked, onEnded }: { problem: string; asked: Id | null; onEnded: () => void }) {
  const listed = useLoad<{ items: Job[] }>(`/jobs?problem=${encodeURIComponent(problem)}`);
  useEffect(() => {
    if (listed.data) learnJobs(listed.data.items);
  }, [listed.data]);
  const [undoing, setUndoing] = useState<Id | null>(null);
  const known = Object.values(jobs.value)
    .filter((job) => sameId(job.problem, problem))
    .sort((a, b) => Number(a.id) - Number(b.id));
  const shown = known.slice(-3);
  const ask = !told.value;
  const unheard = [asked, undoing].some((id) => id !== null && !known.some((job) => sameId(job.id, id)));
  const runs = unheard || shown.some((job) => job.state === 'running' || job.state === 'queued');
  const ran = useRef(false);
  useEffect(() => {
    if (asked === null && undoing === null) return;
    ran.current = true;
    listed.reload();
  }, [asked, undoing]);
  useEffect(() => {
    if (!runs || !ask) return undefined;
    const again = setInterval(listed.reload, 1000);
    return () => clearInterval(again);
  }, [runs, ask]);
  useEffect(() => {
    if (runs) {
      ran.current = true;
      return undefined;
    }
    if (ran.current) {
      ran.current = false;
      onEnded();
      // What a job leaves is grouped into problems a moment later.
      const late = setTimeout(onEnded, 4000);
      return () => clearTimeout(late);
    }
    return undefined;
  }, [runs, asked, undoing]);
  if (shown.length === 0) return null;
  return (
    <section class="sheet jobs">
      {shown.map((job, at) => (
        <JobProgress key={job.id} job={job} settled={job.kind === 'reprocess' || shown.slice(at).some((each) => each.kind === 'undo')} onUndone={setUndoing} />
      ))}
    </section>
  );
}
