import { useState } from 'preact/hooks';
import { useLoad } from '../api/load';
import { asId, sameId, type Account, type Id, type ProblemDetail } from '../api/types';
import { session } from '../frame/session';
import { Menu } from '../parts/menu';
import { noReason, reasonCodes, ReasonForm, reasonIsGiven, type Reason } from '../parts/reason_form';
import { dayOf } from '../parts/instant';
import { t } from '../text';
import type { ChangeProblem } from './problem_view';

function Caret() {
  return <i class="caret" aria-hidden />;
}

function Assign({ problem, change }: { problem: ProblemDetail; change: ChangeProblem }) {
  const [asked, setAsked] = useState(false);
  const people = useLoad<{ items: Account[] }>(asked ? '/assignees' : null);
  const me = session.value!.account.id;
  const owner = problem.assignee;
  return (
    <div onPointerEnter={() => setAsked(true)} onFocusCapture={() => setAsked(true)}>
      <Menu
        label={t('problem.assign')}
        button={
          <>
            {owner ? (sameId(owner.id, me) ? t('problems.you') : owner.name) : t('problem.owner.none')}
            <Caret />
          </>
        }
      >
        {(close) => {
          const give = (id: Id | null) => {
            close();
            void change({ assignee: id === null ? null : asId(id) });
          };
          return (
            <>
              <button type="button" onClick={() => give('me')}>
                {t('problems.assign_me')}
                <kbd>a</kbd>
              </button>
              {(people.data?.items ?? [])
                .filter((each) => !sameId(each.id, me))
                .map((each) => (
                  <button type="button" key={each.id} onClick={() => give(each.id)}>
                    {each.display_name}
                  </button>
                ))}
              {owner && (
                <button type="button" onClick={() => give(null)}>
                  {t('problem.assign.nobody')}
                </button>
              )}
            </>
          );
        }}
      </Menu>
    </div>
  );
}

const days = [1, 3, 7] as const;

function Snooze({ problem, change }: { problem: ProblemDetail; change: ChangeProblem }) {
  const until = problem.snoozed_until;
  const heldUntil = problem.snoozed_held;
  const [count, setCount] = useState(String(Math.max(2, problem.held * 2)));
  return (
    <Menu
      label={t('problem.snooze')}
      button={
        <>
          {until ? t('problems.until', { day: dayOf(until) }) : heldUntil ? t('problems.until_held', { n: heldUntil }) : t('problem.snooze')}
          <Caret />
        </>
      }
    >
      {(close) => (
        <>
          {days.map((n) => (
            <button
              type="button"
              key={n}
              onClick={() => {
                close();
                void change({ snooze_until: new Date(Date.now() + n * 86_400_000).toISOString() });
              }}
            >
              {t(`problem.snooze.${n}`)}
            </button>
          ))}
          <form
            class="menu-form"
            onSubmit={(event) => {
              event.preventDefault();
              close();
              void change({ snooze_held: Number(count) });
            }}
          >
            <label>
              <span>{t('problem.snooze.held')}</span>
              <input class="input input-short" type="number" min={problem.held + 1} value={count} onInput={(event) => setCount(event.currentTarget.value)} />
            </label>
            <button type="submit" disabled={!(Number(count) > problem.held)}>
              {t('problem.snooze')}
            </button>
          </form>
          {(until || heldUntil) && (
            <button
              type="button"
              onClick={() => {
                close();
                void change({ snooze_until: null });
              }}
            >
              {t('problem.snooze.end')}
            </button>
          )}
        </>
      )}
    </Menu>
  );
}

/** Who looks at it, and when; nothing here touches a result. */
export function ProblemActions({ problem, change }: { problem: ProblemDetail; change: ChangeProblem }) {
  const [reopening, setReopening] = useState(false);
  const [reason, setReason] = useState<Reason>(noReason);
  const isClosed = problem.state === 'resolved' || problem.state === 'dismissed';
  return (
    <div class="problem-actions">
      <Assign problem={problem} change={change} />
      {!isClosed && <Snooze problem={problem} change={change} />}
      {problem.state === 'open' && (
        <button type="button" class="button button-quiet" onClick={() => void change({ state: 'in review' })}>
          {t('problem.review')}
        </button>
      )}
      {problem.state === 'in review' && (
        <button type="button" class="button button-quiet" onClick={() => void change({ state: 'open' })}>
          {t('problem.reopen')}
        </button>
      )}
      {isClosed && (
        <button type="button" class="button button-quiet" aria-expanded={reopening} onClick={() => setReopening(!reopening)}>
          {t('problem.reopen')}
        </button>
      )}
      {isClosed && reopening && (
        <form
          class="sheet reopen"
          onSubmit={(event) => {
            event.preventDefault();
            setReopening(false);
            void change({ state: 'open', reason_code: reason.code, reason: reason.text || reason.code });
          }}
        >
          <ReasonForm codes={reasonCodes} value={reason} onChange={setReason} />
          <button type="submit" class="button" disabled={!reasonIsGiven(reason)}>
            {t('problem.reopen')}
          </button>
        </form>
      )}
    </div>
  );
}
