/** A person's word that a silent node is down. It replaces a proof, so it is typed, never ticked. */
import { TextInput } from '@patternfly/react-core';
import { useEffect, useState } from 'react';
import type { Approval } from '../../core/plan/intent.ts';
import type { Reason } from '../../core/plan/reason.ts';
import { Mark } from '../parts/signs.tsx';

const VouchFor = ({
  node,
  reason,
  onWord,
}: {
  node: string;
  reason: Reason;
  /** how they know, once the words match; null before */
  onWord: (node: string, how: string | null) => void;
}) => {
  const [how, setHow] = useState('');
  const [typed, setTyped] = useState('');
  const words = `${node} is down`;
  const matches = typed.trim() === words;
  const word = matches && how.trim() !== '' ? how.trim() : null;
  useEffect(() => onWord(node, word), [node, word, onWord]);
  const left = words.length - typed.length;
  return (
    <section className="vb-vouch" aria-label={`Your word that ${node} is down`}>
      <div className="vb-vouch-head">
        <h2>Your word replaces the proof: {reason.title}</h2>
      </div>
      <div className="vb-vouch-body">
        <p>{reason.text}</p>
        <p>
          Your word goes into the record and into the log of this run, with your name and the time. If {node}{' '}
          returns with the instance still running, that is shown as an emergency.
        </p>
        <div className="vb-vouch-fields">
          <div>
            <label htmlFor={`how-${node}`}>
              <strong>How do you know?</strong>
            </label>
            <TextInput
              id={`how-${node}`}
              value={how}
              maxLength={500}
              placeholder="pulled both power cords, rack 7"
              onChange={(_, value) => setHow(value)}
            />
          </div>
          <div>
            <label htmlFor={`word-${node}`}>
              <strong>
                Type <code>{words}</code>
              </strong>
            </label>
            <TextInput
              id={`word-${node}`}
              className="vb-mono-input"
              autoComplete="off"
              spellCheck={false}
              value={typed}
              onChange={(_, value) => setTyped(value)}
            />
          </div>
        </div>
        <p role="status" className="vb-row">
          {matches ? (
            <>
              <Mark mark="check" /> The words match{how.trim() === '' ? '; say how you know.' : '.'}
            </>
          ) : (
            <span className="vb-subtle">
              {typed === '' || !words.startsWith(typed)
                ? 'The words do not match yet.'
                : `${left} characters to go.`}
            </span>
          )}
        </p>
      </div>
    </section>
  );
};

export const VouchPanel = ({
  reasons,
  vouched,
  onVouch,
}: {
  reasons: readonly Reason[];
  vouched: Approval['vouched'];
  onVouch: (vouched: Approval['vouched']) => void;
}) => {
  const [words, setWords] = useState<ReadonlyMap<string, string>>(
    () => new Map(vouched.map((each) => [each.node, each.how])),
  );
  const [onWord] = useState(() => (node: string, how: string | null) => {
    setWords((old) => {
      if (old.get(node) === (how ?? undefined)) return old;
      const next = new Map(old);
      if (how === null) next.delete(node);
      else next.set(node, how);
      return next;
    });
  });
  useEffect(() => onVouch([...words].map(([node, how]) => ({ node, how }))), [words, onVouch]);
  return reasons.map((reason) => {
    const node = reason.code.slice('vouch-down:'.length);
    return <VouchFor key={node} node={node} reason={reason} onWord={onWord} />;
  });
};
