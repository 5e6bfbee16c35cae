/** What a running domain is made of, as `xl list -l` tells it: known parts by name, and everything else by name as well. */
import { z } from 'zod';
import { DOMAIN_ACTIONS, GUEST_TYPES } from './instance-config.ts';
import { readXlListLong } from './long-reader.ts';

/** Memory in MiB. What is absent was not told. */
export const runningConfig = z.object({
  type: z.enum(GUEST_TYPES).optional(),
  /** processors that it has now, and those that it could be given */
  vcpus: z.number().optional(),
  maxVcpus: z.number().optional(),
  /** what it is to have now, whatever it has given back already; and the most that it can be given */
  memoryMib: z.number().optional(),
  maxMemoryMib: z.number().optional(),
  kernel: z.string().optional(),
  ramdisk: z.string().optional(),
  cmdline: z.string().optional(),
  bootloader: z.string().optional(),
  /** its share of processor time, where it is not what everybody gets, and its limit in percent of one */
  cpuWeight: z.number().optional(),
  cap: z.number().optional(),
  disks: z.array(
    z.object({
      path: z.string(),
      vdev: z.string(),
      format: z.string().optional(),
      backend: z.string().optional(),
      readwrite: z.boolean(),
      cdrom: z.boolean(),
    }),
  ),
  nics: z.array(
    z.object({
      mac: z.string().optional(),
      bridge: z.string().optional(),
      /** name of the interface on the node, where somebody chose one */
      vifname: z.string().optional(),
    }),
  ),
  onPoweroff: z.enum(DOMAIN_ACTIONS),
  onReboot: z.enum(DOMAIN_ACTIONS),
  onCrash: z.enum(DOMAIN_ACTIONS),
  /** devices that are nothing of the above, or are attached in a way that is not; each as "key: value" */
  devices: z.array(z.string()),
  /** settings that are nothing of the above and not what everybody gets; each as "key: value" */
  settings: z.array(z.string()),
});
export type RunningConfig = z.infer<typeof runningConfig>;

const part = z.record(z.string(), z.unknown());
const parts = z.array(part);
const element = z.looseObject({
  domid: z.int(),
  config: z.looseObject({
    c_info: part,
    b_info: part.optional(),
    disks: parts.optional(),
    nics: parts.optional(),
  }),
});
type Config = z.infer<typeof element>['config'];

/** Read by name, the same for everybody, or compared with what everybody gets (see `unusual`). */
const known: Readonly<Record<'c_info' | 'b_info' | 'disk' | 'nic' | 'config', ReadonlySet<string>>> = {
  config: new Set([
    ...['c_info', 'b_info', 'disks', 'nics'],
    ...['on_poweroff', 'on_reboot', 'on_crash', 'on_watchdog', 'on_soft_reset'],
  ]),
  c_info: new Set(['type', 'name', 'domid', 'uuid', 'run_hotplug_scripts', 'hap', 'ssidref']),
  b_info: new Set([
    ...['max_vcpus', 'avail_vcpus', 'max_memkb', 'target_memkb', 'video_memkb', 'shadow_memkb'],
    ...['kernel', 'ramdisk', 'cmdline', 'bootloader', 'claim_mode', 'sched_params'],
    ...['max_grant_frames', 'max_maptrack_frames', 'event_channels', 'arch_arm'],
  ]),
  disk: new Set([
    ...['pdev_path', 'vdev', 'format', 'backend', 'readwrite', 'is_cdrom', 'removable'],
    ...['colo_restore_enable', 'backend_domid', 'discard_enable', 'direct_io_safe', 'trusted'],
  ]),
  nic: new Set([
    ...['devid', 'mac', 'bridge', 'model', 'nictype', 'mtu', 'ifname', 'trusted', 'backend_domid'],
    'script',
  ]),
};

const short = (text: string): string => (text.length > 60 ? `${text.slice(0, 60)}…` : text);

