import { useEffect, useState } from 'preact/hooks';
import { useLoad } from '../api/load';
import { lineageFrom } from '../api/study_shapes';
import type { Lineage, LineageStep, ReadPlace, SubjectDetail } from '../api/study_types';
import type { Message } from '../api/types';
import { useKeys } from '../frame/keys';
import { Instant } from '../parts/instant';
import { Await } from '../parts/notice';
import { ShortId } from '../parts/short_id';
import { t, tOr } from '../text';
import { saidWords } from '../text/say';
import { Highlighted } from './highlighted';
import './lineage.css';
import { analyteName, unitWords, visitName } from './words';

/** What a step read and the message shows: an empty field has no bytes to mark. */
const shownOf = (step: LineageStep): ReadPlace[] => step.read.filter((each) => each.offset !== null && each.length);

/** One place of one step. */
interface At {
  step: number;
  place: number;
}
const isAt = (a: At | null, b: At) => a !== null && a.step === b.step && a.place === b.place;

function Step(props: { step: LineageStep; at: number | null; onShow: (place: number) => void }) {
  const { step } = props;
  const kind = tOr(`lineage.kind.${step.kind}`, step.kind);
  return (
    <li class={`step step-${step.kind} ${props.at !== null ? 'step-on' : ''}`}>
      <i class="step-dot" aria-hidden />
      <div class="step-body">
        <p class="step-title">
          <span class="grey small">{kind}</span> <b>{saidWords(step.title, step.title_sentences)}</b>
          {shownOf(step).map((each, index) => (
            <button
              key={each.place}
              type="button"
              class="step-place mono"
              aria-pressed={props.at === index}
              title={t('lineage.show', { place: each.place })}
              aria-label={t('lineage.show', { place: each.place })}
              onClick={() => props.onShow(index)}
            >
              {each.place}
            </button>
          ))}
        </p>
        <p class={step.kind === 'segment' ? 'mono step-text' : 'step-text'}>{saidWords(step.text, step.sentences)}</p>
        <p class="grey small">
          {step.rule && step.rule !== step.title && (step.version ? t('lineage.rule', { rule: step.rule, version: String(step.version) }) : step.rule)}
          {step.rule && step.rule !== step.title && step.at && ' · '}
          {step.at && <Instant at={step.at} />}
        </p>
      </div>
    </li>
  );
}

function Strip({ lineage }: { lineage: Lineage }) {
  const places: At[] = lineage.steps.flatMap((step, index) => shownOf(step).map((_, place) => ({ step: index, place })));
  // Where the value was read is what is looked for first.
  const first = places.find((each) => lineage.steps[each.step]!.rule === 'value.read') ?? places[0] ?? null;
  const [at, setAt] = useState(first);
  const message = useLoad<Message>(`/messages/${encodeURIComponent(lineage.message_id)}`);
  useEffect(() => setAt(first), [lineage.result_id]);
  const move = (by: number) => {
    const next = places[places.findIndex((each) => isAt(at, each)) + by];
    if (next) setAt(next);
  };
  useKeys({
    j: { what: t('keys.next'), run: () => move(1) },
    k: { what: t('keys.previous'), run: () => move(-1) },
  });
  const marked = at && shownOf(lineage.steps[at.step]!)[at.place];
  const span = marked ? { offset: marked.offset!, length: marked.length! } : null;
  const config = lineage.steps.find((each) => each.config_hash)?.config_hash;
  const analyte = analyteName(lineage.analyte ?? '', lineage.analyte_name ?? '');
  return (
    <>
      <div class="view-head">
        {lineage.subject && (
          <a class="crumb" href={`/subjects/${lineage.subject.id}${lineage.visit ? `?visit=${lineage.visit}` : ''}`}>
            ← {lineage.subject.label}
          </a>
        )}
        <h1>
          {lineage.subject && analyte ? t('lineage.of', { analyte, subject: lineage.subject.label }) : t('lineage.title')}{' '}
          {lineage.value_text && (
            <span class="lineage-value">
              {lineage.value_text} <span class="grey">{unitWords(lineage.unit ?? '')}</span>
            </span>
          )}
        </h1>
        {lineage.subject && <span class="grey">{visitName(lineage.visit || 'unscheduled')}</span>}
        <span class="view-tools grey">
          {config && (
            <>
              {t('lineage.config')} <a href={`/config/active`}>{config.slice(0, 6)}</a>
            </>
          )}
          <ShortId id={lineage.result_id} />
        </span>
      </div>
      <div class="lineage">
        <section class="sheet pad" aria-labelledby="lineage-steps">
          <h2 id="lineage-steps">{t('lineage.title')}</h2>
          <ol class="strip">
            {lineage.steps.map((each, index) => (
              <Step key={index} step={each} at={at?.step === index ? at.place : null} onShow={(place) => setAt({ step: index, place })} />
            ))}
          </ol>
        </section>
        <section class="sheet lineage-message" aria-labelledby="lineage-message">
          <div class="block-head pad">
            <h2 id="lineage-message">{t('lineage.message')}</h2>
            <span class="grey">{marked?.place}</span>
            <a class="view-tools" href={`/messages/${lineage.message_id}`}>
              {t('lineage.open_message')}
            </a>
          </div>
          <Await of={message}>{(data) => <Highlighted segments={data.segments} span={span} label={t('lineage.message')} />}</Await>
        </section>
      </div>
    </>
  );
}

/** The strip's own answer, and the result that it is about where the strip does not say it. */
export function LineageView({ id }: { id: string }) {
  const loaded = useLoad<Lineage>(`/results/${encodeURIComponent(id)}/lineage`);
  const subjectId = /^(\d+)-\d+$/.exec(id)?.[1];
  const subject = useLoad<SubjectDetail>(loaded.data && !loaded.data.subject && subjectId ? `/subjects/${subjectId}` : null);
  return (
    <Await of={loaded}>
      {(raw) => {
        const result = subject.data?.results.find((each) => each.result_id === id);
        const lineage = lineageFrom(raw);
        return (
          <Strip
            lineage={{
              ...lineage,
              ...(subject.data && { subject: { id: String(subject.data.id), label: subject.data.label } }),
              ...(result && { visit: result.visit, analyte: result.analyte, analyte_name: result.analyte_name, value_text: result.value_text, unit: result.unit }),
            }}
          />
        );
      }}
    </Await>
  );
}
