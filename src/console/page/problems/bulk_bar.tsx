import { useState } from 'preact/hooks';
import { ApiError, send } from '../api/client';
import { asId } from '../api/types';
import { may } from '../frame/session';
import { TextField } from '../parts/field';
import { ErrorNotice, Notice } from '../parts/notice';
import { dismissCodes, noReason, ReasonForm, reasonIsGiven, type Reason } from '../parts/reason_form';
import type { Selection } from '../parts/table';
import { t } from '../text';

interface BulkAnswer {
  changed: number;
  refused: { id: string; code: string; title: string }[];
}

/** What can be done to the problems that were chosen; it stands above the list while some are. */
/** More results than that are touched only by whoever types their number; the server asks for it too. */
const typedAbove = 100;

export function BulkBar({ selection, held, onDone }: { selection: Selection; held: number; onDone: () => void }) {
  const [typed, setTyped] = useState('');
  const [dismissing, setDismissing] = useState(false);
  const [reason, setReason] = useState<Reason>(noReason);
  const [answer, setAnswer] = useState<BulkAnswer | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const n = selection.ids.length;
  const mustType = held > typedAbove;

  const act = async (change: Record<string, unknown>) => {
    setError(null);
    try {
      const done = await send<BulkAnswer>('POST', '/problems/bulk', { reason_code: 'triage', reason: 'triage', ...change, ids: selection.ids.map(asId) });
      setAnswer(done);
      setDismissing(false);
      if (done.refused.length === 0) selection.set([]);
      onDone();
    } catch (fault) {
      if (!(fault instanceof ApiError)) throw fault;
      setError(fault);
    }
  };
  const inAWeek = () => new Date(Date.now() + 7 * 86_400_000).toISOString();
  return (
    <div class="bulk sheet" role="region" aria-label={t('list.selected', { n })}>
      <div class="buttons">
        <strong>{t('list.selected', { n })}</strong>
        <button type="button" class="button" onClick={() => act({ action: 'assign', assignee: 'me' })}>
          {t('problems.assign_me')}
        </button>
        <button type="button" class="button" onClick={() => act({ action: 'snooze', snooze_until: inAWeek() })}>
          {t('problems.bulk.snooze')}
        </button>
        {may('problems.dismiss') && (
          <button type="button" class="button" aria-expanded={dismissing} onClick={() => setDismissing(!dismissing)}>
            {t('problems.bulk.dismiss.open')}
          </button>
        )}
        <button type="button" class="button button-quiet" onClick={() => selection.set([])}>
          {t('list.select_none')}
        </button>
      </div>
      {dismissing && (
        <form
          class="bulk-reason"
          onSubmit={(event) => {
            event.preventDefault();
            void act({ action: 'dismiss', reason_code: reason.code, reason: reason.text, ...(mustType ? { count: held } : {}) });
          }}
        >
          <ReasonForm codes={dismissCodes} value={reason} onChange={setReason} />
          {mustType && <TextField label={t('problems.bulk.type', { n: held })} value={typed} onInput={setTyped} />}
          <button type="submit" class="button button-primary" disabled={!reasonIsGiven(reason) || (mustType && typed.trim() !== String(held))}>
            {t('problems.bulk.dismiss', { n })}
          </button>
        </form>
      )}
      {answer && answer.refused.length > 0 && (
        <Notice kind="warning">
          {t('problems.bulk.done', { n: answer.changed })}{' '}
          {t('problems.bulk.refused', { n: answer.refused.length, why: answer.refused[0]!.title })}
        </Notice>
      )}
      {error && <ErrorNotice error={error} />}
    </div>
  );
}
