/**
 * Shapes inside Ganeti's `config.data`, as far as an import needs them. Every version from 2.0 on; fields that are not named here
 * are let through, and those that a version did not have yet are absent.
 */
import { z } from 'zod';

/** Ganeti writes `null` for what Python calls None. */
const optional = <T extends z.ZodType>(of: T) => of.nullish().transform((value) => value ?? undefined);
const text = optional(z.string());
const flag = optional(z.boolean());
const texts = optional(z.array(z.string()));

/** Parameters of one layer; what they hold is looked at key by key. */
export const parameters = optional(z.record(z.string(), z.unknown()));
/** Objects by uuid, or by name before 2.1 (instances, nodes) and 2.4 (groups). */
export const objects = optional(z.record(z.string(), z.unknown()));

export const rawDisk = z.looseObject({
  uuid: text,
  /** `file` for shared files, too, before 2.9 */
  dev_type: z.string(),
  logical_id: optional(z.array(z.unknown())),
  size: optional(z.number()),
  mode: text,
  name: text,
});
export type RawDisk = z.infer<typeof rawDisk>;

export const rawNic = z.looseObject({
  mac: text,
  ip: text,
  name: text,
  network: text,
  /** 2.0 */
  bridge: text,
  nicparams: parameters,
});
export type RawNic = z.infer<typeof rawNic>;

export const rawInstance = z.looseObject({
  name: z.string(),
  uuid: text,
  primary_node: text,
  os: text,
  hypervisor: text,
  hvparams: parameters,
  beparams: parameters,
  osparams: parameters,
  osparams_private: parameters,
  admin_state: text,
  /** before 2.6 */
  admin_up: flag,
  /** gone from 2.14 */
  disk_template: text,
  /** uuids from 2.12, whole disks before */
  disks: optional(z.array(z.unknown())),
  nics: optional(z.array(z.unknown())),
  tags: texts,
  forthcoming: flag,
});
export type RawInstance = z.infer<typeof rawInstance>;

export const rawNode = z.looseObject({
  name: z.string(),
  uuid: text,
  primary_ip: text,
  secondary_ip: text,
  group: text,
  offline: flag,
  drained: flag,
});

export const rawGroup = z.looseObject({
  uuid: text,
  name: text,
  /** what connects a network to the group, by the network's uuid */
  networks: optional(z.record(z.string(), z.unknown())),
  diskparams: optional(z.record(z.string(), parameters)),
});

export const rawNetwork = z.looseObject({ name: text });

export const rawCluster = z.looseObject({
  cluster_name: text,
  file_storage_dir: text,
  shared_file_storage_dir: text,
  /** by hypervisor */
  hvparams: optional(z.record(z.string(), parameters)),
  /** by operating system, then by hypervisor */
  os_hvp: optional(z.record(z.string(), optional(z.record(z.string(), parameters)))),
  beparams: optional(z.record(z.string(), parameters)),
  nicparams: optional(z.record(z.string(), parameters)),
  diskparams: optional(z.record(z.string(), parameters)),
  /** 2.0 */
  default_bridge: text,
  default_hypervisor: text,
  enabled_hypervisors: texts,
});
export type RawCluster = z.infer<typeof rawCluster>;

/** The whole file. Its objects are read one by one, so that a broken one takes no other with it. */
export const rawConfig = z.looseObject({
  version: z.int(),
  cluster: rawCluster,
  nodes: objects,
  nodegroups: objects,
  networks: objects,
  instances: objects,
  disks: objects,
});
export type RawConfig = z.infer<typeof rawConfig>;
