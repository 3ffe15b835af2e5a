import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';

/** A label, its control, and a hint under it. */
export function FormField(props: { label: string; hint?: ComponentChildren; children: (id: string) => ComponentChildren }) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{props.label}</label>
      {props.children(id)}
      {props.hint && <p class="hint">{props.hint}</p>}
    </div>
  );
}

export function TextField(props: {
  label: string;
  value: string;
  onInput: (value: string) => void;
  type?: string;
  hint?: ComponentChildren;
  autocomplete?: string;
  autofocus?: boolean;
  inputMode?: 'numeric' | 'text';
  mono?: boolean;
}) {
  return (
    <FormField label={props.label} hint={props.hint}>
      {(id) => (
        <input
          id={id}
          class={`input ${props.mono ? 'mono' : ''}`}
          type={props.type ?? 'text'}
          value={props.value}
          autocomplete={props.autocomplete ?? 'off'}
          autofocus={props.autofocus}
          inputMode={props.inputMode}
          spellcheck={false}
          onInput={(event) => props.onInput(event.currentTarget.value)}
        />
      )}
    </FormField>
  );
}
