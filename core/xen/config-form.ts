/** A configuration as a form: its fields read from the text, and edits that change no more of the text than their own keys. */
import { removeSetting, setSetting } from './config-edit.ts';
import { type ConfigTree, getSetting, keysOf } from './config-syntax.ts';
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

const textOf = (tree: ConfigTree, key: string): string | null => {
  const value = getSetting(tree, key);
  return value === undefined || Array.isArray(value) ? null : String(value);
};
const textsOf = (tree: ConfigTree, key: string): string[] => {
  const value = getSetting(tree, key);
  return Array.isArray(value) ? value.flatMap((item) => (Array.isArray(item) ? [] : [String(item)])) : [];
};
const numberIn = (tree: ConfigTree, key: string): number | null => numberOf(getSetting(tree, key));
const isOn = (tree: ConfigTree, key: string): boolean => (numberIn(tree, key) ?? 0) !== 0;

const vncOf = (tree: ConfigTree, type: GuestType): ConfigForm['vnc'] => {
  const [first] = textsOf(tree, 'vfb');
  if (first !== undefined && type !== 'hvm') {
    if (numberOf(partOf(first, 'vnc')) === 0) return null;
    return { listen: partOf(first, 'vnclisten') ?? null, display: numberOf(partOf(first, 'vncdisplay')) };
  }
  // xl looks at the plain words of a PVH guest as little as at those of one that has a vfb.
  const plain = numberIn(tree, 'vnc') ?? (type === 'hvm' ? 1 : 0);
  return plain !== 0 && type !== 'pvh'
    ? { listen: textOf(tree, 'vnclisten'), display: numberIn(tree, 'vncdisplay') }
    : null;
};

/** Reads the form of a configuration. Never throws. */
export const readForm = (tree: ConfigTree): ConfigForm => {
  const type = readGuestType(tree).type ?? 'pv';
  const serial = textOf(tree, 'serial');
  return {
    name: textOf(tree, 'name'),
    type,
    memoryMib: numberIn(tree, 'memory'),
    maxMemoryMib: numberIn(tree, 'maxmem'),
    vcpus: numberIn(tree, 'vcpus'),
    maxVcpus: numberIn(tree, 'maxvcpus'),
    kernel: textOf(tree, 'kernel'),
    ramdisk: textOf(tree, 'ramdisk'),
    root: textOf(tree, 'root'),
    extra: textOf(tree, 'extra'),
    cmdline: textOf(tree, 'cmdline'),
    bootloader: textOf(tree, 'bootloader'),
    boot: textOf(tree, 'boot'),
    onPoweroff: textOf(tree, 'on_poweroff'),
    onReboot: textOf(tree, 'on_reboot'),
    onCrash: textOf(tree, 'on_crash'),
    serial: serial === null ? textsOf(tree, 'serial') : [serial],
    vnc: vncOf(tree, type),
    spice: isOn(tree, 'spice')
      ? { host: textOf(tree, 'spicehost'), port: numberIn(tree, 'spiceport') }
      : null,
    disks: textsOf(tree, 'disk'),
    nics: textsOf(tree, 'vif'),
  };
};

/** null takes the key out. */
const put = (tree: ConfigTree, key: string, value: PlainValue | null): ConfigTree =>
  value === null ? removeSetting(tree, key) : setSetting(tree, key, value);

const has = (tree: ConfigTree, key: string): boolean => keysOf(tree).includes(key);

const putVnc = (tree: ConfigTree, vnc: ConfigForm['vnc']): ConfigTree => {
  const type = readGuestType(tree).type ?? 'pv';
  const entries = textsOf(tree, 'vfb');
  const [first, ...rest] = entries;
  const display = vnc?.display ?? null;
  if (type === 'pvh' || (type === 'pv' && (first !== undefined || !has(tree, 'vnc')))) {
    if (vnc === null) return put(tree, 'vfb', rest.length === 0 ? null : rest);
    const old = first ?? 'type=vnc';
    const entry = editParts(old, {
      ...(partOf(old, 'vnc') !== undefined && { vnc: '1' }),
      vnclisten: vnc.listen,
      vncdisplay: display === null ? null : String(display),
    });
    return setSetting(tree, 'vfb', [entry, ...rest]);
  }
  // An HVM guest has a screen unless one says that it has none.
  if (vnc === null) return setSetting(tree, 'vnc', 0);
  const on = vncOf(tree, type) === null ? setSetting(tree, 'vnc', 1) : tree;
  return put(put(on, 'vnclisten', vnc.listen), 'vncdisplay', display);
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
  return setSetting(tree, 'serial', more.length === 0 && !isList ? only : [...serial]);
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
    value.length === 0 && !has(tree, key) ? tree : setSetting(tree, key, [...value]);

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
