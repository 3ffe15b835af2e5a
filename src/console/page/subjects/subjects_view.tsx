import { useRef, useState } from 'preact/hooks';
import { withQuery } from '../api/client';
import { usePages } from '../api/load';
import { panels, type Cell, type SubjectList, type SubjectRow } from '../api/study_types';
import { CriticalStrip } from '../critical/critical_view';
import { useKeys } from '../frame/keys';
import { go, queryValue, setQuery } from '../frame/router';
import { session, study } from '../frame/session';
import { Chip, Facet } from '../parts/facets';
import { Empty, ErrorNotice, StaleNotice } from '../parts/notice';
import { StateMark } from '../parts/state_mark';
import { t, tOr } from '../text';
import { StudyTabs } from '../study_end/study_tabs';
import './subjects.css';
import { panelName, visitName } from './words';

const openStates = ['held', 'missing', 'out of window'];
const isOpen = (row: SubjectRow) => Object.values(row.cells).some((cell) => openStates.includes(cell.state));

function daysWords(cell: Cell): string {
  if (cell.days_left === null) return '';
  return t(cell.state === 'waiting' && !Object.keys(cell.marks).some((key) => goodStates.includes(cell.marks[key]!)) ? 'subjects.in_days' : 'subjects.days_left', { n: Math.abs(cell.days_left) });
}

function stateWords(row: SubjectRow, visit: string, cell: Cell): string {
  const parts = [...panels, ...Object.keys(cell.marks).filter((key) => !panels.includes(key))]
    .filter((panel) => cell.marks[panel])
    .map((panel) => `${panelName(panel)}: ${tOr(`state.${cell.marks[panel]}`, cell.marks[panel]!)}`);
  const head = [t('subjects.cell', { subject: row.label, visit: visitName(visit), state: tOr(`state.${cell.state}`, cell.state) }), isLocked(cell) && cell.state !== cell.lock ? t(`state.${cell.lock as 'frozen' | 'locked'}`) : '', daysWords(cell)].filter(Boolean).join(', ');
  return [head, ...parts].join('\n');
}

/** One subject at one visit: a mark a panel, always in the same order, and what is left of the window. */
const goodStates = ['delivered', 'stored', 'locked', 'not expected'];
const order = ['missing', 'held', 'out of window', 'waiting'];

/** The worst of what a visit expects beside the marked panels; nothing where all of it is there. */
function restOf(cell: Cell): string | null {
  const rest = Object.entries(cell.marks).filter(([key, state]) => !panels.includes(key) && !goodStates.includes(state));
  return order.find((state) => rest.some(([, each]) => each === state)) ?? null;
}

const isLocked = (cell: Cell) => cell.lock === 'frozen' || cell.lock === 'locked';

function CellMarks({ cell }: { cell: Cell }) {
  const left = daysWords(cell);
  if (Object.keys(cell.marks).length === 0) {
    return (
      <span class="cell-marks cell-marks-none" aria-hidden>
        <StateMark state={cell.state} bare />
        {isLocked(cell) && cell.state !== cell.lock && <StateMark state={cell.lock!} bare />}
        {left && <small>{left}</small>}
      </span>
    );
  }
  return (
    <span class="cell-marks" aria-hidden>
      {panels.map((panel) => (cell.marks[panel] ? <StateMark key={panel} state={cell.marks[panel]!} bare /> : <i key={panel} />))}
      {isLocked(cell) && <StateMark state={cell.lock!} bare />}
      {restOf(cell) && <StateMark state={restOf(cell)!} bare label={`${panelName('rest')}: ${tOr(`state.${restOf(cell)}`, restOf(cell)!)}`} />}
      {left && <small>{left}</small>}
    </span>
  );
}

const legend = ['stored', 'delivered', 'held', 'missing', 'out of window', 'frozen', 'locked', 'waiting', 'not expected'];

