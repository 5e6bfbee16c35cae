/** What a record and an xen.cfg say of the guest itself (not of its disks): compared, and taken from one to the other. */
import { removeSetting, setSetting } from '../xen/config-edit.ts';
import { factsOf, type ReadConfig, readInstanceConfig } from '../xen/config-reader.ts';
import { type ConfigTree, getSetting, parseConfig, printConfig } from '../xen/config-syntax.ts';
import type { EditedConfig } from '../xen/edit-disks.ts';
import { setGuestType } from '../xen/guest-type.ts';
import { readNetwork, writeNetwork } from '../xen/network-spec.ts';
import {
  type GuestSettings,
  guestSettings,
  type InstanceRecord,
  type NicRecord,
  nicRecord,
} from './record.ts';

// made once: making a schema costs many times what it checks
const saidSettings = guestSettings.partial();

/** What the text says of the guest; a fact that no record can hold is as good as none. */
export const guestOfConfig = (read: ReadConfig): Partial<GuestSettings> => {
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
  const checked = saidSettings.safeParse(said);
  // zod keeps absent keys absent; only the types of both differ in that
  return checked.success ? said : { type: read.type };
};

/** The network cards of the text as a record holds them; an entry without its own address or bridge is null. */
export const cardsOfConfig = (read: ReadConfig): (NicRecord | null)[] =>
  read.nics.map(({ nic }) => {
    const card = nicRecord.safeParse({ mac: nic.mac?.toLowerCase(), bridge: nic.bridge });
    return card.success ? card.data : null;
  });

/** What a text says of the guest, in the record's words. */
export const described = (read: ReadConfig) => ({ guest: guestOfConfig(read), nics: cardsOfConfig(read) });

/** One fact on which the two disagree; null: it says nothing of it. */
export type GuestDifference = {
  key: keyof GuestSettings | 'nics';
  /** as a sentence names it */
  what: string;
  record: string | null;
  config: string | null;
};

const mib = (value: number | undefined): string | null => (value === undefined ? null : `${value} MiB`);
const text = (value: string | number | undefined): string | null =>
  value === undefined || value === '' ? null : String(value);

const facts = (guest: Partial<GuestSettings>): [keyof GuestSettings, string, string | null][] => [
  ['type', 'type', text(guest.type)],
  ['memoryMib', 'memory', mib(guest.memoryMib)],
  ['maxMemoryMib', 'maxmem', mib(guest.maxMemoryMib)],
  ['vcpus', 'vcpus', text(guest.vcpus)],
  ['kernel', 'kernel', text(guest.kernel)],
  ['ramdisk', 'ramdisk', text(guest.ramdisk)],
  ['root', 'root', text(guest.root)],
  ['extra', 'extra', text(guest.extra)],
  ['bootloader', 'bootloader', text(guest.bootloader)],
  ['boot', 'boot', text(guest.boot)],
];

const cardText = (card: NicRecord | null): string =>
  card === null ? 'a card without an address or bridge of its own' : `${card.mac} on ${card.bridge}`;
const cardsText = (cards: readonly (NicRecord | null)[]): string | null =>
  cards.length === 0 ? null : cards.map(cardText).join(', ');

/** Where two descriptions of one guest differ, in a fixed order. */
export const compareGuests = (
  record: { guest: Partial<GuestSettings>; nics: readonly (NicRecord | null)[] },
  config: { guest: Partial<GuestSettings>; nics: readonly (NicRecord | null)[] },
): GuestDifference[] => {
  const theirs = facts(config.guest);
  const differences: GuestDifference[] = facts(record.guest).flatMap(([key, what, ours], index) => {
    const other = theirs[index]?.[2] ?? null;
    return ours === other ? [] : [{ key, what, record: ours, config: other }];
  });
  const [ours, other] = [cardsText(record.nics), cardsText(config.nics)];
  if (ours !== other) differences.push({ key: 'nics', what: 'network cards', record: ours, config: other });
  return differences;
};

/** Where the record and its xen.cfg disagree about the guest; none for a text that can't be read, which others say. */
export const compareGuest = (record: InstanceRecord, config: string): GuestDifference[] => {
  const reading = readInstanceConfig(config);
  if (!reading.ok) return [];
  return compareGuests(record, described(reading.config));
};

const withText = (tree: ConfigTree, key: string, value: string | number | undefined): ConfigTree =>
  value === undefined || value === '' ? removeSetting(tree, key) : setSetting(tree, key, value);

const withCards = (tree: ConfigTree, cards: readonly NicRecord[]): ConfigTree => {
  const value = getSetting(tree, 'vif');
  const entries = Array.isArray(value) ? value.map((each) => (typeof each === 'string' ? each : '')) : [];
  const items = cards.map((card, index) => {
    const there = entries[index];
    const spec = there === undefined ? { others: [] } : readNetwork(there);
    if (spec.mac?.toLowerCase() === card.mac && spec.bridge === card.bridge && there !== undefined)
      return there;
    const written = writeNetwork({ ...spec, ...card });
    if (!written.ok) throw new RangeError(written.message);
    return written.text;
  });
  return items.length === 0 && value === undefined ? tree : setSetting(tree, 'vif', items);
};

/** xen.cfg with what this record says of the guest; its disks, unknown keys, comments and layout stay as they are. */
export const withGuest = (
  config: string,
  { guest, nics }: Pick<InstanceRecord, 'guest' | 'nics'>,
): EditedConfig => {
  const parsed = parseConfig(config);
  if (!parsed.ok)
    return {
      ok: false,
      message: `xen.cfg can't be read at line ${parsed.error.line}, column ${parsed.error.column}: ${parsed.error.message}`,
    };
  const changed = new Set(
    compareGuests({ guest, nics }, described(factsOf(parsed.tree))).map((each) => each.key),
  );
  try {
    let { tree } = parsed;
    if (changed.has('type')) tree = setGuestType(tree, guest.type);
    if (changed.has('memoryMib')) tree = withText(tree, 'memory', guest.memoryMib);
    if (changed.has('maxMemoryMib')) tree = withText(tree, 'maxmem', guest.maxMemoryMib);
    if (changed.has('vcpus')) tree = withText(tree, 'vcpus', guest.vcpus);
    for (const key of ['kernel', 'ramdisk', 'bootloader', 'boot'] as const)
      if (changed.has(key)) tree = withText(tree, key, guest[key]);
    if (changed.has('root') || changed.has('extra')) {
      // cmdline says both at once, and xl ignores the other two beside it
      if (getSetting(tree, 'cmdline') !== undefined && guest.root === undefined)
        tree = withText(tree, 'cmdline', guest.extra);
      else {
        tree = removeSetting(tree, 'cmdline');
        tree = withText(withText(tree, 'root', guest.root), 'extra', guest.extra);
      }
    }
    if (changed.has('nics')) tree = withCards(tree, nics);
    return { ok: true, text: printConfig(tree) };
  } catch (error) {
    if (error instanceof RangeError) return { ok: false, message: error.message };
    throw error;
  }
};
