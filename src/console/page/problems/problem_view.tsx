import './problems.css';
import './problem.css';
import { useState } from 'preact/hooks';
import { ApiError, send } from '../api/client';
import { useLoad } from '../api/load';
import type { Id, ProblemDetail } from '../api/types';
import { useKeys } from '../frame/keys';
import { go } from '../frame/router';
import { may } from '../frame/session';
import { MessagePane } from '../messages/message_pane';
import { Await, ErrorNotice, Notice } from '../parts/notice';
import { useSelection } from '../parts/table';
import { t } from '../text';
import { Activity } from './activity';
import { AskSite } from './ask_site';
import { Jobs } from './jobs';
import { ProblemActions } from './problem_actions';
import { ProblemFacts } from './problem_facts';
import { ProblemItems } from './problem_items';
import { Repairs } from './repairs';

export type ChangeProblem = (change: Record<string, unknown>) => Promise<void>;

/** The evidence left, the decision right, and below what else the cause holds. */
export function ProblemView({ id }: { id: string }) {
  const loaded = useLoad<ProblemDetail>(`/problems/${id}`);
  const selection = useSelection();
  const [error, setError] = useState<ApiError | null>(null);
  const [overtaken, setOvertaken] = useState(false);
  const [asked, setAsked] = useState<Id | null>(null);
  const { data: problem, reload } = loaded;

  const change: ChangeProblem = async (what) => {
    setError(null);
    setOvertaken(false);
    try {
      await send('PATCH', `/problems/${id}`, { reason: 'triage', ...what }, { etag: problem!.etag });
      reload();
    } catch (fault) {
      if (!(fault instanceof ApiError)) throw fault;
      if (fault.status === 412) {
        setOvertaken(true);
        reload();
      } else {
        setError(fault);
      }
    }
  };
  useKeys({
    u: { what: t('keys.back'), run: () => go('/problems') },
    ...(may('problems.work') && {
      a: { what: t('keys.assign'), run: () => void change({ assignee: 'me' }) },
    }),
  });

  return (
    <Await of={loaded}>
      {(it) => (
        <div class="problem">
          <div class="problem-head">
            <nav class="crumbs">
              <a href="/problems">{t('problem.back')}</a>
              <span class="grey">#{it.id}</span>
            </nav>
            {may('problems.work') && <ProblemActions problem={it} change={change} />}
          </div>
          <div class="problem-notices">
            {overtaken && <Notice kind="warning">{t('problem.gone')}</Notice>}
            {error && <ErrorNotice error={error} />}
          </div>
          <div class="problem-evidence">
            <div class="problem-message">
              {it.example && (
                <MessagePane
                  id={it.example.message_id}
                  focus={{ rule: it.rule, sentence: it.sentence, place: it.example.place }}
                />
              )}
            </div>
            <div class="problem-items">
              <ProblemItems problem={it} selection={selection} />
            </div>
          </div>
          <div class="problem-side">
            <div class="problem-facts">
              <ProblemFacts problem={it} />
            </div>
            <div class="problem-decision">
              <Jobs problem={it.id} asked={asked} onEnded={reload} />
              <Repairs
                problem={it}
                chosen={selection.ids}
                onAsked={(job) => {
                  setAsked(job);
                  reload();
                }}
              />
              <AskSite problem={it} onDone={reload} />
              <Activity problem={it} onDone={reload} />
            </div>
          </div>
        </div>
      )}
    </Await>
  );
}
