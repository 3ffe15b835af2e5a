import { withQuery } from '../api/client';
import type { Scope } from '../api/study_end_types';
import { visitName } from '../subjects/words';
import { t } from '../text';

/** `S-004 · Month 3` or the whole study. */
export function scopeWords(of: Pick<Scope, 'study' | 'subject' | 'visit'>): string {
  if (!of.subject) return t('locks.whole_study', { study: of.study });
  return of.visit ? `${of.subject} · ${visitName(of.visit)}` : of.subject;
}

/** The view in which a scope is looked at and changed. */
export function scopeAddress(of: { study: string; subject_id: number | string | null; visit: string }): string {
  return withQuery('/locks/scope', { study: of.study, subject: of.subject_id, visit: of.visit });
}
