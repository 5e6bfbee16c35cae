import type { FileDriver } from '../storage/drivers.ts';

/**
 * Reads one entry of `disk = [ … ]` in every form that xl and xm accept: positional, `key=value`, deprecated prefixes, `target=`
 * last. It follows the rules of xl's own scanner, so that we see the disk that xl will attach and no other.
 */

export type DiskFormat = 'raw' | 'qcow' | 'qcow2' | 'vhd' | 'qed' | 'vmdk' | 'empty';
export type BackendType = 'phy' | 'tap' | 'qdisk' | 'standalone';

export type DiskSpec = {
  /** The path; empty where there is none (an empty CD drive, or an entry that forgot it). */
  target: string;
  /** As xl takes it: raw where nothing was said. */
  format: DiskFormat;
  vdev: string;
  access: 'rw' | 'ro';
  cdrom: boolean;
  /** Absent: xl chooses. */
  backendtype?: BackendType;
  script?: string;
  /** A driver domain instead of Domain-0. */
  backendDomain?: string;
  /** Such as `file:`, `tap:aio:`, `phy:`, together where there were several. */
  deprecatedPrefix?: string;
  /** Words and settings that we do not interpret, such as `discard` or `specification=virtio`. */
  options: string[];
  /** Why xl refuses this entry, though xm took it. */
  refusedByXl?: string;
};

export type DiskReading = { ok: true; disk: DiskSpec } | { ok: false; message: string };

const FLAGS = [
  'direct-io-safe',
  'discard',
  'no-discard',
  'colo',
  'no-colo',
  'trusted',
  'untrusted',
  'grant_usage=1',
  'grant_usage=0',
];
const KEPT_SETTINGS = ['colo-host', 'colo-export', 'active-disk', 'hidden-disk'];
const SETTINGS = new Set([
  ...KEPT_SETTINGS,
  'format',
  'access',
  'vdev',
  'script',
  'backend',
  'devtype',
  'backendtype',
  'specification',
  'colo-port',
]);
const FORMATS: readonly DiskFormat[] = ['raw', 'qcow', 'qcow2', 'vhd', 'qed', 'empty'];
const BACKENDS: readonly BackendType[] = ['phy', 'tap', 'qdisk', 'standalone'];
/** Prefixes that xl strips and ignores. */
const IGNORED_PREFIXES = new Set(['tapdisk', 'tap', 'tap2', 'aio', 'ioemu', 'file', 'phy']);
const FORMAT_PREFIXES = new Set(['raw', 'qcow', 'qcow2', 'vhd']);
const SCRIPT_PREFIXES = new Set(['iscsi', 'nbd', 'enbd', 'drbd']);
/** Served by xm's tapdisk only. */
const XM_PREFIXES = new Set(['sync', 'ram']);

class Refusal extends Error {}

class Reader {
  target: string | undefined;
  format: DiskFormat | undefined;
  vdev: string | undefined;
  access: 'rw' | 'ro' = 'rw';
  accessGiven = false;
  cdrom = false;
  backendtype: BackendType | undefined;
  script: string | undefined;
  backendDomain: string | undefined;
  prefix = '';
  options: string[] = [];
  refusedByXl: string | undefined;

  private save(field: 'target' | 'vdev' | 'script' | 'backendDomain', value: string): void {
    if (this[field]) throw new Refusal(`${field} is given twice`);
    this[field] = value;
  }

  setFormat(text: string): void {
    const format = text === '' ? 'raw' : FORMATS.find((known) => known === text);
    if (!format) throw new Refusal(`xl knows no format ${JSON.stringify(text)}`);
    if (this.format && this.format !== format) throw new Refusal('format is given twice');
    this.format = format;
  }

  setAccess(text: string): void {
    if (text === 'r' || text === 'ro') this.access = 'ro';
    else if (text === 'w' || text === 'rw' || text === '') this.access = 'rw';
    else if (text === 'w!') {
      this.access = 'rw';
      this.refusedByXl ??= 'xl knows no access "w!" (write although shared)';
    } else throw new Refusal(`xl knows no access ${JSON.stringify(text)}`);
  }

