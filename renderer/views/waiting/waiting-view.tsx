/** A cluster is open, but no node has answered yet and nothing is remembered of it. */
import { Button } from '@patternfly/react-core';
import { useApp, useCall } from '../../desk/desk-context.tsx';
import { useNavigator } from '../../navigation/navigator.tsx';
import { FailureNote } from '../../parts/failure-note.tsx';
import { ViewHead } from '../../parts/page.tsx';
import { Spinner } from '../../parts/signs.tsx';

export const WaitingView = () => {
  const { open } = useApp();
  const { go } = useNavigator();
  const close = useCall('cluster.close');
  return (
    <>
      <ViewHead title={open ?? 'Cluster'} />
      <div className="vb-empty">
        <p className="vb-row" role="status">
          <Spinner /> The nodes are being read for the first time. Each appears when it has answered.
        </p>
        <FailureNote failure={close.failure} />
        <Button variant="secondary" onClick={() => void close.send({}).then(() => go({ view: 'clusters' }))}>
          Choose another cluster
        </Button>
      </div>
    </>
  );
};
