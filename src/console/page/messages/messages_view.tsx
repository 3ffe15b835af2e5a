import '../problems/problems.css';
import './messages.css';
import { withQuery } from '../api/client';
import { usePages } from '../api/load';
import type { Message } from '../api/types';
import { queryValue, setQuery } from '../frame/router';
import { Chip } from '../parts/facets';
import { Instant } from '../parts/instant';
import { Empty } from '../parts/notice';
import { StateMark } from '../parts/state_mark';
import { Table, type Column } from '../parts/table';
import { DeskTabs } from '../problems/desk_tabs';
import { t } from '../text';

/** The balance sheet counts days of UTC; `to` is a day that counts whole. */
function utcDay(day: string, after = 0): string {
  const at = Date.parse(`${day}T00:00:00Z`);
  return Number.isNaN(at) ? '' : new Date(at + after * 86_400_000).toISOString();
}

type MessageLine = Pick<Message, 'message_id' | 'control_id' | 'source' | 'received_at' | 'counts'> & { message_type?: string };

const columns = (typed: boolean): Column<MessageLine>[] => [
  {
    id: 'control',
    title: t('messages.column.control'),
    width: 'minmax(0, 1fr)',
    cell: (each) => (
      <a href={`/messages/${each.message_id}`} class="plain mono" tabIndex={-1}>
        {each.control_id}
      </a>
    ),
  },
  { id: 'source', title: t('problems.column.source'), width: 'minmax(0, 1fr)', cell: (each) => each.source },
  ...(typed ? [{ id: 'type', title: t('messages.column.type'), width: 'minmax(80px, 120px)', cell: (each: MessageLine) => <span class="grey">{each.message_type}</span> }] : []),
  {
    id: 'counts',
    title: t('messages.column.counts'),
    width: 'minmax(130px, 190px)',
    cell: (each) => (
      <span class="counts-three">
        <StateMark state="stored" label={String(each.counts.stored)} />
        {each.counts.held > 0 ? <StateMark state="held" label={String(each.counts.held)} /> : <i />}
        {each.counts.ignored > 0 && <StateMark state="ignored" label={String(each.counts.ignored)} />}
      </span>
    ),
  },
  { id: 'received', title: t('messages.column.received'), width: '72px', align: 'end', cell: (each) => <Instant at={each.received_at} /> },
];

export function MessagesView() {
  const source = queryValue('source');
  const state = queryValue('state');
  const control = queryValue('control_id');
  const list = usePages<MessageLine>(
    withQuery('/messages', { source, state, control_id: control, from: utcDay(queryValue('from')), to: utcDay(queryValue('to'), 1) }),
  );
  return (
    <>
      <DeskTabs />
      <div class="list-head">
        <div class="filters" role="group" aria-label={t('facet.filters')}>
          <Chip on={state === 'held'} name={t('messages.held')} onToggle={() => setQuery({ state: state === 'held' ? null : 'held' })} />
          {source && <Chip on name={source} onToggle={() => setQuery({ source: null })} />}
          <input
            class="input filter-input"
            type="search"
            aria-label={t('messages.control')}
            placeholder={t('messages.control')}
            value={control}
            onChange={(event) => setQuery({ control_id: event.currentTarget.value.trim() })}
          />
        </div>
      </div>
      <div class="sheet">
        <Table
          label={t('messages.title')}
          look="messages"
          columns={columns(list.items.some((each) => each.message_type))}
          list={list}
          id={(each) => each.message_id}
          href={(each) => `/messages/${each.message_id}`}
          empty={
            <Empty title={t('messages.empty')}>
              <p>{t('messages.empty.what')}</p>
            </Empty>
          }
        />
      </div>
    </>
  );
}
