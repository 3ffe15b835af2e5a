import { useEffect, useState } from 'preact/hooks';
import { ApiError, send, withQuery } from '../api/client';
import { useLoad, usePages } from '../api/load';
import type { Difference, Reconciliation, ReconciliationReport, ReconcileTarget } from '../api/study_end_types';
import { go } from '../frame/router';
import { may, session, study } from '../frame/session';
import { FormField } from '../parts/field';
import { Instant } from '../parts/instant';
import { Listing, PagedListing, type ListingColumn } from '../parts/listing';
import { Await, Empty, ErrorNotice, Notice } from '../parts/notice';
import { SignedFinding } from '../parts/signed_finding';
import { StateMark } from '../parts/state_mark';
import { ruleLabel, t, tOr } from '../text';
import { locale } from '../text/language';
import { FileField, type TextFile } from './file_field';
import { StudyTabs } from './study_tabs';
import './study_end.css';

/** How often a view asks whether what runs is done. */
const again = 2000;

const markOf: Record<Reconciliation['state'], string> = { running: 'running', done: 'done', failed: 'refused' };

const columns = (): ListingColumn<Reconciliation>[] => [
  { id: 'at', title: t('reconcile.asked'), names: true, cell: (row) => <a href={`/reconciliations/${row.id}`}><Instant at={row.asked} exact /></a> },
  { id: 'study', title: t('frame.study'), cell: (row) => row.study },
  { id: 'target', title: t('deliveries.target'), cell: (row) => row.target },
  { id: 'list', title: t('reconcile.list'), cell: (row) => row.list },
  { id: 'state', title: t('locks.state'), cell: (row) => <StateMark state={markOf[row.state]} label={t(`reconcile.state.${row.state}`)} /> },
  { id: 'differences', title: t('reconcile.differences'), label: t('reconcile.differences'), end: true, cell: (row) => (row.state === 'done' ? row.differences.toLocaleString(locale()) : '') },
  { id: 'by', title: t('locks.by'), cell: (row) => row.asked_by },
  { id: 'signed', title: t('reconcile.signed'), full: true, cell: (row) => row.signature?.name },
];

function Run({ targets, onStarted }: { targets: ReconcileTarget[]; onStarted: (id: number) => void }) {
  const studies = session.value?.studies ?? [];
  const readable = targets.filter((each) => each.readable);
  const [of, setOf] = useState(study.value || studies[0]?.id || '');
  const [target, setTarget] = useState(readable[0]?.name ?? '');
  const [list, setList] = useState<TextFile | null>(null);
  const [reading, setReading] = useState(false);
  const [error, setError] = useState<ApiError | null>(null);
  const [busy, setBusy] = useState(false);
  const run = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      const made = await send<{ id: number }>('POST', '/reconciliations/run', { study: of, target, ...(list && { list: { name: list.name, csv: list.text } }) });
      onStarted(made.id);
    } catch (fault) {
      if (!(fault instanceof ApiError)) throw fault;
      setError(fault);
      setBusy(false);
    }
  };
  const choice = (label: string, value: string, set: (value: string) => void, values: { id: string; off?: boolean }[]) => (
    <FormField label={label}>
      {(id) => (
        <select id={id} class="input" value={value} onChange={(event) => set(event.currentTarget.value)}>
          {values.map((each) => (
            <option key={each.id} value={each.id} disabled={each.off}>
              {each.id}
              {each.off ? ` (${t('reconcile.not_readable')})` : ''}
            </option>
          ))}
        </select>
      )}
    </FormField>
  );
  return (
    <form class="sheet pad reconcile-run" onSubmit={run}>
      <h2>{t('reconcile.run')}</h2>
      <div class="giving-fields">
        {choice(t('frame.study'), of, setOf, studies.map((each) => ({ id: each.id })))}
        {choice(t('deliveries.target'), target, setTarget, targets.map((each) => ({ id: each.name, off: !each.readable })))}
        <FileField label={t('reconcile.list')} hint={t('reconcile.list.hint')} onFile={setList} onReading={setReading} />
      </div>
      {error && <ErrorNotice error={error} />}
      <div>
        <button type="submit" class="button button-primary" disabled={busy || reading || !of || !target}>
          {t('reconcile.do')}
        </button>
      </div>
    </form>
  );
}

