import type { ComponentChildren } from 'preact';
import type { Paged } from '../api/load';
import { t } from '../text';
import { ErrorNotice, StaleNotice } from './notice';

export interface ListingColumn<Row> {
  id: string;
  title?: ComponentChildren;
  /** The cell that names its row. */
  names?: boolean;
  end?: boolean;
  /** Takes a line of its own where the row is a card. */
  full?: boolean;
  /** Says what a number is where the row is a card and has no head. */
  label?: string;
  class?: string;
  cell: (row: Row) => ComponentChildren;
}

export interface ListingProps<Row> {
  columns: ListingColumn<Row>[];
  rows: Row[];
  id: (row: Row) => string;
  rowClass?: (row: Row) => string;
  caption?: string;
}

/** A plain table whose rows become cards on a narrow window. */
export function Listing<Row>({ columns, rows, id, rowClass, caption }: ListingProps<Row>) {
  const classOf = (column: ListingColumn<Row>) => [column.end && 'end', column.full && 'full', column.class].filter(Boolean).join(' ') || undefined;
  return (
    <div class="sheet scroll-x">
      <table class="listing listing-cards" aria-label={caption}>
        <thead>
          <tr>
            {columns.map((column) =>
              column.title === undefined ? (
                <td key={column.id} />
              ) : (
                <th scope="col" key={column.id} class={column.end ? 'end' : undefined}>
                  {column.title}
                </th>
              ),
            )}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={id(row)} class={rowClass?.(row) || undefined}>
              {columns.map((column) => {
                const content = (
                  <>
                    {column.label && <span class="narrow-label">{column.label}</span>}
                    {column.cell(row)}
                  </>
                );
                return column.names ? (
                  <th scope="row" key={column.id} class={classOf(column)}>
                    {content}
                  </th>
                ) : (
                  <td key={column.id} class={classOf(column)}>
                    {content}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** The same for a list that the server hands out page by page: with what is said while it is read, where it
 *  could not be read, and where there is nothing. */
export function PagedListing<Row>(props: Omit<ListingProps<Row>, 'rows'> & { list: Paged<Row, unknown>; empty: ComponentChildren }) {
  const { list } = props;
  if (list.error && list.items.length === 0) return <ErrorNotice error={list.error} again={list.reload} />;
  return (
    <>
      {list.error && <StaleNotice at={list.at} again={list.reload} />}
      {list.items.length > 0 ? <Listing {...props} rows={list.items} /> : !list.loading && <div class="sheet">{props.empty}</div>}
      {(list.loading || !list.complete) && (
        <p class="table-foot">
          {list.loading && list.items.length === 0 && <span class="loading">{t('list.loading')}</span>}
          {!list.complete && list.items.length > 0 && (
            <>
              {list.total !== null && t('list.shown', { shown: list.items.length, total: list.total })}
              <button type="button" class="button button-quiet" disabled={list.loading} onClick={list.more}>
                {t('list.more')}
              </button>
            </>
          )}
        </p>
      )}
    </>
  );
}
