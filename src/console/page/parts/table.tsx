import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Paged } from '../api/load';
import { useKeys } from '../frame/keys';
import { go } from '../frame/router';
import { t } from '../text';
import { ErrorNotice, StaleNotice } from './notice';
import { visibleRows } from './visible_rows';

export interface Column<Row> {
  id: string;
  title: ComponentChildren;
  /** A track of the grid: `minmax(0, 1fr)`, `8ch`, … */
  width: string;
  align?: 'start' | 'end';
  cell: (row: Row) => ComponentChildren;
}

export interface Selection {
  has: (id: string) => boolean;
  toggle: (id: string) => void;
  set: (ids: string[]) => void;
  ids: string[];
}

export interface TableProps<Row> {
  label: string;
  /** Names the look of its rows at narrow widths. */
  look: string;
  columns: Column<Row>[];
  list: Paged<Row, unknown>;
  id: (row: Row) => string;
  /** Where a row leads; a click anywhere on it and `e` or Enter go there. */
  href?: (row: Row) => string;
  empty: ComponentChildren;
  selection?: Selection;
  /** Keys that act on the row under the cursor. */
  keys?: Record<string, { what: string; run: (row: Row) => void }>;
}

/** A list that the server hands out page by page, in rows of one height; only those near the window are in
 *  the document, and the next page is read before its first row comes into sight. `j` and `k` move a cursor
 *  that is the focused row. */
