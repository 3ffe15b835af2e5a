import type { ComponentChildren } from 'preact';
import { useId, useState } from 'preact/hooks';
import type { Signature } from '../api/types';
import { t } from '../text';
import { TextField } from './field';
import { SignatureDialog } from './signature_dialog';

/** What a person found in something that was shown to them, and their signature for both. `send` throws the
 *  server's refusal, which the dialog shows. */
export function SignedFinding(props: {
  title: string;
  what: string;
  look: string;
  /** What signing does: "Record the review". */
  action: string;
  meanings: readonly string[];
  /** What is signed for, in one line above the finding. */
  signsFor: ComponentChildren;
  sha256: string;
  send: (finding: string, signature: Signature) => Promise<unknown>;
  onDone: () => void;
}) {
  const [finding, setFinding] = useState('');
  const [signing, setSigning] = useState(false);
  const title = useId();
  return (
    <section class={`sheet pad ${props.look}`} aria-labelledby={title}>
      <h2 id={title}>{props.title}</h2>
      <p class="hint">{props.what}</p>
      <TextField label={t('review.finding')} value={finding} onInput={setFinding} />
      <div>
        <button type="button" class="button button-primary" disabled={finding.trim() === ''} onClick={() => setSigning(true)}>
          {props.action}
        </button>
      </div>
      {signing && (
        <SignatureDialog
          action={props.action}
          meanings={props.meanings}
          onCancel={() => setSigning(false)}
          onSign={async (signature) => {
            await props.send(finding.trim(), signature);
            setSigning(false);
            setFinding('');
            props.onDone();
          }}
        >
          <p>
            {props.signsFor}
            <br />
            {finding}
          </p>
          <p class="grey small mono">SHA-256 {props.sha256}</p>
        </SignatureDialog>
      )}
    </section>
  );
}
