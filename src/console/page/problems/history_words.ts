import type { HistoryEntry } from '../api/types';
import { dayOf } from '../parts/instant';
import { t, tOr, type TextKey } from '../text';

/** Why the engine itself moved a problem. */
const engineReasons: Record<string, TextKey> = {
  'it holds again': 'activity.why.again',
  'it holds a result': 'activity.why.holds',
  'nothing is held by it any more': 'activity.why.released',
  'what it held was released before': 'activity.why.released',
  'the difference is gone': 'activity.why.gone',
};

/** What the server notes in English, in the reader's words: `open to in review: triage`, `given to Mei Zhao`. */
export function historyWords({ kind, text }: Pick<HistoryEntry, 'kind' | 'text'>): { text: string; reason: string } {
  const state = /^(open|in review|resolved|dismissed) to (open|in review|resolved|dismissed)(?:: (.*))?$/s.exec(text);
  if (state) {
    const [, from, to, reason] = state;
    const known = reason && engineReasons[reason];
    return { text: `${tOr(`state.${from}`, from!)} → ${tOr(`state.${to}`, to!)}`, reason: known ? t(known) : reason && reason !== 'triage' ? reason : '' };
  }
  const query = /^query (\d+) was (\w+)$/.exec(text);
  if (kind === 'query' && query) return { text: tOr(`activity.query.${query[2]}`, text, { id: query[1]! }), reason: '' };
  if (text === 'given to nobody') return { text: t('activity.released'), reason: '' };
  if (text === 'awake') return { text: t('activity.awake'), reason: '' };
  const given = /^given to (.+)$/.exec(text);
  if (kind === 'assign' && given) return { text: t('activity.given', { name: given[1]! }), reason: '' };
  const until = /^put away until (\d{4}-\d{2}-\d{2}T[\d:.]+Z)$/.exec(text);
  if (until) return { text: t('activity.away', { day: dayOf(until[1]!) }), reason: '' };
  const held = /^put away until it holds (\d+)$/.exec(text);
  if (held) return { text: t('problems.until_held', { n: Number(held[1]) }), reason: '' };
  return { text, reason: '' };
}
