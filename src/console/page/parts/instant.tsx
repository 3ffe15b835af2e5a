import { signal } from '@preact/signals';
import { t } from '../text';
import { spanBetween, type Span } from './span';

/** One clock for all relative times of the page. */
const minute = signal(Date.now());
setInterval(() => {
  minute.value = Date.now();
}, 30_000);

export function spanText(span: Span): string {
  return span.unit === 'now' ? t('time.now') : t(`time.${span.unit}`, { n: span.n });
}

/** The instant in the viewer's zone, written alike in both languages so that it can be compared with a log. */
export function exactly(instant: string): string {
  const date = new Date(instant);
  if (Number.isNaN(date.getTime())) return instant;
  const two = (n: number) => String(n).padStart(2, '0');
  const zone = -date.getTimezoneOffset();
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':');
  return `${dayOf(instant)} ${time} ${zone < 0 ? '−' : '+'}${two(Math.trunc(Math.abs(zone) / 60))}:${two(Math.abs(zone) % 60)}`;
}

export function dayOf(instant: string): string {
  const date = new Date(instant);
  if (Number.isNaN(date.getTime())) return instant;
  const two = (n: number) => String(n).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** The instant at which a day of the viewer's zone begins, `after` days later; empty for what is no day. */
export function dayBegins(day: string, after = 0): string {
  const found = /^(\d{4})-(\d{2})-(\d{2})$/.exec(day);
  return found ? new Date(Number(found[1]), Number(found[2]) - 1, Number(found[3]) + after).toISOString() : '';
}

/** The end of that day, or now where it is not over: the server takes no time that is to come. */
export function dayEnds(day: string): string {
  const end = dayBegins(day, 1);
  const now = new Date().toISOString();
  return end > now ? now : end;
}

/** A time relative to now, with the exact instant in the viewer's zone on hover and, where a laboratory
 *  wrote it, its own spelling. */
export function Instant({ at, original, exact = false }: { at: string; original?: string; exact?: boolean }) {
  const then = new Date(at).getTime();
  if (Number.isNaN(then)) return <span>{at}</span>;
  const span = spanBetween(then, minute.value);
  const ahead = then > minute.value && span.unit !== 'now';
  const title = exactly(at) + (original ? `\n${t('time.original', { text: original })}` : '');
  const text = exact ? exactly(at) : ahead ? t('time.ahead', { span: spanText(span) }) : spanText(span);
  return (
    <time dateTime={at} title={title} class="instant">
      {text}
    </time>
  );
}

/** How long since `ms`, in words. */
export function Ago({ ms }: { ms: number }) {
  return <span>{spanText(spanBetween(ms, minute.value))}</span>;
}
