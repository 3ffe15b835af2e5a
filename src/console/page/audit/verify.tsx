import { useState } from 'preact/hooks';
import { ApiError, get } from '../api/client';
import type { AuditProof } from '../api/study_types';
import { ErrorNotice, Notice } from '../parts/notice';
import { t } from '../text';

/** Has the server compute every hash of the trail anew. */
export function useVerify() {
  const [proof, setProof] = useState<AuditProof | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const [busy, setBusy] = useState(false);
  const run = async () => {
    setBusy(true);
    setError(null);
    try {
      setProof(await get<AuditProof>('/audit/verify'));
    } catch (fault) {
      if (!(fault instanceof ApiError)) throw fault;
      setError(fault);
    } finally {
      setBusy(false);
    }
  };
  return { proof, error, busy, run };
}

export function Proof({ proof, error, again }: { proof: AuditProof | null; error: ApiError | null; again: () => void }) {
  if (error) return <ErrorNotice error={error} again={again} />;
  if (!proof) return null;
  return (
    <Notice kind={proof.ok ? 'good' : 'error'}>
      <div class="proof">
        <p>
          <b>
            {proof.ok || !proof.first_bad
              ? t('audit.verify.good', { rows: proof.rows, anchors: proof.anchors })
              : t('audit.verify.bad', { id: String(proof.first_bad.id), why: proof.first_bad.why })}
          </b>
        </p>
        {proof.not_proven.length > 0 && (
          <details>
            <summary>{t('audit.verify.not_proven')}</summary>
            <ul>
              {proof.not_proven.map((each) => (
                <li key={each}>{each}</li>
              ))}
            </ul>
          </details>
        )}
      </div>
    </Notice>
  );
}
