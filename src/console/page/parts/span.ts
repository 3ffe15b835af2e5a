export type Span = { unit: 'now' } | { unit: 'minutes' | 'hours' | 'days'; n: number };

/** How far `then` lies from `now`, in the one unit that a glance needs. */
export function spanBetween(then: number, now: number): Span {
  const minutes = Math.floor(Math.abs(now - then) / 60_000);
  if (minutes < 1) return { unit: 'now' };
  if (minutes < 60) return { unit: 'minutes', n: minutes };
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return { unit: 'hours', n: hours };
  return { unit: 'days', n: Math.floor(hours / 24) };
}

/** `3f9a8c…d21b`: the ends of an id tell two apart, the middle does not. */
export function shortened(id: string, head = 6, tail = 4): string {
  return id.length <= head + tail + 1 ? id : `${id.slice(0, head)}…${tail ? id.slice(-tail) : ''}`;
}

/** A value in three parts, so that a column of them can stand on its decimal point. */
export function decimalParts(text: string): { sign: string; whole: string; rest: string } | null {
  const found = /^(<=|>=|[<>≤≥])?\s*([-+]?\d[\d ,]*)([.]\d+)?$/.exec(text.trim());
  if (!found) return null;
  return { sign: found[1] ?? '', whole: found[2] ?? '', rest: found[3] ?? '' };
}

/** An HL7 time as it can be read: `202309120810` gives `2023-09-12 08:10`; what is no time stays as it is. */
export function hl7Time(text: string): string {
  const found = /^(\d{4})(\d{2})?(\d{2})?(\d{2})?(\d{2})?/.exec(text);
  if (!found) return text;
  const [, year, month, day, hour, minute] = found;
  const date = [year, month, day].filter(Boolean).join('-');
  return hour ? `${date} ${hour}:${minute ?? '00'}` : date;
}
