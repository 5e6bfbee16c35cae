/** Reader of `xl info` and `xm info`: `name : value` lines. */

/** Facts of a host. Null where the output did not tell. Memory in MiB. */
export type XenInfo = {
  host: string | null;
  totalMemoryMib: number | null;
  /** Claims that are outstanding are already subtracted. */
  freeMemoryMib: number | null;
  cpus: number | null;
  numaNodes: number | null;
  coresPerSocket: number | null;
  threadsPerCore: number | null;
  /** Such as `4.17.5`. */
  xenVersion: string | null;
  xenMajor: number | null;
  xenMinor: number | null;
  /** Such as `xen-3.0-x86_64 hvm-3.0-x86_64`, split at spaces. */
  capabilities: string[];
  scheduler: string | null;
  /** Every field as printed; of a name that comes twice, the first. */
  fields: Record<string, string>;
};

const FIELD = /^([A-Za-z_][A-Za-z0-9_]*) *: ?(.*)$/;

function numberOf(text: string | undefined): number | null {
  return text !== undefined && /^[0-9]{1,15}$/.test(text) ? Number(text) : null;
}

/** Reads `xl info`. Lines of another form (tables of `xl info -n`) are passed over. Never throws. */
export function readXlInfo(text: string): XenInfo {
  const found = new Map<string, string>();
  for (const line of text.split('\n')) {
    const match = FIELD.exec(line.trimEnd());
    const name = match?.[1];
    if (name !== undefined && !found.has(name)) found.set(name, (match?.[2] ?? '').trim());
  }
  const number = (name: string) => numberOf(found.get(name));
  const word = (name: string) => found.get(name) || null;
  const major = number('xen_major');
  const minor = number('xen_minor');
  const composed =
    major === null || minor === null ? null : `${major}.${minor}${found.get('xen_extra') ?? ''}`;
  return {
    host: word('host'),
    totalMemoryMib: number('total_memory'),
    freeMemoryMib: number('free_memory'),
    cpus: number('nr_cpus'),
    numaNodes: number('nr_nodes'),
    coresPerSocket: number('cores_per_socket'),
    threadsPerCore: number('threads_per_core'),
    xenVersion: word('xen_version') ?? composed,
    xenMajor: major,
    xenMinor: minor,
    capabilities: (found.get('xen_caps') ?? '').split(/\s+/).filter((part) => part !== ''),
    scheduler: word('xen_scheduler'),
    fields: Object.fromEntries(found),
  };
}
