import type { Preview } from '../api/types';
import { ruleSentence, t } from '../text';
import { StateMark } from './state_mark';

const share = (n: number, total: number) => ({ flexGrow: total ? n / total : 0 });

/** What a change would do, in numbers and in examples, before it is done. */
export function PreviewPanel({ preview, scope }: { preview: Preview; scope?: string }) {
  const { would_store, still_held, ignored, total, changes_delivered } = preview;
  const placed = preview.placed_again;
  const isSample = preview.sampled !== undefined && preview.sampled < total;
  return (
    <div class="preview" aria-live="polite">
      <div class="preview-bar" aria-hidden>
        <i class="fill-stored" style={share(would_store, total)} />
        <i class="fill-ignored" style={share(ignored, total)} />
        <i class="fill-held" style={share(still_held, total)} />
      </div>
      <p class="preview-sentence">
        {ignored > 0 && would_store === 0
          ? t('preview.set_aside', { ignored, held: still_held })
          : t('preview.sentence', { store: would_store, changed: changes_delivered, held: still_held })}
      </p>
      {placed && placed.subjects > 0 && (
        <p class="preview-sentence">
          {t('preview.placed_again', { moved: placed.moved, tried: placed.tried, subjects: placed.subjects })}
        </p>
      )}
      {(scope || isSample) && (
        <p class="hint">
          {scope} {isSample && t('preview.sampled', { n: preview.sampled ?? 0 })}
        </p>
      )}
      {preview.delivered_changes.length > 0 && (
        <div>
          <h3>{t('preview.delivered')}</h3>
          <ul class="preview-list">
            {preview.delivered_changes.map((each) => (
              <li key={each.result_id}>
                <a href={`/subjects/${each.subject}`}>{each.subject}</a> {each.visit} {each.analyte}{' '}
                <span class="from">{each.from}</span> → <strong>{each.to}</strong>
              </li>
            ))}
          </ul>
        </div>
      )}
      {preview.examples.length > 0 && (
        <div>
          <h3>{t('preview.examples')}</h3>
          <ul class="preview-list">
            {preview.examples.map((each) => (
              <li key={each.observation} class="preview-example">
                <code>{each.control_id}</code>
                <span>
                  <StateMark state={each.before.disposition} bare /> {each.before.text}
                </span>
                <span>
                  <StateMark state={each.after.disposition} bare /> {each.after.text}
                </span>
              </li>
            ))}
          </ul>
        </div>
      )}
      {preview.still.length > 0 && (
        <div>
          <h3>{t('preview.still')}</h3>
          <ul class="preview-list">
            {preview.still.map((each) => (
              <li key={each.rule}>
                <StateMark state="held" bare /> {each.count.toLocaleString()} · {ruleSentence(each.rule, each.sentence)}
              </li>
            ))}
          </ul>
        </div>
      )}
    </div>
  );
}
