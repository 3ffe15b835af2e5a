import { send, withQuery } from '../api/client';
import { usePages, type Page } from '../api/load';
import type { CriticalValue } from '../api/study_types';
import { queryValue, setQuery } from '../frame/router';
import { may, study } from '../frame/session';
import { Chip } from '../parts/facets';
import { Instant } from '../parts/instant';
import { LineForm } from '../parts/line_form';
import { PagedListing, type ListingColumn } from '../parts/listing';
import { Empty } from '../parts/notice';
import { StateMark } from '../parts/state_mark';
import { Value } from '../parts/value';
import { analyteName, unitWords, visitName } from '../subjects/words';
import { t } from '../text';
import './critical.css';

function Acknowledge({ of, onDone }: { of: CriticalValue; onDone: () => void }) {
  const what = `${analyteName(of.analyte, of.analyte_name)} ${of.value} ${of.subject?.label ?? ''}`;
  return (
    <LineForm
      button={t('critical.acknowledge')}
      buttonOf={t('critical.acknowledge.of', { what })}
      wide
      label={t('critical.note')}
      action={t('critical.acknowledge')}
      send={(note) => send('POST', `/critical/${encodeURIComponent(of.id)}/acknowledge`, { note })}
      onDone={onDone}
    />
  );
}

const isOpen = (of: CriticalValue) => of.acknowledged_at === null;

const columnsFor = (onDone: () => void): ListingColumn<CriticalValue>[] => [
  { id: 'state', title: <span class="unseen">{t('critical.state')}</span>, cell: (of) => <StateMark state={isOpen(of) ? 'refused' : 'done'} bare label={t(isOpen(of) ? 'critical.open' : 'critical.by', { name: of.acknowledged_by ?? '' })} /> },
  {
    id: 'value',
    title: t('critical.value'),
    names: true,
    full: true,
    class: 'critical-what',
    cell: (of) => (
      <>
        <p>
          <b>{analyteName(of.analyte, of.analyte_name)}</b> <Value text={of.value} unit={unitWords(of.unit)} />
        </p>
        <p class="grey small">
          {of.subject ? <a href={`/subjects/${of.subject.id}`}>{of.subject.label}</a> : t('critical.unknown')}
          {of.visit && ` · ${visitName(of.visit)}`} · <a href={`/messages/${of.message_id}`}>{of.source}</a> · <Instant at={of.at} /> · {t('critical.limit', { rule: of.rule })}
        </p>
      </>
    ),
  },
  {
    id: 'known',
    title: t('critical.known'),
    full: true,
    class: 'small',
    cell: (of) =>
      !isOpen(of) && (
        <>
          {t('critical.by', { name: of.acknowledged_by ?? '' })} <span class="grey">(<Instant at={of.acknowledged_at!} />)</span> {of.note}
        </>
      ),
  },
  { id: 'do', end: true, full: true, cell: (of) => isOpen(of) && may('critical.acknowledge') && <Acknowledge of={of} onDone={onDone} /> },
];

export function CriticalView() {
  const all = queryValue('state') === 'all';
  const list = usePages<CriticalValue>(withQuery('/critical', { state: all ? 'all' : 'open', study: study.value }));
  return (
    <>
      <div class="view-head">
        <h1>{t('critical.title')}</h1>
        <div class="view-tools">
          <Chip on={!all} name={t('critical.open')} onToggle={() => setQuery({ state: null })} />
          <Chip on={all} name={t('critical.all')} onToggle={() => setQuery({ state: all ? null : 'all' })} />
        </div>
      </div>
      <PagedListing
        list={list}
        columns={columnsFor(list.reload)}
        id={(of) => of.id}
        rowClass={() => 'critical-line'}
        caption={t('critical.title')}
        empty={
          <Empty title={t('critical.none')}>
            <p>{t('critical.none.what')}</p>
          </Empty>
        }
      />
      <p class="foot-note">{t('critical.what')}</p>
    </>
  );
}

/** One line above a view while critical values wait; nothing where none does. */
export function CriticalStrip() {
  const list = usePages<CriticalValue, Page<CriticalValue>>(withQuery('/critical', { state: 'open', study: study.value }), 50);
  if (list.items.length === 0) return null;
  return (
    <a class="critical-strip" href="/critical">
      <StateMark state="refused" bare label={t('critical.title')} />
      <span>{t('critical.waiting', { n: list.items.length })}</span>
      <span class="grey cut">
        {list.items
          .slice(0, 3)
          .map((each) => `${each.subject?.label ?? t('critical.unknown')} ${analyteName(each.analyte, each.analyte_name)} ${each.value} ${unitWords(each.unit)}`)
          .join(' · ')}
      </span>
    </a>
  );
}
