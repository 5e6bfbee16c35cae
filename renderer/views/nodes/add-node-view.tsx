import { useSnapshot } from '../../desk/desk-context.tsx';
import { addNodeForm } from '../connect/connect-form.ts';
import { NodesForm } from '../connect/connect-view.tsx';

export const AddNodeView = () => {
  const { cluster } = useSnapshot();
  return (
    <NodesForm
      initial={addNodeForm(cluster)}
      known={cluster.nodes}
      title={`Add a node to ${cluster.name}`}
      action={(name) => `Add to ${name}`}
      home={{ text: 'Nodes', route: { view: 'nodes' } }}
    />
  );
};
