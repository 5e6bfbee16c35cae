import type { FileDriver, GuestSettings } from '../cluster/record.ts';
import { shown } from '../storage/checked.ts';
import { FILE_DRIVERS } from '../storage/drivers.ts';
import { FILE_TYPES } from '../storage/file-types.ts';
import { MAXIMUM_DISKS } from '../storage/image-names.ts';
import { validateBridgeName, validateMacAddress } from '../storage/names.ts';
import { DEFAULT_STORAGE_DIRECTORY, validateAbsolutePath } from '../storage/paths.ts';
import { parseMemory, parseSize } from '../storage/sizes.ts';
import { isPlainVdev, VDEV_RULE } from '../xen/vdev.ts';
import type { DiskArgument, Ignored, NicArgument, Parsed } from './arguments.ts';
import { keyValues, type OptionValue } from './words.ts';

/** Readers of the values of `gnt-instance add`'s options. Each tells every problem at once. */

export type TemplateArgument = { path?: string; driver?: FileDriver; reuse: boolean };
export type BackendArgument = { memoryMib?: number; maxMemoryMib?: number; vcpus?: number };
export type HypervisorArgument = Partial<Omit<GuestSettings, 'memoryMib' | 'maxMemoryMib' | 'vcpus'>>;

/** Collects what one option says. */
class Findings {
  readonly problems: string[] = [];
  readonly ignored: Ignored[] = [];
  private readonly option: string;

  constructor(option: string) {
    this.option = option;
  }

  problem(text: string): void {
    this.problems.push(`${this.option}: ${text}`);
  }

  ignore(key: string, reason: string): void {
    this.ignored.push({ option: `${this.option} ${key}`, reason });
  }

  result<T>(value: T): Parsed<T> {
    if (this.problems.length > 0) return { ok: false, problems: this.problems };
    return { ok: true, value, ignored: this.ignored };
  }

  /** The text of a key that needs one. */
  text(key: string, value: OptionValue): string | undefined {
    if (typeof value === 'string' && value !== '') return value;
    this.problem(`${key} needs a value, as in ${key}=….`);
    return undefined;
  }

  oneOf<T extends string>(key: string, value: OptionValue, allowed: readonly T[]): T | undefined {
    const text = this.text(key, value);
    const found = allowed.find((each) => each === text);
    if (text !== undefined && found === undefined)
      this.problem(`${key} is one of ${allowed.join(', ')}, not ${shown(text)}.`);
    return found;
  }
}

function truth(value: OptionValue): boolean {
  return typeof value === 'boolean' ? value : !/^(false|no|0)$/i.test(value);
}

function indexed(
  findings: Findings,
  text: string,
  maximum: number,
): { index: number; rest: string } | undefined {
  const match = /^([0-9]{1,4})(?::([\s\S]*))?$/.exec(text);
  const index = Number(match?.[1] ?? Number.NaN);
  if (!match || index >= maximum) {
    findings.problem(
      `${shown(text)} does not begin with a number from 0 to ${maximum - 1} and a colon, as in 0:….`,
    );
    return undefined;
  }
  return { index, rest: match[2] ?? '' };
}

/** Reads the value of `--disk`, such as `0:size=5G,mode=ro`. Beside Ganeti's keys it takes `type=`, `vdev=`, `allocation=`,
 * `base=` and `import=`. */
export function parseDiskOption(text: string): Parsed<DiskArgument> {
  const findings = new Findings('--disk');
  const found = indexed(findings, text, MAXIMUM_DISKS);
  const disk: DiskArgument = { index: found?.index ?? 0, mode: 'rw' };
  const { values, problems } = keyValues(found?.rest ?? '');
  for (const problem of problems) findings.problem(problem);
  for (const [key, value] of values) {
    if (key === 'size') {
      const size = parseSize(typeof value === 'string' ? value : '');
      if (size.ok) disk.size = size.bytes;
      else findings.problem(size.message);
    } else if (key === 'mode') {
      const mode = findings.oneOf(key, value, ['rw', 'ro', 'w', 'r']);
      if (mode) disk.mode = mode.startsWith('r') && mode !== 'rw' ? 'ro' : 'rw';
    } else if (key === 'type') {
      const type = findings.oneOf(key, value, FILE_TYPES);
      if (type) disk.type = type;
    } else if (key === 'vdev') {
      const vdev = findings.text(key, value);
      if (vdev !== undefined && !isPlainVdev(vdev))
        findings.problem(`${shown(vdev)} is no virtual device. ${VDEV_RULE}`);
      else if (vdev !== undefined) disk.vdev = vdev;
    } else if (key === 'allocation') {
      const allocation = findings.oneOf(key, value, ['sparse', 'full']);
      if (allocation) disk.allocation = allocation;
    } else if (key === 'base' || key === 'import') {
      const base = validateAbsolutePath(typeof value === 'string' ? value : '');
      if (base.ok) disk[key] = base.value;
      else findings.problem(base.message);
    } else if (key === 'name' || key === 'adopt') {
      const word = findings.text(key, value);
      if (word !== undefined) disk[key] = word;
    } else if (['vg', 'metavg', 'provider', 'spindles', 'access', 'pool', 'node'].includes(key)) {
      findings.ignore(key, 'it belongs to disks that are not files.');
    } else
      findings.problem(
        `${shown(key)} is none of size, mode, type, vdev, allocation, base, import, name, adopt.`,
      );
  }
  return findings.result(disk);
}

