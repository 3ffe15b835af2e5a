import type { Job } from './types';

/** Of two answers about one job the later one: a job never goes back, and once it has ended it stays so. */
export function furtherOf(known: Job | undefined, other: Job): Job {
  if (!known) return other;
  if (known.ended !== null) return known;
  return other.ended !== null || other.done >= known.done ? other : known;
}
