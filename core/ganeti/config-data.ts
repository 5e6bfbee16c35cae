/**
 * Reads `config.data`, in which Ganeti keeps its cluster: every version from 2.0 to 3.x, with the defaults of all layers filled in.
 * Nothing here decides what can be adopted; that is import.ts.
 */
import { z } from 'zod';
import {
  backendParameters,
  cardParameters,
  diskParameters,
  hypervisorParameters,
  memberOf,
  type Parameters,
  textOf,
} from './config-defaults.ts';
import {
  type RawConfig,
  rawConfig,
  rawDisk,
  rawGroup,
  rawInstance,
  rawNetwork,
  rawNic,
  rawNode,
} from './config-schema.ts';

export type GanetiDisk = {
  /** such as `file`, `sharedfile`, `plain`, `drbd` */
  template: string;
  /** how a file is attached, in Ganeti's word; null where the disk is no file */
  driver: string | null;
  path: string | null;
  /** null: not said */
  sizeMib: number | null;
  mode: 'rw' | 'ro';
  name: string | null;
  /** of its template, all layers; for files there are none in Ganeti itself */
  parameters: Parameters;
};

export type GanetiNic = {
  mac: string | null;
  ip: string | null;
  mode: string;
  link: string;
  vlan: string;
  /** its name, not its uuid */
  network: string | null;
};

export type GanetiInstance = {
  name: string;
  /** the template of all its disks, `diskless`, or `mixed` */
  template: string;
  /** name of the primary; null when config.data does not have it */
  node: string | null;
  os: string;
  /** an OS parameter may be a secret: only their names are kept */
  osParameters: string[];
  hypervisor: string;
  hypervisorParameters: Parameters;
  backend: Parameters;
  adminState: 'up' | 'down' | 'offline';
  tags: string[];
  disks: GanetiDisk[];
  nics: GanetiNic[];
  /** planned in Ganeti, but not made */
  forthcoming: boolean;
  /** what of it can't be read, each a sentence */
  problems: string[];
};

export type GanetiNode = {
  name: string;
  addresses: string[];
  offline: boolean;
  drained: boolean;
};

export type GanetiCluster = {
  name: string;
  /** such as `3.0` */
  version: string;
  major: number;
  fileStorageDirectory: string | null;
  sharedFileStorageDirectory: string | null;
  /** by name */
  nodes: GanetiNode[];
  /** by name */
  instances: GanetiInstance[];
  /** what could not be read at all, each a sentence */
  problems: string[];
};

export type ConfigDataRead = { ok: true; cluster: GanetiCluster } | { ok: false; message: string };

/** Disk templates by the names that types of disks had before they were the same (2.9 and older). */
const OLD_TYPES: ReadonlyMap<string, string> = new Map([
  ['lvm', 'plain'],
  ['drbd8', 'drbd'],
]);
const FILES: ReadonlySet<string> = new Set(['file', 'sharedfile', 'gluster']);

const whyNot = (error: z.ZodError): string => {
  const [issue] = error.issues;
  return issue ? `${issue.path.join('.') || 'it'}: ${issue.message}` : 'it is of another shape';
};

class Reader {
  readonly raw: RawConfig;
  readonly major: number;
  readonly problems: string[] = [];
  readonly nodes = new Map<string, { node: GanetiNode; group: string | undefined }>();
  readonly groups = new Map<string, z.infer<typeof rawGroup>>();
  readonly networks = new Map<string, string>();

  constructor(raw: RawConfig, major: number) {
    this.raw = raw;
    this.major = major;
    for (const [key, value] of this.each('nodegroups', rawGroup)) this.groups.set(value.uuid ?? key, value);
    for (const [key, value] of this.each('networks', rawNetwork)) this.networks.set(key, value.name ?? key);
    for (const [key, value] of this.each('nodes', rawNode)) {
      const node: GanetiNode = {
        name: value.name,
        addresses: [...new Set([value.primary_ip, value.secondary_ip].filter((each) => each !== undefined))],
        offline: value.offline ?? false,
        drained: value.drained ?? false,
      };
      // by uuid now, by name before 2.12
      for (const handle of [key, value.name, ...(value.uuid === undefined ? [] : [value.uuid])])
        this.nodes.set(handle, { node, group: value.group });
    }
  }

  private each<T extends z.ZodType>(
    part: 'nodes' | 'nodegroups' | 'networks',
    shape: T,
  ): [string, z.infer<T>][] {
    return Object.entries(this.raw[part] ?? {}).flatMap(([key, value]): [string, z.infer<T>][] => {
      const read = shape.safeParse(value);
      if (read.success) return [[key, read.data]];
      this.problems.push(`${part}.${key.slice(0, 80)} can't be read (${whyNot(read.error)}).`);
      return [];
    });
  }

  /** Whole in the instance up to 2.11, else named by its uuid. */
  private disk(
    said: unknown,
    index: number,
    template: string | undefined,
    group: string | undefined,
    problems: string[],
  ): GanetiDisk | null {
    const found = typeof said === 'string' ? memberOf(this.raw.disks, said) : said;
    const read = rawDisk.safeParse(found);
    if (!read.success) {
      problems.push(
        found === undefined
          ? `Disk ${index} is named, but config.data does not have it.`
          : `Disk ${index} can't be read (${whyNot(read.error)}).`,
      );
      return null;
    }
    const disk = read.data;
    const type = OLD_TYPES.get(disk.dev_type) ?? disk.dev_type;
    // shared files had the type "file" once, and only the instance said what they are
    const own = type === 'file' && template !== undefined && FILES.has(template) ? template : type;
    const [driver, path] = FILES.has(own) ? (disk.logical_id ?? []) : [];
    if (FILES.has(own) && typeof path !== 'string') problems.push(`Disk ${index} has no path.`);
    if (disk.mode !== undefined && disk.mode !== 'rw' && disk.mode !== 'ro')
      problems.push(`Disk ${index} is neither rw nor ro.`);
    return {
      template: own,
      driver: typeof driver === 'string' ? driver : null,
      path: typeof path === 'string' ? path : null,
      sizeMib: disk.size ?? null,
      mode: disk.mode === 'ro' ? 'ro' : 'rw',
      name: disk.name ?? null,
      parameters: diskParameters(
        this.raw.cluster,
        group === undefined ? undefined : this.groups.get(group)?.diskparams,
        own,
      ),
    };
  }

