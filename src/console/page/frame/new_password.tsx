import { useState } from 'preact/hooks';
import { ApiError, get, send } from '../api/client';
import type { Me } from '../api/types';
import { TextField } from '../parts/field';
import { ErrorNotice, Notice } from '../parts/notice';
import { t } from '../text';
import { session } from './session';

export function PasswordForm({ must = false }: { must?: boolean }) {
  const [current, setCurrent] = useState('');
  const [next, setNext] = useState('');
  const [again, setAgain] = useState('');
  const [error, setError] = useState<ApiError | null>(null);
  const [done, setDone] = useState(false);
  const differ = again !== '' && again !== next;

  const change = async (event: Event) => {
    event.preventDefault();
    setError(null);
    try {
      await send('POST', '/me/password', { current, new: next });
      session.begin(await get<Me>('/me'));
      setCurrent('');
      setNext('');
      setAgain('');
      setDone(true);
    } catch (fault) {
      if (!(fault instanceof ApiError)) throw fault;
      setError(fault);
    }
  };
  return (
    <form class="sheet form" onSubmit={change}>
      {must ? <h1>{t('password.title')}</h1> : <h2>{t('password.title')}</h2>}
      {must && <Notice kind="info">{t('password.must')}</Notice>}
      {done && <Notice kind="good">{t('password.done')}</Notice>}
      <TextField
        label={t('password.current')}
        type="password"
        value={current}
        onInput={setCurrent}
        autocomplete="current-password"
        autofocus={must}
      />
      <TextField
        label={t('password.new')}
        hint={t('password.rule')}
        type="password"
        value={next}
        onInput={setNext}
        autocomplete="new-password"
      />
      <TextField
        label={t('password.again')}
        hint={differ ? t('password.differ') : undefined}
        type="password"
        value={again}
        onInput={setAgain}
        autocomplete="new-password"
      />
      {error && <ErrorNotice error={error} />}
      <button type="submit" class={`button ${must ? 'button-primary' : ''}`} disabled={!current || next.length < 12 || next !== again}>
        {t('password.do')}
      </button>
    </form>
  );
}

export function NewPassword() {
  return (
    <main class="sign-in">
      <PasswordForm must />
    </main>
  );
}
