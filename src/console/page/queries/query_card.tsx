import { useState } from 'preact/hooks';
import { ApiError, send } from '../api/client';
import type { SiteQuery } from '../api/types';
import { may } from '../frame/session';
import { TextField } from '../parts/field';
import { Instant } from '../parts/instant';
import { ErrorNotice } from '../parts/notice';
import { StateMark } from '../parts/state_mark';
import { t } from '../text';

type Step = 'answer' | 'close' | 'reopen' | 'cancel';

/** What may follow: no close before an answer. */
const steps: Record<SiteQuery['state'], Step[]> = {
  open: ['answer', 'cancel'],
  answered: ['close', 'reopen'],
  closed: ['reopen'],
  cancelled: ['reopen'],
};

/** One question with its course, and what can be done to it. */
export function QueryCard({ query, onDone, links = false }: { query: SiteQuery; onDone: () => void; links?: boolean }) {
  const [step, setStep] = useState<Step | null>(null);
  const [text, setText] = useState('');
  const [error, setError] = useState<ApiError | null>(null);
  const isOverdue = query.state === 'open' && query.due !== null && new Date(query.due).getTime() < Date.now();

  const take = async (event: Event) => {
    event.preventDefault();
    try {
      await send('POST', `/queries/${query.id}/${step}`, { text: text.trim() }, { etag: query.etag });
      setStep(null);
      setText('');
      onDone();
    } catch (fault) {
      if (!(fault instanceof ApiError)) throw fault;
      setError(fault);
    }
  };
  const [dueBefore, dueAfter] = t('query.due_in', { when: '\u0000' }).split('\u0000');
  return (
    <article class="query">
      <header>
        <StateMark state={query.state} />
        <strong>{query.recipient}</strong>
        {query.subject && <a href={`/subjects/${query.subject.id}`}>{query.subject.label}</a>}
        {links && query.problem && <a href={`/problems/${query.problem}`}>{t('query.problem', { id: query.problem })}</a>}
        <span class="query-due">
          {isOverdue ? (
            <span class="overdue">{t('query.overdue')}</span>
          ) : (
            query.state === 'open' &&
            query.due && (
              <span class="grey">
                {dueBefore}
                <Instant at={query.due} />
                {dueAfter}
              </span>
            )
          )}
        </span>
      </header>
      <p>{query.text}</p>
      <p class="small grey">
        {t('query.by', { name: query.created_by })} · <Instant at={query.created} />
      </p>
      {query.events
        .filter((each) => each.from !== '')
        .map((each) => (
          <div key={each.at} class="query-event">
            <span class="small">
              <b>{each.actor}</b> <StateMark state={each.to} /> <Instant at={each.at} />
            </span>
            {each.text && <p>{each.text}</p>}
          </div>
        ))}
      {may('queries.ask') && (
        <div class="buttons">
          {steps[query.state].map((each) => (
            <button
              key={each}
              type="button"
              class="button button-quiet"
              aria-expanded={step === each}
              onClick={() => setStep(step === each ? null : each)}
            >
              {t(`query.${each}`)}
            </button>
          ))}
        </div>
      )}
      {step && (
        <form class="query-step" onSubmit={take}>
          <TextField label={t('query.words')} value={text} onInput={setText} autofocus />
          {error && <ErrorNotice error={error} />}
          <button type="submit" class="button" disabled={step !== 'close' && !text.trim()}>
            {t(`query.${step}`)}
          </button>
        </form>
      )}
    </article>
  );
}
