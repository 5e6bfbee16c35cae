/** Guests that somebody made by hand: each becomes an instance by its configuration in /etc/xen, running or not. */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { type Outcome, type SshdCluster, startSshdCluster } from '../support/cluster-of-sshd.ts';
import { runInRoot } from '../support/practice-node.ts';

vi.setConfig({ testTimeout: 240_000 });

let cluster: SshdCluster;
const storage = '/srv/ganeti/file-storage';

const expectCode = (outcome: Outcome, code: number): Outcome => {
  expect(outcome.code, `stdout:\n${outcome.stdout}\nstderr:\n${outcome.stderr}`).toBe(code);
  return outcome;
};
const done = async (...args: string[]): Promise<Outcome> =>
  expectCode(await cluster.vbdesk(...args, '--yes'), 0);
const etc = (...names: string[]): string => path.join(cluster.node('node1').root, 'etc/xen', ...names);
const infoOf = async (name: string) =>
  z
    .object({
      instance: z.looseObject({
        uuid: z.string(),
        status: z.string(),
        runsOn: z.array(z.string()),
        problems: z.array(z.looseObject({ text: z.string() })),
      }),
    })
    .parse(expectCode(await cluster.vbdesk('instance', 'info', name, '--json'), 0).json()).instance;
const domains = async (node: string): Promise<string> =>
  (await runInRoot(cluster.node(node).root, 'xl list | sed 1,2d')).stdout.trim();

/** As an administrator writes it: no uuid, comments, a key that nobody interprets, a card without an address. */
const configOf = (name: string): string => `# ${name}, made by hand in 2019
name = '${name}'
kernel = "/boot/vmlinuz-practice"
memory = 128 ; vcpus = 1
disk = [ 'file:${storage}/${name}/root.img,xvda,w', # the root
         'file:${storage}/${name}/data.img,xvdb,w' ]
vif = [ 'bridge=xenbr0' ]
cpu_weight = 512   # before the others
`;

const make = (name: string): void => {
  mkdirSync(path.join(cluster.storage, name));
  for (const file of ['root.img', 'data.img'])
    writeFileSync(path.join(cluster.storage, name, file), Buffer.alloc(1024 ** 2));
  mkdirSync(etc('auto'), { recursive: true });
  writeFileSync(etc(`${name}.cfg`), configOf(name));
};

beforeAll(async () => {
  cluster = await startSshdCluster({
    settings: { create_delay: 0.05, shutdown_delay: 0.05, heartbeat: 0.2 },
  });
  await done('cluster', 'init', 'lab', ...cluster.initArguments());
});
afterAll(() => cluster?.stop());

