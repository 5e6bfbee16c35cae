/** What a xen.cfg that lies beside images without a record says of their guest, and what becomes of its text. */
import { type GuestSettings, guestSettings, type InstanceRecord } from '../cluster/record.ts';
import { compareDisks } from '../xen/compare-disks.ts';
import { setSetting } from '../xen/config-edit.ts';
import { disksOfConfig, type ReadConfig, readInstanceConfig } from '../xen/config-reader.ts';
import { printConfig } from '../xen/config-syntax.ts';
import type { DiskSpec } from '../xen/disk-spec.ts';
import type { ToldType } from './checks/told-type.ts';

export type FoundConfig = {
  text: string;
  /** null: it can't be read */
  read: ReadConfig | null;
  /** why not */
  error: string | null;
  guest: Partial<GuestSettings>;
};

/** A fact that no record can hold is as good as none. */
const guestOf = (read: ReadConfig): Partial<GuestSettings> => {
  const extra = read.cmdline ?? read.extra;
  const said = {
    type: read.type,
    ...(read.memoryMib !== undefined && { memoryMib: read.memoryMib }),
    ...(read.maxMemoryMib !== undefined && { maxMemoryMib: read.maxMemoryMib }),
    ...(read.vcpus !== undefined && { vcpus: read.vcpus }),
    ...(read.kernel !== undefined && { kernel: read.kernel }),
    ...(read.ramdisk !== undefined && { ramdisk: read.ramdisk }),
    ...(read.root !== undefined && read.cmdline === undefined && { root: read.root }),
    ...(extra !== undefined && { extra }),
    ...(read.bootloader !== undefined && { bootloader: read.bootloader }),
    ...(read.boot !== undefined && { boot: read.boot }),
  };
  const checked = guestSettings.partial().safeParse(said);
  // zod keeps absent keys absent; only the types of both differ in that
  return checked.success ? said : { type: read.type };
};

export const readFoundConfig = (text: string | null): FoundConfig | null => {
  if (text === null) return null;
  const reading = readInstanceConfig(text);
  return reading.ok
    ? { text, read: reading.config, error: null, guest: guestOf(reading.config) }
    : {
        text,
        read: null,
        error: `line ${reading.error.line}, column ${reading.error.column}: ${reading.error.message}`,
        guest: {},
      };
};

/** How xen.cfg attaches a file: by its path, or by its name where the folder was moved since. */
export const configDisk = (config: FoundConfig | null, path: string): DiskSpec | null => {
  if (!config?.read) return null;
  const disks = disksOfConfig(config.read).filter((each) => !each.cdrom);
  const name = path.slice(path.lastIndexOf('/') + 1);
  const byName = disks.filter((each) => each.target.slice(each.target.lastIndexOf('/') + 1) === name);
  return disks.find((each) => each.target === path) ?? (byName.length === 1 ? (byName[0] ?? null) : null);
};

/** The type that xen.cfg says it has. */
export const typeByConfig = (config: FoundConfig | null, path: string): ToldType | null => {
  const said = configDisk(config, path);
  return said && said.format !== 'empty'
    ? { type: said.format, by: `xen.cfg attaches ${path.slice(path.lastIndexOf('/') + 1)} as` }
    : null;
};

/** Settings by which a guest gets hold of the node, or of files there: programs, devices, directories (xl.cfg(5)). */
const reaching =
  /^(device_model|stubdom|pci|usb|dtdev|irqs|ioports|iomem|p9|virtio|channel|firmware|bios|acpi_firmware|smbios_firmware)/;

/** What the text would hand to the guest, or run as root, beyond what the record says: nobody has vouched for it yet. */
const strangers = (read: ReadConfig, record: InstanceRecord): string[] => {
  const own = new Set(record.disks.map((each) => each.logical_id[2]));
  return [
    ...read.unknownKeys
      .filter((key) => reaching.test(key))
      .map((key) => `It sets ${key}, which reaches beyond the guest.`),
    ...disksOfConfig(read)
      .filter((each) => each.target !== '' && !own.has(each.target))
      .map((each) => `It attaches ${each.target}, which is none of these images.`),
    ...disksOfConfig(read)
      .filter((each) => each.script !== undefined || each.backendDomain !== undefined)
      .map((each) => `It attaches ${each.target} by a script, or from another domain.`),
    ...read.nics
      .filter(({ nic }) => nic.script !== undefined || nic.others.length > 0)
      .map(({ text }) => `Its network card "${text}" has a script, or settings that VBDesk does not know.`),
  ];
};

/** Whether the text goes on, with the name and the uuid of the record; else why it is written anew, each a sentence. */
export type KeptText = { text: string; differences: [] } | { text: null; differences: string[] };

/** @param given true where a person said something of the guest that the text may not say */
export const keptText = (config: FoundConfig, record: InstanceRecord, given: boolean): KeptText => {
  if (!config.read)
    return {
      text: null,
      differences: [`It can't be read: ${config.error ?? 'no reason given'}.`],
    };
  const { read } = config;
  const differences = compareDisks(
    record.disks.map(({ logical_id: [driver, fileType, path], vdev, mode }) => ({
      driver,
      fileType,
      path,
      vdev,
      mode,
    })),
    config.text,
  ).map((each) => each.message);
  differences.push(...read.problems, ...strangers(read, record));
  if (given) differences.push('Something else was said of the guest.');
  if (read.memoryMib === undefined || read.vcpus === undefined)
    differences.push('It does not say how much memory and how many processors the guest has.');
  const cards = read.nics.map((each) => each.nic);
  const same =
    cards.length === record.nics.length &&
    cards.every(
      (card, index) =>
        card.mac?.toLowerCase() === record.nics[index]?.mac && card.bridge === record.nics[index]?.bridge,
    );
  if (!same) differences.push('Its network cards have no addresses or bridges of their own, or others.');
  if (differences.length > 0) return { text: null, differences };
  return {
    text: printConfig(setSetting(setSetting(read.tree, 'name', record.name), 'uuid', record.uuid)),
    differences: [],
  };
};
