import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dryRunCases } from './toolstack-dry-runs.ts';

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

const HEADER = 'Name                                        ID   Mem VCPUs\tState\tTime(s)';
const MEMORY = 96;

const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** The lines that follow when a domain could not be built. */
const notCreated = (id: number): string =>
  [
    `libxl: error: libxl_domain.c:1183:libxl__destroy_domid: Domain ${id}:Non-existant domain`,
    `libxl: error: libxl_domain.c:1137:domain_destroy_callback: Domain ${id}:Unable to destroy guest`,
    `libxl: error: libxl_domain.c:1064:domain_destroy_cb: Domain ${id}:Destruction of domain failed`,
    '',
  ].join('\n');

/**
 * Defines the contract between VBDesk and a toolstack as tests: what every command that VBDesk uses prints, and its exit
 * codes. Each guest serves several cases, in order, for starts are slow on real Xen.
 */
export function toolstackContract(open: () => Promise<Toolstack>): void {
  let toolstack: Toolstack;
  /** The id that the next domain gets: every attempt to create one uses one up. */
  let next: number;

  const run = (script: string): Promise<ScriptResult> => toolstack.run(script);
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
  const image = (name: string) => `${toolstack.storage}/contract/${name}`;
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
      `kernel = '${toolstack.kernel}'`,
      `ramdisk = '${toolstack.ramdisk}'`,
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
    next++;
  };
  const fails = async (name: string, code: number, lines: (id: number) => string): Promise<void> => {
    const result = await run(`xl create ${file(name)}; code=$?; xl list; exit $code`);
    expect(result.stderr).toBe(`Parsing config from ${await physical(name)}\n${lines(next)}`);
    expect(result.code).toBe(code);
    expect(result.stdout).not.toMatch(new RegExp(`^${name} `, 'm'));
    if (code === 3) next++;
  };

  beforeAll(async () => {
    toolstack = await open();
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
    next = Number(/Domain (\d+):/.exec(result.stderr)?.[1]) + 1;
    expect(next).toBeGreaterThan(1);
  });

  afterAll(async () => {
    await toolstack?.close();
  });

  describe('what exists before any guest', () => {
    test('the list holds Domain-0 alone, in the three forms', async () => {
      const [short = '', row = '', ...more] = (await succeed('xl list')).split('\n');
      expect(short).toBe(HEADER);
      expect(row).toMatch(/^Domain-0 {33} {4}0 +\d+ +\d+ {5}[r-]b?[-]{4,5} +\d+\.\d$/);
      expect(more).toEqual(['']);
      const [long = '', zero = ''] = (await succeed('xl list -v')).split('\n');
      expect(long).toBe(`${HEADER}   UUID                            Reason-Code\tSecurity Label`);
      expect(zero).toMatch(/ 00000000-0000-0000-0000-000000000000 {8}- {16}-$/);
      const all: unknown = JSON.parse(await succeed('xl list -l'));
      expect(all).toMatchObject([{ domid: 0, config: { c_info: { type: 'pv', name: 'Domain-0' } } }]);
    });

    test('info counts the memory', async () => {
      const info = new Map(
        (await succeed('xl info')).split('\n').map((line) => [line.slice(0, 23).trim(), line.slice(25)]),
      );
      expect(info.get('xen_version')).toMatch(/^4\.17\.\d+$/);
      expect([info.get('xen_major'), info.get('xen_minor')]).toEqual(['4', '17']);
      const total = Number(info.get('total_memory'));
      const free = Number(info.get('free_memory'));
      expect(free).toBeGreaterThan(2 * MEMORY);
      expect(free).toBeLessThan(total);
      expect(Number(info.get('nr_cpus'))).toBeGreaterThan(0);
      expect(await succeed('xl info total_memory')).toBe(`${total}\n`);
      expect(await succeed('xl info no_such_fact')).toBe('');
    });

    test('a domain that is not there, a command that is none: exit codes and words', async () => {
      const invalid = 'missing is an invalid domain identifier (rc=-6)\n';
      const cases: [string, number, string][] = [
        ['list missing', 1, invalid],
        ['list -l missing', 1, invalid],
        ['list 9999', 1, "Error: Domain '9999' does not exist.\n"],
        ['shutdown missing', 1, invalid],
        ['shutdown -w missing', 1, invalid],
        ['reboot missing', 1, invalid],
        ['destroy missing', 1, invalid],
        ['pause missing', 1, invalid],
        ['unpause missing', 1, invalid],
        ['rename missing other', 1, invalid],
        ['save missing /nowhere', 1, invalid],
        ['console missing', 1, invalid],
        ['uptime missing', 1, invalid],
        ['migrate missing nowhere', 1, invalid],
        ['domid missing', 1, "Can't get domid of domain name 'missing', maybe this domain does not exist.\n"],
        ['domname 9999', 1, "Can't get domain name of domain id '9999', maybe this domain does not exist.\n"],
        ['block-list missing', 0, 'missing is an invalid domain identifier\n'],
        ['block-attach missing vdev=xvda,target=/a', 1, 'missing is an invalid domain identifier\n'],
        ['restore /nowhere', 1, "Can't open restore file: No such file or directory\n"],
        ['shutdown', 1, 'You must specify -a or a domain id.\n\n'],
        ['destroy', 2, "'xl destroy' requires at least 1 argument.\n\n"],
        ['rename one', 2, "'xl rename' requires at least 2 arguments.\n\n"],
        ['list -x', 2, "option `x' not supported.\n"],
        ['no-such-command', 1, 'command not implemented\n'],
        ['create', 6, 'Config file not specified and none in save file\n'],
        ['create /nowhere', 3, 'Failed to read config file: /nowhere: No such file or directory\n'],
        [
          'pause 9999',
          0,
          'libxl: error: libxl_domain.c:587:libxl_domain_pause: Domain 9999:Pausing domain: No such process\n',
        ],
      ];
      const script = cases.map(
        ([words]) => `xl ${words} >/dev/null 2>"$R/tmp/words"; echo "$? $(cat "$R/tmp/words")"; echo ======`,
      );
      const parts = (await succeed(script.join('\n'))).split('\n======\n').slice(0, -1);
      const seen = parts.map((part, index) => [
        cases[index]?.[0],
        Number(part.split(' ', 1)[0]),
        part.slice(part.indexOf(' ') + 1),
      ]);
      expect(seen).toEqual(cases.map(([words, code, text]) => [words, code, text.trimEnd()]));
    });
  });

  test('create -n: prints what it understood as JSON, or what it did not, and looks at no file', async () => {
    const cases = dryRunCases(toolstack);
    const script = cases.map(
      ({ text }) =>
        `printf %s ${quote(text)} > "$R/tmp/dry.cfg"; xl create -n "$R/tmp/dry.cfg" 2>"$R/tmp/words"; code=$?; echo ======; echo $code; sed "s,$R/tmp/dry.cfg,FILE," "$R/tmp/words"; echo ======`,
    );
    const parts = (await succeed(script.join('\n'))).split('======\n');
    const seen = cases.map(({ title }, index) => {
      const stdout = parts[2 * index] ?? '';
      const [code, ...stderr] = (parts[2 * index + 1] ?? '').trimEnd().split('\n');
      const config: unknown = stdout === '' ? null : JSON.parse(stdout);
      return { title, code: Number(code), stderr, config };
    });
    expect(seen).toEqual(
      cases.map(({ title, stderr = [], config }) => ({
        title,
        code: config === undefined ? 1 : 0,
        stderr: ['Parsing config from FILE', ...stderr],
        config: config ?? null,
      })),
    );
    expect(parts).toHaveLength(2 * cases.length + 1);
  });

  describe('what can not be created leaves nothing behind but a used-up id', () => {
    test('a missing image', async () => {
      await configure('fails', [raw('missing')]);
      await fails(
        'fails',
        3,
        (id) =>
          `libxl: error: libxl_device.c:455:libxl__device_disk_set_backend: Disk vdev=xvda failed to stat: ${image('missing')}: No such file or directory\nlibxl: error: libxl_create.c:1318:initiate_domain_create: Domain ${id}:Unable to set disk defaults for disk 0\n${notCreated(id)}`,
      );
    });

    test('a missing kernel', async () => {
      await configure('fails', [raw('a')], ["kernel = '/boot/no-such-kernel'"]);
      await fails(
        'fails',
        3,
        (id) =>
          `xc: error: panic: xg_dom_core.c:205: failed to open file '/boot/no-such-kernel': No such file or directory: Internal error\nlibxl: error: libxl_dom.c:646:libxl__build_pv: xc_dom_kernel_file failed: No such file or directory\nlibxl: error: libxl_create.c:1640:domcreate_rebuild_done: Domain ${id}:cannot (re-)build domain: -3\n${notCreated(id)}`,
      );
    });

    test('more memory than there is', async () => {
      await configure('fails', [raw('a')], ['memory = 8000']);
      await fails(
        'fails',
        3,
        (id) =>
          `xc: error: panic: xg_dom_boot.c:119: xc_dom_boot_mem_init: can't allocate low memory for domain: Out of memory\nlibxl: error: libxl_dom.c:586:libxl__build_dom: xc_dom_boot_mem_init failed: Cannot allocate memory\nlibxl: error: libxl_create.c:1640:domcreate_rebuild_done: Domain ${id}:cannot (re-)build domain: -3\n${notCreated(id)}`,
      );
    });

    test('a disk that no backend serves', async () => {
      await configure('fails', [`format=qcow2, vdev=xvda, access=rw, backendtype=phy, target=${image('q')}`]);
      await fails(
        'fails',
        3,
        (id) =>
          `libxl: error: libxl_device.c:475:libxl__device_disk_set_backend: no suitable backend for disk xvda\nlibxl: error: libxl_create.c:1318:initiate_domain_create: Domain ${id}:Unable to set disk defaults for disk 0\n${notCreated(id)}`,
      );
    });

    test('a vdev that is none', async () => {
      await configure('fails', [raw('a', 'foo')]);
      await fails(
        'fails',
        3,
        (id) =>
          `libxl: error: libxl_disk.c:214:libxl__device_from_disk: Domain ${id}:Invalid or unsupported virtual disk identifier foo\nlibxl: error: libxl_disk.c:335:device_disk_add: Domain ${id}:Invalid or unsupported virtual disk identifier foo\nlibxl: error: libxl_create.c:1672:domcreate_launch_dm: Domain ${id}:unable to add disk devices\n${notCreated(id)}`,
      );
    });

    test('a syntax error, a missing name: no id is used up', async () => {
      await succeed(`printf 'name = "bad\\nmemory = = 3\\n' > ${file('fails')}`);
      const name = await physical('fails');
      await fails(
        'fails',
        1,
        () =>
          `${name}:1: config parsing error near \`"bad': lexical error\n${name}:2: config parsing error near \`=': syntax error, unexpected '=', expecting STRING or NUMBER or '['\nFailed to parse config: Invalid argument\n`,
      );
      await succeed(`printf 'memory = 128\\ntype="pv"\\n' > ${file('fails')}`);
      await fails('fails', 1, () => 'Domain name must be specified.\n');
    });

    test('nothing is left: no domain, no loop device', async () => {
      expect((await succeed('xl list')).trimEnd().split('\n')).toHaveLength(2);
      expect(await succeed('losetup -a')).toBe('');
    });
  });

  describe('a guest on a raw image', () => {
    const uuid = randomUUID();
    let id: number;

    test('create: exit 0, nothing on stdout', async () => {
      await configure('one', [raw('a')], [`uuid = '${uuid}'`, "on_reboot = 'restart'"]);
      id = next;
      await create('one');
      expect(await idOf('one')).toBe(id);
      expect(await succeed(`xl domname ${id}`)).toBe('one\n');
    });

    test('it shows in the lists, by name, uuid and disk', async () => {
      const row = new RegExp(`^one {37} +${id} +${MEMORY} +1 {5}[r-][b-]---- +\\d+\\.\\d$`);
      const lines = (await succeed('xl list one')).trimEnd().split('\n');
      expect(lines).toEqual([HEADER, expect.stringMatching(row)]);
      expect(await succeed('xl list -v one')).toMatch(new RegExp(` ${uuid} {8}- {16}-\n$`));
      const domain: unknown = JSON.parse(await succeed('xl list -l one'));
      expect(domain).toEqual([
        {
          domid: id,
          config: {
            c_info: { type: 'pv', name: 'one', domid: 4294967295, uuid, run_hotplug_scripts: 'True' },
            b_info: {
              max_vcpus: 1,
              avail_vcpus: [0],
              max_memkb: MEMORY * 1024,
              target_memkb: MEMORY * 1024,
              video_memkb: 0,
              sched_params: { sched: 'credit2', weight: 256, cap: 0 },
              claim_mode: 'True',
              kernel: toolstack.kernel,
              cmdline: 'console=hvc0 quiet loglevel=4 mitigations=off',
              ramdisk: toolstack.ramdisk,
              'type.pv': {},
              arch_arm: {},
              arch_x86: { msr_relaxed: 'False' },
            },
            disks: [
              {
                pdev_path: image('a'),
                vdev: 'xvda',
                format: 'raw',
                readwrite: 1,
                colo_restore_enable: 'False',
              },
            ],
            on_reboot: 'restart',
            on_soft_reset: 'soft_reset',
          },
        },
      ]);
    });

    test('a loop device holds the image, told by device and inode', async () => {
      const [inode = '', device = ''] = (await succeed(`stat -c '%i %d' "$R${image('a')}"`))
        .trim()
        .split(' ');
      const hexadecimal = Number(device).toString(16).padStart(4, '0');
      expect(await succeed('losetup -a')).toBe(`/dev/loop0: [${hexadecimal}]:${inode} (${image('a')})\n`);
      expect(await succeed(`losetup -j "$R${image('a')}"`)).toBe(await succeed('losetup -a'));
      const fields = (await succeed('losetup -l -n -O NAME,BACK-INO,BACK-MAJ:MIN,BACK-FILE'))
        .trim()
        .split(/\s+/);
      expect([fields[0], fields[1], fields[3]]).toEqual(['/dev/loop0', inode, image('a')]);
      expect(fields[2]).toMatch(/^\d+:\d+$/);
      // A device in use is not let go of, though the command says nothing.
      await succeed('losetup -d /dev/loop0');
      expect(await succeed('losetup -a')).not.toBe('');
    });

    test('its monitor is an xl process whose stdout is its log', async () => {
      const found = await succeed(
        `log=$(readlink -f "$R/var/log/xen/xl-one.log"); for link in /proc/[0-9]*/fd/1; do [ "$(readlink "$link")" = "$log" ] && tr '\\0' ' ' < "\${link%/fd/1}/cmdline" && echo; done; cat "$log"`,
      );
      expect(found).toMatch(
        /xl create \S*contract-one\.cfg \nWaiting for domain one \(domid \d+\) to die \[pid \d+\]\n$/,
      );
    });

    test('its console log tells what it found on its disk', async () => {
      await waitForConsole('one', 'GUEST: ready');
      const log = await succeed('cat "$R/var/log/xen/console/guest-one.log"');
      expect(log.replaceAll('\r', '')).toContain("GUEST: disk xvda counter was 0 now 1, sequence was ''\n");
      expect(await succeed('xl block-list one')).toBe(
        `Vdev  BE  handle state evt-ch ring-ref BE-path                       \n51712 0   ${String(id).padEnd(6)} 4     8      8        /local/domain/0/backend/vbd/${id}/51712\n`,
      );
      await waitFor(
        `dd if="$R${image('a')}" bs=512 skip=16 count=1 2>/dev/null | grep -aq '^sequence boot=1 count=[2-9]'`,
      );
      expect(await succeed(`dd if="$R${image('a')}" bs=512 skip=8 count=1 2>/dev/null | tr -d '\\0'`)).toBe(
        '1\n',
      );
    });

    test('created again: refused by name', async () => {
      const result = await run(`xl create ${file('one')}`);
      expect(result.code).toBe(3);
      expect(result.stderr).toBe(
        `Parsing config from ${await physical('one')}\nlibxl: error: libxl_domain.c:81:libxl__domain_rename: Domain ${next}:Domain with name "one" already exists.\nlibxl: error: libxl_create.c:1296:initiate_domain_create: Domain ${next}:cannot make domain: -6\n${notCreated(next)}`,
      );
      next++;
    });

    test('paused as often as unpaused', async () => {
      await succeed('xl pause one; xl pause one; xl unpause one');
      expect(await succeed('xl list one')).toMatch(/ -[b-]p--- /);
      await succeed('xl unpause one');
      expect(await succeed('xl list one')).toMatch(/ [r-][b-]---- /);
      const result = await run('xl unpause one');
      expect(result).toEqual({
        code: 0,
        stdout: '',
        stderr: `libxl: error: libxl_domain.c:688:domain_unpause_done: Domain ${id}:Unpausing domain: Invalid argument\n`,
      });
    });

    test('a shutdown request that it does not take hangs: xl has no time limit worth the name', async () => {
      await succeed('xl pause one');
      const result = await run('timeout 2 xl shutdown -w one');
      expect(result).toEqual({ code: 124, stdout: '', stderr: `Shutting down domain ${id}\n` });
      expect(await succeed('xl list one')).toMatch(/ -[b-]p--- /);
    });

    test('…and is obeyed as soon as it runs again', async () => {
      await succeed('xl unpause one');
      await waitUntilGone('one');
      expect(await succeed('cat "$R/var/log/xen/xl-one.log"')).toMatch(
        new RegExp(
          `\\(domid ${id}\\) to die \\[pid \\d+\\]\nDomain ${id} has shut down, reason code 0 0x0\nAction for shutdown reason code 0 is destroy\nDomain ${id} needs to be cleaned up: destroying the domain\nDone. Exiting now\n$`,
        ),
      );
    });
  });

  describe('a guest that ignores shutdown requests', () => {
    const uuid = randomUUID();
    let id: number;

    test('create -p leaves it paused; until unpaused it has written nothing', async () => {
      await configure(
        'two',
        [raw('a')],
        [`uuid = '${uuid}'`, "extra = 'console=hvc0 quiet loglevel=4 mitigations=off guest.ignore_shutdown'"],
      );
      id = next;
      await create('two', '-p');
      expect(await succeed('xl list two')).toMatch(/ {5}--p--- +0\.0\n$/);
      expect(await succeed('losetup -a')).not.toBe('');
      expect(await succeed('cat "$R/var/log/xen/console/guest-two.log" 2>/dev/null || true')).toBe('');
      await succeed('xl unpause two');
      await waitForConsole('two', 'disk xvda counter was 1 now 2');
      await waitForConsole('two', 'GUEST: ready');
    });

    test('shutdown: exit 0, and it runs on', async () => {
      const result = await run('xl shutdown two');
      expect(result).toEqual({ code: 0, stdout: '', stderr: `Shutting down domain ${id}\n` });
      await waitForConsole('two', 'GUEST: shutdown asked, ignored');
      expect(await succeed('xl list two')).toMatch(/ [r-][b-]---- /);
    });

    test('rename: the old name is gone, the uuid stays; a taken name is refused', async () => {
      await succeed('xl rename two renamed');
      expect((await run('xl domid two')).code).toBe(1);
      expect(await succeed('xl list -v renamed')).toContain(` ${uuid} `);
      expect(await run('xl rename renamed Domain-0')).toEqual({
        code: 1,
        stdout: '',
        stderr: `libxl: error: libxl_domain.c:81:libxl__domain_rename: Domain ${id}:Domain with name "Domain-0" already exists.\nCan't rename domain 'renamed'.\n`,
      });
    });

    test('nothing prevents a second start of the same image and uuid', async () => {
      await create('two');
      const rows = (await succeed('xl list -v')).split('\n').filter((line) => line.includes(uuid));
      expect(rows).toHaveLength(2);
      expect((await succeed(`losetup -a | grep -c ' (${image('a')})$'`)).trim()).toBe('2');
      await succeed('xl destroy two');
      await waitFor('! xl domid two >/dev/null 2>&1');
    });

    test('reboot: gone for a moment, then there again under a new id, started by the monitor', async () => {
      expect(await run('xl reboot renamed')).toEqual({
        code: 0,
        stdout: '',
        stderr: `Rebooting domain ${id}\n`,
      });
      await waitFor('! xl domid renamed >/dev/null 2>&1');
      await waitFor('xl domid renamed >/dev/null 2>&1');
      expect(await idOf('renamed')).toBe(next);
      id = next++;
      expect(await succeed('xl list -v renamed')).toContain(` ${uuid} `);
      // Its console log has the new name, its monitor's log keeps the old one.
      await waitForConsole('renamed', 'GUEST: ready');
      const logs = await succeed('cat "$R"/var/log/xen/xl-two.log*');
      expect(logs).toMatch(
        /Action for shutdown reason code 1 is restart\n(.*\n)+Done. Rebooting now\nWaiting for domain renamed \(domid \d+\)/,
      );
    });

    test('its monitor stopped: it stays where its reboot left it, until destroyed', async () => {
      await succeed(
        `log=$(readlink -f "$R/var/log/xen"); for link in /proc/[0-9]*/fd/1; do case $(readlink "$link") in "$log"/xl-two.log*) pid=\${link#/proc/}; kill -STOP "\${pid%%/*}"; echo "\${pid%%/*}" > "$R/tmp/monitor" ;; esac; done; test -s "$R/tmp/monitor"`,
      );
      await run('xl reboot renamed');
      await waitForState('renamed', '---sr-');
      expect(await succeed('xl list -v renamed')).toMatch(new RegExp(` ${uuid} {8}1 {16}-\n$`));
      await succeed('xl destroy renamed');
      await waitUntilGone('renamed');
      await succeed('kill -KILL "$(cat "$R/tmp/monitor")"');
      expect((await succeed('xl list')).trimEnd().split('\n')).toHaveLength(2);
    });
  });

  describe('a guest on a qcow2 image that crashes', () => {
    test('it runs on a QEMU of its own, which has no loop device', async () => {
      await configure(
        'three',
        [`format=qcow2, vdev=xvda, access=rw, backendtype=qdisk, target=${image('q')}`],
        [
          "on_crash = 'preserve'",
          "extra = 'console=hvc0 quiet loglevel=4 mitigations=off guest.crash_after=3'",
        ],
      );
      const id = next;
      await create('three');
      await waitForConsole('three', 'disk xvda counter was 0 now 1');
      expect(await succeed('losetup -a')).toBe('');
      expect(await succeed('xl block-list three')).toContain(`/local/domain/0/backend/qdisk/${id}/51712`);
      const holders = await succeed(
        `wanted=$(stat -c %d:%i "$R${image('q')}"); for process in /proc/[0-9]*; do tr '\\0' ' ' 2>/dev/null < "$process/cmdline" | grep -q -- 'qemu-system-i386 -xen-domid ${id} ' || continue; for link in "$process"/fd/*; do [ "$(stat -L -c %d:%i "$link" 2>/dev/null)" = "$wanted" ] && echo holds; done; done; true`,
      );
      expect(holders).toMatch(/^holds\n/);
    });

    test('crashed and preserved: state c, reason 3, and the monitor has left', async () => {
      await waitForState('three', '---sc-');
      expect(await succeed('xl list -v three')).toMatch(/ ---sc- .* {8}3 {16}-\n$/);
      await waitFor(`grep -q 'Done. Exiting now' "$R/var/log/xen/xl-three.log"`);
      expect(await succeed('cat "$R/var/log/xen/xl-three.log"')).toMatch(
        /Action for shutdown reason code 3 is preserve\nDone. Exiting now\n$/,
      );
      await succeed('xl destroy three');
      await waitUntilGone('three');
    });

    test('a format that is not that of the image: it starts all the same, without the disk', async () => {
      await configure('four', [
        `format=qcow2, vdev=xvda, access=rw, backendtype=qdisk, target=${image('b')}`,
      ]);
      const id = next;
      await create('four');
      await waitFor(`grep -q 'Image is not in qcow2 format' "$R/var/log/xen/qemu-dm-four.log"`);
      expect(await succeed('xl block-list four')).toContain(
        `\n51712 0   ${String(id).padEnd(6)} 1     -1     -1       /local/`,
      );
      await succeed('xl destroy four');
      await waitUntilGone('four');
      expect(await succeed(`tr -d '\\0' < "$R${image('b')}" | wc -c`)).toBe('0\n');
    });
  });

  test('a killed create leaves a paused domain behind', async () => {
    await configure('five', [raw('b')]);
    await run(
      `xl create ${file('five')} >/dev/null 2>&1 & create=$!; i=0; until xl domid five >/dev/null 2>&1 || [ $i -gt 100 ]; do i=$((i + 1)); sleep 0.02; done; kill -KILL $create; wait $create`,
    );
    next++;
    expect(await succeed('xl list five')).toMatch(/ --p--- /);
    await succeed('xl destroy five');
    await waitUntilGone('five');
  });

  test('a raw image in Domain-0: attached, refused twice, detached', async () => {
    const spec = `'format=raw,vdev=xvdz,access=rw,target=${image('b')}'`;
    await succeed('if [ -z "$R" ]; then modprobe xen-blkfront; fi');
    expect(await run(`xl block-attach Domain-0 ${spec}`)).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(await succeed('xl block-list 0')).toMatch(
      /\n268441856 0 {3}0 {6}4 +\d+ +\d+ +\/local\/domain\/0\/backend\/vbd\/0\/268441856\n$/,
    );
    await waitFor('[ -e "$R/dev/xvdz" ]');
    expect(await succeed('losetup -a')).toContain(` (${image('b')})\n`);
    expect(await run(`xl block-attach 0 ${spec}`)).toEqual({
      code: 1,
      stdout: '',
      stderr:
        'libxl: error: libxl_disk.c:343:device_disk_add: device already exists in xenstore\nlibxl: error: libxl_device.c:1486:device_addrm_aocomplete: unable to add device\nlibxl_device_disk_add failed.\n',
    });
    expect(await run('xl block-detach Domain-0 xvdz')).toEqual({ code: 0, stdout: '', stderr: '' });
    await waitFor('[ ! -e "$R/dev/xvdz" ] && [ -z "$(losetup -a)" ]');
    expect(await succeed('xl block-list 0')).toBe(
      'Vdev  BE  handle state evt-ch ring-ref BE-path                       \n',
    );
    expect(await run('xl block-detach 0 xvdq')).toEqual({
      code: 1,
      stdout: '',
      stderr:
        'libxl: error: libxl_disk.c:516:libxl__disk_from_xenstore: disk /libxl/0/device/vbd/268439552 does not exist (no backend path\nError: Device xvdq not connected.\n',
    });
  });
}
