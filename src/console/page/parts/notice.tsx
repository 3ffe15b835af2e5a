import type { ComponentChildren } from 'preact';
import { ApiError } from '../api/client';
import { ruleAdvice, ruleSentence, t, tOr } from '../text';
import { Ago } from './instant';

export type NoticeKind = 'info' | 'good' | 'warning' | 'error';

/** What happened, said where it happened. It stays until it no longer holds. */
export function Notice({ kind, children }: { kind: NoticeKind; children: ComponentChildren }) {
  return (
    <div class={`notice notice-${kind}`} role={kind === 'error' ? 'alert' : 'status'}>
      {children}
    </div>
  );
}

export function errorWords(error: ApiError): { what: string; advice: string } {
  if (error.status === 0) return { what: t('error.unreachable'), advice: t('error.unreachable.advice') };
  if (!error.title) {
    return { what: t('error.other', { status: String(error.status) }), advice: t('error.other.advice') };
  }
  const what = ruleSentence(error.code, error.title);
  return {
    what: error.detail && error.detail !== error.title ? `${what} ${error.detail}` : what,
    advice: tOr(`advice.${error.code}`, ruleAdvice(error.code, error.advice)),
  };
}

export function ErrorNotice({ error, again }: { error: ApiError; again?: () => void }) {
  const { what, advice } = errorWords(error);
  return (
    <Notice kind="error">
      <p>
        <strong>{what}</strong> {advice}
      </p>
      {again && (
        <button type="button" class="button" onClick={again}>
          {t('error.again')}
        </button>
      )}
    </Notice>
  );
}

/** Data is there, and the last attempt to renew it failed. */
export function StaleNotice({ at, again }: { at: number; again: () => void }) {
  const [before, after] = t('stale', { ago: '\u0000' }).split('\u0000');
  return (
    <Notice kind="warning">
      <p>
        {before}
        <Ago ms={at} />
        {after}
      </p>
      <button type="button" class="button" onClick={again}>
        {t('error.again')}
      </button>
    </Notice>
  );
}

/** Why there is nothing here, and what would fill it. */
export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children && <div class="empty-what">{children}</div>}
    </div>
  );
}

/** The three states every read has before it has data; `children` is called once it has. */
export function Await<T>(props: {
  of: { data: T | null; error: ApiError | null; at: number; reload: () => void };
  children: (data: T) => ComponentChildren;
}) {
  const { data, error, at, reload } = props.of;
  if (data === null) {
    return error ? <ErrorNotice error={error} again={reload} /> : <p class="loading">{t('list.loading')}</p>;
  }
  return (
    <>
      {error && <StaleNotice at={at} again={reload} />}
      {props.children(data)}
    </>
  );
}
