/** The way back from a run that is done: offered where a plan for it stands, else with every reason why there is none. */
import { Button, Tooltip } from '@patternfly/react-core';
import { useEffect, useState } from 'react';
import type { Output } from '../../../core/contract.ts';
import type { Run } from '../../../core/plan/run.ts';
import { useApp, useDesk } from '../../desk/desk-context.tsx';
import { useNavigator } from '../../navigation/navigator.tsx';

/** Why it can't be undone as far as is known now; null where it can, or where that could not be asked. */
const useImpossible = (run: Run): string | null => {
  const desk = useDesk();
  const { open, snapshot } = useApp();
  const [found, setFound] = useState<Output<'run.revert'> | null>(null);
  const known = open === run.cluster && snapshot !== null;
  const takenAt = known ? snapshot.takenAt : 0;
  // biome-ignore lint/correctness/useExhaustiveDependencies: asked again when the nodes have shown something new
  useEffect(() => {
    if (!known) return undefined;
    let current = true;
    void desk.call('run.revert', { run: run.id, fresh: false }).then((answer) => {
      // what could not be asked is asked again by the review
      if (current) setFound(answer.ok ? answer.value : null);
    });
    return () => {
      current = false;
    };
  }, [desk, run.id, known, takenAt]);
  if (open !== run.cluster)
    return `Open ${run.cluster} first: its nodes are read before anything is planned.`;
  return known && found?.may === false ? found.why.join(' ') : null;
};

export const UndoButton = ({ run }: { run: Run }) => {
  const { go } = useNavigator();
  const impossible = useImpossible(run);
  const button = (
    <Button
      variant="secondary"
      isAriaDisabled={impossible !== null}
      onClick={() => impossible === null && go({ view: 'revert', run: run.id })}
    >
      Undo…
      {impossible !== null && <span className="vb-hidden"> Not possible: {impossible}</span>}
    </Button>
  );
  return impossible === null ? button : <Tooltip content={impossible}>{button}</Tooltip>;
};
