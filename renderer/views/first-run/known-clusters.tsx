import { Button } from '@patternfly/react-core';
import type { AppState } from '../../../core/contract.ts';
import { useCall } from '../../desk/desk-context.tsx';
import { useNavigator } from '../../navigation/navigator.tsx';
import { FailureNote } from '../../parts/failure-note.tsx';
import { count } from '../../parts/format.ts';

export const KnownClusters = ({ clusters }: { clusters: AppState['clusters'] }) => {
  const { go } = useNavigator();
  const open = useCall('cluster.open');
  const forget = useCall('cluster.forget');
  if (clusters.length === 0) return null;
  return (
    <section className="vb-known" aria-label="Known clusters">
      <h2>{count(clusters.length, 'known cluster')}</h2>
      <ul>
        {clusters.map((cluster) => (
          <li key={cluster.name}>
            <strong>{cluster.name}</strong>
            <span className="vb-subtle vb-grow">{count(cluster.nodes, 'node')}</span>
            <Button
              variant="secondary"
              isDisabled={open.busy}
              onClick={() =>
                void open.send({ name: cluster.name }).then((opened) => opened && go({ view: 'overview' }))
              }
            >
              Open<span className="vb-hidden"> {cluster.name}</span>
            </Button>
            <Button
              variant="link"
              isDisabled={forget.busy}
              onClick={() => void forget.send({ name: cluster.name })}
              title="Forgets this workstation's file about it; its nodes are not touched"
            >
              Forget<span className="vb-hidden"> {cluster.name}; its nodes are not touched</span>
            </Button>
          </li>
        ))}
      </ul>
      <FailureNote failure={open.failure} onClose={open.dismiss} what="It could not be opened." />
      <FailureNote failure={forget.failure} onClose={forget.dismiss} what="It could not be forgotten." />
    </section>
  );
};
