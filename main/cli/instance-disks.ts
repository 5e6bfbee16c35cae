/** `vbdesk instance disk add|remove` and `instance grow-disk`. */
import type { Command } from 'commander';
import { changeInstance } from './change-instance.ts';
import type { Action } from './command.ts';
import type { CommandContext } from './context.ts';
import { diskIndex, parseDiskAdd } from './disk-words.ts';
import { grow } from './image-disks.ts';

export const addInstanceDiskCommands = (instance: Command, action: Action): void => {
  const disk = instance.command('disk').description('disks of a stopped instance: added, taken out');
  disk
    .command('add <name> <disk...>')
    .description('give it one more disk')
    .addHelpText(
      'after',
      `
The disk is one of:
  size=5G[,type=qcow2][,allocation=full]   a new image
  base=PATH[,size=10G]                     a linked clone (qcow2) of an image that is marked read-only
  file=NAME                                a file in the instance's folder, such as a disk that was taken out
  import=PATH[,type=qcow2]                 a converted copy of any image below a storage directory (vmdk, vhd, vdi, …)
each with [,vdev=xvdc][,mode=ro][,driver=blktap]. file and import take size= where it is not known what a guest sees of the image.

Examples:
  vbdesk instance disk add web1.example.org size=5G
  vbdesk instance disk add web1.example.org import=/srv/ganeti/file-storage/import/appliance.vmdk
`,
    )
    .action(
      action((context: CommandContext, name: string, words: string[]) => {
        const wanted = parseDiskAdd(words);
        return changeInstance(context, name, (view) => ({
          kind: 'disk-add',
          instance: view.uuid,
          ...wanted,
        }));
      }),
    );
  disk
    .command('remove <name> <disk>')
    .description('take a disk out; its file stays beside the others under another name')
    .option('--purge', 'delete its file; it can not be had back')
    .addHelpText(
      'after',
      `
With --purge the name of the file is typed once more: with --accept delete:FILE, or when it is asked for.

Examples:
  vbdesk instance disk remove web1.example.org 1
  vbdesk instance disk remove web1.example.org 1 --purge --accept delete:sdb
`,
    )
    .action(
      action((context: CommandContext, name: string, text: string, options: { purge?: boolean }) =>
        changeInstance(context, name, (view) => ({
          kind: 'disk-remove',
          instance: view.uuid,
          disk: diskIndex(view, text),
          purge: options.purge === true,
        })),
      ),
    );
  instance
    .command('grow-disk <name> <disk> <amount>')
    .description("Ganeti's word for `image grow`: by an amount such as 5G, or to a size with --absolute")
    .option('--absolute', 'the amount is the new size')
    .action(
      action(
        (
          context: CommandContext,
          name: string,
          text: string,
          amount: string,
          options: { absolute?: boolean },
        ) =>
          grow(
            context,
            name,
            text,
            options.absolute === true ? amount.replace(/^\+/, '') : `+${amount.replace(/^\+/, '')}`,
          ),
      ),
    );
};
