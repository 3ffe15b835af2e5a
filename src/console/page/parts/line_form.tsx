import { useState } from 'preact/hooks';
import { ApiError } from '../api/client';
import { t } from '../text';
import { TextField } from './field';
import { ErrorNotice } from './notice';

/** A button that asks for one line of words before it does what it says: a reason, or a note. `send` throws
 *  the server's refusal, which is shown here. */
export function LineForm(props: {
  button: string;
  /** What the button does to which row, for who hears it without its row. */
  buttonOf: string;
  /** Of a row that is not high. */
  small?: boolean;
  wide?: boolean;
  label: string;
  /** What a click on the form's own button does. */
  action: string;
  send: (words: string) => Promise<unknown>;
  onDone: () => void;
}) {
  const [open, setOpen] = useState(false);
  const [words, setWords] = useState('');
  const [error, setError] = useState<ApiError | null>(null);
  const submit = async (event: Event) => {
    event.preventDefault();
    setError(null);
    try {
      await props.send(words);
      setOpen(false);
      props.onDone();
    } catch (fault) {
      if (!(fault instanceof ApiError)) throw fault;
      setError(fault);
    }
  };
  if (!open) {
    return (
      <button type="button" class={props.small ? 'button button-small' : 'button'} aria-label={props.buttonOf} onClick={() => setOpen(true)}>
        {props.button}
      </button>
    );
  }
  return (
    <form class={props.wide ? 'line-form line-form-wide' : 'line-form'} onSubmit={submit}>
      <TextField label={props.label} value={words} onInput={setWords} autofocus />
      {error && <ErrorNotice error={error} />}
      <div class="buttons">
        <button type="submit" class="button button-primary" disabled={words.trim() === ''}>
          {props.action}
        </button>
        <button type="button" class="button" onClick={() => setOpen(false)}>
          {t('form.cancel')}
        </button>
      </div>
    </form>
  );
}