describe('a guest made by hand', () => {
  it('that runs becomes an instance and goes on running; its configuration goes on, and nothing starts it twice', async () => {
    make('old1');
    symlinkSync('../old1.cfg', etc('auto', 'old1.cfg'));
    await runInRoot(cluster.node('node1').root, 'xl create -q "$R/etc/xen/old1.cfg"');
    const before = await domains('node1');
    expect(before).toMatch(/^old1 /);
    const listed = expectCode(await cluster.vbdesk('instance', 'adopt'), 0);
    expect(listed.stdout).toContain('/etc/xen/old1.cfg');

    await done('instance', 'adopt', 'old1.cfg', '-n', 'node1:node2');
    expect((await domains('node1')).split(/\s+/).slice(0, 2)).toEqual(before.split(/\s+/).slice(0, 2));
    const info = await infoOf('old1');
    expect(info).toMatchObject({ status: 'running', runsOn: ['node1'], problems: [] });
    const text = readFileSync(path.join(cluster.storage, 'old1', 'xen.cfg'), 'utf8');
    expect(text).toContain('# old1, made by hand in 2019\n');
    expect(text).toContain("'file:/srv/ganeti/file-storage/old1/root.img,xvda,w', # the root");
    expect(text).toContain('cpu_weight = 512   # before the others\n');
    expect(text).toMatch(/vif = \[ 'mac=00:16:3e:[0-9a-f:]+, bridge=xenbr0' \]/);
    expect(text).toContain(`uuid = "${info.uuid}"`);
    expect(readdirSync(etc('auto'))).toEqual([]);
    expect(existsSync(etc('old1.cfg'))).toBe(false);
    expect(readdirSync(etc()).filter((each) => each.startsWith('old1.cfg.adopted-'))).toHaveLength(1);

    await done('instance', 'failover', 'old1');
    expect(await infoOf('old1')).toMatchObject({ status: 'running', runsOn: ['node2'], problems: [] });
    expect(await domains('node1')).toBe('');
    expectCode(await cluster.vbdesk('cluster', 'verify'), 0);
  });

  it('that is stopped as well, and starts as an instance; it is named on the node that has it', async () => {
    make('old2');
    const plan = expectCode(
      await cluster.vbdesk('instance', 'adopt', 'old2.cfg', '-n', 'node2', '--dry-run'),
      2,
    );
    expect(plan.stderr).toContain('node2 has no configuration "/etc/xen/old2.cfg"');
    await done('instance', 'adopt', 'old2.cfg', '-n', 'node1:node2', '--start');
    expect(await infoOf('old2')).toMatchObject({ status: 'running', problems: [] });
  });

  it('is not adopted where another node uses its images, or where they are attached to nobody', async () => {
    make('old3');
    // the domain of that name has other disks
    writeFileSync(etc('rescue.cfg'), configOf('old3').replaceAll(/^disk[\s\S]*?\]$/gm, 'disk = []'));
    await runInRoot(cluster.node('node1').root, 'xl create -q "$R/etc/xen/rescue.cfg"');
    const failed = await cluster.vbdesk('instance', 'adopt', 'old3.cfg', '-n', 'node1:node2', '--yes');
    expectCode(failed, 1);
    expect(failed.stderr).toContain('root.img is not attached to it');
    expect(readdirSync(path.join(cluster.storage, 'old3')).toSorted()).toEqual(['data.img', 'root.img']);
    expect(existsSync(etc('old3.cfg'))).toBe(true);
    await runInRoot(cluster.node('node1').root, 'xl destroy old3');

    await runInRoot(
      cluster.node('node2').root,
      'mkdir -p "$R/etc/xen"; cp "$R/../node1/etc/xen/old3.cfg" "$R/etc/xen/"; xl create -q "$R/etc/xen/old3.cfg"',
    ).catch(() => undefined);
    const elsewhere = await cluster.vbdesk('instance', 'adopt', 'old3.cfg', '-n', 'node1:node2', '--yes');
    expectCode(elsewhere, 3);
    expect(elsewhere.stderr).toContain('node2');
  });
});

describe('a guest that runs, and whose file is gone', () => {
  it('is listed, refused without consent, adopted by what its domain tells, and fails over', async () => {
    make('lost1');
    writeFileSync(
      etc('lost1.cfg'),
      configOf('lost1').replace("'bridge=xenbr0'", "'mac=00:16:3e:00:0a:0b, bridge=xenbr0'"),
    );
    await runInRoot(
      cluster.node('node1').root,
      'xl create -q "$R/etc/xen/lost1.cfg" && rm "$R/etc/xen/lost1.cfg"',
    );
    const before = await domains('node1');
    const listed = expectCode(await cluster.vbdesk('instance', 'adopt'), 0);
    expect(listed.stdout).toMatch(/\(none found\) +lost1 +running/);
    const refused = expectCode(
      await cluster.vbdesk('instance', 'adopt', '--domain', 'nobody', '-n', 'node1', '--yes'),
      2,
    );
    expect(refused.stderr).toContain('There are: lost1');
    const asked = await cluster.vbdesk(
      'instance',
      'adopt',
      '--domain',
      'lost1',
      '-n',
      'node1:node2',
      '--dry-run',
    );
    expect((asked.stdout + asked.stderr).replaceAll(/\s+/g, ' ')).toContain(
      'xen.cfg is written from what the running domain tells',
    );
    await done(
      'instance',
      'adopt',
      '--domain',
      'lost1',
      '-n',
      'node1:node2',
      '--accept',
      'written-from-domain',
    );
    expect((await domains('node1')).split(/\s+/).slice(0, 2)).toEqual(before.split(/\s+/).slice(0, 2));
    expect(await infoOf('lost1')).toMatchObject({ status: 'running', runsOn: ['node1'], problems: [] });
    const text = readFileSync(path.join(cluster.storage, 'lost1', 'xen.cfg'), 'utf8');
    expect(text).toContain('no configuration of it was found');
    expect(text).toContain('memory = 128\n');
    expect(text).toContain('kernel = "/boot/vmlinuz-practice"');
    expect(text).toContain('mac=00:16:3e:00:0a:0b');
    expect(text).toContain('cpu_weight = 512');
    await done('instance', 'failover', 'lost1');
    expect(await infoOf('lost1')).toMatchObject({ status: 'running', runsOn: ['node2'], problems: [] });
  });

  it('and what is changed on it by hand while it runs is told, until it is gone', async () => {
    const { root } = cluster.node('node2');
    writeFileSync(path.join(cluster.storage, 'extra.img'), Buffer.alloc(1024 ** 2));
    const spec = `format=raw,vdev=xvdz,access=rw,target=${storage}/extra.img`;
    const attached = await runInRoot(root, `xl block-attach lost1 ${spec}`);
    expect(attached).toMatchObject({ code: 0, stderr: '' });
    const { problems } = await infoOf('lost1');
    expect(problems.map((each) => each.text)).toEqual([
      expect.stringMatching(/extra\.img attached as xvdz, which is no disk of its record/),
    ]);
    expect(await runInRoot(root, 'xl block-detach lost1 xvdz')).toMatchObject({ code: 0 });
    expect((await infoOf('lost1')).problems).toEqual([]);
  });
});