  setting(key: string, value: string, whole: string): void {
    if (key === 'format') this.setFormat(value);
    else if (key === 'access') this.setAccess(value);
    else if (key === 'vdev' || key === 'script' || key === 'target') this.save(key, value);
    else if (key === 'backend') this.save('backendDomain', value);
    else if (key === 'devtype') this.setDevtype(value);
    else if (key === 'backendtype') {
      const backend = BACKENDS.find((known) => known === value);
      if (!backend) throw new Refusal(`xl knows no backendtype ${JSON.stringify(value)}`);
      if (this.backendtype && this.backendtype !== backend) throw new Refusal('backendtype is given twice');
      this.backendtype = backend;
    } else if (key === 'specification') this.setSpecification(value, whole);
    else if (key === 'colo-port' && !/^[ \t\n]*[-+]?0*[1-9]/.test(value))
      throw new Refusal(`${JSON.stringify(value)} is no port`);
    else if (key === 'colo-port') this.options.push(whole);
    else if (KEPT_SETTINGS.includes(key)) this.keep(key, whole);
    else throw new Refusal(`xl knows no parameter ${JSON.stringify(key)}`);
  }

  /** A setting that we do not interpret: it may come again only where it was empty before. */
  private keep(key: string, whole: string): void {
    const before = this.options.findIndex((option) => option.startsWith(`${key}=`));
    if (before >= 0 && this.options[before] !== `${key}=`) throw new Refusal(`${key} is given twice`);
    if (before >= 0) this.options.splice(before, 1);
    this.options.push(whole);
  }

  private setSpecification(text: string, whole: string): void {
    if (text !== 'xen' && text !== 'virtio')
      throw new Refusal(`xl knows no specification ${JSON.stringify(text)}`);
    const before = this.options.find((option) => option.startsWith('specification='));
    if (before !== undefined && before !== whole) throw new Refusal('specification is given twice');
    if (before === undefined) this.options.push(whole);
  }

  setDevtype(text: string): void {
    if (text !== 'cdrom' && text !== 'disk')
      throw new Refusal(`xl knows no device type ${JSON.stringify(text)}`);
    this.cdrom = text === 'cdrom';
  }

  /** Takes a prefix such as `tap:`; `apart`: no name follows it. Returns false where the text is no known prefix. */
  takePrefix(name: string, apart: boolean): boolean {
    if (FORMAT_PREFIXES.has(name)) this.setFormat(name);
    else if (SCRIPT_PREFIXES.has(name)) this.save('script', `block-${name}`);
    else if (name === 'vmdk' && apart && this.prefix.startsWith('tap')) {
      this.format = 'vmdk';
      this.refusedByXl ??= "xl can't attach vmdk images, only a raw or qcow2 copy of one";
    } else if (XM_PREFIXES.has(name) && apart && this.prefix.startsWith('tap')) {
      this.refusedByXl ??= `xl knows no disk prefix "${name}:"`;
    } else if (!IGNORED_PREFIXES.has(name)) return false;
    this.prefix += `${name}:`;
    return true;
  }

  private vdevAndType(text: string): boolean {
    const colon = text.lastIndexOf(':');
    if (colon < 0) return false;
    this.save('vdev', text.slice(0, colon));
    this.setDevtype(text.slice(colon + 1));
    return true;
  }

  positional(text: string): void {
    if (this.target === undefined) this.target = text;
    else if (this.prefix === '' && this.format === undefined) {
      if (this.target === '' && this.vdevAndType(text)) this.format = 'empty';
      else this.setFormat(text);
    } else if (this.vdev === undefined) {
      if (!this.vdevAndType(text)) this.save('vdev', text);
    } else if (!this.accessGiven) {
      this.accessGiven = true;
      this.setAccess(text);
    } else throw new Refusal('there are too many positional parameters');
  }

  result(): DiskSpec {
    if (this.cdrom) {
      this.access = 'ro';
      if (!this.target) this.format = 'empty';
    }
    if (this.vdev === undefined) throw new Refusal('no virtual device (vdev) is given');
    if (this.target === undefined && !this.cdrom) throw new Refusal('no target is given');
    return {
      target: this.target ?? '',
      format: this.format ?? 'raw',
      vdev: this.vdev,
      access: this.access,
      cdrom: this.cdrom,
      options: this.options,
      ...(this.backendtype !== undefined && { backendtype: this.backendtype }),
      ...(this.script !== undefined && { script: this.script }),
      ...(this.backendDomain !== undefined && { backendDomain: this.backendDomain }),
      ...(this.prefix !== '' && { deprecatedPrefix: this.prefix }),
      ...(this.refusedByXl !== undefined && { refusedByXl: this.refusedByXl }),
    };
  }
}

