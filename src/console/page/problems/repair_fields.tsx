import { useId } from 'preact/hooks';
import { useLoad } from '../api/load';
import type { Repair, RepairFields, SubjectCandidate, VisitCandidate, Vocabulary } from '../api/types';
import { FormField } from '../parts/field';
import { t, tOr } from '../text';
import { SubjectField } from './subject_field';
import { fieldLabel, fieldsOf, valueOf, withValue, type RepairField } from './repair_kinds';

interface Props {
  repair: Repair;
  values: RepairFields;
  onChange: (values: RepairFields) => void;
}

function SubjectChoice({ of, name, chosen, onChoose }: { of: SubjectCandidate; name: string; chosen: boolean; onChoose: () => void }) {
  return (
    <label class={`candidate ${chosen ? 'candidate-on' : ''}`}>
      <input type="radio" name={name} checked={chosen} onChange={onChoose} />
      <span class="candidate-head">
        <strong>{of.subject.label}</strong>
        <span class="grey">
          {of.subject.site} · {of.subject.status}
        </span>
        <span class="grey candidate-score">{t('candidate.score', { n: Math.round(of.score * 100) })}</span>
      </span>
      <ul class="candidate-why">
        {of.evidence.map((each) => (
          <li key={each} class="candidate-for">
            {tOr(`evidence.${each}`, each)}
          </li>
        ))}
        {of.contradictions.map((each) => (
          <li key={each} class="candidate-against">
            {tOr(`evidence.${each}`, each)}
          </li>
        ))}
      </ul>
    </label>
  );
}

function VisitChoice({ of, name, chosen, onChoose }: { of: VisitCandidate; name: string; chosen: boolean; onChoose: () => void }) {
  const days = Math.abs(of.days_from_target);
  return (
    <label class={`candidate ${chosen ? 'candidate-on' : ''}`}>
      <input type="radio" name={name} checked={chosen} onChange={onChoose} />
      <span class="candidate-head">
        <strong>{of.visit}</strong>
        <span class="grey">{of.name}</span>
        <span class="grey candidate-score">{t('candidate.window', { open: of.open, close: of.close })}</span>
      </span>
      <ul class="candidate-why">
        {of.contains && <li class="candidate-for">{t('candidate.contains')}</li>}
        <li class={of.contains ? '' : 'candidate-against'}>{days === 0 ? t('candidate.on_target') : t('candidate.days', { n: days })}</li>
      </ul>
    </label>
  );
}

function Unscheduled({ name, chosen, onChoose }: { name: string; chosen: boolean; onChoose: () => void }) {
  return (
    <label class={`candidate ${chosen ? 'candidate-on' : ''}`}>
      <input type="radio" name={name} checked={chosen} onChange={onChoose} />
      <span class="candidate-head">
        <strong>{t('field.unscheduled')}</strong>
        <span class="grey">{t('field.unscheduled.what')}</span>
      </span>
    </label>
  );
}

/** The candidates of a subject or visit, the likeliest first, each with what speaks for and against it. */
function Candidates({ repair, values, onChange }: Props) {
  const name = useId();
  const candidates = repair.candidates ?? [];
  if (candidates.length === 0) return null;
  const isVisit = 'visit' in candidates[0]!;
  const field: RepairField = { name: isVisit ? 'visit' : 'subject', type: 'text' };
  const now = valueOf(values, field);
  const choose = (value: string) => onChange(withValue(values, field, value));
  return (
    <div class="candidates" role="radiogroup" aria-label={t(fieldLabel(field.name))}>
      {candidates.map((each) =>
        'visit' in each ? (
          <VisitChoice key={each.visit} of={each} name={name} chosen={now === each.visit} onChoose={() => choose(each.visit)} />
        ) : (
          <SubjectChoice
            key={each.subject.id}
            of={each}
            name={name}
            chosen={now === String(each.subject.id)}
            onChoose={() => choose(String(each.subject.id))}
          />
        ),
      )}
      {isVisit && <Unscheduled name={name} chosen={now === 'unscheduled'} onChoose={() => choose('unscheduled')} />}
    </div>
  );
}

const inputTypes: Partial<Record<RepairField['type'], string>> = { date: 'date', time: 'datetime-local' };

export function RepairFieldsForm({ repair, values, onChange }: Props) {
  const fields = fieldsOf(repair);
  const needsWords = fields.some((field) => field.type === 'analyte' || field.type === 'unit');
  const vocabulary = useLoad<Vocabulary>(needsWords ? '/mappings/vocabulary' : null);
  const lists = useId();
  const byCandidate = repair.candidates?.length ? ('visit' in repair.candidates[0]! ? 'visit' : 'subject') : '';
  const fixed = fields.filter((field) => field.type === 'fixed' && valueOf(values, field));
  return (
    <>
      {fixed.length > 0 && (
        <p class="fixed-fields">
          {fixed.map((field) => (
            <span key={field.name}>
              <span class="grey">{t(fieldLabel(field.name))}</span> <code>{valueOf(values, field)}</code>
            </span>
          ))}
        </p>
      )}
      <Candidates repair={repair} values={values} onChange={onChange} />
      <div class="repair-fields">
        {fields
          .filter((field) => field.type !== 'fixed' && !(field.name === byCandidate && byCandidate === 'visit'))
          .map((field) =>
            field.type === 'subject' ? (
              <SubjectField
                key={field.name}
                label={t(field.name === byCandidate ? 'field.other_subject' : fieldLabel(field.name))}
                onFound={(id) => onChange(withValue(values, field, id))}
              />
            ) : (
            <FormField key={field.name} label={t(fieldLabel(field.name))}>
              {(id) =>
                field.type === 'sex' ? (
                  <select
                    id={id}
                    class="input"
                    value={valueOf(values, field)}
                    onChange={(event) => onChange(withValue(values, field, event.currentTarget.value))}
                  >
                    <option value="" />
                    <option value="M">{t('hl7.0001.M')}</option>
                    <option value="F">{t('hl7.0001.F')}</option>
                  </select>
                ) : (
                  <input
                    id={id}
                    class="input"
                    type={inputTypes[field.type] ?? 'text'}
                    list={field.type === 'analyte' || field.type === 'unit' ? `${lists}-${field.type}` : undefined}
                    value={valueOf(values, field)}
                    autocomplete="off"
                    spellcheck={false}
                    onInput={(event) => onChange(withValue(values, field, event.currentTarget.value))}
                  />
                )
              }
            </FormField>
            ),
          )}
      </div>
      {vocabulary.data && (
        <>
          <datalist id={`${lists}-analyte`}>
            {vocabulary.data.analytes.map((each) => (
              <option key={each.key} value={each.key}>
                {each.name}, {each.unit}
              </option>
            ))}
          </datalist>
          <datalist id={`${lists}-unit`}>
            {vocabulary.data.units.map((each) => (
              <option key={each} value={each} />
            ))}
          </datalist>
        </>
      )}
    </>
  );
}
