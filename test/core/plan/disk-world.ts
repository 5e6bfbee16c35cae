import type { InstanceRecord } from '../../../core/cluster/record.ts';
import type { FolderFacts, ImageFacts, Snapshot } from '../../../core/cluster/snapshot.ts';
import type { Approval } from '../../../core/plan/intent.ts';
import type { Plan } from '../../../core/plan/plan.ts';
import {
  changeFolder,
  folderOf,
  gib,
  recordOf,
  sharedDevice,
  sharedDirectory,
  soundCluster,
  takenAt,
  withFacts,
  withFolder,
  withInstance,
} from '../../support/snapshot-builder.ts';

export const run = 'run0000000000000';
export const folder = `${sharedDirectory}/web1`;
export const stopped = withInstance(soundCluster(), 'web1');
export const running = withInstance(soundCluster(), 'web1', {}, 'node1');
export const qcow2Record = recordOf('web1', {
  disks: [
    { logical_id: ['blktap', 'qcow2', `${folder}/sda`], vdev: 'xvda', mode: 'rw', size: gib },
    { logical_id: ['loop', 'raw', `${folder}/sdb`], vdev: 'xvdb', mode: 'rw', size: 2 * gib },
  ],
});
export const qcow2 = withInstance(soundCluster(), 'web1', { disks: qcow2Record.disks });
export const withoutQemu = (snapshot: Snapshot): Snapshot =>
  withFacts(snapshot, 'node1', (facts) => ({
    commands: facts.commands.filter((each) => each !== 'qemu-img'),
  }));
export type Header = ImageFacts;
export const file = (name: string, change: Partial<Header> = {}): Header => ({
  name,
  size: gib,
  allocated: 4096,
  modified: takenAt,
  inode: 77_000 + name.length,
  device: sharedDevice,
  type: 'raw',
  kind: 'file',
  ...change,
});
export const withFiles = (snapshot: Snapshot, ...files: Header[]): Snapshot =>
  changeFolder(snapshot, folder, (each) => ({ files: [...each.files, ...files] }));
export const templates = (files: Header[]): FolderFacts => ({
  storage: sharedDirectory,
  path: `${sharedDirectory}/templates`,
  name: 'templates',
  inode: 4242,
  device: sharedDevice,
  record: null,
  lock: null,
  config: null,
  replica: false,
  files,
});
export const everywhere = ['node1', 'node2', 'node3'];
export const base = `${sharedDirectory}/templates/debian.qcow2`;
export const withBase = (snapshot: Snapshot, change: Partial<Header> = {}): Snapshot =>
  withFolder(
    snapshot,
    everywhere,
    templates([file('debian.qcow2', { type: 'qcow2', virtualSize: gib, ...change })]),
  );
/** web2, whose disk builds on the image with this path. */
export const withClone = (snapshot: Snapshot, on: string): Snapshot => {
  const record = recordOf('web2', {
    disks: [
      { logical_id: ['blktap', 'qcow2', `${sharedDirectory}/web2/sda`], vdev: 'xvda', mode: 'rw', size: gib },
    ],
  });
  return withFolder(snapshot, everywhere, {
    ...folderOf(record),
    files: [file('sda', { type: 'qcow2', inode: 88, backing: on })],
  });
};
export const recordsOf = (made: Plan): InstanceRecord[] =>
  made.steps.flatMap((each) => (each.action.do === 'write-record' ? [each.action.record] : []));
export const configsOf = (made: Plan): string[] =>
  made.steps.flatMap((each) => (each.action.do === 'write-file' ? [each.action.content] : []));
export const stepOf = (made: Plan, name: string) => made.steps.find((each) => each.action.do === name);
export const accepting = (...accept: string[]): Approval => ({ accept, vouched: [] });
