/** One configuration for `xl create -n`, and what xl 4.17 makes of it. */
export type DryRunCase = {
  title: string;
  text: string;
  /** Lines after "Parsing config from FILE"; FILE stands for the file's name. */
  stderr?: readonly string[];
  /** The JSON that it prints; without it xl fails with exit code 1. */
  config?: unknown;
};

const UUID = '18cbadb5-369d-4834-99ab-bf11dfd7925b';
const failed = 'Failed to parse config: Invalid argument';

/** About twenty cases, for one round trip: `create -n` looks at no file, so the paths in them lead nowhere. */
export function dryRunCases(guest: { kernel: string; ramdisk: string }): readonly DryRunCase[] {
  const head = `uuid = '${UUID}'\ntype = 'pv'\nkernel = '${guest.kernel}'\nname = 'dry'\n`;
  /** What xl prints for `head` with these changes. */
  const config = (build: object, rest: object = {}): object => ({
    c_info: { type: 'pv', name: 'dry', uuid: UUID, run_hotplug_scripts: 'True' },
    b_info: {
      sched_params: {},
      claim_mode: 'True',
      kernel: guest.kernel,
      'type.pv': {},
      arch_arm: {},
      arch_x86: {},
      ...build,
    },
    on_reboot: 'restart',
    on_soft_reset: 'soft_reset',
    ...rest,
  });
  const disks = (...list: object[]): object => config({}, { disks: list });
  const wrongDisk = (title: string, spec: string, complaint: string): DryRunCase => ({
    title,
    text: `${head}disk = ['${spec}']\n`,
    stderr: [`FILE: config parsing error in disk specification: ${complaint} in \`${spec}'`],
  });
  const wrongSyntax = (title: string, text: string, ...complaints: string[]): DryRunCase => ({
    title,
    text,
    stderr: [...complaints.map((complaint) => `FILE:${complaint}`), failed],
  });

  return [
    { title: 'as little as possible', text: head, config: config({}) },
    {
      title: 'memory, processors, kernel command line, in all notations',
      text: `${head}memory = 0x40; maxmem = 0200\nvcpus = 2 # two\nmaxvcpus=4\nramdisk = "${guest.ramdisk}"\nroot = "/dev/xvda1"\nextra = 'ro'\nextra += " \\"q\\""\n`,
      config: config({
        max_vcpus: 4,
        avail_vcpus: [0, 1],
        max_memkb: 131072,
        target_memkb: 65536,
        cmdline: 'root=/dev/xvda1 ro "q"',
        ramdisk: guest.ramdisk,
      }),
    },
    {
      title: 'the last of several assignments counts, nested lists and unknown keys are no matter',
      text: `name = 'other'\n${head}made_by = [ ['a', 'b'], "c" ,\n\n ]\nmemory = 64\nmemory = 96`,
      config: config({ max_memkb: 98304, target_memkb: 98304 }),
    },
    {
      title: 'disks of the old dialect',
      text: `${head}disk = [ 'file:/a,sda1,w', # first\n  'tap:aio:/b,xvdb,r',\n 'tap:qcow2:/c,sdc,w', "phy:/dev/vg/d,xvdd,w", 'file:/e,hdc:cdrom,r', ]\n`,
      config: disks(
        { pdev_path: '/a', vdev: 'sda1', format: 'raw', readwrite: 1 },
        { pdev_path: '/b', vdev: 'xvdb', format: 'raw' },
        { pdev_path: '/c', vdev: 'sdc', format: 'qcow2', readwrite: 1 },
        { pdev_path: '/dev/vg/d', vdev: 'xvdd', format: 'raw', readwrite: 1 },
        { pdev_path: '/e', vdev: 'hdc', format: 'raw', removable: 1, is_cdrom: 1 },
      ),
    },
    {
      title: 'disks of the new dialect: target comes last and takes all the rest',
      text: `${head}disk = ['format=qcow2, vdev=xvda, access=rw, backendtype=qdisk, target=/a, b:c', 'format=raw,vdev=xvdb,access=ro,target=/d', '/e,raw,xvdc,w']\n`,
      config: disks(
        { pdev_path: '/a, b:c', vdev: 'xvda', backend: 'qdisk', format: 'qcow2', readwrite: 1 },
        { pdev_path: '/d', vdev: 'xvdb', format: 'raw' },
        { pdev_path: '/e', vdev: 'xvdc', format: 'raw', readwrite: 1 },
      ),
    },
    {
      title: 'network cards',
      text: `${head}vif = ['mac=00:16:3E:00:00:01,bridge=xenbr0', '']\n`,
      config: config({}, { nics: [{ devid: 0, mac: '00:16:3e:00:00:01', bridge: 'xenbr0' }, { devid: 1 }] }),
    },
    {
      title: 'what happens at the end',
      text: `${head}on_poweroff = 'preserve'\non_reboot = "destroy"\non_crash = 'restart'\n`,
      config: (() => {
        const { on_reboot: _, ...others } = config(
          {},
          { on_poweroff: 'preserve', on_crash: 'restart' },
        ) as Record<string, unknown>;
        return others;
      })(),
    },
    {
      title: 'a boot loader instead of a kernel',
      text: `uuid = '${UUID}'\nname = 'dry'\nbootloader = 'pygrub'\n`,
      config: (() => {
        const { kernel: _, ...build } = {
          kernel: '',
          sched_params: {},
          claim_mode: 'True',
          bootloader: 'pygrub',
          'type.pv': {},
          arch_arm: {},
          arch_x86: {},
        };
        return { ...config({}), b_info: build };
      })(),
    },
    {
      title: 'neither kernel nor boot loader',
      text: "name = 'dry'\n",
      stderr: ['Neither kernel nor bootloader specified'],
    },
    { title: 'no name', text: 'memory = 64\n', stderr: ['Domain name must be specified.'] },
    { title: 'a type that is none', text: `${head}type = 'vm'\n`, stderr: ['Invalid domain type vm.'] },
    { title: 'a uuid that is none', text: `${head}uuid = 'u'\n`, stderr: ['Failed to parse UUID: u'] },
    {
      title: 'an action that is none',
      text: `${head}on_crash = 'wait'\n`,
      stderr: ['Unknown on_crash action "wait" specified'],
    },
    {
      title: 'memory that is no number is no memory',
      text: `memory = 'much'\n${head}`,
      stderr: ["FILE:1: warning: parameter `memory' is not a valid number"],
      config: config({}),
    },
    wrongDisk('a prefix that is none', 'vmdk:/a,xvda,w', "unknown deprecated disk prefix: near `vmdk:'"),
    wrongDisk(
      'a format that is none',
      'format=vmdk,vdev=xvda,target=/a',
      "unknown value for format: near `vmdk'",
    ),
    wrongDisk(
      'an access that is none',
      'format=raw,vdev=xvda,access=x,target=/a',
      "unknown value for access: near `x'",
    ),
    wrongDisk(
      'a backend that is none',
      'vdev=xvda,backendtype=loop,target=/a',
      "unknown value for backendtype: near `loop'",
    ),
    wrongDisk(
      'a parameter that is none',
      'format=raw,size=5,vdev=xvda,target=/a',
      "unknown parameter: near `size=5,'",
    ),
    wrongDisk('no vdev', 'format=raw,access=rw,target=/a', 'no vdev specified'),
    wrongDisk('no target', 'format=raw,vdev=xvda', 'no target specified (and device not removable)'),
    wrongDisk('too much', 'file:/a,xvda,w,x', "too many positional parameters: near `x'"),
    wrongSyntax(
      'no value',
      `${head}memory =\n`,
      "4: config parsing error near <newline>: syntax error, unexpected NEWLINE, expecting STRING or NUMBER or '['",
    ),
    wrongSyntax(
      'no equals sign',
      'name "x"\n',
      "1: config parsing error near `\"x\"': syntax error, unexpected STRING, expecting += or '='",
    ),
    wrongSyntax(
      'no comma',
      'disk = [ "a"\n "b" ]\n',
      "2: config parsing error near `\"b\"': syntax error, unexpected STRING, expecting ']'",
    ),
    wrongSyntax(
      'two values',
      'name = "x" "y"\n',
      '1: config parsing error near `"y"\': syntax error, unexpected STRING, expecting $end',
    ),
    wrongSyntax(
      'a list without end',
      'name = "x"\ndisk = [ "a",\n',
      "2: config parsing error near `': syntax error, unexpected $end, expecting ']'",
    ),
    wrongSyntax('a capital letter', 'Name = "x"\n', "1: config parsing error near `Name': lexical error"),
    wrongSyntax(
      'a quote without end',
      'name = "bad\nmemory = = 3\n',
      '1: config parsing error near `"bad\': lexical error',
      "2: config parsing error near `=': syntax error, unexpected '=', expecting STRING or NUMBER or '['",
    ),
  ];
}
