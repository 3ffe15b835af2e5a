import { useEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import type { SeriesAnswer, SeriesOf } from '../api/study_types';
import { go } from '../frame/router';
import { theme } from '../frame/theme';
import { dayOf } from '../parts/instant';
import { Value } from '../parts/value';
import { t, tOr } from '../text';
import { language } from '../text/language';
import { drawData, drawGround, drawMarks, inkNow, type Ground } from './draw';
import { drawnOf, nearest, valuesShown, type Drawn } from './plotted';
import { analyteName, unitWords } from './words';

const axisWidth = 56;
const together = 'subject';

interface ChartProps {
  answer: SeriesAnswer;
  series: SeriesOf;
  days: [number, number];
  first: boolean;
  last: boolean;
  anchored: boolean;
}

function valueWords(drawn: Drawn, unit: string): string {
  return `${drawn.point.value ?? ''} ${unit}`.trim();
}

function Plot({ answer, series, days, first, last, anchored, onHover }: ChartProps & { onHover: (drawn: Drawn | null) => void }) {
  const box = useRef<HTMLDivElement>(null);
  const worn = theme.value;
  const spoken = language.value;
  useEffect(() => {
    const root = box.current!;
    const drawn = drawnOf(series);
    const unit = unitWords(series.unit);
    const near = () => (days[1] - days[0]) * 0.04;
    let hovered: Drawn | null = null;

    const make = () => {
      const ink = inkNow();
      const ground: Ground = {
        visits: answer.visits, doses: answer.doses, named: first, lloqText: series.lloq === null ? '' : t('chart.lloq', { value: series.lloq }),
      };
      const axis = { stroke: ink.text, font: ink.font, labelFont: ink.font, grid: { stroke: ink.grid, width: 1 }, ticks: { stroke: ink.grid, width: 1, size: 4 } };
      return new uPlot(
        {
          width: root.clientWidth,
          height: (first ? 14 : 0) + (last ? 40 : 0) + 108,
          padding: [first ? 18 : 6, 8, last ? 0 : 6, 0],
          legend: { show: false },
          cursor: { sync: { key: together, scales: ['x', null] }, drag: { x: false, y: false }, points: { show: false }, y: false },
          scales: {
            x: { time: false, range: () => days },
            y: { distr: series.log ? 3 : 1, range: () => valuesShown(series, drawn) },
          },
          axes: [
            last
              ? { ...axis, grid: { show: false }, size: 26, gap: 3, label: t(anchored ? 'chart.axis.day' : 'chart.axis.day.screening'), labelSize: 18, labelGap: 0 }
              : { ...axis, grid: { show: false }, size: 0, values: () => [], ticks: { show: false } },
            {
              ...axis, size: axisWidth - 16, gap: 4, label: unit || analyteName(series.analyte, series.name), labelSize: 16, labelGap: 0, space: 24,
              ...(series.log && {
                splits: (plot: uPlot) => {
                  const [low, high] = [plot.scales['y']!.min!, plot.scales['y']!.max!];
                  const powers: number[] = [];
                  for (let power = 1; power <= high; power *= 10) if (power >= low) powers.push(power);
                  return powers;
                },
                values: (_: uPlot, splits: number[]) => splits.map((each) => each.toLocaleString('en-GB')),
              }),
            },
          ],
          series: [{}, { paths: () => null, points: { show: false } }],
          hooks: {
            drawClear: [(plot) => drawGround(plot, ink, series, ground)],
            drawAxes: [(plot) => drawMarks(plot, ink, series, ground)],
            draw: [(plot) => drawData(plot, ink, drawn)],
            setCursor: [
              (plot) => {
                const left = plot.cursor.left ?? -1;
                const next = left < 0 ? null : nearest(drawn, plot.posToVal(left, 'x'), near());
                if (next === hovered) return;
                hovered = next;
                root.classList.toggle('plot-point', next !== null);
                onHover(next);
              },
            ],
          },
        },
        [drawn.map((each) => each.x), drawn.map((each) => each.y)],
        root,
      );
    };
    let plot = make();
    const again = () => {
      plot.destroy();
      plot = make();
    };
    const size = new ResizeObserver(() => {
      if (root.clientWidth && root.clientWidth !== plot.width) plot.setSize({ width: root.clientWidth, height: plot.height });
    });
    size.observe(root);
    const dark = matchMedia('(prefers-color-scheme: dark)');
    dark.addEventListener('change', again);
    const click = () => hovered && go(`/results/${hovered.point.result_id}`);
    root.addEventListener('click', click);
    return () => {
      size.disconnect();
      dark.removeEventListener('change', again);
      root.removeEventListener('click', click);
      plot.destroy();
    };
  }, [answer, series, days[0], days[1], worn, spoken]);
  return <div ref={box} class="plot" />;
}

function PointTable({ series }: { series: SeriesOf }) {
  const unit = unitWords(series.unit);
  return (
    <div class="scroll-x">
      <table class="listing">
        <thead>
          <tr>
            <th scope="col" class="end">
              {t('chart.day')}
            </th>
            <th scope="col">{t('result.collected')}</th>
            <th scope="col">{t('chart.visit')}</th>
            <th scope="col">{t('chart.kind')}</th>
            <th scope="col">{t('result.value')}</th>
            <th scope="col">{t('result.state')}</th>
          </tr>
        </thead>
        <tbody>
          {[...series.points]
            .sort((a, b) => a.day - b.day)
            .map((point) => (
              <tr key={point.result_id}>
                <td class="end">{point.day}</td>
                <td class="nowrap">{dayOf(point.at)}</td>
                <td>{point.visit || '–'}</td>
                <td>
                  {tOr(`kind.${point.kind}`, point.kind)}
                  {point.derived && `, ${t('chart.key.derived')}`}
                </td>
                <td>
                  <a href={`/results/${point.result_id}`}>
                    <Value text={point.value ?? '–'} unit={unit} />
                  </a>
                </td>
                <td>{tOr(`result.state.${point.state}`, point.state)}</td>
              </tr>
            ))}
        </tbody>
      </table>
    </div>
  );
}

/** One analyte over time: a drawing, or the same as a table. */
export function Chart(props: ChartProps) {
  const { series } = props;
  const [table, setTable] = useState(false);
  const [hovered, setHovered] = useState<Drawn | null>(null);
  const unit = unitWords(series.unit);
  const name = analyteName(series.analyte, series.name);
  const drawn = drawnOf(series);
  const shown = hovered ?? drawn.at(-1) ?? null;
  const summary =
    drawn.length === 0
      ? `${name}: ${t('chart.none')}`
      : t('chart.says', { name, unit: unit || name, n: drawn.length, first: valueWords(drawn[0]!, unit), last: valueWords(drawn.at(-1)!, unit) });
  return (
    <figure class="chart">
      <figcaption>
        <b>{name}</b>
        {unit && <span class="grey only-wide">{unit}</span>}
        <span class="chart-now" aria-hidden>
          {shown ? (
            <>
              <span class="grey">
                {shown.point.visit || tOr(`kind.${shown.point.kind}`, shown.point.kind)} · {t('subjects.day', { n: shown.x })}
              </span>{' '}
              {valueWords(shown, unit)}
            </>
          ) : (
            t('chart.none')
          )}
        </span>
        <button type="button" class="button button-quiet button-small" aria-pressed={table} aria-label={t(table ? 'chart.chart.of' : 'chart.table.of', { name })} onClick={() => setTable(!table)}>
          {t(table ? 'chart.chart' : 'chart.table')}
        </button>
      </figcaption>
      {table ? (
        <PointTable series={series} />
      ) : (
        <div role="img" aria-label={summary}>
          <Plot {...props} onHover={setHovered} />
        </div>
      )}
    </figure>
  );
}
