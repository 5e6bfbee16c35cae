/** Disks and network cards of an xl configuration as libvirt's driver for Xen (libxl) takes them. */
import type { DiskSpec } from './disk-spec.ts';
import { type NetworkSpec, readNetwork } from './network-spec.ts';
import { parseVdev } from './vdev.ts';
import { element, type XmlElement } from './xml.ts';

/** Takes a sentence about something that libvirt has no place for. */
export type Omit = (sentence: string) => void;

const BUSES: Record<string, string> = { xvd: 'xen', sd: 'scsi', hd: 'ide' };

/**
 * The driver that makes libvirt ask libxl for the backend that the configuration asks for. Without one libxl chooses, as it does
 * for xl, but takes the image for raw.
 */
const driverOf = (disk: DiskSpec): string | undefined => {
  if (disk.backendtype === 'phy') return 'phy';
  if (disk.backendtype === 'tap') return 'tap';
  if (disk.backendtype === 'qdisk' || disk.format !== 'raw') return 'qemu';
  return undefined;
};

/** One disk; null where libvirt can't have it. */
export const diskElement = (disk: DiskSpec, hvm: boolean, omit: Omit): XmlElement | null => {
  const told = `The disk ${disk.vdev}`;
  const vdev = parseVdev(disk.vdev);
  if (disk.script !== undefined) {
    omit(`${told} is left out: libvirt attaches no disk by a script (${disk.script}).`);
    return null;
  }
  if (vdev === null || vdev.bus === 'd') {
    omit(`${told} is left out: libvirt knows devices such as xvda, sda and hda only.`);
    return null;
  }
  if (disk.backendtype === 'standalone' || disk.format === 'vmdk') {
    omit(`${told} is left out: libvirt has no word for ${disk.backendtype ?? disk.format}.`);
    return null;
  }
  if (disk.target !== '' && !disk.target.startsWith('/')) {
    omit(`${told} is left out: libvirt wants the whole path of ${disk.target}.`);
    return null;
  }
  if (disk.format === 'qed') omit(`${told} is of the format qed, which libvirt's driver for Xen may refuse.`);
  const known = new Set(['discard', 'no-discard']);
  for (const option of disk.options)
    if (!known.has(option)) omit(`${told}: ${option} has no place in libvirt's XML.`);
  const discard = disk.options.includes('discard')
    ? 'unmap'
    : disk.options.includes('no-discard')
      ? 'ignore'
      : undefined;
  const block = disk.target.startsWith('/dev/');
  const empty = disk.target === '' || disk.format === 'empty';
  const name = driverOf(disk);
  return element('disk', { type: block ? 'block' : 'file', device: disk.cdrom ? 'cdrom' : 'disk' }, [
    empty || (name === undefined && discard === undefined)
      ? null
      : element('driver', { name: name ?? 'qemu', type: disk.format, discard }),
    empty ? null : element('source', block ? { dev: disk.target } : { file: disk.target }),
    disk.backendDomain === undefined ? null : element('backenddomain', { name: disk.backendDomain }),
    // A paravirtual guest has no controllers, whatever its devices are called.
    element('target', { dev: disk.vdev, bus: hvm ? (BUSES[vdev.bus] ?? 'xen') : 'xen' }),
    disk.access === 'ro' ? element('readonly') : null,
  ]);
};

/** KiB a second, as libvirt counts; undefined for what is no rate. */
const rateOf = (text: string): { average: number; exact: boolean } | undefined => {
  const [, digits, unit = '', size, interval] = /^([1-9][0-9]*)([GMK]?)([Bb])\/s(@.*)?$/.exec(text) ?? [];
  if (digits === undefined) return undefined;
  const times = unit === 'G' ? 1e9 : unit === 'M' ? 1e6 : unit === 'K' ? 1e3 : 1;
  const bytes = (Number(digits) * times) / (size === 'b' ? 8 : 1);
  const average = Math.max(1, Math.round(bytes / 1024));
  return { average, exact: average * 1024 === bytes && interval === undefined };
};

const ipElements = (text: string, told: string, omit: Omit): (XmlElement | null)[] => {
  const [first, ...more] = text.split(/\s+/).filter((each) => each !== '');
  if (first === undefined) return [];
  if (more.length > 0)
    omit(`${told}: libvirt's driver for Xen uses the first address only, not ${more.join(', ')}.`);
  return [first, ...more].map((each) => {
    const [address = '', prefix] = each.split('/');
    return element('ip', { address, family: address.includes(':') ? 'ipv6' : 'ipv4', prefix });
  });
};

/** Where xl puts a card that names no bridge. */
const DEFAULT_BRIDGE = 'xenbr0';

const knownOthers = /^(?:mtu|backend)=/;

const otherOf = (nic: NetworkSpec, key: string): string | undefined =>
  nic.others.find((each) => each.startsWith(`${key}=`))?.slice(key.length + 1);

/** One network card. */
export const nicElement = (entry: string, index: number, hvm: boolean, omit: Omit): XmlElement => {
  const nic = readNetwork(entry);
  const told = `Network card ${index}`;
  for (const other of nic.others)
    if (!knownOthers.test(other)) omit(`${told}: ${other} has no place in libvirt's XML.`);
  if (nic.bridge === undefined)
    omit(`${told} names no bridge: ${DEFAULT_BRIDGE}, which is xl's choice, is written.`);
  const rate = nic.rate === undefined ? undefined : rateOf(nic.rate);
  if (nic.rate !== undefined && rate?.exact !== true)
    omit(
      rate === undefined
        ? `${told}: the rate ${nic.rate} is left out.`
        : `${told}: the rate ${nic.rate} becomes ${rate.average} KiB/s every 50 ms, which is all that libvirt can say.`,
    );
  const mac = /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(nic.mac ?? '') ? nic.mac?.toLowerCase() : undefined;
  if (nic.mac !== undefined && mac === undefined)
    omit(`${told}: ${nic.mac} is no MAC address, so that libvirt makes one up.`);
  const model = nic.type === 'vif' ? (hvm ? 'netfront' : undefined) : nic.model;
  const mtu = otherOf(nic, 'mtu');
  const backend = otherOf(nic, 'backend');
  return element('interface', { type: 'bridge' }, [
    mac === undefined ? null : element('mac', { address: mac }),
    element('source', { bridge: nic.bridge ?? DEFAULT_BRIDGE }),
    ...(nic.ip === undefined ? [] : ipElements(nic.ip, told, omit)),
    nic.script === undefined ? null : element('script', { path: nic.script }),
    nic.vifname === undefined ? null : element('target', { dev: nic.vifname }),
    model === undefined ? null : element('model', { type: model }),
    rate === undefined
      ? null
      : element('bandwidth', {}, [element('outbound', { average: String(rate.average) })]),
    mtu === undefined ? null : element('mtu', { size: mtu }),
    backend === undefined ? null : element('backenddomain', { name: backend }),
  ]);
};
