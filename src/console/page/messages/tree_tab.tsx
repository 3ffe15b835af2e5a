import type { Message } from '../api/types';
import { ruleSentence, t, tOr } from '../text';
import { markOf, marksIn, placeOf, type Mark } from './hit';

/** HL7 tables whose codes a reader should not have to know by heart. */
const tables: Record<string, string> = {
  'OBX-2': '0125', 'OBX-8': '0078', 'OBX-11': '0085', 'OBR-25': '0085', 'PID-8': '0001',
};

/** Every field with its name and value, one under the other; empty ones are left out. */
export function TreeTab({ message, marks }: { message: Message; marks: Mark[] }) {
  const { segments } = message;
  return (
    <div class="tree" tabIndex={0} role="region" aria-label={t('message.tab.tree')}>
      {segments.map((segment) => {
        const found = marksIn(segment, marks);
        return (
          <details key={segment.position} open={found.length > 0 || segments.length < 12}>
            <summary>
              <b class="mono">{segment.id}</b> <span class="grey">{segment.name}</span>
              {found.length > 0 && <i class="hl7-margin" aria-hidden />}
            </summary>
            <dl>
              {segment.fields
                .filter((field) => field.text !== '' || markOf(field, found))
                .map((field) => {
                  const hit = markOf(field, found);
                  const table = tables[`${segment.id}-${field.number}`];
                  const meaning = table ? tOr(`hl7.${table}.${field.text}`, '') : '';
                  const parts = field.repetitions.flatMap((each) => each.components);
                  return (
                    <div key={field.number} class={hit ? 'tree-hit' : ''}>
                      <dt>
                        <code>{placeOf(segments, segment, field.number)}</code>
                        <span>{field.name}</span>
                      </dt>
                      <dd>
                        {parts.length === 1 ? (
                          <span class={field.masked ? 'hl7-masked' : ''}>{field.text}</span>
                        ) : (
                          parts
                            .filter((part) => part.text !== '')
                            .map((part) => (
                              <span class={`tree-part ${field.masked ? 'hl7-masked' : ''}`} key={part.offset} title={part.name}>
                                <small>{part.number}</small> {part.text}
                              </span>
                            ))
                        )}
                        {meaning && <span class="grey"> {meaning}</span>}
                        {hit && <p class="tree-why">{ruleSentence(hit.code, hit.sentence)}</p>}
                      </dd>
                    </div>
                  );
                })}
            </dl>
          </details>
        );
      })}
    </div>
  );
}
