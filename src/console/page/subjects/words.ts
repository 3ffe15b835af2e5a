import { tOr } from '../text';

export const analyteName = (key: string, english: string): string => tOr(`analyte.${key}`, english);
export const visitName = (id: string, english = id): string => tOr(`visit.${id}`, english);
export const panelName = (id: string): string => tOr(`panel.${id}`, id);

/** UCUM as a reader writes it: `{copies}/mL` is copies/mL, `10*9/L` is 10⁹/L, `1` is no unit. */
export function unitWords(unit: string): string {
  if (unit === '1') return '';
  const powers: Record<string, string> = { '3': '³', '6': '⁶', '9': '⁹', '12': '¹²' };
  return unit
    .replace(/[{}[\]]/g, '')
    .replace(/10\*(\d+)/g, (_, power: string) => `10${powers[power] ?? `^${power}`}`)
    .replace(/\bu(mol|L|g)\b/g, 'µ$1');
}
