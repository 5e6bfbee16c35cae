/** An xl configuration as a domain of libvirt's driver for Xen, and what of it libvirt has no place for. */
import { readForm } from './config-form.ts';
import { SECRET_KEYS } from './config-keys.ts';
import {
  type ConfigTree,
  getNumber,
  getSetting,
  getText,
  getTexts,
  keysOf,
  nestedList,
  type ValueNode,
} from './config-syntax.ts';
import { numberOf } from './config-values.ts';
import { readDisk } from './disk-spec.ts';
import { editParts, partOf } from './entry-parts.ts';
import type { GuestType } from './instance-config.ts';
import { diskElement, nicElement, type Omit } from './libvirt-devices.ts';
import { HIDDEN } from './secrets.ts';
import { element, fitsXml, printXml, type XmlElement } from './xml.ts';

export type LibvirtXml = {
  xml: string;
  /** What the XML does not say, or says otherwise: a whole sentence each. */
  omitted: string[];
};

/** Keys of which all that matters is written, or that say nothing to libvirt. */
const WRITTEN = new Set(
  `name uuid type builder memory maxmem vcpus maxvcpus kernel ramdisk root extra cmdline bootloader bootloader_args boot
  on_poweroff on_reboot on_crash localtime rtc_timeoffset acpi apic pae hap viridian nestedhvm vnc vnclisten vncdisplay vncunused
  vfb spice spicehost spiceport keymap vga stdvga videoram serial usb usbdevice device_model_override disk vif cpus pool`
    .split(/\s+/)
    .filter((key) => key !== ''),
);

/** Parts of the first entry of vfb that the XML says. */
const SCREEN_PARTS: ReadonlySet<string> = new Set(['type', 'vnc', 'vnclisten', 'vncdisplay']);

const passwordSentence = (what: string): string =>
  `${what} is left out: a password does not belong in a file that is passed on.`;

/** An entry without the value of a password. */
const hidden = (entry: string): string =>
  partOf(entry, 'vncpasswd') === undefined ? entry : editParts(entry, { vncpasswd: HIDDEN });

const BOOT_DEVICES: Record<string, string> = { a: 'fd', c: 'hd', d: 'cdrom', n: 'network' };
const OS_TYPES: Record<GuestType, { machine: string; text: string }> = {
  pv: { machine: 'xenpv', text: 'linux' },
  pvh: { machine: 'xenpvh', text: 'xenpvh' },
  hvm: { machine: 'xenfv', text: 'hvm' },
};
const VIDEO_MODELS = new Map([
  ['stdvga', 'vga'],
  ['qxl', 'qxl'],
  ['none', 'none'],
]);
const MIB = 1024;
/** What libxl gives a guest whose configuration does not say. */
const DEFAULT_MEMORY_MIB = 32;
const FIRST_VNC_PORT = 5900;

const textsIn = (value: ValueNode): string[] =>
  value.kind === 'list' ? value.items.flatMap(textsIn) : [value.text];

class Writer {
  readonly omitted: string[] = [];
  readonly omit: Omit = (sentence) => void this.omitted.push(sentence);
  readonly tree: ConfigTree;
  readonly form: ReturnType<typeof readForm>;
  readonly hvm: boolean;

  constructor(tree: ConfigTree) {
    this.tree = tree;
    this.form = readForm(tree);
    this.hvm = this.form.type === 'hvm';
  }

  number(key: string): number | null {
    return getNumber(this.tree, key);
  }

  text(key: string): string | null {
    return getText(this.tree, key);
  }

  /** One text, or those of a list. */
  texts(key: string): string[] {
    return [this.text(key) ?? [], getTexts(this.tree, key)].flat();
  }

  /** True unless the key says 0. */
  isOnByDefault(key: string): boolean {
    return this.number(key) !== 0;
  }

  private memory(): XmlElement[] {
    const memory = this.form.memoryMib ?? this.form.maxMemoryMib ?? DEFAULT_MEMORY_MIB;
    if (this.form.memoryMib === null)
      this.omit(`The configuration does not say its memory; ${memory} MiB are written.`);
    const most = Math.max(memory, this.form.maxMemoryMib ?? memory);
    return [
      element('memory', { unit: 'KiB' }, String(most * MIB)),
      element('currentMemory', { unit: 'KiB' }, String(memory * MIB)),
    ];
  }

  private processors(): XmlElement {
    const now = Math.max(1, this.form.vcpus ?? 1);
    const most = Math.max(now, this.form.maxVcpus ?? now);
    const cpus = this.text('cpus');
    const plain = cpus !== null && /^[0-9^,-]+$/.test(cpus);
    if (getSetting(this.tree, 'cpus') !== undefined && !plain)
      this.omit('cpus is left out: only one set of numbers for all processors is carried over.');
    return element(
      'vcpu',
      {
        placement: 'static',
        cpuset: plain ? cpus : undefined,
        current: most > now ? String(now) : undefined,
      },
      String(most),
    );
  }

