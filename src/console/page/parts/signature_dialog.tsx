import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiError, get } from '../api/client';
import { engine } from '../api/events';
import type { Me, Signature } from '../api/types';
import { session } from '../frame/session';
import { t, tOr } from '../text';
import { FormField, TextField } from './field';
import { ErrorNotice } from './notice';

/** The only dialog that stops everything else: a person puts a name under what it shows. `onSign` throws
 *  the server's refusal, which is shown here, so that a wrong password costs no more than a second try. */
export function SignatureDialog(props: {
  /** What a click does, in words: "Release 412 results". */
  action: string;
  meanings?: readonly string[];
  children?: ComponentChildren;
  onSign: (signature: Signature) => Promise<void>;
  onCancel: () => void;
}) {
  const meanings = props.meanings ?? ['reviewed', 'approved', 'responsible'];
  const dialog = useRef<HTMLDialogElement>(null);
  const [meaning, setMeaning] = useState(meanings[0] ?? 'approved');
  const [password, setPassword] = useState('');
  const [typedName, setTypedName] = useState('');
  const [declares, setDeclares] = useState(false);
  // As it was when the dialog opened: the answer to an earlier signature must not take a field from under the hand.
  const [signing] = useState(session.value?.account.signing);
  const [error, setError] = useState<ApiError | null>(null);
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    dialog.current?.showModal();
    return () => dialog.current?.close();
  }, []);

  const sign = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await props.onSign({
        password,
        meaning,
        ...(signing?.name_needed && { name: typedName.trim() }),
        ...(signing?.declaration && { declare: declares }),
      });
      // The next signature of this session may need less, and what was signed may be a configuration.
      void get<Me>('/me').then((me) => {
        session.begin(me);
        engine.value = me.engine;
      }, () => undefined);
    } catch (fault) {
      if (!(fault instanceof ApiError)) throw fault;
      setError(fault);
      setPassword('');
      setBusy(false);
    }
  };
  const name = session.value?.account.display_name ?? '';
  return (
    <dialog ref={dialog} class="dialog" aria-labelledby="sign-title" onCancel={props.onCancel}>
      <form onSubmit={sign}>
        <h2 id="sign-title">{t('sign.title')}</h2>
        <div class="dialog-what">{props.children}</div>
        <p class="hint">{t('sign.what', { name })}</p>
        <FormField label={t('sign.meaning')}>
          {(id) => (
            <select id={id} class="input" value={meaning} onChange={(event) => setMeaning(event.currentTarget.value)}>
              {meanings.map((each) => (
                <option key={each} value={each}>
                  {tOr(`sign.meaning.${each}`, each)}
                </option>
              ))}
            </select>
          )}
        </FormField>
        {signing?.name_needed && (
          <TextField label={t('sign.name')} autocomplete="username" value={typedName} onInput={setTypedName} autofocus />
        )}
        <TextField
          label={t('sign.password')}
          type="password"
          autocomplete="current-password"
          value={password}
          onInput={setPassword}
          autofocus={!signing?.name_needed}
        />
        {signing?.declaration && (
          <label class="declare">
            <input type="checkbox" checked={declares} onChange={(event) => setDeclares(event.currentTarget.checked)} />
            <span>{t('sign.declaration')}</span>
          </label>
        )}
        {error && <ErrorNotice error={error} />}
        <div class="buttons">
          <button type="button" class="button" onClick={props.onCancel}>
            {t('sign.cancel')}
          </button>
          <button type="submit" class="button button-primary" disabled={busy || password === '' || (signing?.name_needed && !typedName.trim()) || (!!signing?.declaration && !declares)}>
            {props.action}
          </button>
        </div>
      </form>
    </dialog>
  );
}
