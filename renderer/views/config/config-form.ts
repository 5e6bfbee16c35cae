/** The form beside the text: each field is read from the text, and written into it. Pure; the text is the only state. */
import { removeSetting, setSetting } from '../../../core/xen/config-edit.ts';
import { factsOf } from '../../../core/xen/config-reader.ts';
import { type ConfigTree, getSetting, parseConfig, printConfig } from '../../../core/xen/config-syntax.ts';
import { type DiskSpec, readDisk } from '../../../core/xen/disk-spec.ts';
import { readNetwork, writeNetwork } from '../../../core/xen/network-spec.ts';

/** Keys with one value each, in the order of the form. */
export const fieldKeys = [
  'type',
  'memory',
  'maxmem',
  'vcpus',
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
};

export type Mark = { from: number; to: number; text: string };

const textOf = (tree: ConfigTree, key: string): string => {
  const value = getSetting(tree, key);
  return value === undefined || Array.isArray(value) ? '' : String(value);
};

const entriesOf = (tree: ConfigTree, key: 'disk' | 'vif'): string[] => {
  const value = getSetting(tree, key);
  return Array.isArray(value) ? value.map((each) => (Array.isArray(each) ? '' : String(each))) : [];
};

/** Null for a text that can't be parsed: then only the text itself can mend it. */
export const formOf = (text: string): ConfigForm | null => {
  const parsed = parseConfig(text);
  if (!parsed.ok) return null;
  const { tree } = parsed;
  const values = Object.fromEntries(fieldKeys.map((key) => [key, textOf(tree, key)]));
  return {
    values: {
      ...(values as Record<FieldKey, string>),
      type: factsOf(tree).type,
    },
    cards: entriesOf(tree, 'vif').map((entry) => {
      const card = readNetwork(entry);
      return { mac: card.mac ?? '', bridge: card.bridge ?? '' };
    }),
    disks: entriesOf(tree, 'disk').map((entry) => {
      const reading = readDisk(entry);
      return { entry, spec: reading.ok ? reading.disk : null };
    }),
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

const numeric: ReadonlySet<string> = new Set(['memory', 'maxmem', 'vcpus']);

/** The text with this field; an empty value takes the key out. */
export const withField = (text: string, key: FieldKey, value: string): string =>
  edited(text, (tree) => {
    if (value === '') return removeSetting(tree, key);
    const set = setSetting(
      tree,
      key,
      numeric.has(key) && /^(0|[1-9][0-9]{0,14})$/.test(value) ? Number(value) : value,
    );
    return key === 'type' ? removeSetting(set, 'builder') : set;
  });

/** The network cards; what else an entry says (a model, a rate) stays with it. */
export const withCards = (
  text: string,
  cards: readonly { mac: string; bridge: string; from: number | null }[],
) =>
  edited(text, (tree) => {
    const entries = entriesOf(tree, 'vif');
    const items = cards.map(({ mac, bridge, from }) => {
      const there = from === null ? undefined : entries[from];
      const spec = there === undefined ? { others: [] } : readNetwork(there);
      if (there !== undefined && (spec.mac ?? '') === mac && (spec.bridge ?? '') === bridge) return there;
      const { mac: _mac, bridge: _bridge, ...rest } = spec;
      const wanted = { ...rest, ...(mac === '' ? {} : { mac }), ...(bridge === '' ? {} : { bridge }) };
      const written = writeNetwork(wanted);
      // half-typed addresses stand in the text as they are typed, and are marked there
      return written.ok
        ? written.text
        : [
            ...(mac === '' ? [] : [`mac=${mac}`]),
            ...(bridge === '' ? [] : [`bridge=${bridge}`]),
            ...spec.others,
          ].join(', ');
    });
    return setSetting(tree, 'vif', items);
  });

/** One disk's device or access; path, type and driver are no business of this form. */
export const withDisk = (
  text: string,
  index: number,
  change: { vdev?: string; access?: 'rw' | 'ro' },
): string =>
  edited(text, (tree) => {
    const entries = entriesOf(tree, 'disk');
    const entry = entries[index];
    if (entry === undefined) return tree;
    const reading = readDisk(entry);
    if (!reading.ok) return tree;
    const { vdev } = reading.disk;
    entries[index] = rewritten(entry, vdev, change);
    return setSetting(tree, 'disk', entries);
  });

/** Only the words that say it change, whatever the form of the entry is. */
const rewritten = (entry: string, vdev: string, change: { vdev?: string; access?: 'rw' | 'ro' }): string => {
  const target = entry.search(/(^|,)\s*target=/);
  const head = target < 0 ? entry : entry.slice(0, target);
  const tail = target < 0 ? '' : entry.slice(target);
  const parts = head.split(',');
  const same = (part: string, value: string) => part.trim() === value;
  const made = parts.map((part) => {
    const lead = /^\s*/.exec(part)?.[0] ?? '';
    const word = part.trim();
    if (change.vdev !== undefined && (same(part, vdev) || word === `vdev=${vdev}`))
      return `${lead}${word.startsWith('vdev=') ? 'vdev=' : ''}${change.vdev}`;
    if (change.access !== undefined) {
      if (word.startsWith('access=')) return `${lead}access=${change.access}`;
      if (word === 'w' || word === 'r' || word === 'rw' || word === 'ro')
        return `${lead}${word.length === 1 ? change.access.replace('rw', 'w').replace('ro', 'r') : change.access}`;
    }
    return part;
  });
  const text = made.join(',');
  const says = readDisk(text + tail);
  if (change.access !== undefined && says.ok && says.disk.access !== change.access)
    return `${text}${text.trim() === '' ? '' : ', '}access=${change.access}${tail}`;
  return text + tail;
};

/** What is wrong with the text, at its place. */
export const marksOf = (text: string): Mark[] => {
  const parsed = parseConfig(text);
  if (!parsed.ok) {
    const { offset, message, line, column } = parsed.error;
    const from = Math.min(offset, text.length);
    return [
      { from, to: Math.min(from + 1, text.length), text: `Line ${line}, column ${column}: ${message}` },
    ];
  }
  const facts = factsOf(parsed.tree);
  const at = (key: string): { from: number; to: number } => {
    const setting = parsed.tree.settings.find((each) => each.key === key);
    return setting ? { from: setting.start, to: setting.end } : { from: 0, to: 0 };
  };
  return [
    ...facts.problems.map((each) => ({ ...at(/^\w+/.exec(each)?.[0] ?? ''), text: each })),
    ...facts.diskProblems.map((each) => ({ ...at('disk'), text: each })),
  ];
};
