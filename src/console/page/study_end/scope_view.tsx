import { useState } from 'preact/hooks';
import { ApiError, send, withQuery } from '../api/client';
import { useLoad } from '../api/load';
import type { LockFact, LockItem, LockStanding } from '../api/study_end_types';
import type { SubjectDetail } from '../api/study_types';
import { queryValue } from '../frame/router';
import { may } from '../frame/session';
import { TextField } from '../parts/field';
import { Instant } from '../parts/instant';
import { Listing, type ListingColumn } from '../parts/listing';
import { Await, Empty, ErrorNotice, Notice } from '../parts/notice';
import { SignatureDialog } from '../parts/signature_dialog';
import { StateMark } from '../parts/state_mark';
import { t, tOr } from '../text';
import { visitName } from '../subjects/words';
import { inTheWay } from './decisions';
import { factColumns } from './locks_view';
import { scopeWords } from './scope';
import './study_end.css';

type Action = LockFact['action'];
const actionsFrom: Record<LockStanding['state'], Action[]> = { open: ['freeze', 'lock'], frozen: ['unfreeze', 'lock'], locked: ['unlock'] };
const isSigned = (action: Action) => action === 'lock' || action === 'unlock';

/** A scope that is neither frozen nor locked is as it should be. */
function ScopeState({ state }: { state: LockStanding['state'] }) {
  return state === 'open' ? <StateMark state="active" label={t('locks.is_open')} /> : <StateMark state={state} />;
}

const markOf: Record<string, string> = { query: 'answered', delivery: 'refused', 'post-lock': 'locked', notice: 'open', problem: 'open', visit: 'waiting' };

function itemColumns(accepted: Set<string>, toggle: ((id: string) => void) | null): ListingColumn<LockItem>[] {
  const columns: ListingColumn<LockItem>[] = [
    { id: 'kind', title: t('outstanding.kind'), cell: (item) => <StateMark state={markOf[item.kind] ?? item.kind} label={tOr(`outstanding.kind.${item.kind}`, item.kind)} /> },
    { id: 'subject', title: t('subjects.subject'), cell: (item) => item.subject && <a href={`/subjects/${item.subject_id ?? item.subject}`}>{item.subject}</a> },
    { id: 'visit', title: t('chart.visit'), cell: (item) => item.visit && <span title={visitName(item.visit)}>{item.visit}</span> },
    { id: 'text', title: t('outstanding.what'), names: true, full: true, cell: (item) => item.text },
    { id: 'since', title: t('outstanding.since'), class: 'grey', cell: (item) => item.since && <Instant at={item.since} /> },
    { id: 'problem', title: t('problems.column.problem'), cell: (item) => item.problem && <a href={`/problems/${item.problem}`}>{t('outstanding.problem')}</a> },
  ];
  if (!toggle) return columns;
  return [
    {
      id: 'accept',
      title: t('locks.accept'),
      cell: (item) =>
        item.acceptable ? (
          <input type="checkbox" aria-label={t('locks.accept.of', { what: item.text })} checked={accepted.has(item.id)} onChange={() => toggle(item.id)} />
        ) : (
          <span class="grey small">{t('locks.not_acceptable')}</span>
        ),
    },
    ...columns,
  ];
}

function Change(props: { scope: { study: string; subject: number | string | null; visit: string }; words: string; standing: LockStanding; accepted: Set<string>; onDone: (told: string) => void }) {
  const { standing, accepted } = props;
  const [reason, setReason] = useState('');
  const [signing, setSigning] = useState<Action | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const left = inTheWay(standing.items, accepted);
  const change = async (action: Action, signature?: unknown) => {
    const accept = action === 'lock' ? standing.items.filter((item) => accepted.has(item.id)).map((item) => item.id) : [];
    const done = await send<{ told: string }>('POST', `/locks/${action}`, { ...props.scope, reason: reason.trim(), accept, ...(signature ? { signature } : {}) });
    setSigning(null);
    setReason('');
    props.onDone(done.told);
  };
  const begin = async (action: Action) => {
    setError(null);
    if (isSigned(action)) {
      setSigning(action);
      return;
    }
    try {
      await change(action);
    } catch (fault) {
      if (!(fault instanceof ApiError)) throw fault;
      setError(fault);
    }
  };
  const stopped = (action: Action) => reason.trim() === '' || (action === 'lock' && (left.length > 0 || standing.closed));
  return (
    <section class="sheet pad lock-change" aria-labelledby="lock-change">
      <h2 id="lock-change">{t('locks.change')}</h2>
      <TextField label={t('locks.reason')} value={reason} onInput={setReason} />
      {error && <ErrorNotice error={error} />}
      <div class="buttons">
        {actionsFrom[standing.state].map((action) => (
          <button key={action} type="button" class={`button ${isSigned(action) ? 'button-primary' : ''}`} disabled={stopped(action)} onClick={() => begin(action)}>
            {t(`locks.do.${action}`)}
          </button>
        ))}
      </div>
      {standing.state !== 'locked' && left.length > 0 && <p class="hint">{t('locks.left', { n: left.length })}</p>}
      {standing.closed && <p class="hint">{t('locks.closed')}</p>}
      <p class="hint">{t(`locks.means.${standing.state}`)}</p>
      {signing && (
        <SignatureDialog action={t(`locks.do.${signing}`)} meanings={['approved', 'reviewed', 'responsible']} onCancel={() => setSigning(null)} onSign={(signature) => change(signing, signature)}>
          <p>
            <b>{props.words}</b>: {t(`locks.did.${signing}`)}
            <br />
            {reason}
          </p>
          {signing === 'lock' && standing.items.length > 0 && (
            <>
              <p>{t('locks.signs_for', { n: standing.items.length })}</p>
              <ul class="lock-accepted">
                {standing.items.map((item) => (
                  <li key={item.id}>{item.text}</li>
                ))}
              </ul>
            </>
          )}
        </SignatureDialog>
      )}
    </section>
  );
}

