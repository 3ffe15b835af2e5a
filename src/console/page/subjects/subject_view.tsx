import { useLoad } from '../api/load';
import type { SubjectDetail } from '../api/study_types';
import { may } from '../frame/session';
import { Reveal } from '../messages/reveal';
import { Instant } from '../parts/instant';
import { Await, Notice } from '../parts/notice';
import { StateMark } from '../parts/state_mark';
import { scopeAddress } from '../study_end/scope';
import '../study_end/study_end.css';
import { ruleSentence, t, tOr } from '../text';
import { Charts } from './charts';
import { Eligibility } from './eligibility';
import { ResultsTable } from './results_table';
import './subject.css';
import './subjects.css';
import { visitName } from './words';

function Head({ of, onReveal }: { of: SubjectDetail; onReveal: () => void }) {
  const dates = Object.entries(of.dates).filter(([, at]) => at);
  return (
    <>
      <div class="view-head">
        <a class="crumb" href="/subjects">
          ← {t('subjects.all')}
        </a>
        <h1>{of.label}</h1>
        <span>{tOr(`subject.${of.status}`, of.status)}</span>
        <span class="grey">
          {of.study} · {of.site}
        </span>
        {of.identity.masked && may('identity.reveal') && (
          <div class="view-tools">
            <Reveal of={`/subjects/${of.id}`} onDone={onReveal} />
          </div>
        )}
      </div>
      <dl class="fact-row subject-facts">
        {dates.map(([name, at]) => (
          <div key={name}>
            <dt>{tOr(`date.${name}`, name)}</dt>
            <dd>{at?.replace('T', ' ')}</dd>
          </div>
        ))}
        <div>
          <dt>{t('subject.sex')}</dt>
          <dd>{of.identity.sex}</dd>
        </div>
        {of.identity.birth_date && (
          <div>
            <dt>{t('subject.birth_date')}</dt>
            <dd class={of.identity.masked ? 'mono' : ''}>{of.identity.birth_date}</dd>
          </div>
        )}
        {of.identity.identifiers.map((each) => (
          <div key={each.authority}>
            <dt>{each.authority}</dt>
            <dd>
              <code>{each.value}</code>
            </dd>
          </div>
        ))}
      </dl>
    </>
  );
}

/** Which of the subject's visits are frozen or locked, and the way to change it. */
function Locks({ of }: { of: SubjectDetail }) {
  const own = of.locks.find((each) => each.scope === 'subject');
  const scope = { study: of.study, subject_id: of.id };
  return (
    <section class="block" aria-labelledby="subject-locks">
      <h2 id="subject-locks">{t('locks.title')}</h2>
      <ul class="sheet pad lock-states">
        <li>
          <a href={scopeAddress({ ...scope, visit: '' })}>{t('locks.whole_subject')}</a>
          {own ? <StateMark state={own.state} /> : <StateMark state="active" label={t('locks.is_open')} />}
        </li>
        {of.visits.map((visit) => {
          const lock = visit.lock ?? (visit.locked ? 'locked' : 'open');
          return (
            <li key={visit.id}>
              <a href={scopeAddress({ ...scope, visit: visit.id })} title={visitName(visit.id, visit.name)}>
                {visit.id}
              </a>
              {lock !== 'open' && <StateMark state={lock} />}
            </li>
          );
        })}
        <li>
          <a href={`/post-lock?subject=${of.id}`}>{t('post_lock.title')}</a>
        </li>
      </ul>
    </section>
  );
}

export function SubjectView({ id }: { id: string }) {
  const loaded = useLoad<SubjectDetail>(`/subjects/${encodeURIComponent(id)}`);
  return (
    <Await of={loaded}>
      {(subject) => (
        <>
          <Head of={subject} onReveal={loaded.reload} />
          {(subject.problems.length > 0 || subject.notices.length > 0) && (
            <div class="subject-notices">
              {subject.problems.map((each) => (
                <Notice kind="warning" key={each.id}>
                  <p>{ruleSentence(each.rule, each.sentence)}</p>
                  <a href={`/problems/${each.id}`}>{t('outstanding.problem')}</a>
                </Notice>
              ))}
              {subject.notices.map((each) => (
                <Notice kind="info" key={each.at}>
                  <p>
                    {each.text ?? ruleSentence(each.rule ?? '', each.sentence ?? '')} {each.detail} <span class="grey">(<Instant at={each.at} />)</span>
                  </p>
                </Notice>
              ))}
            </div>
          )}
          <div class="subject-top">
            <Charts subject={id} anchored={subject.doses.length > 0} />
            <Eligibility of={subject.eligibility} results={subject.results} />
          </div>
          <Locks of={subject} />
          <ResultsTable of={subject} />
        </>
      )}
    </Await>
  );
}
