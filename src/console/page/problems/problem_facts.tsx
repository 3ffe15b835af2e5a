import type { ComponentChildren } from 'preact';
import type { BlockedVisit, ProblemDetail } from '../api/types';
import { Instant } from '../parts/instant';
import { RiskBar, StateMark } from '../parts/state_mark';
import { ruleAdvice, ruleFact, ruleSentence, t, tOr } from '../text';
import { riskWords } from './risk_words';

/** A sentence with `{name}` places that hold links or times. */
function around(text: string, parts: Record<string, ComponentChildren>) {
  return text.split(/(\u0001\w+\u0001)/).map((piece) => {
    const name = /^\u0001(\w+)\u0001$/.exec(piece)?.[1];
    return name ? parts[name] : piece;
  });
}
const hole = (name: string) => `\u0001${name}\u0001`;

const shownSubjects = 6;

/** What is wrong, in one sentence, and the facts behind it in small type. */
export function ProblemFacts({ problem }: { problem: ProblemDetail }) {
  const { blocks } = problem;
  const isOpen = problem.state === 'open' || problem.state === 'in review';
  const named = blocks.visits.filter((each) => typeof each === 'string');
  const waits = blocks.subjects.length > 0 || blocks.visits.length > 0 || blocks.deliveries > 0;
  return (
    <>
      <div class="problem-title">
        <RiskBar risk={problem.risk} why={riskWords(problem)} />
        <h1>{ruleSentence(problem.sentence_key, problem.sentence, problem.parameters)}</h1>
      </div>
      <p class="problem-advice">{ruleAdvice(problem.rule, problem.advice)}</p>
      <dl class="facts">
        <dt>{t('problem.expected')}</dt>
        <dd>{ruleFact('expected', problem.rule, problem.expected, problem.parameters)}</dd>
        <dt>{t('problem.came')}</dt>
        <dd class="facts-came">{ruleFact('came', problem.rule, problem.came, problem.parameters)}</dd>
        <dt>{t('problem.blocks')}</dt>
        <dd>
          {waits ? (
            <ul class="inline-list">
              {blocks.subjects.slice(0, shownSubjects).map((each) => (
                <li key={each.id}>
                  <a href={`/subjects/${each.id}`}>{each.label}</a>
                </li>
              ))}
              {problem.subjects > shownSubjects && <li>{t('problem.blocks.more', { n: problem.subjects - Math.min(shownSubjects, blocks.subjects.length) })}</li>}
              {blocks.deliveries > 0 && (
                <li>
                  <a href="/deliveries">{t('problem.blocks.deliveries', { n: blocks.deliveries })}</a>
                </li>
              )}
              {named.length > 0 && <li>{t('problem.blocks.visits', { n: named.length, visits: named.join(', ') })}</li>}
              {blocks.visits
                .filter((each): each is BlockedVisit => typeof each !== 'string' && each.locks_in_days !== null)
                .map((each) => (
                  <li key={each.subject + each.visit} class="facts-lock">
                    {t('problem.blocks.locks', { visit: each.visit, subject: each.subject, n: each.locks_in_days ?? 0 })}
                  </li>
                ))}
            </ul>
          ) : (
            <span class="grey">{t('problem.blocks.nothing')}</span>
          )}
        </dd>
        <dt>{t('problem.who')}</dt>
        <dd>{tOr(`who.${problem.who_can_fix}`, problem.who_can_fix)}</dd>
        {problem.risk_why && (
          <>
            <dt>{t('problem.risk')}</dt>
            <dd>{riskWords(problem)}</dd>
          </>
        )}
      </dl>
      <p class="problem-small">
        <StateMark state={problem.state} />
        <span>
          {t('problem.holds.of', { held: isOpen ? problem.held : 0, total: problem.total })}
          {problem.subjects > 0 && <> · {t('problems.subjects', { n: problem.subjects })}</>}
        </span>
        <span>
          {around(t('problem.seen.span', { first: hole('first'), last: hole('last') }), {
            first: <Instant at={problem.first} />,
            last: <Instant at={problem.last} />,
          })}
        </span>
        <a href={`/sources/${problem.source}`}>{problem.source}</a>
        <span>
          {t('problem.rule')}{' '}
          <a href={`/problems?rule=${problem.rule}`}>
            <code>{problem.rule}</code>
          </a>{' '}
          {problem.rule_number}
        </span>
      </p>
    </>
  );
}
