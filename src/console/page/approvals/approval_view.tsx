import '../problems/problem.css';
import './approvals.css';
import { useState } from 'preact/hooks';
import { ApiError, send } from '../api/client';
import { useLoad } from '../api/load';
import { sameId, type Approval } from '../api/types';
import { useKeys } from '../frame/keys';
import { go } from '../frame/router';
import { may, session } from '../frame/session';
import { TextField } from '../parts/field';
import { Instant } from '../parts/instant';
import { Await, ErrorNotice, Notice } from '../parts/notice';
import { PreviewPanel } from '../parts/preview';
import { ShortId } from '../parts/short_id';
import { SignatureDialog } from '../parts/signature_dialog';
import { StateMark } from '../parts/state_mark';
import { t, tOr } from '../text';
import { actionName } from './action_name';
import { changesOf, hrefOf, nameOf } from './approval_content';

function Changes({ of }: { of: Approval }) {
  return (
    <table class="changes">
      <thead>
        <tr>
          <th>
            <span class="unseen">{t('approval.object')}</span>
          </th>
          <th scope="col">{t('approval.before')}</th>
          <th scope="col">{t('approval.after')}</th>
        </tr>
      </thead>
      <tbody>
        {changesOf(of).map((each, at) => (
          <tr key={at}>
            <th scope="row">{tOr(`field.${each.what.split('.').at(-1)}`, each.what)}</th>
            <td>{each.before ? <del>{each.before}</del> : <span class="grey">{t('approval.nothing')}</span>}</td>
            <td>{each.after ? <ins>{each.after}</ins> : <span class="grey">{t('approval.nothing')}</span>}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Decision({ of, onDone }: { of: Approval; onDone: () => void }) {
  const [signing, setSigning] = useState(false);
  const [refusing, setRefusing] = useState(false);
  const [reason, setReason] = useState('');
  const [error, setError] = useState<ApiError | null>(null);
  if (of.state === 'stale') return <Notice kind="warning">{t('approval.stale')}</Notice>;
  if (of.state !== 'pending') {
    return (
      <div class="decided">
        <StateMark state={of.state} />
        {of.decided_by && of.decided_at && (
          <span>
            {t('approval.decided', { name: nameOf(of.decided_by) })} · <Instant at={of.decided_at} />
          </span>
        )}
        {of.why && <span>{of.why}</span>}
        {of.signature !== null && typeof of.signature === 'object' && (
          <span class="grey">
            {t('approval.signed', { meaning: tOr(`sign.meaning.${of.signature.meaning}`, of.signature.meaning) })}
          </span>
        )}
      </div>
    );
  }
  if (sameId(of.asked_by.id, session.value?.account.id)) return <Notice kind="info">{t('approval.own')}</Notice>;
  // The server knows the rights wherever it reaches; the page only those that the person has anywhere.
  if (!(of.may_decide ?? may('approvals.decide'))) return <p class="hint">{t('approval.no_right')}</p>;
  const refuse = async (event: Event) => {
    event.preventDefault();
    try {
      await send('POST', `/approvals/${of.id}/refuse`, { reason: reason.trim() }, { etag: of.etag });
      onDone();
    } catch (fault) {
      if (!(fault instanceof ApiError)) throw fault;
      setError(fault);
    }
  };
  return (
    <>
      <p class="hint">{t('approval.approve.what')}</p>
      <div class="buttons">
        <button type="button" class="button button-primary" onClick={() => setSigning(true)}>
          {t('approval.approve')}
        </button>
        <button type="button" class="button" aria-expanded={refusing} onClick={() => setRefusing(!refusing)}>
          {t('approval.refuse')}
        </button>
      </div>
      {refusing && (
        <form class="query-step" onSubmit={refuse}>
          <TextField label={t('approval.refuse.why')} value={reason} onInput={setReason} autofocus />
          <button type="submit" class="button" disabled={!reason.trim()}>
            {t('approval.refuse')}
          </button>
          {error && <ErrorNotice error={error} />}
        </form>
      )}
      {signing && (
        <SignatureDialog
          action={t('approval.approve')}
          meanings={['approved', 'reviewed']}
          onCancel={() => setSigning(false)}
          onSign={async (signature) => {
            await send('POST', `/approvals/${of.id}/approve`, { signature }, { etag: of.etag });
            setSigning(false);
            onDone();
          }}
        >
          <strong>
            {actionName(of.action)}: {of.object}
          </strong>
          <Changes of={of} />
        </SignatureDialog>
      )}
    </>
  );
}

/** What a second person compares before saying yes. */
export function ApprovalView({ id }: { id: string }) {
  const loaded = useLoad<Approval>(`/approvals/${id}`);
  useKeys({ u: { what: t('keys.back'), run: () => go('/approvals') } });
  return (
    <Await of={loaded}>
      {(it) => (
        <div class="approval">
          <nav class="crumbs">
            <a href="/approvals">{t('tab.approvals')}</a>
            <span class="grey">#{it.id}</span>
          </nav>
          <h1>{actionName(it.action)}</h1>
          <dl class="facts approval-facts">
            <dt>{t('approval.object')}</dt>
            <dd>{hrefOf(it) ? <a href={hrefOf(it)!}>{it.object}</a> : it.object}</dd>
            <dt>{t('approvals.column.asked')}</dt>
            <dd>
              {it.asked_by.name} · <Instant at={it.asked_at} />
            </dd>
            <dt>{t('approval.reason')}</dt>
            <dd>{it.reason}</dd>
            {it.expires_at && it.state === 'pending' && (
              <>
                <dt>{t('approval.expires')}</dt>
                <dd>
                  <Instant at={it.expires_at} />
                </dd>
              </>
            )}
            <dt>{t('approval.digest')}</dt>
            <dd>
              <ShortId id={it.content_sha256} />
            </dd>
          </dl>
          <section class="sheet approval-part">
            <h2>{t('approval.changes')}</h2>
            <Changes of={it} />
          </section>
          {it.preview && (
            <section class="sheet approval-part">
              <h2>{t('preview.title')}</h2>
              <PreviewPanel preview={it.preview} />
            </section>
          )}
          <section class="approval-decision">
            <Decision of={it} onDone={loaded.reload} />
          </section>
        </div>
      )}
    </Await>
  );
}
