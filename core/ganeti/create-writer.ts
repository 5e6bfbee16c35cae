import type { CreateIntent } from '../plan/intent.ts';
import { formatSizeArgument } from '../storage/sizes.ts';
import type { CreateArguments, DiskArgument } from './arguments.ts';
import { TEMPLATE_PREFIX } from './os-name.ts';
import { escapeCommas, shellWord } from './words.ts';

/** `design`: the design document's form, which `vbdesk instance add` takes; `ganeti`: what Ganeti 3 has that comes nearest. */
export type CommandForm = 'design' | 'ganeti';

type Pairs = [string, string | number | undefined][];

function join(pairs: Pairs): string {
  return pairs
    .filter(([, value]) => value !== undefined && value !== '')
    .map(([key, value]) => `${key}=${escapeCommas(String(value))}`)
    .join(',');
}

/** `head:pairs`, or only the head where there are no pairs. */
function headed(head: string | number, pairs: Pairs): string {
  const list = join(pairs);
  return list === '' ? String(head) : `${head}:${list}`;
}

function diskWord(disk: DiskArgument, form: CommandForm): string {
  const pairs: Pairs = [
    ['size', disk.size === undefined || disk.size === 0 ? undefined : formatSizeArgument(disk.size)],
    ['mode', disk.mode === 'ro' ? 'ro' : undefined],
    ['name', disk.name],
    ['adopt', disk.adopt],
  ];
  if (form === 'design')
    pairs.push(
      ['type', disk.type],
      ['vdev', disk.vdev],
      ['allocation', disk.allocation],
      ['base', disk.base],
      ['import', disk.import],
    );
  return headed(disk.index, pairs);
}

function hypervisorWord({ guest }: CreateArguments, form: CommandForm): string {
  if (form === 'design') {
    const { type, kernel, ramdisk, root, extra, bootloader, boot } = guest;
    return join([
      ['type', type],
      ['kernel', kernel],
      ['ramdisk', ramdisk],
      ['root', root],
      ['extra', extra],
      ['bootloader', bootloader],
      ['boot', boot],
    ]);
  }
  const pairs: Pairs =
    guest.type === 'hvm'
      ? [['boot_order', guest.boot]]
      : [
          ['kernel_path', guest.kernel],
          ['initrd_path', guest.ramdisk],
          ['root_path', guest.root],
          ['kernel_args', guest.extra],
          ['use_bootloader', guest.bootloader === undefined ? undefined : 'True'],
          ['bootloader_path', guest.bootloader],
        ];
  return headed(guest.type === 'hvm' ? 'xen-hvm' : 'xen-pvm', pairs);
}

function templateWords(create: CreateArguments, form: CommandForm): string[] {
  if (form === 'ganeti') {
    const directory = create.path === undefined ? [] : ['--file-storage-dir', create.path];
    return ['-t', 'file', ...directory, '--file-driver', create.driver];
  }
  const parts = join([
    ['path', create.path],
    ['driver', create.driver],
  ]);
  return ['-t', `file:${parts}${create.reuse ? ',reuse' : ''}`];
}

