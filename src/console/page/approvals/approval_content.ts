import type { Approval, Named } from '../api/types';

export interface Change {
  what: string;
  before: string;
  after: string;
}

function flat(value: unknown, path: string[], into: Change[]): void {
  if (value !== null && typeof value === 'object') {
    for (const [name, inner] of Object.entries(value)) flat(inner, [...path, name], into);
  } else if (value !== null && value !== '') {
    into.push({ what: path.join('.'), before: '', after: String(value) });
  }
}

/** What would change, as the server tells it; else what was asked for, a line for each thing it names. */
export function changesOf(approval: Approval): Change[] {
  if (approval.changes && approval.changes.length > 0) return approval.changes;
  const rows: Change[] = [];
  flat(approval.content, [], rows);
  return rows;
}

/** The page of what an approval is about: `problem 5`, `configuration 13`. */
export function hrefOf(approval: Approval): string | null {
  if (approval.object_href) return approval.object_href;
  const found = /^(problem|configuration|subject)[ :](\w[\w-]*)$/.exec(approval.object);
  if (!found) return null;
  const folder = { problem: 'problems', configuration: 'config', subject: 'subjects' }[found[1] as 'problem'];
  return `/${folder}/${found[2]}`;
}

export const nameOf = (person: Named | string | null): string =>
  person === null ? '' : typeof person === 'string' ? person : person.name;
