import { usePages } from '../api/load';
import type { ProblemDetail, ProblemItem } from '../api/types';
import { may } from '../frame/session';
import { Instant } from '../parts/instant';
import { Empty } from '../parts/notice';
import { StateMark } from '../parts/state_mark';
import { Table, type Column, type Selection } from '../parts/table';
import { Value } from '../parts/value';
import { t } from '../text';
import { hl7Time } from '../parts/span';

const columns = (): Column<ProblemItem>[] => [
  {
    id: 'control',
    title: t('items.column.control'),
    width: 'minmax(96px, 150px)',
    cell: (each) =>
      each.message_id ? (
        <a href={`/messages/${each.message_id}`} class="mono" tabIndex={-1}>
          {each.control_id}
        </a>
      ) : (
        <span class="grey">–</span>
      ),
  },
  { id: 'place', title: t('items.column.place'), width: 'minmax(72px, 100px)', cell: (each) => <code class="grey">{each.place}</code> },
  {
    id: 'code',
    title: t('items.column.code'),
    width: 'minmax(0, 1fr)',
    cell: (each) => (
      <>
        {each.code} <span class="grey">{each.code_text || each.analyte}</span>
      </>
    ),
  },
  { id: 'value', title: t('items.column.value'), width: 'minmax(170px, 220px)', cell: (each) => <Value text={each.value_reported} unit={each.unit_reported} /> },
  {
    id: 'subject',
    title: t('items.column.subject'),
    width: 'minmax(64px, 90px)',
    cell: (each) =>
      each.subject ? (
        <a href={`/subjects/${each.subject.id}`} tabIndex={-1}>
          {each.subject.label}
        </a>
      ) : (
        <span class="grey">–</span>
      ),
  },
  {
    id: 'collected',
    title: t('items.column.collected'),
    width: 'minmax(110px, 130px)',
    cell: (each) => <span title={t('time.original', { text: each.collected })}>{hl7Time(each.collected)}</span>,
  },
  {
    id: 'received',
    title: t('items.column.received'),
    width: '84px',
    align: 'end',
    cell: (each) => (each.released ? <StateMark state="done" bare label={t('items.released')} /> : <Instant at={each.received_at} />),
  },
];

/** The results of the group. Those that are chosen narrow a repair to them. */
export function ProblemItems({ problem, selection }: { problem: ProblemDetail; selection: Selection }) {
  const list = usePages<ProblemItem>(`/problems/${problem.id}/items?v=${encodeURIComponent(problem.etag)}`);
  return (
    <section aria-labelledby="items-title">
      <h2 id="items-title" class="section-title">
        {t('items.title')}
        {selection.ids.length > 0 && <span class="tag">{t('list.selected', { n: selection.ids.length })}</span>}
      </h2>
      <div class="sheet">
        <Table
          label={t('items.title')}
          look="items"
          columns={columns()}
          list={list}
          id={(each) => each.observation}
          href={(each) => (each.message_id ? `/messages/${each.message_id}` : '')}
          {...(may('reprocess') && { selection })}
          empty={<Empty title={t('items.empty')} />}
        />
      </div>
    </section>
  );
}
