// The mock's today. Everything else is told from it, so that screenshots of one day equal those of another
// only if they ask for it: the page shows times relative to the viewer's clock.
const given = process.argv.indexOf('--now');
export const now = given > 0 ? new Date(process.argv[given + 1]) : new Date();

const minute = 60_000;
export const minutesAgo = (n) => new Date(now.getTime() - n * minute).toISOString();
export const hoursAgo = (n) => minutesAgo(n * 60);
export const daysAgo = (n) => hoursAgo(n * 24);

/** A generator that always gives the same numbers for the same seed, from 0 to 1. */
export function numbers(seed) {
  let state = seed >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state / 0x1_0000_0000;
  };
}

/** A digest-like text; no digest of anything. */
export function hexOf(seed, length) {
  const next = numbers(seed);
  return Array.from({ length }, () => Math.floor(next() * 16).toString(16)).join('');
}
