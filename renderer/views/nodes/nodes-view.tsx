import { Button, Tooltip } from '@patternfly/react-core';
import PlusIcon from '@patternfly/react-icons/dist/esm/icons/plus-icon';
import { useState } from 'react';
import { deriveInstances } from '../../../core/cluster/instances.ts';
import { useApp, useCall, useSnapshot } from '../../desk/desk-context.tsx';
import { answering } from '../../model/node-words.ts';
import { useNavigator } from '../../navigation/navigator.tsx';
import { FailureNote } from '../../parts/failure-note.tsx';
import { ViewHead } from '../../parts/page.tsx';
import { ScrollRegion } from '../../parts/scroll-region.tsx';
import { useNow } from '../../parts/use-now.ts';
import { NodeCard } from './node-card.tsx';
import './nodes.css';
import { StartOverDialog } from './start-over-dialog.tsx';

export const NodesView = () => {
  const app = useApp();
  const snapshot = useSnapshot();
  const { go } = useNavigator();
  const now = useNow();
  const [asking, setAsking] = useState(false);
  const refresh = useCall('cluster.refresh');
  const reset = useCall('practice.reset');
  const practice = snapshot.cluster.kind === 'practice';
  const instances = deriveInstances(snapshot);
  const amount = (name: string) => ({
    primary: instances.filter((each) => each.primary === name).length,
    secondary: instances.filter((each) => each.secondary === name).length,
  });
  const add = (
    <Button
      icon={<PlusIcon />}
      isAriaDisabled={practice}
      onClick={() => !practice && go({ view: 'add-node' })}
    >
      Add node
      {practice && (
        <span className="vb-hidden"> Not possible: the practice cluster has its three nodes.</span>
      )}
    </Button>
  );
  return (
    <>
      <ViewHead title="Nodes" note={`${answering(snapshot)} of ${snapshot.nodes.length} answer`}>
        <span className="vb-head-end">
          {practice && (
            <Button variant="link" isDisabled={reset.busy} onClick={() => setAsking(true)}>
              {reset.busy ? 'Starting over…' : 'Start practice over…'}
            </Button>
          )}
          <Button
            variant="secondary"
            isDisabled={refresh.busy || app.refreshing}
            onClick={() => void refresh.send({ name: snapshot.cluster.name })}
          >
            {app.refreshing || refresh.busy ? 'Reading…' : 'Read all now'}
          </Button>
          {practice ? <Tooltip content="The practice cluster has its three nodes.">{add}</Tooltip> : add}
        </span>
      </ViewHead>
      <FailureNote failure={refresh.failure} onClose={refresh.dismiss} />
      <FailureNote
        failure={reset.failure}
        onClose={reset.dismiss}
        what="The practice cluster could not be started over."
      />
      {asking && (
        <StartOverDialog
          instances={instances.map((each) => each.name)}
          onClose={() => setAsking(false)}
          onStartOver={() => {
            setAsking(false);
            void reset.send({});
          }}
        />
      )}
      <ScrollRegion className="vb-scroll vb-nodes" label="Nodes">
        {snapshot.nodes.map((node) => (
          <NodeCard
            key={node.name}
            node={node}
            member={snapshot.cluster.nodes.find((each) => each.name === node.name)}
            instances={amount(node.name)}
            now={now}
          />
        ))}
      </ScrollRegion>
    </>
  );
};
