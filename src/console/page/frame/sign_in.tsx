import { useState } from 'preact/hooks';
import { ApiError, get, send } from '../api/client';
import type { Me } from '../api/types';
import { TextField } from '../parts/field';
import { ErrorNotice, Notice } from '../parts/notice';
import { useLoadOnce } from '../parts/use_load_once';
import { t } from '../text';
import { language, speak } from '../text/language';
import { session } from './session';

/** Name and password, then the one-time code if the account has one. */
export function SignIn({ ended }: { ended: boolean }) {
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const [code, setCode] = useState('');
  const [asksCode, setAsksCode] = useState(false);
  const [error, setError] = useState<ApiError | null>(null);
  const [busy, setBusy] = useState(false);
  const ways = useLoadOnce(() => get<{ oidc: boolean; name?: string }>('/session'));

  const signIn = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      const me = await send<Me>('POST', '/session', { name, password, ...(asksCode && { code }) }, { signingIn: true });
      session.begin(me);
    } catch (fault) {
      if (!(fault instanceof ApiError)) throw fault;
      if (fault.code === 'second-factor-needed' && !asksCode) {
        setAsksCode(true);
      } else {
        setError(fault);
        setCode('');
      }
    } finally {
      setBusy(false);
    }
  };

  const other = language.value === 'en' ? 'zh' : 'en';
  return (
    <main class="sign-in">
      <form class="sheet" onSubmit={signIn}>
        <header>
          <p class="brand">{t('app.name')}</p>
          <p class="hint">{t('sign_in.engine')}</p>
        </header>
        <h1>{t('sign_in.title')}</h1>
        {ended && <Notice kind="info">{t('sign_in.ended')}</Notice>}
        {!asksCode && (
          <>
            <TextField label={t('sign_in.name')} value={name} onInput={setName} autocomplete="username" autofocus />
            <TextField
              label={t('sign_in.password')}
              type="password"
              value={password}
              onInput={setPassword}
              autocomplete="current-password"
            />
          </>
        )}
        {asksCode && (
          <TextField
            key="code"
            label={t('sign_in.code')}
            hint={t('sign_in.code.hint')}
            value={code}
            onInput={setCode}
            autocomplete="one-time-code"
            inputMode="numeric"
            autofocus
            mono
          />
        )}
        {error && <ErrorNotice error={error} />}
        <button type="submit" class="button button-primary" disabled={busy || !name || !password || (asksCode && !code)}>
          {asksCode ? t('sign_in.code.do') : t('sign_in.do')}
        </button>
        {asksCode && (
          <button type="button" class="button button-quiet" onClick={() => setAsksCode(false)}>
            {t('sign_in.back')}
          </button>
        )}
        {!asksCode && ways?.oidc && (
          <a class="button" href="/api/v1/session/oidc">
            {t('sign_in.oidc')}
          </a>
        )}
        <button type="button" class="button button-quiet" onClick={() => speak(other)}>
          {t('frame.language')}
        </button>
      </form>
    </main>
  );
}
