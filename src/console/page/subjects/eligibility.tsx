import type { Criterion, Result, SubjectDetail } from '../api/study_types';
import { StateMark } from '../parts/state_mark';
import { t, tOr } from '../text';
import { saidWords } from '../text/say';
import { unitWords } from './words';

const markOf: Record<Criterion['answer'], string> = { met: 'stored', 'not met': 'refused', undecided: 'pending', 'site attests': 'ignored' };
const overall: Record<string, string> = {
  'no laboratory criterion against': 'stored',
  'a laboratory criterion against': 'refused',
  undecided: 'pending',
};

/** The criteria with what each rests on. A laboratory never says "eligible". */
export function Eligibility({ of, results }: { of: SubjectDetail['eligibility']; results: Result[] }) {
  const resultOf = (evidence: Criterion['evidence'][number]) =>
    evidence.result_id ?? (evidence.lineage_id && results.find((each) => each.lineage_id === evidence.lineage_id)?.result_id);
  const judged = of.criteria.filter((each) => each.answer !== 'site attests');
  const attested = of.criteria.filter((each) => each.answer === 'site attests');
  return (
    <section class="sheet pad" aria-labelledby="eligibility">
      <div class="block-head">
        <h2 id="eligibility">{t('subject.eligibility')}</h2>
        <StateMark state={overall[of.answer] ?? 'pending'} label={tOr(`answer.${of.answer}`, of.answer)} />
      </div>
      <ul class="criteria">
        {judged.map((each) => (
          <li key={each.id}>
            <StateMark state={each.bearing === 'against' ? 'refused' : each.bearing === 'not against' ? 'stored' : markOf[each.answer]} bare label={tOr(`answer.${each.answer}`, each.answer)} />
            <div>
              <p>
                <span class="grey mono">{each.id}</span> {tOr(`criterion.${each.id}`, each.text)}
              </p>
              {each.evidence.length > 0 && (
                <p class="grey small">
                  {each.evidence.map((evidence, at) => (
                    <span key={evidence.text}>
                      {at > 0 && ' · '}
                      {resultOf(evidence) ? (
                        <a href={`/results/${resultOf(evidence)}`}>{unitWords(saidWords(evidence.text, evidence.sentences))}</a>
                      ) : (
                        saidWords(evidence.text, evidence.sentences)
                      )}
                    </span>
                  ))}
                </p>
              )}
            </div>
          </li>
        ))}
      </ul>
      {attested.length > 0 && (
        <details class="attested">
          <summary>{t('subject.attested', { n: attested.length })}</summary>
          <ul class="criteria">
            {attested.map((each) => (
              <li key={each.id}>
                <StateMark state="ignored" bare label={tOr(`answer.${each.answer}`, each.answer)} />
                <p>
                  <span class="grey mono">{each.id}</span> {tOr(`criterion.${each.id}`, each.text)}
                </p>
              </li>
            ))}
          </ul>
        </details>
      )}
      <p class="hint">{t('subject.eligibility.note')}</p>
    </section>
  );
}
