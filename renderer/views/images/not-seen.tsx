/** What is not known of the images, and what is said when there are none. */
import { Button } from '@patternfly/react-core';
import type { StorageRow } from '../../../core/cluster/images.ts';
import type { NodeSnapshot } from '../../../core/cluster/snapshot.ts';
import { useNavigator } from '../../navigation/navigator.tsx';
import { shortBytes, span } from '../../parts/format.ts';
import { Names } from '../../parts/names.tsx';
import { Spinner, StateSign } from '../../parts/signs.tsx';

/** Nodes that have not told anything yet, and the age of what is shown when none answers. */
export const NotSeen = ({ nodes, now }: { nodes: readonly NodeSnapshot[]; now: number }) => {
  const without = nodes.filter((node) => node.facts === null);
  const asked = without.filter((node) => node.trouble !== null && node.trouble.kind !== 'not-asked');
  const waiting = without.filter((node) => !asked.includes(node));
  const silent = nodes.length > 0 && nodes.every((node) => node.trouble !== null);
  const last = Math.max(...nodes.map((node) => (node.facts === null ? 0 : (node.seenAt ?? 0))));
  return (
    <>
      {silent && last > 0 && waiting.length === 0 && (
        <p className="vb-images-note" role="status">
          <StateSign state="not-seen" /> No node answers. This is what they told {span(now - last)} ago; what
          has an image open is not known.
        </p>
      )}
      {waiting.length > 0 && (
        <p className="vb-images-note" role="status">
          <Spinner /> <Names names={waiting.map((node) => node.name)} />: the images appear when the node
          answers.
        </p>
      )}
      {asked.length > 0 && (
        <p className="vb-images-note" role="status">
          <StateSign state="not-seen" /> What lies on <Names names={asked.map((node) => node.name)} /> is not
          known: no answer yet.
        </p>
      )}
    </>
  );
};

export const NoImages = ({
  storages,
  names,
}: {
  storages: readonly StorageRow[];
  names: ReadonlyMap<string, string>;
}) => {
  const { go } = useNavigator();
  return (
    <div className="vb-empty">
      <h2>No images yet</h2>
      {storages.length === 0 ? (
        <p>No node has shown a storage directory.</p>
      ) : (
        <ul className="vb-plain-list">
          {storages.map((each) => (
            <li key={each.key}>
              <strong>{names.get(each.key) ?? each.path}</strong>
              <span>
                {each.state === 'ok'
                  ? `${shortBytes(each.free)} free of ${shortBytes(each.capacity)}`
                  : 'its directory can not be read'}
              </span>
              <code>{each.path}</code>
            </li>
          ))}
        </ul>
      )}
      <p>
        An image file is made with its instance. Files that are copied into a folder of a storage directory
        appear here, and can be adopted.
      </p>
      <Button onClick={() => go({ view: 'create' })}>Create instance</Button>
    </div>
  );
};
