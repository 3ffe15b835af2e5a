import { useState } from 'preact/hooks';
import { send, withQuery } from '../api/client';
import { useLoad, usePages, type Page } from '../api/load';
import type { PostLockItem, ResultWords } from '../api/study_end_types';
import type { Signature } from '../api/types';
import { queryValue, setQuery } from '../frame/router';
import { may, session, study } from '../frame/session';
import { Chip } from '../parts/facets';
import { TextField } from '../parts/field';
import { Instant } from '../parts/instant';
import { PagedListing, type ListingColumn } from '../parts/listing';
import { Await, Empty, Notice } from '../parts/notice';
import { SignatureDialog } from '../parts/signature_dialog';
import { StateMark } from '../parts/state_mark';
import { analyteName, unitWords } from '../subjects/words';
import { ruleSentence, t, tOr } from '../text';
import { decisionsFor, type Decision } from './decisions';
import { StudyTabs } from './study_tabs';
import './study_end.css';

const markOf: Record<PostLockItem['state'], string> = { waiting: 'waiting', open: 'open', authorised: 'approved', forwarded: 'delivered', 'not applied': 'dismissed', lapsed: 'past' };

function Words({ of }: { of: ResultWords | null }) {
  if (!of) return <span class="grey">{t('post_lock.nothing')}</span>;
  return (
    <span class="nowrap">
      {of.value || tOr(`result.state.${of.state}`, of.state)} {of.value && <span class="grey">{unitWords(of.unit)}</span>} <span class="grey small">{tOr(`post_lock.status.${of.status}`, of.status)}</span>
    </span>
  );
}

function Decide({ items, fourEyes, onDone }: { items: PostLockItem[]; fourEyes: boolean; onDone: (told: string) => void }) {
  const [reason, setReason] = useState('');
  const [signing, setSigning] = useState<Decision | null>(null);
  const me = session.value?.account.name ?? '';
  const open = decisionsFor(items, me, fourEyes);
  const own = fourEyes && items.some((item) => item.state === 'authorised' && item.authorised_by === me);
  const decide = async (decision: Decision, signature: Signature) => {
    const done = await send<{ told: string }>('POST', '/post-lock/decisions', { decision, reason: reason.trim(), items: items.map((item) => ({ id: item.id, seen: item.changed })), signature });
    setSigning(null);
    onDone(done.told);
  };
  return (
    <section class="sheet pad lock-change" aria-label={t('post_lock.decide')}>
      <p>
        <b>{t('list.selected', { n: items.length })}</b>
      </p>
      <TextField label={t('locks.reason')} value={reason} onInput={setReason} />
      <div class="buttons">
        {open.map((decision) => (
          <button key={decision} type="button" class={`button ${decision === open[0] ? 'button-primary' : ''}`} disabled={reason.trim() === ''} onClick={() => setSigning(decision)}>
            {t(`post_lock.do.${decision}`)}
          </button>
        ))}
      </div>
      {open.length === 0 && <p class="hint">{t('post_lock.nothing_to_do')}</p>}
      {own && <p class="hint">{t('post_lock.own')}</p>}
      {signing && (
        <SignatureDialog action={t(`post_lock.do.${signing}`)} meanings={['approved', 'responsible']} onCancel={() => setSigning(null)} onSign={(signature) => decide(signing, signature)}>
          <p>
            {t(`post_lock.means.${signing}`)}
            <br />
            {reason}
          </p>
          <ul class="lock-accepted">
            {items.map((item) => (
              <li key={item.id}>
                {item.subject} {analyteName(item.analyte, item.analyte_name)}: <Words of={item.old} /> → <Words of={item.new} />
              </li>
            ))}
          </ul>
        </SignatureDialog>
      )}
    </section>
  );
}

function History({ id }: { id: number }) {
  const loaded = useLoad<PostLockItem>(`/post-lock/${id}`);
  return (
    <Await of={loaded}>
      {(item) => (
        <ul class="lock-accepted">
          {(item.history ?? []).map((fact) => (
            <li key={fact.at + fact.to}>
              <Instant at={fact.at} exact /> {fact.by}: {tOr(`post_lock.state.${fact.from}`, fact.from)} → {tOr(`post_lock.state.${fact.to}`, fact.to)}. {fact.reason} <span class="grey small">{fact.signature}</span>
            </li>
          ))}
          {(item.history ?? []).length === 0 && <li class="grey">{t('post_lock.history.none')}</li>}
        </ul>
      )}
    </Await>
  );
}