/** One scope: its state, what is outstanding, and what may be done with it. */
export function ScopeView() {
  const study = queryValue('study');
  const subject = queryValue('subject');
  const visit = queryValue('visit');
  const standing = useLoad<LockStanding>(withQuery('/locks/outstanding', { study, subject, visit }));
  const detail = useLoad<SubjectDetail>(subject ? `/subjects/${encodeURIComponent(subject)}` : null);
  const history = useLoad<{ items: LockFact[] }>(withQuery('/locks/history', { study, subject }));
  const [accepted, setAccepted] = useState(new Set<string>());
  const [told, setTold] = useState('');
  const toggle = (id: string) =>
    setAccepted((before) => {
      const next = new Set(before);
      if (!next.delete(id)) next.add(id);
      return next;
    });
  const words = scopeWords({ study, subject: subject ? (detail.data?.label ?? subject) : '', visit });
  return (
    <>
      <div class="view-head">
        <a class="crumb" href={subject ? `/subjects/${subject}` : '/locks'}>
          ← {subject ? (detail.data?.label ?? t('subjects.all')) : t('locks.title')}
        </a>
        <h1>{words}</h1>
        {standing.data && <ScopeState state={standing.data.state} />}
        <span class="grey">{study}</span>
      </div>
      {told && (
        <div class="block">
          <Notice kind="good">
            <p>{told}</p>
          </Notice>
        </div>
      )}
      <Await of={standing}>
        {(now) => {
          const asks = may('lock.change') && now.state !== 'locked';
          const acceptable = now.items.filter((item) => item.acceptable);
          return (
            <>
              <section aria-labelledby="lock-outstanding">
                <div class="block-head">
                  <h2 id="lock-outstanding">{t('locks.outstanding')}</h2>
                  <span class="count">{now.items.length}</span>
                  {asks && acceptable.length > 1 && (
                    <button type="button" class="button button-small" onClick={() => setAccepted(new Set(accepted.size === acceptable.length ? [] : acceptable.map((item) => item.id)))}>
                      {t(accepted.size === acceptable.length ? 'locks.accept_none' : 'locks.accept_all')}
                    </button>
                  )}
                </div>
                {now.items.length ? (
                  <Listing rows={now.items} columns={itemColumns(accepted, asks ? toggle : null)} id={(item) => item.id} caption={t('locks.outstanding')} />
                ) : (
                  <div class="sheet">
                    <Empty title={t('locks.outstanding.none')} />
                  </div>
                )}
              </section>
              {may('lock.change') && (
                <div class="block">
                  <Change
                    scope={{ study, subject: /^\d+$/.test(subject) ? Number(subject) : subject || null, visit }}
                    words={words}
                    standing={now}
                    accepted={accepted}
                    onDone={(text) => {
                      setTold(text);
                      setAccepted(new Set());
                      standing.reload();
                      history.reload();
                    }}
                  />
                </div>
              )}
            </>
          );
        }}
      </Await>
      <section class="block" aria-labelledby="lock-history">
        <h2 id="lock-history">{t('locks.history')}</h2>
        <Await of={history}>
          {({ items }) => {
            const here = items.filter((each) => !subject || String(each.subject_id ?? '') === subject || each.scope === 'study');
            return here.length ? <Listing rows={here} columns={factColumns()} id={(each) => `${each.at} ${scopeWords(each)}`} /> : <p class="grey">{t('locks.history.none')}</p>;
          }}
        </Await>
      </section>
    </>
  );
}
