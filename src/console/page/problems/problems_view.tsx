import './problems.css';
import { useEffect, useRef, useState } from 'preact/hooks';
import { onEvent, openProblems } from '../api/events';
import { send, withQuery } from '../api/client';
import { usePages } from '../api/load';
import { sameId, type Problem, type ProblemList } from '../api/types';
import { CriticalStrip } from '../critical/critical_view';
import { queryValue, setQuery } from '../frame/router';
import { may, session, study } from '../frame/session';
import { Chip, Facet } from '../parts/facets';
import { Instant } from '../parts/instant';
import { Empty } from '../parts/notice';
import { RiskBar, StateMark } from '../parts/state_mark';
import { Table, useSelection, type Column } from '../parts/table';
import { ruleLabel, ruleSentence, t, tOr } from '../text';
import { BulkBar } from './bulk_bar';
import { DeskTabs } from './desk_tabs';
import { riskWords } from './risk_words';
import { SavedViews } from './saved_views';

export const filterNames = ['state', 'assignee', 'source', 'rule', 'age', 'snoozed', 'sort'] as const;

function Size({ of }: { of: Problem }) {
  if (of.delta) return <span>{of.delta}</span>;
  const n = of.state === 'open' || of.state === 'in review' ? of.held : of.total;
  return (
    <span>
      {t('problems.results', { n })}
      {of.subjects > 0 && <span class="grey"> · {t('problems.subjects', { n: of.subjects })}</span>}
    </span>
  );
}

export function Owner({ of }: { of: Problem }) {
  if (!of.assignee) return <span class="grey">–</span>;
  return <span>{sameId(of.assignee.id, session.value?.account.id) ? t('problems.you') : of.assignee.name}</span>;
}

const columns = (): Column<Problem>[] => [
  { id: 'risk', title: <span class="unseen">{t('problem.risk')}</span>, width: '4px', cell: (each) => <RiskBar risk={each.risk} why={riskWords(each)} /> },
  {
    id: 'sentence',
    title: t('problems.column.problem'),
    width: 'minmax(0, 1fr)',
    cell: (each) => (
      <>
        <a href={`/problems/${each.id}`} class="plain" tabIndex={-1}>
          {ruleSentence(each.sentence_key, each.sentence, each.parameters)}
        </a>
        {each.state === 'in review' && (
          <span class="beside">
            <StateMark state={each.state} />
          </span>
        )}
        {each.regressed && (
          <span class="beside tag" title={t('problems.regressed.why')}>
            {t('problems.regressed')}
          </span>
        )}
        {each.snoozed_until && (
          <span class="beside grey">{t('problems.until', { day: each.snoozed_until.slice(0, 10) })}</span>
        )}
        {each.snoozed_held && <span class="beside grey">{t('problems.until_held', { n: each.snoozed_held })}</span>}
      </>
    ),
  },
  {
    id: 'source',
    title: t('problems.column.source'),
    width: 'minmax(80px, 110px)',
    cell: (each) => (
      <a href={`/sources/${each.source}`} class="plain grey" tabIndex={-1}>
        {each.source}
      </a>
    ),
  },
  { id: 'size', title: t('problems.column.size'), width: 'minmax(140px, 190px)', cell: (each) => <Size of={each} /> },
  {
    id: 'age',
    title: t('problems.column.age'),
    width: '64px',
    align: 'end',
    cell: (each) => <Instant at={each.first} />,
  },
  { id: 'owner', title: t('problems.column.owner'), width: 'minmax(64px, 110px)', cell: (each) => <Owner of={each} /> },
];

