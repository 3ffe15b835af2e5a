import '../problems/problem.css';
import { useLoad } from '../api/load';
import type { Message, Observation } from '../api/types';
import { Instant } from '../parts/instant';
import { Await } from '../parts/notice';
import { ShortId } from '../parts/short_id';
import { StateMark } from '../parts/state_mark';
import { Value } from '../parts/value';
import { ruleSentence, t } from '../text';
import { saidWords } from '../text/say';
import { MessagePane } from './message_pane';

function Became({ of }: { of: Observation }) {
  if (of.disposition !== 'stored') return <span>{ruleSentence(of.rule, of.sentence)}</span>;
  const what = (
    <>
      {of.analyte} <Value text={of.value_text} unit={of.unit} />
    </>
  );
  return (
    <span>
      {of.result_id ? <a href={`/results/${of.result_id}`}>{what}</a> : what}
      {of.subject && (
        <span class="beside">
          <a href={`/subjects/${of.subject.id}`}>
            {of.visit ? t('observation.at', { visit: of.visit, subject: of.subject.label }) : of.subject.label}
          </a>
        </span>
      )}
    </span>
  );
}

/** Each rule that had a say, in the order in which it had it. */
function Steps({ of }: { of: Observation }) {
  if (of.lineage.length === 0) return null;
  return (
    <details class="steps">
      <summary>{t('observation.steps', { n: of.lineage.length })}</summary>
      <ol>
        {of.lineage.map((step, at) => (
          <li key={at}>
            <code>{step.rule}</code>
            <span>{saidWords(step.text, step.sentences)}</span>
          </li>
        ))}
      </ol>
    </details>
  );
}

function Observations({ message }: { message: Message }) {
  return (
    <div class="sheet scroll-x" tabIndex={0} role="region" aria-label={t('message.observations')}>
      <table class="plain-table">
        <thead>
          <tr>
            <th scope="col">{t('observation.column.place')}</th>
            <th scope="col">{t('observation.column.code')}</th>
            <th scope="col">{t('observation.column.value')}</th>
            <th scope="col">{t('observation.column.state')}</th>
            <th scope="col">{t('observation.column.became')}</th>
          </tr>
        </thead>
        <tbody>
          {message.observations.map((each) => (
            <tr key={each.ordinal}>
              <td>
                <code class="grey">{each.place}</code>
              </td>
              <td>
                {each.code} <span class="grey">{each.code_text || each.code_system}</span>
              </td>
              <td>
                <Value text={each.value_reported} unit={each.unit_reported} />
              </td>
              <td>
                <StateMark state={each.disposition} />
              </td>
              <td>
                <Became of={each} />
                <Steps of={each} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** A message with what was said of it, and what became of each of its results. */
export function MessageView({ id }: { id: string }) {
  const loaded = useLoad<Message>(`/messages/${encodeURIComponent(id)}`);
  return (
    <Await of={loaded}>
      {(it) => (
        <div class="message-view">
          <nav class="crumbs">
            <a href="/messages">{t('tab.messages')}</a>
            <a href={`/messages?source=${it.source}`}>{it.source}</a>
          </nav>
          <h1>
            <span class="unseen">{t('message.title', { id: it.control_id })}</span>
            <span aria-hidden class="mono message-name">
              {it.control_id}
            </span>
          </h1>
          <dl class="facts message-facts">
            <dt>{t('message.received')}</dt>
            <dd>
              <Instant at={it.received_at} exact />
            </dd>
            <dt>{t('message.source')}</dt>
            <dd>
              <a href={`/sources/${it.source}`}>{it.source}</a> <span class="grey">{it.peer}</span>
            </dd>
            <dt>{t('message.type')}</dt>
            <dd>{it.message_type}</dd>
            <dt>{t('message.answer')}</dt>
            <dd>
              {it.answer.code} {it.answer.text}
            </dd>
            <dt>{t('message.size')}</dt>
            <dd>{it.size === null ? t('message.withheld') : t('message.bytes', { n: it.size })}</dd>
            <dt>{t('message.digest')}</dt>
            <dd>
              {it.sha256 && <ShortId id={it.sha256} />}{' '}
              {it.sha256_proven ? (
                <StateMark state="done" label={t('message.proven')} />
              ) : (
                <StateMark state="refused" label={t('message.not_proven')} />
              )}
            </dd>
            <dt>{t('message.config')}</dt>
            <dd>
              <a href={`/config/${it.config_hash}`}>{t('frame.config')}</a> <ShortId id={it.config_hash} />
            </dd>
            {it.duplicates > 0 && (
              <>
                <dt>{t('message.duplicates')}</dt>
                <dd>{t('message.times', { n: it.duplicates })}</dd>
              </>
            )}
          </dl>
          <MessagePane id={id} link={false} />
          <section>
            <h2 class="section-title">{t('message.observations')}</h2>
            <Observations message={it} />
          </section>
        </div>
      )}
    </Await>
  );
}
