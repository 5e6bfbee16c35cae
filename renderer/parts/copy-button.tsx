import { Button } from '@patternfly/react-core';
import CopyIcon from '@patternfly/react-icons/dist/esm/icons/copy-icon';
import { useEffect, useState } from 'react';

/** Copies a text; says for a moment that it did, or that the browser refused. */
export const CopyButton = ({ text, what = 'Copy' }: { text: string; what?: string }) => {
  const [said, setSaid] = useState<string | null>(null);
  useEffect(() => {
    if (said === null) return undefined;
    const timer = setTimeout(() => setSaid(null), 2500);
    return () => clearTimeout(timer);
  }, [said]);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setSaid('Copied');
    } catch {
      setSaid('Not allowed here: select the text and press Ctrl+C');
    }
  };
  return (
    <Button variant="link" icon={<CopyIcon />} onClick={() => void copy()}>
      <span aria-live="polite">{said ?? what}</span>
    </Button>
  );
};
