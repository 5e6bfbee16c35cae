import { accepted, type Checked, refused, shown } from '../storage/checked.ts';
import type { Dialect } from '../storage/drivers.ts';
import { validateInstanceName } from '../storage/names.ts';
import { validateAbsolutePath } from '../storage/paths.ts';
import { isWritable, quoteText } from './config-values.ts';
import { type DiskFacts, writeDisk } from './disk-writer.ts';
import { type NetworkFacts, writeNetwork } from './network-spec.ts';
import { parseVdev } from './vdev.ts';

export const GUEST_TYPES = ['pv', 'pvh', 'hvm'] as const;
export type GuestType = (typeof GUEST_TYPES)[number];

/** What xl does when a domain ends by itself. */
export const DOMAIN_ACTIONS = [
  'destroy',
  'restart',
  'rename-restart',
  'preserve',
  'coredump-destroy',
  'coredump-restart',
] as const;
export type DomainAction = (typeof DOMAIN_ACTIONS)[number];

/** Everything that stands in an instance's xen.cfg. */
export type InstanceConfig = {
  name: string;
  uuid: string;
  type: GuestType;
  memoryMib: number;
  maxMemoryMib?: number | undefined;
  vcpus: number;
  /** Path on the node. */
  kernel?: string | undefined;
  ramdisk?: string | undefined;
  /** Root device for the kernel's command line, such as `/dev/xvda1`. */
  root?: string | undefined;
  /** The rest of the kernel's command line. */
  extra?: string | undefined;
  /** Such as `pygrub`, or a path. */
  bootloader?: string | undefined;
  /** Boot order of an HVM guest, such as `cd`. */
  boot?: string | undefined;
  /** Graphical console: address and display number on the node. */
  vnc?: { listen: string; display?: number | undefined } | undefined;
  disks: readonly DiskFacts[];
  nics: readonly NetworkFacts[];
  /** Default: destroy. */
  onPoweroff?: DomainAction | undefined;
  /** Default: restart. */
  onReboot?: DomainAction | undefined;
  /** Default: destroy. */
  onCrash?: DomainAction | undefined;
};

export type WrittenConfig = { ok: true; text: string } | { ok: false; problems: string[] };

/** First line of every configuration that we write. */
const CONFIG_HEADING = '# Written by VBDesk. Unknown keys and comments that you add here are kept.';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

function checkText(what: string, value: string, allowed: RegExp | null, example: string): Checked {
  if (value !== '' && isWritable(value) && (allowed === null || allowed.test(value))) return accepted(value);
  return refused(`${shown(value)} can't be ${what}. Allowed is ${example}.`);
}

class Writer {
  readonly lines: string[] = [CONFIG_HEADING];
  readonly problems: string[] = [];

  /** Writes `key = "value"`; a value that its check refuses becomes a problem. */
  text(key: string, value: string | undefined, check: (value: string) => Checked): void {
    if (value === undefined) return;
    const checked = check(value);
    if (checked.ok) this.lines.push(`${key} = ${quoteText(checked.value)}`);
    else this.problems.push(checked.message);
  }

  number(key: string, value: number | undefined, minimum: number, maximum: number): void {
    if (value === undefined) return;
    if (Number.isInteger(value) && value >= minimum && value <= maximum) this.lines.push(`${key} = ${value}`);
    else this.problems.push(`${key} is a whole number from ${minimum} to ${maximum}, not ${value}.`);
  }

  list(key: string, items: readonly string[]): void {
    if (items.length === 0) this.lines.push(`${key} = []`);
    else this.lines.push(`${key} = [`, ...items.map((item) => `    ${quoteText(item)},`), ']');
  }
}

