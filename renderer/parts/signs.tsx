/** The signs: every state has a shape of its own, and its word stands beside it. Colour only repeats what the shape says. */
import type { ReactNode } from 'react';

type Tone = 'success' | 'warning' | 'danger' | 'info' | 'plain' | 'subtle' | 'brand';

const Sign = ({ tone, children, label }: { tone: Tone; children: ReactNode; label?: string | undefined }) => (
  // biome-ignore lint/a11y/noSvgWithoutTitle: it has a label, or it is hidden
  <svg
    className={`vb-sign vb-tone-${tone}`}
    viewBox="0 0 14 14"
    width="14"
    height="14"
    {...(label ? { role: 'img', 'aria-label': label } : { 'aria-hidden': true })}
  >
    {children}
  </svg>
);

const octagon = 'M4.6 1.5h4.8l3.1 3.1v4.8l-3.1 3.1H4.6L1.5 9.4V4.6z';
const arrow = 'M2 7h8.5M7.2 3.5 10.7 7l-3.5 3.5';
const line = { fill: 'none', stroke: 'currentColor', strokeWidth: 1.6 } as const;

export type InstanceSign =
  | 'running'
  | 'stopped'
  | 'paused'
  | 'crashed'
  | 'not-seen'
  | 'operation'
  | 'unknown'
  | 'emergency';

export const StateSign = ({ state, label }: { state: InstanceSign; label?: string }) => {
  switch (state) {
    case 'running':
      return (
        <Sign tone="success" label={label}>
          <circle cx="7" cy="7" r="4.3" fill="currentColor" />
        </Sign>
      );
    case 'stopped':
      return (
        <Sign tone="plain" label={label}>
          <rect x="3" y="3" width="8" height="8" rx="1.2" {...line} />
        </Sign>
      );
    case 'paused':
      return (
        <Sign tone="plain" label={label}>
          <path d="M4.8 2.8v8.4M9.2 2.8v8.4" {...line} strokeWidth="2.2" />
        </Sign>
      );
    case 'crashed':
    case 'emergency':
      return (
        <Sign tone="danger" label={label}>
          <path d={octagon} fill="currentColor" />
          <path d="m5 5 4 4m0-4L5 9" fill="none" stroke="var(--vb-surface)" strokeWidth="1.6" />
        </Sign>
      );
    case 'not-seen':
      return (
        <Sign tone="plain" label={label}>
          <circle cx="7" cy="7" r="4.6" {...line} strokeDasharray="2.4 2" />
        </Sign>
      );
    case 'operation':
      return (
        <Sign tone="info" label={label}>
          <path d={arrow} {...line} strokeWidth="2" />
        </Sign>
      );
    case 'unknown':
      return <UnknownSign label={label} />;
  }
};

const UnknownSign = ({ label }: { label?: string | undefined }) => (
  <Sign tone="plain" label={label}>
    <circle cx="7" cy="7" r="5.7" {...line} strokeWidth="1.2" strokeDasharray="2 1.6" />
    <path
      d="M5.4 5.6C5.5 4.6 6.2 4.1 7 4.1c1 0 1.7.6 1.7 1.4 0 1.2-1.6 1.2-1.6 2.4"
      {...line}
      strokeWidth="1.2"
    />
    <circle cx="7.05" cy="9.9" r="0.8" fill="currentColor" />
  </Sign>
);

export type VerdictSignName = 'ready' | 'consent' | 'not' | 'unknown' | 'warning';

export const VerdictSign = ({ verdict, label }: { verdict: VerdictSignName; label?: string }) => {
  switch (verdict) {
    case 'ready':
      return (
        <Sign tone="success" label={label}>
          <circle cx="7" cy="7" r="5.4" {...line} strokeWidth="1.5" />
          <path d="m4.5 7.2 1.8 1.8 3.3-3.6" {...line} />
        </Sign>
      );
    case 'consent':
      return (
        <Sign tone="warning" label={label}>
          <circle cx="7" cy="7" r="5.4" {...line} strokeWidth="1.5" />
          <path d="M7 1.6a5.4 5.4 0 0 1 0 10.8z" fill="currentColor" />
        </Sign>
      );
    case 'not':
      return (
        <Sign tone="danger" label={label}>
          <circle cx="7" cy="7" r="6" fill="currentColor" />
          <path d="M4 7h6" stroke="var(--vb-surface)" strokeWidth="2" />
        </Sign>
      );
    case 'warning':
      return (
        <Sign tone="warning" label={label}>
          <path d="M7 1.2 13.4 12.6H.6z" fill="currentColor" />
          <path d="M7 5v3.6M7 9.8v1.3" stroke="#151515" strokeWidth="1.5" />
        </Sign>
      );
    case 'unknown':
      return <UnknownSign label={label} />;
  }
};