/** Takes one parameter off the front. Returns how many characters it used. */
function step(reader: Reader, rest: string): number {
  const space = /^[ \t\n]+/.exec(rest)?.[0];
  if (space !== undefined) return space.length;

  const flag = FLAGS.find((word) => rest === word || rest.startsWith(`${word},`));
  if (flag !== undefined) {
    if (!reader.options.includes(flag)) reader.options.push(flag);
    return Math.min(rest.length, flag.length + 1);
  }
  if (rest === 'cdrom' || rest.startsWith('cdrom,')) {
    reader.cdrom = true;
    return 6;
  }

  if (rest.startsWith('target=')) {
    // It eats the rest, but for one comma at the very end.
    reader.setting('target', rest.slice('target='.length).replace(/,$/, ''), rest);
    return rest.length;
  }
  const setting = /^([a-z][-a-z0-9_]*)=([^,]*),?/.exec(rest);
  // An unknown word with nothing behind its "=" at the very end counts as a name to xl.
  if (setting && (setting[1] === undefined || SETTINGS.has(setting[1]) || rest !== `${setting[1]}=`)) {
    const [whole, key = '', value = ''] = setting;
    reader.setting(key, value, `${key}=${value}`);
    return whole.length;
  }

  const prefix = /^([a-z][a-z0-9]*):/.exec(rest)?.[1];
  if (prefix !== undefined) {
    // Before a letter or digit, a word that is no prefix is taken for the beginning of a name.
    const apart = !/[a-z0-9]/.test(rest.charAt(prefix.length + 1));
    if (reader.takePrefix(prefix, apart)) return prefix.length + 1;
    if (apart) throw new Refusal(`xl knows no disk prefix "${prefix}:"`);
  }

  const positional = /^(?:[^=,]*,|[^=,]+)/.exec(rest)?.[0];
  // A lone "=" at the very end is not seen by xl.
  if (rest === '=') return 1;
  if (positional === undefined) throw new Refusal(`${JSON.stringify(rest.slice(0, 40))} is no disk syntax`);
  reader.positional(positional.replace(/,$/, ''));
  return positional.length;
}

/** Reads one disk entry. Never throws. */
export function readDisk(text: string): DiskReading {
  const reader = new Reader();
  try {
    let rest = text;
    while (rest !== '') rest = rest.slice(Math.max(1, step(reader, rest)));
    return { ok: true, disk: reader.result() };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return {
      ok: false,
      message: `The disk ${JSON.stringify(text.slice(0, 200))} is not understood: ${error.message}.`,
    };
  }
}

/** A path without ".", ".." and doubled slashes: so that no other way to write it makes another file of it. */
export const plainPath = (path: string): string => {
  // nearly every path
  if (path.startsWith('/') && !path.endsWith('/') && !path.includes('//') && !path.includes('/.'))
    return path;
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `${path.startsWith('/') ? '/' : ''}${parts.join('/')}`;
};

/**
 * Whether what a disk attaches may be an image file, whoever serves it: libxl attaches a file whatever prefix, script or backend is
 * said. Only what lies below /dev is none, and a name that a script of its own understands (of DRBD, iSCSI, …).
 */
export const mayBeFile = ({ target, format, script }: DiskSpec): boolean => {
  if (target === '') return format !== 'empty';
  const absolute = target.startsWith('/');
  // xl looks for a path that is relative from where it was started, and the usual script from /dev
  if (!absolute && script !== undefined) return target.split('/').includes('..');
  return !plainPath(target).startsWith('/dev/');
};

/** The driver of the registry that serves a disk, or null where it is none of ours (a block device, a script). */
export function driverOf(disk: DiskSpec): FileDriver | null {
  if (disk.script !== undefined || disk.cdrom || disk.format === 'empty') return null;
  const prefix = disk.deprecatedPrefix ?? '';
  const target = plainPath(disk.target);
  // xl drops "phy:", and attaches a regular file by a loop device all the same
  if (target.startsWith('/dev/') || (prefix.startsWith('phy:') && !target.startsWith('/'))) return null;
  if (disk.format !== 'raw' || prefix.startsWith('tap')) return 'blktap';
  if (disk.backendtype === 'qdisk' || disk.backendtype === 'tap') return 'blktap';
  return disk.backendtype === 'standalone' ? null : 'loop';
}
