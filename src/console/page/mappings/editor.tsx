import { useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { MappingError, Vocabulary } from '../api/types';
import { t } from '../text';
import { completionAt, type Completion } from './complete';
import { columnsOf, lineAndColumn, offsetOf, xmlLines, type Token } from './xml_tokens';

const lineHeight = 20;

/** Where the caret is to go, and how often it was asked, so that the same place can be asked for twice. */
export interface Jump {
  line: number;
  column: number;
  turn: number;
}

interface Props {
  name: string;
  text: string;
  errors: MappingError[];
  vocabulary: Vocabulary | null;
  readOnly: boolean;
  jump: Jump | null;
  onChange: (text: string) => void;
}

/** A line of the picture that lies under the transparent text: coloured, with what is wrong underlined. */
function Line({ tokens, errors }: { tokens: Token[]; errors: MappingError[] }) {
  let column = 1;
  const pieces = tokens.map((token, at) => {
    const from = column;
    column += token.text.length;
    const hit = errors.find((each) => each.column >= from && each.column < column);
    return (
      <span key={at} class={`xml-${token.kind} ${hit ? 'xml-hit' : ''}`}>
        {token.text}
      </span>
    );
  });
  const beyond = errors.some((each) => each.column >= column);
  return (
    <div class="editor-line">
      {pieces}
      {beyond && <span class="xml-hit"> </span>}
    </div>
  );
}

export function Editor(props: Props) {
  const { text, vocabulary } = props;
  const area = useRef<HTMLTextAreaElement>(null);
  const box = useRef<HTMLDivElement>(null);
  const [completion, setCompletion] = useState<Completion | null>(null);
  const [chosen, setChosen] = useState(0);
  const [caret, setCaret] = useState(0);
  const pending = useRef<number | null>(null);
  const popup = useId();
  const lines = useMemo(() => xmlLines(text), [text]);
  const byLine = useMemo(() => {
    const found = new Map<number, MappingError[]>();
    for (const each of props.errors) found.set(each.line, [...(found.get(each.line) ?? []), each]);
    return found;
  }, [props.errors]);

  useEffect(() => {
    setCompletion(null);
    setCaret(0);
    if (box.current) box.current.scrollTop = 0;
  }, [props.name]);

  useLayoutEffect(() => {
    if (pending.current === null) return;
    area.current?.setSelectionRange(pending.current, pending.current);
    setCaret(pending.current);
    pending.current = null;
  }, [text]);

  useEffect(() => {
    if (!props.jump) return;
    const offset = offsetOf(text, props.jump.line, props.jump.column);
    area.current?.focus({ preventScroll: true });
    area.current?.setSelectionRange(offset, offset);
    setCaret(offset);
    if (box.current) box.current.scrollTop = Math.max(0, (props.jump.line - 6) * lineHeight);
  }, [props.jump?.turn]);

  const propose = (force: boolean) => {
    const at = area.current?.selectionStart ?? 0;
    setCaret(at);
    if (!vocabulary || props.readOnly || !area.current) return setCompletion(null);
    const found = completionAt(area.current.value, at, vocabulary);
    const typed = found ? found.to - found.from : 0;
    const exact = found?.options.length === 1 && found.options[0]!.insert === area.current.value.slice(found.from, found.to);
    setChosen(0);
    setCompletion(found && found.options.length > 0 && !exact && (force || typed > 0 || /["<]$/.test(area.current.value.slice(0, at))) ? found : null);
  };

  const take = (at: number) => {
    const option = completion?.options[at];
    if (!completion || !option || !area.current) return;
    area.current.focus();
    area.current.setSelectionRange(completion.from, completion.to);
    pending.current = completion.from + option.insert.length;
    setCompletion(null);
    // insertText keeps the browser's own undo; it tells onInput by itself.
    if (!document.execCommand('insertText', false, option.insert)) {
      area.current.setRangeText(option.insert, completion.from, completion.to, 'end');
      props.onChange(area.current.value);
    }
  };

  const press = (event: KeyboardEvent) => {
    if (event.key === ' ' && event.ctrlKey) {
      event.preventDefault();
      propose(true);
      return;
    }
    if (completion) {
      const count = completion.options.length;
      if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
        event.preventDefault();
        setChosen((chosen + (event.key === 'ArrowDown' ? 1 : count - 1)) % count);
      } else if (event.key === 'Enter' || event.key === 'Tab') {
        event.preventDefault();
        take(chosen);
      } else if (event.key === 'Escape') {
        event.stopPropagation();
        setCompletion(null);
      }
    } else if (event.key === 'Enter' && !props.readOnly) {
      const value = area.current!.value;
      const start = area.current!.selectionStart;
      const indent = /^[ \t]*/.exec(value.slice(value.lastIndexOf('\n', start - 1) + 1))?.[0] ?? '';
      event.preventDefault();
      document.execCommand('insertText', false, `\n${indent}`);
    }
  };

  const place = lineAndColumn(text, caret);
  const anchor = completion ? lineAndColumn(text, completion.from) : null;
  const anchorColumns = completion ? columnsOf(text.slice(completion.from - anchor!.column + 1, completion.from)) : 0;
  return (
    <div class="editor">
      <div class="editor-box" ref={box}>
        <div class="editor-gutter" aria-hidden>
          {lines.map((_, at) => {
            const found = byLine.get(at + 1);
            return (
              <div key={at} class={found ? 'editor-gutter-hit' : ''} title={found?.map((each) => each.sentence).join('\n')}>
                {found && <i class="hl7-margin" />}
                {at + 1}
              </div>
            );
          })}
        </div>
        <div class="editor-sheet">
          <div class="editor-picture" aria-hidden>
            {lines.map((tokens, at) => (
              <Line key={at} tokens={tokens} errors={byLine.get(at + 1) ?? []} />
            ))}
          </div>
          <textarea
            ref={area}
            class="editor-text"
            aria-label={t('editor.label', { name: props.name })}
            aria-autocomplete="list"
            aria-controls={completion ? popup : undefined}
            aria-activedescendant={completion ? `${popup}-${chosen}` : undefined}
            value={text}
            readOnly={props.readOnly}
            spellcheck={false}
            autocomplete="off"
            autocapitalize="off"
            wrap="off"
            onInput={(event) => {
              props.onChange(event.currentTarget.value);
              propose(false);
            }}
            onKeyDown={press}
            onKeyUp={(event) => {
              if (event.key.startsWith('Arrow') && !completion) setCaret(event.currentTarget.selectionStart);
            }}
            onClick={(event) => {
              setCaret(event.currentTarget.selectionStart);
              setCompletion(null);
            }}
            onBlur={() => setTimeout(() => setCompletion(null), 150)}
          />
          {completion && anchor && (
            <div
              class="menu editor-menu"
              id={popup}
              role="listbox"
              aria-label={t('editor.completion')}
              style={{ top: `${anchor.line * lineHeight + 10}px`, left: `calc(${anchorColumns}ch + 8px)` }}
            >
              {completion.options.map((option, at) => (
                <button
                  type="button"
                  role="option"
                  key={option.insert}
                  id={`${popup}-${at}`}
                  tabIndex={-1}
                  aria-selected={at === chosen}
                  ref={(element) => {
                    if (at === chosen) element?.scrollIntoView({ block: 'nearest' });
                  }}
                  onPointerDown={(event) => {
                    event.preventDefault();
                    take(at);
                  }}
                >
                  <code>{option.insert.replace(/="$/, '')}</code>
                  <span class="grey">{option.detail}</span>
                </button>
              ))}
            </div>
          )}
        </div>
      </div>
      <p class="editor-foot">
        <span>{t('editor.place', { line: String(place.line), column: String(place.column) })}</span>
        {!props.readOnly && <span>{t('editor.hint')}</span>}
      </p>
    </div>
  );
}
