import { useEffect, useState } from 'preact/hooks';
import { ApiError, send } from '../api/client';
import type { ConfigCheck, MappingError } from '../api/types';
import { ErrorNotice } from '../parts/notice';
import { StateMark } from '../parts/state_mark';
import { ruleAdvice, t } from '../text';
import type { Draft } from './draft';

export interface Checked {
  check: ConfigCheck | null;
  error: ApiError | null;
  running: boolean;
}

/** Checks a draft a moment after it stopped changing. */
export function useCheck(parent: string, draft: Draft): Checked {
  const [state, setState] = useState<Checked>({ check: null, error: null, running: false });
  const key = JSON.stringify(draft.files);
  useEffect(() => {
    if (draft.files.length === 0 || !parent) {
      setState({ check: null, error: null, running: false });
      return;
    }
    let current = true;
    setState((before) => ({ ...before, running: true }));
    const wait = setTimeout(() => {
      send<ConfigCheck>('POST', '/config/check', { parent, files: draft.files })
        .then((check) => {
          if (current) setState({ check, error: null, running: false });
        })
        .catch((fault) => {
          if (!(fault instanceof ApiError)) throw fault;
          if (current) setState({ check: null, error: fault, running: false });
        });
    }, 500);
    return () => {
      current = false;
      clearTimeout(wait);
    };
  }, [parent, key]);
  return state;
}

function Errors({ title, of, onGo }: { title: string; of: MappingError[]; onGo: (error: MappingError) => void }) {
  if (of.length === 0) return null;
  return (
    <>
      <h3>{title}</h3>
      <ul class="mapping-errors">
        {of.map((each, at) => (
          <li key={at}>
            <button type="button" onClick={() => onGo(each)}>
              <span>{each.sentence}</span>
              {each.advice && <span class="grey">{ruleAdvice(each.code, each.advice)}</span>}
              <span class="grey small">
                {each.place} · {t('mappings.at', { line: String(each.line), column: String(each.column) })} · <code>{each.code}</code>
              </span>
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}

/** All errors at once, each a way to its place. */
export function CheckPanel(props: { checked: Checked; isChanged: boolean; onGo: (error: MappingError) => void }) {
  const { check, error, running } = props.checked;
  return (
    <section class="panel" aria-live="polite">
      <h2>{t('mappings.check')}</h2>
      {!props.isChanged && <p class="hint">{t('mappings.check.none')}</p>}
      {running && !check && <p class="hint">{t('mappings.check.running')}</p>}
      {error && <ErrorNotice error={error} />}
      {check && check.errors.length === 0 && <StateMark state="done" label={t('mappings.check.ok')} />}
      {check && <Errors title={t('mappings.errors', { n: check.errors.length })} of={check.errors} onGo={props.onGo} />}
      {check && <Errors title={t('mappings.warnings', { n: check.warnings.length })} of={check.warnings} onGo={props.onGo} />}
    </section>
  );
}