/** The words of the command, `gnt-instance` first. */
export function createWords(create: CreateArguments, form: CommandForm = 'design'): string[] {
  const { guest } = create;
  const memory: Pairs =
    guest.maxMemoryMib === undefined
      ? [['memory', `${guest.memoryMib}M`]]
      : [
          ['minmem', `${guest.memoryMib}M`],
          ['maxmem', `${guest.maxMemoryMib}M`],
        ];
  const words = ['gnt-instance', 'add', ...templateWords(create, form)];
  for (const disk of create.disks) words.push('--disk', diskWord(disk, form));
  words.push('-n', create.secondary === undefined ? create.node : `${create.node}:${create.secondary}`);
  words.push('-o', create.os);
  const parameters = Object.entries(create.osParameters ?? {});
  if (parameters.length > 0)
    words.push('-O', parameters.map(([name, value]) => `${name}=${escapeCommas(value)}`).join(','));
  // a command that is shown never holds a secret
  const secrets = Object.keys(create.osSecrets ?? {}).map((name): [string, string] => [name, '…']);
  if (secrets.length > 0) words.push('--os-parameters-secret', join(secrets));
  if (form === 'design')
    for (const { disk, file } of create.osImport ?? []) words.push('--os-import', `${disk}:${file}`);
  if (create.install === false) words.push('--no-install');
  words.push('-B', join([...memory, ['vcpus', guest.vcpus]]), '-H', hypervisorWord(create, form));
  for (const nic of create.nics) {
    const pairs: Pairs = [
      [form === 'design' ? 'bridge' : 'link', nic.bridge],
      ['mac', nic.mac],
      ['ip', nic.ip],
    ];
    if (form === 'design') pairs.push(['script', nic.script], ['model', nic.model]);
    words.push('--net', headed(nic.index, pairs));
  }
  if (form === 'ganeti' && create.nics.length === 0) words.push('--no-nics');
  if (create.tags.length > 0) words.push('--tags', create.tags.map(escapeCommas).join(','));
  if (!create.start) words.push('--no-start');
  // A name can't begin with "-", so no "--" is needed before it.
  return [...words, create.name];
}

/** The command in one line, quoted so that it can be pasted into a shell. */
export function writeCreateCommand(create: CreateArguments, form: CommandForm = 'design'): string {
  return createWords(create, form).map(shellWord).join(' ');
}

/** What Ganeti 3 can't say or would refuse, as sentences, for the place where its form is shown. */
export function notInGaneti(create: CreateArguments): string[] {
  const notes: string[] = [];
  if (create.reuse) notes.push('Ganeti never had reuse: it makes new images.');
  if (create.secondary !== undefined)
    notes.push('In Ganeti a file-based instance has no secondary; it takes the word and ignores it.');
  if (create.disks.some((disk) => disk.type !== undefined && disk.type !== 'raw'))
    notes.push('Ganeti knows raw image files only.');
  if (create.disks.some((disk) => disk.base !== undefined)) notes.push('Ganeti has no linked clones.');
  if (create.disks.some((disk) => disk.import !== undefined)) notes.push('Ganeti converts no images.');
  if (create.disks.some((disk) => disk.vdev !== undefined))
    notes.push('Ganeti chooses the devices itself: sda, sdb and so on.');
  if (create.osImport)
    notes.push('Ganeti imports only what it exported itself, with its config.ini: gnt-backup import.');
  if (create.guest.type === 'pvh') notes.push('Ganeti has no pvh guests.');
  if (create.os.startsWith(TEMPLATE_PREFIX))
    notes.push('Ganeti has no template images; the image OS definition (instance-image) comes near.');
  if (create.driver === 'ublkback') notes.push('Ganeti has no ublkback.');
  return notes;
}

/** The arguments that an intent stands for, to show its equivalent command. */
export function argumentsOfIntent(intent: CreateIntent): CreateArguments {
  return {
    name: intent.name,
    path: intent.storageDirectory,
    driver: intent.driver,
    reuse: intent.reuse,
    disks: intent.disks.map((disk, index) => ({
      index,
      size: disk.size,
      mode: disk.mode,
      ...(disk.type !== 'raw' && { type: disk.type }),
      ...(disk.vdev !== undefined && { vdev: disk.vdev }),
      ...(disk.allocation !== undefined && { allocation: disk.allocation }),
      ...(disk.base !== undefined && { base: disk.base }),
      ...(disk.import !== undefined && { import: disk.import }),
    })),
    node: intent.primary,
    ...(intent.secondary !== null && { secondary: intent.secondary }),
    os: intent.os,
    ...(intent.osParameters && { osParameters: intent.osParameters }),
    ...(intent.osSecrets && { osSecrets: intent.osSecrets }),
    ...(intent.osImport && { osImport: intent.osImport }),
    ...(intent.install === false && { install: false }),
    guest: intent.guest,
    nics: intent.nics.map((nic, index) => ({
      index,
      bridge: nic.bridge,
      ...(nic.mac !== null && { mac: nic.mac }),
    })),
    start: intent.start,
    tags: [],
  };
}
