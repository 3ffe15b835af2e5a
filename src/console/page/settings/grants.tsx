import { useState } from 'preact/hooks';
import { ApiError, send } from '../api/client';
import type { AccountDetail, Grant } from '../api/study_types';
import { may, session } from '../frame/session';
import { FormField, TextField } from '../parts/field';
import { dayOf } from '../parts/instant';
import { LineForm } from '../parts/line_form';
import { Listing, type ListingColumn } from '../parts/listing';
import { ErrorNotice } from '../parts/notice';
import { t } from '../text';
import { whereToGive } from './giving';
import { roleName } from './roles';

const roles = ['viewer', 'data_manager', 'mapper', 'administrator', 'inspector'];

function Ending({ account, grant, onDone }: { account: string; grant: Grant; onDone: () => void }) {
  return (
    <LineForm
      button={t('grant.end')}
      buttonOf={t('grant.end.of', { role: roleName(grant.role) })}
      small
      label={t('account.reason')}
      action={t('grant.end.do')}
      send={(reason) => send('DELETE', `/accounts/${encodeURIComponent(account)}/grants/${encodeURIComponent(grant.id)}`, { reason })}
      onDone={onDone}
    />
  );
}

function Giving({ account, onDone }: { account: string; onDone: () => void }) {
  const reach = whereToGive(session.value);
  const usual = reach.find((each) => each.study) ?? reach[0];
  const sitesOf = (study: string): string[] => reach.find((each) => each.study === study)?.sites ?? [''];
  const [role, setRole] = useState('viewer');
  const [study, setStudy] = useState(usual?.study ?? '');
  const [site, setSite] = useState(usual?.sites[0] ?? '');
  const [training, setTraining] = useState('');
  const [reason, setReason] = useState('');
  const [error, setError] = useState<ApiError | null>(null);
  const give = async (event: Event) => {
    event.preventDefault();
    setError(null);
    try {
      await send('POST', `/accounts/${encodeURIComponent(account)}/grants`, { role, study, site, training, reason });
      setTraining('');
      setReason('');
      onDone();
    } catch (fault) {
      if (!(fault instanceof ApiError)) throw fault;
      setError(fault);
    }
  };
  const choice = (label: string, value: string, set: (value: string) => void, values: [string, string][]) => (
    <FormField label={label}>
      {(id) => (
        <select id={id} class="input" value={value} onChange={(event) => set(event.currentTarget.value)}>
          {values.map(([each, text]) => (
            <option key={each} value={each}>
              {text}
            </option>
          ))}
        </select>
      )}
    </FormField>
  );
  return (
    <form class="sheet pad giving" onSubmit={give}>
      <h2>{t('grant.new')}</h2>
      <div class="giving-fields">
        {choice(t('grant.role'), role, setRole, roles.map((each) => [each, roleName(each)]))}
        {choice(
          t('grant.study'),
          study,
          (chosen) => {
            setStudy(chosen);
            setSite(sitesOf(chosen)[0] ?? '');
          },
          reach.map((each) => [each.study, each.study || t('grant.all')]),
        )}
        {choice(t('grant.site'), site, setSite, sitesOf(study).map((each) => [each, each || t('grant.all')]))}
      </div>
      <TextField label={t('grant.training')} hint={t('grant.training.hint')} value={training} onInput={setTraining} />
      <TextField label={t('account.reason')} value={reason} onInput={setReason} />
      {error && <ErrorNotice error={error} />}
      <div>
        <button type="submit" class="button button-primary" disabled={!training.trim() || !reason.trim()}>
          {t('grant.do')}
        </button>
      </div>
    </form>
  );
}

const columnsFor = (account: string, onDone: () => void): ListingColumn<Grant>[] => [
  { id: 'role', title: t('grant.role'), names: true, cell: (each) => roleName(each.role) },
  { id: 'where', title: t('grant.study'), class: 'nowrap', cell: (each) => [each.study, each.site].filter(Boolean).join(' · ') || t('grant.all') },
  { id: 'from', title: t('grant.from'), class: 'nowrap', cell: (each) => dayOf(each.from) },
  { id: 'until', title: t('grant.until'), class: 'nowrap', cell: (each) => (each.until ? dayOf(each.until) : t('grant.still')) },
  { id: 'by', title: t('grant.by'), cell: (each) => each.granted_by },
  { id: 'training', title: t('grant.training'), full: true, cell: (each) => each.training },
  { id: 'reason', title: t('grant.reason'), full: true, cell: (each) => each.reason },
  { id: 'do', end: true, cell: (each) => each.may_end && <Ending account={account} grant={each} onDone={onDone} /> },
];

/** The roles of an account, those that ended too: nothing of who could do what is ever lost. */
export function Grants({ of, onDone }: { of: AccountDetail; onDone: () => void }) {
  const own = session.value?.account.id === of.id;
  return (
    <section class="block" aria-labelledby="grants">
      <h2 id="grants">{t('accounts.grants')}</h2>
      {of.grants.length === 0 ? (
        <p class="sheet pad grey">{t('grant.none')}</p>
      ) : (
        <Listing rows={of.grants} columns={columnsFor(of.id, onDone)} id={(each) => each.id} rowClass={(each) => (each.active ? '' : 'grey')} caption={t('accounts.grants')} />
      )}
      {own && may('accounts.change') && <p class="foot-note">{t('account.own')}</p>}
      {of.may_give && <Giving account={of.id} onDone={onDone} />}
    </section>
  );
}
