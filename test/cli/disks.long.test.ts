/** Disks of an instance through the command line, on nodes that are real SSH servers, with the real qemu-img. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { type Outcome, type SshdCluster, startSshdCluster } from '../support/cluster-of-sshd.ts';

// some take a dozen commands
vi.setConfig({ testTimeout: 480_000 });

let cluster: SshdCluster;
const name = 'web1';
const mib = 1024 ** 2;

const expectCode = (outcome: Outcome, code: number): Outcome => {
  expect(outcome.code, `stdout:\n${outcome.stdout}\nstderr:\n${outcome.stderr}`).toBe(code);
  return outcome;
};
const done = async (...args: string[]): Promise<Outcome> =>
  expectCode(await cluster.vbdesk(...args, '--yes'), 0);
const refused = async (sentence: string, ...args: string[]): Promise<void> => {
  const outcome = expectCode(await cluster.vbdesk(...args, '--yes'), 3);
  expect(outcome.stderr).toContain(sentence);
};
const file = (each: string, instance = name): string => path.join(cluster.storage, instance, each);
const files = (): string[] => readdirSync(path.join(cluster.storage, name)).toSorted();
const keptFile = (prefix: string): string => files().find((each) => each.startsWith(prefix)) ?? 'none';
const qemuImg = (...args: string[]): string => execFileSync('qemu-img', args, { encoding: 'utf8' });
const record = () =>
  z
    .looseObject({
      disks: z.array(z.looseObject({ logical_id: z.array(z.string()), vdev: z.string(), size: z.number() })),
    })
    .parse(JSON.parse(readFileSync(file('instance.json'), 'utf8'))).disks;
const config = (): string => readFileSync(file('xen.cfg'), 'utf8');
/** Nothing is wrong with any instance: record, xen.cfg and files say the same. */
const isSound = async (): Promise<void> => {
  expectCode(await cluster.vbdesk('cluster', 'verify'), 0);
};

beforeAll(async () => {
  cluster = await startSshdCluster({
    settings: {
      create_delay: 0.05,
      shutdown_delay: 0.05,
      destroy_delay: 0.05,
      loop_linger: 0.2,
      heartbeat: 0.2,
    },
  });
  await done('cluster', 'init', 'lab', ...cluster.initArguments());
  await done(
    ...['instance', 'add', '-t', 'file:driver=loop', '--disk', '0:size=16M', '-n', 'node1:node2'],
    ...['-o', 'none', '-B', 'memory=128M', '-H', 'kernel=/boot/vmlinuz-practice', name],
  );
});
afterAll(() => cluster?.stop());

describe('while the guest runs', () => {
  it('its disks stay as they are, each time with the reason', async () => {
    await refused(
      'web1 runs on node1. Disks are added while the guest is stopped',
      ...['instance', 'disk', 'add', name, 'size=8M'],
    );
    await refused(
      'web1 runs on node1. What it writes while the copy is made',
      ...['image', 'convert', name, '0', '--to', 'qcow2', '--driver', 'blktap'],
    );
  });

  it('a raw disk gets longer, which the guest sees after a reboot', async () => {
    const plan = expectCode(await cluster.vbdesk('image', 'grow', name, '0', '24M', '--dry-run'), 0);
    expect(plan.stdout).toContain('sees the new one after its next start or reboot');
    await done('image', 'grow', name, '0', '24M');
    expect(statSync(file('sda')).size).toBe(24 * mib);
    expect(record()[0]?.size).toBe(24 * mib);
    await done('instance', 'reboot', name);
    await isSound();
    await done('instance', 'shutdown', name);
  });
});

describe('grow', () => {
  it('lengthens the image and its record; the guest starts with it', async () => {
    await refused('a disk is never made smaller', 'image', 'grow', name, '0', '8M');
    expectCode(await cluster.vbdesk('image', 'grow', name, 'xvdz', '8M', '--yes'), 2);
    const plan = expectCode(await cluster.vbdesk('image', 'grow', name, 'sda', '+8M', '--dry-run'), 0);
    expect(plan.stdout).toContain('gnt-instance grow-disk web1 0 8M');
    expect(plan.stdout).toContain('growpart /dev/xvda 1');
    await done('image', 'grow', name, 'sda', '28M');
    await done('instance', 'grow-disk', name, '0', '4M');
    expect(statSync(file('sda')).size).toBe(32 * mib);
    expect(record()[0]?.size).toBe(32 * mib);
    await done('instance', 'startup', name);
    await done('instance', 'shutdown', name);
    await isSound();
  });
});

