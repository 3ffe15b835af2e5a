import { useRef, useState } from 'preact/hooks';
import { FormField } from '../parts/field';
import { t } from '../text';
import { utf8 } from './utf8';

export interface TextFile {
  name: string;
  text: string;
}

/** A text file of the reader's. What is no UTF-8 is refused here: a request carries texts only. While the file that is
 *  chosen is read, and where it cannot be, there is none, and `onReading` says so: nothing must go on with the file
 *  before it, or without one. */
export function FileField(props: { label: string; hint?: string; onFile: (file: TextFile | null) => void; onReading?: (reading: boolean) => void }) {
  const [bad, setBad] = useState('');
  const turn = useRef(0);
  const choose = async (input: HTMLInputElement) => {
    const file = input.files?.[0];
    const mine = ++turn.current;
    setBad('');
    props.onFile(null);
    props.onReading?.(file !== undefined);
    if (!file) return;
    const bytes = await file.arrayBuffer().catch(() => null);
    const text = bytes && utf8(bytes);
    if (mine !== turn.current) return; // another was chosen meanwhile
    if (text === null) {
      input.value = ''; // so that the same file can be chosen again
      setBad(bytes ? t('file.not_utf8') : t('file.unreadable'));
      return;
    }
    props.onFile({ name: file.name, text });
    props.onReading?.(false);
  };
  return (
    <FormField label={props.label} hint={bad || props.hint}>
      {(id) => <input id={id} class="input file-input" type="file" accept=".csv,text/csv" onChange={(event) => choose(event.currentTarget)} />}
    </FormField>
  );
}
