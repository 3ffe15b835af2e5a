import { t, tOr } from '../text';
import { FormField } from './field';

export const reasonCodes = [
  'confirmed-by-laboratory',
  'confirmed-by-site',
  'registry-error',
  'mapping-missing',
  'laboratory-error',
  'other',
] as const;

export const dismissCodes = [
  'not-a-trial-subject',
  'duplicate',
  'test-message',
  'out-of-scope',
  'consent-withdrawn',
  'other',
] as const;

export interface Reason {
  code: string;
  text: string;
}

export const noReason: Reason = { code: '', text: '' };

/** A coded reason, and words where the code is not enough. */
export function reasonIsGiven(reason: Reason): boolean {
  return reason.code !== '' && (reason.code !== 'other' || reason.text.trim() !== '');
}

export function ReasonForm(props: { codes: readonly string[]; value: Reason; onChange: (reason: Reason) => void }) {
  return (
    <div class="reason">
      <FormField label={t('reason.code')}>
        {(id) => (
          <select
            id={id}
            class="input"
            value={props.value.code}
            onChange={(event) => props.onChange({ ...props.value, code: event.currentTarget.value })}
          >
            <option value="">{t('reason.choose')}</option>
            {props.codes.map((code) => (
              <option key={code} value={code}>
                {tOr(`reason.${code}`, code)}
              </option>
            ))}
          </select>
        )}
      </FormField>
      <FormField label={t('reason.text')}>
        {(id) => (
          <input
            id={id}
            class="input"
            value={props.value.text}
            onInput={(event) => props.onChange({ ...props.value, text: event.currentTarget.value })}
          />
        )}
      </FormField>
    </div>
  );
}
