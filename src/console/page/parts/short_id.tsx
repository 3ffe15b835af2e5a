import { useState } from 'preact/hooks';
import { t } from '../text';
import { shortened } from './span';

/** An id in monospace, shortened in the middle; a click copies the whole of it. */
export function ShortId({ id, whole = false }: { id: string; whole?: boolean }) {
  const [copied, setCopied] = useState(false);
  const copy = async (event: MouseEvent) => {
    event.preventDefault();
    event.stopPropagation();
    try {
      await navigator.clipboard.writeText(id);
      setCopied(true);
      setTimeout(() => setCopied(false), 1200);
    } catch {
      // Without TLS a browser gives no clipboard; the whole id is on hover then.
    }
  };
  return (
    <button type="button" class="short-id" title={t('copy.do', { text: id })} onClick={copy}>
      {copied ? t('copy.done') : whole ? id : shortened(id)}
    </button>
  );
}
