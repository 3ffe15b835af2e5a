import { useState } from 'preact/hooks';
import { ApiError, send } from '../api/client';
import { usePages } from '../api/load';
import type { AlarmChannel, Alarms, Incident } from '../api/study_types';
import { mayEverywhere } from '../frame/session';
import { Instant, spanText } from '../parts/instant';
import { Empty, ErrorNotice, Notice, StaleNotice } from '../parts/notice';
import { spanBetween } from '../parts/span';
import { StateMark } from '../parts/state_mark';
import { t, tOr } from '../text';

const noticeMark = { sent: 'done', waiting: 'waiting', failed: 'refused' } as const;

function where(incident: Incident): string {
  const of = encodeURIComponent(incident.object);
  const pages: Record<string, string> = {
    'source-silent': `/sources/${of}`, 'source-clock': `/sources/${of}`, 'sequence-gap': `/sources/${of}`, 'held-share': `/problems?source=${of}`,
    'store-away': '/traffic', 'target-away': `/deliveries?target=${of}`, 'delivery-lag': `/deliveries?target=${of}`,
    'deliveries-rejected': `/deliveries?target=${of}&state=rejected`, 'problems-aged': `/problems?source=${of}&sort=age`,
    'configuration-refused': '/mappings', 'audit-broken': '/audit', 'critical-value': '/critical', 'critical-unacknowledged': '/critical',
    'access-review-due': '/settings/reviews',
  };
  return pages[incident.kind] ?? '';
}

function Line({ of }: { of: Incident }) {
  const address = where(of);
  return (
    <li class="incident">
      <StateMark state={of.closed ? 'done' : 'refused'} bare label={of.closed ? t('alarms.past') : t('alarms.open')} />
      <div>
        <p>
          <b>{tOr(`incident.${of.kind}`, of.kind)}</b> <span class="mono">{of.object}</span>{' '}
          <span class="grey">
            <Instant at={of.opened} />
            {of.closed && ` · ${t('alarms.closed', { span: spanText(spanBetween(new Date(of.opened).getTime(), Math.max(new Date(of.closed).getTime(), new Date(of.opened).getTime() + 60_000))) })}`}
          </span>
        </p>
        <p>{of.text}</p>
        {!of.closed && (
          <p class="grey">
            {of.advice} {address && <a href={address}>{t('incident.look')}</a>}
          </p>
        )}
        {of.notified.length > 0 && (
          <ul class="notified">
            {of.notified
              .filter((each) => !each.over)
              .map((each, at) => (
                <li key={at} title={each.why}>
                  <StateMark state={noticeMark[each.state]} bare label={t(`alarms.notice.${each.state}`)} />
                  <span class="grey small">
                    {each.channel} {each.state === 'failed' && each.why}
                  </span>
                </li>
              ))}
          </ul>
        )}
      </div>
    </li>
  );
}

function Channels({ of }: { of: AlarmChannel[] }) {
  const [said, setSaid] = useState<{ sent: string[]; failed: { channel: string; why: string }[] } | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const test = async (channel: string) => {
    setError(null);
    setSaid(null);
    try {
      setSaid(await send('POST', '/alarms/test', { channel }));
    } catch (fault) {
      if (!(fault instanceof ApiError)) throw fault;
      setError(fault);
    }
  };
  if (of.length === 0) return <p class="pad grey">{t('alarms.channels.none')}</p>;
  return (
    <>
      <table class="listing listing-cards">
        <tbody>
          {of.map((each) => (
            <tr key={each.name}>
              <th scope="row">
                {each.name} <span class="grey">{each.kind}</span>
              </th>
              <td class="mono small setting-value">{each.where}</td>
              <td class="grey full">
                {t('alarms.about')}: {[each.about].flat().map((kind) => tOr(`incident.${kind}`, kind)).join(', ') || t('alarms.everything')}
                {each.study && ` · ${each.study}`}
              </td>
              <td class="end">
                {mayEverywhere('settings.change') && (
                  <button type="button" class="button button-small" aria-label={t('alarms.test.of', { channel: each.name })} onClick={() => test(each.name)}>
                    {t('alarms.test')}
                  </button>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {said && said.sent.length > 0 && <Notice kind="good">{t('alarms.sent', { channels: said.sent.join(', ') })}</Notice>}
      {said?.failed.map((each) => (
        <Notice kind="error" key={each.channel}>
          {t('alarms.failed', each)}
        </Notice>
      ))}
      {error && <ErrorNotice error={error} />}
    </>
  );
}

/** What went wrong in the engine, whom it was told to, and over what. */
export function AlarmsPage() {
  const list = usePages<Incident, Alarms>('/alarms', 50);
  const open = list.items.filter((each) => !each.closed);
  const past = list.items.filter((each) => each.closed);
  if (list.error && list.items.length === 0) return <ErrorNotice error={list.error} again={list.reload} />;
  return (
    <>
      {list.error && <StaleNotice at={list.at} again={list.reload} />}
      <section class="block" aria-labelledby="open-incidents">
        <h2 id="open-incidents">{t('alarms.open')}</h2>
        <div class="sheet">
          {open.length ? (
            <ul>
              {open.map((each) => (
                <Line key={each.id} of={each} />
              ))}
            </ul>
          ) : (
            !list.loading && (
              <Empty title={t('alarms.none')}>
                <p>{t('alarms.none.what')}</p>
              </Empty>
            )
          )}
        </div>
      </section>
      <section class="block" aria-labelledby="channels">
        <h2 id="channels">{t('alarms.channels')}</h2>
        <div class="sheet scroll-x">{list.head && <Channels of={list.head.channels} />}</div>
      </section>
      {past.length > 0 && (
        <section class="block" aria-labelledby="past-incidents">
          <h2 id="past-incidents">{t('alarms.past')}</h2>
          <div class="sheet">
            <ul>
              {past.map((each) => (
                <Line key={each.id} of={each} />
              ))}
            </ul>
          </div>
        </section>
      )}
      {!list.complete && (
        <button type="button" class="button" disabled={list.loading} onClick={list.more}>
          {t('list.more')}
        </button>
      )}
    </>
  );
}
