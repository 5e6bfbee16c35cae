import type { ConfigError } from './config-lexer.ts';
import {
  type ConfigTree,
  getNumber,
  getSetting,
  getText,
  getTexts,
  keysOf,
  nestedList,
  parseConfig,
} from './config-syntax.ts';
import { type DiskReading, type DiskSpec, readDisk } from './disk-spec.ts';
import { readGuestType } from './guest-type.ts';
import type { GuestType } from './instance-config.ts';
import { type NetworkSpec, readNetwork } from './network-spec.ts';

/** The facts of any xen.cfg, ours or hand-made. An absent fact was not in the text, or not readable. */
export type ReadConfig = {
  name?: string;
  uuid?: string;
  type: GuestType;
  memoryMib?: number;
  maxMemoryMib?: number;
  vcpus?: number;
  kernel?: string;
  ramdisk?: string;
  root?: string;
  extra?: string;
  cmdline?: string;
  bootloader?: string;
  boot?: string;
  vncListen?: string;
  onPoweroff?: string;
  onReboot?: string;
  onCrash?: string;
  /** As they stand, in order, those that are not understood included. */
  disks: { text: string; reading: DiskReading }[];
  nics: { text: string; nic: NetworkSpec }[];
  /** Keys that we do not interpret, in order. */
  unknownKeys: string[];
  /** Sentences about disks that are not understood. */
  diskProblems: string[];
  /** Sentences about other values that are not what their key wants. */
  problems: string[];
  tree: ConfigTree;
};

export type ConfigReading = { ok: true; config: ReadConfig } | { ok: false; error: ConfigError };

const TEXT_KEYS = {
  name: 'name',
  uuid: 'uuid',
  kernel: 'kernel',
  ramdisk: 'ramdisk',
  root: 'root',
  extra: 'extra',
  cmdline: 'cmdline',
  bootloader: 'bootloader',
  boot: 'boot',
  vnclisten: 'vncListen',
  on_poweroff: 'onPoweroff',
  on_reboot: 'onReboot',
  on_crash: 'onCrash',
} as const;

const NUMBER_KEYS = { memory: 'memoryMib', maxmem: 'maxMemoryMib', vcpus: 'vcpus' } as const;
const OTHER_KEYS = ['type', 'builder', 'disk', 'vif', 'vnc', 'vncdisplay', 'vfb'];
const KNOWN_KEYS = new Set<string>([...Object.keys(TEXT_KEYS), ...Object.keys(NUMBER_KEYS), ...OTHER_KEYS]);

function entries<K extends string, V>(table: Record<K, V>): [K, V][] {
  const result: [K, V][] = [];
  for (const key in table) result.push([key, table[key]]);
  return result;
}

function texts(tree: ConfigTree, key: string, problems: string[]): string[] {
  const items = getTexts(tree, key);
  if (getText(tree, key) !== null) problems.push(`${key} is not a list.`);
  if (nestedList(tree, key))
    problems.push(`Entry ${items.length} of ${key} is a list where a text belongs; xl reads no further.`);
  return items;
}

/** The facts of a parsed configuration. Never throws. */
export function factsOf(tree: ConfigTree): ReadConfig {
  const problems: string[] = [];
  const diskProblems: string[] = [];
  const { type, message } = readGuestType(tree);
  if (type === null) problems.push(message);
  const config: ReadConfig = {
    type: type ?? 'pv',
    disks: texts(tree, 'disk', diskProblems).map((text) => ({
      text,
      reading: readDisk(text),
    })),
    nics: texts(tree, 'vif', problems).map((text) => ({ text, nic: readNetwork(text) })),
    unknownKeys: keysOf(tree).filter((key) => !KNOWN_KEYS.has(key)),
    diskProblems,
    problems,
    tree,
  };
  for (const [key, field] of entries(TEXT_KEYS)) {
    const value = getText(tree, key);
    if (value !== null) config[field] = value;
    else if (getSetting(tree, key) !== undefined) problems.push(`${key} is a list where a text belongs.`);
  }
  for (const [key, field] of entries(NUMBER_KEYS)) {
    const number = getNumber(tree, key);
    if (number !== null) config[field] = number;
    else if (getSetting(tree, key) !== undefined) problems.push(`${key} is not a whole number.`);
  }
  if (config.uuid !== undefined) config.uuid = config.uuid.toLowerCase();
  for (const { reading } of config.disks) if (!reading.ok) diskProblems.push(reading.message);
  return config;
}

/** Reads any xen.cfg. Never throws. */
export function readInstanceConfig(text: string): ConfigReading {
  const parsed = parseConfig(text);
  return parsed.ok ? { ok: true, config: factsOf(parsed.tree) } : parsed;
}

/** The disks that were understood, in order. */
export function disksOfConfig(config: ReadConfig): DiskSpec[] {
  return config.disks.flatMap(({ reading }) => (reading.ok ? [reading.disk] : []));
}
