/** Asks a node that shows an instance's folder for the snapshots in one of its disks. */
import { findInstances } from '../../core/cluster/instances.ts';
import type { DiskSnapshot } from '../../core/contract.ts';
import { workingNode } from '../../core/plan/subject.ts';
import { readSnapshots, snapshotsScript } from '../node/image-snapshots.ts';
import type { ClusterSession } from './cluster-session.ts';
import { DeskError } from './dispatch.ts';

export const snapshotsOfDisk = async (
  session: ClusterSession,
  instance: string,
  index: number,
): Promise<DiskSnapshot[]> => {
  const snapshot = session.hasAnswered() ? session.snapshot() : await session.refresh();
  const found = findInstances(snapshot, instance);
  const [view] = found;
  if (!view || found.length > 1)
    throw new DeskError(
      'bad-input',
      `There is not exactly one instance ${instance} in ${session.cluster.name}.`,
    );
  const disk = view.disks[index];
  if (!disk) throw new DeskError('bad-input', `${view.name} has no disk ${index}.`);
  if (disk.type !== 'qcow2')
    throw new DeskError('bad-input', `${disk.path} is ${disk.type}, and only qcow2 images hold snapshots.`);
  const node = workingNode(view);
  if (node === null)
    throw new DeskError(
      'no-folder',
      `No node that answers shows ${view.folder}, so its snapshots can't be read.`,
    );
  const result = await session.shells(node).run(snapshotsScript(disk.path), { timeoutMs: 90_000 });
  if (result.code !== 0)
    throw new DeskError(
      'snapshots',
      `${node}: ${result.stderr.toString().trim() || `exit code ${result.code}`}`,
      node,
    );
  return readSnapshots(result.stdout.toString());
};
