import type { Point, SeriesAnswer, SeriesOf } from '../api/study_types';

/** A point as it is drawn: where, and with which mark. */
export interface Drawn {
  x: number;
  y: number;
  /** Below what the assay quantifies: drawn in the band under the limit, as a triangle. */
  below: boolean;
  hollow: boolean;
  derived: boolean;
  point: Point;
}

export function drawnOf(series: SeriesOf): Drawn[] {
  return series.points
    .filter((point) => point.plotted !== null || (series.lloq !== null && isBelow(point)))
    .map((point) => ({
      x: point.day,
      y: point.plotted ?? series.lloq! / Math.SQRT2,
      below: point.plotted === null,
      hollow: point.kind !== 'scheduled',
      derived: point.derived,
      point,
    }))
    .sort((a, b) => a.x - b.x);
}

function isBelow(point: Point): boolean {
  return point.state === 'below_lloq' || point.state === 'not_detected';
}

/** One time axis for all charts: from the first draw or window to the window that is open or comes next. */
export function daysShown(answer: SeriesAnswer): [number, number] {
  const days = answer.series.flatMap((each) => each.points.map((point) => point.day));
  const last = Math.max(0, ...days);
  const next = answer.visits.map((visit) => visit.close).filter((close) => close >= last);
  const from = Math.min(0, ...days, ...answer.visits.slice(0, 1).map((visit) => visit.open));
  const to = next.length ? Math.min(...next) : last;
  const margin = Math.max(4, (to - from) * 0.02);
  return [Math.floor(from - margin), Math.ceil(to + margin)];
}

/** The range of a value axis that shows every point, the thresholds near them and some air. */
export function valuesShown(series: SeriesOf, drawn: Drawn[]): [number, number] {
  const values = drawn.map((each) => each.y);
  if (series.log) {
    const low = (series.lloq ?? Math.min(1, ...values)) / 2;
    const high = Math.max(...values, ...series.thresholds.map((each) => each.value), low * 10);
    return [low, 10 ** Math.ceil(Math.log10(high * 1.2))];
  }
  if (values.length === 0) return [0, Math.max(1, ...series.thresholds.map((each) => each.value * 1.2))];
  const high = Math.max(...values);
  const near = series.thresholds.map((each) => each.value).filter((value) => value < high * 2);
  return [0, Math.max(high, ...near) * 1.15];
}

/** The drawn point nearest to a day; nothing where none is close. */
export function nearest(drawn: Drawn[], day: number, within: number): Drawn | null {
  let found: Drawn | null = null;
  for (const each of drawn) {
    if (Math.abs(each.x - day) <= within && (!found || Math.abs(each.x - day) < Math.abs(found.x - day))) found = each;
  }
  return found;
}
