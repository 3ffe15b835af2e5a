import { withQuery } from '../api/client';
import { useLoad } from '../api/load';
import type { Hit } from '../api/types';
import { queryValue, setQuery } from '../frame/router';
import { Await, Empty } from '../parts/notice';
import { t } from '../text';

const order: Hit['kind'][] = ['subject', 'problem', 'specimen', 'message', 'source'];

/** What the header's field finds, as a page with an address: grouped by what was found. */
export function SearchView() {
  const q = queryValue('q').trim();
  const loaded = useLoad<{ items: Hit[] }>(q.length < 2 ? null : withQuery('/search', { q, limit: 100 }));
  return (
    <>
      <div class="view-head">
        <h1>{t('searched.title')}</h1>
        <div class="view-tools search-again">
          <input class="input" type="search" aria-label={t('frame.search.label')} placeholder={t('frame.search')} value={queryValue('q')} onInput={(event) => setQuery({ q: event.currentTarget.value })} />
        </div>
      </div>
      {q.length < 2 ? (
        <Empty title={t('searched.short')} />
      ) : (
        <Await of={loaded}>
          {(found) =>
            found.items.length === 0 ? (
              <div class="sheet">
                <Empty title={t('frame.search.none', { q })} />
              </div>
            ) : (
              <>
                {order
                  .map((kind) => ({ kind, items: found.items.filter((each) => each.kind === kind) }))
                  .filter((group) => group.items.length > 0)
                  .map((group) => (
                    <section key={group.kind} class="block" aria-labelledby={`found-${group.kind}`}>
                      <h2 id={`found-${group.kind}`}>
                        {t(`hit.${group.kind}`)} <span class="count">{group.items.length}</span>
                      </h2>
                      <div class="sheet">
                        <table class="listing">
                          <tbody>
                            {group.items.map((hit) => (
                              <tr key={hit.id}>
                                <th scope="row">
                                  <a href={hit.href}>{hit.label}</a>
                                </th>
                                <td class="grey end">{hit.detail}</td>
                              </tr>
                            ))}
                          </tbody>
                        </table>
                      </div>
                    </section>
                  ))}
              </>
            )
          }
        </Await>
      )}
    </>
  );
}