/** Switched off, or empty all the way down: as good as not said. */
const saysNothing = (value: unknown): boolean => {
  if (value === null || value === undefined || value === false || value === 0 || value === '') return true;
  if (typeof value === 'string') return /^(false|default|none|unknown)$/i.test(value);
  return typeof value === 'object' && Object.values(value).every(saysNothing);
};

const strays = (object: Record<string, unknown>, where: string, names: ReadonlySet<string>): string[] =>
  Object.entries(object).flatMap(([key, value]) =>
    names.has(key) || saysNothing(value) ? [] : [`${where}${key}: ${short(JSON.stringify(value))}`],
  );

const listAt = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

/** How it is attached, where that is not as a file or a bridge of Domain-0 is. */
const oddly = (config: Config): string[] => [
  ...(config.disks ?? []).flatMap((disk) => [
    ...strays(disk, `disk ${String(disk.vdev)}, `, known.disk),
    ...(saysNothing(disk.backend_domid) ? [] : [`disk ${String(disk.vdev)}, backend_domid: not Domain-0`]),
  ]),
  ...(config.nics ?? []).flatMap((nic, index) => [
    ...strays(nic, `network card ${index}, `, known.nic),
    ...(saysNothing(nic.backend_domid) ? [] : [`network card ${index}, backend_domid: not Domain-0`]),
    ...(nic.script === undefined || (typeof nic.script === 'string' && /(^|\/)vif-bridge$/.test(nic.script))
      ? []
      : [`network card ${index}, script: ${short(JSON.stringify(nic.script))}`]),
  ]),
];

/** Not what everybody gets of it: `usual` are the defaults of all versions. Absent, it was left to the toolstack. */
const unusual = (
  object: Record<string, unknown>,
  where: string,
  key: string,
  usual: readonly (string | number | boolean)[],
) => {
  const value = object[key];
  if (value === undefined || value === null) return [];
  // numbers, booleans and words, by version
  const said = (typeof value === 'string' ? value : JSON.stringify(value)).toLowerCase();
  const isUsual = usual.some((each) => String(each).toLowerCase() === said);
  return isUsual ? [] : [`${where}${key}: ${short(JSON.stringify(value))}`];
};

const isTrue = (value: unknown): boolean => value === 1 || /^true$/i.test(String(value));
const yes = [true, 1, 'default'];
const no = [false, 0, 'default'];
/** libxl's way to say that nothing was said */
const unsaid = 4_294_967_295;

/** What only a few guests have, of all that is read by name nowhere else. */
const unusualOf = ({ c_info, b_info = {}, disks = [], nics = [] }: Config): string[] => {
  const isHvm = c_info.type === 'hvm';
  return [
    ...(c_info.type === 'pv' ? [] : unusual(c_info, '', 'hap', yes)),
    ...unusual(c_info, '', 'ssidref', [0]),
    ...unusual(b_info, '', 'max_grant_frames', [0, 32, 64, unsaid]),
    ...unusual(b_info, '', 'max_maptrack_frames', [0, 1024, unsaid]),
    ...unusual(b_info, '', 'event_channels', [0, 1023]),
    ...disks.flatMap((disk) => {
      const where = `disk ${String(disk.vdev)}, `;
      return [
        ...unusual(disk, where, 'direct_io_safe', no),
        // blocks are given back of whatever can be written to
        ...unusual(disk, where, 'discard_enable', isTrue(disk.readwrite) ? yes : no),
        ...unusual(disk, where, 'trusted', yes),
      ];
    }),
    ...nics.flatMap((nic, index) => {
      const where = `network card ${index}, `;
      return [
        ...unusual(nic, where, 'mtu', [0, 1492, 1500]),
        ...unusual(nic, where, 'model', ['', 'rtl8139']),
        ...unusual(nic, where, 'nictype', ['', 'unknown', isHvm ? 'vif_ioemu' : 'vif']),
        ...unusual(nic, where, 'trusted', yes),
      ];
    }),
  ];
};

