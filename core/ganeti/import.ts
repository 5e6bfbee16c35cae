/** What becomes of the instances of a Ganeti cluster: which come, as what, what of them does not come along, and which stay. */
import { type FileDriver, type GuestSettings, guestSettings } from '../cluster/record.ts';
import type { AdoptIntent } from '../plan/intent.ts';
import { shown } from '../storage/checked.ts';
import { diskLetters } from '../storage/image-names.ts';
import { validateBridgeName, validateMacAddress } from '../storage/names.ts';
import { MEBIBYTE } from '../storage/sizes.ts';
import type { GanetiCluster, GanetiDisk, GanetiInstance } from './config-data.ts';
import { amountOf, builtInHypervisor, type Parameters, textOf } from './config-defaults.ts';
import { parseOsName } from './os-name.ts';

type ToldDisk = NonNullable<AdoptIntent['disks']>[number];

export type ImportEntry = {
  instance: GanetiInstance;
  /** `comes`: it can be planned; `no-files`: its disks are not image files; `broken`: something of it can't be read or is missing */
  verdict: 'comes' | 'no-files' | 'broken';
  /** why it does not come, each a sentence; empty when it does */
  why: string[];
  /** what does not come along, or comes as something else, each a sentence */
  notes: string[];
  /** the folder that holds all its images; empty where there is none */
  folder: string;
  /** in the order of the disks */
  paths: string[];
  disks: ToldDisk[];
  guest: AdoptIntent['guest'];
  nics: NonNullable<AdoptIntent['nics']>;
  os: string;
};

/** Said once for all: Ganeti goes on as if nothing had happened. */
export const GANETI_GOES_ON =
  'Ganeti does not learn of this. Its watcher starts again what it wants up, and “gnt-instance remove” would delete the images. Stop each instance there and mark it offline before you adopt it (gnt-instance shutdown NAME; gnt-instance modify --offline NAME), and never remove it in Ganeti afterwards.';

/** Why disks of a template are no files. */
const OTHER_DISKS: ReadonlyMap<string, string> = new Map([
  ['plain', 'logical volumes (LVM)'],
  ['drbd', 'DRBD devices on logical volumes'],
  ['blockdev', 'block devices'],
  ['rbd', 'Ceph RBD volumes'],
  ['ext', 'volumes of an external storage provider'],
  ['gluster', 'files on a Gluster volume, which Ganeti mounts itself'],
]);

const truth = (value: unknown): boolean =>
  value === true || (typeof value === 'string' && /^(true|yes|1)$/i.test(value));

/** Parameters that become settings of the guest. */
const TAKEN: ReadonlySet<string> = new Set([
  'kernel_path',
  'initrd_path',
  'root_path',
  'kernel_args',
  'use_bootloader',
  'bootloader_path',
  'boot_order',
  'blockdev_prefix',
]);
/** How Ganeti itself works, which says nothing of the guest; and hvmloader, which xl knows. */
const NOT_OF_THE_GUEST = /^(migration_|xen_cmd$|device_model$|vnc_password_file$)/;

const strayParameters = ({ hypervisor, hypervisorParameters }: GanetiInstance, major: number): string[] => {
  const usual = builtInHypervisor(hypervisor, major);
  return [...hypervisorParameters].flatMap(([key, value]) => {
    if (TAKEN.has(key) || NOT_OF_THE_GUEST.test(key)) return [];
    const normal = Object.hasOwn(usual, key) ? usual[key] : '';
    if (value === normal || value === '' || value === false) return [];
    return [`${key}=${shown(String(value))} is not in the record: add what xl calls it to xen.cfg.`];
  });
};

/** How it boots, as Ganeti writes it into its Xen configuration. */
const bootOf = ({ hypervisor, hypervisorParameters: of }: GanetiInstance): Partial<GuestSettings> => {
  const said = <K extends keyof GuestSettings>(key: K, from: string): { [key in K]?: string } => {
    const value = textOf(of, from);
    return value === '' ? {} : ({ [key]: value } as { [key in K]: string });
  };
  if (hypervisor === 'xen-hvm') return { type: 'hvm', ...said('boot', 'boot_order') };
  if (hypervisor !== 'xen-pvm') return {};
  return {
    type: 'pv',
    ...(truth(of.get('use_bootloader'))
      ? said('bootloader', 'bootloader_path')
      : { ...said('kernel', 'kernel_path'), ...said('ramdisk', 'initrd_path') }),
    ...said('root', 'root_path'),
    ...said('extra', 'kernel_args'),
  };
};

