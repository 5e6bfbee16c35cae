/** What lies on the nodes and belongs to no instance: shown, never touched. */
import type { OrphanFolder } from '../../../core/cluster/instances.ts';
import type { InTrash } from '../../../core/cluster/trash.ts';
import type { GuestByHand } from '../../../core/plan/adopt/guests-by-hand.ts';
import { RouteLink } from '../../navigation/navigator.tsx';
import { count, shortBytes } from '../../parts/format.ts';
import { Names } from '../../parts/names.tsx';
import { Section } from '../../parts/page.tsx';
import { Mark } from '../../parts/signs.tsx';
import { GuestsByHand } from './guests-by-hand.tsx';

export const Leftovers = ({
  orphans,
  byHand,
  removed,
}: {
  /** folders in the trash of a storage directory */
  removed: readonly InTrash[];
  orphans: readonly OrphanFolder[];
  byHand: readonly GuestByHand[];
}) => {
  if (orphans.length === 0 && byHand.length === 0 && removed.length === 0) return null;
  const locked = removed.filter((each) => each.lock !== null).length;
  return (
    <div className="vb-leftovers">
      {orphans.length > 0 && (
        <Section title="Folders that no instance owns" note="VBDesk does not touch them">
          <ul className="vb-plain-list">
            {orphans.map((orphan) => (
              <li key={`${orphan.path} ${orphan.nodes.join(' ')}`}>
                <Mark mark="folder" />
                <code>{orphan.path}</code>
                <span>
                  {orphan.text}{' '}
                  {orphan.files.length > 0 &&
                    `${orphan.files.join(', ')}, ${shortBytes(orphan.allocated)} on disk.`}
                </span>
                <span className="vb-subtle">
                  seen by <Names names={orphan.nodes} />
                </span>
                {orphan.kind === 'no-record' && orphan.files.length > 0 && orphan.nodes[0] !== undefined && (
                  <RouteLink to={{ view: 'adopt', node: orphan.nodes[0], paths: [orphan.path] }}>
                    Adopt…
                  </RouteLink>
                )}
                {orphan.kind === 'locked' && (
                  <RouteLink to={{ view: 'review', kind: 'unlock', subject: orphan.path }}>
                    Break its lock…
                  </RouteLink>
                )}
              </li>
            ))}
          </ul>
        </Section>
      )}
      <GuestsByHand guests={byHand} />
      {removed.length > 0 && (
        <Section title="Removed instances" note="their folders wait in the trash of the storage directory">
          <ul className="vb-plain-list">
            <li>
              <Mark mark="folder" />
              <span>
                {count(removed.length, 'folder')} in the trash
                {removed.some((each) => each.allocated !== null) &&
                  `, ${shortBytes(removed.reduce((sum, each) => sum + (each.allocated ?? 0), 0))} on disk`}
                {locked > 0 && `, ${locked} of them locked`}.
              </span>
              <RouteLink to={{ view: 'trash' }}>Open the trash</RouteLink>
            </li>
          </ul>
        </Section>
      )}
    </div>
  );
};