  private loader(): (XmlElement | null)[] {
    const { bootloader } = this.form;
    if (bootloader === null || this.hvm) return [];
    const words = this.texts('bootloader_args');
    if (!bootloader.startsWith('/'))
      this.omit(
        `libvirt may want the whole path of the boot loader ${bootloader}, such as /usr/bin/${bootloader}.`,
      );
    return [
      element('bootloader', {}, bootloader),
      words.length === 0 ? null : element('bootloader_args', {}, words.join(' ')),
    ];
  }

  private commandLine(): string | null {
    const { cmdline, root, extra } = this.form;
    if (cmdline !== null) return cmdline;
    const parts = [...(root === null ? [] : [`root=${root}`]), ...(extra === null ? [] : [extra])];
    return parts.length === 0 ? null : parts.join(' ');
  }

  private os(): XmlElement {
    const { type, kernel, ramdisk, boot } = this.form;
    const { machine, text } = OS_TYPES[type];
    const line = this.commandLine();
    const optional = (name: string, value: string | null) =>
      value === null ? null : element(name, {}, value);
    // hvmloader is no kernel but the firmware, which libvirt finds by itself.
    const own = this.hvm && kernel !== null && /(^|\/)hvmloader$/.test(kernel) ? null : kernel;
    const order = this.hvm && own === null ? [...(boot ?? 'cd')] : [];
    return element('os', {}, [
      element('type', { arch: 'x86_64', machine }, text),
      optional('kernel', own),
      optional('initrd', own === null ? null : ramdisk),
      optional('cmdline', own === null ? null : line),
      ...order.flatMap((letter) => {
        const dev = BOOT_DEVICES[letter];
        return dev === undefined ? [] : [element('boot', { dev })];
      }),
    ]);
  }

  private features(): XmlElement | null {
    if (!this.hvm) return null;
    const flag = (key: string) => (this.isOnByDefault(key) ? element(key) : null);
    return element('features', {}, [
      flag('acpi'),
      flag('apic'),
      flag('pae'),
      this.number('hap') === 0 ? element('hap', { state: 'off' }) : null,
      (this.number('viridian') ?? 0) === 0 ? null : element('viridian'),
    ]);
  }

  private clock(): XmlElement {
    if ((this.number('localtime') ?? 0) !== 0) return element('clock', { offset: 'localtime' });
    if (!this.hvm) return element('clock', { offset: 'utc', adjustment: 'reset' });
    const adjustment = String(this.number('rtc_timeoffset') ?? 0);
    return element('clock', { offset: 'variable', adjustment, basis: 'utc' });
  }

  private ends(): XmlElement[] {
    const usual = ['destroy', 'restart', 'preserve', 'rename-restart'];
    const rows = [
      ['on_poweroff', this.form.onPoweroff, 'destroy', usual],
      ['on_reboot', this.form.onReboot, 'restart', usual],
      ['on_crash', this.form.onCrash, 'destroy', [...usual, 'coredump-destroy', 'coredump-restart']],
    ] as const;
    return rows.map(([key, said, byDefault, allowed]) => {
      if (said === null || allowed.some((each) => each === said)) return element(key, {}, said ?? byDefault);
      this.omit(`${key} is ${said}, for which libvirt has no word; ${byDefault} is written.`);
      return element(key, {}, byDefault);
    });
  }

  private serial(): XmlElement[] {
    const console = (type: string, port: number) =>
      element('console', { type: 'pty' }, [element('target', { type, port: String(port) })]);
    if (!this.hvm) return [console('xen', 0)];
    const ports = this.form.serial.flatMap((where, index) => {
      const target = element('target', { port: String(index) });
      if (where === 'pty') return [element('serial', { type: 'pty' }, [target])];
      if (where.startsWith('/dev/'))
        return [element('serial', { type: 'dev' }, [element('source', { path: where }), target])];
      if (where.startsWith('file:'))
        return [element('serial', { type: 'file' }, [element('source', { path: where.slice(5) }), target])];
      if (where !== 'none') this.omit(`The serial port ${where} has no place in libvirt's XML.`);
      return [];
    });
    return this.form.serial[0] === 'pty' ? [...ports, console('serial', 0)] : ports;
  }

