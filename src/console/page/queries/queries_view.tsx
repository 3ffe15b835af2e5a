import '../problems/problems.css';
import '../problems/problem.css';
import { withQuery } from '../api/client';
import { usePages } from '../api/load';
import type { SiteQuery } from '../api/types';
import { queryValue, setQuery } from '../frame/router';
import { Chip } from '../parts/facets';
import { Empty, ErrorNotice } from '../parts/notice';
import { DeskTabs } from '../problems/desk_tabs';
import { t, tOr } from '../text';
import { QueryCard } from './query_card';

const states = ['open', 'answered', 'closed', 'cancelled', 'all'] as const;

/** What sites and laboratories were asked, and what they said. */
export function QueriesView() {
  const state = queryValue('state') || 'open';
  const list = usePages<SiteQuery>(withQuery('/queries', { state: state === 'all' ? '' : state }), 50);
  return (
    <>
      <DeskTabs />
      <div class="list-head">
        <div class="filters" role="group" aria-label={t('facet.filters')}>
          {states.map((each) => (
            <Chip
              key={each}
              on={state === each}
              name={each === 'all' ? t('queries.all') : tOr(`state.${each}`, each)}
              onToggle={() => setQuery({ state: each === 'open' ? null : each })}
            />
          ))}
        </div>
      </div>
      {list.error && <ErrorNotice error={list.error} again={list.reload} />}
      <div class="sheet query-list">
        {list.items.map((query) => (
          <QueryCard key={query.id} query={query} onDone={list.reload} links />
        ))}
        {!list.loading && !list.error && list.items.length === 0 && (
          <Empty title={t('queries.empty')}>
            <p>{t('queries.empty.what')}</p>
          </Empty>
        )}
        {!list.complete && list.items.length > 0 && (
          <p class="table-foot">
            <button type="button" class="button button-quiet" disabled={list.loading} onClick={list.more}>
              {t('list.more')}
            </button>
          </p>
        )}
      </div>
    </>
  );
}
