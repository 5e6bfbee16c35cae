/** The plan as one shell script for an administrator without VBDesk: copied, or saved as a file. */
import { Button } from '@patternfly/react-core';
import CopyIcon from '@patternfly/react-icons/dist/esm/icons/copy-icon';
import { useEffect, useState } from 'react';
import type { Failure } from '../../core/contract.ts';
import { openReasons, type Plan } from '../../core/plan/plan.ts';
import { useDesk } from '../desk/desk-context.tsx';
import { FailureNote } from '../parts/failure-note.tsx';

/** A download, as a click on a link with a name is one. */
const save = (name: string, text: string): void => {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/x-shellscript' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
};

const fileName = (plan: Plan): string =>
  `${plan.intent.kind}-${plan.subject.name.replaceAll(/[^A-Za-z0-9._-]+/g, '-').slice(0, 80)}.sh`;

export const ScriptButtons = ({ plan }: { plan: Plan }) => {
  const desk = useDesk();
  const [said, setSaid] = useState('');
  const [failure, setFailure] = useState<Failure | null>(null);
  useEffect(() => {
    if (said === '') return undefined;
    const timer = setTimeout(() => setSaid(''), 4000);
    return () => clearTimeout(timer);
  }, [said]);
  const isOpen = openReasons(plan).length > 0;
  const make = async (use: (text: string) => Promise<string>) => {
    setFailure(null);
    const { cluster, intent, approval } = plan;
    const answer = await desk.call('plan.script', { cluster, intent, approval });
    if (answer.ok) setSaid(await use(answer.value.text));
    else setFailure(answer.error);
  };
  const copy = (text: string): Promise<string> =>
    navigator.clipboard.writeText(text).then(
      () => 'Copied',
      () => 'Not allowed here: save it instead',
    );
  return (
    <>
      <div className="vb-row">
        <span className="vb-subtle vb-grow" aria-live="polite">
          {said ||
            (isOpen
              ? 'To be run by hand, without VBDesk: once nothing stands against the plan'
              : 'To be run by hand, without VBDesk: one script with all looks, locks and checks')}
        </span>
        <Button variant="link" icon={<CopyIcon />} isDisabled={isOpen} onClick={() => void make(copy)}>
          Copy as script
        </Button>
        <Button
          variant="link"
          isDisabled={isOpen}
          onClick={() =>
            void make(async (text) => {
              save(fileName(plan), text);
              return `Saved as ${fileName(plan)}`;
            })
          }
        >
          Save as script
        </Button>
      </div>
      <FailureNote failure={failure} what="No script was made." onClose={() => setFailure(null)} />
    </>
  );
};