const OTHER_TEMPLATES = ['diskless', 'plain', 'blockdev', 'drbd', 'rbd', 'ext', 'gluster'];

function driver(findings: Findings, value: OptionValue): FileDriver | undefined {
  if (value !== 'blktap2') return findings.oneOf('driver', value, FILE_DRIVERS);
  findings.ignore('driver=blktap2', 'blktap2 is the second blktap; it is taken as blktap.');
  return 'blktap';
}

/** Reads the value of `-t`: `file` or `file:path=DIR,driver=loop,reuse`. `sharedfile` is taken as `file`. */
export function parseTemplateOption(text: string): Parsed<TemplateArgument> {
  const findings = new Findings('-t');
  const colon = text.indexOf(':');
  const template = colon < 0 ? text : text.slice(0, colon);
  // The document writes its optional parts in brackets, and people copy them.
  const rest = colon < 0 ? '' : text.slice(colon + 1).replaceAll(/[[\]]/g, '');
  const argument: TemplateArgument = { reuse: false };
  if (template === 'sharedfile')
    findings.ignore('sharedfile', 'it is taken as file; whether storage is shared is found out by looking.');
  else if (OTHER_TEMPLATES.includes(template)) {
    findings.problem(
      `the disks of a ${template} instance are no files. The template here is file, as in -t file:path=DIR,driver=loop.`,
    );
  } else if (template !== 'file')
    findings.problem(`${shown(template)} is no disk template. The template here is file.`);
  const { values, problems } = keyValues(rest);
  for (const problem of problems) findings.problem(problem);
  for (const [key, value] of values) {
    if (key === 'path') {
      if (value === '') continue;
      const path = validateAbsolutePath(typeof value === 'string' ? value.replace(/(.)\/$/, '$1') : '');
      if (path.ok) argument.path = path.value;
      else findings.problem(path.message);
    } else if (key === 'driver') {
      const found = driver(findings, value);
      if (found) argument.driver = found;
    } else if (key === 'reuse') argument.reuse = truth(value);
    else findings.problem(`${shown(key)} is none of path, driver, reuse.`);
  }
  return findings.result(argument);
}

/** Reads `--file-storage-dir` of Ganeti 3: relative to the storage directory, or absolute. */
export function parseFileStorageDirectory(text: string): Parsed<string> {
  const findings = new Findings('--file-storage-dir');
  const path = validateAbsolutePath(text.startsWith('/') ? text : `${DEFAULT_STORAGE_DIRECTORY}/${text}`);
  if (!path.ok) findings.problem(path.message);
  return findings.result(path.ok ? path.value : '');
}

/** Reads `--file-driver` of Ganeti 3. */
export function parseFileDriver(text: string): Parsed<FileDriver> {
  const findings = new Findings('--file-driver');
  return findings.result(driver(findings, text) ?? 'loop');
}

/** Reads the value of `-B`, such as `memory=512M,vcpus=1` or `minmem=256M,maxmem=1G`. */
export function parseBackendOption(text: string): Parsed<BackendArgument> {
  const findings = new Findings('-B');
  const { values, problems } = keyValues(text);
  for (const problem of problems) findings.problem(problem);
  const memory = new Map<string, number>();
  const argument: BackendArgument = {};
  for (const [key, value] of values) {
    if (key === 'memory' || key === 'minmem' || key === 'maxmem') {
      const amount = parseMemory(typeof value === 'string' ? value : '');
      if (amount.ok) memory.set(key, amount.mebibytes);
      else findings.problem(`${key}: ${amount.message}`);
    } else if (key === 'vcpus') {
      const count = typeof value === 'string' && /^[0-9]{1,3}$/.test(value) ? Number(value) : 0;
      if (count < 1 || count > 512)
        findings.problem(`vcpus is a number from 1 to 512, not ${shown(String(value))}.`);
      else argument.vcpus = count;
    } else if (['auto_balance', 'always_failover', 'spindle_use'].includes(key)) {
      findings.ignore(key, 'nothing here moves instances by itself.');
    } else findings.problem(`${shown(key)} is none of memory, minmem, maxmem, vcpus.`);
  }
  const minimum = memory.get('minmem') ?? memory.get('memory') ?? memory.get('maxmem');
  const maximum = memory.get('maxmem') ?? memory.get('memory') ?? minimum;
  if (minimum !== undefined && maximum !== undefined) {
    if (maximum < minimum) findings.problem(`maxmem (${maximum} MiB) is less than minmem (${minimum} MiB).`);
    argument.memoryMib = minimum;
    if (maximum > minimum) argument.maxMemoryMib = maximum;
  }
  return findings.result(argument);
}

