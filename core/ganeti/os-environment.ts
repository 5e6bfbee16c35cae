/** The variables by which an OS script learns what it is to install (ganeti-os-interface, versions 20 and 15). Pure. */
import type { InstanceRecord } from '../cluster/record.ts';
import { parameterVariable } from './os-name.ts';

/** Versions of the interface that are spoken, the best first. 15 is 20 without parameters and without `verify`. */
export const OS_API_VERSIONS = [20, 15] as const;

export type OsEnvironmentInput = {
  record: InstanceRecord;
  api: number;
  name: string;
  variant: string | null;
  parameters: Readonly<Record<string, string>>;
  diskUuids: readonly string[];
  nicUuids: readonly string[];
};

/**
 * All of them but DISK_n_PATH, which is known only when the disk is attached. Ganeti has no name for guests of type pvh; they are
 * installed as xen-pvm, whose disks are called the same.
 */
export const osEnvironment = (input: OsEnvironmentInput): Record<string, string> => {
  const { record, api, name, variant, parameters } = input;
  const isHvm = record.guest.type === 'hvm';
  const variables: Record<string, string> = {
    OS_API_VERSION: String(api),
    OS_NAME: name,
    OS_VARIANT: variant ?? '',
    INSTANCE_OS: record.os,
    INSTANCE_NAME: record.name,
    INSTANCE_UUID: record.uuid,
    INSTANCE_PRIMARY_NODE: record.primary ?? '',
    INSTANCE_SECONDARY_NODES: record.secondary ?? '',
    HYPERVISOR: isHvm ? 'xen-hvm' : 'xen-pvm',
    DEBUG_LEVEL: '0',
    DISK_COUNT: String(record.disks.length),
    NIC_COUNT: String(record.nics.length),
  };
  for (const [index, disk] of record.disks.entries()) {
    const [driver] = disk.logical_id;
    const before = `DISK_${index}`;
    variables[`${before}_ACCESS`] = disk.mode;
    variables[`${before}_UUID`] = input.diskUuids[index] ?? '';
    variables[`${before}_FRONTEND_TYPE`] = isHvm && !disk.vdev.startsWith('xvd') ? 'ioemu' : 'paravirtual';
    variables[`${before}_BACKEND_TYPE`] = `file:${driver}`;
  }
  for (const [index, nic] of record.nics.entries()) {
    const before = `NIC_${index}`;
    variables[`${before}_MAC`] = nic.mac;
    variables[`${before}_UUID`] = input.nicUuids[index] ?? '';
    variables[`${before}_MODE`] = 'bridged';
    variables[`${before}_LINK`] = nic.bridge;
    variables[`${before}_BRIDGE`] = nic.bridge;
  }
  for (const [key, value] of Object.entries(parameters)) variables[parameterVariable(key)] = value;
  return variables;
};
