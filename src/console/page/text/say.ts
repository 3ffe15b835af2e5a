import type { SaidSentence } from '../api/types';
import { fill } from './fill';
import { ruleSentence, texts, tOr, type TextKey } from '.';
import { language, locale } from './language';

/** One sentence; nothing where the page does not know it. */
function sentence({ key, parameters }: SaidSentence): string | null {
  if (key === 'plain') return parameters['words'] ?? '';
  if (key === 'rule') return ruleSentence(parameters['rule'] ?? '', '') || null;
  const name = `said.${key}`;
  if (!(name in texts)) return null;
  const words = Object.entries(parameters).map(([each, value]) => [each, tOr(`word.${each}.${value}`, value)]);
  return fill(texts[name as TextKey][language.value === 'zh' ? 1 : 0], Object.fromEntries(words), locale());
}

/** What the server says in English, in the reader's language; English where one of its sentences is not known here. */
export function saidWords(english: string, sentences: SaidSentence[] | undefined): string {
  if (language.value !== 'zh' || !sentences || sentences.length === 0) return english;
  const all = sentences.map(sentence);
  return all.includes(null) ? english : all.join('');
}