describe('instances of a Ganeti cluster', () => {
  const data = path.resolve(import.meta.dirname, '../fixtures/ganeti/config-3.0.2.json');
  const name = 'inst101.gnt.lab';
  const listing = z.object({
    instances: z.array(
      z.looseObject({
        name: z.string(),
        verdict: z.string(),
        ganetiNode: z.string().nullable(),
        disks: z.array(z.looseObject({ path: z.string(), size: z.number() })),
      }),
    ),
  });

  it('are listed with what becomes of each; a chosen one is adopted where its files are', async () => {
    const listed = expectCode(await cluster.vbdesk('import', 'ganeti', data, '--json'), 0);
    expect(listed.stderr).toContain('Ganeti does not learn of this.');
    const { instances } = listing.parse(listed.json());
    const found = instances.find((each) => each.name === name);
    expect(found?.verdict).toBe('comes');
    const theirs = found?.ganetiNode ?? '';

    const args = ['import', 'ganeti', data, name, '--node', `${theirs}=node1`];
    args.push('-H', 'kernel=/boot/vmlinuz-practice', '--accept', 'ganeti-starts');
    mkdirSync(path.join(cluster.node('node1').root, 'sys/class/net/br0/bridge'), { recursive: true });
    expectCode(await cluster.vbdesk('import', 'ganeti', data, name, '--node', 'x=node1', '--yes'), 2);
    const missing = expectCode(await cluster.vbdesk(...args, '--yes'), 3);
    expect(missing.stderr).toContain(`node1 shows no folder and no image ${found?.disks[0]?.path}`);

    mkdirSync(path.join(cluster.storage, name));
    for (const disk of found?.disks ?? []) {
      const file = path.join(cluster.storage, name, path.basename(disk.path));
      writeFileSync(file, '');
      truncateSync(file, disk.size);
    }
    await done(...args);
    expect(await infoOf(name)).toMatchObject({ status: 'stopped', problems: [] });
    expect(readFileSync(path.join(cluster.storage, name, 'xen.cfg'), 'utf8')).toContain('vmlinuz-practice');

    const again = expectCode(await cluster.vbdesk(...args, '--yes'), 3);
    expect(again.stderr).toContain('it is an instance already');
    expectCode(await cluster.vbdesk('import', 'ganeti', data, 'nobody', '--yes'), 2);
    const plain = instances.find((each) => each.verdict === 'no-files');
    if (plain) {
      const refused = expectCode(await cluster.vbdesk('import', 'ganeti', data, plain.name, '--yes'), 3);
      expect(refused.stderr).toContain(`${plain.name} can't be adopted`);
    }
  });

  it('a file that is none of config.data says what is wrong', async () => {
    const file = path.join(cluster.storage, '..', 'no-config.data');
    writeFileSync(file, '{"cluster": 1}');
    expect(expectCode(await cluster.vbdesk('import', 'ganeti', file), 2).stderr).toContain('no-config.data');
    expectCode(await cluster.vbdesk('import', 'ganeti', '/nowhere/config.data'), 2);
  });
});
