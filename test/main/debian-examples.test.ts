/** The example configurations that Debian ships, fetched by apt: each comes back byte for byte and is understood. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { setSetting } from '../../core/xen/config-edit.ts';
import { configProblems, isTakenByXl } from '../../core/xen/config-problems.ts';
import { disksOfConfig, type ReadConfig, readInstanceConfig } from '../../core/xen/config-reader.ts';
import { type ConfigTree, keysOf, parseConfig, printConfig } from '../../core/xen/config-syntax.ts';
import { makeTemporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';

// The templates of xen-tools are Perl's Text::Template, which its own program fills in.
const PACKAGES = ['xen-utils-common', 'xen-tools', 'libtext-template-perl'];

let directory: TemporaryDirectory;
let root: string;

const run = (command: string, args: string[], input = ''): { ok: boolean; stdout: string; said: string } => {
  const result = spawnSync(command, args, {
    cwd: directory.path,
    input,
    encoding: 'utf8',
    timeout: 300_000,
    env: { ...process.env, LC_ALL: 'C' },
  });
  return {
    ok: result.status === 0,
    stdout: result.stdout,
    said: `${command} ${args.join(' ')}: ${result.error?.message ?? ''}${result.stdout}${result.stderr}`,
  };
};

/** Fetches with the lists that apt has, else with lists of our own, so that nothing of the machine is changed. */
const fetchPackages = (): void => {
  const first = run('apt-get', ['download', ...PACKAGES]);
  if (first.ok) return;
  mkdirSync(join(directory.path, 'lists/partial'), { recursive: true });
  mkdirSync(join(directory.path, 'cache/archives/partial'), { recursive: true });
  const own = ['-o', `Dir::State::lists=${directory.path}/lists`, '-o', `Dir::Cache=${directory.path}/cache`];
  const update = run('apt-get', [...own, 'update']);
  const second = run('apt-get', [...own, 'download', ...PACKAGES]);
  if (!second.ok)
    throw new Error(`Debian's packages can't be fetched.\n${first.said}\n${update.said}\n${second.said}`);
};

beforeAll(() => {
  directory = makeTemporaryDirectory('debian-examples');
  root = join(directory.path, 'root');
  fetchPackages();
  const packages = readdirSync(directory.path).filter((name) => name.endsWith('.deb'));
  for (const name of packages) {
    const unpacked = run('dpkg-deb', ['-x', name, root]);
    if (!unpacked.ok) throw new Error(unpacked.said);
  }
}, 900_000);

afterAll(() => directory?.remove());

const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const filesIn = (path: string): string[] =>
  readdirSync(join(root, path), { withFileTypes: true }).flatMap((entry) =>
    entry.isFile() ? [join(path, entry.name)] : [],
  );

const treeOf = (path: string, text: string): ConfigTree => {
  const parsed = parseConfig(text);
  if (!parsed.ok)
    throw new Error(
      `${path}, line ${parsed.error.line}, column ${parsed.error.column}: ${parsed.error.message}`,
    );
  expect(printConfig(parsed.tree)).toBe(text);
  return parsed.tree;
};

const understood = (path: string, text: string): ReadConfig => {
  treeOf(path, text);
  expect({ path, problems: configProblems(text).filter(({ severity }) => severity === 'error') }).toEqual({
    path,
    problems: [],
  });
  expect(isTakenByXl(text)).toBe(true);
  const reading = readInstanceConfig(text);
  if (!reading.ok) throw new Error(reading.error.message);
  expect({ path, problems: [...reading.config.problems, ...reading.config.diskProblems] }).toEqual({
    path,
    problems: [],
  });
  return reading.config;
};

describe('xen-utils-common', () => {
  test('the examples of guests', () => {
    const paths = filesIn('etc/xen').filter((path) => path.includes('xlexample'));
    expect(paths.map((path) => path.slice(path.lastIndexOf('.') + 1)).sort()).toEqual([
      'hvm',
      'pvhlinux',
      'pvlinux',
    ]);
    for (const path of paths) {
      const text = read(path);
      const config = understood(path, text);
      const kind = path.slice(path.lastIndexOf('.') + 1);
      expect(config.name).toBe(`example.${kind}`);
      expect(config.type).toBe(kind.replace('linux', ''));
      expect(disksOfConfig(config)).toMatchObject([{ vdev: 'xvda', format: 'raw', access: 'rw' }]);
      expect(config.nics).toHaveLength(1);
      const memory = String(config.memoryMib);
      expect(setSetting(config.tree, 'memory', 4096).text).toBe(
        text.replace(`\nmemory = ${memory}\n`, '\nmemory = 4096\n'),
      );
    }
  });

  test('what else is written in the same grammar', () => {
    const settings = treeOf('xl.conf', read('etc/xen/xl.conf'));
    expect(settings.tokens.some(({ kind }) => kind === 'comment')).toBe(true);
    const others = filesIn('usr/share/doc/xen-utils-common/examples');
    expect(others.length).toBeGreaterThan(0);
    for (const path of others) expect(keysOf(treeOf(path, read(path)))).toContain('name');
  });
});

