import { t, tOr } from '../text';

type Shape = 'disc' | 'triangle' | 'cross' | 'ring' | 'tick' | 'lock' | 'dash' | 'clock' | 'half';

interface Look {
  shape: Shape;
  colour: string;
}

/** A state is told by shape and by colour, so that neither is needed alone. */
const looks: Record<string, Look> = {
  stored: { shape: 'disc', colour: 'stored' },
  held: { shape: 'triangle', colour: 'held' },
  refused: { shape: 'cross', colour: 'refused' },
  ignored: { shape: 'ring', colour: 'ignored' },
  delivered: { shape: 'tick', colour: 'delivered' },
  locked: { shape: 'lock', colour: 'locked' },
  frozen: { shape: 'dash', colour: 'locked' },
  missing: { shape: 'ring', colour: 'held' },
  waiting: { shape: 'clock', colour: 'ignored' },
  'out of window': { shape: 'cross', colour: 'held' },
  'not expected': { shape: 'dash', colour: 'ignored' },
  open: { shape: 'triangle', colour: 'held' },
  'in review': { shape: 'half', colour: 'held' },
  resolved: { shape: 'tick', colour: 'stored' },
  dismissed: { shape: 'ring', colour: 'ignored' },
  answered: { shape: 'half', colour: 'delivered' },
  closed: { shape: 'tick', colour: 'stored' },
  cancelled: { shape: 'ring', colour: 'ignored' },
  pending: { shape: 'clock', colour: 'held' },
  approved: { shape: 'tick', colour: 'stored' },
  applied: { shape: 'tick', colour: 'delivered' },
  stale: { shape: 'dash', colour: 'ignored' },
  active: { shape: 'disc', colour: 'stored' },
  past: { shape: 'ring', colour: 'ignored' },
  proposed: { shape: 'half', colour: 'held' },
  queued: { shape: 'clock', colour: 'ignored' },
  running: { shape: 'half', colour: 'delivered' },
  done: { shape: 'tick', colour: 'stored' },
  stopped: { shape: 'cross', colour: 'refused' },
};

function Drawing({ shape }: { shape: Shape }) {
  switch (shape) {
    case 'disc':
      return <circle cx="6" cy="6" r="4.2" fill="currentColor" />;
    case 'triangle':
      return <path d="M6 1.6 11 10.4H1z" fill="currentColor" />;
    case 'cross':
      return <path d="m2.4 2.4 7.2 7.2m0-7.2-7.2 7.2" stroke="currentColor" stroke-width="2" fill="none" />;
    case 'ring':
      return <circle cx="6" cy="6" r="3.7" fill="none" stroke="currentColor" stroke-width="1.6" />;
    case 'tick':
      return <path d="m1.6 6.4 3 3 5.8-6.6" stroke="currentColor" stroke-width="2" fill="none" />;
    case 'lock':
      return (
        <g fill="currentColor">
          <rect x="2" y="5.2" width="8" height="5.8" rx="1" />
          <path d="M3.9 5.4V4a2.1 2.1 0 0 1 4.2 0v1.4" fill="none" stroke="currentColor" stroke-width="1.5" />
        </g>
      );
    case 'dash':
      return <path d="M2 6h8" stroke="currentColor" stroke-width="2" />;
    case 'clock':
      return (
        <g fill="none" stroke="currentColor" stroke-width="1.4">
          <circle cx="6" cy="6" r="4.2" />
          <path d="M6 3.4V6l1.8 1.4" />
        </g>
      );
    case 'half':
      return (
        <g>
          <circle cx="6" cy="6" r="4" fill="none" stroke="currentColor" stroke-width="1.4" />
          <path d="M6 2a4 4 0 0 1 0 8z" fill="currentColor" />
        </g>
      );
  }
}

/** The mark of a state; with `bare` the word is for the hover and for screen readers only. */
export function StateMark({ state, bare = false, label }: { state: string; bare?: boolean; label?: string }) {
  const look = looks[state] ?? { shape: 'ring', colour: 'ignored' };
  const word = label ?? tOr(`state.${state}`, state);
  return (
    <span class={`mark mark-${look.colour}`} title={bare ? word : undefined}>
      <svg viewBox="0 0 12 12" width="12" height="12" aria-hidden={!bare} role={bare ? 'img' : undefined}>
        {bare && <title>{word}</title>}
        <Drawing shape={look.shape} />
      </svg>
      {!bare && <span>{word}</span>}
    </span>
  );
}

/** The bar at the left of a problem: 0 to 3, told by height as well as by colour. */
export function RiskBar({ risk, why }: { risk: number; why: string }) {
  const word = why || t('risk.none');
  return (
    <span class={`risk risk-${risk}`} title={word} role="img" aria-label={word}>
      <i />
    </span>
  );
}
