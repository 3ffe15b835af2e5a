import type uPlot from 'uplot';
import type { SeriesAnswer, SeriesOf } from '../api/study_types';
import type { Drawn } from './plotted';

/** The colours of a chart, read from the page's own, so that both themes hold. */
export interface Ink {
  text: string;
  grid: string;
  line: string;
  band: string;
  data: string;
  sheet: string;
  limit: string;
  dose: string;
  font: string;
}

export function inkNow(): Ink {
  const style = getComputedStyle(document.documentElement);
  const of = (name: string) => style.getPropertyValue(name).trim();
  return {
    text: of('--ink-2'), grid: of('--line'), line: of('--ink-3'), band: of('--sunken'), data: of('--accent'),
    sheet: of('--sheet'), limit: of('--held'), dose: of('--ink-2'), font: `11px ${of('--font')}`,
  };
}

const ratio = () => window.devicePixelRatio || 1;

function scaledFont(ink: Ink): string {
  return ink.font.replace(/^\d+px/, `${Math.round(11 * ratio())}px`);
}

export interface Ground {
  visits: SeriesAnswer['visits'];
  doses: SeriesAnswer['doses'];
  /** The words of the limit of quantification, and whether the visits are named on this chart. */
  lloqText: string;
  named: boolean;
}

/** Under the grid: visit windows and the band below the limit of quantification. */
export function drawGround(plot: uPlot, ink: Ink, series: SeriesOf, ground: Ground): void {
  const { ctx, bbox } = plot;
  const r = ratio();
  const x = (day: number) => Math.min(bbox.left + bbox.width, Math.max(bbox.left, plot.valToPos(day, 'x', true)));
  const y = (value: number) => plot.valToPos(value, 'y', true);
  const bottom = bbox.top + bbox.height;
  const right = bbox.left + bbox.width;
  ctx.save();
  ctx.font = scaledFont(ink);
  ctx.textBaseline = 'alphabetic';
  let taken = -Infinity;
  for (const visit of ground.visits) {
    const from = x(visit.open - 0.5);
    const to = x(visit.close + 0.5);
    if (to - from < 0.5) continue;
    ctx.fillStyle = ink.band;
    ctx.fillRect(from, bbox.top, to - from, bbox.height);
    if (ground.named) {
      ctx.fillStyle = ink.text;
      ctx.textAlign = 'center';
      const half = ctx.measureText(visit.id).width / 2;
      const middle = Math.min(right - half, Math.max(bbox.left + half, (from + to) / 2));
      // Names that would touch are left out; the band is there, and the table has every name.
      if (middle - half >= taken + 3 * r) {
        ctx.fillText(visit.id, middle, bbox.top - 5 * r);
        taken = middle + half;
      }
    }
  }
  if (series.lloq !== null) {
    const limit = y(series.lloq);
    ctx.fillStyle = ink.limit;
    ctx.globalAlpha = 0.14;
    ctx.fillRect(bbox.left, limit, bbox.width, bottom - limit);
    ctx.globalAlpha = 1;
  }
  ctx.restore();
}

/** Over the grid and under the data: thresholds, the limit's name, doses. */
export function drawMarks(plot: uPlot, ink: Ink, series: SeriesOf, ground: Ground): void {
  const { ctx, bbox } = plot;
  const r = ratio();
  const x = (day: number) => plot.valToPos(day, 'x', true);
  const y = (value: number) => plot.valToPos(value, 'y', true);
  const bottom = bbox.top + bbox.height;
  const right = bbox.left + bbox.width;
  ctx.save();
  ctx.font = scaledFont(ink);
  ctx.textBaseline = 'alphabetic';
  ctx.textAlign = 'right';
  if (series.lloq !== null) {
    ctx.fillStyle = ink.text;
    ctx.fillText(ground.lloqText, right - 3 * r, y(series.lloq) - 3 * r);
  }
  ctx.strokeStyle = ink.line;
  ctx.lineWidth = r;
  for (const threshold of series.thresholds) {
    const at = Math.round(y(threshold.value)) + 0.5;
    if (at < bbox.top || at > bottom) continue;
    ctx.setLineDash([2 * r, 3 * r]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, at);
    ctx.lineTo(right, at);
    ctx.stroke();
    ctx.setLineDash([]);
    ctx.fillStyle = ink.text;
    ctx.fillText(threshold.text, right - 3 * r, at - 3 * r);
  }
  ctx.strokeStyle = ink.dose;
  ctx.fillStyle = ink.dose;
  ctx.lineWidth = 1.5 * r;
  for (const dose of ground.doses) {
    const at = x(dose.day);
    ctx.beginPath();
    ctx.moveTo(at, bbox.top);
    ctx.lineTo(at, bottom);
    ctx.stroke();
    ctx.beginPath();
    ctx.moveTo(at - 3.5 * r, bbox.top);
    ctx.lineTo(at + 3.5 * r, bbox.top);
    ctx.lineTo(at, bbox.top + 5 * r);
    ctx.fill();
  }
  ctx.restore();
}

/** The data: a line through the scheduled points, dashed where it leads to a derived one, and the marks. */
export function drawData(plot: uPlot, ink: Ink, drawn: Drawn[]): void {
  const { ctx } = plot;
  const r = ratio();
  const place = (each: Drawn): [number, number] => [plot.valToPos(each.x, 'x', true), plot.valToPos(each.y, 'y', true)];
  ctx.save();
  ctx.strokeStyle = ink.data;
  ctx.lineWidth = 1.5 * r;
  for (let at = 1; at < drawn.length; ++at) {
    const dashed = drawn[at]!.derived || drawn[at - 1]!.derived;
    ctx.setLineDash(dashed ? [4 * r, 3 * r] : []);
    ctx.globalAlpha = drawn[at]!.hollow || drawn[at - 1]!.hollow ? 0.45 : 1;
    ctx.beginPath();
    ctx.moveTo(...place(drawn[at - 1]!));
    ctx.lineTo(...place(drawn[at]!));
    ctx.stroke();
  }
  ctx.setLineDash([]);
  ctx.globalAlpha = 1;
  for (const each of drawn) {
    const [x, y] = place(each);
    const size = 3.5 * r;
    ctx.beginPath();
    if (each.below) {
      ctx.moveTo(x - size, y - size * 0.8);
      ctx.lineTo(x + size, y - size * 0.8);
      ctx.lineTo(x, y + size);
      ctx.closePath();
    } else {
      ctx.arc(x, y, size, 0, 2 * Math.PI);
    }
    ctx.fillStyle = each.hollow || each.derived ? ink.sheet : ink.data;
    ctx.fill();
    ctx.setLineDash(each.derived ? [2 * r, 1.5 * r] : []);
    ctx.stroke();
    ctx.setLineDash([]);
  }
  ctx.restore();
}
