import { useState } from 'preact/hooks';
import { ApiError, get, send } from '../api/client';
import type { Me } from '../api/types';
import { session } from '../frame/session';
import { TextField } from '../parts/field';
import { ErrorNotice, Notice } from '../parts/notice';
import { ShortId } from '../parts/short_id';
import { t } from '../text';
import { qrOf, qrPath } from './qr';

interface Enrolment {
  secret: string;
  uri: string;
}

function QrCode({ text }: { text: string }) {
  const grid = qrOf(text);
  if (!grid) return null;
  const { path, side } = qrPath(grid);
  return (
    <svg class="qr" viewBox={`0 0 ${side} ${side}`} role="img" aria-label={t('factor.qr')} shape-rendering="crispEdges">
      <rect width={side} height={side} fill="#fff" />
      <path d={path} fill="#000" />
    </svg>
  );
}

export function SecondFactor({ onDone }: { onDone?: () => void }) {
  const isOn = session.value?.account.second_factor ?? false;
  const [enrolment, setEnrolment] = useState<Enrolment | null>(null);
  const [code, setCode] = useState('');
  const [password, setPassword] = useState('');
  const [said, setSaid] = useState<'' | 'factor.done' | 'factor.off.done'>('');
  const [error, setError] = useState<ApiError | null>(null);

  const attempt = async (act: () => Promise<void>) => {
    setError(null);
    setSaid('');
    try {
      await act();
    } catch (fault) {
      if (!(fault instanceof ApiError)) throw fault;
      setError(fault);
    }
  };
  const begin = () => attempt(async () => setEnrolment(await send<Enrolment>('POST', '/me/second-factor')));
  const confirm = (event: Event) => {
    event.preventDefault();
    void attempt(async () => {
      await send('PUT', '/me/second-factor', { code: code.trim() });
      session.begin(await get<Me>('/me'));
      setEnrolment(null);
      setCode('');
      setSaid('factor.done');
      onDone?.();
    });
  };
  const turnOff = (event: Event) => {
    event.preventDefault();
    void attempt(async () => {
      await send('DELETE', '/me/second-factor', { password });
      session.begin(await get<Me>('/me'));
      setPassword('');
      setSaid('factor.off.done');
    });
  };
  return (
    <section class="sheet form">
      <h2>{t('factor.title')}</h2>
      <p class="hint">{isOn ? t('factor.is_on') : t('factor.why')}</p>
      {said && <Notice kind="good">{t(said)}</Notice>}
      {!isOn && !enrolment && (
        <div class="buttons">
          <button type="button" class="button" onClick={begin}>
            {t('factor.begin')}
          </button>
        </div>
      )}
      {enrolment && (
        <form class="enrol" onSubmit={confirm}>
          <p>{t('factor.scan')}</p>
          <QrCode text={enrolment.uri} />
          <dl class="facts enrol-facts">
            <dt>{t('factor.secret')}</dt>
            <dd>
              <ShortId id={enrolment.secret} whole />
            </dd>
            <dt>{t('factor.uri')}</dt>
            <dd>
              <code class="small">{enrolment.uri}</code>
            </dd>
          </dl>
          <TextField
            label={t('sign_in.code')}
            hint={t('sign_in.code.hint')}
            value={code}
            onInput={setCode}
            inputMode="numeric"
            autocomplete="one-time-code"
            mono
          />
          <button type="submit" class="button" disabled={!code.trim()}>
            {t('factor.confirm')}
          </button>
        </form>
      )}
      {isOn && !enrolment && (
        <form class="enrol" onSubmit={turnOff}>
          <TextField label={t('sign.password')} type="password" value={password} onInput={setPassword} autocomplete="current-password" />
          <button type="submit" class="button" disabled={!password}>
            {t('factor.off')}
          </button>
        </form>
      )}
      {error && <ErrorNotice error={error} />}
    </section>
  );
}