function Matrix({ rows, visits }: { rows: SubjectRow[]; visits: SubjectList['visits'] }) {
  const table = useRef<HTMLTableElement>(null);
  const [at, setAt] = useState({ row: 0, column: 0 });
  const focus = (row: number, column: number) => {
    const next = { row: Math.max(0, Math.min(rows.length - 1, row)), column: Math.max(0, Math.min(visits.length, column)) };
    setAt(next);
    table.current?.querySelector<HTMLElement>(`[data-at="${next.row} ${next.column}"]`)?.focus();
  };
  const isIn = () => !!table.current?.contains(document.activeElement);
  useKeys({
    j: { what: t('keys.next'), run: () => focus(isIn() ? at.row + 1 : at.row, at.column) },
    k: { what: t('keys.previous'), run: () => focus(at.row - 1, at.column) },
    e: { what: t('keys.open'), run: () => isIn() && (document.activeElement as HTMLElement).click() },
  });
  const move = (event: KeyboardEvent) => {
    const step: Record<string, [number, number]> = { ArrowDown: [1, 0], ArrowUp: [-1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
    const change = step[event.key];
    const target = (event.target as HTMLElement).closest<HTMLElement>('[data-at]');
    if (!change || !target || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const [row = 0, column = 0] = target.dataset['at']!.split(' ').map(Number);
    focus(row + change[0], column + change[1]);
  };
  return (
    <table class="matrix" ref={table} onKeyDown={move}>
      <thead>
        <tr>
          <th scope="col">{t('subjects.subject')}</th>
          <th scope="col" class="matrix-status">
            {t('subjects.status')}
          </th>
          {visits.map((visit) => (
            <th scope="col" key={visit.id} title={`${visitName(visit.id, visit.name)}: ${visit.from} … ${visit.to}`}>
              {visit.id}
              <small>{t('subjects.day', { n: visit.day })}</small>
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row, index) => (
          <tr key={row.id} onClick={(event) => !(event.target as Element).closest('a') && go(`/subjects/${row.id}`)}>
            <th scope="row">
              <a href={`/subjects/${row.id}`} data-at={`${index} 0`} tabIndex={at.row === index && at.column === 0 ? 0 : -1}>
                {row.label}
              </a>
            </th>
            <td class="matrix-status">{tOr(`subject.${row.status}`, row.status)}</td>
            {visits.map((visit, column) => {
              const cell = row.cells[visit.id] ?? { state: 'not expected' as const, marks: {}, days_left: null };
              const words = stateWords(row, visit.id, cell);
              return (
                <td key={visit.id} class={openStates.includes(cell.state) ? 'matrix-open' : ''}>
                  <a
                    href={`/subjects/${row.id}?visit=${visit.id}`}
                    data-at={`${index} ${column + 1}`}
                    tabIndex={at.row === index && at.column === column + 1 ? 0 : -1}
                    title={words}
                    aria-label={words.replaceAll('\n', ', ')}
                  >
                    <CellMarks cell={cell} />
                    <span class="cell-one" aria-hidden>
                      <StateMark state={cell.state} bare />
                    </span>
                  </a>
                </td>
              );
            })}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

export function SubjectsView() {
  const q = queryValue('q');
  const site = queryValue('site');
  const onlyOpen = queryValue('open') === '1';
  const list = usePages<SubjectRow, SubjectList>(withQuery('/subjects', { study: study.value, site, q }));
  const sites = [...new Set((session.value?.studies ?? []).flatMap((each) => each.sites))];
  const rows = onlyOpen ? list.items.filter(isOpen) : list.items;
  const visits = list.head?.visits ?? [];
  return (
    <>
      <StudyTabs />
      <CriticalStrip />
      <div class="view-head">
        <h1>{t('subjects.title')}</h1>
        <span class="count">{list.total !== null && t('subjects.count', { n: list.total })}</span>
        <div class="view-tools">
          <input
            class="input input-short"
            type="search"
            aria-label={t('subjects.find')}
            placeholder={t('subjects.find')}
            value={q}
            onInput={(event) => setQuery({ q: event.currentTarget.value })}
          />
          {sites.length > 1 && (
            <Facet
              name={t('subjects.site')}
              value={site}
              values={sites.map((each) => ({ value: each, label: each, count: list.items.filter((row) => row.site === each).length }))}
              onChoose={(value) => setQuery({ site: value })}
            />
          )}
          <Chip on={onlyOpen} name={t('subjects.only_open')} count={list.complete ? list.items.filter(isOpen).length : undefined} onToggle={() => setQuery({ open: onlyOpen ? null : '1' })} />
        </div>
      </div>
      {list.error && list.items.length === 0 ? (
        <ErrorNotice error={list.error} again={list.reload} />
      ) : (
        <>
          {list.error && <StaleNotice at={list.at} again={list.reload} />}
          <div class="legend">
            <span class="legend-order">
              {t('subjects.legend')}: {panels.map((panel) => panelName(panel)).join(' · ')}
            </span>
            <ul>
              {legend.map((state) => (
                <li key={state}>
                  <StateMark state={state} />
                </li>
              ))}
            </ul>
          </div>
          <div class="sheet scroll-x">{visits.length > 0 && rows.length > 0 && <Matrix rows={rows} visits={visits} />}</div>
          {rows.length === 0 && !list.loading && (
            <Empty title={q || site || onlyOpen ? t('subjects.no_match') : t('subjects.none')}>{!(q || site || onlyOpen) && <p>{t('subjects.none.what')}</p>}</Empty>
          )}
          <p class="table-foot">
            {list.loading && rows.length === 0 ? t('list.loading') : <span class="only-wide">{t('subjects.keys')}</span>}
            {!list.complete && (
              <button type="button" class="button button-quiet" disabled={list.loading} onClick={list.more}>
                {t('list.more')}
              </button>
            )}
          </p>
        </>
      )}
    </>
  );
}
