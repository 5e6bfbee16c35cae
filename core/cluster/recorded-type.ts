/** The type of an image as it is recorded, which counts more than its header: a guest can write any header into its raw disk. */
import { parseKeptName } from '../storage/kept-names.ts';
import { imageAt } from './backing.ts';
import type { ImageRow } from './images.ts';
import { findInstances } from './instances.ts';
import { lookupOf } from './lookup.ts';
import { fileType } from './record.ts';
import type { ImageFacts, Snapshot } from './snapshot.ts';

/** By the record, by the replica.json beside it as this node shows it, or by the name under which it is kept; null: nothing says. */
export const recordedType = (
  snapshot: Snapshot,
  node: string,
  { owner, path, name }: Pick<ImageRow, 'owner' | 'path' | 'name'>,
): ImageFacts['type'] => {
  switch (owner.kind) {
    case 'instance':
      return findInstances(snapshot, owner.uuid)[0]?.disks[owner.disk]?.type ?? null;
    case 'replica': {
      const said = imageAt(lookupOf(snapshot).byName.get(node), path)?.folder.replicaRecord;
      const disks = said?.ok ? said.replica.disks : [];
      return disks.find((each) => each.file === name)?.type ?? null;
    }
    case 'kept':
      return fileType.safeParse(parseKeptName(name)?.type).data ?? null;
    default:
      return null;
  }
};
