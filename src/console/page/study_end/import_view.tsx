import { useState } from 'preact/hooks';
import { ApiError, send } from '../api/client';
import type { ImportPlan } from '../api/study_end_types';
import { FormField, TextField } from '../parts/field';
import { Listing } from '../parts/listing';
import { ErrorNotice, Notice } from '../parts/notice';
import { StateMark } from '../parts/state_mark';
import { ruleAdvice, ruleSentence, t } from '../text';
import { FileField, type TextFile } from './file_field';
import { StudyTabs } from './study_tabs';
import './study_end.css';

const kinds = ['subjects', 'specimens'] as const;
type Kind = (typeof kinds)[number];

function Errors({ of }: { of: ImportPlan['errors'] }) {
  return (
    <section class="block" aria-labelledby="import-errors">
      <h2 id="import-errors">{t('import.errors', { n: of.length })}</h2>
      <Listing
        rows={of}
        id={(each) => `${each.place} ${each.code} ${each.detail}`}
        caption={t('import.errors', { n: of.length })}
        columns={[
          { id: 'line', title: t('import.line'), label: t('import.line'), end: true, cell: (each) => each.line || '' },
          {
            id: 'what',
            title: t('outstanding.what'),
            names: true,
            full: true,
            cell: (each) => (
              <>
                <StateMark state="refused" bare /> {ruleSentence(each.code, each.text)} {each.detail}
              </>
            ),
          },
          { id: 'advice', title: t('import.advice'), full: true, class: 'grey', cell: (each) => ruleAdvice(each.code, each.advice) },
        ]}
      />
    </section>
  );
}

function Rows({ of }: { of: ImportPlan }) {
  const total = of.new + of.changed;
  return (
    <section class="block" aria-labelledby="import-rows">
      <div class="block-head">
        <h2 id="import-rows">{t('import.would')}</h2>
        <span class="grey">{t('import.counts', { new: of.new, changed: of.changed, unchanged: of.unchanged })}</span>
      </div>
      {of.rows.length > 0 && (
        <Listing
          rows={of.rows}
          id={(each) => each.place}
          caption={t('import.would')}
          columns={[
            { id: 'line', title: t('import.line'), label: t('import.line'), end: true, cell: (each) => each.line },
            { id: 'what', title: t('import.of'), names: true, cell: (each) => each.what },
            { id: 'study', title: t('frame.study'), class: 'grey', cell: (each) => each.study },
            { id: 'new', title: t('locks.state'), cell: (each) => <StateMark state={each.new ? 'proposed' : 'active'} label={t(each.new ? 'import.new' : 'import.known')} /> },
            { id: 'added', title: t('import.added'), full: true, class: 'mono small', cell: (each) => each.added.join(', ') },
          ]}
        />
      )}
      {of.rows.length < total && <p class="foot-note">{t('list.shown', { shown: of.rows.length, total })}</p>}
    </section>
  );
}

/** A registry file: what it would change is seen first, and is what is then imported. */
export function ImportView() {
  const [kind, setKind] = useState<Kind>('subjects');
  const [file, setFile] = useState<TextFile | null>(null);
  const [plan, setPlan] = useState<ImportPlan | null>(null);
  const [reason, setReason] = useState('');
  const [told, setTold] = useState('');
  const [error, setError] = useState<ApiError | null>(null);
  const [busy, setBusy] = useState(false);
  const forget = () => {
    setPlan(null);
    setTold('');
    setError(null);
  };
  const asking = async (work: () => Promise<void>) => {
    setBusy(true);
    setError(null);
    try {
      await work();
    } catch (fault) {
      if (!(fault instanceof ApiError)) throw fault;
      setError(fault);
    }
    setBusy(false);
  };
  const sent = () => ({ kind, name: file!.name, csv: file!.text });
  const look = (event: Event) => {
    event.preventDefault();
    setTold('');
    void asking(async () => setPlan(await send<ImportPlan>('POST', '/registry/preview', sent())));
  };
  const apply = () =>
    void asking(async () => {
      const done = await send<{ told: string }>('POST', '/registry/import', { ...sent(), digest: plan!.digest, reason: reason.trim() });
      setTold(done.told);
      setPlan(null);
      setReason('');
    });
  const ready = plan && plan.errors.length === 0;
  return (
    <>
      <StudyTabs />
      <div class="view-head">
        <h1>{t('import.title')}</h1>
      </div>
      <p class="hint settings-what">{t('import.what')}</p>
      <form class="sheet pad reconcile-run" onSubmit={look}>
        <div class="giving-fields">
          <FormField label={t('import.kind')}>
            {(id) => (
              <select
                id={id}
                class="input"
                value={kind}
                onChange={(event) => {
                  setKind(event.currentTarget.value as Kind);
                  forget();
                }}
              >
                {kinds.map((each) => (
                  <option key={each} value={each}>
                    {t(`import.kind.${each}`)}
                  </option>
                ))}
              </select>
            )}
          </FormField>
          <FileField
            label={t('import.file')}
            hint={t(`import.columns.${kind}`)}
            onFile={(next) => {
              setFile(next);
              forget();
            }}
          />
        </div>
        <div>
          <button type="submit" class={`button ${plan ? '' : 'button-primary'}`} disabled={!file || busy}>
            {t('import.look')}
          </button>
        </div>
      </form>
      {error && (
        <div class="block">
          <ErrorNotice error={error} />
        </div>
      )}
      {told && (
        <div class="block">
          <Notice kind="good">
            <p>{told}</p>
          </Notice>
        </div>
      )}
      {plan && plan.errors.length > 0 && <Errors of={plan.errors} />}
      {ready && (
        <>
          <Rows of={plan} />
          {plan.new + plan.changed > 0 ? (
            <section class="sheet pad lock-change block">
              <TextField label={t('locks.reason')} value={reason} onInput={setReason} />
              <div>
                <button type="button" class="button button-primary" disabled={busy || reason.trim() === ''} onClick={apply}>
                  {t('import.do', { n: plan.new + plan.changed })}
                </button>
              </div>
            </section>
          ) : (
            <p class="foot-note">{t('import.nothing')}</p>
          )}
        </>
      )}
    </>
  );
}