type GuestText = 'kernel' | 'ramdisk' | 'root' | 'extra' | 'bootloader' | 'boot';
const GUEST_KEYS: ReadonlyMap<string, GuestText> = new Map(
  Object.entries<GuestText>({
    kernel: 'kernel',
    kernel_path: 'kernel',
    ramdisk: 'ramdisk',
    initrd: 'ramdisk',
    initrd_path: 'ramdisk',
    root: 'root',
    root_path: 'root',
    extra: 'extra',
    kernel_args: 'extra',
    bootloader: 'bootloader',
    bootloader_path: 'bootloader',
    boot: 'boot',
    boot_order: 'boot',
  }),
);
const HYPERVISORS: ReadonlyMap<string, 'pv' | 'pvh' | 'hvm'> = new Map([
  ['xen-pvm', 'pv'],
  ['xen-pvh', 'pvh'],
  ['xen-hvm', 'hvm'],
]);

/** Reads the value of `-H`: `type=pv,kernel=…`, or Ganeti's `xen-pvm:kernel_path=…`. */
export function parseHypervisorOption(text: string): Parsed<HypervisorArgument> {
  const findings = new Findings('-H');
  const argument: HypervisorArgument = {};
  const named = /^([a-z0-9-]+)(?::([\s\S]*))?$/.exec(text);
  let rest = text;
  if (named) {
    const type = HYPERVISORS.get(named[1] ?? '');
    if (type) argument.type = type;
    else
      findings.problem(
        `the hypervisor ${named[1]} is not Xen. Allowed are ${[...HYPERVISORS.keys()].join(', ')}.`,
      );
    rest = named[2] ?? '';
  }
  const { values, problems } = keyValues(rest);
  for (const problem of problems) findings.problem(problem);
  for (const [key, value] of values) {
    const field = GUEST_KEYS.get(key);
    if (key === 'type') {
      const type = findings.oneOf(key, value, ['pv', 'pvh', 'hvm']);
      if (type) argument.type = type;
    } else if (field !== undefined) {
      // An empty value takes a default away in Ganeti, and is nothing here.
      if (value !== '') {
        const word = findings.text(key, value);
        if (word !== undefined) argument[field] = word;
      }
    } else if (key === 'use_bootloader') {
      if (!truth(value)) delete argument.bootloader;
    } else findings.ignore(key, 'VBDesk does not know it; if xl does, add it to xen.cfg.');
  }
  for (const field of ['kernel', 'ramdisk'] as const) {
    const path = argument[field];
    const checked = path === undefined ? undefined : validateAbsolutePath(path);
    if (checked && !checked.ok) findings.problem(`${field}: ${checked.message}`);
  }
  return findings.result(argument);
}

/** Reads the value of `--net`, such as `0:bridge=xenbr0,mac=00:16:3e:12:34:56`, or Ganeti's `0:link=br0,mode=bridged`. */
export function parseNetOption(text: string): Parsed<NicArgument> {
  const findings = new Findings('--net');
  const found = indexed(findings, text, 8);
  const nic: NicArgument = { index: found?.index ?? 0 };
  const { values, problems } = keyValues(found?.rest ?? '');
  for (const problem of problems) findings.problem(problem);
  for (const [key, value] of values) {
    const word = findings.text(key, value);
    if (word === undefined) continue;
    if (key === 'bridge' || key === 'link') {
      const bridge = validateBridgeName(word);
      if (bridge.ok) nic.bridge = bridge.value;
      else findings.problem(bridge.message);
    } else if (key === 'mac') {
      if (word === 'auto' || word === 'generate') continue;
      const mac = validateMacAddress(word);
      if (mac.ok) nic.mac = mac.value;
      else findings.problem(mac.message);
    } else if (key === 'ip' || key === 'script' || key === 'model') {
      if (word !== 'none') nic[key] = word;
    } else if (key === 'mode') {
      if (word !== 'bridged')
        findings.problem(`the mode ${shown(word)} is not available: cards here are bridged.`);
    } else if (['network', 'vlan', 'name'].includes(key))
      findings.ignore(key, 'VBDesk keeps no networks; a card is on a bridge.');
    else findings.problem(`${shown(key)} is none of bridge, link, mode, mac, ip, script, model.`);
  }
  return findings.result(nic);
}
