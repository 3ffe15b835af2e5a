import '../problems/problems.css';
import './approvals.css';
import { usePages } from '../api/load';
import { sameId, type Approval } from '../api/types';
import { queryValue, setQuery } from '../frame/router';
import { session } from '../frame/session';
import { Chip } from '../parts/facets';
import { Instant } from '../parts/instant';
import { Empty } from '../parts/notice';
import { StateMark } from '../parts/state_mark';
import { Table, type Column } from '../parts/table';
import { DeskTabs } from '../problems/desk_tabs';
import { t, tOr } from '../text';
import { actionName } from './action_name';

const states = ['pending', 'applied', 'refused', 'stale'] as const;

const columns = (): Column<Approval>[] => [
  {
    id: 'action',
    title: t('approvals.column.action'),
    width: 'minmax(0, 1fr)',
    cell: (each) => (
      <a href={`/approvals/${each.id}`} class="plain" tabIndex={-1}>
        {actionName(each.action)}
      </a>
    ),
  },
  { id: 'object', title: t('approvals.column.object'), width: 'minmax(0, 1fr)', cell: (each) => <code>{each.object}</code> },
  { id: 'state', title: t('approvals.column.state'), width: 'minmax(110px, 130px)', cell: (each) => <StateMark state={each.state} /> },
  {
    id: 'asked',
    title: t('approvals.column.asked'),
    width: 'minmax(0, 220px)',
    cell: (each) => (
      <>
        {each.asked_by.name}
        {each.state === 'pending' && sameId(each.asked_by.id, session.value?.account.id) && <span class="beside grey">{t('approvals.yours')}</span>}
      </>
    ),
  },
  { id: 'at', title: t('approvals.column.at'), width: '64px', align: 'end', cell: (each) => <Instant at={each.asked_at} /> },
];

export function ApprovalsView() {
  const state = queryValue('state') || 'pending';
  const list = usePages<Approval>(`/approvals?state=${state}`);
  return (
    <>
      <DeskTabs />
      <div class="list-head">
        <div class="filters" role="group" aria-label={t('facet.filters')}>
          {states.map((each) => (
            <Chip
              key={each}
              on={state === each}
              name={tOr(`state.${each}`, each)}
              onToggle={() => setQuery({ state: each === 'pending' ? null : each })}
            />
          ))}
        </div>
      </div>
      <div class="sheet">
        <Table
          label={t('tab.approvals')}
          look="approvals"
          columns={columns()}
          list={list}
          id={(each) => String(each.id)}
          href={(each) => `/approvals/${each.id}`}
          empty={
            <Empty title={t('approvals.empty')}>
              <p>{t('approvals.empty.what')}</p>
            </Empty>
          }
        />
      </div>
    </>
  );
}
