import { withQuery } from '../api/client';
import { usePages } from '../api/load';
import type { AccessRow } from '../api/study_types';
import { queryValue, setQuery } from '../frame/router';
import { dayOf } from '../parts/instant';
import { Empty, ErrorNotice } from '../parts/notice';
import { t } from '../text';
import { roleName } from './roles';

/** Who could do what on a day: the list that an inspector asks for. */
export function Access() {
  const today = new Date().toISOString().slice(0, 10);
  const at = queryValue('at');
  const list = usePages<AccessRow>(withQuery('/access', { at }), 500);
  return (
    <>
      <p class="hint settings-what">{t('access.what')}</p>
      <div class="block-head">
        <label for="access-at" class="grey">
          {t('access.at')}
        </label>
        <input id="access-at" class="input input-day" type="date" max={today} value={at || today} onChange={(event) => setQuery({ at: event.currentTarget.value === today ? null : event.currentTarget.value })} />
        <button type="button" class="button" onClick={() => window.print()}>
          {t('access.print')}
        </button>
      </div>
      {list.error && <ErrorNotice error={list.error} again={list.reload} />}
      <div class="sheet scroll-x">
        {list.items.length > 0 ? (
          <table class="listing listing-cards">
            <thead>
              <tr>
                <th scope="col">{t('accounts.name')}</th>
                <th scope="col">{t('grant.role')}</th>
                <th scope="col">{t('grant.study')}</th>
                <th scope="col">{t('grant.site')}</th>
                <th scope="col">{t('grant.from')}</th>
                <th scope="col">{t('grant.until')}</th>
                <th scope="col">{t('grant.by')}</th>
                <th scope="col">{t('grant.training')}</th>
              </tr>
            </thead>
            <tbody>
              {list.items.map((row, index) => (
                <tr key={index}>
                  <th scope="row" class="full">
                    {row.account.display_name} <span class="grey mono small">{row.account.name}</span>
                  </th>
                  <td>{roleName(row.role)}</td>
                  <td>{row.study || <span class="grey">{t('grant.all')}</span>}</td>
                  <td>{row.site || <span class="grey">{t('grant.all')}</span>}</td>
                  <td class="nowrap">{dayOf(row.from)}</td>
                  <td class="nowrap">{row.until ? dayOf(row.until) : <span class="grey">{t('grant.still')}</span>}</td>
                  <td>{row.granted_by}</td>
                  <td class="grey full">{row.training}</td>
                </tr>
              ))}
            </tbody>
          </table>
        ) : (
          !list.loading &&
          !list.error && (
            <Empty title={t('access.none')}>
              <p>{t('access.none.what')}</p>
            </Empty>
          )
        )}
      </div>
    </>
  );
}
