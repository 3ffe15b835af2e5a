import type { Problem } from '../api/types';
import { language } from '../text/language';
import { t, tOr } from '../text';

/** Why a problem is urgent: the server's reasons by key, in English its sentence. */
export function riskWords(problem: Problem): string {
  if (language.value !== 'zh' || problem.risk_reasons.length === 0) return problem.risk_why;
  return problem.risk_reasons.map((each) => tOr(`risk.${each.key}`, each.key, { n: each.n ?? 0 })).join(t('risk.and'));
}
