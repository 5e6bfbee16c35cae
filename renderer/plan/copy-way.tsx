/** How the bytes of a copy from node to node would travel; where not straight, the agent of this workstation is offered. */
import { Checkbox } from '@patternfly/react-core';
import { useEffect, useState } from 'react';
import type { PlanView, WayOfCopy } from '../../core/contract.ts';
import { copiesBetween } from '../../core/plan/copy/agent.ts';
import { useApp, useDesk } from '../desk/desk-context.tsx';
import { Spinner, VerdictSign } from '../parts/signs.tsx';

export const CopyWay = ({
  view,
  forwardAgent,
  onForwardAgent,
}: {
  /** the newest plan, from which it is known what is copied where */
  view: PlanView | null;
  forwardAgent: boolean;
  onForwardAgent: (lent: boolean) => void;
}) => {
  const desk = useDesk();
  const { open } = useApp();
  const [pair] = view ? copiesBetween(view.plan.steps) : [];
  const [found, setFound] = useState<{ key: string; way: WayOfCopy | string } | null>(null);
  const key = pair ? `${pair.from} ${pair.to} ${pair.forwardAgent}` : '';
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key is all of the pair
  useEffect(() => {
    if (!pair) return undefined;
    let isOld = false;
    void desk.call('copy.way', { cluster: open ?? '', ...pair }).then((answer) => {
      if (!isOld) setFound({ key, way: answer.ok ? answer.value : answer.error.message });
    });
    return () => {
      isOld = true;
    };
  }, [desk, open, key]);
  if (!pair) return null;
  const way = found?.key === key ? found.way : null;
  const offered = forwardAgent || (way !== null && typeof way !== 'string' && !way.straight && way.agent);
  return (
    <div className="vb-stack" role="status">
      {way === null ? (
        <p className="vb-row vb-subtle">
          <Spinner /> Asking {pair.from} whether it reaches {pair.to}…
        </p>
      ) : typeof way === 'string' ? (
        <p className="vb-row">
          <VerdictSign verdict="unknown" /> How the bytes would travel could not be learnt: {way}
        </p>
      ) : (
        <p className="vb-row">
          <VerdictSign verdict={way.straight ? 'ready' : 'warning'} />
          <span className="vb-break">The bytes go {way.text}</span>
        </p>
      )}
      {offered && (
        <Checkbox
          id="forward-agent"
          label="Use my SSH agent for this copy"
          description={`${pair.from} logs in on ${pair.to} with your keys, so that the bytes go straight. Root on ${pair.from} can use the agent until the copy ends; no key leaves this workstation.`}
          isChecked={forwardAgent}
          onChange={(_, lent) => onForwardAgent(lent)}
        />
      )}
    </div>
  );
};
