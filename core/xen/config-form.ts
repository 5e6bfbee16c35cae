/** A configuration as a form: its fields read from the text, and edits that change no more of the text than their own keys. */
import { removeSetting, setSetting } from './config-edit.ts';
import { type ConfigTree, getNumber, getSetting, getText, getTexts, nestedList } from './config-syntax.ts';
import { numberOf, type PlainValue } from './config-values.ts';
import { editParts, partOf } from './entry-parts.ts';
import { readGuestType, setGuestType } from './guest-type.ts';
import type { GuestType } from './instance-config.ts';

/** null: the key is absent, or no such value stands there. */
export type ConfigForm = {
  name: string | null;
  type: GuestType;
  memoryMib: number | null;
  maxMemoryMib: number | null;
  vcpus: number | null;
  maxVcpus: number | null;
  kernel: string | null;
  ramdisk: string | null;
  root: string | null;
  extra: string | null;
  cmdline: string | null;
  bootloader: string | null;
  boot: string | null;
  onPoweroff: string | null;
  onReboot: string | null;
  onCrash: string | null;
  /** Where the emulated serial ports of an HVM guest lead, such as `pty`. */
  serial: string[];
  /** The screen by VNC: of an HVM guest by `vnc`, else by `vfb`. */
  vnc: { listen: string | null; display: number | null } | null;
  /** The screen of an HVM guest by SPICE. */
  spice: { host: string | null; port: number | null } | null;
  /** Entries as they stand: see readDisk, changeDiskEntry. */
  disks: string[];
  /** Entries as they stand: see readNetwork, editParts. */
  nics: string[];
};

export type FormChange = { [K in keyof ConfigForm]?: ConfigForm[K] | undefined };

export type EditedForm =
  | { ok: true; tree: ConfigTree }
  | { ok: false; field: keyof ConfigForm; message: string };

const isOn = (tree: ConfigTree, key: string): boolean => (getNumber(tree, key) ?? 0) !== 0;

const vncOf = (tree: ConfigTree, type: GuestType): ConfigForm['vnc'] => {
  const [first] = getTexts(tree, 'vfb');
  if (first !== undefined && type !== 'hvm') {
    if (numberOf(partOf(first, 'vnc')) === 0) return null;
    return { listen: partOf(first, 'vnclisten') ?? null, display: numberOf(partOf(first, 'vncdisplay')) };
  }
  // xl looks at the plain words of a PVH guest as little as at those of one that has a vfb.
  const plain = getNumber(tree, 'vnc') ?? (type === 'hvm' ? 1 : 0);
  return plain !== 0 && type !== 'pvh'
    ? { listen: getText(tree, 'vnclisten'), display: getNumber(tree, 'vncdisplay') }
    : null;
};

/** Reads the form of a configuration. Never throws. */
export const readForm = (tree: ConfigTree): ConfigForm => {
  const type = readGuestType(tree).type ?? 'pv';
  const serial = getText(tree, 'serial');
  return {
    name: getText(tree, 'name'),
    type,
    memoryMib: getNumber(tree, 'memory'),
    maxMemoryMib: getNumber(tree, 'maxmem'),
    vcpus: getNumber(tree, 'vcpus'),
    maxVcpus: getNumber(tree, 'maxvcpus'),
    kernel: getText(tree, 'kernel'),
    ramdisk: getText(tree, 'ramdisk'),
    root: getText(tree, 'root'),
    extra: getText(tree, 'extra'),
    cmdline: getText(tree, 'cmdline'),
    bootloader: getText(tree, 'bootloader'),
    boot: getText(tree, 'boot'),
    onPoweroff: getText(tree, 'on_poweroff'),
    onReboot: getText(tree, 'on_reboot'),
    onCrash: getText(tree, 'on_crash'),
    serial: serial === null ? getTexts(tree, 'serial') : [serial],
    vnc: vncOf(tree, type),
    spice: isOn(tree, 'spice')
      ? { host: getText(tree, 'spicehost'), port: getNumber(tree, 'spiceport') }
      : null,
    disks: getTexts(tree, 'disk'),
    nics: getTexts(tree, 'vif'),
  };
};

const has = (tree: ConfigTree, key: string): boolean => getSetting(tree, key) !== undefined;

/** null takes the key out. */
const put = (tree: ConfigTree, key: string, value: PlainValue | null): ConfigTree =>
  value === null ? removeSetting(tree, key) : setSetting(tree, key, value);

/**
 * The items of a list; nothing where they stand so already.
 * @throws RangeError where xl sees less of the list than stands there: with the rest unseen nobody knows what goes
 */
const putTexts = (tree: ConfigTree, key: string, wanted: readonly string[]): ConfigTree => {
  const present = getTexts(tree, key);
  const isList = Array.isArray(getSetting(tree, key));
  if (isList && present.length === wanted.length && present.every((each, index) => each === wanted[index]))
    return tree;
  if (nestedList(tree, key))
    throw new RangeError(
      `Entry ${present.length} of ${key} is a list where a text belongs, and xl sees nothing behind it: mend that in the text first.`,
    );
  return wanted.length === 0 && !has(tree, key) ? tree : setSetting(tree, key, [...wanted]);
};

/** Parts of an entry of vfb that the form says itself, or that say nothing without it. */
const screenParts: ReadonlySet<string> = new Set(['type', 'vnc', 'vnclisten', 'vncdisplay', 'vncunused']);

