import { useEffect, useState } from 'preact/hooks';
import { ApiError, send } from '../api/client';
import type { ConfigCheck, ConfigVersion, Preview } from '../api/types';
import { FormField } from '../parts/field';
import { ErrorNotice, Notice } from '../parts/notice';
import { PreviewPanel } from '../parts/preview';
import { StateMark } from '../parts/state_mark';
import { t } from '../text';
import type { Draft } from './draft';

interface Props {
  parent: string;
  draft: Draft;
}

/** A question to the server that is asked by a click and forgotten when the draft changes. */
function useAsked<T>(key: string) {
  const [answer, setAnswer] = useState<T | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    setAnswer(null);
    setError(null);
  }, [key]);
  const ask = async (read: () => Promise<T>) => {
    setBusy(true);
    setError(null);
    try {
      setAnswer(await read());
    } catch (fault) {
      if (!(fault instanceof ApiError)) throw fault;
      setError(fault);
    } finally {
      setBusy(false);
    }
  };
  return { answer, error, busy, ask };
}

export function CasesPanel({ parent, draft }: Props) {
  const run = useAsked<ConfigCheck>(JSON.stringify(draft.files));
  const cases = run.answer?.cases;
  return (
    <section class="panel">
      <h2>{t('mappings.cases')}</h2>
      {!cases && (
        <button
          type="button"
          class="button"
          disabled={run.busy}
          onClick={() => run.ask(() => send('POST', '/config/check', { parent, files: draft.files, cases: true }))}
        >
          {t('mappings.cases.run')}
        </button>
      )}
      {run.error && <ErrorNotice error={run.error} />}
      {run.answer && !cases && <p class="hint">{t('mappings.cases.not_run')}</p>}
      {cases && cases.passed > 0 && <StateMark state="done" label={t('mappings.cases.passed', { n: cases.passed })} />}
      {cases && cases.failed.length > 0 && (
        <>
          <StateMark state="refused" label={t('mappings.cases.failed', { n: cases.failed.length })} />
          <ul class="cases">
            {cases.failed.map((each) => (
              <li key={each.name}>
                <strong>{each.name}</strong>
                <dl>
                  <dt>{t('mappings.case.expected')}</dt>
                  <dd>
                    <del>{each.expected}</del>
                  </dd>
                  <dt>{t('mappings.case.got')}</dt>
                  <dd>
                    <ins>{each.got}</ins>
                  </dd>
                </dl>
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}

export function EffectPanel({ parent, draft }: Props) {
  const effect = useAsked<Preview>(JSON.stringify(draft.files));
  return (
    <section class="panel">
      <h2>{t('mappings.effect')}</h2>
      {effect.answer ? (
        <PreviewPanel preview={effect.answer} />
      ) : (
        <button
          type="button"
          class="button"
          disabled={effect.busy}
          onClick={() => effect.ask(() => send('POST', '/config/effect', { parent, files: draft.files }))}
        >
          {effect.busy ? t('preview.counting') : t('mappings.effect.show')}
        </button>
      )}
      {effect.error && <ErrorNotice error={effect.error} />}
    </section>
  );
}

export function ExplainPanel({ parent, draft }: Props) {
  const [message, setMessage] = useState('');
  const explained = useAsked<{ text: string }>('');
  return (
    <section class="panel">
      <details>
        <summary>
          <h2>{t('mappings.explain')}</h2>
        </summary>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            void explained.ask(() => send('POST', '/explain', { message, parent, files: draft.files }));
          }}
        >
          <FormField label={t('mappings.explain.paste')} hint={t('mappings.explain.hint')}>
            {(id) => (
              <textarea id={id} class="input mono" rows={5} spellcheck={false} value={message} onInput={(event) => setMessage(event.currentTarget.value)} />
            )}
          </FormField>
          <button type="submit" class="button" disabled={!message.trim() || explained.busy}>
            {t('mappings.explain.do')}
          </button>
        </form>
        {explained.error && <ErrorNotice error={explained.error} />}
        {explained.answer && (
          <pre class="explained" tabIndex={0} aria-label={t('mappings.explain')}>
            {explained.answer.text}
          </pre>
        )}
      </details>
    </section>
  );
}

export function ProposePanel({ parent, draft, ready, onDone }: Props & { ready: boolean; onDone: (version: ConfigVersion) => void }) {
  const [reason, setReason] = useState('');
  const [error, setError] = useState<ApiError | null>(null);
  const [done, setDone] = useState<ConfigVersion | null>(null);
  const n = draft.files.length;
  const propose = async (event: Event) => {
    event.preventDefault();
    setError(null);
    try {
      const version = await send<ConfigVersion>('POST', '/config', { parent, files: draft.files, reason: reason.trim() });
      setDone(version);
      setReason('');
      draft.discard();
      onDone(version);
    } catch (fault) {
      if (!(fault instanceof ApiError)) throw fault;
      setError(fault);
    }
  };
  if (n === 0 && !done) return null;
  return (
    <section class="panel">
      <h2>{t('mappings.propose')}</h2>
      {done && (
        <Notice kind="good">
          <p>
            {t('mappings.proposed', { id: String(done.id) })} <a href={`/config/${done.id}`}>{t('mappings.proposed.see')}</a>
          </p>
        </Notice>
      )}
      <form onSubmit={propose} hidden={n === 0}>
        <FormField label={t('mappings.propose.why')} hint={t('mappings.propose.what')}>
          {(id) => <input id={id} class="input" value={reason} onInput={(event) => setReason(event.currentTarget.value)} />}
        </FormField>
        {error && <ErrorNotice error={error} />}
        <button type="submit" class="button button-primary" disabled={!ready || n === 0 || !reason.trim()}>
          {t('mappings.propose.do', { n })}
        </button>
      </form>
    </section>
  );
}
