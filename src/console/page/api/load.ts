import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { ApiError, get, withQuery } from './client';
import { session } from '../frame/session';

export interface Loaded<T> {
  data: T | null;
  error: ApiError | null;
  loading: boolean;
  /** When `data` was read; with an error beside it, since when it is stale. */
  at: number;
  reload: () => void;
  set: (data: T) => void;
}

function asError(fault: unknown): ApiError | null {
  if (fault instanceof ApiError) return fault;
  if (fault instanceof DOMException && fault.name === 'AbortError') return null;
  throw fault;
}

/** Reads `path`, again when it changes or `reload` is called. Nothing is read for null. What was read
 *  before stays until the new answer is there, so that nothing jumps. */
export function useLoad<T>(path: string | null): Loaded<T> {
  const [data, setData] = useState<T | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const [loading, setLoading] = useState(path !== null);
  const [turn, setTurn] = useState(0);
  const at = useRef(0);
  const shown = useRef<string | null>(null);
  const signedIn = session.value?.account.id;

  useEffect(() => {
    if (path === null || signedIn === undefined) return;
    const stop = new AbortController();
    // Another object must not be shown under this one's name while it loads; another filter may.
    if (shown.current !== null && shown.current.split('?')[0] !== path.split('?')[0]) setData(null);
    shown.current = path;
    setLoading(true);
    get<T>(path, stop.signal)
      .then((answer) => {
        at.current = Date.now();
        setData(answer);
        setError(null);
        setLoading(false);
      })
      .catch((fault) => {
        const found = asError(fault);
        if (!found) return;
        setError(found);
        setLoading(false);
      });
    return () => stop.abort();
  }, [path, turn, signedIn]);

  const reload = useCallback(() => setTurn((n) => n + 1), []);
  return { data, error, loading, at: at.current, reload, set: setData };
}

export interface Page<Item> {
  items: Item[];
  next: string | null;
  total: number | null;
}

export interface Paged<Item, Head> {
  items: Item[];
  /** The last answer without its items: facets, counts and what else a list carries. */
  head: Head | null;
  total: number | null;
  complete: boolean;
  loading: boolean;
  error: ApiError | null;
  at: number;
  more: () => void;
  reload: () => void;
  replace: (change: (item: Item) => Item) => void;
}

/** A list that the server hands out page by page behind a cursor. */
export function usePages<Item, Head extends Page<Item> = Page<Item>>(
  path: string | null,
  size = 100,
): Paged<Item, Head> {
  const [items, setItems] = useState<Item[]>([]);
  const [head, setHead] = useState<Head | null>(null);
  const [next, setNext] = useState<string | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const [loading, setLoading] = useState(path !== null);
  const [turn, setTurn] = useState(0);
  const at = useRef(0);
  const running = useRef<AbortController | null>(null);
  const signedIn = session.value?.account.id;

  const read = useCallback(
    (after: string | null) => {
      if (path === null) return;
      running.current?.abort();
      const stop = new AbortController();
      running.current = stop;
      setLoading(true);
      get<Head>(withQuery(path, { limit: size, after }), stop.signal)
        .then((answer) => {
          at.current = Date.now();
          setItems((before) => (after === null ? answer.items : [...before, ...answer.items]));
          setHead((before) => (after === null || !before ? answer : before));
          setNext(answer.next);
          setError(null);
          setLoading(false);
          running.current = null;
        })
        .catch((fault) => {
          const found = asError(fault);
          if (!found) return;
          setError(found);
          setLoading(false);
          running.current = null;
        });
    },
    [path, size],
  );

  useEffect(() => {
    if (signedIn === undefined) return;
    read(null);
    return () => running.current?.abort();
  }, [read, turn, signedIn]);

  return {
    items,
    head,
    total: head?.total ?? null,
    complete: next === null,
    loading,
    error,
    at: at.current,
    more: () => {
      if (next !== null && running.current === null) read(next);
    },
    reload: () => setTurn((n) => n + 1),
    replace: (change) => setItems((before) => before.map(change)),
  };
}
