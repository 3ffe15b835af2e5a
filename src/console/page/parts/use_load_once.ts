import { useEffect, useState } from 'preact/hooks';

/** Something the page can do without: null until it came, and for ever if it does not. */
export function useLoadOnce<T>(read: () => Promise<T>): T | null {
  const [data, setData] = useState<T | null>(null);
  useEffect(() => {
    read()
      .then(setData)
      .catch(() => undefined);
  }, []);
  return data;
}