function columnsFor(chosen: Set<number>, toggle: (id: number) => void, shown: number | null, show: (id: number) => void): ListingColumn<PostLockItem>[] {
  const decides = may('lock.change');
  return [
    {
      id: 'choose',
      title: <span class="unseen">{t('list.select_row')}</span>,
      cell: (item) =>
        decides &&
        (item.state === 'open' || item.state === 'authorised') && (
          <input type="checkbox" aria-label={`${t('list.select_row')}: ${item.subject} ${item.analyte}`} checked={chosen.has(item.id)} onChange={() => toggle(item.id)} />
        ),
    },
    { id: 'state', title: t('locks.state'), cell: (item) => <StateMark state={markOf[item.state]} label={t(`post_lock.state.${item.state}`)} /> },
    { id: 'subject', title: t('subjects.subject'), cell: (item) => <a href={`/subjects/${item.subject_id}`}>{item.subject}</a> },
    { id: 'analyte', title: t('result.analyte'), names: true, cell: (item) => analyteName(item.analyte, item.analyte_name) },
    { id: 'old', title: t('post_lock.old'), label: t('post_lock.old'), cell: (item) => <Words of={item.old} /> },
    { id: 'new', title: t('post_lock.new'), label: t('post_lock.new'), cell: (item) => <Words of={item.new} /> },
    {
      id: 'impact',
      title: t('post_lock.impact'),
      full: true,
      cell: (item) => (
        <>
          <ul class="lock-accepted">
            {item.impact.map((sentence) => (
              <li key={sentence}>{unitWords(sentence)}</li>
            ))}
          </ul>
          {item.reason && <p class="grey small">{ruleSentence(item.reason, item.reason.replaceAll('-', ' '))}</p>}
          {item.authorised_by && <p class="small">{t('post_lock.authorised_by', { name: item.authorised_by })}</p>}
          {shown === item.id && <History id={item.id} />}
        </>
      ),
    },
    { id: 'since', title: t('locks.since'), class: 'grey nowrap', cell: (item) => <Instant at={item.changed} /> },
    { id: 'message', title: t('deliveries.message'), cell: (item) => item.message_id && <a href={`/messages/${item.message_id}`}>{t('deliveries.message')}</a> },
    {
      id: 'history',
      end: true,
      cell: (item) => (
        <button type="button" class="button button-small" aria-expanded={shown === item.id} aria-label={`${t('post_lock.history')}: ${item.subject} ${item.analyte}`} onClick={() => show(item.id)}>
          {t('post_lock.history')}
        </button>
      ),
    },
  ];
}

/** What arrived for a frozen or locked scope, and what a person decides about it. */
export function PostLockView() {
  const all = queryValue('state') === 'all';
  const list = usePages<PostLockItem, Page<PostLockItem> & { four_eyes: boolean }>(withQuery('/post-lock', { state: all ? 'all' : 'open', study: study.value, subject: queryValue('subject') }));
  const [chosen, setChosen] = useState(new Set<number>());
  const [shown, setShown] = useState<number | null>(null);
  const [told, setTold] = useState('');
  const toggle = (id: number) =>
    setChosen((before) => {
      const next = new Set(before);
      if (!next.delete(id)) next.add(id);
      return next;
    });
  const items = list.items.filter((item) => chosen.has(item.id));
  return (
    <>
      <StudyTabs />
      <div class="view-head">
        <h1>{t('post_lock.title')}</h1>
        <div class="view-tools">
          <Chip on={!all} name={t('post_lock.undecided')} onToggle={() => setQuery({ state: null })} />
          <Chip on={all} name={t('post_lock.all')} onToggle={() => setQuery({ state: all ? null : 'all' })} />
        </div>
      </div>
      <p class="hint settings-what">{t('post_lock.what')}</p>
      {told && (
        <div class="block">
          <Notice kind="good">
            <p>{told}</p>
          </Notice>
        </div>
      )}
      {items.length > 0 && (
        <div class="block">
          <Decide
            key={[...chosen].join()}
            items={items}
            fourEyes={list.head?.four_eyes ?? true}
            onDone={(text) => {
              setTold(text);
              setChosen(new Set());
              list.reload();
            }}
          />
        </div>
      )}
      <PagedListing
        list={list}
        columns={columnsFor(chosen, toggle, shown, (id) => setShown(shown === id ? null : id))}
        id={(item) => String(item.id)}
        caption={t('post_lock.title')}
        empty={
          <Empty title={t('post_lock.none')}>
            <p>{t('post_lock.none.what')}</p>
          </Empty>
        }
      />
    </>
  );
}
