/** `vbdesk image grow|release|snapshot`: an instance's images, changed where they lie. */
import type { Command } from 'commander';
import { changeInstance } from './change-instance.ts';
import type { Action } from './command.ts';
import type { CommandContext } from './context.ts';
import { diskIndex, sizeOf } from './disk-words.ts';
import { chooseCluster, knownInstance, lookAt } from './resolve.ts';
import { table, timeText } from './table.ts';

export const grow = (context: CommandContext, name: string, disk: string, size: string): Promise<void> => {
  const wanted = sizeOf(size);
  return changeInstance(context, name, (view) => ({
    kind: 'grow',
    instance: view.uuid,
    disk: diskIndex(view, disk),
    ...wanted,
  }));
};

const listSnapshots = async (context: CommandContext, name: string, disk: string): Promise<void> => {
  const cluster = await chooseCluster(context);
  const view = knownInstance(await lookAt(context, cluster), name);
  const index = diskIndex(view, disk);
  const found = await context.call('disk.snapshots', { cluster, instance: view.uuid, disk: index });
  if (found.length === 0) context.note(`Disk ${index} of ${view.name} has no snapshots.`);
  context.result(
    found,
    found.length === 0
      ? ''
      : table(
          [{ title: 'Tag' }, { title: 'Made' }],
          found.map((each) => [each.tag, timeText(each.at)]),
        ),
  );
};

/** The commands below `image` that change an instance's disks. */
export const addImageDiskCommands = (program: Command, action: Action): void => {
  const image =
    program.commands.find((each) => each.name() === 'image') ??
    program
      .command('image')
      .description("image files: an instance's disks, and what else lies in the storage");
  image
    .command('grow <instance> <disk> <size>')
    .description('make a disk larger: to a size such as 20G, or by +5G')
    .addHelpText(
      'after',
      `
A disk is never made smaller. A raw one may be grown while its guest runs, a qcow2 one while it is stopped. The guest sees the
new size at its next start, and enlarges its file system itself.

Examples:
  vbdesk image grow web1.example.org 0 +5G
  vbdesk image grow web1.example.org xvdb 20G
`,
    )
    .action(action(grow));
  image
    .command('release <instance> <file>')
    .description('delete a file that a conversion or the removal of a disk kept, such as sda.before-…')
    .addHelpText(
      'after',
      `
The name of the file is typed once more: with --accept delete:FILE, or when it is asked for.

Examples:
  vbdesk image release web1.example.org sda.before-4f1c --accept delete:sda.before-4f1c
`,
    )
    .action(
      action((context: CommandContext, name: string, file: string) =>
        changeInstance(context, name, (view) => ({ kind: 'release', instance: view.uuid, file })),
      ),
    );
  const snapshot = image
    .command('snapshot')
    .description('snapshots inside a qcow2 disk of a stopped instance');
  snapshot
    .command('list <instance> <disk>')
    .description('the snapshots that are in it')
    .action(action(listSnapshots));
  const changes = [
    ['create', 'keep the disk as it is now under a tag'],
    ['revert', 'make the disk what it was; what was written since is lost'],
    ['delete', 'forget a snapshot; the disk stays as it is now'],
  ] as const;
  for (const [change, description] of changes)
    snapshot
      .command(`${change} <instance> <disk> <tag>`)
      .description(description)
      .action(
        action((context: CommandContext, name: string, disk: string, tag: string) =>
          changeInstance(context, name, (view) => ({
            kind: 'snapshot',
            instance: view.uuid,
            disk: diskIndex(view, disk),
            change,
            tag,
          })),
        ),
      );
};
