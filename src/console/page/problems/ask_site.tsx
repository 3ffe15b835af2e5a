import { useState } from 'preact/hooks';
import { ApiError, send } from '../api/client';
import { useLoad } from '../api/load';
import { asId, type ProblemDetail } from '../api/types';
import { may } from '../frame/session';
import { FormField, TextField } from '../parts/field';
import { ErrorNotice } from '../parts/notice';
import { QueryCard } from '../queries/query_card';
import { t } from '../text';

interface Template {
  id: string;
  title: string;
  text: string;
}

const inDays = (n: number) => new Date(Date.now() + n * 86_400_000).toISOString().slice(0, 10);

function AskForm({ problem, onDone }: { problem: ProblemDetail; onDone: () => void }) {
  const templates = useLoad<{ items: Template[] }>(`/queries/templates?problem=${problem.id}`);
  const [recipient, setRecipient] = useState(problem.sites[0] ?? '');
  const [text, setText] = useState('');
  const [due, setDue] = useState(inDays(5));
  const [error, setError] = useState<ApiError | null>(null);
  const ask = async (event: Event) => {
    event.preventDefault();
    try {
      const subject = problem.blocks.subjects.length === 1 ? asId(problem.blocks.subjects[0]!.id) : undefined;
      await send('POST', '/queries', { problem: asId(problem.id), subject, recipient, text: text.trim(), due });
      onDone();
    } catch (fault) {
      if (!(fault instanceof ApiError)) throw fault;
      setError(fault);
    }
  };
  return (
    <form class="ask" onSubmit={ask}>
      <FormField label={t('query.template')}>
        {(id) => (
          <select
            id={id}
            class="input"
            onChange={(event) => {
              const chosen = templates.data?.items.find((each) => each.id === event.currentTarget.value);
              if (chosen) setText(chosen.text);
            }}
          >
            <option value="">{t('query.template.none')}</option>
            {templates.data?.items.map((each) => (
              <option key={each.id} value={each.id}>
                {each.title}
              </option>
            ))}
          </select>
        )}
      </FormField>
      <div class="two">
        <TextField label={t('query.recipient')} value={recipient} onInput={setRecipient} />
        <TextField label={t('query.due')} type="date" value={due} onInput={setDue} />
      </div>
      <FormField label={t('query.text')} hint={t('query.text.hint')}>
        {(id) => <textarea id={id} class="input" rows={3} value={text} onInput={(event) => setText(event.currentTarget.value)} />}
      </FormField>
      {error && <ErrorNotice error={error} />}
      <button type="submit" class="button" disabled={!text.trim() || !recipient.trim()}>
        {t('query.send')}
      </button>
    </form>
  );
}

/** Questions that only somebody outside can answer, beside the problem that they are about. */
export function AskSite({ problem, onDone }: { problem: ProblemDetail; onDone: () => void }) {
  const [open, setOpen] = useState(false);
  if (problem.queries.length === 0 && !may('queries.ask')) return null;
  return (
    <section class="sheet queries-of" aria-labelledby="queries-title">
      <h2 id="queries-title">{t('queries.title')}</h2>
      {problem.queries.map((query) => (
        <QueryCard key={query.id} query={query} onDone={onDone} />
      ))}
      {may('queries.ask') && !open && (
        <button type="button" class="button" onClick={() => setOpen(true)}>
          {t('query.ask')}
        </button>
      )}
      {open && (
        <AskForm
          problem={problem}
          onDone={() => {
            setOpen(false);
            onDone();
          }}
        />
      )}
    </section>
  );
}