const memoryOf = (backend: Parameters, why: string[], notes: string[]): Partial<GuestSettings> => {
  const minimum = amountOf(backend, 'minmem');
  const maximum = amountOf(backend, 'maxmem') ?? minimum;
  const vcpus = amountOf(backend, 'vcpus');
  if (minimum === null || maximum === null || maximum < minimum || vcpus === null) {
    why.push('How much memory and how many processors it has can’t be read.');
    return {};
  }
  if (maximum > minimum)
    notes.push(
      `Its memory becomes ${minimum} MiB (minmem), and may be raised to ${maximum} MiB (maxmem) while it runs: Ganeti starts it with up to ${maximum} MiB where the node has that free. Say -B memory=${maximum}, or change it afterwards, if it needs as much.`,
    );
  return { memoryMib: minimum, vcpus, ...(maximum > minimum && { maxMemoryMib: maximum }) };
};

const driverOf = (disk: GanetiDisk, index: number, notes: string[]): FileDriver => {
  if (disk.driver === 'loop' || disk.driver === 'blktap') return disk.driver;
  if (disk.driver === 'blktap2') {
    notes.push(`Disk ${index}: blktap2 is the second blktap; it is taken as blktap.`);
    return 'blktap';
  }
  notes.push(
    `Disk ${index}: the driver ${disk.driver === null ? 'is not said' : `${shown(disk.driver)} is not known`}; it is taken as loop.`,
  );
  return 'loop';
};

const PREFIXES = ['sd', 'hd', 'xvd'];

const disksOf = (
  { disks, hypervisor, hypervisorParameters }: GanetiInstance,
  notes: string[],
): { paths: string[]; disks: ToldDisk[] } => {
  const said = textOf(hypervisorParameters, 'blockdev_prefix');
  const prefix = PREFIXES.find((each) => each === said) ?? (hypervisor === 'xen-hvm' ? 'hd' : 'xvd');
  if (said !== '' && said !== prefix)
    notes.push(`The disks become ${prefix}a and so on: ${shown(said)} is no name of devices.`);
  const told = disks.map((disk, index): ToldDisk => {
    if (disk.name !== null)
      notes.push(`Disk ${index}: its name ${shown(disk.name)}; disks have no names here.`);
    for (const [key, value] of disk.parameters)
      notes.push(`Disk ${index}: the parameter ${key}=${shown(String(value))} has no effect on files.`);
    const size = disk.sizeMib === null ? null : disk.sizeMib * MEBIBYTE;
    return {
      driver: driverOf(disk, index, notes),
      type: 'raw',
      vdev: `${prefix}${diskLetters(index)}`,
      mode: disk.mode,
      ...(size !== null && Number.isSafeInteger(size) && size > 0 && { size }),
    };
  });
  return { paths: disks.flatMap((disk) => (disk.path === null ? [] : [disk.path])), disks: told };
};

const nicsOf = ({ nics }: GanetiInstance, notes: string[]): NonNullable<AdoptIntent['nics']> =>
  nics.flatMap((nic, index) => {
    const about = (text: string) => notes.push(`Network card ${index}: ${text}`);
    if (nic.mode !== 'bridged') {
      about(`it is ${nic.mode} (${nic.link}), and cards here are on bridges; it is left out.`);
      return [];
    }
    const bridge = validateBridgeName(nic.link);
    if (!bridge.ok) {
      about(`${bridge.message} It is left out.`);
      return [];
    }
    if (nic.ip !== null) about(`its address ${nic.ip} is not in the record.`);
    if (nic.network !== null)
      about(`it is on the network ${nic.network}; VBDesk keeps none, only the bridge.`);
    if (nic.vlan !== '') about(`vlan ${nic.vlan} is not in the record.`);
    const mac = nic.mac === null ? null : validateMacAddress(nic.mac);
    if (mac?.ok !== true) about('it gets a new address, since none can be read.');
    return [{ bridge: bridge.value, mac: mac?.ok ? mac.value : null }];
  });

const otherDisksOf = ({ template, disks, name }: GanetiInstance): string | null => {
  if (template === 'diskless') return `${name} has no disks.`;
  if (template === 'mixed') {
    const other = disks.find((each) => each.template !== 'file' && each.template !== 'sharedfile');
    return other
      ? `Not all of its disks are on files: some are ${OTHER_DISKS.get(other.template) ?? other.template}.`
      : null;
  }
  if (template === 'file' || template === 'sharedfile') return null;
  return `Its disks are not on files: they are ${OTHER_DISKS.get(template) ?? `of the template ${shown(template)}`}.`;
};

