/** A drawing, not data: three racks over one storage. */
const Rack = ({
  x,
  name,
  chips,
}: {
  x: number;
  name: string;
  chips: readonly { y: number; h: number; text: string; ghost?: boolean }[];
}) => (
  <g transform={`translate(${x} 0)`}>
    <text x="0" y="12" className="vb-picture-text">
      {name}
    </text>
    <path d="M0 20v110h104V20" className="vb-picture-rack" />
    <rect x="6" y="112" width="92" height="14" className="vb-picture-dom0" />
    {chips.map((chip) => (
      <g key={`${chip.text}${chip.y}`}>
        <rect
          x="6"
          y={chip.y}
          width="92"
          height={chip.h}
          rx="2"
          className={chip.ghost ? 'vb-picture-ghost' : 'vb-picture-chip'}
        />
        {!chip.ghost && <circle cx="15" cy={chip.y + chip.h / 2} r="3.4" className="vb-picture-run" />}
        <text
          x={chip.ghost ? 13 : 24}
          y={chip.y + chip.h / 2 + 4}
          className={chip.ghost ? 'vb-picture-text' : 'vb-picture-text vb-picture-bold'}
        >
          {chip.text}
        </text>
      </g>
    ))}
    <path d="M30 130v24" className="vb-picture-leg" />
  </g>
);

export const PracticePicture = () => (
  <svg
    viewBox="0 0 384 196"
    className="vb-picture"
    role="img"
    aria-label="Three nodes that share one storage directory"
  >
    <Rack
      x={20}
      name="node1"
      chips={[
        { y: 68, h: 16, text: 'beta' },
        { y: 86, h: 24, text: 'alpha' },
      ]}
    />
    <Rack
      x={144}
      name="node2"
      chips={[
        { y: 66, h: 24, text: 'alpha', ghost: true },
        { y: 92, h: 18, text: 'gamma' },
      ]}
    />
    <Rack x={268} name="node3" chips={[{ y: 92, h: 18, text: 'gamma', ghost: true }]} />
    <rect x="20" y="154" width="352" height="36" rx="3" className="vb-picture-pool" />
    <text x="32" y="177" className="vb-picture-text vb-picture-bold">
      shared
    </text>
    <text x="78" y="177" className="vb-picture-text">
      one directory, seen by all three
    </text>
  </svg>
);