function writeGuest(writer: Writer, config: InstanceConfig, dialect: Dialect): void {
  const path = (value: string) => validateAbsolutePath(value);
  const line = (what: string) => (value: string) =>
    checkText(what, value, null, 'any text in one line without control characters');
  if (dialect === 'xl') writer.lines.push(`type = "${config.type}"`);
  else if (config.type === 'hvm') writer.lines.push('builder = "hvm"');
  else if (config.type === 'pvh') writer.problems.push('xm knows no pvh guests. Choose pv or hvm.');

  writer.number('memory', config.memoryMib, 1, 16 * 1024 * 1024);
  writer.number('maxmem', config.maxMemoryMib, 1, 16 * 1024 * 1024);
  if (config.maxMemoryMib !== undefined && config.maxMemoryMib < config.memoryMib) {
    writer.problems.push(
      `maxmem (${config.maxMemoryMib} MiB) is less than memory (${config.memoryMib} MiB).`,
    );
  }
  writer.number('vcpus', config.vcpus, 1, 512);

  if (config.type !== 'hvm' && config.kernel === undefined && config.bootloader === undefined) {
    writer.problems.push(
      `A guest of type ${config.type} needs a kernel on the node, or a boot loader such as pygrub that finds one in its disk.`,
    );
  }
  writer.text('kernel', config.kernel, path);
  writer.text('ramdisk', config.ramdisk, path);
  writer.text('root', config.root, (value) =>
    checkText('a root device', value, /^[A-Za-z0-9/=_.:-]+$/, 'a device such as /dev/xvda1 or UUID=…'),
  );
  if (config.extra !== '') writer.text('extra', config.extra, line('the rest of a kernel command line'));
  writer.text('bootloader', config.bootloader, (value) =>
    /^[a-z][a-z0-9-]*$/.test(value) ? accepted(value) : validateAbsolutePath(value),
  );
  writer.text('boot', config.boot, (value) =>
    checkText(
      'a boot order',
      value,
      /^[acdn]{1,8}$/,
      'the letters a (floppy), c (disk), d (CD) and n (network)',
    ),
  );
}

function writeDisks(writer: Writer, config: InstanceConfig, dialect: Dialect): void {
  const items: string[] = [];
  const seen = new Map<string, number>();
  for (const [index, disk] of config.disks.entries()) {
    const before = seen.get(disk.vdev);
    if (before !== undefined) writer.problems.push(`Disks ${before} and ${index} are both ${disk.vdev}.`);
    seen.set(disk.vdev, index);
    if (config.type === 'hvm' && (parseVdev(disk.vdev)?.partition ?? null) !== null) {
      writer.problems.push(
        `${disk.vdev} is a partition; the controllers of HVM guests take whole disks, such as hda or xvda.`,
      );
    }
    const written = writeDisk(disk, dialect);
    if (written.ok) items.push(written.text);
    else writer.problems.push(`Disk ${index}: ${written.message}`);
  }
  writer.list('disk', items);
}

/**
 * Writes xen.cfg. It always carries the uuid, by which a domain is known whatever its name.
 * @returns the text, or every problem that stands against it
 */
export function writeInstanceConfig(config: InstanceConfig, dialect: Dialect): WrittenConfig {
  const writer = new Writer();
  writer.text('name', config.name, validateInstanceName);
  writer.text('uuid', config.uuid, (value) =>
    checkText('a uuid', value, UUID, 'a uuid in small letters, such as 0d9c3ab0-f4d5-4244-a398-2dbdd95a1f05'),
  );
  writeGuest(writer, config, dialect);
  writeDisks(writer, config, dialect);

  const nics: string[] = [];
  for (const [index, nic] of config.nics.entries()) {
    const written = writeNetwork(nic);
    if (written.ok) nics.push(written.text);
    else writer.problems.push(`Network card ${index}: ${written.message}`);
  }
  writer.list('vif', nics);

  if (config.vnc) {
    const { listen, display } = config.vnc;
    if (!/^[0-9A-Fa-f.:]{2,45}$/.test(listen)) {
      writer.problems.push(
        `${shown(listen)} is no address to listen on. Allowed is an IP address such as 127.0.0.1.`,
      );
    } else if (config.type === 'hvm') {
      writer.lines.push('vnc = 1', `vnclisten = "${listen}"`);
      writer.number('vncdisplay', display, 0, 59_635);
    } else {
      const port = display === undefined ? '' : `,vncdisplay=${display}`;
      writer.list('vfb', [`type=vnc,vnclisten=${listen}${port}`]);
    }
  }
  const actions = [
    ['on_poweroff', config.onPoweroff ?? 'destroy'],
    ['on_reboot', config.onReboot ?? 'restart'],
    ['on_crash', config.onCrash ?? 'destroy'],
  ] as const;
  for (const [key, action] of actions) {
    writer.text(key, action, (value) =>
      DOMAIN_ACTIONS.some((known) => known === value)
        ? accepted(value)
        : refused(`${shown(value)} can't be ${key}. Allowed are ${DOMAIN_ACTIONS.join(', ')}.`),
    );
  }
  if (writer.problems.length > 0) return { ok: false, problems: writer.problems };
  return { ok: true, text: `${writer.lines.join('\n')}\n` };
}
