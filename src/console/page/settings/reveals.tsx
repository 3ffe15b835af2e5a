import { withQuery } from '../api/client';
import { useLoad } from '../api/load';
import type { Reveals } from '../api/study_end_types';
import { queryValue, setQuery } from '../frame/router';
import { may } from '../frame/session';
import { Instant } from '../parts/instant';
import { Listing } from '../parts/listing';
import { Await, Empty } from '../parts/notice';
import { t } from '../text';

const thisMonth = () => new Date().toISOString().slice(0, 7);

/** Who saw identity in a month, how often and why. */
export function RevealsPage() {
  const month = queryValue('month') || thisMonth();
  const loaded = useLoad<Reveals>(withQuery('/reveals', { month }));
  return (
    <>
      <p class="hint settings-what">{t('reveals.what')}</p>
      <div class="block-head">
        <label for="reveal-month" class="grey">
          {t('reveals.month')}
        </label>
        <input id="reveal-month" class="input input-day" type="month" max={thisMonth()} value={month} onChange={(event) => setQuery({ month: event.currentTarget.value || null })} />
        {may('audit.export') &&
          (['csv', 'html'] as const).map((format) => (
            <a key={format} class="button" href={withQuery('/api/v1/reveals/file', { month, format })} download={`identity-seen-${month}.${format}`}>
              {t('audit.export.as', { format: format.toUpperCase() })}
            </a>
          ))}
      </div>
      <Await of={loaded}>
        {(data) =>
          data.items.length ? (
            <Listing
              rows={data.items}
              id={(each) => each.actor}
              caption={t('settings.reveals')}
              columns={[
                { id: 'who', title: t('accounts.name'), names: true, full: true, cell: (each) => <a href={`/audit?kind=identity&actor=${encodeURIComponent(each.actor)}`}>{each.actor}</a> },
                { id: 'count', title: t('reveals.count'), label: t('reveals.count'), end: true, cell: (each) => each.count },
                { id: 'subjects', title: t('tab.subjects'), label: t('tab.subjects'), end: true, cell: (each) => each.subjects },
                { id: 'messages', title: t('tab.messages'), label: t('tab.messages'), end: true, cell: (each) => each.messages },
                { id: 'last', title: t('reveals.last'), label: t('reveals.last'), class: 'grey nowrap', cell: (each) => <Instant at={each.last} /> },
                { id: 'reasons', title: t('locks.reason'), full: true, cell: (each) => each.reasons.map((one) => `${one.reason} (${one.count})`).join('; ') },
              ]}
            />
          ) : (
            <div class="sheet">
              <Empty title={t('reveals.none')} />
            </div>
          )
        }
      </Await>
    </>
  );
}