export function Table<Row>(props: TableProps<Row>) {
  const { list, columns } = props;
  const rows = list.items;
  const body = useRef<HTMLDivElement>(null);
  const [seen, setSeen] = useState({ from: 0, to: 60 });
  const [height, setHeight] = useState(28);
  const [cursor, setCursor] = useState(-1);
  const wanted = useRef(-1);

  const measure = () => {
    const box = body.current;
    if (!box) return;
    const row = parseFloat(getComputedStyle(box).getPropertyValue('--row-now')) || 28;
    setHeight(row);
    const next = visibleRows(box.getBoundingClientRect().top, row, window.innerHeight, rows.length);
    setSeen((before) => (before.from === next.from && before.to === next.to ? before : next));
  };

  useLayoutEffect(measure, [rows.length]);
  useEffect(() => {
    let waiting = 0;
    const soon = () => {
      if (!waiting) {
        waiting = requestAnimationFrame(() => {
          waiting = 0;
          measure();
        });
      }
    };
    window.addEventListener('scroll', soon, { passive: true, capture: true });
    window.addEventListener('resize', soon);
    return () => {
      cancelAnimationFrame(waiting);
      window.removeEventListener('scroll', soon, { capture: true });
      window.removeEventListener('resize', soon);
    };
  }, [rows.length]);

  useEffect(() => {
    if (!list.complete && !list.loading && !list.error && rows.length > 0 && seen.to >= rows.length - 20) {
      list.more();
    }
  }, [seen.to, rows.length, list.complete, list.loading, list.error]);

  const move = (to: number) => {
    const at = Math.max(0, Math.min(rows.length - 1, to));
    if (rows.length === 0) return;
    setCursor(at);
    wanted.current = at;
    const box = body.current!;
    const top = box.getBoundingClientRect().top + at * height;
    const head = 120;
    if (top < head) window.scrollBy(0, top - head);
    else if (top + height > window.innerHeight - 16) window.scrollBy(0, top + height - window.innerHeight + 16);
    requestAnimationFrame(() => {
      measure();
      requestAnimationFrame(() => {
        // Keys that come faster than frames: only the last row gets the focus.
        if (wanted.current === at) box.querySelector<HTMLElement>(`[data-row="${at}"]`)?.focus({ preventScroll: true });
      });
    });
  };

  const here = rows[cursor];
  const open = () => {
    if (here && props.href) go(props.href(here));
  };
  useKeys({
    j: { what: t('keys.next'), run: () => move(cursor + 1) },
    k: { what: t('keys.previous'), run: () => move(cursor - 1) },
    ...(props.selection && {
      x: { what: t('keys.select'), run: () => here && props.selection!.toggle(props.id(here)) },
    }),
    ...(props.href && { e: { what: t('keys.open'), run: open } }),
    ...Object.fromEntries(
      Object.entries(props.keys ?? {}).map(([key, each]) => [key, { what: each.what, run: () => here && each.run(here) }]),
    ),
  });

  const tracks = (props.selection ? '24px ' : '') + columns.map((column) => column.width).join(' ');
  const allChosen = !!props.selection && rows.length > 0 && rows.every((row) => props.selection!.has(props.id(row)));

  const shown: ComponentChildren[] = [];
  for (let at = seen.from; at < Math.min(seen.to, rows.length); ++at) {
    const row = rows[at]!;
    const id = props.id(row);
    const href = props.href?.(row);
    shown.push(
      <div
        key={id}
        role="row"
        aria-rowindex={at + 2}
        aria-selected={props.selection?.has(id)}
        data-row={at}
        tabIndex={at === (cursor < 0 ? 0 : cursor) ? 0 : -1}
        class={`row ${href ? 'row-link' : ''}`}
        style={{ transform: `translateY(${at * height}px)`, gridTemplateColumns: tracks }}
        onFocus={() => setCursor(at)}
        onKeyDown={(event) => {
          if (event.target !== event.currentTarget) return;
          if (event.key === 'Enter' && href) go(href);
          else if (event.key === 'ArrowDown') {
            event.preventDefault();
            move(at + 1);
          } else if (event.key === 'ArrowUp') {
            event.preventDefault();
            move(at - 1);
          }
        }}
        onClick={(event) => {
          const target = event.target as Element;
          if (!href || target.closest('a, button, input, label') || String(getSelection())) return;
          if (event.metaKey || event.ctrlKey) window.open(href, '_blank');
          else go(href);
        }}
      >
        {props.selection && (
          <div role="cell" class="cell cell-select">
            <input
              type="checkbox"
              tabIndex={-1}
              aria-label={t('list.select_row')}
              checked={props.selection.has(id)}
              onChange={() => props.selection!.toggle(id)}
            />
          </div>
        )}
        {columns.map((column) => (
          <div key={column.id} role="cell" class={`cell cell-${column.id} ${column.align === 'end' ? 'cell-end' : ''}`}>
            {column.cell(row)}
          </div>
        ))}
      </div>,
    );
  }

  if (rows.length === 0 && list.error) return <ErrorNotice error={list.error} again={list.reload} />;

  return (
    <div class={`table table-${props.look}`}>
      {list.error && <StaleNotice at={list.at} again={list.reload} />}
      <div role="table" aria-label={props.label} aria-rowcount={(list.total ?? rows.length) + 1}>
        <div role="rowgroup" class="table-head">
          <div role="row" class="row row-head" style={{ gridTemplateColumns: tracks }}>
            {props.selection && (
              <div role="columnheader" class="cell cell-select">
                <input
                  type="checkbox"
                  aria-label={allChosen ? t('list.select_none') : t('list.select_all')}
                  checked={allChosen}
                  onChange={() => props.selection!.set(allChosen ? [] : rows.map(props.id))}
                />
              </div>
            )}
            {columns.map((column) => (
              <div key={column.id} role="columnheader" class={`cell cell-${column.id} ${column.align === 'end' ? 'cell-end' : ''}`}>
                {column.title}
              </div>
            ))}
          </div>
        </div>
        <div role="rowgroup" class="table-body" ref={body} style={{ height: `${rows.length * height}px` }}>
          {shown}
        </div>
      </div>
      {rows.length === 0 && !list.loading && props.empty}
      <p class="table-foot" aria-live="polite">
        {list.loading && rows.length === 0
          ? t('list.loading')
          : rows.length > 0 &&
            (list.total !== null && !list.complete
              ? t('list.shown', { shown: rows.length, total: list.total })
              : list.complete && t('list.shown_all', { n: rows.length }))}
        {!list.complete && rows.length > 0 && (
          <button type="button" class="button button-quiet" disabled={list.loading} onClick={list.more}>
            {t('list.more')}
          </button>
        )}
      </p>
    </div>
  );
}

export function useSelection(): Selection {
  const [ids, setIds] = useState<string[]>([]);
  return {
    ids,
    has: (id) => ids.includes(id),
    toggle: (id) => setIds((before) => (before.includes(id) ? before.filter((each) => each !== id) : [...before, id])),
    set: setIds,
  };
}
