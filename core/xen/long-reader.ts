import { z } from 'zod';

/** Readers of the JSON that `xl list -l` and `xl create -n` print. Both hold a domain's configuration, never its run state. */

/** A disk as libxl understood it. An absent format or backend was left to libxl. */
export type ConfiguredDisk = {
  path: string;
  vdev: string;
  format?: string;
  backend?: string;
  readwrite: boolean;
  cdrom: boolean;
};

export type ConfiguredNic = { mac?: string; bridge?: string; ip?: string; script?: string; model?: string };

/** The configuration of one domain as libxl understood it. Memory in MiB. */
export type ConfiguredDomain = {
  name: string;
  uuid?: string;
  type?: string;
  vcpus?: number;
  memoryMib?: number;
  maxMemoryMib?: number;
  kernel?: string;
  ramdisk?: string;
  cmdline?: string;
  bootloader?: string;
  disks: ConfiguredDisk[];
  nics: ConfiguredNic[];
};

export type LongDomain = ConfiguredDomain & { domid: number };
export type LongList = { domains: LongDomain[]; problems: string[] };
export type DryRun = { ok: true; domain: ConfiguredDomain } | { ok: false; message: string };

/** libxl writes booleans as 0/1, as JSON booleans and as the words True and False, by version and field. */
const truth = z.union([z.boolean(), z.number(), z.string()]).transform((value) => {
  return typeof value === 'string' ? value.toLowerCase() === 'true' || value === '1' : Boolean(value);
});

const diskSchema = z.looseObject({
  pdev_path: z.string().optional(),
  vdev: z.string().optional(),
  format: z.string().optional(),
  backend: z.string().optional(),
  readwrite: truth.optional(),
  is_cdrom: truth.optional(),
});

const nicSchema = z.looseObject({
  mac: z.string().optional(),
  bridge: z.string().optional(),
  ip: z.string().optional(),
  script: z.string().optional(),
  model: z.string().optional(),
});

const configSchema = z.looseObject({
  c_info: z.looseObject({
    name: z.string().optional(),
    uuid: z.string().optional(),
    type: z.string().optional(),
  }),
  b_info: z
    .looseObject({
      max_vcpus: z.number().optional(),
      max_memkb: z.number().optional(),
      target_memkb: z.number().optional(),
      kernel: z.string().optional(),
      ramdisk: z.string().optional(),
      cmdline: z.string().optional(),
      bootloader: z.string().optional(),
    })
    .optional(),
  disks: z.array(diskSchema).optional(),
  nics: z.array(nicSchema).optional(),
});

const entrySchema = z.looseObject({ domid: z.int(), config: configSchema });

/** Drops what is undefined, so that an absent fact is an absent key. */
function present<T extends object>(facts: { [K in keyof T]: T[K] | undefined }): Partial<T> {
  const entries = Object.entries(facts).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as Partial<T>;
}

function domainOf(config: z.infer<typeof configSchema>): ConfiguredDomain {
  const build = config.b_info ?? {};
  const mebibytes = (kibibytes: number | undefined) =>
    kibibytes === undefined ? undefined : Math.round(kibibytes / 1024);
  return {
    name: config.c_info.name ?? '',
    ...present<Omit<ConfiguredDomain, 'name' | 'disks' | 'nics'>>({
      uuid: config.c_info.uuid,
      type: config.c_info.type,
      vcpus: build.max_vcpus,
      memoryMib: mebibytes(build.target_memkb),
      maxMemoryMib: mebibytes(build.max_memkb),
      kernel: build.kernel,
      ramdisk: build.ramdisk,
      cmdline: build.cmdline,
      bootloader: build.bootloader,
    }),
    disks: (config.disks ?? []).map((disk) => ({
      path: disk.pdev_path ?? '',
      vdev: disk.vdev ?? '',
      readwrite: disk.readwrite ?? false,
      cdrom: disk.is_cdrom ?? false,
      ...present<Pick<ConfiguredDisk, 'format' | 'backend'>>({ format: disk.format, backend: disk.backend }),
    })),
    nics: (config.nics ?? []).map((nic) =>
      present<ConfiguredNic>({
        mac: nic.mac,
        bridge: nic.bridge,
        ip: nic.ip,
        script: nic.script,
        model: nic.model,
      }),
    ),
  };
}

function parseJson(text: string): { ok: true; value: unknown } | { ok: false; message: string } {
  try {
    const value: unknown = JSON.parse(text);
    return { ok: true, value };
  } catch (error) {
    return { ok: false, message: error instanceof Error ? error.message : String(error) };
  }
}

function firstIssue(error: z.ZodError): string {
  const issue = error.issues[0];
  return issue ? `${issue.path.join('.')}: ${issue.message}` : 'unknown form';
}

/** Reads `xl list -l`. An entry that is not understood is told as a problem; the others stand. Never throws. */
export function readXlListLong(text: string): LongList {
  if (text.trim() === '') return { domains: [], problems: [] };
  const json = parseJson(text);
  if (!json.ok) return { domains: [], problems: [`The output of xl list -l is not JSON: ${json.message}`] };
  const domains: LongDomain[] = [];
  const problems: string[] = [];
  for (const [index, value] of (Array.isArray(json.value) ? json.value : [json.value]).entries()) {
    const entry = entrySchema.safeParse(value);
    if (entry.success) domains.push({ domid: entry.data.domid, ...domainOf(entry.data.config) });
    else problems.push(`Entry ${index} of xl list -l is not understood (${firstIssue(entry.error)}).`);
  }
  return { domains, problems };
}

/** Reads what `xl create -n` (or `xl -N create`) prints on standard output. Never throws. */
export function readDryRun(text: string): DryRun {
  const json = parseJson(text);
  if (!json.ok) return { ok: false, message: `The output of xl create -n is not JSON: ${json.message}` };
  const config = configSchema.safeParse(json.value);
  if (!config.success) {
    return {
      ok: false,
      message: `The output of xl create -n is not understood (${firstIssue(config.error)}).`,
    };
  }
  return { ok: true, domain: domainOf(config.data) };
}