export type MarkName =
  | 'drift'
  | 'lock'
  | 'stale-lock'
  | 'plug'
  | 'key'
  | 'login'
  | 'folder'
  | 'check'
  | 'undo'
  | 'clock';

/** Small marks beside a name: what is special about it. */
export const Mark = ({ mark, label }: { mark: MarkName; label?: string }) => {
  switch (mark) {
    case 'drift':
      return (
        <Sign tone="warning" label={label}>
          <path d="M2.5 5h9M2.5 9h9M9.3 2 4.7 12" {...line} />
        </Sign>
      );
    case 'lock':
    case 'stale-lock':
      return (
        <Sign tone={mark === 'lock' ? 'info' : 'warning'} label={label}>
          <rect x="2.6" y="6.2" width="8.8" height="6.4" rx="1" fill="currentColor" />
          <path d="M4.6 6.4V4.2a2.4 2.4 0 0 1 4.8 0v2.2" {...line} />
        </Sign>
      );
    case 'plug':
      return (
        <Sign tone="warning" label={label}>
          <path d="M4.6 1.4v3M9.4 1.4v3M3 4.6h8v2.2a4 4 0 0 1-8 0zM7 10.6v2.6" {...line} strokeWidth="1.5" />
          <path d="M1.4 12.8 12.6 1.4" {...line} />
        </Sign>
      );
    case 'key':
      return (
        <Sign tone="danger" label={label}>
          <circle cx="9.4" cy="4.6" r="2.8" {...line} strokeWidth="1.9" />
          <path d="M7.4 6.6 1.8 12.2M3.4 10.4l1.8 1.8" {...line} strokeWidth="1.9" />
        </Sign>
      );
    case 'login':
      return (
        <Sign tone="danger" label={label}>
          <rect x="2.6" y="6.2" width="8.8" height="6.4" rx="1" fill="currentColor" />
          <path d="M4.6 6.4V4.2a2.4 2.4 0 0 1 4.8 0v2.2" {...line} />
        </Sign>
      );
    case 'folder':
      return (
        <Sign tone="subtle" label={label}>
          <path d="M1.4 3h4l1.4 1.6h5.8v6.6H1.4z" fill="currentColor" />
        </Sign>
      );
    case 'check':
      return (
        <Sign tone="success" label={label}>
          <path d="m2 7.4 3.4 3.4L12 3.6" {...line} strokeWidth="2.2" />
        </Sign>
      );
    case 'undo':
      return (
        <Sign tone="plain" label={label}>
          <path d="M3.2 4.2A5 5 0 1 1 2.2 8.4" {...line} strokeWidth="1.8" />
          <path d="M2.4 1.2v3.6H6" {...line} strokeWidth="1.8" />
        </Sign>
      );
    case 'clock':
      return (
        <Sign tone="subtle" label={label}>
          <circle cx="7" cy="7" r="5.4" {...line} strokeWidth="1.4" />
          <path d="M7 3.8V7l2.2 1.6" {...line} strokeWidth="1.4" />
        </Sign>
      );
  }
};

/** Turns while something works; still when motion is reduced. */
export const Spinner = ({ label }: { label?: string }) => (
  // biome-ignore lint/a11y/noSvgWithoutTitle: it has a label, or it is hidden
  <svg
    className="vb-sign vb-tone-info vb-spin"
    viewBox="0 0 14 14"
    width="14"
    height="14"
    {...(label ? { role: 'img', 'aria-label': label } : { 'aria-hidden': true })}
  >
    <circle cx="7" cy="7" r="5.2" {...line} strokeWidth="1.8" strokeDasharray="6 2.2" />
  </svg>
);
