/** The form of a new instance as text, and the intent that it comes to. Pure. */

import { imagesOf } from '../../../core/cluster/images.ts';
import { deriveInstances } from '../../../core/cluster/instances.ts';
import { lookupOf } from '../../../core/cluster/lookup.ts';
import type { FileDriver, GuestSettings } from '../../../core/cluster/record.ts';
import type { Snapshot } from '../../../core/cluster/snapshot.ts';
import { parseOsName, TEMPLATE_PREFIX } from '../../../core/ganeti/os-name.ts';
import type { CreateIntent } from '../../../core/plan/intent.ts';
import type { Reason } from '../../../core/plan/reason.ts';
import { parseMemory, parseSize } from '../../../core/storage/sizes.ts';
import { availableMemory } from '../../model/node-words.ts';

export type BootWay = 'kernel' | 'bootloader' | 'firmware';

export type DiskForm = {
  key: number;
  /** empty with a base or an image: that of the base or the image */
  size: string;
  type: 'raw' | 'qcow2';
  mode: 'rw' | 'ro';
  vdev: string;
  /** raw only */
  allocation: 'sparse' | 'full';
  /** qcow2 only: path of the image on which it builds; empty for none */
  base: string;
  /** path of the image of which it shall be a converted copy; null: it is not to be one */
  image: string | null;
  /** what the import script of the OS definition writes to it, on the primary; empty for nothing */
  osFile: string;
};

/** The disk of a form that nobody has touched. */
export const newDisk = (key: number, size: string): DiskForm => ({
  key,
  size,
  type: 'raw',
  mode: 'rw',
  vdev: '',
  allocation: 'sparse',
  base: '',
  image: null,
  osFile: '',
});
export type NicForm = { key: number; bridge: string; mac: string };

export type CreateForm = {
  name: string;
  primary: string;
  secondary: string;
  storageDirectory: string;
  memory: string;
  vcpus: string;
  type: GuestSettings['type'];
  boot: BootWay;
  kernel: string;
  ramdisk: string;
  root: string;
  extra: string;
  bootloader: string;
  bootOrder: string;
  driver: FileDriver;
  reuse: boolean;
  /** as after -o: `none`, `template:FILE`, `NAME[+VARIANT]` */
  os: string;
  /** of an OS definition; empty: not given */
  osParameters: Readonly<Record<string, string>>;
  /** its import script is run on the disks, instead of create */
  osImport: boolean;
  disks: DiskForm[];
  nics: NicForm[];
  start: boolean;
};

/** What the first instance of a cluster boots: only the practice cluster is known to have something. */
const firstBoot = (snapshot: Snapshot): Pick<GuestSettings, 'kernel' | 'ramdisk' | 'root'> | undefined =>
  snapshot.cluster.kind === 'practice'
    ? { kernel: '/boot/vmlinuz-practice', ramdisk: '/boot/initrd-practice', root: '/dev/xvda' }
    : undefined;

/** What a new instance most likely shall be on this cluster: as the others are, on the node with the most free memory. */
export const initialForm = (
  snapshot: Snapshot,
  from: { node: string; image: string } | null = null,
): CreateForm => {
  const nodes = snapshot.nodes
    .flatMap((node) =>
      node.facts && !node.trouble ? [{ name: node.name, free: availableMemory(node.facts) }] : [],
    )
    .sort((a, b) => b.free - a.free);
  const last = deriveInstances(snapshot).at(-1)?.record;
  const guest = last?.guest;
  const boots = guest ?? firstBoot(snapshot);
  const bridges = snapshot.nodes.find((node) => node.name === nodes[0]?.name)?.facts?.bridges ?? [];
  const primary = from?.node ?? nodes[0]?.name ?? snapshot.nodes[0]?.name ?? '';
  return {
    name: '',
    primary,
    secondary: nodes.find((each) => each.name !== primary)?.name ?? '',
    storageDirectory: snapshot.cluster.storageDirectories[0] ?? '',
    memory: '512M',
    vcpus: '1',
    type: guest?.type ?? 'pv',
    boot: boots?.kernel ? 'kernel' : guest?.type === 'hvm' ? 'firmware' : 'bootloader',
    kernel: boots?.kernel ?? '',
    ramdisk: boots?.ramdisk ?? '',
    root: boots?.root ?? '',
    extra: guest?.extra ?? '',
    bootloader: guest?.bootloader ?? 'pygrub',
    bootOrder: guest?.boot ?? 'c',
    driver: last?.disks[0]?.logical_id[0] ?? 'loop',
    reuse: false,
    os: 'none',
    osParameters: {},
    osImport: false,
    disks: [from ? { ...newDisk(1, ''), image: from.image } : newDisk(1, '5G')],
    nics: bridges[0] === undefined ? [] : [{ key: 1, bridge: bridges[0], mac: '' }],
    // a boot loader finds nothing on an image that is new
    start: boots?.kernel !== undefined,
  };
};

export type FieldErrors = ReadonlyMap<string, string>;

const optional = <K extends string>(key: K, value: string): { [key in K]?: string } =>
  value.trim() === '' ? {} : ({ [key]: value.trim() } as { [key in K]: string });

const bootOf = (form: CreateForm) => {
  switch (form.boot) {
    case 'kernel':
      return {
        ...optional('kernel', form.kernel),
        ...optional('ramdisk', form.ramdisk),
        ...optional('root', form.root),
        ...optional('extra', form.extra),
      };
    case 'bootloader':
      return { ...optional('bootloader', form.bootloader), ...optional('extra', form.extra) };
    case 'firmware':
      return optional('boot', form.bootOrder);
  }
};

/** Parameters that are typed unseen, and never shown. */
export const isSecretParameter = (name: string): boolean => /pass|secret|token|private/i.test(name);

