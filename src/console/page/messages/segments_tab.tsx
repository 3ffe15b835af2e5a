import { useEffect, useRef, useState } from 'preact/hooks';
import type { Field, Message, Segment } from '../api/types';
import { ruleSentence, t } from '../text';
import { delimitersOf, markOf, marksIn, placeOf, type Delimiters, type Mark } from './hit';

/** Empty components may be left out by the server; their numbers say how many separators stand between. */
function Components(props: { field: Field; found: Mark[]; delimiters: Delimiters; place: string }) {
  const { field, found, delimiters } = props;
  const emptyHit = field.text === '' ? markOf(field, found) : undefined;
  const many = field.repetitions.length > 1;
  if (emptyHit && field.repetitions.every((each) => each.components.length === 0)) {
    return (
      <span class="hl7-component hl7-hit" data-place={props.place} data-name={field.name} data-offset={field.offset} data-length={0}>
        ␣
      </span>
    );
  }
  return (
    <>
      {field.repetitions.map((repetition, nth) => (
        <>
          {nth > 0 && <i class="hl7-mark">{delimiters.repetition}</i>}
          {repetition.components.map((component, at) => {
            const hit = markOf(component, found);
            const alone = repetition.components.length === 1 && component.number === 1 && !many;
            const before = repetition.components[at - 1]?.number ?? 1;
            return (
              <>
                {component.number > before && (
                  <i class="hl7-mark">{delimiters.component.repeat(component.number - before)}</i>
                )}
                <span
                  class={`hl7-component ${hit ? 'hl7-hit' : ''} ${component.masked ?? field.masked ? 'hl7-masked' : ''}`}
                  data-place={alone ? props.place : `${props.place}.${component.number}`}
                  data-name={component.name && !alone ? `${field.name}, ${component.name}` : field.name}
                  data-offset={component.offset}
                  data-length={component.length}
                  title={hit ? ruleSentence(hit.code, hit.sentence) : undefined}
                >
                  {component.text || (hit ? '␣' : '')}
                </span>
              </>
            );
          })}
        </>
      ))}
    </>
  );
}

const shownAtFirst = 200;

function Line(props: { segments: Segment[]; segment: Segment; marks: Mark[]; delimiters: Delimiters }) {
  const { segment, delimiters } = props;
  const found = marksIn(segment, props.marks);
  const dim = props.marks.length > 0 && found.length === 0;
  return (
    <li class={`hl7-line ${found.length ? 'hl7-line-hit' : ''} ${dim ? 'hl7-dim' : ''}`}>
      <span class="hl7-gutter" title={found.map((each) => ruleSentence(each.code, each.sentence)).join('\n') || undefined}>
        {found.length > 0 && <i class="hl7-margin" aria-hidden />}
        {segment.position}
      </span>
      <span class="hl7-text">
        <b data-place={segment.id} data-name={segment.name} data-offset={segment.offset} data-length={segment.length}>
          {segment.id}
        </b>
        {segment.fields.map((field) => {
          if (segment.id === 'MSH' && field.number === 1) return null;
          return (
            <>
              <i class="hl7-mark">{delimiters.field}</i>
              <wbr />
              <Components field={field} found={found} delimiters={delimiters} place={placeOf(props.segments, segment, field.number)} />
            </>
          );
        })}
      </span>
    </li>
  );
}

/** The message as it stands, a line each segment, what a rule stumbled over underlined and marked in the margin. */
export function SegmentsTab({ message, marks }: { message: Message; marks: Mark[] }) {
  const { segments } = message;
  const delimiters = delimitersOf(segments);
  const firstHit = segments.findIndex((each) => marksIn(each, marks).length > 0);
  const [until, setUntil] = useState(Math.max(shownAtFirst, firstHit + 50));
  const [pointed, setPointed] = useState<{ place: string; name: string; offset: string; length: string } | null>(null);
  const list = useRef<HTMLOListElement>(null);

  useEffect(() => {
    const box = list.current;
    const hit = box?.querySelector<HTMLElement>('.hl7-line-hit');
    if (box && hit && hit.offsetTop > box.clientHeight) box.scrollTop = hit.offsetTop - box.clientHeight / 3;
  }, [message.message_id]);

  const point = (event: Event) => {
    const part = (event.target as Element).closest<HTMLElement>('[data-place]');
    if (!part) return;
    const { place = '', name = '', offset = '', length = '' } = part.dataset;
    setPointed({ place, name, offset, length });
  };
  const rest = segments.length - until;
  return (
    <>
      {/* Scrolls, so it takes the focus: the arrow keys then move it. */}
      <ol class="hl7" ref={list} tabIndex={0} aria-label={t('message.tab.segments')} onMouseOver={point} onClick={point}>
        {segments.slice(0, until).map((segment) => (
          <Line key={segment.position} segments={segments} segment={segment} marks={marks} delimiters={delimiters} />
        ))}
        {rest > 0 && (
          <li>
            <button type="button" class="button" onClick={() => setUntil(until + 500)}>
              {t('message.more', { n: Math.min(500, rest) })}
            </button>
          </li>
        )}
      </ol>
      <p class="pointed">
        {pointed ? (
          <>
            <code>{pointed.place}</code> {pointed.name}
            {pointed.offset && (
              <span class="grey"> {t('message.at', { offset: pointed.offset, length: pointed.length })}</span>
            )}
          </>
        ) : (
          <span class="grey">{t('message.point')}</span>
        )}
      </p>
    </>
  );
}