/** libxl's own name for it, which has the domain's number in it, is none. */
const chosenName = (nic: Record<string, unknown> | undefined): string | undefined =>
  typeof nic?.ifname === 'string' && !/^(vif|tap)\d+\.\d+(-emu)?$/.test(nic.ifname) ? nic.ifname : undefined;

/** libxl leaves out its own default, which is to destroy the domain. */
const actionOf = (value: unknown) =>
  DOMAIN_ACTIONS.find((each) => typeof value === 'string' && each === value.replaceAll('_', '-')) ??
  'destroy';

const shareOf = ({ b_info = {} }: Config): { cpuWeight?: number; cap?: number } => {
  const read = z.record(z.string(), z.unknown()).safeParse(b_info.sched_params);
  const { weight, cap } = read.success ? read.data : {};
  return {
    ...(typeof weight === 'number' && weight > 0 && weight !== 256 && { cpuWeight: weight }),
    ...(typeof cap === 'number' && cap > 0 && { cap }),
  };
};

const settingsOf = (config: Config): string[] => [
  ...strays(config.c_info, '', known.c_info),
  ...strays(config.b_info ?? {}, '', known.b_info),
  ...unusualOf(config),
];

/** What is undefined or empty is absent. */
const told = (facts: Record<string, string | number | undefined>) =>
  Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined && value !== ''));

/** By the number of the domain; its uuid besides, since a number may be another domain's by the time that the next list is asked for. */
export type RunningConfigs = {
  configs: ReadonlyMap<number, { uuid: string | null; config: RunningConfig }>;
  /** what is not understood, each a sentence */
  problems: string[];
};

/**
 * Every domain of `xl list -l` but Domain-0; what is not understood is left out, and told. Never throws.
 * @param logical makes a path that the toolstack names one that the cluster knows
 */
export const readRunningConfigs = (text: string, logical: (path: string) => string): RunningConfigs => {
  const found = new Map<number, { uuid: string | null; config: RunningConfig }>();
  const read = readXlListLong(text);
  const problems = [...read.problems];
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { configs: found, problems };
  }
  const whole = new Map(
    listAt(json).flatMap((each): [number, Config][] => {
      const read = element.safeParse(each);
      return read.success ? [[read.data.domid, read.data.config]] : [];
    }),
  );
  for (const { domid, ...domain } of read.domains) {
    const config = whole.get(domid);
    if (domid === 0) continue;
    if (!config) {
      problems.push(`What xl list -l tells of domain ${domid} is not understood.`);
      continue;
    }
    const { type, vcpus, memoryMib, maxMemoryMib, kernel, ramdisk, cmdline, bootloader, disks, nics } =
      domain;
    const online = listAt(config.b_info?.avail_vcpus).length;
    const { on_poweroff, on_reboot, on_crash } = config;
    const checked = runningConfig.safeParse({
      ...told({ type, memoryMib, maxMemoryMib, cmdline, bootloader }),
      ...told({ kernel: kernel && logical(kernel), ramdisk: ramdisk && logical(ramdisk) }),
      ...told({ maxVcpus: vcpus, vcpus: online > 0 ? online : vcpus }),
      disks: disks.map((each) => ({ ...each, path: logical(each.path) })),
      nics: nics.map(({ mac, bridge }, index) =>
        told({ mac: mac?.toLowerCase(), bridge, vifname: chosenName(config.nics?.[index]) }),
      ),
      ...shareOf(config),
      onPoweroff: actionOf(on_poweroff),
      onReboot: actionOf(on_reboot),
      onCrash: actionOf(on_crash),
      devices: [...strays(config, '', known.config), ...oddly(config)],
      settings: settingsOf(config),
    });
    if (checked.success) found.set(domid, { uuid: domain.uuid?.toLowerCase() ?? null, config: checked.data });
    else problems.push(`What xl list -l tells of domain ${domid} is not understood.`);
  }
  return { configs: found, problems };
};
