import assert from 'node:assert/strict';
import test from 'node:test';
import type { Point, SeriesOf } from '../page/api/study_types';
import { daysShown, drawnOf, nearest, valuesShown } from '../page/subjects/plotted';

const point = (day: number, plotted: number | null, more: Partial<Point> = {}): Point => ({
  day, at: '', value: '', plotted, comparator: '', visit: 'M1', kind: 'scheduled', role: 'chosen', state: 'quantified', derived: false, result_id: String(day), ...more,
});
const viralLoad = (points: Point[]): SeriesOf => ({ analyte: 'HIVVL', name: '', unit: '{copies}/mL', log: true, lloq: 20, thresholds: [{ value: 50, text: '50' }], points });

test('what is below the limit is drawn under it, what has no value is not drawn', () => {
  const drawn = drawnOf(viralLoad([point(30, null, { state: 'below_lloq' }), point(0, 90), point(61, null, { state: 'not_done' })]));
  assert.deepEqual(drawn.map((each) => [each.x, each.below]), [[0, false], [30, true]]);
  assert.ok(drawn[1]!.y < 20);
});

test('a log axis begins below the limit and ends at a power of ten', () => {
  assert.deepEqual(valuesShown(viralLoad([]), drawnOf(viralLoad([point(0, 340)]))), [10, 1000]);
});

test('the time axis reaches to the window that is open or comes next', () => {
  const visits = [{ id: 'M0', open: -3, close: 0, target: 0 }, { id: 'M1', open: 23, close: 37, target: 30 }, { id: 'M2', open: 54, close: 68, target: 61 }];
  const [from, to] = daysShown({ visits, doses: [], series: [viralLoad([point(0, 90), point(31, 40)])] });
  assert.ok(from <= -3 && to >= 37 && to < 54);
});

test('the nearest point is found only where it is near', () => {
  const drawn = drawnOf(viralLoad([point(0, 90), point(31, 40)]));
  assert.equal(nearest(drawn, 29, 5)!.x, 31);
  assert.equal(nearest(drawn, 15, 5), null);
});
