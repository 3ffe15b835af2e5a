import { useEffect, useState } from 'preact/hooks';
import { ApiError, send } from '../api/client';
import type { Id, Preview, ProblemDetail, Repair, RepairFields, Signature } from '../api/types';
import { may, type Permission } from '../frame/session';
import { ErrorNotice, Notice } from '../parts/notice';
import { PreviewPanel } from '../parts/preview';
import { dismissCodes, noReason, reasonCodes, ReasonForm, reasonIsGiven, type Reason } from '../parts/reason_form';
import { SignatureDialog } from '../parts/signature_dialog';
import { t, tOr } from '../text';
import { RepairFieldsForm } from './repair_fields';
import { isComplete, requestOf } from './repair_kinds';

interface Asked {
  job: Id | null;
  approval: Id | null;
}

/** The dry run follows what is typed; an answer that was overtaken is dropped. */
function usePreview(problem: string, request: RepairFields | null) {
  const [preview, setPreview] = useState<Preview | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const [counting, setCounting] = useState(false);
  const key = JSON.stringify(request);
  useEffect(() => {
    setError(null);
    if (!request) {
      setPreview(null);
      return;
    }
    let current = true;
    setCounting(true);
    const wait = setTimeout(() => {
      send<Preview>('POST', `/problems/${problem}/repairs/preview`, request)
        .then((answer) => {
          if (current) setPreview(answer);
        })
        .catch((fault) => {
          if (!(fault instanceof ApiError)) throw fault;
          if (current) {
            setError(fault);
            setPreview(null);
          }
        })
        .finally(() => {
          if (current) setCounting(false);
        });
    }, 300);
    return () => {
      current = false;
      clearTimeout(wait);
    };
  }, [problem, key]);
  return { preview, error, counting };
}

const needsSecond = (repair: Repair, preview: Preview | null): boolean => preview?.four_eyes ?? repair.four_eyes;

function actionWords(repair: Repair, preview: Preview | null): string {
  if (needsSecond(repair, preview)) return t('repair.do.ask', { n: preview?.total ?? 0 });
  if (repair.kind === 'not-for-study') return t('repair.do.set_aside', { n: preview?.ignored ?? 0 });
  if (repair.kind === 'reprocess') return t('repair.do.judge', { n: preview?.total ?? 0 });
  if (preview && preview.would_store === 0 && preview.total > 0) return t('repair.do.decide', { n: preview.total });
  return t('repair.do.release', { n: preview?.would_store ?? 0 });
}

