import type { Repair, RepairFields } from '../api/types';
import type { TextKey } from '../text';

export type FieldType = 'text' | 'fixed' | 'analyte' | 'unit' | 'visit' | 'time' | 'date' | 'sex' | 'subject';

export interface RepairField {
  name: string;
  type: FieldType;
  optional?: boolean;
  /** Stands inside `fields` of the request, as the registry's facts do. */
  inner?: boolean;
}

/** What each repair needs to be told. Those with candidates get their subject or visit from them. */
export const repairKinds: Record<string, RepairField[]> = {
  'link-subject': [{ name: 'authority', type: 'fixed' }, { name: 'value', type: 'fixed' }, { name: 'subject', type: 'subject' }],
  'register-specimen': [
    { name: 'authority', type: 'fixed' },
    { name: 'specimen', type: 'text' },
    { name: 'subject', type: 'subject' },
    { name: 'collected_at', type: 'time', optional: true },
    { name: 'visit', type: 'visit', optional: true },
  ],
  'correct-subject': [
    { name: 'subject', type: 'fixed' },
    { name: 'birth_date', type: 'date', optional: true, inner: true },
    { name: 'sex', type: 'sex', optional: true, inner: true },
  ],
  'place-visit': [{ name: 'specimen', type: 'fixed' }, { name: 'visit', type: 'visit' }],
  'teach-code': [
    { name: 'source', type: 'fixed' },
    { name: 'code', type: 'fixed' },
    { name: 'system', type: 'fixed', optional: true },
    { name: 'analyte', type: 'analyte' },
  ],
  'teach-unit': [
    { name: 'source', type: 'fixed' },
    { name: 'code', type: 'fixed' },
    { name: 'analyte', type: 'fixed' },
    { name: 'system', type: 'fixed', optional: true },
    { name: 'spelled', type: 'fixed' },
    { name: 'as', type: 'unit' },
    { name: 'assume', type: 'unit' },
  ],
  'teach-word': [{ name: 'source', type: 'fixed' }, { name: 'word', type: 'fixed' }, { name: 'meaning', type: 'text' }],
  'move-specimen': [{ name: 'specimen', type: 'fixed' }, { name: 'from', type: 'fixed' }, { name: 'to', type: 'subject' }],
  'accept-value': [],
  'not-for-study': [],
  reprocess: [],
};

/** How a fixed field is asked for where the server could not fill it in. */
const askedAs: Record<string, FieldType> = { analyte: 'analyte', subject: 'subject', from: 'subject' };

/** The fields of this repair: of two ways to say a unit, the one that the server proposes. */
export function fieldsOf(repair: Repair): RepairField[] {
  const leave = repair.kind !== 'teach-unit' ? [] : 'assume' in repair.fields ? ['spelled', 'as'] : ['assume'];
  return (repairKinds[repair.kind] ?? [])
    .filter((field) => !leave.includes(field.name))
    .map((field) =>
      field.type === 'fixed' && valueOf(repair.fields, field) === ''
        ? { ...field, type: askedAs[field.name] ?? ('text' as const) }
        : field,
    );
}

export function valueOf(values: RepairFields, field: RepairField): string {
  const holder = field.inner ? ((values['fields'] as RepairFields | undefined) ?? {}) : values;
  const value = holder[field.name];
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

export function withValue(values: RepairFields, field: RepairField, value: string): RepairFields {
  if (!field.inner) return { ...values, [field.name]: value };
  return { ...values, fields: { ...((values['fields'] as RepairFields | undefined) ?? {}), [field.name]: value } };
}

export function isComplete(repair: Repair, values: RepairFields): boolean {
  const fields = fieldsOf(repair);
  const inner = fields.filter((field) => field.inner);
  if (inner.length > 0 && inner.every((field) => valueOf(values, field) === '')) return false;
  return fields.every((field) => field.optional || field.inner || valueOf(values, field).trim() !== '');
}

/** Subjects are named by the server's id, which is a number there. */
const isSubject = (name: string) => name === 'subject' || name === 'from' || name === 'to';

/** The request's fields: what was left empty is left out. */
export function requestOf(repair: Repair, values: RepairFields): RepairFields {
  const request: RepairFields = { kind: repair.kind };
  for (const field of fieldsOf(repair)) {
    const value = valueOf(values, field).trim();
    if (value === '') continue;
    if (field.inner) request['fields'] = { ...((request['fields'] as RepairFields | undefined) ?? {}), [field.name]: value };
    else request[field.name] = isSubject(field.name) && /^\d+$/.test(value) ? Number(value) : value;
  }
  return request;
}

export const fieldLabel = (name: string): TextKey => `field.${name}` as TextKey;
