import { useState } from 'preact/hooks';
import { FormField } from '../parts/field';
import { t } from '../text';
import { utf8 } from './utf8';

export interface TextFile {
  name: string;
  text: string;
}

/** A text file of the reader's. What is no UTF-8 is refused here: a request carries texts only. While a file is read
 *  there is none, and `onReading` says so: nothing must go on with the file before it, or without one. */
export function FileField(props: { label: string; hint?: string; onFile: (file: TextFile | null) => void; onReading?: (reading: boolean) => void }) {
  const [bad, setBad] = useState(false);
  const choose = async (file: File | undefined) => {
    setBad(false);
    props.onFile(null);
    if (!file) return;
    props.onReading?.(true);
    try {
      const text = utf8(await file.arrayBuffer());
      setBad(text === null);
      props.onFile(text === null ? null : { name: file.name, text });
    } finally {
      props.onReading?.(false);
    }
  };
  return (
    <FormField label={props.label} hint={bad ? t('file.not_utf8') : props.hint}>
      {(id) => <input id={id} class="input file-input" type="file" accept=".csv,text/csv" onChange={(event) => choose(event.currentTarget.files?.[0])} />}
    </FormField>
  );
}
