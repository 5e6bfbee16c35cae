/** The frame of a view: its head with the one h1, which gets the focus when the view opens. */
import { type ReactNode, useEffect, useRef } from 'react';

export type Crumb = { text: string; href: string };

export const ViewHead = ({
  title,
  note,
  crumb,
  children,
  tone,
}: {
  title: ReactNode;
  note?: ReactNode;
  crumb?: Crumb;
  /** tools, right of the title */
  children?: ReactNode;
  tone?: 'danger' | 'operation';
}) => {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    // A screen reader then reads the new view's name; a field that took the focus by itself keeps it.
    document.title = `${heading.current?.textContent ?? ''} · VBDesk`;
    if (document.activeElement === document.body || document.activeElement === null) heading.current?.focus();
  }, []);
  return (
    <div className={`vb-head${tone ? ` vb-head-${tone}` : ''}`}>
      {crumb && (
        <nav aria-label="Breadcrumb" className="vb-crumb">
          <a href={crumb.href}>{crumb.text}</a>
          <span aria-hidden="true">/</span>
        </nav>
      )}
      <h1 ref={heading} tabIndex={-1}>
        {title}
      </h1>
      {note && <span className="vb-head-note">{note}</span>}
      {children}
    </div>
  );
};

export const Section = ({
  title,
  note,
  children,
  className = '',
}: {
  title: ReactNode;
  note?: ReactNode;
  children: ReactNode;
  className?: string;
}) => (
  <section className={`vb-section ${className}`}>
    <div className="vb-section-head">
      <h2>{title}</h2>
      {note && <span className="vb-subtle">{note}</span>}
    </div>
    {children}
  </section>
);

/** Names and values, one pair a line. */
export const Facts = ({ facts }: { facts: readonly { name: string; value: ReactNode }[] }) => (
  <dl className="vb-facts">
    {facts.map((fact) => (
      <div key={fact.name}>
        <dt>{fact.name}</dt>
        <dd>{fact.value}</dd>
      </div>
    ))}
  </dl>
);