export function ProblemsView() {
  const filter = Object.fromEntries(filterNames.map((name) => [name, queryValue(name)]));
  const state = filter['state'] || 'open';
  const list = usePages<Problem, ProblemList>(withQuery('/problems', { ...filter, state, study: study.value }));
  const selection = useSelection();
  const [hasNews, setHasNews] = useState(false);
  const known = useRef(openProblems.value);
  const atRest = list.items.length <= 100 && selection.ids.length === 0;
  // A list that somebody works in must not move under their hands: it is renewed at its top only.
  useEffect(
    () =>
      onEvent<{ open: number }>('problems', (now) => {
        // Each stream begins with the number, whether it is new or not.
        if (now.open === known.current) return;
        known.current = now.open;
        if (atRest && window.scrollY < 80 && Date.now() - list.at > 3000) list.reload();
        else setHasNews(true);
      }),
    [atRest, list.at],
  );
  useEffect(() => setHasNews(false), [list.at]);
  useEffect(() => selection.set([]), [JSON.stringify(filter)]);

  const { counts, facets } = list.head ?? {};
  const toggle = (name: string, value: string) => setQuery({ [name]: filter[name] === value ? null : value });
  const isFiltered = filterNames.some((name) => name !== 'sort' && name !== 'state' && filter[name]);
  const assignMine = async (problem: Problem) => {
    if (!may('problems.work')) return;
    await send('PATCH', `/problems/${problem.id}`, { assignee: 'me', reason: 'triage' }, { etag: problem.etag });
    list.reload();
  };
  return (
    <>
      {may('results.view') && <CriticalStrip />}
      <DeskTabs />
      <div class="list-head">
        <div class="filters" role="group" aria-label={t('facet.filters')}>
          <Chip
            on={state === 'open'}
            name={t('problems.open')}
            count={counts?.open}
            onToggle={() => setQuery({ state: null })}
          />
          <Chip
            on={state === 'in review'}
            name={t('problems.in_review')}
            count={counts?.in_review}
            onToggle={() => setQuery({ state: 'in review' })}
          />
          <Chip
            on={state === 'resolved'}
            name={t('problems.resolved')}
            count={counts?.resolved_week}
            onToggle={() => setQuery({ state: 'resolved' })}
          />
          <i class="divider" aria-hidden />
          <Chip on={filter['assignee'] === 'me'} name={t('problems.mine')} onToggle={() => toggle('assignee', 'me')} />
          <Chip
            on={filter['assignee'] === 'none'}
            name={t('problems.unassigned')}
            onToggle={() => toggle('assignee', 'none')}
          />
          <Facet
            name={t('problems.facet.source')}
            value={filter['source'] ?? ''}
            values={facets?.['source'] ?? []}
            onChoose={(value) => setQuery({ source: value })}
          />
          <Facet
            name={t('problems.facet.kind')}
            value={filter['rule'] ?? ''}
            values={(facets?.['rule'] ?? []).map((each) => ({ ...each, label: ruleLabel(each.value) }))}
            onChoose={(value) => setQuery({ rule: value })}
          />
          <Facet
            name={t('problems.facet.age')}
            value={filter['age'] ?? ''}
            values={(facets?.['age'] ?? []).map((each) => ({ ...each, label: tOr(`problems.age.${each.value}`, each.label) }))}
            onChoose={(value) => setQuery({ age: value })}
          />
          <Chip on={filter['snoozed'] === 'true'} name={t('problems.snoozed')} onToggle={() => toggle('snoozed', 'true')} />
          {isFiltered && (
            <button
              type="button"
              class="button button-quiet"
              onClick={() => setQuery({ assignee: null, source: null, rule: null, age: null, snoozed: null })}
            >
              {t('facet.clear')}
            </button>
          )}
        </div>
        <div class="list-end">
          {hasNews && (
            <button type="button" class="button button-quiet" onClick={list.reload}>
              {t('list.news')}
            </button>
          )}
          <label class="sorted">
            <span class="grey">{t('problems.sort')}</span>
            <select
              class="quiet-select"
              value={filter['sort'] || 'risk'}
              onChange={(event) => setQuery({ sort: event.currentTarget.value === 'risk' ? null : event.currentTarget.value })}
            >
              {(['risk', 'age', 'size'] as const).map((each) => (
                <option key={each} value={each}>
                  {t(`problems.sort.${each}`)}
                </option>
              ))}
            </select>
          </label>
          <SavedViews names={filterNames} />
        </div>
      </div>
      {selection.ids.length > 0 && <BulkBar selection={selection} held={list.items.filter((each) => selection.ids.includes(String(each.id))).reduce((sum, each) => sum + each.held, 0)} onDone={list.reload} />}
      <div class="sheet">
        <Table
          label={t('problems.title')}
          look="problems"
          columns={columns()}
          list={list}
          id={(each) => each.id}
          href={(each) => `/problems/${each.id}`}
          {...(may('problems.work') && { selection })}
          keys={{ a: { what: t('keys.assign'), run: (problem) => void assignMine(problem) } }}
          empty={
            isFiltered ? (
              <Empty title={t('problems.empty.filtered')} />
            ) : (
              <Empty title={t('problems.empty')}>
                <p>{t('problems.empty.what')}</p>
              </Empty>
            )
          }
        />
      </div>
    </>
  );
}
