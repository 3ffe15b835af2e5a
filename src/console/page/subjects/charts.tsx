import { useMemo } from 'preact/hooks';
import { useLoad } from '../api/load';
import { seriesFrom } from '../api/study_shapes';
import type { SeriesAnswer } from '../api/study_types';
import { Await } from '../parts/notice';
import { t } from '../text';
import { Chart } from './chart';
import { daysShown } from './plotted';

/** What the marks of the charts mean. */
function Key() {
  return (
    <ul class="chart-key">
      <li>
        <svg viewBox="0 0 12 12" aria-hidden>
          <circle cx="6" cy="6" r="3.5" class="key-data" />
        </svg>
        {t('chart.key.scheduled')}
      </li>
      <li>
        <svg viewBox="0 0 12 12" aria-hidden>
          <circle cx="6" cy="6" r="3.5" class="key-hollow" />
        </svg>
        {t('chart.key.unscheduled')}
      </li>
      <li>
        <svg viewBox="0 0 20 12" class="key-wide" aria-hidden>
          <path d="M0 6h20" class="key-derived" />
        </svg>
        {t('chart.key.derived')}
      </li>
      <li>
        <svg viewBox="0 0 12 12" aria-hidden>
          <path d="M2 3h8L6 10z" class="key-data" />
        </svg>
        {t('chart.key.below')}
      </li>
      <li>
        <svg viewBox="0 0 12 12" aria-hidden>
          <rect width="12" height="12" class="key-window" />
        </svg>
        {t('chart.key.window')}
      </li>
      <li>
        <svg viewBox="0 0 12 12" aria-hidden>
          <path d="M6 1v11M2.5 0h7L6 5z" class="key-dose" />
        </svg>
        {t('chart.key.dose')}
      </li>
      <li>
        <svg viewBox="0 0 20 12" class="key-wide" aria-hidden>
          <path d="M0 6h20" class="key-threshold" />
        </svg>
        {t('chart.key.threshold')}
      </li>
    </ul>
  );
}

export function Charts({ subject, anchored }: { subject: string; anchored: boolean }) {
  const loaded = useLoad<SeriesAnswer>(`/subjects/${encodeURIComponent(subject)}/series?analytes=CD4A,CD8A,CD4CD8,HIVVL`);
  const answer = useMemo(() => loaded.data && seriesFrom(loaded.data), [loaded.data]);
  return (
    <section class="sheet charts" aria-label={t('subject.charts')}>
      <Await of={loaded}>
        {() => {
          if (!answer) return null;
          const days = daysShown(answer);
          return (
            <>
              {answer.series.map((series, at) => (
                <Chart key={series.analyte} answer={answer} series={series} days={days} first={at === 0} last={at === answer.series.length - 1} anchored={anchored} />
              ))}
              <Key />
            </>
          );
        }}
      </Await>
    </section>
  );
}
