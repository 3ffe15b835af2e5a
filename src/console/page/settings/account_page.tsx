import { useState } from 'preact/hooks';
import { ApiError, send } from '../api/client';
import { useLoad } from '../api/load';
import type { AccountDetail } from '../api/study_types';
import { may, session } from '../frame/session';
import { TextField } from '../parts/field';
import { dayOf } from '../parts/instant';
import { Await, ErrorNotice, Notice } from '../parts/notice';
import { t } from '../text';
import { AccountState, InitialPassword, isClosed } from './accounts';
import { Grants } from './grants';

/** What can be done to an account, each with its reason. */
function Actions({ of, onDone }: { of: AccountDetail; onDone: () => void }) {
  const [reason, setReason] = useState('');
  const [error, setError] = useState<ApiError | null>(null);
  const [done, setDone] = useState(false);
  const [password, setPassword] = useState<string | null>(null);
  const path = `/accounts/${encodeURIComponent(of.id)}`;
  const attempt = async (what: () => Promise<{ initial_password?: string } | void>) => {
    setError(null);
    setDone(false);
    setPassword(null);
    try {
      const answer = await what();
      setPassword(answer?.initial_password ?? null);
      setDone(true);
      setReason('');
      onDone();
    } catch (fault) {
      if (!(fault instanceof ApiError)) throw fault;
      setError(fault);
    }
  };
  const change = (fields: object) => attempt(() => send('PATCH', path, { ...fields, reason }, { etag: of.etag }));
  const ready = reason.trim() !== '';
  return (
    <section class="sheet pad account-actions" aria-labelledby="account-do">
      <h2 id="account-do">{t('account.do')}</h2>
      <TextField label={t('account.reason')} hint={t('account.needs_reason')} value={reason} onInput={setReason} />
      <div class="buttons">
        {of.state === 'active' ? (
          <button type="button" class="button" disabled={!ready} onClick={() => change({ state: 'disabled' })}>
            {t('account.disable')}
          </button>
        ) : (
          <button type="button" class="button" disabled={!ready} onClick={() => change({ state: 'active' })}>
            {t('account.enable')}
          </button>
        )}
        {isClosed(of) && (
          <button type="button" class="button" disabled={!ready} onClick={() => change({ unlock: true })}>
            {t('account.unlock')}
          </button>
        )}
        <button type="button" class="button" disabled={!ready} onClick={() => attempt(() => send('POST', `${path}/password`, { reason }))}>
          {t('account.reset')}
        </button>
        {of.second_factor && (
          <button type="button" class="button" disabled={!ready} onClick={() => attempt(() => send('DELETE', `${path}/second-factor`, { reason }))}>
            {t('account.factor_off')}
          </button>
        )}
      </div>
      {error && <ErrorNotice error={error} />}
      {done && !password && <Notice kind="good">{t('account.done')}</Notice>}
      {password && <InitialPassword name={of.name} password={password} />}
    </section>
  );
}

export function AccountPage({ id }: { id: string }) {
  const loaded = useLoad<AccountDetail>(`/accounts/${encodeURIComponent(id)}`);
  return (
    <Await of={loaded}>
      {(account) => (
        <>
          <div class="block-head">
            <a class="crumb" href="/settings/accounts">
              ← {t('accounts.all')}
            </a>
            <h2 class="account-name">{account.display_name}</h2>
            <span class="grey mono">{account.name}</span>
            <AccountState of={account} />
            <span class="grey">
              {t('accounts.factor')} {t(account.second_factor ? 'accounts.factor.on' : 'accounts.factor.off')} · {dayOf(account.created)}
            </span>
          </div>
          <Grants of={account} onDone={loaded.reload} />
          {account.may_change && <Actions of={account} onDone={loaded.reload} />}
          {!account.may_change && may('accounts.change') && session.value?.account.id !== account.id && <p class="foot-note">{t('account.beyond')}</p>}
        </>
      )}
    </Await>
  );
}
