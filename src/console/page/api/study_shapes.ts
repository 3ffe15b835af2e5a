/** Brings what the server says about subjects and sources into the shapes that the views draw. Days of a
 *  chart are counted here from dates, because a study day knows neither a day 0 nor a day before treatment. */
import type { Deliveries, Lineage, Outstanding, Point, SeriesAnswer, SeriesOf, SourceDetail } from './study_types';

type Loose<T> = { [Key in keyof T]?: unknown };

const day = 86_400_000;
const text = (value: unknown): string => (typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '');
const numberOf = (value: unknown): number | null => (value === null || value === undefined || value === '' || !Number.isFinite(Number(value)) ? null : Number(value));
const list = (value: unknown): Record<string, unknown>[] => (Array.isArray(value) ? (value as Record<string, unknown>[]) : []);

/** `2026-05-10 08:10`, `2026-05-10` or an instant, as the number of its calendar day. */
function dayNumber(value: unknown): number | null {
  const found = /^(\d{4})-(\d{2})-(\d{2})/.exec(text(value));
  return found ? Math.round(Date.UTC(Number(found[1]), Number(found[2]) - 1, Number(found[3])) / day) : null;
}

export function seriesFrom(raw: Loose<SeriesAnswer>): SeriesAnswer {
  const doses = list(raw.doses);
  const visits = list(raw.visits);
  const series = list(raw.series);
  const points = series.flatMap((each) => list(each['points']));
  const anchor =
    dayNumber(doses[0]?.['at']) ?? dayNumber(visits[0]?.['open']) ?? points.map((each) => dayNumber(each['at'])).reduce((a, b) => (a === null || (b !== null && b < a) ? b : a), null);
  // Where the windows are numbers, all days are offsets already; else dates are counted from the anchor.
  const counted = visits.some((each) => typeof each['open'] === 'number');
  const offset = (value: unknown): number | null => {
    if (typeof value === 'number') return value;
    const number = dayNumber(value);
    return number === null || anchor === null ? null : number - anchor;
  };
  const pointFrom = (each: Record<string, unknown>): Point[] => {
    const found = counted ? numberOf(each['day']) : (offset(each['at']) ?? numberOf(each['day']));
    if (found === null) return [];
    const state = text(each['state']);
    const below = state === 'below_lloq' || state === 'not_detected';
    return [{
      day: found, at: text(each['at']), value: text(each['value_text'] ?? each['value']), plotted: below ? null : numberOf(each['plotted']), comparator: text(each['comparator']),
      visit: text(each['visit']), kind: text(each['kind']), role: text(each['role']), state, derived: each['derived'] === true, result_id: text(each['result_id']),
    }];
  };
  return {
    visits: visits.flatMap((each) => {
      const [open, close] = [offset(each['open']), offset(each['close'])];
      return open === null || close === null ? [] : [{ id: text(each['id']), open, close, target: numberOf(each['target']) ?? open }];
    }),
    doses: doses.flatMap((each) => {
      const at = counted ? numberOf(each['day']) : (offset(each['at']) ?? numberOf(each['day']));
      return at === null ? [] : [{ name: text(each['name']), day: at }];
    }),
    series: series.map((each): SeriesOf => ({
      analyte: text(each['analyte']), name: text(each['name']), unit: text(each['unit']), log: each['log'] === true, lloq: numberOf(each['lloq']),
      thresholds: list(each['thresholds']).flatMap((one) => {
        const value = numberOf(one['value']);
        return value === null ? [] : [{ value, text: value.toLocaleString('en-GB') }];
      }),
      points: list(each['points']).flatMap(pointFrom),
    })),
  };
}

/** A subject stands as {id,label}, or by its label where the server names it so. */
function labelled(value: unknown, id?: unknown): { id: string; label: string } | null {
  if (typeof value === 'string') return value ? { id: text(id) || value, label: value } : null;
  if (value && typeof value === 'object') {
    const of = value as Record<string, unknown>;
    return { id: text(of['id']), label: text(of['label']) || text(of['id']) };
  }
  return null;
}

export function outstandingFrom(raw: Loose<Outstanding>): Outstanding {
  return {
    as_of: text(raw.as_of),
    counts: (raw.counts ?? {}) as Record<string, number>,
    items: list(raw.items).map((each) => ({
      kind: text(each['kind']), subject: labelled(each['subject'], each['subject_id']), visit: text(each['visit']), analyte: text(each['analyte']),
      code: text(each['code']), rule: text(each['rule']) || null, text: text(each['text'] ?? each['sentence']), since: text(each['since'] ?? each['at']), problem: text(each['problem']) || null,
    })),
  };
}

export function sourceFrom(raw: Loose<SourceDetail>): SourceDetail {
  return {
    id: text(raw.id), name: text(raw.name), mode: text(raw.mode), file: text(raw.file),
    new_findings: Array.isArray(raw.new_findings) ? (raw.new_findings as SourceDetail['new_findings']) : [],
    clock_skew_s: numberOf(raw.clock_skew_s), sequence_gaps: numberOf(raw.sequence_gaps) ?? 0,
    recognise: Array.isArray(raw.recognise) ? (raw.recognise as SourceDetail['recognise']) : [],
    node: { id: text((raw.node as Loose<SourceDetail['node']> | undefined)?.id), shared: (raw.node as Loose<SourceDetail['node']> | undefined)?.shared === true },
    ack_p50_ms: numberOf(raw.ack_p50_ms), ack_p99_ms: numberOf(raw.ack_p99_ms), ack_answers_24h: numberOf(raw.ack_answers_24h) ?? 0,
    connections: (raw.connections ?? []) as SourceDetail['connections'],
    drift: list(raw.drift).map((each) => ({
      at: text(each['at']), kind: text(each['kind']) || 'code', text: text(each['text']) || [each['code'], each['system']].map(text).filter(Boolean).join(' · '),
      count: numberOf(each['count']) ?? 0, message_id: text(each['message_id']),
    })),
    lines: (raw.lines ?? []) as SourceDetail['lines'],
    approvals: list(raw.approvals).map((each) => ({ site: text(each['site']), by: text(each['by']), at: text(each['at'] ?? each['on']), config_hash: text(each['config_hash']) })),
  };
}

export function deliveryRow(raw: Deliveries['items'][number]): Deliveries['items'][number] & { who: { id: string; label: string } | null } {
  return { ...raw, who: labelled(raw.subject) };
}

export function lineageFrom(raw: Lineage): Lineage {
  return { ...raw, message_id: raw.message_id || (raw.steps.find((step) => step.message_id)?.message_id ?? '') };
}
