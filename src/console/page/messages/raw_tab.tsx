import { useEffect, useState } from 'preact/hooks';
import { ApiError, getText } from '../api/client';
import type { Message } from '../api/types';
import { ErrorNotice } from '../parts/notice';
import { t } from '../text';
import { messagePath } from './message_path';

export function RawTab({ message }: { message: Message }) {
  const [text, setText] = useState<string | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  useEffect(() => {
    getText(messagePath(message.message_id, '/raw', !message.masked))
      .then(setText)
      .catch((fault) => {
        if (!(fault instanceof ApiError)) throw fault;
        setError(fault);
      });
  }, [message.message_id, message.masked]);
  if (error) return <ErrorNotice error={error} />;
  if (text === null) return <p class="loading">{t('list.loading')}</p>;
  return (
    <pre class="raw" tabIndex={0} aria-label={t('message.tab.raw')}>
      {text.replace(/\r\n?/g, '\n')}
    </pre>
  );
}
