/** Bars: what is filled of what there is. The figures always stand beside them, so they are hidden from screen readers. */

const percent = (part: number, whole: number): string =>
  `${whole > 0 ? Math.min(100, Math.max(0, (100 * part) / whole)) : 0}%`;

type Segment = { value: number; kind: 'filled' | 'new' | 'operation' | 'promised' };

export const Bar = ({
  segments,
  whole,
  dotted = false,
}: {
  segments: readonly Segment[];
  whole: number;
  /** promised bytes: the rest is dotted instead of a solid track */
  dotted?: boolean;
}) => (
  <span className={dotted ? 'vb-bar vb-bar-dotted' : 'vb-bar'} aria-hidden="true">
    {segments.map((segment, index) => (
      <span
        // biome-ignore lint/suspicious/noArrayIndexKey: segments have no other identity than their place
        key={index}
        className={`vb-bar-${segment.kind}`}
        style={{ width: percent(segment.value, whole) }}
      />
    ))}
  </span>
);
