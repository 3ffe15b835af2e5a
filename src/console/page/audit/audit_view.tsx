import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { get, withQuery } from '../api/client';
import { usePages } from '../api/load';
import type { AuditEntry } from '../api/study_types';
import { queryValue, setQuery } from '../frame/router';
import { may, mayEverywhere } from '../frame/session';
import { dayBegins, dayOf } from '../parts/instant';
import { Menu } from '../parts/menu';
import { Empty, ErrorNotice, StaleNotice } from '../parts/notice';
import { TabStrip } from '../parts/tab_strip';
import { useLoadOnce } from '../parts/use_load_once';
import { t, tOr } from '../text';
import { locale } from '../text/language';
import './audit.css';
import { Entry } from './entry';
import { RecordReview, Reviews } from './reviews';
import { Proof, useVerify } from './verify';

const formats = ['csv', 'json', 'html'];
const filterNames = ['actor', 'kind', 'object', 'q'];

function dayWords(day: string): string {
  return new Date(`${day}T12:00:00`).toLocaleDateString(locale(), { weekday: 'long', year: 'numeric', month: 'long', day: 'numeric' });
}

function Filters({ children }: { children: ComponentChildren }) {
  const field = (name: string, label: string, wide = '') => (
    <input class={`input input-short ${wide}`} type="search" aria-label={label} placeholder={label} value={queryValue(name)} onChange={(event) => setQuery({ [name]: event.currentTarget.value.trim() })} />
  );
  // The server says which kinds there are: a list of our own would lag behind it.
  const known = useLoadOnce(() => get<{ items: { kind: string }[] }>('/audit/kinds'));
  const chosen = queryValue('kind');
  const kinds = [...new Set([...(known?.items.map((each) => each.kind) ?? []), ...(chosen ? [chosen] : [])])];
  const any = ['from', 'to', ...filterNames].some((name) => queryValue(name));
  return (
    <div class="audit-filters" role="group" aria-label={t('facet.filters')}>
      <label class="audit-period">
        <span class="grey">{t('audit.from')}</span>
        <input class="input input-day" type="date" value={queryValue('from')} onChange={(event) => setQuery({ from: event.currentTarget.value })} />
      </label>
      <label class="audit-period">
        <span class="grey">{t('audit.to')}</span>
        <input class="input input-day" type="date" value={queryValue('to')} onChange={(event) => setQuery({ to: event.currentTarget.value })} />
      </label>
      {field('actor', t('audit.actor'))}
      <select class="input input-short" aria-label={t('audit.kind')} value={chosen} onChange={(event) => setQuery({ kind: event.currentTarget.value })}>
        <option value="">{t('audit.any_kind')}</option>
        {kinds.map((kind) => (
          <option key={kind} value={kind}>
            {tOr(`audit.kind.${kind}`, kind)}
          </option>
        ))}
      </select>
      {field('object', t('audit.object'))}
      {field('q', t('audit.q'))}
      {any && (
        <button type="button" class="button button-quiet" onClick={() => setQuery(Object.fromEntries(['from', 'to', ...filterNames].map((name) => [name, null])))}>
          {t('audit.clear')}
        </button>
      )}
      {children}
    </div>
  );
}

function Trail({ query }: { query: Record<string, string> }) {
  const list = usePages<AuditEntry>(withQuery('/audit', query), 50);
  if (list.error && list.items.length === 0) return <ErrorNotice error={list.error} again={list.reload} />;
  const days = [...new Set(list.items.map((each) => dayOf(each.at)))];
  return (
    <>
      {list.error && <StaleNotice at={list.at} again={list.reload} />}
      {list.items.length === 0 && !list.loading && (
        <div class="sheet">
          <Empty title={t('audit.none')}>
            <p>{t('audit.none.what')}</p>
          </Empty>
        </div>
      )}
      {days.map((day) => (
        <section key={day} class="audit-day" aria-label={dayWords(day)}>
          <h2>{dayWords(day)}</h2>
          <ol class="sheet">
            {list.items
              .filter((each) => dayOf(each.at) === day)
              .map((each) => (
                <Entry key={each.id} entry={each} />
              ))}
          </ol>
        </section>
      ))}
      <p class="table-foot">
        {list.loading && list.items.length === 0 && t('list.loading')}
        {!list.complete && list.items.length > 0 && (
          <button type="button" class="button" disabled={list.loading} onClick={list.more}>
            {t('list.more')}
          </button>
        )}
      </p>
    </>
  );
}

export function AuditView() {
  const tab = queryValue('tab') || 'trail';
  const query = Object.fromEntries(['from', 'to', ...filterNames].map((name) => [name, queryValue(name)]));
  // The days are the reader's; the server takes instants, the last one not included.
  const asked = { ...query, from: dayBegins(query['from'] ?? ''), to: dayBegins(query['to'] ?? '', 1) };
  const verify = useVerify();
  const [turn, setTurn] = useState(0);
  const filter = filterNames.filter((name) => query[name]).map((name) => `${name}=${query[name]}`).join(' ');
  return (
    <>
      <div class="view-head">
        <h1>{t('audit.title')}</h1>
        <TabStrip
          label={t('audit.tabs')}
          tabs={[
            { id: 'trail', text: t('audit.tab.trail') },
            { id: 'reviews', text: t('audit.tab.reviews') },
          ]}
          chosen={tab}
          onChoose={(next) => setQuery({ tab: next === 'trail' ? null : next })}
        />
        <div class="view-tools">
          <button type="button" class="button" disabled={verify.busy} onClick={verify.run}>
            {t(verify.busy ? 'audit.verifying' : 'audit.verify')}
          </button>
          {may('audit.export') && (
            <Menu
              label={t('audit.export')}
              button={
                <span class="user">
                  {t('audit.export')} <i class="caret" aria-hidden />
                </span>
              }
            >
              {(close) => (
                <>
                  {formats.map((format) => (
                    <a key={format} href={withQuery('/api/v1/audit/export', { ...asked, format })} download={`audit.${format}`} onClick={close}>
                      {t('audit.export.as', { format: format.toUpperCase() })}
                    </a>
                  ))}
                  <p class="hint menu-note">{t('audit.export.note')}</p>
                </>
              )}
            </Menu>
          )}
        </div>
      </div>
      <Proof proof={verify.proof} error={verify.error} again={verify.run} />
      {tab === 'reviews' ? (
        <Reviews key={turn} />
      ) : (
        <>
          <Filters>
            {mayEverywhere('audit.review') && (
              <RecordReview
                from={query['from'] ?? ''}
                to={query['to'] ?? ''}
                filter={filter}
                onDone={() => {
                  setTurn(turn + 1);
                  setQuery({ tab: 'reviews' });
                }}
              />
            )}
          </Filters>
          <Trail query={asked} />
        </>
      )}
    </>
  );
}
