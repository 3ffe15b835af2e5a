import { useLoad } from '../api/load';
import type { Message, MessageDiff } from '../api/types';
import { Await, Empty } from '../parts/notice';
import { t } from '../text';
import { delimitersOf } from './hit';

/** A segment's text in fields; those that differ stand out. */
function Side(props: { sign: string; text: string; fields: number[]; isHeader: boolean; mark: string }) {
  const words = props.text.split(props.mark);
  return (
    <div class={`diff-side diff-${props.sign === '+' ? 'new' : 'old'}`}>
      <span class="diff-sign">{props.sign}</span>
      <span class="hl7-text">
        {words.map((word, at) => {
          // MSH-1 is the separator itself, so that the second word is MSH-2.
          const number = props.isHeader ? at + 1 : at;
          return (
            <>
              {at > 0 && <i class="hl7-mark">{props.mark}</i>}
              {at > 0 && <wbr />}
              {at > 0 && props.fields.includes(number) ? <mark>{word || '␣'}</mark> : word}
            </>
          );
        })}
      </span>
    </div>
  );
}

/** This message against the last of its source that went through whole, or the one before it of the same order. */
export function DiffTab({ message, against }: { message: Message; against: 'last-good' | 'previous' }) {
  const diff = useLoad<MessageDiff>(`/messages/${message.message_id}/diff/${against}`);
  const mark = delimitersOf(message.segments).field;
  return (
    <Await of={diff}>
      {({ other, segments }) => {
        if (!other) return <Empty title={t(`message.diff.none.${against}`)} />;
        const [before, after] = t(`message.diff.${against}`, { id: '\u0000' }).split('\u0000');
        const same = segments.filter((each) => each.kind === 'same').length;
        return (
          <div class="diff" tabIndex={0} role="region" aria-label={t(`message.tab.${against}`)}>
            <p class="small grey">
              {before}
              <a href={`/messages/${other.message_id}`}>{other.control_id}</a>
              {after}
              {same > 0 && ` · ${t('message.diff.same', { n: same })}`}
            </p>
            {segments
              .filter((each) => each.kind !== 'same')
              .map((each, at) => (
                <div key={at} class="diff-pair">
                  {each.left && <Side sign="−" text={each.left} fields={each.fields} isHeader={each.id === 'MSH'} mark={mark} />}
                  {each.right && <Side sign="+" text={each.right} fields={each.fields} isHeader={each.id === 'MSH'} mark={mark} />}
                </div>
              ))}
          </div>
        );
      }}
    </Await>
  );
}
