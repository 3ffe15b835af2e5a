import { withQuery } from '../api/client';
import { useLoad } from '../api/load';
import { outstandingFrom } from '../api/study_shapes';
import type { Outstanding, OutstandingItem } from '../api/study_types';
import { queryValue, setQuery } from '../frame/router';
import { study } from '../frame/session';
import { Chip } from '../parts/facets';
import { dayBegins, dayOf, Instant } from '../parts/instant';
import { Await, Empty, Notice } from '../parts/notice';
import { StateMark } from '../parts/state_mark';
import { StudyTabs } from '../study_end/study_tabs';
import { analyteName, panelName, visitName } from '../subjects/words';
import { ruleLabel, ruleSentence, t, tOr } from '../text';

const markOf: Record<string, string> = { query: 'answered', delivery: 'refused', 'post-lock': 'locked' };

/** What is said of it beside kind, subject and visit: the rule, or why it is missing (`S-003 M3: GLU of Chemistry is
 *  missing (the result was withdrawn)`). What a rule holds is grouped by it. */
function partsOf(item: OutstandingItem): OutstandingItem {
  if (item.kind === 'missing') return { ...item, analyte: item.analyte.split('|')[0]!, text: /\(([^()]+)\)$/.exec(item.text)?.[1] ?? '' };
  return item.kind === 'held' && item.rule ? { ...item, analyte: item.analyte || item.code, text: item.rule } : item;
}

function what(item: OutstandingItem): string {
  if (item.kind === 'held' && item.rule) {
    const words = ruleLabel(item.rule);
    return ruleSentence(item.rule, words.charAt(0).toUpperCase() + words.slice(1));
  }
  const words = tOr(`outstanding.text.${item.kind}`, ruleSentence(item.kind, item.text));
  return item.kind === 'missing' && item.text ? `${words} ${tOr(`outstanding.why.${item.text}`, `${item.text.charAt(0).toUpperCase()}${item.text.slice(1)}.`)}` : words;
}

const isPanel = (analyte: string) => panelName(analyte) !== analyte;
const analyteWords = (analyte: string): string => (isPanel(analyte) ? panelName(analyte) : analyteName(analyte, analyte));

type Cause = OutstandingItem & { analytes: string[] };

/** What one draw lacks is one line: a visit that did not happen is not six. */
function causesOf(items: OutstandingItem[]): Cause[] {
  const found = new Map<string, Cause>();
  for (const item of items.map(partsOf)) {
    const key = [item.kind, item.subject?.id, item.visit, item.text, item.problem].join('\n');
    const cause = found.get(key);
    if (cause) {
      cause.analytes.push(item.analyte);
      if (item.since < cause.since) cause.since = item.since;
    } else {
      found.set(key, { ...item, analytes: item.analyte ? [item.analyte] : [] });
    }
  }
  return [...found.values()];
}

function Rows({ items }: { items: OutstandingItem[] }) {
  return (
    <div class="sheet scroll-x">
      <table class="listing listing-cards">
        <thead>
          <tr>
            <th scope="col">{t('outstanding.kind')}</th>
            <th scope="col">{t('subjects.subject')}</th>
            <th scope="col">{t('chart.visit')}</th>
            <th scope="col">{t('result.analyte')}</th>
            <th scope="col">{t('outstanding.what')}</th>
            <th scope="col">{t('outstanding.since')}</th>
            <td />
          </tr>
        </thead>
        <tbody>
          {causesOf(items).map((item, at) => (
            <tr key={at}>
              <td>
                <StateMark state={markOf[item.kind] ?? item.kind} label={tOr(`outstanding.kind.${item.kind}`, item.kind)} />
              </td>
              <td>{item.subject && <a href={`/subjects/${item.subject.id}${item.visit ? `?visit=${item.visit}` : ''}`}>{item.subject.label}</a>}</td>
              <td title={item.visit && visitName(item.visit)}>{item.visit}</td>
              <td class="outstanding-what">{item.analytes.map(analyteWords).join(', ')}</td>
              <td class="full">{what(item)}</td>
              <td class="grey">
                <Instant at={item.since} />
              </td>
              <td>{item.problem && <a href={`/problems/${item.problem}`}>{t('outstanding.problem')}</a>}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** What is still expected, held, asked or not delivered, now or as it was at the end of a past day. */
export function OutstandingView() {
  const day = queryValue('as_of');
  const kind = queryValue('kind');
  // Today is now; the end of another day is its last instant in the reader's zone.
  const asOf = day && day < dayOf(new Date().toISOString()) ? dayBegins(day, 1) : '';
  const loaded = useLoad<Outstanding>(withQuery('/outstanding', { study: study.value, as_of: asOf }));
  const today = new Date().toISOString().slice(0, 10);
  return (
    <>
      <StudyTabs />
      <div class="view-head">
        <h1>{t('outstanding.title')}</h1>
        <div class="view-tools">
          <label class="grey" for="as-of">
            {t('outstanding.as_of')}
          </label>
          <input id="as-of" class="input input-day" type="date" max={today} value={day} onChange={(event) => setQuery({ as_of: event.currentTarget.value })} />
          {day && (
            <button type="button" class="button" onClick={() => setQuery({ as_of: null })}>
              {t('outstanding.now')}
            </button>
          )}
        </div>
      </div>
      <Await of={loaded}>
        {(raw) => {
          const data = outstandingFrom(raw);
          const items = kind ? data.items.filter((each) => each.kind === kind) : data.items;
          return (
            <>
              {day && (
                <div class="block">
                  <Notice kind="info">
                    <p>{t('outstanding.past', { day })}</p>
                  </Notice>
                </div>
              )}
              <div class="buttons block">
                {Object.entries(data.counts).map(([name, count]) => (
                  <Chip key={name} on={kind === name} name={tOr(`outstanding.kind.${name}`, name)} count={count} onToggle={() => setQuery({ kind: kind === name ? null : name })} />
                ))}
              </div>
              <div class="block">
                {items.length ? (
                  <Rows items={items} />
                ) : (
                  <Empty title={t('outstanding.none')}>
                    <p>{t('outstanding.none.what')}</p>
                  </Empty>
                )}
              </div>
            </>
          );
        }}
      </Await>
    </>
  );
}