const folderOf = (path: string): string => path.slice(0, path.lastIndexOf('/'));

const hypervisorNote = ({ hypervisor }: GanetiInstance): string =>
  `Its hypervisor is ${hypervisor === '' ? 'not said' : hypervisor}, which is not Xen, so how it boots is not known: say it (-H type=…,kernel=… or bootloader=…).`;

const entryOf = (instance: GanetiInstance, major: number): ImportEntry => {
  const why = [...instance.problems];
  const notes: string[] = [];
  const other = instance.template === '?' ? null : otherDisksOf(instance);
  const { paths, disks } = other === null ? disksOf(instance, notes) : { paths: [], disks: [] };
  const guest = { ...memoryOf(instance.backend, why, notes), ...bootOf(instance) };
  const checked = guestSettings.partial().safeParse(guest);
  if (!checked.success)
    why.push(
      `How the guest is set up can't be taken over (${checked.error.issues.map((each) => `${each.path.join('.')}: ${each.message}`).join('; ')}).`,
    );
  const nics = nicsOf(instance, notes);
  if (nics.length > 8) why.push(`It has ${nics.length} network cards; 8 are possible.`);
  if (instance.forthcoming) why.push('It is planned in Ganeti (forthcoming), but was not made yet.');
  const folders = [...new Set(paths.map(folderOf))];
  if (folders.length > 1)
    why.push(
      `Its images lie in several folders (${folders.join(', ')}); an import leaves every image where it is. Name them one by one: vbdesk image adopt FILE…`,
    );
  if (instance.hypervisor !== 'xen-pvm' && instance.hypervisor !== 'xen-hvm')
    notes.push(hypervisorNote(instance));
  notes.push(...strayParameters(instance, major));
  if (textOf(instance.hypervisorParameters, 'bootloader_args') !== '')
    notes.push('The arguments of the boot loader are not in the record: add them to xen.cfg.');
  if (instance.tags.length > 0) notes.push(`Tags (${instance.tags.join(', ')}): instances have none here.`);
  if (instance.osParameters.length > 0)
    notes.push(`OS parameters (${instance.osParameters.join(', ')}) are not kept: nothing is installed.`);
  if (instance.adminState === 'up')
    notes.push(
      'Ganeti wants it up: its watcher would start it again. Each plan asks for consent to that (ganeti-starts).',
    );
  const os = parseOsName(instance.os);
  return {
    instance,
    verdict: other !== null ? 'no-files' : why.length > 0 ? 'broken' : 'comes',
    why: other === null ? why : [other],
    notes: other === null ? notes : [],
    folder: folders.length === 1 ? (folders[0] ?? '') : '',
    paths,
    disks,
    guest: checked.success ? guest : {},
    nics,
    os: os.ok && os.os.kind === 'definition' ? instance.os : 'none',
  };
};

/** Every instance, with what would become of it. */
export const importEntries = (cluster: GanetiCluster): ImportEntry[] =>
  cluster.instances.map((instance) => entryOf(instance, cluster.major));

/** @param said what somebody said of the guests besides; it wins */
export const importIntent = (
  entry: ImportEntry,
  place: { primary: string; secondary: string | null },
  said: AdoptIntent['guest'] = {},
): AdoptIntent => {
  const { kernel, ramdisk, bootloader, ...rest } = entry.guest;
  // another way to boot takes the place of Ganeti's as a whole
  const boots =
    said.kernel === undefined &&
    said.bootloader === undefined &&
    (said.type ?? entry.guest.type) === entry.guest.type
      ? {
          ...(kernel !== undefined && { kernel }),
          ...(ramdisk !== undefined && { ramdisk }),
          ...(bootloader !== undefined && { bootloader }),
        }
      : {};
  return {
    kind: 'adopt',
    name: entry.instance.name,
    primary: place.primary,
    secondary: place.secondary,
    paths: entry.paths,
    disks: entry.disks,
    driver: null,
    guest: { ...rest, ...boots, ...said },
    nics: entry.nics,
    os: entry.os,
    ...(entry.instance.adminState === 'up' && { ganetiStarts: { node: entry.instance.node } }),
    start: false,
  };
};
