import { useState } from 'preact/hooks';
import { ApiError, send } from '../api/client';
import { ErrorNotice } from '../parts/notice';
import { TextField } from '../parts/field';
import { t } from '../text';

/** Identity is shown to who says why, for a while, and it is recorded. */
export function Reveal({ of, onDone }: { of: string; onDone: () => void }) {
  const [open, setOpen] = useState(false);
  const [reason, setReason] = useState('');
  const [error, setError] = useState<ApiError | null>(null);
  const reveal = async (event: Event) => {
    event.preventDefault();
    try {
      await send('POST', `${of}/reveal`, { reason });
      setOpen(false);
      onDone();
    } catch (fault) {
      if (!(fault instanceof ApiError)) throw fault;
      setError(fault);
    }
  };
  return (
    <div class="reveal">
      <button type="button" class="button button-quiet" aria-expanded={open} onClick={() => setOpen(!open)}>
        {t('message.reveal')}
      </button>
      {open && (
        <form class="menu menu-end reveal-form" onSubmit={reveal}>
          <TextField label={t('message.reveal.why')} hint={t('message.reveal.note')} value={reason} onInput={setReason} autofocus />
          {error && <ErrorNotice error={error} />}
          <button type="submit" class="button" disabled={!reason.trim()}>
            {t('message.reveal.do')}
          </button>
        </form>
      )}
    </div>
  );
}
