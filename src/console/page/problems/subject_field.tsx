import { useEffect, useState } from 'preact/hooks';
import { get, withQuery } from '../api/client';
import type { Hit } from '../api/types';
import { FormField } from '../parts/field';
import { t } from '../text';

/** A subject by its number as people write it; what the server is told is the id behind it. */
export function SubjectField(props: { label: string; onFound: (id: string) => void }) {
  const [text, setText] = useState('');
  const [found, setFound] = useState<Hit | null>(null);
  const [looked, setLooked] = useState('');
  useEffect(() => {
    const wanted = text.trim();
    if (wanted === '') {
      setFound(null);
      setLooked('');
      return;
    }
    const stop = new AbortController();
    const wait = setTimeout(() => {
      get<{ items: Hit[] }>(withQuery('/search', { q: wanted }), stop.signal)
        .then(({ items }) => {
          const hit = items.find((each) => each.kind === 'subject' && each.label.toLowerCase() === wanted.toLowerCase()) ?? null;
          setFound(hit);
          setLooked(wanted);
          props.onFound(hit ? String(hit.id) : '');
        })
        .catch(() => undefined);
    }, 250);
    return () => {
      clearTimeout(wait);
      stop.abort();
    };
  }, [text]);
  const hint = found
    ? t('field.subject.found', { label: found.label, detail: found.detail })
    : looked && looked === text.trim()
      ? t('field.subject.none', { label: looked })
      : undefined;
  return (
    <FormField label={props.label} hint={hint}>
      {(id) => (
        <input id={id} class="input" value={text} autocomplete="off" spellcheck={false} onInput={(event) => setText(event.currentTarget.value)} />
      )}
    </FormField>
  );
}
