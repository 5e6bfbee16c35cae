import type { KeyboardEvent, ReactNode } from 'react';

/** A region that scrolls. It can be focused, so that whoever has no mouse can scroll it with the arrow keys. */
export const ScrollRegion = ({
  label,
  className,
  children,
  onKeyDown,
}: {
  label: string;
  className: string;
  children: ReactNode;
  onKeyDown?: (event: KeyboardEvent) => void;
}) => (
  <section
    className={className}
    aria-label={label}
    // biome-ignore lint/a11y/noNoninteractiveTabindex: see above
    tabIndex={0}
    {...(onKeyDown ? { onKeyDown } : {})}
  >
    {children}
  </section>
);
