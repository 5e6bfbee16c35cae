/** A pasted command becomes what the form says, as far as the form can say it; the rest is told. Pure. */
import { lookupOf } from '../../../core/cluster/lookup.ts';
import type { Snapshot } from '../../../core/cluster/snapshot.ts';
import type { CreateArguments, Ignored } from '../../../core/ganeti/arguments.ts';
import { createIntentOf } from '../../../core/ganeti/create-intent.ts';
import { parseCreateCommand } from '../../../core/ganeti/create-parser.ts';
import { parseOsName } from '../../../core/ganeti/os-name.ts';
import type { CreateIntent } from '../../../core/plan/intent.ts';
import { formatSizeArgument } from '../../../core/storage/sizes.ts';
import { type BootWay, type CreateForm, initialForm, isSecretParameter } from './create-form.ts';

export type Pasted =
  | { ok: true; form: CreateForm; ignored: Ignored[] }
  | { ok: false; problems: string[]; ignored: Ignored[] };

const bootWayOf = (intent: CreateIntent): BootWay => {
  const { type, kernel, bootloader } = intent.guest;
  if (bootloader !== undefined) return 'bootloader';
  return type === 'hvm' && kernel === undefined ? 'firmware' : 'kernel';
};

/** Whether the script import of an OS definition is what fills the disks. */
const imports = (intent: CreateIntent): boolean => {
  const parsed = parseOsName(intent.os);
  return (
    intent.osImport !== undefined &&
    !intent.reuse &&
    intent.install !== false &&
    parsed.ok &&
    parsed.os.kind === 'definition'
  );
};

/** What the form has no place for. */
const withoutPlace = (intent: CreateIntent, create: CreateArguments, snapshot: Snapshot): Ignored[] => {
  const ignored: Ignored[] = [];
  const names = snapshot.nodes.map((each) => each.name);
  const { cluster } = snapshot;
  const say = (option: string, reason: string) => ignored.push({ option, reason });
  for (const node of [intent.primary, ...(intent.secondary === null ? [] : [intent.secondary])])
    if (!names.includes(node)) say(`-n ${node}`, `${cluster.name} has no such node; choose one below.`);
  if (!cluster.storageDirectories.includes(intent.storageDirectory))
    say(
      `-t file:path=${intent.storageDirectory}`,
      `it is no storage directory of ${cluster.name}; choose one below.`,
    );
  if (intent.install === false)
    say(
      '--no-install',
      'the form keeps no name of an operating system without installing it: nothing is installed.',
    );
  else if (intent.reuse && intent.os !== 'none')
    say(`-o ${intent.os}`, 'nothing is installed on images that are there.');
  for (const [index, { disk, file }] of (intent.osImport ?? []).entries()) {
    if (!imports(intent)) say(`--os-import ${disk}:${file}`, 'only an OS definition imports, to new disks.');
    else if (intent.osImport?.findIndex((each) => each.disk === disk) !== index)
      say(`--os-import ${disk}:${file}`, `another file is imported to disk ${disk}.`);
    else if (disk >= intent.disks.length) say(`--os-import ${disk}:${file}`, `there is no disk ${disk}.`);
  }
  if (intent.reuse && create.disks.length > 0)
    say('--disk', 'images that are there are taken as they are: size, type and device are told by them.');
  if (intent.guest.maxMemoryMib !== undefined)
    say('-B maxmem', 'the form says one amount of memory; change xen.cfg once it is made.');
  for (const name of Object.keys(intent.osSecrets ?? {}))
    if (!isSecretParameter(name))
      say(`--os-parameters-secret ${name}`, 'it would be shown below; say it with vbdesk instance add.');
  return ignored;
};

const formOf = (intent: CreateIntent, old: CreateForm, snapshot: Snapshot): CreateForm => {
  const names = snapshot.nodes.map((each) => each.name);
  const { guest } = intent;
  const knows = snapshot.cluster.storageDirectories.includes(intent.storageDirectory);
  const primary = names.includes(intent.primary) ? intent.primary : old.primary;
  const secondary = intent.secondary !== null && names.includes(intent.secondary) ? intent.secondary : '';
  const secrets = Object.entries(intent.osSecrets ?? {}).filter(([name]) => isSecretParameter(name));
  return {
    name: intent.name,
    primary,
    secondary: secondary === primary ? '' : secondary,
    storageDirectory: knows ? intent.storageDirectory : old.storageDirectory,
    memory: formatSizeArgument(guest.memoryMib * 1024 ** 2),
    vcpus: String(guest.vcpus),
    type: guest.type,
    boot: bootWayOf(intent),
    kernel: guest.kernel ?? '',
    ramdisk: guest.ramdisk ?? '',
    root: guest.root ?? '',
    extra: guest.extra ?? '',
    bootloader: guest.bootloader ?? '',
    bootOrder: guest.boot ?? 'c',
    driver: intent.driver,
    reuse: intent.reuse,
    os: intent.install === false || intent.reuse ? 'none' : intent.os,
    osParameters: { ...intent.osParameters, ...Object.fromEntries(secrets) },
    osImport: imports(intent),
    disks: intent.disks.map((disk, index) => ({
      key: index + 1,
      size: disk.size === 0 ? '' : formatSizeArgument(disk.size),
      type: disk.type,
      mode: disk.mode,
      vdev: disk.vdev ?? '',
      allocation: disk.allocation ?? 'sparse',
      base: disk.base ?? '',
      image: disk.import ?? null,
      osFile: intent.osImport?.find((each) => each.disk === index)?.file ?? '',
    })),
    nics: intent.nics.map((nic, index) => ({ key: index + 1, bridge: nic.bridge, mac: nic.mac ?? '' })),
    start: intent.start,
  };
};

/** Reads `gnt-instance add …` or `vbdesk instance add …` as it is pasted. */
export const pasteCommand = (
  line: string,
  snapshot: Snapshot,
  old: CreateForm = initialForm(snapshot),
): Pasted => {
  const parsed = parseCreateCommand(line);
  if (!parsed.ok) return parsed;
  const create = parsed.arguments;
  const bridges = lookupOf(snapshot).byName.get(create.node)?.facts?.bridges ?? [];
  const intent = createIntentOf(create, {
    storageDirectory: snapshot.cluster.storageDirectories[0] ?? '',
    bridge: bridges[0] ?? 'xenbr0',
  });
  if (!intent.ok) return { ok: false, problems: intent.problems, ignored: parsed.ignored };
  return {
    ok: true,
    form: formOf(intent.value, old, snapshot),
    ignored: [...parsed.ignored, ...intent.ignored, ...withoutPlace(intent.value, create, snapshot)],
  };
};