  private screens(): XmlElement[] {
    const { vnc, spice } = this.form;
    const listenElement = (address: string) => [element('listen', { type: 'address', address })];
    const keymap = this.text('keymap') ?? undefined;
    const screens: XmlElement[] = [];
    if (vnc) {
      const [address = '127.0.0.1', display = ''] = (vnc.listen ?? '127.0.0.1').split(/:(?=[0-9]+$)/);
      const number = vnc.display ?? numberOf(display);
      const port = number === null ? '-1' : String(FIRST_VNC_PORT + number);
      const autoport = number === null ? 'yes' : 'no';
      screens.push(
        element('graphics', { type: 'vnc', port, autoport, listen: address, keymap }, listenElement(address)),
      );
    }
    if (spice && this.hvm) {
      const address = spice.host ?? '127.0.0.1';
      const port = spice.port === null ? '-1' : String(spice.port);
      const autoport = spice.port === null ? 'yes' : 'no';
      screens.push(
        element(
          'graphics',
          { type: 'spice', port, autoport, listen: address, keymap },
          listenElement(address),
        ),
      );
    }
    const vga = this.text('vga') ?? ((this.number('stdvga') ?? 0) === 0 ? null : 'stdvga');
    const ram = this.number('videoram');
    if (this.hvm && (vga !== null || ram !== null)) {
      const model = VIDEO_MODELS.get(vga ?? '') ?? 'cirrus';
      const vram = ram === null ? undefined : String(ram * MIB);
      screens.push(element('video', {}, [element('model', { type: model, vram })]));
    }
    return screens;
  }

  private tablets(): XmlElement[] {
    return this.texts('usbdevice').flatMap((device) => {
      if (device === 'tablet' || device === 'mouse') return [element('input', { type: device, bus: 'usb' })];
      this.omit(`The USB device ${device} has no place in libvirt's XML.`);
      return [];
    });
  }

  private devices(): XmlElement {
    const emulator = this.text('device_model_override');
    const disks = this.form.disks.map((entry) => {
      const reading = readDisk(entry);
      if (reading.ok) return diskElement(reading.disk, this.hvm, this.omit);
      this.omit(reading.message);
      return null;
    });
    return element('devices', {}, [
      emulator === null ? null : element('emulator', {}, emulator),
      ...disks,
      ...this.form.nics.map((entry, index) => nicElement(entry, index, this.hvm, this.omit)),
      ...this.serial(),
      ...this.tablets(),
      ...this.screens(),
    ]);
  }

  /** What the entries of vfb say beyond the one screen that is written. */
  private tellScreens(): void {
    const entries = getTexts(this.tree, 'vfb');
    // the screen of an HVM guest is said by plain words
    const [first = '', ...further] = this.hvm ? ['', ...entries] : entries;
    for (const part of first.split(',')) {
      const key = part.split('=')[0]?.trim() ?? '';
      if (key === '' || SCREEN_PARTS.has(key)) continue;
      this.omit(
        SECRET_KEYS.has(key)
          ? passwordSentence(`vfb: ${key}`)
          : `vfb: ${part.trim()} has no place in libvirt's XML, or VBDesk knows of none.`,
      );
    }
    for (const entry of further) this.omit(`A further screen (vfb) is left out: ${hidden(entry)}.`);
  }

  private tellTheRest(): void {
    this.tellScreens();
    for (const key of keysOf(this.tree)) {
      const nested = nestedList(this.tree, key);
      if (nested && WRITTEN.has(key))
        this.omit(
          `Entry ${getTexts(this.tree, key).length} of ${key} is a list where a text belongs; it and all behind it are left out, as xl leaves them out.`,
        );
    }
    for (const key of keysOf(this.tree)) {
      if (SECRET_KEYS.has(key)) this.omit(passwordSentence(key));
      else if (!WRITTEN.has(key)) this.omit(`${key} has no place in libvirt's XML, or VBDesk knows of none.`);
    }
    if ((this.number('nestedhvm') ?? 0) !== 0) this.omit('nestedhvm is left out.');
    if (this.text('pool') !== null)
      this.omit('pool is left out: libvirt starts guests in the pool of Domain-0.');
    const { root, extra, cmdline, kernel } = this.form;
    if (kernel === null && (root !== null || extra !== null || cmdline !== null))
      this.omit(
        'The kernel command line is left out: libvirt takes one only with a kernel, not with a boot loader.',
      );
    if (this.tree.settings.some(({ value }) => !textsIn(value).every(fitsXml)))
      this.omit('A value holds characters that no XML can hold; they are replaced.');
  }

  write(): LibvirtXml {
    const { name } = this.form;
    const uuid = this.text('uuid');
    if (name === null) this.omit('The configuration has no name, without which libvirt takes nothing.');
    if (uuid === null) this.omit('The configuration has no uuid; libvirt makes one up.');
    const root = element('domain', { type: 'xen' }, [
      name === null ? null : element('name', {}, name),
      uuid === null ? null : element('uuid', {}, uuid.toLowerCase()),
      ...this.memory(),
      this.processors(),
      ...this.loader(),
      this.os(),
      this.features(),
      this.clock(),
      ...this.ends(),
      this.devices(),
    ]);
    this.tellTheRest();
    return { xml: printXml(root), omitted: this.omitted };
  }
}

/** Writes the XML of a configuration. Never throws. */
export const libvirtXml = (tree: ConfigTree): LibvirtXml => new Writer(tree).write();
