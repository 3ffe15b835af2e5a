import { approvals } from './approvals';
import { audit } from './audit';
import { deliveries } from './deliveries';
import { fill, type Parameters } from './fill';
import { frame } from './frame';
import { language, locale } from './language';
import { mappings } from './mappings';
import { messages } from './messages';
import { parts } from './parts';
import { permissions } from './permissions';
import { problems } from './problems';
import { queries } from './queries';
import { ruleTexts } from './rules';
import { said } from './said';
import { settings } from './settings';
import { study } from './study';
import { studyEnd } from './study_end';
import { subjects } from './subjects';
import { traffic } from './traffic';

/** Every text of the page, English and Chinese side by side, a file for each view. */
export const texts = {
  ...frame,
  ...parts,
  ...problems,
  ...messages,
  ...approvals,
  ...queries,
  ...mappings,
  ...study,
  ...subjects,
  ...traffic,
  ...deliveries,
  ...audit,
  ...settings,
  ...permissions,
  ...studyEnd,
  ...said,
};

export type TextKey = keyof typeof texts;

export function t(key: TextKey, parameters: Parameters = {}): string {
  const pair: readonly [string, string] = texts[key];
  return fill(language.value === 'zh' ? pair[1] : pair[0], parameters, locale());
}

/** The text of a key that the server named; the given words where the page has none. */
export function tOr(key: string, otherwise: string, parameters: Parameters = {}): string {
  return key in texts ? t(key as TextKey, parameters) : otherwise;
}

/** A rule's sentence in the reader's language. The server writes English; where the page knows the rule,
 *  it says it in Chinese, with the parameters if all that its sentence needs are there. */
export function ruleSentence(rule: string, english: string, parameters: Parameters = {}): string {
  if (language.value !== 'zh') return english;
  const known = ruleTexts[rule];
  if (!known) return english;
  if (known.with) {
    const full = fill(known.with, parameters, locale());
    if (!/\{\w+\}/.test(full)) return full;
  }
  return known.zh;
}

/** What was expected or came instead, in the reader's language where all that it names is known. */
export function ruleFact(which: 'expected' | 'came', rule: string, english: string, parameters: Parameters): string {
  const text = language.value === 'zh' ? ruleTexts[rule]?.[which] : undefined;
  if (!text) return english;
  const full = fill(text, parameters, locale());
  return /\{\w+\}/.test(full) ? english : full;
}

export function ruleAdvice(rule: string, english: string): string {
  return language.value === 'zh' ? (ruleTexts[rule]?.advice ?? english) : english;
}

/** The kind of a problem for a filter: shorter than a sentence. */
export function ruleLabel(rule: string): string {
  if (language.value === 'zh') return ruleTexts[rule]?.zh.replace(/。$/, '') ?? rule;
  return rule.replaceAll('-', ' ');
}
