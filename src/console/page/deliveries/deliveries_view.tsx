import { send, withQuery } from '../api/client';
import { usePages } from '../api/load';
import { deliveryRow } from '../api/study_shapes';
import type { Deliveries, DeliveryRow, TargetCard } from '../api/study_types';
import { queryValue, setQuery } from '../frame/router';
import { may } from '../frame/session';
import { Instant, spanText } from '../parts/instant';
import { LineForm } from '../parts/line_form';
import { PagedListing, type ListingColumn } from '../parts/listing';
import { Empty, ErrorNotice } from '../parts/notice';
import { spanBetween } from '../parts/span';
import { StateMark } from '../parts/state_mark';
import { t, tOr } from '../text';
import { locale } from '../text/language';
import './deliveries.css';

const targetMark: Record<string, string> = { live: 'active', sending: 'active', idle: 'active', failing: 'refused', away: 'refused', rejected: 'held', paused: 'past' };
const deliveryMark: Record<string, string> = {
  pending: 'waiting', ready: 'waiting', retry: 'waiting', sending: 'running', delivered: 'delivered', rejected: 'refused', blocked: 'held', locked: 'locked', unknown: 'held',
};

function lag(seconds: number): string {
  return seconds < 60 ? t('deliveries.seconds', { n: seconds }) : spanText(spanBetween(0, seconds * 1000));
}

function Card({ of, chosen }: { of: TargetCard; chosen: boolean }) {
  return (
    <button type="button" class={`sheet target ${chosen ? 'target-on' : ''}`} aria-pressed={chosen} onClick={() => setQuery({ target: chosen ? null : of.name })}>
      <span class="target-head">
        <b>{of.name}</b>
        <span class="grey">{of.kind}</span>
        <StateMark state={targetMark[of.state] ?? 'past'} label={tOr(`target.${of.state}`, of.state)} />
      </span>
      <span class="target-numbers">
        <span>
          <b>{of.waiting.toLocaleString(locale())}</b> <span class="grey">{t('deliveries.waiting')}</span>
        </span>
        <span>
          <b>{lag(of.lag_s)}</b> <span class="grey">{t('deliveries.lag')}</span>
        </span>
        <span>
          <b>{of.rate_per_min.toLocaleString(locale())}</b> <span class="grey">{t('deliveries.rate')}</span>
        </span>
        {of.oldest && of.waiting > 0 && (
          <span>
            <b>
              <Instant at={of.oldest} />
            </b>{' '}
            <span class="grey">{t('deliveries.oldest')}</span>
          </span>
        )}
      </span>
      <span class={of.last_error ? 'target-error' : 'grey small'}>
        {of.last_error || t('deliveries.no_error')}
        {of.last_error && of.breaker && of.breaker !== 'closed' && <span class="grey"> {tOr(`target.breaker.${of.breaker}`, of.breaker)}</span>}
      </span>
    </button>
  );
}

function Resend({ row, onDone }: { row: DeliveryRow; onDone: () => void }) {
  return (
    <LineForm
      button={t('deliveries.resend')}
      buttonOf={t('deliveries.resend.of', { id: row.id })}
      small
      label={t('reason.code')}
      action={t('deliveries.resend')}
      send={(reason) => send('POST', `/deliveries/${encodeURIComponent(row.id)}/resend`, { reason })}
      onDone={onDone}
    />
  );
}

const columnsFor = (onDone: () => void): ListingColumn<DeliveryRow>[] => [
  { id: 'state', title: t('deliveries.state'), cell: (row) => <StateMark state={deliveryMark[row.state] ?? 'waiting'} label={tOr(`delivery.${row.state}`, row.state)} /> },
  { id: 'target', title: t('deliveries.target'), cell: (row) => row.target },
  {
    id: 'subject',
    title: t('deliveries.subject'),
    cell: (row) => {
      const who = deliveryRow(row).who;
      return who && <a href={`/subjects/${who.id}`}>{who.label}</a>;
    },
  },
  { id: 'results', title: t('deliveries.results'), label: t('deliveries.results'), end: true, cell: (row) => row.results },
  { id: 'attempts', title: t('deliveries.attempts'), label: t('deliveries.attempts'), end: true, cell: (row) => row.attempts },
  { id: 'next', title: t('deliveries.next'), class: 'grey nowrap', cell: (row) => row.not_before && <Instant at={row.not_before} /> },
  { id: 'why', title: t('deliveries.why'), full: true, class: 'delivery-why', cell: (row) => row.why },
  { id: 'message', title: t('deliveries.message'), class: 'nowrap', cell: (row) => row.message_id && <a href={`/messages/${row.message_id}`}>{t('deliveries.message')}</a> },
  { id: 'do', end: true, cell: (row) => row.state === 'rejected' && may('deliveries.resend') && <Resend row={row} onDone={onDone} /> },
];

export function DeliveriesView() {
  const target = queryValue('target');
  const list = usePages<DeliveryRow, Deliveries>(withQuery('/deliveries', { target, state: queryValue('state') }), 50);
  const targets = list.head?.targets ?? [];
  return (
    <>
      <div class="view-head">
        <h1>{t('deliveries.title')}</h1>
      </div>
      {list.error && list.items.length === 0 ? (
        <ErrorNotice error={list.error} again={list.reload} />
      ) : (
        <>
          {list.head && targets.length === 0 && (
            <Empty title={t('deliveries.targets.none')}>
              <p>{t('deliveries.targets.none.what')}</p>
            </Empty>
          )}
          <div class="targets">
            {targets.map((each) => (
              <Card key={each.name} of={each} chosen={target === each.name} />
            ))}
          </div>
          <section class="block" aria-labelledby="not-delivered">
            <div class="block-head">
              <h2 id="not-delivered">{t('deliveries.list')}</h2>
              <span class="count">{list.total !== null && list.total.toLocaleString(locale())}</span>
            </div>
            <PagedListing
              list={list}
              columns={columnsFor(list.reload)}
              id={(row) => row.id}
              caption={t('deliveries.list')}
              empty={
                <Empty title={t('deliveries.none')}>
                  <p>{t('deliveries.none.what')}</p>
                </Empty>
              }
            />
          </section>
        </>
      )}
    </>
  );
}
