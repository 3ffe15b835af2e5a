import { useEffect, useRef, useState } from 'preact/hooks';
import type { FacetValue } from '../api/types';
import { t } from '../text';

/** A filter with its values counted. The value stands in the address; empty means any. */
export function Facet(props: {
  name: string;
  value: string;
  values: FacetValue[];
  onChoose: (value: string) => void;
}) {
  const [open, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!open) return;
    root.current?.querySelector<HTMLElement>('[role=option]')?.focus();
    const away = (event: Event) => {
      if (!root.current?.contains(event.target as Node)) setOpen(false);
    };
    document.addEventListener('pointerdown', away);
    return () => document.removeEventListener('pointerdown', away);
  }, [open]);

  const choose = (value: string) => {
    setOpen(false);
    root.current?.querySelector<HTMLElement>('button')?.focus();
    props.onChoose(value);
  };
  const move = (event: KeyboardEvent) => {
    if (event.key === 'Escape') {
      setOpen(false);
      root.current?.querySelector<HTMLElement>('button')?.focus();
    }
    if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
    event.preventDefault();
    const next = event.key === 'ArrowDown' ? 'nextElementSibling' : 'previousElementSibling';
    (document.activeElement?.[next] as HTMLElement | null)?.focus();
  };
  const chosen = props.values.find((each) => each.value === props.value);
  return (
    <div class="facet" ref={root} onKeyDown={move}>
      <button
        type="button"
        class={`chip ${props.value ? 'chip-on' : ''}`}
        aria-haspopup="listbox"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        {props.name}
        {props.value && <b>{chosen?.label ?? props.value}</b>}
        <i class="caret" aria-hidden />
      </button>
      {open && (
        <div class="menu facet-menu" role="listbox" aria-label={props.name}>
          <button type="button" role="option" aria-selected={!props.value} onClick={() => choose('')}>
            <span>{t('facet.any')}</span>
          </button>
          {props.values.map((each) => (
            <button
              type="button"
              role="option"
              key={each.value}
              aria-selected={each.value === props.value}
              onClick={() => choose(each.value)}
            >
              <span>{each.label}</span>
              <span class="count">{each.count.toLocaleString()}</span>
            </button>
          ))}
        </div>
      )}
    </div>
  );
}

/** A filter that is on or off. */
export function Chip(props: { on: boolean; name: string; count?: number | undefined; onToggle: () => void }) {
  return (
    <button type="button" class={`chip ${props.on ? 'chip-on' : ''}`} aria-pressed={props.on} onClick={props.onToggle}>
      {props.name}
      {props.count !== undefined && <span class="count">{props.count.toLocaleString()}</span>}
    </button>
  );
}
