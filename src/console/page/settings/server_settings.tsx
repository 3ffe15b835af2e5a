import { useState } from 'preact/hooks';
import { useLoad } from '../api/load';
import type { ServerSetting } from '../api/study_types';
import { Await } from '../parts/notice';
import { t } from '../text';

export function ServerSettings() {
  const loaded = useLoad<{ items: ServerSetting[] }>('/settings');
  const [q, setQ] = useState('');
  return (
    <>
      <p class="hint settings-what">{t('server.what')}</p>
      <div class="block-head">
        <input class="input input-short" type="search" aria-label={t('server.find')} placeholder={t('server.find')} value={q} onInput={(event) => setQ(event.currentTarget.value)} />
      </div>
      <Await of={loaded}>
        {({ items }) => (
          <div class="sheet scroll-x">
            <table class="listing listing-cards">
              <thead>
                <tr>
                  <th scope="col">{t('server.name')}</th>
                  <th scope="col">{t('server.value')}</th>
                  <th scope="col">{t('server.meaning')}</th>
                </tr>
              </thead>
              <tbody>
                {items
                  .filter((each) => `${each.name} ${each.meaning}`.toLowerCase().includes(q.toLowerCase()))
                  .map((each) => (
                    <tr key={each.name}>
                      <th scope="row" class="mono">
                        {each.name}
                      </th>
                      <td class="mono setting-value">{each.value === null ? <span class="grey">{t('server.default')}</span> : String(each.value)}</td>
                      <td class="grey full">{each.meaning}</td>
                    </tr>
                  ))}
              </tbody>
            </table>
          </div>
        )}
      </Await>
    </>
  );
}
