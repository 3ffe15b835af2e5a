import { useState } from 'preact/hooks';
import type { Result, SubjectDetail } from '../api/study_types';
import { queryValue, setQuery } from '../frame/router';
import { Chip } from '../parts/facets';
import { dayOf, exactly, Instant } from '../parts/instant';
import { Empty } from '../parts/notice';
import { StateMark } from '../parts/state_mark';
import { Value } from '../parts/value';
import { t, tOr } from '../text';
import { analyteName, unitWords, visitName } from './words';

const visitKey = (result: Result): string => (result.visit_kind === 'scheduled' ? result.visit : result.visit_kind);

function Delivery({ to }: { to: Record<string, string> }) {
  return (
    <span class="deliveries">
      {Object.entries(to).map(([target, state]) => (
        <span key={target} class="nowrap" title={`${target}: ${tOr(`state.${state}`, state)}`}>
          <StateMark state={state} bare />
          <small>{target}</small>
        </span>
      ))}
    </span>
  );
}

function Versions({ of }: { of: Result }) {
  return (
    <tr class="result-versions">
      <td colSpan={9}>
        <ol>
          {of.versions.map((each) => (
            <li key={each.version}>
              <span class="grey">{t('result.version.n', { n: each.version })}</span>{' '}
              <span class={each.current ? '' : 'struck'}>
                {each.value_text} {unitWords(each.unit)}
              </span>{' '}
              <span class="grey">
                {tOr(`result.status.${each.status}`, each.status)} · {exactly(each.received_at)} ·{' '}
              </span>
              <a href={`/messages/${each.message_id}`}>{t('lineage.message')}</a>
            </li>
          ))}
        </ol>
      </td>
    </tr>
  );
}

function Row({ result }: { result: Result }) {
  const [open, setOpen] = useState(false);
  const name = analyteName(result.analyte, result.analyte_name);
  const unit = unitWords(result.unit);
  const reported = result.value_reported !== result.value_text || result.unit_reported !== result.unit;
  return (
    <>
      <tr>
        <th scope="row" class="result-name">
          {name} <span class="grey mono small">{result.analyte}</span>
        </th>
        <td class="result-value">
          <a
            href={`/results/${result.result_id}`}
            title={[t('lineage.title'), reported && t('result.reported', { value: result.value_reported, unit: result.unit_reported })].filter(Boolean).join('\n')}
          >
            <Value text={tOr(`result.state.${result.value_text.replace(' ', '_')}`, result.value_text)} unit={unit} />
          </a>
        </td>
        <td class="result-flag">
          {(result.range_flag === 'H' || result.range_flag === 'L') && (
            <b class="flag" title={t(`result.flag.${result.range_flag}`)}>
              {result.range_flag === 'H' ? '↑' : '↓'}
              {result.range_flag}
            </b>
          )}
          {!!result.grade && <span class="grey small"> {t('result.grade', { n: result.grade })}</span>}
        </td>
        <td class="grey nowrap">{result.ref_low !== null && `${result.ref_low} – ${result.ref_high}`}</td>
        <td class="nowrap">
          {tOr(`result.status.${result.status}`, result.status)}
          {result.derived_from && result.derived_from.length > 0 && <span class="grey small"> {t('result.derived')}</span>}
          {result.role === 'additional' && <span class="grey small"> {t('result.role.additional')}</span>}
        </td>
        <td>
          {result.versions.length > 1 ? (
            <button type="button" class="button button-quiet button-small" aria-expanded={open} onClick={() => setOpen(!open)}>
              {t('result.version.n', { n: result.version })} <i class="caret" aria-hidden />
            </button>
          ) : (
            <span class="grey">{t('result.version.n', { n: result.version })}</span>
          )}
        </td>
        <td>
          <a href={`/sources/${result.source}`}>{result.source}</a>
        </td>
        <td class="grey">
          <Instant at={result.collected_utc ?? result.collected_at} original={result.collected_at} />
        </td>
        <td>
          <Delivery to={result.delivery} />
        </td>
      </tr>
      {open && <Versions of={result} />}
    </>
  );
}

/** All results of a subject, visit by visit, the latest visit first. */
export function ResultsTable({ of }: { of: SubjectDetail }) {
  const chosen = queryValue('visit');
  const keys = [...new Set(of.results.map(visitKey))];
  const order = new Map(keys.map((key) => [key, Math.max(...of.results.filter((each) => visitKey(each) === key).map((each) => each.study_day ?? -999))]));
  keys.sort((a, b) => (order.get(b) ?? 0) - (order.get(a) ?? 0));
  const shown = chosen ? keys.filter((key) => key === chosen) : keys;
  return (
    <section class="block" aria-labelledby="results">
      <div class="block-head">
        <h2 id="results">{t('subject.results')}</h2>
        <div class="buttons">
          <Chip on={!chosen} name={t('subject.all_visits')} count={of.results.length} onToggle={() => setQuery({ visit: null })} />
          {keys.map((key) => (
            <Chip key={key} on={chosen === key} name={key === 'unscheduled' || key === 'history' ? visitName(key) : key} onToggle={() => setQuery({ visit: chosen === key ? null : key })} />
          ))}
        </div>
      </div>
      {shown.length === 0 ? (
        <div class="sheet">
          <Empty title={t('subject.results.none')}>
            <p>{t('subject.results.none.what')}</p>
          </Empty>
        </div>
      ) : (
        <div class="sheet scroll-x">
          <table class="listing listing-cards results">
            <thead>
              <tr>
                <th scope="col">{t('result.analyte')}</th>
                <th scope="col">{t('result.value')}</th>
                <th scope="col">{t('result.flag')}</th>
                <th scope="col">{t('result.range')}</th>
                <th scope="col">{t('result.state')}</th>
                <th scope="col">{t('result.version')}</th>
                <th scope="col">{t('result.source')}</th>
                <th scope="col">{t('result.collected')}</th>
                <th scope="col">{t('result.delivered')}</th>
              </tr>
            </thead>
            {shown.map((key) => {
              const rows = of.results.filter((each) => visitKey(each) === key);
              const visit = of.visits.find((each) => each.id === key);
              return (
                <tbody key={key}>
                  <tr class="group">
                    <th scope="rowgroup" colSpan={9}>
                      <b>{visitName(key, visit?.name ?? key)}</b>{' '}
                      <span class="grey">
                        {t('subjects.day', { n: rows[0]?.study_day ?? '–' })} · {dayOf(rows[0]?.collected_utc ?? rows[0]?.collected_at ?? '')}
                        {visit && ` · ${t('chart.key.window')} ${visit.open} … ${visit.close}`}
                      </span>{' '}
                      {visit?.locked && <StateMark state="locked" />}
                    </th>
                  </tr>
                  {rows.map((result) => (
                    <Row key={result.result_id} result={result} />
                  ))}
                </tbody>
              );
            })}
          </table>
        </div>
      )}
    </section>
  );
}
