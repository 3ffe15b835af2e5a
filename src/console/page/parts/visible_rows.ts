const margin = 12;

/** The rows in sight of a body whose top is at `top` of the window, and a few beyond on either side. */
export function visibleRows(top: number, row: number, window: number, count: number): { from: number; to: number } {
  const from = Math.max(0, Math.floor(-top / row) - margin);
  const to = Math.min(count, Math.ceil((window - top) / row) + margin);
  return { from: Math.min(from, count), to: Math.max(from, to) };
}