export function ReconciliationsView() {
  const list = usePages<Reconciliation>(withQuery('/reconciliations', { study: study.value }), 50);
  const targets = useLoad<{ items: ReconcileTarget[] }>('/reconciliations/targets');
  const runs = list.items.some((row) => row.state === 'running');
  useEffect(() => {
    if (!runs) return;
    const timer = setTimeout(list.reload, again);
    return () => clearTimeout(timer);
  }, [runs, list.at]);
  return (
    <>
      <StudyTabs />
      <div class="view-head">
        <h1>{t('reconcile.title')}</h1>
      </div>
      <p class="hint settings-what">{t('reconcile.what')}</p>
      {may('reconcile.run') && targets.data && <Run targets={targets.data.items} onStarted={(id) => go(`/reconciliations/${id}`)} />}
      <section class="block" aria-labelledby="reports">
        <h2 id="reports">{t('reconcile.reports')}</h2>
        <PagedListing
          list={list}
          columns={columns()}
          id={(row) => String(row.id)}
          caption={t('reconcile.reports')}
          empty={
            <Empty title={t('reconcile.none')}>
              <p>{t('reconcile.none.what')}</p>
            </Empty>
          }
        />
      </section>
    </>
  );
}

function Counts({ title, rows }: { title: string; rows: [label: string, count: number, part?: string][] }) {
  return (
    <section class="sheet pad reconcile-counts">
      <h2>{title}</h2>
      <table class="count-table">
        <tbody>
          {rows.map(([label, count, part]) => (
            <tr key={label}>
              <th scope="row">
                {part && <span class="grey">{part} </span>}
                {label}
              </th>
              <td class="end">{count.toLocaleString(locale())}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Differences({ title, of }: { title: string; of: Difference[] }) {
  if (of.length === 0) return null;
  return (
    <section class="block">
      <h2>{title}</h2>
      <Listing
        rows={of}
        id={(each) => each.rule + each.sentence}
        caption={title}
        columns={[
          { id: 'rule', title: t('reconcile.rule'), class: 'nowrap', cell: (each) => ruleLabel(each.rule) },
          { id: 'what', title: t('outstanding.what'), names: true, full: true, cell: (each) => each.sentence },
        ]}
      />
    </section>
  );
}

function Sign({ of, onDone }: { of: ReconciliationReport; onDone: () => void }) {
  return (
    <SignedFinding
      title={t('reconcile.sign')}
      what={t('reconcile.sign.what')}
      look="lock-change"
      action={t('reconcile.sign.do')}
      meanings={['reviewed', 'approved']}
      signsFor={`${of.study} · ${of.target} · ${t('reconcile.n_differences', { n: of.differences })}`}
      sha256={of.sha256}
      send={(finding, signature) => send('POST', `/reconciliations/${of.id}/sign`, { finding, signature })}
      onDone={onDone}
    />
  );
}

export function ReconciliationView({ id }: { id: string }) {
  const loaded = useLoad<ReconciliationReport>(`/reconciliations/${encodeURIComponent(id)}`);
  const runs = loaded.data?.state === 'running';
  useEffect(() => {
    if (!runs) return;
    const timer = setTimeout(loaded.reload, again);
    return () => clearTimeout(timer);
  }, [runs, loaded.at]);
  return (
    <Await of={loaded}>
      {(row) => {
        const report = row.report;
        return (
          <>
            <div class="view-head">
              <a class="crumb" href="/reconciliations">
                ← {t('reconcile.reports')}
              </a>
              <h1>{t('reconcile.of', { study: row.study, target: row.target })}</h1>
              <StateMark state={markOf[row.state]} label={t(`reconcile.state.${row.state}`)} />
              <span class="grey">
                <Instant at={row.asked} exact /> · {row.asked_by}
              </span>
              {row.state === 'done' && (
                <div class="view-tools">
                  <a class="button" href={`/api/v1/reconciliations/${row.id}/text`} download={`reconciliation-${row.id}.txt`}>
                    {t('reconcile.text')}
                  </a>
                </div>
              )}
            </div>
            {row.state === 'running' && (
              <Notice kind="info">
                <p>{t('reconcile.runs')}</p>
              </Notice>
            )}
            {row.state === 'failed' && (
              <Notice kind="error">
                <p>{row.why}</p>
              </Notice>
            )}
            {row.signature && (
              <Notice kind="good">
                <p>
                  {t('reconcile.signed_by', { name: row.signature.name })} {tOr(`sign.meaning.${row.signature.meaning}`, row.signature.meaning)}. {row.finding}{' '}
                  {row.signature.at && <Instant at={row.signature.at} exact />}
                </p>
              </Notice>
            )}
            {report && (
              <>
                <p class="reconcile-sum">
                  <b>{t('reconcile.n_differences', { n: report.differences })}</b>{' '}
                  <a href="/problems">{t('reconcile.problems', { opened: row.problems_opened, resolved: row.problems_resolved })}</a>
                </p>
                <div class="reconcile-parts">
                  <Counts
                    title={t('reconcile.schedule')}
                    rows={[
                      [t('reconcile.expected'), report.schedule.expected],
                      [t('reconcile.received'), report.schedule.received, '='],
                      [t('state.held'), report.schedule.held, '+'],
                      [t('state.missing'), report.schedule.missing, '+'],
                    ]}
                  />
                  <Counts
                    title={t('reconcile.target')}
                    rows={[
                      [t('reconcile.here'), report.target_comparison.here],
                      [t('reconcile.same'), report.target_comparison.same, '='],
                      [t('reconcile.different'), report.target_comparison.different, '+'],
                      [t('reconcile.missing'), report.target_comparison.missing, '+'],
                      [t('reconcile.waiting_there'), report.target_comparison.waiting_there, '+'],
                      [t('reconcile.waiting_absent'), report.target_comparison.waiting_absent, '+'],
                      [t('reconcile.not_forwarded'), report.target_comparison.not_forwarded, '+'],
                      [t('reconcile.there'), report.target_comparison.there],
                      [t('reconcile.extra'), report.target_comparison.extra],
                      [t('reconcile.post_lock'), report.post_lock_undecided],
                    ]}
                  />
                  {report.list_comparison && (
                    <Counts
                      title={t('reconcile.list.of', { name: row.list })}
                      rows={[
                        [t('reconcile.lines'), report.list_comparison.lines],
                        [t('reconcile.same_here'), report.list_comparison.same, '='],
                        [t('reconcile.different_here'), report.list_comparison.different, '+'],
                        [t('state.held'), report.list_comparison.held, '+'],
                        [t('reconcile.never'), report.list_comparison.never_arrived, '+'],
                        [t('reconcile.repeated'), report.list_comparison.repeated, '+'],
                        [t('reconcile.header'), report.list_comparison.header_differs],
                      ]}
                    />
                  )}
                </div>
                <Differences title={t('reconcile.differences.target')} of={report.target_comparison.differences} />
                {report.list_comparison && <Differences title={t('reconcile.differences.list')} of={report.list_comparison.differences} />}
                {report.schedule.missing_items.length > 0 && (
                  <details class="block">
                    <summary>{t('reconcile.missing_items', { n: report.schedule.missing_items.length })}</summary>
                    <ul class="lock-accepted">
                      {report.schedule.missing_items.map((item) => (
                        <li key={item}>{item}</li>
                      ))}
                    </ul>
                  </details>
                )}
                {!row.signature && may('reconcile.run') && (
                  <div class="block">
                    <Sign of={row} onDone={loaded.reload} />
                  </div>
                )}
              </>
            )}
          </>
        );
      }}
    </Await>
  );
}
