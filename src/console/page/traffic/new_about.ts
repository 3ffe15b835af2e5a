import type { SourceRow } from '../api/study_types';
import { spanText } from '../parts/instant';
import { spanBetween } from '../parts/span';
import { ruleSentence, t } from '../text';

/** What is new about a source today, in words. */
export function newAbout(row: Pick<SourceRow, 'new_findings' | 'sequence_gaps' | 'clock_skew_s'>): string[] {
  const skew = row.clock_skew_s ?? 0;
  const span = Math.abs(skew) < 60 ? t('traffic.seconds', { n: Math.abs(skew) }) : spanText(spanBetween(0, skew * 1000));
  return [
    ...row.new_findings.map((each) => (typeof each === 'string' ? each : ruleSentence(each.rule, each.sentence))),
    ...(row.sequence_gaps ? [t('traffic.gaps', { n: row.sequence_gaps })] : []),
    ...(Math.abs(skew) > 30 ? [t(skew < 0 ? 'traffic.clock.slow' : 'traffic.clock.fast', { span })] : []),
  ];
}