const osOf = (form: CreateForm): Pick<CreateIntent, 'os' | 'osParameters' | 'osSecrets'> => {
  if (form.reuse) return { os: 'none' };
  const given = Object.entries(form.osParameters).filter(([, value]) => value !== '');
  const open = given.filter(([name]) => !isSecretParameter(name));
  const secret = given.filter(([name]) => isSecretParameter(name));
  return {
    os: form.os,
    ...(open.length > 0 && { osParameters: Object.fromEntries(open) }),
    ...(secret.length > 0 && { osSecrets: Object.fromEntries(secret) }),
  };
};

/** Files by the disks that they are written to; null where nothing is to be imported. */
const osImportOf = (form: CreateForm): NonNullable<CreateIntent['osImport']> | null => {
  const parsed = parseOsName(form.os);
  if (!form.osImport || form.reuse || !parsed.ok || parsed.os.kind !== 'definition') return null;
  return form.disks.flatMap(({ osFile }, disk) =>
    osFile.trim() === '' ? [] : [{ disk, file: osFile.trim() }],
  );
};

/** The intent, or null with what keeps the text from being one. All else is the planner's to say. */
export const intentOf = (form: CreateForm): { intent: CreateIntent | null; errors: FieldErrors } => {
  const errors = new Map<string, string>();
  const memory = parseMemory(form.memory);
  if (!memory.ok) errors.set('guest.memoryMib', memory.message);
  const vcpus = /^[0-9]{1,4}$/.test(form.vcpus.trim()) ? Number(form.vcpus) : 0;
  if (vcpus < 1 || vcpus > 512)
    errors.set('guest.vcpus', 'Virtual processors are a whole number from 1 to 512.');
  if (form.boot === 'kernel' && form.kernel.trim() === '')
    errors.set(
      'guest.kernel',
      'Name the kernel file on the node, such as /boot/vmlinuz-xen, or choose another way to boot.',
    );
  // of images that are there nothing is said: they are as they are
  const disks = (form.reuse ? [] : form.disks).map((disk, index) => {
    const image = disk.image === null ? undefined : disk.image.trim();
    const base = disk.type === 'qcow2' && image === undefined ? disk.base.trim() : '';
    const isCopy = index === 0 && form.os.startsWith(TEMPLATE_PREFIX);
    const asItsBase = (base !== '' || isCopy || image !== undefined) && disk.size.trim() === '';
    if (image === '') errors.set(`disks.${index}.import`, 'Name the image by its path on the primary.');
    const size = parseSize(disk.size);
    if (!size.ok && !asItsBase) errors.set(`disks.${index}.size`, size.message);
    return {
      size: size.ok ? size.bytes : 0,
      type: disk.type,
      mode: disk.mode,
      ...optional('vdev', disk.vdev),
      ...(disk.type === 'raw' && disk.allocation === 'full' && image === undefined
        ? { allocation: disk.allocation }
        : {}),
      ...optional('base', base),
      ...optional('import', image ?? ''),
    };
  });
  const osImport = osImportOf(form);
  if (osImport?.length === 0)
    errors.set('osImport', 'Name the file that is written to a disk, by its path on the primary.');
  if (form.name.trim() === '') errors.set('name', 'The instance needs a name, such as web1.example.org.');
  if (errors.size > 0) return { intent: null, errors };
  return {
    errors,
    intent: {
      kind: 'create',
      name: form.name.trim(),
      primary: form.primary,
      secondary: form.secondary === '' ? null : form.secondary,
      storageDirectory: form.storageDirectory,
      driver: form.driver,
      reuse: form.reuse,
      disks,
      guest: { type: form.type, memoryMib: memory.ok ? memory.mebibytes : 0, vcpus, ...bootOf(form) },
      nics: form.nics.map((nic) => ({
        bridge: nic.bridge.trim(),
        mac: nic.mac.trim() === '' ? null : nic.mac.trim(),
      })),
      ...osOf(form),
      ...(osImport !== null && { osImport }),
      start: form.start,
    },
  };
};

/** Names by which a planner may speak of a field of the form. */
const aliases: Record<string, string> = {
  memory: 'guest.memoryMib',
  'guest.memory': 'guest.memoryMib',
  vcpus: 'guest.vcpus',
  type: 'guest.type',
  kernel: 'guest.kernel',
  ramdisk: 'guest.ramdisk',
  bootloader: 'guest.bootloader',
  storage: 'storageDirectory',
  path: 'storageDirectory',
  osParameters: 'os',
};

export const fieldOf = (reason: Pick<Reason, 'field'>): string | null =>
  reason.field === undefined ? null : (aliases[reason.field] ?? reason.field);

/** Errors of the form itself, then what the planner says of a field. The first of a field wins. */
export const allErrors = (own: FieldErrors, reasons: readonly Reason[]): FieldErrors => {
  const errors = new Map(own);
  for (const reason of reasons) {
    const field = fieldOf(reason);
    if (reason.severity === 'blocks' && field !== null && !errors.has(field)) errors.set(field, reason.text);
  }
  return errors;
};

/** Files that instances of this cluster boot from, for suggestions. */
export const bootFilesOf = (snapshot: Snapshot, node: string): string[] => {
  const facts = lookupOf(snapshot).byName.get(node)?.facts;
  return (facts?.bootFiles ?? []).filter((file) => file.exists).map((file) => file.path);
};

/** Paths of images that a disk can be a converted copy of: those that nobody owns. */
export const importable = (snapshot: Snapshot, node: string): string[] =>
  imagesOf(snapshot)
    .filter((row) => row.owner.kind === 'orphan' && row.type !== null && row.storage.nodes.includes(node))
    .map((row) => row.path);
