/** `vbdesk instance add`: the words of `gnt-instance add`, read by the domain's own reader. */
import type { Command } from 'commander';
import { lookupOf } from '../../core/cluster/lookup.ts';
import { templateOn } from '../../core/cluster/operating-systems.ts';
import type { Snapshot } from '../../core/cluster/snapshot.ts';
import type { CreateArguments, Ignored } from '../../core/ganeti/arguments.ts';
import { createIntentOf, storageDirectoryOf } from '../../core/ganeti/create-intent.ts';
import { parseCreateWords } from '../../core/ganeti/create-parser.ts';
import { parseOsName } from '../../core/ganeti/os-name.ts';
import { validateImagePath } from '../../core/storage/paths.ts';
import { usageError } from './cli-error.ts';
import type { Action } from './command.ts';
import type { CommandContext } from './context.ts';
import { perform } from './perform.ts';
import { chooseCluster, knownNode, lookAt } from './resolve.ts';

const bridgeWithoutAny = 'xenbr0';

const defaultsOn = (snapshot: Snapshot, node: string): { storageDirectory: string; bridge: string } => ({
  storageDirectory: snapshot.cluster.storageDirectories[0] ?? '',
  bridge: lookupOf(snapshot).byName.get(node)?.facts?.bridges[0] ?? bridgeWithoutAny,
});

/** The form of the storage directory: whether the cluster has it is the planner's question. */
const checkDirectory = (create: CreateArguments): void => {
  if (create.path === undefined) return;
  const checked = validateImagePath(`${create.path}/x`, [create.path]);
  if (!checked.ok) throw usageError(`-t: path=${create.path}: ${checked.message}`, 'bad-input');
};

const noteIgnored = (context: CommandContext, ignored: readonly Ignored[]): void => {
  for (const { option, reason } of ignored) context.note(`${option} has no effect: ${reason}`);
};

/** Disk 0 is of its template's type where none is said. */
const asItsTemplate = (create: CreateArguments, snapshot: Snapshot): CreateArguments => {
  const parsed = parseOsName(create.os);
  if (!parsed.ok || parsed.os.kind !== 'template' || create.install === false || create.reuse) return create;
  const directory = storageDirectoryOf(create, defaultsOn(snapshot, create.node).storageDirectory);
  const template = templateOn(
    snapshot.nodes.find((each) => each.name === create.node),
    directory,
    parsed.os.name,
  );
  if (!template) return create;
  return {
    ...create,
    disks: create.disks.map((disk) =>
      disk.index === 0 && disk.type === undefined ? { ...disk, type: template.type } : disk,
    ),
  };
};

const add = async (context: CommandContext, words: string[]): Promise<void> => {
  const parsed = parseCreateWords(words);
  if (!parsed.ok) throw usageError(parsed.problems.join('\n'), 'bad-input');
  checkDirectory(parsed.arguments);
  const cluster = await chooseCluster(context);
  const snapshot = await lookAt(context, cluster);
  const { node, secondary } = parsed.arguments;
  knownNode(snapshot, node);
  if (secondary !== undefined) knownNode(snapshot, secondary);
  const intent = createIntentOf(asItsTemplate(parsed.arguments, snapshot), defaultsOn(snapshot, node));
  if (!intent.ok) throw usageError(intent.problems.join('\n'), 'bad-input');
  noteIgnored(context, [...parsed.ignored, ...intent.ignored]);
  await perform(context, cluster, intent.value, true);
};

const addHelp = `
Options, as in gnt-instance add:
  -t file[:path=DIR,driver=loop|blktap,reuse]  files below DIR (else the cluster's first storage directory); reuse takes
                                               the images that lie in the instance's folder already
  --disk N:size=SIZE[,mode=ro][,type=qcow2][,vdev=xvda]   one for each disk, numbered from 0; 5G, 1.5G, 512M
         [,allocation=full]                    raw: takes all of its space at once, where it is sparse else
         [,base=PATH]                          qcow2: a linked clone of an image that is marked read-only
         [,import=PATH]                        a converted copy of any image below a storage directory (vmdk, vhd, vdi, …),
                                               as large as that or as size= says
  -n NODE[:SECONDARY]                          where it runs, and where it is failed over to
  -o none                                      the disks are empty, and what is installed is your own business
  -o template:FILE                             disk 0 is a copy of an image in the template directory
  -o NAME[+VARIANT]  [-O PARAMETER=VALUE,…]    a Ganeti OS definition of the node installs it: vbdesk os list
  --os-parameters-secret PARAMETER=VALUE,…     the same, but never shown
  --os-import [N:]FILE                         the import script of that OS definition writes FILE (on the node) to disk N
                                               (else 0), and nothing else is installed; see vbdesk instance os-export
  --no-install                                 only the name of the operating system is kept
  -B memory=512M,vcpus=1[,maxmem=1G]           memory and virtual CPUs
  -H type=pv|pvh|hvm,kernel=FILE,ramdisk=FILE,root=/dev/xvda,extra=TEXT,bootloader=FILE
  --net N:bridge=xenbr0[,mac=00:16:3e:…]       one for each network card; without any, it has none
  --no-start                                   create it, but do not start it
  Ganeti 3's own spellings (--file-storage-dir, --file-driver, xen-pvm:kernel_path=…, --net 0:link=…) work as well.

Examples:
  vbdesk instance add -t file:path=/srv/ganeti/file-storage,driver=loop --disk 0:size=5G --disk 1:size=10G \\
      -n node1:node2 -o none -B memory=512M,vcpus=1 -H kernel=/boot/guest-vmlinuz,root=/dev/xvda web1.example.org
  vbdesk instance add -t file --disk 0:size=20G -n node1 -o template:debian-12.raw -B memory=1G -H bootloader=pygrub web2
  vbdesk instance add -t file --disk 0:size=5G -n node1 -o debootstrap+default -O suite=stable -H bootloader=pygrub web3
  vbdesk instance add -t file --disk 0:import=/srv/ganeti/file-storage/import/appliance.vmdk -n node1 -o none \\
      -B memory=1G -H bootloader=pygrub web4
  vbdesk instance add -t file:reuse -n node1 -o none -B memory=1G -H bootloader=pygrub old.example.org
`;

export const addInstanceAdd = (instance: Command, action: Action): void => {
  instance
    .command('add')
    .description('create an instance')
    .usage('[options] -t file --disk 0:size=SIZE -n NODE[:SECONDARY] -o none NAME')
    // the words are read by the same reader as pasted gnt-instance commands
    .argument('[words...]')
    .allowUnknownOption()
    .configureHelp({ showGlobalOptions: true, visibleArguments: () => [] })
    .addHelpText('after', addHelp)
    .action(
      action((context: CommandContext, _words: string[], _options: unknown, command: Command) =>
        add(context, command.args),
      ),
    );
};
