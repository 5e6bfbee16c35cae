/** `vbdesk instance rename|os-export`: what else the scripts of an OS definition are run for. */
import type { Command } from 'commander';
import { changeInstance } from './change-instance.ts';
import { usageError } from './cli-error.ts';
import type { Action } from './command.ts';
import type { CommandContext } from './context.ts';

const rename = (
  context: CommandContext,
  name: string,
  newName: string,
  options: { osRename?: boolean },
): Promise<void> =>
  changeInstance(context, name, (view) => ({
    kind: 'rename',
    instance: view.uuid,
    name: newName,
    ...(options.osRename === true ? { osRename: true as const } : {}),
  }));

const osExport = (
  context: CommandContext,
  name: string,
  options: { disk: string; output: string },
): Promise<void> => {
  if (!/^\d{1,2}$/.test(options.disk))
    throw usageError(`--disk takes the number of a disk, from 0, not ${options.disk}.`, 'bad-input');
  return changeInstance(context, name, (view) => ({
    kind: 'os-export',
    instance: view.uuid,
    disk: Number(options.disk),
    output: options.output,
  }));
};

export const addNameCommands = (instance: Command, action: Action): void => {
  instance
    .command('rename <name> <new-name>')
    .description('give a stopped instance another name: folder, record and xen.cfg')
    .option('--os-rename', 'let the script rename of its OS definition tell the system in the images as well')
    .addHelpText(
      'after',
      `
Its uuid, its network cards and its images stay; no image is copied. It is refused while it runs, while it has replicas, while
other images build on its own, and where xen.cfg names its folder elsewhere than in its disks. If a step fails, all is as before, but
for what the script of --os-rename wrote into the images by then: that is not taken back.

Examples:
  vbdesk instance rename web1.example.org www.example.org
  vbdesk instance rename web1.example.org www.example.org --os-rename
`,
    )
    .action(action(rename));
  instance
    .command('os-export <name>')
    .description(
      'let the export script of its OS definition write a disk of a stopped instance to a file on the node',
    )
    .requiredOption('--output <file>', 'where to, on its primary node: a path that does not exist yet')
    .option('--disk <number>', 'which disk', '0')
    .addHelpText(
      'after',
      `
The disk is attached read-only. What the script writes goes to FILE.partial.RUN, and gets its name when it is whole. It is what
that OS definition makes of a disk, often a dump of its file system, not an image: only its own import script reads it.

Examples:
  vbdesk instance os-export web1.example.org --disk 0 --output /srv/backup/web1.dump
  vbdesk instance add … --disk 0:size=10G -o debootstrap+default --os-import /srv/backup/web1.dump web2.example.org
`,
    )
    .action(action(osExport));
};
