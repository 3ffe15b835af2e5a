/** Identity is shown only where it was asked for, though the right to see it lasts a while. */
export function messagePath(id: string, part: string, revealed: boolean): string {
  return `/messages/${encodeURIComponent(id)}${part}${revealed ? '?reveal=yes' : ''}`;
}