  private nic(said: unknown, index: number, group: string | undefined, problems: string[]): GanetiNic[] {
    const read = rawNic.safeParse(said);
    if (!read.success) {
      problems.push(`Network card ${index} can't be read (${whyNot(read.error)}).`);
      return [];
    }
    const { mac, ip, network, bridge, nicparams } = read.data;
    const connected =
      network === undefined ? undefined : memberOf(this.groups.get(group ?? '')?.networks, network);
    const asLayer = z.record(z.string(), z.unknown()).safeParse(connected);
    const all = cardParameters(this.raw.cluster, asLayer.data, bridge, nicparams);
    return [
      {
        mac: mac ?? null,
        ip: ip ?? null,
        mode: textOf(all, 'mode'),
        link: textOf(all, 'link'),
        vlan: textOf(all, 'vlan'),
        network: network === undefined ? null : (this.networks.get(network) ?? network),
      },
    ];
  }

  instance(key: string, said: unknown): GanetiInstance | null {
    const read = rawInstance.safeParse(said);
    if (!read.success) {
      this.problems.push(`The instance ${key.slice(0, 80)} can't be read (${whyNot(read.error)}).`);
      return null;
    }
    const raw = read.data;
    const problems: string[] = [];
    const place = raw.primary_node === undefined ? undefined : this.nodes.get(raw.primary_node);
    if (!place)
      problems.push(
        raw.primary_node === undefined
          ? 'It has no node.'
          : `Its node ${raw.primary_node.slice(0, 80)} is not in config.data.`,
      );
    const disks = (raw.disks ?? []).flatMap((each, index) => {
      const disk = this.disk(each, index, raw.disk_template, place?.group, problems);
      return disk ? [disk] : [];
    });
    const templates = [...new Set(disks.map((each) => each.template))];
    const hypervisor =
      raw.hypervisor ??
      this.raw.cluster.default_hypervisor ??
      this.raw.cluster.enabled_hypervisors?.[0] ??
      '';
    const os = raw.os ?? '';
    const state = raw.admin_state ?? (raw.admin_up === true ? 'up' : 'down');
    return {
      name: raw.name,
      template:
        templates.length > 1
          ? 'mixed'
          : (templates[0] ?? raw.disk_template ?? (problems.length > 0 ? '?' : 'diskless')),
      node: place?.node.name ?? null,
      os,
      osParameters: [...Object.keys(raw.osparams ?? {}), ...Object.keys(raw.osparams_private ?? {})],
      hypervisor,
      hypervisorParameters: hypervisorParameters(this.raw.cluster, {
        hypervisor,
        os,
        major: this.major,
        own: raw.hvparams,
      }),
      backend: backendParameters(this.raw.cluster, raw.beparams),
      adminState: state === 'up' || state === 'offline' ? state : 'down',
      tags: raw.tags ?? [],
      disks,
      nics: (raw.nics ?? []).flatMap((each, index) => this.nic(each, index, place?.group, problems)),
      forthcoming: raw.forthcoming ?? false,
      problems,
    };
  }
}

const byName = (a: { name: string }, b: { name: string }): number =>
  a.name < b.name ? -1 : a.name > b.name ? 1 : 0;

/** What stands against the version; null when nothing does. */
const versionProblem = (version: number): string | null => {
  // 1.x counted 1, 2, 3
  if (version < 2_000_000)
    return `It was written by a Ganeti before 2.0 (its version is ${version}): no file storage existed then.`;
  if (version >= 4_000_000)
    return `It was written by a Ganeti newer than 3.x (its version is ${version}), which VBDesk does not know.`;
  return null;
};

/** Reads the text of the file. Never throws. */
export function readConfigData(text: string): ConfigDataRead {
  let json: unknown;
  try {
    json = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { ok: false, message: `This is no config.data of Ganeti: it is not JSON (${why.slice(0, 200)}).` };
  }
  const read = rawConfig.safeParse(json);
  if (!read.success)
    return {
      ok: false,
      message: `This is no config.data of Ganeti (${whyNot(read.error)}). On the master it is /var/lib/ganeti/config.data.`,
    };
  const { version, cluster } = read.data;
  const problem = versionProblem(version);
  if (problem !== null) return { ok: false, message: problem };
  const major = Math.floor(version / 1_000_000);
  const reader = new Reader(read.data, major);
  const instances = Object.entries(read.data.instances ?? {}).flatMap(([key, value]) => {
    const instance = reader.instance(key, value);
    return instance ? [instance] : [];
  });
  return {
    ok: true,
    cluster: {
      name: cluster.cluster_name ?? '',
      version: `${major}.${Math.floor((version % 1_000_000) / 10_000)}`,
      major,
      fileStorageDirectory: cluster.file_storage_dir || null,
      sharedFileStorageDirectory: cluster.shared_file_storage_dir || null,
      nodes: [...new Set([...reader.nodes.values()].map((each) => each.node))].toSorted(byName),
      instances: instances.toSorted(byName),
      problems: reader.problems,
    },
  };
}