function OneRepair(props: { problem: ProblemDetail; repair: Repair; chosen: string[]; onAsked: (asked: Asked) => void }) {
  const { problem, repair, chosen } = props;
  const [values, setValues] = useState<RepairFields>(() => {
    const fits = (repair.candidates ?? []).filter((each) => 'visit' in each && each.contains);
    const only = fits.length === 1 ? fits[0] : undefined;
    return { ...repair.fields, ...(only && 'visit' in only && { visit: only.visit }) };
  });
  const [reason, setReason] = useState<Reason>(noReason);
  const [signing, setSigning] = useState(false);
  const [error, setError] = useState<ApiError | null>(null);
  const allowed = repair.allowed ?? may(repair.permission as Permission);
  const scope = chosen.length > 0 ? { observations: chosen } : {};
  const request = allowed && isComplete(repair, values) ? { ...requestOf(repair, values), ...scope } : null;
  // To set aside takes one of the reasons even for the dry run; which one does not change what it would do.
  const asked = request && repair.kind === 'not-for-study' ? { ...request, reason_code: 'other' } : request;
  const dry = usePreview(problem.id, asked);

  const act = async (signature?: Signature) => {
    setError(null);
    const asked = await send<Asked>('POST', `/problems/${problem.id}/repairs`, {
      ...request,
      reason_code: reason.code,
      reason: reason.text || tOr(`reason.${reason.code}`, reason.code),
      ...(signature && { signature }),
    });
    setSigning(false);
    props.onAsked(asked);
  };
  const submit = async (event: Event) => {
    event.preventDefault();
    try {
      await act();
    } catch (fault) {
      if (!(fault instanceof ApiError)) throw fault;
      // Whether a change is signed by who makes it is the server's to say.
      if (fault.code === 'signature-needed') setSigning(true);
      else setError(fault);
    }
  };
  if (!allowed) return <p class="hint repair-body">{t('repairs.right')}</p>;
  const words = actionWords(repair, dry.preview);
  return (
    <form class="repair-body" onSubmit={submit}>
      <p class="hint">{tOr(`repair.${repair.kind}.says`, '')}</p>
      <RepairFieldsForm repair={repair} values={values} onChange={setValues} />
      <h3>{t('preview.title')}</h3>
      {dry.error ? (
        <ErrorNotice error={dry.error} />
      ) : dry.preview ? (
        <PreviewPanel
          preview={dry.preview}
          scope={chosen.length ? t('preview.selection', { n: chosen.length }) : t('preview.all', { n: dry.preview.total })}
        />
      ) : (
        <p class="hint preview-none">{dry.counting ? t('preview.counting') : t('preview.wait')}</p>
      )}
      <ReasonForm codes={repair.kind === 'not-for-study' ? dismissCodes : reasonCodes} value={reason} onChange={setReason} />
      {error && <ErrorNotice error={error} />}
      <div class="buttons">
        <button type="submit" class="button button-primary" disabled={!dry.preview || dry.counting || !reasonIsGiven(reason)}>
          {words}
        </button>
        {needsSecond(repair, dry.preview) && <span class="hint">{t('repair.four_eyes')}</span>}
      </div>
      {signing && (
        <SignatureDialog action={words} meanings={['responsible', 'reviewed']} onSign={act} onCancel={() => setSigning(false)}>
          <strong>{tOr(repair.title_key, repair.kind)}</strong>
          {dry.preview && <PreviewPanel preview={{ ...dry.preview, examples: [] }} />}
        </SignatureDialog>
      )}
    </form>
  );
}

/** What would solve it, the likeliest first; one is open at a time, with its effect. */
export function Repairs(props: { problem: ProblemDetail; chosen: string[]; onAsked: (job: Id | null) => void }) {
  const { problem } = props;
  const repairs = [...problem.repairs].sort((a, b) => Number(b.likely) - Number(a.likely));
  const [open, setOpen] = useState(repairs[0]?.kind ?? '');
  const [asked, setAsked] = useState<Asked | null>(null);
  const isClosed = problem.state === 'resolved' || problem.state === 'dismissed';
  const [before, after] = [t('repair.asked'), t('repair.asked.link')];
  return (
    <section class="sheet repairs" aria-labelledby="repairs-title">
      <h2 id="repairs-title">{t('repairs.title')}</h2>
      {asked?.approval && (
        <Notice kind="info">
          <p>
            {before} <a href={`/approvals/${asked.approval}`}>{after}</a>
          </p>
        </Notice>
      )}
      {isClosed ? (
        <p class="hint repair-body">{t('repairs.closed')}</p>
      ) : (
        repairs.map((repair) => {
          const isOpen = open === repair.kind;
          return (
            <div key={repair.kind} class={`repair ${isOpen ? 'repair-open' : ''}`}>
              <button type="button" class="repair-head" aria-expanded={isOpen} onClick={() => setOpen(isOpen ? '' : repair.kind)}>
                <span>{tOr(repair.title_key, repair.kind)}</span>
                {repair.likely && <span class="tag">{t('repairs.likely')}</span>}
                <i class="caret" aria-hidden />
              </button>
              {isOpen && (
                <OneRepair
                  problem={problem}
                  repair={repair}
                  chosen={props.chosen}
                  onAsked={(answer) => {
                    setAsked(answer);
                    props.onAsked(answer.job);
                  }}
                />
              )}
            </div>
          );
        })
      )}
    </section>
  );
}
