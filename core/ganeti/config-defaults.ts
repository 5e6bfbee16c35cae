/** Ganeti's parameters are layered: built-in, cluster, operating system or group, instance. Here the layers become one. */
import type { RawCluster } from './config-schema.ts';

export type Parameters = ReadonlyMap<string, unknown>;

type Layer = Readonly<Record<string, unknown>> | undefined;

/** Later layers win; `null` says nothing. A map, so that a key such as `constructor` is no more than a key. */
export function filled(...layers: readonly Layer[]): Map<string, unknown> {
  const result = new Map<string, unknown>();
  for (const layer of layers)
    for (const [key, value] of Object.entries(layer ?? {})) if (value != null) result.set(key, value);
  return result;
}

/** Reads a member of an object that came from outside. */
export function memberOf<T>(of: Readonly<Record<string, T>> | undefined, key: string): T | undefined {
  return of !== undefined && Object.hasOwn(of, key) ? of[key] : undefined;
}

/** Before 2.6 a layer has `memory`, where it has minmem and maxmem now. */
function withMemory(layer: Layer): Layer {
  if (layer?.memory == null || layer.minmem != null || layer.maxmem != null) return layer;
  const { memory, ...rest } = layer;
  return { ...rest, minmem: memory, maxmem: memory };
}

const BACKEND = {
  minmem: 128,
  maxmem: 128,
  vcpus: 1,
  auto_balance: true,
  always_failover: false,
  spindle_use: 1,
};

/** @returns minmem, maxmem (MiB), vcpus and the rest, whatever layer says them */
export const backendParameters = (cluster: RawCluster, instance: Layer): Parameters =>
  filled(BACKEND, withMemory(memberOf(cluster.beparams, 'default')), withMemory(instance));

const XEN = {
  cpu_mask: 'all',
  cpu_cap: 0,
  cpu_weight: 256,
  cpuid: '',
  reboot_behavior: 'reboot',
  soundhw: '',
  vif_script: '',
  migration_port: 8002,
};
const PARAVIRTUAL = {
  ...XEN,
  use_bootloader: false,
  bootloader_path: '',
  bootloader_args: '',
  initrd_path: '',
  kernel_args: 'ro',
  blockdev_prefix: 'sd',
};
const HVM = {
  ...XEN,
  boot_order: 'cd',
  blockdev_prefix: 'hd',
  cdrom_image_path: '',
  nic_type: 'rtl8139',
  disk_type: 'paravirtual',
  vnc_bind_address: '0.0.0.0',
  acpi: true,
  pae: true,
  pci_pass: '',
  viridian: false,
  use_localtime: false,
  vif_type: 'ioemu',
};

/** What Ganeti itself says of a hypervisor; of the kernel, as each line of versions had it. */
export function builtInHypervisor(hypervisor: string, major: number): Record<string, unknown> {
  if (hypervisor === 'xen-hvm') return HVM;
  if (hypervisor !== 'xen-pvm') return {};
  return major < 3
    ? { ...PARAVIRTUAL, kernel_path: '/boot/vmlinuz-2.6-xenU', root_path: '/dev/sda1' }
    : { ...PARAVIRTUAL, kernel_path: '/boot/vmlinuz-3-xenU', root_path: '/dev/xvda1' };
}

export const hypervisorParameters = (
  cluster: RawCluster,
  { hypervisor, os, major, own }: { hypervisor: string; os: string; major: number; own: Layer },
): Parameters =>
  filled(
    builtInHypervisor(hypervisor, major),
    memberOf(cluster.hvparams, hypervisor),
    memberOf(memberOf(cluster.os_hvp, os), hypervisor),
    own,
  );

/**
 * @param network how the network of the card is connected to the node's group
 * @param bridge what a card had instead of parameters in 2.0
 */
export const cardParameters = (
  cluster: RawCluster,
  network: Layer,
  bridge: string | undefined,
  own: Layer,
): Parameters =>
  filled(
    { mode: 'bridged', link: 'xen-br0', vlan: '' },
    { link: cluster.default_bridge },
    memberOf(cluster.nicparams, 'default'),
    network,
    { link: bridge },
    own,
  );

/** Of a disk template: built into Ganeti (for files nothing), cluster, group. */
export const diskParameters = (
  cluster: RawCluster,
  group: Readonly<Record<string, Layer>> | undefined,
  template: string,
): Parameters => filled(memberOf(cluster.diskparams, template), memberOf(group, template));

export const textOf = (of: Parameters, key: string): string => {
  const value = of.get(key);
  return typeof value === 'string' ? value : '';
};

/** A whole number above 0; null for anything else. */
export const amountOf = (of: Parameters, key: string): number | null => {
  const value = of.get(key);
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : null;
};
