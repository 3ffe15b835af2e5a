import { useLoad } from '../api/load';
import { withQuery } from '../api/client';
import type { Lock, LockFact } from '../api/study_end_types';
import { may, session, study } from '../frame/session';
import { Instant } from '../parts/instant';
import { Listing, type ListingColumn } from '../parts/listing';
import { Await, Empty } from '../parts/notice';
import { StateMark } from '../parts/state_mark';
import { t } from '../text';
import { scopeAddress, scopeWords } from './scope';
import { StudyTabs } from './study_tabs';
import './study_end.css';

const lockColumns = (): ListingColumn<Lock>[] => [
  { id: 'scope', title: t('locks.scope'), names: true, cell: (each) => <a href={scopeAddress(each)}>{scopeWords(each)}</a> },
  { id: 'study', title: t('frame.study'), class: 'grey', cell: (each) => each.study },
  { id: 'state', title: t('locks.state'), cell: (each) => <StateMark state={each.state} /> },
  { id: 'since', title: t('locks.since'), class: 'grey nowrap', cell: (each) => <Instant at={each.since} /> },
  { id: 'by', title: t('locks.by'), cell: (each) => each.by },
  { id: 'reason', title: t('locks.reason'), full: true, cell: (each) => each.reason },
];

export const factColumns = (): ListingColumn<LockFact>[] => [
  { id: 'at', title: t('locks.at'), class: 'nowrap', cell: (each) => <Instant at={each.at} exact /> },
  { id: 'action', title: t('locks.what'), cell: (each) => t(`locks.did.${each.action}`) },
  { id: 'scope', title: t('locks.scope'), names: true, cell: (each) => scopeWords(each) },
  { id: 'by', title: t('locks.by'), cell: (each) => each.by },
  { id: 'reason', title: t('locks.reason'), full: true, cell: (each) => each.reason },
  { id: 'signature', title: t('locks.signature'), full: true, class: 'grey small', cell: (each) => each.signature },
  {
    id: 'accepted',
    title: t('locks.accepted'),
    full: true,
    cell: (each) =>
      each.accepted.length > 0 && (
        <details>
          <summary>{t('locks.accepted.n', { n: each.accepted.length })}</summary>
          <ul class="lock-accepted">
            {each.accepted.map((line) => (
              <li key={line}>{line.split('\t')[1] ?? line}</li>
            ))}
          </ul>
        </details>
      ),
  },
];

/** What is frozen and locked, and who did it. */
export function LocksView() {
  const of = { study: study.value };
  const locks = useLoad<{ items: Lock[] }>(withQuery('/locks', of));
  const history = useLoad<{ items: LockFact[] }>(withQuery('/locks/history', of));
  const studies = (session.value?.studies ?? []).filter((each) => !study.value || each.id === study.value);
  return (
    <>
      <StudyTabs />
      <div class="view-head">
        <h1>{t('locks.title')}</h1>
        {may('lock.change') && (
          <div class="view-tools">
            {studies.map((each) => (
              <a key={each.id} class="button" href={scopeAddress({ study: each.id, subject_id: null, visit: '' })}>
                {t('locks.of_study', { study: each.id })}
              </a>
            ))}
          </div>
        )}
      </div>
      <p class="hint settings-what">{t('locks.what_is')}</p>
      <Await of={locks}>
        {({ items }) =>
          items.length ? (
            <Listing rows={items} columns={lockColumns()} id={(each) => scopeAddress(each)} caption={t('locks.title')} />
          ) : (
            <div class="sheet">
              <Empty title={t('locks.none')}>
                <p>{t('locks.none.what')}</p>
              </Empty>
            </div>
          )
        }
      </Await>
      <section class="block" aria-labelledby="lock-history">
        <h2 id="lock-history">{t('locks.history')}</h2>
        <Await of={history}>
          {({ items }) => (items.length ? <Listing rows={items} columns={factColumns()} id={(each) => `${each.at} ${scopeWords(each)}`} /> : <p class="grey">{t('locks.history.none')}</p>)}
        </Await>
      </section>
    </>
  );
}
