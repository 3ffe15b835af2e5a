import { useState } from 'preact/hooks';
import { ApiError, send } from '../api/client';
import { usePages } from '../api/load';
import type { AccountDetail } from '../api/study_types';
import { queryValue, setQuery } from '../frame/router';
import { may } from '../frame/session';
import { TextField } from '../parts/field';
import { Empty, ErrorNotice, Notice, StaleNotice } from '../parts/notice';
import { ShortId } from '../parts/short_id';
import { StateMark } from '../parts/state_mark';
import { t } from '../text';
import { AccountPage } from './account_page';
import { roleName } from './roles';

export function isClosed(account: AccountDetail): boolean {
  return account.locked_until !== null && new Date(account.locked_until).getTime() > Date.now();
}

export function AccountState({ of }: { of: AccountDetail }) {
  if (of.state === 'disabled') return <StateMark state="past" label={t('accounts.disabled')} />;
  if (isClosed(of)) return <StateMark state="held" label={t('accounts.locked', { at: new Date(of.locked_until!).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' }) })} />;
  return <StateMark state="active" label={t('accounts.active')} />;
}

/** The password that the server made, said once. */
export function InitialPassword({ name, password }: { name: string; password: string }) {
  return (
    <Notice kind="warning">
      <p>
        {t('accounts.initial', { name })} <ShortId id={password} whole />
      </p>
    </Notice>
  );
}

function NewAccount({ onMade }: { onMade: (account: AccountDetail) => void }) {
  const [open, setOpen] = useState(false);
  const [name, setName] = useState('');
  const [display, setDisplay] = useState('');
  const [made, setMade] = useState<{ name: string; password: string } | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const make = async (event: Event) => {
    event.preventDefault();
    setError(null);
    try {
      const account = await send<AccountDetail & { initial_password?: string }>('POST', '/accounts', { name, display_name: display });
      setMade(account.initial_password ? { name: account.name, password: account.initial_password } : null);
      setOpen(false);
      setName('');
      setDisplay('');
      onMade(account);
    } catch (fault) {
      if (!(fault instanceof ApiError)) throw fault;
      setError(fault);
    }
  };
  return (
    <div class="block">
      {made && <InitialPassword {...made} />}
      {open ? (
        <form class="sheet form" onSubmit={make}>
          <h2>{t('accounts.new')}</h2>
          <p class="hint">{t('accounts.new.note')}</p>
          <TextField label={t('accounts.name')} value={display} onInput={setDisplay} autofocus />
          <TextField label={t('accounts.login')} value={name} onInput={setName} mono />
          {error && <ErrorNotice error={error} />}
          <div class="buttons">
            <button type="submit" class="button button-primary" disabled={!name.trim() || !display.trim()}>
              {t('accounts.new.do')}
            </button>
            <button type="button" class="button" onClick={() => setOpen(false)}>
              {t('form.cancel')}
            </button>
          </div>
        </form>
      ) : (
        <button type="button" class="button" onClick={() => setOpen(true)}>
          {t('accounts.new')}
        </button>
      )}
    </div>
  );
}

function Row({ of }: { of: AccountDetail }) {
  const active = of.grants.filter((each) => each.active);
  return (
    <tr class="row-link" onClick={(event) => !(event.target as Element).closest('a') && setQuery({ account: of.id }, 'push')}>
      <th scope="row" class="full">
        <a href={`/settings/accounts?account=${encodeURIComponent(of.id)}`}>{of.display_name}</a> <span class="grey mono small">{of.name}</span>
      </th>
      <td>
        <AccountState of={of} />
        {of.must_change_password && <span class="grey small"> {t('accounts.first')}</span>}
      </td>
      <td class="full">
        {active.length
          ? active.map((each) => (
              <p key={each.id}>
                {roleName(each.role)} <span class="grey">{[each.study, each.site].filter(Boolean).join(' · ') || t('grant.all')}</span>
              </p>
            ))
          : <span class="grey">{t('accounts.no_role')}</span>}
      </td>
      <td>
        <span class="narrow-label">{t('accounts.factor')}</span>
        {of.second_factor ? t('accounts.factor.on') : <span class="grey">{t('accounts.factor.off')}</span>}
      </td>
    </tr>
  );
}

export function Accounts() {
  const chosen = queryValue('account');
  const list = usePages<AccountDetail>(chosen ? null : '/accounts', 200);
  if (chosen) return <AccountPage id={chosen} />;
  if (list.error && list.items.length === 0) return <ErrorNotice error={list.error} again={list.reload} />;
  return (
    <>
      {list.error && <StaleNotice at={list.at} again={list.reload} />}
      {may('accounts.change') && <NewAccount onMade={list.reload} />}
      <div class="sheet scroll-x block">
        {list.items.length ? (
          <table class="listing listing-cards">
            <thead>
              <tr>
                <th scope="col">{t('accounts.name')}</th>
                <th scope="col">{t('accounts.state')}</th>
                <th scope="col">{t('accounts.roles')}</th>
                <th scope="col">{t('accounts.factor')}</th>
              </tr>
            </thead>
            <tbody>
              {list.items.map((each) => (
                <Row key={each.id} of={each} />
              ))}
            </tbody>
          </table>
        ) : (
          !list.loading && (
            <Empty title={t('accounts.none')}>
              <p>{t('accounts.none.what')}</p>
            </Empty>
          )
        )}
      </div>
      {!list.complete && (
        <button type="button" class="button" disabled={list.loading} onClick={list.more}>
          {t('list.more')}
        </button>
      )}
    </>
  );
}
