import type { Finding, Segment } from '../api/types';

export interface Delimiters {
  field: string;
  component: string;
  repetition: string;
  sub: string;
}

/** What the message itself declares in MSH-1 and MSH-2. */
export function delimitersOf(segments: Segment[]): Delimiters {
  const header = segments.find((each) => each.id === 'MSH');
  const marks = header?.fields[1]?.text || '^~\\&';
  return { field: header?.fields[0]?.text || '|', component: marks[0] ?? '^', repetition: marks[1] ?? '~', sub: marks[3] ?? '&' };
}

export interface Stretch {
  offset: number;
  length: number;
}

/** Something to point at: a stretch of bytes and what is said of it. */
export interface Mark extends Stretch {
  code: string;
  sentence: string;
}

/** Whether two stretches of bytes share one. */
export function meets(a: Stretch, b: Stretch): boolean {
  return a.offset < b.offset + b.length && b.offset < a.offset + a.length;
}

export function marksIn(segment: Segment, marks: Mark[]): Mark[] {
  return marks.filter((each) => each.offset >= segment.offset && each.offset <= segment.offset + segment.length);
}

/** The mark of a field or component. An empty one is hit only where it is named exactly: its neighbours
 *  touch it too. */
export function markOf(part: Stretch, marks: Mark[]): Mark | undefined {
  return marks.find((each) => {
    if (part.length === 0 || each.length === 0) return each.offset === part.offset && each.length === part.length;
    return meets(each, part);
  });
}

/** `OBX[2]-6.1`: the place of a component, counted as HL7 does, segments of one name among themselves. */
export function placeOf(segments: Segment[], segment: Segment, field: number, component?: number): string {
  const nth = segments.filter((each) => each.id === segment.id && each.position <= segment.position).length;
  return `${segment.id}${nth > 1 ? `[${nth}]` : ''}-${field}${component ? `.${component}` : ''}`;
}

/** Where a place as the engine writes it stands among the bytes; a place of a whole segment is its name. */
export function stretchAt(segments: Segment[], place: string): Stretch | null {
  const found = /^([A-Z][A-Z0-9]{2})(?:\[(\d+)\])?(?:-(\d+)(?:\[(\d+)\])?(?:\.(\d+))?)?/.exec(place);
  if (!found) return null;
  const [, id, nth = '1', field, repetition = '1', component] = found;
  const segment = segments.filter((each) => each.id === id)[Number(nth) - 1];
  if (!segment) return null;
  if (!field) return { offset: segment.offset, length: 3 };
  const inside = segment.fields.find((each) => each.number === Number(field));
  if (!inside) return null;
  const parts = inside.repetitions[Number(repetition) - 1]?.components ?? [];
  const part = component ? parts.find((each) => each.number === Number(component)) : parts.length === 1 ? parts[0] : undefined;
  return part ?? inside;
}

export interface Focus {
  rule: string;
  sentence: string;
  place: string;
}

/** What the message is looked at for: the findings of a problem's rule, its place where the rule left none;
 *  without a problem all that was more than noted. */
export function marksOf(segments: Segment[], findings: Finding[], focus?: Focus): Mark[] {
  const wanted = findings.filter((each) => (focus ? each.code === focus.rule : each.severity !== 'note'));
  const marks: Mark[] = [];
  for (const each of wanted) {
    const stretch =
      each.offset !== null && each.length !== null ? { offset: each.offset, length: each.length } : stretchAt(segments, each.place);
    if (stretch) marks.push({ ...stretch, code: each.code, sentence: each.sentence });
  }
  if (marks.length > 0 || !focus) return marks;
  const stretch = stretchAt(segments, focus.place);
  return stretch ? [{ offset: stretch.offset, length: stretch.length, code: focus.rule, sentence: focus.sentence }] : [];
}
