import { useState } from 'preact/hooks';
import { send } from '../api/client';
import type { ProblemDetail } from '../api/types';
import { may } from '../frame/session';
import { FormField } from '../parts/field';
import { Instant } from '../parts/instant';
import { t } from '../text';
import { historyWords } from './history_words';

interface Entry {
  at: string;
  actor: string;
  text: string;
  quiet: boolean;
  reason: string;
}

function entriesOf(problem: ProblemDetail): Entry[] {
  const said = problem.comments.map((each) => ({ at: each.at, actor: each.actor, text: each.text, quiet: false, reason: '' }));
  const changed = problem.history.map((each) => ({ at: each.at, actor: each.actor, quiet: true, ...historyWords(each) }));
  return [...said, ...changed].sort((a, b) => b.at.localeCompare(a.at));
}

/** What was said and what was changed, one line of time, the newest first. */
export function Activity({ problem, onDone }: { problem: ProblemDetail; onDone: () => void }) {
  const [text, setText] = useState('');
  const add = async (event: Event) => {
    event.preventDefault();
    await send('POST', `/problems/${problem.id}/comments`, { text: text.trim() });
    setText('');
    onDone();
  };
  return (
    <section class="sheet activity" aria-labelledby="activity-title">
      <h2 id="activity-title">{t('activity.title')}</h2>
      {may('problems.work') && (
        <form onSubmit={add}>
          <FormField label={t('activity.comment')}>
            {(id) => (
              <textarea id={id} class="input" rows={2} value={text} onInput={(event) => setText(event.currentTarget.value)} />
            )}
          </FormField>
          {text.trim() && (
            <button type="submit" class="button">
              {t('activity.comment.do')}
            </button>
          )}
        </form>
      )}
      <ol>
        {entriesOf(problem).map((each, at) => (
          <li key={at} class={each.quiet ? 'activity-quiet' : ''}>
            <span class="activity-who">
              {may('audit.view') ? <a href={`/audit?actor=${encodeURIComponent(each.actor)}`}>{each.actor}</a> : <b>{each.actor}</b>} <Instant at={each.at} />
            </span>
            <p>{each.text}</p>
            {each.reason && <p class="grey small">{each.reason}</p>}
          </li>
        ))}
      </ol>
    </section>
  );
}
