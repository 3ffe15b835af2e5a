import { useEffect } from 'preact/hooks';
import { onEvent } from '../api/events';

/** The numbers follow the traffic, of one source or of any (''), at most once in ten seconds. */
export function useFollowTraffic(source: string, reload: () => void): void {
  useEffect(() => {
    let waiting = 0;
    const stop = onEvent<{ source: string }>('traffic', (fresh) => {
      if (waiting || (source && fresh.source !== source)) return;
      waiting = window.setTimeout(() => {
        waiting = 0;
        reload();
      }, 10_000);
    });
    return () => {
      stop();
      clearTimeout(waiting);
    };
  }, [source]);
}