describe('add and remove', () => {
  it('a disk more, in record, xen.cfg and folder; taken out and added again', async () => {
    writeFileSync(file('xen.cfg'), `# mine\n${config()}`);
    await done('instance', 'disk', 'add', name, 'size=8M,allocation=full');
    expect(record()[1]).toMatchObject({ vdev: 'xvdb', size: 8 * mib });
    expect(statSync(file('sdb')).blocks * 512).toBeGreaterThanOrEqual(8 * mib);
    expect(config()).toMatch(/^# mine\n/);
    expect(config()).toContain('vdev=xvdb');
    writeFileSync(file('sdb'), 'the data', { flag: 'r+' });
    await done('instance', 'disk', 'remove', name, 'xvdb');
    const kept = keptFile('sdb.removed-');
    expect(record()).toHaveLength(1);
    expect(config()).not.toContain('sdb');
    await refused('is the only disk of web1', 'instance', 'disk', 'remove', name, '0');
    await done('instance', 'disk', 'add', name, `file=${kept}`, 'vdev=xvdc', 'mode=ro');
    expect(readFileSync(file('sdb'), 'utf8').slice(0, 8)).toBe('the data');
    expect(record()[1]).toMatchObject({ vdev: 'xvdc', mode: 'ro', size: 8 * mib });
    await isSound();
    await refused('(8 MiB, 8 MiB on disk) is deleted', 'instance', 'disk', 'remove', name, '1', '--purge');
    await done('instance', 'disk', 'remove', name, '1', '--purge', '--accept', 'delete:sdb');
    expect(files()).toEqual(['instance.json', 'sda', 'xen.cfg']);
    await isSound();
  });

  it('what is missing or contradicts itself is told before any node is changed', async () => {
    for (const [words, sentence] of [
      [['file=y', 'import=/x'], 'Say exactly one of'],
      [['vdev=xvdd'], 'Say exactly one of'],
      [['size=8M,colour=red'], '"colour" is none of'],
      [['size=eight'], 'is not a size'],
      [['file=x,type=raw'], 'type is told by the file itself'],
    ] as const) {
      const outcome = expectCode(await cluster.vbdesk('instance', 'disk', 'add', name, ...words, '--yes'), 2);
      expect(outcome.stderr).toContain(sentence);
    }
    await refused('holds no file nothing', 'instance', 'disk', 'add', name, 'file=nothing');
  });
});

describe('convert', () => {
  it('raw to qcow2: equal, running, and the old file kept until it is let go', async () => {
    await refused('Choose the driver blktap', 'image', 'convert', name, '0', '--to', 'qcow2');
    const before = readFileSync(file('sda'));
    await done('image', 'convert', name, '0', '--to', 'qcow2', '--driver', 'blktap');
    const kept = keptFile('sda.before-');
    expect(readFileSync(file(kept)).equals(before)).toBe(true);
    qemuImg('compare', '-f', 'raw', '-F', 'qcow2', file(kept), file('sda'));
    expect(record()[0]?.logical_id.slice(0, 2)).toEqual(['blktap', 'qcow2']);
    expect(config()).toContain('format=qcow2');
    await isSound();
    await done('instance', 'startup', name);
    await done('instance', 'shutdown', name);
    await refused('is deleted', 'image', 'release', name, kept);
    await done('image', 'release', name, kept, '--accept', `delete:${kept}`);
    expect(files()).toEqual(['instance.json', 'sda', 'xen.cfg']);
    await refused(
      'is no file that a conversion or the removal of a disk kept',
      'image',
      'release',
      name,
      'sda',
    );
  });

  it('a copy that fails leaves everything as it was', async () => {
    const state = [config(), readFileSync(file('sda')).toString('hex'), JSON.stringify(record())];
    const { root } = cluster.node('node1');
    const shim = path.join(root, 'bin/qemu-img');
    writeFileSync(shim, '#!/bin/sh\n[ "$1" != compare ] || exit 1\nexec /usr/bin/qemu-img "$@"\n', {
      mode: 0o755,
    });
    const failed = expectCode(await cluster.vbdesk('image', 'convert', name, '0', '--to', 'raw', '--yes'), 1);
    expect(failed.stderr).toContain('is not equal to it, so it was thrown away');
    execFileSync('rm', [shim]);
    expect([config(), readFileSync(file('sda')).toString('hex'), JSON.stringify(record())]).toEqual(state);
    expect(files()).toEqual(['instance.json', 'sda', 'xen.cfg']);
    // and one that the toolstack refuses after the swap gets its old name back
    const xl = path.join(root, 'bin/xl');
    const real = readFileSync(xl, 'utf8');
    writeFileSync(
      xl,
      `#!/bin/sh\ncase " $* " in *' -n '* | *' --dryrun '*) echo 'xl: no' >&2; exit 1 ;; esac\nexec "\${0%/*}/xl.real" "$@"\n`,
      { mode: 0o755 },
    );
    writeFileSync(`${xl}.real`, real, { mode: 0o755 });
    expectCode(await cluster.vbdesk('image', 'convert', name, '0', '--to', 'raw', '--yes'), 1);
    writeFileSync(xl, real, { mode: 0o755 });
    expect(config()).toBe(state[0]);
    expect(readFileSync(file('sda')).toString('hex')).toBe(state[1]);
    expect(files()).toEqual(['instance.json', 'sda', 'xen.cfg']);
    await isSound();
  });
});

describe('snapshots', () => {
  const first = (): number | undefined => {
    const out = path.join(cluster.directory, 'flat');
    qemuImg('convert', '-f', 'qcow2', '-O', 'raw', file('sda'), out);
    return readFileSync(out)[8 * mib];
  };
  const write = (byte: string): void => {
    execFileSync('qemu-io', ['-f', 'qcow2', '-c', `write -P ${byte} 8M 64k`, file('sda')]);
  };

  it('made, listed, reverted to, deleted', async () => {
    write('0x11');
    await done('image', 'snapshot', 'create', name, '0', 'before-upgrade');
    write('0x22');
    const listed = expectCode(await cluster.vbdesk('image', 'snapshot', 'list', name, '0', '--json'), 0);
    expect(listed.json()).toMatchObject([{ tag: 'before-upgrade', at: expect.any(Number) }]);
    const twice = expectCode(
      await cluster.vbdesk('image', 'snapshot', 'create', name, '0', 'before-upgrade', '--yes'),
      1,
    );
    expect(twice.stderr).toContain('has a snapshot before-upgrade already');
    await refused('is lost for good', 'image', 'snapshot', 'revert', name, '0', 'before-upgrade');
    expect(first()).toBe(0x22);
    await done('image', 'snapshot', 'revert', name, '0', 'before-upgrade', '--accept', 'lose-current-state');
    expect(first()).toBe(0x11);
    const growing = expectCode(await cluster.vbdesk('image', 'grow', name, '0', '+8M', '--yes'), 1);
    expect(growing.stderr).toContain('has 1 snapshots of its present size');
    expect(record()[0]?.size).toBe(32 * mib);
    await done('image', 'snapshot', 'delete', name, '0', 'before-upgrade');
    const none = expectCode(
      await cluster.vbdesk('image', 'snapshot', 'delete', name, '0', 'before-upgrade', '--yes'),
      1,
    );
    expect(none.stderr).toContain('has no snapshot before-upgrade');
    await refused("can't be the tag of a snapshot", 'image', 'snapshot', 'create', name, '0', '17');
    await done('image', 'grow', name, '0', '+8M');
    await isSound();
  });
});

describe('linked clones', () => {
  it('of a base that is read-only, which is respected from then on', async () => {
    mkdirSync(path.join(cluster.storage, 'templates'));
    const base = path.join(cluster.storage, 'templates/debian.qcow2');
    qemuImg('create', '-q', '-f', 'qcow2', base, '16M');
    const logical = '/srv/ganeti/file-storage/templates/debian.qcow2';
    const add = [
      ...[
        'instance',
        'add',
        '-t',
        'file:driver=blktap',
        '--disk',
        `0:size=16M,base=${logical}`,
        '-n',
        'node1',
      ],
      ...['-o', 'none', '-B', 'memory=128M', '-H', 'kernel=/boot/vmlinuz-practice', '--no-start', 'clone1'],
    ];
    const writable = expectCode(await cluster.vbdesk(...add, '--yes'), 1);
    expect(writable.stderr).toContain('is not marked as read-only');
    expect(readdirSync(cluster.storage)).not.toContain('clone1');
    chmodSync(base, 0o444);
    await done(...add);
    expect(qemuImg('info', file('sda', 'clone1'))).toContain('backing file');
    await done('instance', 'disk', 'add', 'clone1', `base=${logical},size=24M`);
    await isSound();
  });

  it('a disk that others build on is left alone, found by its users', async () => {
    // somebody made it by hand
    qemuImg('create', '-q', '-f', 'qcow2', '-b', file('sda'), '-F', 'qcow2', file('child', 'clone1'));
    const outcome = await cluster.vbdesk('image', 'grow', name, '0', '+8M', '--yes');
    // by the probe, or at the latest on the node under the lock
    expect([1, 3]).toContain(outcome.code);
    expect(outcome.stderr).toContain('clone1/child builds on');
    expect(record()[0]?.size).toBe(40 * mib);
  });
});

describe('import', () => {
  it('a vmdk image becomes a disk, and stays as it is', async () => {
    const vmdk = path.join(cluster.storage, 'templates/appliance.vmdk');
    qemuImg('create', '-q', '-f', 'vmdk', vmdk, '16M');
    const before = readFileSync(vmdk);
    const add = [
      'instance',
      'disk',
      'add',
      'clone1',
      'import=/srv/ganeti/file-storage/templates/appliance.vmdk',
    ];
    const wrong = await cluster.vbdesk(...add, 'size=8M', '--yes');
    // by the probe, or at the latest on the node
    expect([1, 3]).toContain(wrong.code);
    expect(
      readdirSync(path.join(cluster.storage, 'clone1')).filter((each) => each.startsWith('sdc')),
    ).toEqual([]);
    await done(...add, 'size=16M');
    expect(readFileSync(vmdk).equals(before)).toBe(true);
    expect(statSync(file('sdc', 'clone1')).size).toBe(16 * mib);
    await isSound();
  });
});
