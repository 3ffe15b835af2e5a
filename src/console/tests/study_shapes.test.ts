import assert from 'node:assert/strict';
import test from 'node:test';
import { outstandingFrom, seriesFrom } from '../page/api/study_shapes';

test('days of a chart are counted from the date of the first infusion', () => {
  const answer = seriesFrom({
    visits: [{ id: 'M0', open: '2026-05-07', close: '2026-05-10', target: 0 }, { id: 'M12', open: null, close: null, target: 365 }],
    doses: [{ name: 'first', at: '2026-05-10 10:30' }, { name: 'second', at: '2026-06-09 10:30' }],
    series: [{ analyte: 'HIVVL', name: 'HIV-1 RNA', unit: '{copies}/mL', log: true, lloq: '20', thresholds: [{ value: '50', text: 'viral-load' }], points: [
      { day: null, at: '2026-04-20 08:10', value: null, value_text: '<20', plotted: '20', state: 'below_lloq', kind: 'scheduled', visit: 'SCR', result_id: '7-1' },
      { day: 1, at: '2026-05-10 08:00', value: '90', value_text: '90', plotted: '90', state: 'quantified', kind: 'scheduled', visit: 'M0', result_id: '7-2' },
    ] }],
  });
  assert.deepEqual(answer.visits.map((each) => [each.id, each.open, each.close]), [['M0', -3, 0]]);
  assert.deepEqual(answer.doses.map((each) => each.day), [0, 30]);
  assert.deepEqual(answer.series[0]!.points.map((each) => [each.day, each.plotted, each.value]), [[-20, null, '<20'], [0, 90, '90']]);
  assert.deepEqual([answer.series[0]!.lloq, answer.series[0]!.thresholds[0]!.value], [20, 50]);
});

test('days that are offsets already stay as they are', () => {
  const answer = seriesFrom({
    visits: [{ id: 'M0', open: -3, close: 0, target: 0 }], doses: [{ name: 'dose 1', day: 0 }],
    series: [{ analyte: 'CD4A', points: [{ day: -20, at: '2026-04-20T00:10:00Z', value: '214', plotted: 214, state: 'quantified' }] }],
  });
  assert.deepEqual([answer.visits[0]!.open, answer.doses[0]!.day, answer.series[0]!.points[0]!.day], [-3, 0, -20]);
});

test('a subject may stand by its label', () => {
  const answer = outstandingFrom({ as_of: '2026-11-29', counts: {}, items: [{ kind: 'missing', subject: 'S-004', visit: 'M3', analyte: 'CD4A', text: '', since: '', problem: 5 }] });
  assert.deepEqual(answer.items[0]!.subject, { id: 'S-004', label: 'S-004' });
  assert.equal(answer.items[0]!.problem, '5');
});