/** Fills a template in as xen-tools does. `variables` is a Perl hash. */
const filled = (path: string, variables: string): string => {
  const program = `
    use strict; use warnings; use Text::Template;
    my $template = Text::Template->new(TYPE => 'FILE', SOURCE => $ARGV[0]) or die $Text::Template::ERROR;
    my $text = $template->fill_in(HASH => { ${variables} }) or die $Text::Template::ERROR;
    print $text;`;
  const result = run('perl', ['-I', join(root, 'usr/share/perl5'), '-e', program, join(root, path)]);
  if (!result.ok) throw new Error(result.said);
  return result.stdout;
};

const common =
  "hostname => 'web1.example.org', xen_tools_version => '4.9.2', vcpus => 2, memory => 256, device => 'xvda'";
const partitions = `PARTITIONS => [
  { mountpoint => '/', imagetype => 'file:', image => '/srv/xen/domains/web1/disk.img' },
  { mountpoint => '/var', imagetype => 'file:', image => '/srv/xen/domains/web1/var.img' },
]`;

describe('xen-tools', () => {
  test('every template, as it lies there, is read or refused at a place', () => {
    const paths = filesIn('etc/xen-tools').filter((path) => path.endsWith('.tmpl'));
    expect(paths.length).toBeGreaterThanOrEqual(2);
    for (const path of paths) {
      const parsed = parseConfig(read(path));
      // Perl stands in them.
      expect(parsed).toMatchObject({
        ok: false,
        error: { line: expect.any(Number), message: expect.stringMatching(/\.$/) },
      });
    }
  });

  test('a guest on image files, by DHCP', () => {
    const text = filled(
      'etc/xen-tools/xm.tmpl',
      `${common}, ${partitions}, kernel => '/boot/vmlinuz', initrd => '/boot/initrd', maxmem => 512, dhcp => 1, mac => '00:16:3e:00:00:01', admins => 'ada bob'`,
    );
    const config = understood('xm.tmpl', text);
    expect(config).toMatchObject({
      name: 'web1.example.org',
      memoryMib: 256,
      maxMemoryMib: 512,
      vcpus: 2,
      kernel: '/boot/vmlinuz',
      ramdisk: '/boot/initrd',
      root: '/dev/xvda1 ro',
      onCrash: 'restart',
    });
    expect(disksOfConfig(config)).toMatchObject([
      { target: '/srv/xen/domains/web1/disk.img', vdev: 'xvda1', access: 'rw' },
      { target: '/srv/xen/domains/web1/var.img', vdev: 'xvda2' },
    ]);
    expect(config.nics).toMatchObject([{ nic: { mac: '00:16:3e:00:00:01' } }]);
    expect(config.unknownKeys).toEqual(['dhcp', 'xen_shell']);
  });

  test('a guest on volumes, by pygrub, with an address', () => {
    const text = filled(
      'etc/xen-tools/xm.tmpl',
      `${common}, PARTITIONS => [], pygrub => 1, image_vbd => 'phy:/dev/vg/web1-disk', swap_vbd => 'phy:/dev/vg/web1-swap', ips => '10.0.0.5', mac => '00:16:3e:00:00:02', bridge => 'xenbr0', vifname => 'web1'`,
    );
    const config = understood('xm.tmpl', text);
    expect(config).toMatchObject({ bootloader: 'pygrub', root: '/dev/xvda2 ro' });
    expect(disksOfConfig(config)).toMatchObject([
      { target: '/dev/vg/web1-disk', vdev: 'xvda2' },
      { target: '/dev/vg/web1-swap', vdev: 'xvda1' },
    ]);
    expect(config.nics).toMatchObject([
      { nic: { ip: '10.0.0.5', mac: '00:16:3e:00:00:02', vifname: 'web1', bridge: 'xenbr0', others: [] } },
    ]);
  });

  test('a guest whose root is on NFS', () => {
    const text = filled(
      'etc/xen-tools/xm-nfs.tmpl',
      `${common}, kernel => '/boot/vmlinuz', initrd => '/boot/initrd', ip => '10.0.0.6', netmask => '255.255.255.0', broadcast => '10.0.0.255', gateway => '10.0.0.1', nfs_server => '10.0.0.2', nfs_root => '/srv/nfs/web1'`,
    );
    const config = understood('xm-nfs.tmpl', text);
    expect(config).toMatchObject({ name: 'web1.example.org', root: '/dev/nfs', disks: [] });
    expect(config.nics).toMatchObject([{ nic: { ip: '10.0.0.6' } }]);
    expect(config.unknownKeys).toContain('nfs_root');
  });
});
