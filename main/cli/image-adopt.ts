/** `vbdesk image adopt`: images that no instance owns become one, where they lie. */
import type { Command } from 'commander';
import { lookupOf } from '../../core/cluster/lookup.ts';
import type { Snapshot } from '../../core/cluster/snapshot.ts';
import { parseNetOption } from '../../core/ganeti/option-values.ts';
import type { AdoptIntent } from '../../core/plan/intent.ts';
import { shown } from '../../core/storage/checked.ts';
import { FILE_DRIVERS } from '../../core/storage/drivers.ts';
import { usageError } from './cli-error.ts';
import { type Action, collect } from './command.ts';
import type { CommandContext } from './context.ts';
import { oneOf } from './disk-words.ts';
import { guestOf, readOption } from './guest-options.ts';
import { perform } from './perform.ts';
import { knownNode, lookToChange } from './resolve.ts';

type AdoptOptions = {
  name?: string;
  node: string;
  backendParameters?: string;
  hypervisorParameters?: string;
  net?: string[];
  nics: boolean;
  driver?: string;
  start?: boolean;
};

const nicsOf = (
  context: CommandContext,
  { net, nics }: AdoptOptions,
  snapshot: Snapshot,
  node: string,
): AdoptIntent['nics'] => {
  if (!nics) {
    if (net) throw usageError('--no-nics and --net contradict each other.', 'bad-input');
    return [];
  }
  if (!net) return null;
  const bridge = lookupOf(snapshot).byName.get(node)?.facts?.bridges[0] ?? 'xenbr0';
  const cards = net.map((each) => readOption(context, parseNetOption(each)));
  cards.sort((a, b) => a.index - b.index);
  if (cards.some((each, at) => each.index !== at))
    throw usageError('--net: cards are numbered from 0, each once, without gaps.', 'bad-input');
  return cards.map((each) => ({ bridge: each.bridge ?? bridge, mac: each.mac ?? null }));
};

const adopt = async (context: CommandContext, given: string[], options: AdoptOptions): Promise<void> => {
  const paths = given.map((each) => (each.length > 1 ? each.replace(/\/+$/, '') : each));
  const [first, ...more] = paths;
  const wrong = paths.find((each) => !each.startsWith('/'));
  if (wrong !== undefined)
    throw usageError(
      `${shown(wrong)} is no absolute path: name the folder or the images as they lie on the node.`,
      'bad-input',
    );
  const name =
    options.name ??
    (first !== undefined && more.length === 0 ? first.slice(first.lastIndexOf('/') + 1) : undefined);
  if (name === undefined) throw usageError('The name of the instance is missing: --name NAME.', 'bad-input');
  const [node = '', secondary, ...rest] = options.node.split(':');
  if (rest.length > 0)
    throw usageError(`-n takes NODE or NODE:SECONDARY, not ${shown(options.node)}.`, 'bad-input');
  const guest = guestOf(context, options);
  const { cluster, snapshot } = await lookToChange(context);
  await perform(
    context,
    cluster,
    {
      kind: 'adopt',
      name,
      primary: knownNode(snapshot, node),
      secondary: secondary === undefined ? null : knownNode(snapshot, secondary),
      paths,
      driver: options.driver === undefined ? null : oneOf('--driver', options.driver, FILE_DRIVERS),
      guest,
      nics: nicsOf(context, options, snapshot, node),
      start: options.start === true,
    },
    true,
  );
};

const adoptHelp = `
FOLDER is a folder below a storage directory: its images are known by their names (sda, sdb, …; disk0 or <uuid>.file.disk0, as
Ganeti names them), and stay where they are. FILE… are images named one by one, in the order of the disks: those of one folder
stay where they are; those of several are renamed into a folder of the instance's own, in the same storage directory.
No image is written to or copied. A xen.cfg beside them says how the guest was set up, where no option does.
A folder with a record that lies where it was written is an instance already: nothing has to be adopted.

Examples:
  vbdesk image adopt /srv/ganeti/file-storage/old.example.org -n node1:node2 -B memory=1G -H bootloader=pygrub
  vbdesk image adopt /srv/ganeti/file-storage/in/root.img /srv/ganeti/file-storage/in/data.img --name web3.example.org \\
      -n node1 -B memory=512M -H kernel=/boot/guest-vmlinuz,root=/dev/xvda --net 0:bridge=xenbr0 --start
`;

/** Adds `adopt` below `image`, which is made where nobody made it yet. */
export const addImageAdopt = (program: Command, action: Action): void => {
  const image =
    program.commands.find((each) => each.name() === 'image') ??
    program
      .command('image')
      .description("image files: an instance's disks, and what else lies in the storage");
  image
    .command('adopt <path...>')
    .usage('[options] -n NODE[:SECONDARY] FOLDER|FILE...')
    .description('make an instance of images that are there and that no instance owns')
    .option('--name <name>', 'name of the instance; else that of the folder')
    .requiredOption('-n, --node <node[:secondary]>', 'where it runs, and where it is failed over to')
    .option('-B, --backend-parameters <parameters>', 'memory=512M,vcpus=1; else as xen.cfg says')
    .option('-H, --hypervisor-parameters <parameters>', 'type=pv,kernel=FILE,…; else as xen.cfg says')
    .option('--net <card>', 'N:bridge=xenbr0[,mac=…] (may be repeated); else as xen.cfg says', collect)
    .option('--no-nics', 'no network card, whatever xen.cfg says')
    .option('--driver <driver>', `${FILE_DRIVERS.join(', ')}; else as xen.cfg says, or what serves the type`)
    .option('--start', 'start it when it is adopted')
    .addHelpText('after', adoptHelp)
    .action(action(adopt));
};
