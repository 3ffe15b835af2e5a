import { useEffect, useRef } from 'preact/hooks';
import type { Segment } from '../api/types';
import { delimitersOf, type Delimiters } from '../messages/hit';

export interface Span {
  offset: number;
  length: number;
}

interface Piece {
  text: string;
  on: boolean;
}

/** Where the parts of a text stand that a separator cuts. */
function cut(text: string, from: number, separator: string): { from: number; to: number }[] {
  const parts: { from: number; to: number }[] = [];
  let at = from;
  for (const part of text.split(separator)) {
    parts.push({ from: at, to: at + part.length });
    at += part.length + separator.length;
  }
  return parts;
}

/** The span in characters of the segment's text. Offsets count bytes of the original, whose character set may
 *  be another and whose characters may be masked; separators are kept by both, so that a span is found by the
 *  field and the components that it begins and ends with. */
export function charactersOf(segment: Segment, span: Span, marks: Delimiters): { from: number; to: number } | null {
  const text = segment.text ?? '';
  const end = span.offset + span.length;
  const field = segment.fields.find((each) => each.offset !== null && each.offset <= span.offset && span.offset < each.offset + each.length);
  if (!field) return null;
  // The first field of a header is the separator itself.
  const place = cut(text, 0, marks.field)[segment.id === 'MSH' ? field.number - 1 : field.number];
  if (!place) return null;
  if (field.offset === span.offset && field.offset + field.length === end) return place;
  let from = -1;
  let to = -1;
  cut(text.slice(place.from, place.to), place.from, marks.repetition).forEach((repetition, nth) => {
    const components = cut(text.slice(repetition.from, repetition.to), repetition.from, marks.component);
    for (const component of field.repetitions[nth]?.components ?? []) {
      const characters = components[component.number - 1];
      if (!characters || component.offset === null) continue;
      const inside = component.sub.length > 1 ? cut(text.slice(characters.from, characters.to), characters.from, marks.sub) : [];
      if (component.offset === span.offset) from = characters.from;
      if (component.offset + component.length === end) to = characters.to;
      // Of sub-components only the first is ever read by itself.
      else if (component.offset === span.offset && end < component.offset + component.length && inside[0]) to = inside[0].to;
    }
  });
  return from >= 0 && to >= from ? { from, to } : place;
}

/** Cuts one segment into pieces so that a span of bytes can be marked in it. */
function pieces(segment: Segment, span: Span | null, marks: Delimiters): Piece[] {
  const text = segment.text ?? '';
  if (!span || span.offset < segment.offset || span.offset >= segment.offset + segment.length) return [{ text, on: false }];
  if (span.offset === segment.offset && span.length >= segment.length) return [{ text, on: true }];
  const found = charactersOf(segment, span, marks);
  if (!found) return [{ text, on: false }];
  return [
    { text: text.slice(0, found.from), on: false },
    { text: text.slice(found.from, Math.max(found.to, found.from + 1)), on: true },
    { text: text.slice(Math.max(found.to, found.from + 1)), on: false },
  ].filter((each) => each.text);
}

/** The segments of a message, one a line, with one span marked and brought into sight. */
export function Highlighted({ segments, span, label }: { segments: Segment[]; span: Span | null; label: string }) {
  const root = useRef<HTMLOListElement>(null);
  useEffect(() => {
    const mark = root.current?.querySelector('mark');
    const scroller = root.current;
    if (!mark || !scroller) return;
    const place = mark.getBoundingClientRect();
    const box = scroller.getBoundingClientRect();
    if (place.left < box.left + 60 || place.right > box.right) scroller.scrollLeft += place.left - box.left - box.width / 3;
    if (place.top < box.top || place.bottom > box.bottom) scroller.scrollTop += place.top - box.top - box.height / 3;
  }, [span?.offset, span?.length]);
  const marks = delimitersOf(segments);
  return (
    <ol class="highlighted" ref={root} aria-label={label} tabIndex={0}>
      {segments.map((segment) => {
        const parts = pieces(segment, span, marks);
        const on = parts.some((each) => each.on);
        return (
          <li key={segment.position} class={on ? 'highlighted-on' : ''}>
            <span class="highlighted-number" aria-hidden>
              {segment.position}
            </span>
            <code>{parts.map((each, at) => (each.on ? <mark key={at}>{each.text}</mark> : <span key={at}>{each.text}</span>))}</code>
          </li>
        );
      })}
    </ol>
  );
}
