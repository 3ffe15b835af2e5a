import { withQuery } from '../api/client';
import { useLoad, usePages } from '../api/load';
import { sourceFrom } from '../api/study_shapes';
import type { SourceDetail } from '../api/study_types';
import type { Message } from '../api/types';
import { Instant, dayOf } from '../parts/instant';
import { Await } from '../parts/notice';
import { StateMark } from '../parts/state_mark';
import { analyteName, unitWords } from '../subjects/words';
import { t, tOr } from '../text';
import { locale } from '../text/language';
import { AckTimes, OfThisNode } from './live';
import { newAbout } from './new_about';
import { useFollowTraffic } from './follow';
import './traffic.css';

function Connections({ of }: { of: SourceDetail }) {
  if (of.connections.length === 0) return <p class="pad grey">{t('source.no_connection')}</p>;
  return (
    <table class="listing listing-cards">
      <thead>
        <tr>
          <th scope="col">{t('source.peer')}</th>
          <th scope="col">{t('source.kind')}</th>
          <th scope="col">{t('source.since')}</th>
          <th scope="col">{t('traffic.last')}</th>
          <th scope="col" class="end">
            {t('traffic.messages')}
          </th>
          <th scope="col">{t('source.certificate')}</th>
        </tr>
      </thead>
      <tbody>
        {of.connections.map((each) => (
          <tr key={each.peer}>
            <th scope="row" class="mono">
              {each.peer}
            </th>
            <td>{each.way}</td>
            <td class="grey">
              <span class="narrow-label">{t('source.since')}</span>
              <Instant at={each.since} />
            </td>
            <td class="grey">
              <span class="narrow-label">{t('traffic.last')}</span>
              <Instant at={each.last_message} />
            </td>
            <td class="end">
              <span class="narrow-label">{t('traffic.messages')}</span>
              {each.messages.toLocaleString(locale())}
            </td>
            <td class="full">
              {each.certificate ? (
                <>
                  <span class="mono small">{each.certificate.subject}</span>{' '}
                  {each.certificate.expires && <span class="grey">{t('source.expires', { day: dayOf(each.certificate.expires) })}</span>}
                </>
              ) : (
                <span class="grey">{each.tls ? t('source.tls_without') : t('source.no_tls')}</span>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Lines({ of }: { of: SourceDetail }) {
  return (
    <table class="listing">
      <thead>
        <tr>
          <th scope="col">{t('source.code')}</th>
          <th scope="col" class="only-wide">
            {t('source.system')}
          </th>
          <th scope="col">{t('result.analyte')}</th>
          <th scope="col">{t('source.unit')}</th>
          <th scope="col" class="end">
            {t('source.count')}
          </th>
        </tr>
      </thead>
      <tbody>
        {of.lines.map((each) => (
          <tr key={`${each.system} ${each.code}`}>
            <th scope="row" class="mono">
              {each.code}
            </th>
            <td class="grey only-wide">{each.system}</td>
            <td>
              {analyteName(each.analyte, each.analyte)} <span class="grey mono small only-wide">{each.analyte}</span>
            </td>
            <td class="grey">{unitWords(each.unit)}</td>
            <td class="end">{each.count_30d ? each.count_30d.toLocaleString(locale()) : <span class="grey">{t('source.never')}</span>}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Latest({ source }: { source: string }) {
  const list = usePages<Message>(withQuery('/messages', { source }), 12);
  return (
    <table class="listing">
      <tbody>
        {list.items.slice(0, 12).map((each) => (
          <tr key={each.message_id}>
            <th scope="row" class="mono">
              <a href={`/messages/${each.message_id}`}>{each.control_id}</a>
            </th>
            <td>
              <span class="counts">
                <StateMark state="stored" label={String(each.counts.stored)} />
                {each.counts.held > 0 && <StateMark state="held" label={String(each.counts.held)} />}
                {each.counts.ignored > 0 && <StateMark state="ignored" label={String(each.counts.ignored)} />}
              </span>
            </td>
            <td class="end grey">
              <Instant at={each.received_at} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Profile({ source }: { source: SourceDetail }) {
  const news = newAbout(source);
  return (
    <>
      <div class="view-head">
        <a class="crumb" href="/traffic">
          ← {t('source.all')}
        </a>
        <h1>{source.id}</h1>
        <span class="grey">{source.name}</span>
        <StateMark state={source.mode === 'live' ? 'active' : source.mode === 'shadow' ? 'proposed' : 'past'} label={tOr(`mode.${source.mode}`, source.mode)} />
        <div class="view-tools">
          <a class="button" href={withQuery('/problems', { source: source.id })}>
            {t('source.problems')}
          </a>
          <a class="button" href={withQuery('/messages', { source: source.id })}>
            {t('source.messages')}
          </a>
        </div>
      </div>
      <dl class="fact-row source-facts">
        <div>
          <dt>{t('source.file')}</dt>
          <dd>
            <a class="mono" href={withQuery('/mappings', { file: source.file })}>
              {source.file}
            </a>
          </dd>
        </div>
        {source.recognise.length > 0 && (
          <div>
            <dt>{t('source.recognised')}</dt>
            <dd class="mono">{source.recognise.map((each) => `${each.what} ${each.value}`).join(', ')}</dd>
          </div>
        )}
        {source.ack_p50_ms !== null && (
          <div>
            <dt>{t('traffic.ack')}</dt>
            <dd title={t('traffic.ack.says', { n: source.ack_answers_24h })}>
              <AckTimes of={source} />
            </dd>
          </div>
        )}
        <div>
          <dt>{t('source.approvals')}</dt>
          <dd>
            {source.approvals.length
              ? source.approvals.map((each) => (
                  <span key={each.site}>
                    {each.site ? t('source.approved', { site: each.site, by: each.by }) : each.by}{' '}
                    <span class="grey">
                      <Instant at={each.at} />
                    </span>
                  </span>
                ))
              : t('source.approvals.none')}
          </dd>
        </div>
      </dl>
      <div class="source-columns">
        <div>
          <section class="block" aria-labelledby="drift">
            <h2 id="drift">{t('source.drift')}</h2>
            <div class="sheet">
              {source.drift.length || news.length ? (
                <ul class="drift">
                  {news.map((each) => (
                    <li key={each}>
                      <StateMark state="held" bare label={t('traffic.new')} />
                      <span>{each}</span>
                    </li>
                  ))}
                  {source.drift.map((each) => (
                    <li key={each.text}>
                      <StateMark state="held" bare label={tOr(`drift.${each.kind}`, each.kind)} />
                      <span>
                        {each.text} <span class="grey small">×{each.count.toLocaleString(locale())}</span>
                      </span>
                      {each.message_id && (
                        <a href={`/messages/${each.message_id}`}>
                          <Instant at={each.at} />
                        </a>
                      )}
                    </li>
                  ))}
                </ul>
              ) : (
                <p class="pad grey">{t('source.drift.none')}</p>
              )}
            </div>
          </section>
          <section class="block" aria-labelledby="connections">
            <h2 id="connections">{t('source.connections')}</h2>
            <OfThisNode node={source.node} />
            <div class="sheet scroll-x">
              <Connections of={source} />
            </div>
          </section>
          <section class="block" aria-labelledby="lines">
            <h2 id="lines">{t('source.lines')}</h2>
            <div class="sheet scroll-x">
              <Lines of={source} />
            </div>
          </section>
        </div>
        <section class="block" aria-labelledby="latest">
          <h2 id="latest">{t('source.messages')}</h2>
          <div class="sheet">
            <Latest source={source.id} />
          </div>
        </section>
      </div>
    </>
  );
}

export function SourceView({ id }: { id: string }) {
  const loaded = useLoad<SourceDetail>(`/sources/${encodeURIComponent(id)}`);
  useFollowTraffic(id, loaded.reload);
  return <Await of={loaded}>{(raw) => <Profile source={sourceFrom(raw)} />}</Await>;
}
