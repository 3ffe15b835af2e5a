import { t } from '../text';

const width = 4;
const gap = 1;
const height = 20;

/** 24 bars, one an hour; what was held stands in its colour, and hatched by a gap, at the foot of a bar. */
export function Sparkline({ hours }: { hours: { messages: number; held: number }[] }) {
  const most = Math.max(1, ...hours.map((each) => each.messages));
  const sum = (of: 'messages' | 'held') => hours.reduce((total, each) => total + each[of], 0);
  const says = t('traffic.spark.says', { messages: sum('messages'), held: sum('held'), most: sum('messages') ? most : 0 });
  const total = hours.length * (width + gap) - gap;
  return (
    <svg class="spark" viewBox={`0 0 ${total} ${height}`} width={total} height={height} role="img" aria-label={says}>
      <title>{says}</title>
      {hours.map((each, at) => {
        const tall = each.messages === 0 ? 1 : Math.max(2, (each.messages / most) * height);
        const held = each.held === 0 ? 0 : Math.max(2, (each.held / most) * height);
        return (
          <g key={at}>
            <rect x={at * (width + gap)} y={height - tall} width={width} height={tall} class={each.messages ? 'spark-bar' : 'spark-none'} />
            {held > 0 && <rect x={at * (width + gap)} y={height - held} width={width} height={held} class="spark-held" />}
          </g>
        );
      })}
    </svg>
  );
}
