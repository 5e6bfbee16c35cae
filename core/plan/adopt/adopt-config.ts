/** What a xen.cfg that lies beside images without a record says of their guest, and what becomes of its text. */
import { guestOfConfig } from '../../cluster/guest-config.ts';
import type { GuestSettings, InstanceRecord } from '../../cluster/record.ts';
import { compareDisks } from '../../xen/compare-disks.ts';
import { setSetting } from '../../xen/config-edit.ts';
import { disksOfConfig, type ReadConfig, readInstanceConfig } from '../../xen/config-reader.ts';
import { printConfig } from '../../xen/config-syntax.ts';
import type { DiskSpec } from '../../xen/disk-spec.ts';
import { diskFacts } from '../../xen/disk-writer.ts';
import { reachesBeyond } from '../../xen/reaching.ts';
import type { ToldType } from '../checks/told-type.ts';

export type FoundConfig = {
  text: string;
  /** null: it can't be read */
  read: ReadConfig | null;
  /** why not */
  error: string | null;
  guest: Partial<GuestSettings>;
};

export const readFoundConfig = (text: string): FoundConfig => {
  const reading = readInstanceConfig(text);
  return reading.ok
    ? { text, read: reading.config, error: null, guest: guestOfConfig(reading.config) }
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
  const differences = compareDisks(record.disks.map(diskFacts), config.text).map((each) => each.message);
  differences.push(
    ...read.problems,
    ...reachesBeyond(
      read,
      record.disks.map((each) => each.logical_id[2]),
    ).map((each) => each.text),
  );
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
