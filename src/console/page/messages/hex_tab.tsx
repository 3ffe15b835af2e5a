import { useEffect, useState } from 'preact/hooks';
import { ApiError, getBytes } from '../api/client';
import type { Message } from '../api/types';
import { ErrorNotice } from '../parts/notice';
import { t } from '../text';
import { hexLines } from './hex';
import type { Mark } from './hit';
import { messagePath } from './message_path';

const shownAtFirst = 256;

export function HexTab({ message, marks }: { message: Message; marks: Mark[] }) {
  const [bytes, setBytes] = useState<Uint8Array | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const [until, setUntil] = useState(shownAtFirst);
  useEffect(() => {
    getBytes(messagePath(message.message_id, '/bytes', !message.masked))
      .then(setBytes)
      .catch((fault) => {
        if (!(fault instanceof ApiError)) throw fault;
        setError(fault);
      });
  }, [message.message_id, message.masked]);
  if (error) return <ErrorNotice error={error} />;
  if (!bytes) return <p class="loading">{t('list.loading')}</p>;
  const masked = message.segments.flatMap((segment) => segment.fields.filter((field) => field.masked && field.length > 0));
  const lines = hexLines(bytes, marks, masked);
  return (
    <div class="hex mono" tabIndex={0} role="region" aria-label={t('message.tab.hex')}>
      {lines.slice(0, until).map((line) => (
        <div key={line.offset}>
          <span class="grey">{line.offset.toString(16).padStart(5, '0')}</span>
          <span class="hex-bytes">
            {line.bytes.map((byte, at) => (
              <span key={at} class={byte.hit ? 'hl7-hit' : ''}>
                {byte.hex}
              </span>
            ))}
          </span>
          <span class="hex-chars">
            {line.bytes.map((byte, at) => (
              <span key={at} class={byte.hit ? 'hl7-hit' : ''}>
                {byte.char}
              </span>
            ))}
          </span>
        </div>
      ))}
      {lines.length > until && (
        <button type="button" class="button" onClick={() => setUntil(until + 1024)}>
          {t('list.more')}
        </button>
      )}
    </div>
  );
}
