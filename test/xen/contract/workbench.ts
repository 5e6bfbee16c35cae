import { afterAll, beforeAll, expect } from 'vitest';

/** What a script came to on a toolstack's node. */
export type ScriptResult = { code: number; stdout: string; stderr: string };

/**
 * A node with xl on it: real Xen in the lab, or the stand-in of the practice cluster. Scripts are POSIX sh and find the
 * node's root (empty on real nodes) in R; what xl reads and prints are paths without it.
 */
export type Toolstack = {
  run(script: string): Promise<ScriptResult>;
  /** Logical path of a storage directory that is empty. */
  storage: string;
  /** Logical paths of what a guest boots. The guest knows the switches of test/xen/lab/image/guest/init. */
  kernel: string;
  ramdisk: string;
  /** Which of the two it is: only for what is said in docstrings to differ. */
  real: boolean;
  close(): Promise<void>;
};

/** First line of `xl list`. */
export const HEADER = 'Name                                        ID   Mem VCPUs\tState\tTime(s)';
/** MiB of a guest. */
export const MEMORY = 96;

export const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** The lines that follow when a domain could not be built. */
export const notCreated = (id: number): string =>
  [
    `libxl: error: libxl_domain.c:1183:libxl__destroy_domid: Domain ${id}:Non-existant domain`,
    `libxl: error: libxl_domain.c:1137:domain_destroy_callback: Domain ${id}:Unable to destroy guest`,
    `libxl: error: libxl_domain.c:1064:domain_destroy_cb: Domain ${id}:Destruction of domain failed`,
    '',
  ].join('\n');

/** What the parts of the contract work with. Opens the toolstack before the first test and closes it after the last. */
export type Workbench = ReturnType<typeof workbench>;

export function workbench(open: () => Promise<Toolstack>) {
  let opened: Toolstack | undefined;
  const bench = {
    get toolstack(): Toolstack {
      if (opened === undefined) throw new Error('The toolstack is not open yet.');
      return opened;
    },
    /** The id that the next domain gets: every attempt to create one uses one up. */
    next: Number.NaN,
  };

  const run = (script: string): Promise<ScriptResult> => bench.toolstack.run(script);
  const succeed = async (script: string): Promise<string> => {
    const result = await run(script);
    expect({ script, ...result, stdout: '' }).toEqual({ script, code: 0, stdout: '', stderr: '' });
    return result.stdout;
  };
  /** Runs a condition until it is true, on the node itself: one round trip. */
  const waitFor = async (condition: string, seconds = 90): Promise<void> => {
    const script = `i=0; until ${condition}; do i=$((i + 1)); [ $i -lt ${seconds * 5} ] || { xl list >&2; exit 9; }; sleep 0.2; done`;
    const result = await run(script);
    expect({ condition, code: result.code, list: result.code === 0 ? '' : result.stderr }).toEqual({
      condition,
      code: 0,
      list: '',
    });
  };
  const waitForState = (name: string, pattern: string) =>
    waitFor(`xl list '${name}' 2>/dev/null | grep -q '^${name} .* ${pattern} '`);
  const waitForConsole = (name: string, text: string) =>
    waitFor(`grep -q '${text}' "$R/var/log/xen/console/guest-${name}.log" 2>/dev/null`);
  const waitUntilGone = (name: string) =>
    waitFor(`! xl domid '${name}' >/dev/null 2>&1 && [ -z "$(losetup -a)" ]`);
  const idOf = async (name: string): Promise<number> => Number((await succeed(`xl domid '${name}'`)).trim());
  const image = (name: string) => `${bench.toolstack.storage}/contract/${name}`;
  const raw = (name: string, vdev = 'xvda') => `format=raw, vdev=${vdev}, access=rw, target=${image(name)}`;
  const file = (name: string) => `"$R/etc/xen/contract-${name}.cfg"`;
  const physical = async (name: string) => (await succeed(`printf %s ${file(name)}`)).trim();

  /** Writes a configuration file; `more` comes last and overrides. */
  const configure = async (
    name: string,
    disks: readonly string[],
    more: readonly string[] = [],
  ): Promise<void> => {
    const text = [
      `name = '${name}'`,
      "type = 'pv'",
      `kernel = '${bench.toolstack.kernel}'`,
      `ramdisk = '${bench.toolstack.ramdisk}'`,
      "extra = 'console=hvc0 quiet loglevel=4 mitigations=off'",
      `memory = ${MEMORY}`,
      'vcpus = 1',
      `disk = [${disks.map((disk) => `'${disk}'`).join(', ')}]`,
      ...more,
      '',
    ].join('\n');
    await succeed(`cat > ${file(name)} <<'CONFIGURATION'\n${text}CONFIGURATION`);
  };
  const create = async (name: string, options = ''): Promise<void> => {
    const result = await run(`xl create ${options} ${file(name)}`);
    expect(result).toEqual({ code: 0, stdout: '', stderr: `Parsing config from ${await physical(name)}\n` });
    bench.next++;
  };
  const fails = async (name: string, code: number, lines: (id: number) => string): Promise<void> => {
    const result = await run(`xl create ${file(name)}; code=$?; xl list; exit $code`);
    expect(result.stderr).toBe(`Parsing config from ${await physical(name)}\n${lines(bench.next)}`);
    expect(result.code).toBe(code);
    expect(result.stdout).not.toMatch(new RegExp(`^${name} `, 'm'));
    if (code === 3) bench.next++;
  };

  beforeAll(async () => {
    opened = await open();
    // A qcow2 image of 64 MiB by hand: header, reference table, one block of reference counts, an empty first-level table.
    await succeed(`
mkdir "$R${image('')}" && cd "$R${image('')}" && truncate -s 64M a b && truncate -s 262144 q
at() { printf "$2" | dd of=q bs=1 seek=$1 conv=notrunc 2>/dev/null; }
at 0 'QFI\\373\\000\\000\\000\\003'
at 20 '\\000\\000\\000\\020\\000\\000\\000\\000\\004\\000\\000\\000\\000\\000\\000\\000\\000\\000\\000\\001\\000\\000\\000\\000\\000\\003\\000\\000'
at 48 '\\000\\000\\000\\000\\000\\001\\000\\000\\000\\000\\000\\001'
at 96 '\\000\\000\\000\\004\\000\\000\\000\\150'
at 65541 '\\002'
at 131072 '\\000\\001\\000\\001\\000\\001\\000\\001'`);
    await configure('first', [raw('missing')]);
    const result = await run(`xl create ${file('first')}`);
    bench.next = Number(/Domain (\d+):/.exec(result.stderr)?.[1]) + 1;
    expect(bench.next).toBeGreaterThan(1);
  });

  afterAll(async () => {
    await opened?.close();
  });

  return Object.assign(bench, {
    run,
    succeed,
    waitFor,
    waitForState,
    waitForConsole,
    waitUntilGone,
    idOf,
    image,
    raw,
    file,
    physical,
    configure,
    create,
    fails,
  });
}
