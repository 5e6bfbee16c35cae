/** The form beside the text: each field is read from the text, and written into it. Pure; the text is the only state. */
import { removeSetting, setSetting } from '../../../core/xen/config-edit.ts';
import { changedKeys } from '../../../core/xen/config-effects.ts';
import {
  editForm,
  type FormChange,
  type ConfigForm as FormOfTree,
  readForm,
} from '../../../core/xen/config-form.ts';
import { configProblems } from '../../../core/xen/config-problems.ts';
import { factsOf } from '../../../core/xen/config-reader.ts';
import { type ConfigTree, getText, parseConfig, printConfig } from '../../../core/xen/config-syntax.ts';
import { changeDiskEntry } from '../../../core/xen/disk-entry.ts';
import { type DiskSpec, readDisk } from '../../../core/xen/disk-spec.ts';
import { editParts } from '../../../core/xen/entry-parts.ts';
import { setGuestType } from '../../../core/xen/guest-type.ts';
import { GUEST_TYPES } from '../../../core/xen/instance-config.ts';
import { readNetwork } from '../../../core/xen/network-spec.ts';

/** Keys with one value each, in the order of the form. */
export const fieldKeys = [
  'type',
  'memory',
  'maxmem',
  'vcpus',
  'maxvcpus',
  'kernel',
  'ramdisk',
  'root',
  'extra',
  'cmdline',
  'bootloader',
  'boot',
  'on_poweroff',
  'on_reboot',
  'on_crash',
] as const;
export type FieldKey = (typeof fieldKeys)[number];

export type ConfigForm = {
  values: Readonly<Record<FieldKey, string>>;
  /** in the order of the text */
  cards: { mac: string; bridge: string }[];
  disks: { entry: string; spec: DiskSpec | null }[];
  vnc: FormOfTree['vnc'];
  serial: string[];
};

/** `error`: to be mended before it is saved; `warning`: hardly meant. */
export type Mark = { from: number; to: number; text: string; severity: 'error' | 'warning' };

/** By key: when a running guest has what is changed. */
export type Effects = ReadonlyMap<string, string>;

/** Null for a text that can't be parsed: then only the text itself can mend it. */
export const formOf = (text: string): ConfigForm | null => {
  const parsed = parseConfig(text);
  if (!parsed.ok) return null;
  const { tree } = parsed;
  const { vnc, serial, disks, nics } = readForm(tree);
  const values = Object.fromEntries(fieldKeys.map((key) => [key, getText(tree, key) ?? '']));
  return {
    values: {
      ...(values as Record<FieldKey, string>),
      type: factsOf(tree).type,
    },
    cards: nics.map((entry) => {
      const card = readNetwork(entry);
      return { mac: card.mac ?? '', bridge: card.bridge ?? '' };
    }),
    disks: disks.map((entry) => {
      const reading = readDisk(entry);
      return { entry, spec: reading.ok ? reading.disk : null };
    }),
    vnc,
    serial,
  };
};

const edited = (text: string, edit: (tree: ConfigTree) => ConfigTree): string => {
  const parsed = parseConfig(text);
  if (!parsed.ok) return text;
  try {
    return printConfig(edit(parsed.tree));
  } catch (error) {
    // a value that no configuration can hold, such as a control character, is not taken
    if (error instanceof RangeError) return text;
    throw error;
  }
};

const changedBy = (tree: ConfigTree, change: FormChange): ConfigTree => {
  const result = editForm(tree, change);
  return result.ok ? result.tree : tree;
};

const numeric: ReadonlySet<string> = new Set(['memory', 'maxmem', 'vcpus', 'maxvcpus']);

/** The text with this field; an empty value takes the key out. */
export const withField = (text: string, key: FieldKey, value: string): string =>
  edited(text, (tree) => {
    if (value === '') return removeSetting(tree, key);
    const type = key === 'type' ? GUEST_TYPES.find((each) => each === value) : undefined;
    if (type !== undefined) return setGuestType(tree, type);
    return setSetting(
      tree,
      key,
      numeric.has(key) && /^(0|[1-9][0-9]{0,14})$/.test(value) ? Number(value) : value,
    );
  });

/** The network cards; what else an entry says (a model, a rate) stays with it. */
export const withCards = (
  text: string,
  cards: readonly { mac: string; bridge: string; from: number | null }[],
) =>
  edited(text, (tree) => {
    const entries = readForm(tree).nics;
    // half-typed addresses stand in the text as they are typed, and are marked there
    const nics = cards.map(({ mac, bridge, from }) =>
      editParts((from === null ? undefined : entries[from]) ?? '', {
        mac: mac === '' ? null : mac,
        bridge: bridge === '' ? null : bridge,
      }),
    );
    return changedBy(tree, { nics });
  });

/** One disk's device or access; path, type and driver are no business of this form. */
export const withDisk = (
  text: string,
  index: number,
  change: { vdev?: string; access?: 'rw' | 'ro' },
): string =>
  edited(text, (tree) => {
    const { disks } = readForm(tree);
    const changed = changeDiskEntry(disks[index] ?? '', change);
    return changed.ok ? changedBy(tree, { disks: disks.with(index, changed.text) }) : tree;
  });

/** What is wrong with the text, at its place. */
export const marksOf = (text: string): Mark[] =>
  configProblems(text).map(({ start, end, line, column, message, severity }) => ({
    from: start,
    to: end,
    text: `Line ${line}, column ${column}: ${message}`,
    severity,
  }));

/**
 * The changed keys that a running guest has at its next start only, those that xl could change at once, with its command,
 * and a sentence for the field of each.
 */
export const effectsOf = (
  before: string,
  after: string,
): { later: string[]; live: string[]; notes: Effects } => {
  const [old, fresh] = [parseConfig(before), parseConfig(after)];
  if (!old.ok || !fresh.ok) return { later: [], live: [], notes: new Map() };
  const changes = changedKeys(old.tree, fresh.tree);
  return {
    later: changes.flatMap(({ key, effect }) => (effect === 'restart' ? [key] : [])),
    live: changes.flatMap(({ key, command }) => (command === null ? [] : [`${key} (${command})`])),
    notes: new Map(changes.map(({ key }) => [key, 'Takes effect at the next start.'])),
  };
};

/** The text with this screen; null takes it away. */
export const withVnc = (text: string, vnc: FormOfTree['vnc']): string =>
  edited(text, (tree) => changedBy(tree, { vnc }));

/** The text with the first serial port leading there; empty: without it. Further ports stay. */
export const withSerial = (text: string, first: string): string =>
  edited(text, (tree) => {
    const others = readForm(tree).serial.slice(1);
    return changedBy(tree, { serial: first === '' ? others : [first, ...others] });
  });
