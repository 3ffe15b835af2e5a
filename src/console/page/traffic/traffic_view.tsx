import { withQuery } from '../api/client';
import { useLoad } from '../api/load';
import type { SourceRow, Traffic } from '../api/study_types';
import { go, queryValue, setQuery } from '../frame/router';
import { Instant, spanText } from '../parts/instant';
import { Await, Empty } from '../parts/notice';
import { spanBetween } from '../parts/span';
import { StateMark } from '../parts/state_mark';
import { t, tOr } from '../text';
import { locale } from '../text/language';
import { Balance } from './balance';
import { useFollowTraffic } from './follow';
import { AckTimes, OfThisNode } from './live';
import { newAbout } from './new_about';
import { Sparkline } from './sparkline';
import './traffic.css';

const span = (minutes: number) => spanText(spanBetween(0, minutes * 60_000));
const modeMark: Record<string, string> = { live: 'active', shadow: 'proposed', paused: 'past', test: 'past' };

/** How long a source has been silent, against how often it uses to send: full at three times its habit. */
function Silence({ row }: { row: SourceRow }) {
  if (row.silence_minutes === null || row.habit_minutes === null) return null;
  const part = Math.min(1, row.silence_minutes / (row.habit_minutes * 3));
  const words = { now: span(row.silence_minutes), habit: span(row.habit_minutes) };
  return (
    <span class="silence" title={t('traffic.silence.says', words)}>
      <svg viewBox="0 0 48 6" width="48" height="6" aria-hidden>
        <rect width="48" height="6" rx="3" class="silence-all" />
        <rect width={Math.max(2, part * 48)} height="6" rx="3" class={row.silent ? 'silence-over' : 'silence-now'} />
        <rect x="16" width="1" height="6" class="silence-habit" />
      </svg>
      <span class={row.silent ? '' : 'grey'}>
        {row.silent && <StateMark state="held" bare label={t('traffic.silent')} />} {t('traffic.silence.of', words)}
      </span>
    </span>
  );
}

function Source({ row }: { row: SourceRow }) {
  const share = row.messages_24h ? (row.held_24h / row.messages_24h) * 100 : 0;
  const findings = newAbout(row);
  return (
    <tr onClick={(event) => !(event.target as Element).closest('a') && go(`/sources/${row.id}`)} class="row-link">
      <th scope="row" class="full">
        <a href={`/sources/${row.id}`}>{row.id}</a>
        <span class="grey small source-name">{row.name}</span>
      </th>
      <td>
        <StateMark state={modeMark[row.mode] ?? 'past'} label={tOr(`mode.${row.mode}`, row.mode)} />
      </td>
      <td class="nowrap">
        <span class="narrow-label">{t('traffic.last')}</span>
        {row.last_message && <Instant at={row.last_message} />}
      </td>
      <td>
        <Silence row={row} />
      </td>
      <td>
        <Sparkline hours={row.hours} />
      </td>
      <td class="end">
        <span class="narrow-label">{t('traffic.messages')}</span>
        <a href={withQuery('/messages', { source: row.id })}>{row.messages_24h.toLocaleString(locale())}</a>
      </td>
      <td class="end nowrap">
        <span class="narrow-label">{t('traffic.held')}</span>
        {row.held_24h ? (
          <a href={withQuery('/problems', { source: row.id })}>
            {row.held_24h.toLocaleString(locale())} <span class="grey small">{share.toLocaleString(locale(), { maximumFractionDigits: 1 })} %</span>
          </a>
        ) : (
          <span class="grey">0</span>
        )}
      </td>
      <td class="end nowrap">
        {row.ack_p50_ms !== null && (
          <span title={t('traffic.ack.says', { n: row.ack_answers_24h })}>
            <span class="narrow-label">{t('traffic.ack')}</span>
            <AckTimes of={row} />
          </span>
        )}
      </td>
      <td class={findings.length ? 'full new-findings' : 'new-findings'}>{findings.length > 0 && (
          <a href={`/sources/${row.id}`} title={findings.join('\n')}>
            {findings[0]}
            {findings.length > 1 && <span class="grey nowrap"> {t('traffic.more', { n: findings.length - 1 })}</span>}
          </a>
        )}</td>
    </tr>
  );
}

export function TrafficView() {
  const today = new Date().toISOString().slice(0, 10);
  const day = queryValue('day') || today;
  const loaded = useLoad<Traffic>(withQuery('/traffic', { day: day === today ? '' : day }));
  useFollowTraffic('', loaded.reload);
  return (
    <>
      <div class="view-head">
        <h1>{t('traffic.title')}</h1>
        <span class="count">{t('traffic.since')}</span>
      </div>
      <Await of={loaded}>
        {(data) =>
          data.sources.length === 0 ? (
            <Empty title={t('traffic.none')}>
              <p>{t('traffic.none.what')}</p>
            </Empty>
          ) : (
            <>
              <OfThisNode node={data.node} />
              <div class="sheet scroll-x">
                <table class="listing listing-cards traffic">
                  <thead>
                    <tr>
                      <th scope="col">{t('traffic.source')}</th>
                      <th scope="col">{t('traffic.mode')}</th>
                      <th scope="col">{t('traffic.last')}</th>
                      <th scope="col">{t('traffic.silence')}</th>
                      <th scope="col">{t('traffic.hours')}</th>
                      <th scope="col" class="end">
                        {t('traffic.messages')}
                      </th>
                      <th scope="col" class="end">
                        {t('traffic.held')}
                      </th>
                      <th scope="col" class="end">
                        {t('traffic.ack')}
                      </th>
                      <th scope="col">{t('traffic.new')}</th>
                    </tr>
                  </thead>
                  <tbody>
                    {data.sources.map((row) => (
                      <Source key={row.id} row={row} />
                    ))}
                  </tbody>
                </table>
              </div>
              <section class="block" aria-labelledby="balance">
                <div class="block-head">
                  <h2 id="balance">{t('balance.title')}</h2>
                  <span class="hint">{t('balance.what')}</span>
                  <span class="view-tools">
                    <input class="input input-day" type="date" aria-label={t('balance.day')} max={today} value={day} onChange={(event) => setQuery({ day: event.currentTarget.value === today ? null : event.currentTarget.value })} />
                  </span>
                </div>
                <div class="sheet">
                  <Balance rows={data.balance} day={day} />
                </div>
              </section>
            </>
          )
        }
      </Await>
    </>
  );
}
