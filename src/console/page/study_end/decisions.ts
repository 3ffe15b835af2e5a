import type { LockItem, PostLockItem } from '../api/study_end_types';

export type Decision = 'authorise' | 'forward' | 'document';

/** What may be decided about all of these together. With four eyes whoever authorised does not forward. */
export function decisionsFor(items: PostLockItem[], me: string, fourEyes = true): Decision[] {
  if (items.length === 0) return [];
  const all = (fits: (item: PostLockItem) => boolean) => items.every(fits);
  const found: Decision[] = [];
  if (all((item) => item.state === 'open')) found.push('authorise');
  if (all((item) => fourEyes ? item.state === 'authorised' && item.authorised_by !== me : item.state === 'open' || item.state === 'authorised')) found.push('forward');
  if (all((item) => item.state === 'open' || item.state === 'authorised')) found.push('document');
  return found;
}

/** What still stands in the way when those of `accepted` are signed for. */
export function inTheWay(items: LockItem[], accepted: ReadonlySet<string>): LockItem[] {
  return items.filter((item) => !item.acceptable || !accepted.has(item.id));
}