/** An address that holds a display; libxl starts no guest that is told another one beside it. */
const withDisplay = /^([^:]*|\[.*\]):[0-9]+$/;

const putScreen = (tree: ConfigTree, vnc: ConfigForm['vnc']): ConfigTree => {
  const [first, ...rest] = getTexts(tree, 'vfb');
  if (vnc === null) {
    if (first === undefined) return tree;
    // a password, or whatever else somebody wrote there, stays for the day when the screen comes back
    const holdsMore = first.split(',').some((part) => !screenParts.has(part.split('=')[0]?.trim() ?? ''));
    if (holdsMore) return putTexts(tree, 'vfb', [editParts(first, { vnc: '0' }), ...rest]);
    return rest.length === 0 && !nestedList(tree, 'vfb')
      ? removeSetting(tree, 'vfb')
      : putTexts(tree, 'vfb', rest);
  }
  const old = first ?? 'type=vnc';
  const entry = editParts(old, {
    ...(partOf(old, 'vnc') !== undefined && { vnc: '1' }),
    vnclisten: vnc.listen,
    vncdisplay: vnc.display === null ? null : String(vnc.display),
  });
  return putTexts(tree, 'vfb', [entry, ...rest]);
};

const putVnc = (tree: ConfigTree, wanted: ConfigForm['vnc']): ConfigTree => {
  const type = readGuestType(tree).type ?? 'pv';
  const listen = wanted?.listen ?? null;
  const [, address] = (wanted?.display ?? 0) === 0 || listen === null ? [] : (withDisplay.exec(listen) ?? []);
  const vnc = wanted && { listen: address ?? listen, display: wanted.display };
  if (type === 'pvh' || (type === 'pv' && (has(tree, 'vfb') || !has(tree, 'vnc'))))
    return putScreen(tree, vnc);
  // An HVM guest has a screen unless one says that it has none.
  if (vnc === null) return setSetting(tree, 'vnc', 0);
  const on = vncOf(tree, type) === null ? setSetting(tree, 'vnc', 1) : tree;
  return put(put(on, 'vnclisten', vnc.listen), 'vncdisplay', vnc.display);
};

const putSpice = (tree: ConfigTree, spice: ConfigForm['spice']): ConfigTree => {
  if (spice === null) return has(tree, 'spice') ? setSetting(tree, 'spice', 0) : tree;
  const on = isOn(tree, 'spice') ? tree : setSetting(tree, 'spice', 1);
  return put(put(on, 'spicehost', spice.host), 'spiceport', spice.port);
};

const putSerial = (tree: ConfigTree, serial: readonly string[]): ConfigTree => {
  const [only, ...more] = serial;
  if (only === undefined) return removeSetting(tree, 'serial');
  const isList = Array.isArray(getSetting(tree, 'serial'));
  return more.length === 0 && !isList ? setSetting(tree, 'serial', only) : putTexts(tree, 'serial', serial);
};

type Edit<V> = (tree: ConfigTree, value: V) => ConfigTree;
const text =
  (key: string): Edit<string | null> =>
  (tree, value) =>
    put(tree, key, value);
const number =
  (key: string): Edit<number | null> =>
  (tree, value) =>
    put(tree, key, value);
const list =
  (key: string): Edit<string[]> =>
  (tree, value) =>
    putTexts(tree, key, value);

const edits: { [K in keyof ConfigForm]: Edit<ConfigForm[K]> } = {
  name: text('name'),
  type: setGuestType,
  memoryMib: number('memory'),
  maxMemoryMib: number('maxmem'),
  vcpus: number('vcpus'),
  maxVcpus: number('maxvcpus'),
  kernel: text('kernel'),
  ramdisk: text('ramdisk'),
  root: text('root'),
  extra: text('extra'),
  cmdline: text('cmdline'),
  bootloader: text('bootloader'),
  boot: text('boot'),
  onPoweroff: text('on_poweroff'),
  onReboot: text('on_reboot'),
  onCrash: text('on_crash'),
  serial: putSerial,
  vnc: putVnc,
  spice: putSpice,
  disks: list('disk'),
  nics: list('vif'),
};

const FIELDS = [
  // The type first: it says where the screen is said.
  ...([
    'type',
    'name',
    'memoryMib',
    'maxMemoryMib',
    'vcpus',
    'maxVcpus',
    'kernel',
    'ramdisk',
    'root',
  ] as const),
  ...(['extra', 'cmdline', 'bootloader', 'boot', 'onPoweroff', 'onReboot', 'onCrash'] as const),
  ...(['serial', 'vnc', 'spice', 'disks', 'nics'] as const),
];

const editOne = <K extends keyof ConfigForm>(tree: ConfigTree, field: K, change: FormChange): ConfigTree => {
  const value: ConfigForm[K] | undefined = change[field];
  return value === undefined ? tree : edits[field](tree, value);
};

/**
 * Changes fields of a configuration; absent fields stay, and so does every character that belongs to no changed key.
 * @returns the new tree, or the field that can't be written so, with a sentence
 */
export const editForm = (tree: ConfigTree, change: FormChange): EditedForm => {
  let edited = tree;
  for (const field of FIELDS) {
    try {
      edited = editOne(edited, field, change);
    } catch (error) {
      if (error instanceof RangeError) return { ok: false, field, message: error.message };
      throw error;
    }
  }
  return { ok: true, tree: edited };
};
