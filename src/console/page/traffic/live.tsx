import type { NodeOfStore } from '../api/study_types';
import { t } from '../text';
import { locale } from '../text/language';

const shown = (milliseconds: number) => milliseconds.toLocaleString(locale(), { maximumFractionDigits: milliseconds < 10 ? 1 : 0 });

/** From the last byte of a message to the last byte of its answer: half of them, and all but one in a hundred. */
export function AckTimes({ of }: { of: { ack_p50_ms: number | null; ack_p99_ms: number | null } }) {
  if (of.ack_p50_ms === null || of.ack_p99_ms === null) return null;
  return (
    <>
      {shown(of.ack_p50_ms)} / {shown(of.ack_p99_ms)} <span class="grey small">{t('traffic.ms')}</span>
    </>
  );
}

/** Where several nodes share the store, each knows only its own connections and answers. */
export function OfThisNode({ node }: { node: NodeOfStore }) {
  return node.shared ? <p class="hint of-this-node">{t('traffic.this_node', { node: node.id })}</p> : null;
}
