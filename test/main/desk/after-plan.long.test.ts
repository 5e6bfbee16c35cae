/**
 * What a plan is said to leave behind, against what it did: on three real sshd, each kind of change is planned, its effect worked out,
 * then run; a fresh look at the nodes must show what was worked out, in everything that planners look at.
 */
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { deriveInstances, orphanFolders } from '../../../core/cluster/instances.ts';
import { baseDomainName, lookupOf, recordOf } from '../../../core/cluster/lookup.ts';
import type { ImageFacts, Snapshot } from '../../../core/cluster/snapshot.ts';
import { trashOf } from '../../../core/cluster/trash.ts';
import type { Result } from '../../../core/contract.ts';
import { afterPlan } from '../../../core/draft/after.ts';
import type { Intent } from '../../../core/plan/intent.ts';
import { openReasons } from '../../../core/plan/plan.ts';
import { type AppDesk, createDesk } from '../../../main/desk/desk.ts';
import {
  LOCAL_STORAGE,
  PRACTICE_KERNEL,
  SHARED_STORAGE,
  writePeers,
} from '../../../main/practice/node-root.ts';
import { putOperatingSystems } from '../../../main/practice/operating-systems.ts';
import { type SshdCluster, startSshdCluster } from '../../support/cluster-of-sshd.ts';

vi.setConfig({ testTimeout: 900_000, hookTimeout: 240_000 });

const cluster = 'lab';
const mib = 1024 ** 2;
let lab: SshdCluster;
let desk: AppDesk;

const value = async <T>(answer: Promise<Result<T>>): Promise<T> => {
  const result = await answer;
  if (!result.ok) throw new Error(`${result.error.code}: ${result.error.message}`);
  return result.value;
};
const look = (): Promise<Snapshot> => value(desk.call('cluster.refresh', { name: cluster }));

const fileOf = ({ name, size, type, kind, virtualSize, backing, links }: Omit<ImageFacts, 'inode'>) => ({
  ...{ name, type, kind, virtualSize, backing },
  // how many names a file in the trash has is not told
  links: links ?? 1,
  // how long a file of another type becomes is not known before
  size: type === 'raw' ? size : null,
});
const byName = <T extends { name: string }>(all: readonly T[]): T[] =>
  all.toSorted((a, b) => (a.name < b.name ? -1 : 1));

/** Everything that planners look at, without numbers that nobody can know before. */
const shown = (snapshot: Snapshot) => ({
  templates: snapshot.cluster.templateDirectory,
  instances: deriveInstances(snapshot).map((view) => ({
    ...{ name: view.name, status: view.status, folder: view.folder, lock: view.lock },
    record: { ...view.record, place: { ...view.record.place, inode: 0 } },
    domains: view.domains.map(({ node, domain: { name, memoryMib, vcpus, state } }) => ({
      ...{ node, name, memoryMib, vcpus, state },
    })),
    disks: view.disks.map(({ allocated: _, apparent, ...disk }) => ({
      ...disk,
      apparent: disk.type === 'raw' ? apparent : null,
    })),
    folders: view.folders.map((each) => ({
      ...{ node: each.node, path: each.folder.path, place: each.matchesPlace, current: each.current },
      ...{ id: recordOf(each)?.id, config: each.folder.config },
      files: byName(each.folder.files).map(fileOf),
    })),
    replicas: view.replicas.map(({ age: _, inode: _inode, replica, ...each }) => ({
      ...each,
      record: replica.record.id,
      disks: replica.disks.map((disk) => ({ ...disk, content: disk.content !== null })),
    })),
    problems: view.problems,
  })),
  orphans: orphanFolders(snapshot).map(({ allocated: _, files, ...each }) => ({
    ...each,
    files: files.toSorted(),
  })),
  trash: trashOf(snapshot).map(({ storage, name, nodes, record, lock, replica, images, called, files }) => ({
    ...{ storage, name, nodes, lock, called },
    record: record?.ok ? record.record.id : record,
    replica: replica?.ok ? replica.replica.copy : null,
    from: images?.ok ? images.note.from : null,
    files: byName(files ?? []).map(({ name: file, size, type }) => [
      file,
      type,
      type === 'raw' ? size : null,
    ]),
  })),
  nodes: snapshot.nodes.map(({ name, facts }) => ({
    name,
    memory: Math.round(facts?.freeMemoryMib ?? 0),
    tombstones: facts?.tombstones.toSorted(),
    monitors: facts?.monitors.map((each) => baseDomainName(each.name)).toSorted(),
    autostarts: facts?.autostarts,
    configs: facts?.guestConfigs?.map((each) => each.path).toSorted(),
    membership: facts?.membership,
    // which images are open, not by whom
    open: [...(lookupOf(snapshot).open.get(name)?.keys() ?? [])].flatMap((inode) =>
      (facts?.folders ?? []).flatMap((each) =>
        each.files.filter((file) => file.inode === inode).map((file) => `${each.path}/${file.name}`),
      ),
    ),
  })),
});

type Made = { before: Snapshot; after: Snapshot };

/** Plans it, works out what it leaves behind, runs it, looks again, and compares. */
const holds = async (intent: Intent): Promise<Made> => {
  const before = await look();
  const make = (accept: string[]) =>
    value(desk.call('plan.make', { cluster, intent, approval: { accept, vouched: [] }, fresh: false }));
  const first = await make([]);
  const view = await make(
    first.plan.reasons.flatMap((each) => (each.severity === 'consent' ? [each.code] : [])),
  );
  const { plan, fingerprint } = view;
  expect(openReasons(plan), plan.title).toEqual([]);
  const said = shown(afterPlan(before, plan));
  const started = await value(
    desk.call('run.start', {
      ...{ cluster, intent, approval: plan.approval, run: plan.run, fingerprint, unreviewed: true as const },
    }),
  );
  expect(started.outcome, plan.title).toBe('started');
  await desk.ended(plan.run);
  const run = await value(desk.call('run.get', { run: plan.run }));
  expect([run.state, run.problem], plan.title).toEqual(['done', '']);
  // a loop device lingers for a moment after its guest
  const after = await vi.waitFor(
    async () => {
      const seen = await look();
      expect(shown(seen).nodes, plan.title).toEqual(said.nodes);
      return seen;
    },
    { timeout: 60_000, interval: 300 },
  );
  expect(shown(after), plan.title).toEqual(said);
  return { before, after };
};

const seconds = { timeoutSeconds: 20 };
const start = (instance: string): Intent => ({ kind: 'start', instance });
// biome-ignore lint/suspicious/noThenProperty: a word of the intent, never a function
const stop = (instance: string): Intent => ({ kind: 'stop', instance, ...seconds, then: 'force' });
const create = (name: string, change: Partial<Extract<Intent, { kind: 'create' }>> = {}): Intent => ({
  ...{ kind: 'create', name, primary: 'node1', secondary: 'node2', storageDirectory: SHARED_STORAGE },
  ...{ driver: 'loop', reuse: false, disks: [{ size: 4 * mib, type: 'raw', mode: 'rw' }] },
  guest: { type: 'pv', memoryMib: 64, vcpus: 1, kernel: PRACTICE_KERNEL },
  ...{ nics: [], os: 'none', start: false },
  ...change,
});
const inTrash = (snapshot: Snapshot, called: string) => {
  const found = trashOf(snapshot).find((each) => each.called === called);
  if (!found) throw new Error(`${called} is not in the trash`);
  return { storageDirectory: found.storage, trashName: found.name };
};
const viewOf = (snapshot: Snapshot, name: string) => {
  const found = deriveInstances(snapshot).find((each) => each.name === name);
  if (!found) throw new Error(`no instance ${name}`);
  return found;
};

beforeAll(async () => {
  lab = await startSshdCluster({ settings: { migrate_delay: 0.1 } });
  for (const { root } of lab.nodes)
    await writePeers(
      root,
      lab.nodes.map((each) => ({ name: each.name, root: each.root })),
    );
  await putOperatingSystems(path.join(lab.directory, 'shared'));
  desk = await createDesk({
    configDirectory: path.join(lab.directory, 'desk'),
    sshConfig: { binary: null, environment: {} },
  });
  const intent: Intent = {
    kind: 'cluster-init',
    name: cluster,
    nodes: lab.nodes.map(({ name, sshd }) => ({
      name,
      target: { host: sshd.host, port: sshd.port, user: sshd.user, identityFiles: [sshd.clientKeyFile] },
    })),
    storageDirectories: [SHARED_STORAGE, LOCAL_STORAGE],
    hostKeys: 'accept-new',
  };
  const approval = { accept: [], vouched: [] };
  const { plan, fingerprint } = await value(
    desk.call('plan.make', { cluster, intent, approval, fresh: true }),
  );
  await value(desk.call('run.start', { cluster, intent, approval, run: plan.run, fingerprint }));
  await desk.ended(plan.run);
  expect(await value(desk.call('run.get', { run: plan.run }))).toMatchObject({ state: 'done' });
});
afterAll(async () => {
  await desk?.close();
  await lab?.stop();
});

test('the life of an instance on shared storage', async () => {
  await holds(create('web1', { driver: 'blktap', nics: [{ bridge: 'xenbr0', mac: null }], start: true }));
  await holds({ kind: 'reboot', instance: 'web1', timeoutSeconds: 20 });
  await holds({ kind: 'failover', instance: 'web1', target: null, ...seconds });
  await holds({ kind: 'migrate', instance: 'web1', target: 'node3' });
  await holds(stop('web1'));
  const { after } = await holds(start('web1'));
  await holds(stop('web1'));
  const from = viewOf(after, 'web1').folders[0]?.folder.config ?? '';
  const text = from.replace(/^memory.*$/m, 'memory = 96');
  expect(text).not.toBe(from);
  await holds({ kind: 'configure', instance: 'web1', text, from });
  await holds({ kind: 'rename', instance: 'web1', name: 'www' });
  await holds(start('www'));
  const removed = await holds({ kind: 'remove', instance: 'www', purge: false, ...seconds });
  await holds({ kind: 'restore', ...inTrash(removed.after, 'www') });
  await holds({ kind: 'remove', instance: 'www', purge: true, ...seconds });
});

test('its disks', async () => {
  await holds(create('db1'));
  await holds({ kind: 'grow', instance: 'db1', disk: 0, size: 4 * mib, by: true });
  await holds({
    ...{ kind: 'disk-add', instance: 'db1', mode: 'rw', driver: 'blktap' },
    source: { from: 'new', size: 8 * mib, type: 'qcow2', allocation: 'sparse', base: null },
  });
  await holds({ kind: 'snapshot', instance: 'db1', disk: 1, change: 'create', tag: 'before' });
  await holds({ kind: 'snapshot', instance: 'db1', disk: 1, change: 'revert', tag: 'before' });
  await holds({ kind: 'snapshot', instance: 'db1', disk: 1, change: 'delete', tag: 'before' });
  await holds({ kind: 'grow', instance: 'db1', disk: 1, size: 16 * mib, by: false });
  await holds({ kind: 'convert', instance: 'db1', disk: 0, to: 'qcow2', driver: 'blktap' });
  const { after } = await holds({ kind: 'disk-remove', instance: 'db1', disk: 1, purge: false });
  const names = viewOf(after, 'db1').folders[0]?.folder.files.map((each) => each.name) ?? [];
  const kept = names.find((each) => each.includes('removed')) ?? '';
  await holds({ kind: 'disk-add', instance: 'db1', mode: 'rw', source: { from: 'file', file: kept } });
  await holds({
    ...{ kind: 'release', instance: 'db1' },
    file: names.find((each) => each.includes('before')) ?? '',
  });
  await holds({
    ...{ kind: 'disk-add', instance: 'db1', mode: 'rw' },
    source: { from: 'import', path: `${SHARED_STORAGE}/.templates/practice-guest.raw`, type: 'raw' },
  });
  await holds({ kind: 'disk-remove', instance: 'db1', disk: 1, purge: true });
  await holds(
    create('db2', {
      disks: [
        {
          ...{ size: 0, type: 'qcow2', mode: 'rw' },
          import: `${SHARED_STORAGE}/.templates/practice-guest.raw`,
        },
      ],
      driver: 'blktap',
    }),
  );
  await holds({ kind: 'remove', instance: 'db2', purge: false, ...seconds });
});

test('copies: cloned, replicated, handed over, moved, discarded', async () => {
  await holds(create('app', { storageDirectory: LOCAL_STORAGE }));
  await holds({ kind: 'clone', instance: 'app', name: 'twin', node: null, storageDirectory: SHARED_STORAGE });
  await holds({ kind: 'replicate', instance: 'app', node: 'node2' });
  await holds(start('app'));
  await holds({ kind: 'failover', instance: 'app', target: null, ...seconds });
  await holds({
    ...{ kind: 'move', instance: 'app', node: 'node3', storageDirectory: null, removeSource: true },
    ...seconds,
  });
  await holds(stop('app'));
  await holds({ kind: 'discard', instance: 'app', node: 'node1', path: `${LOCAL_STORAGE}/app` });
  await holds({
    ...{ kind: 'move', instance: 'twin', node: 'node2', storageDirectory: LOCAL_STORAGE },
    ...{ removeSource: false, ...seconds },
  });
  await holds({ kind: 'compare-images', subject: { of: 'instance', instance: 'twin' } });
});

test('images that nobody owns, guests made by hand, and folders that were moved', async () => {
  const at = (...names: string[]) => path.join(lab.storage, ...names);
  mkdirSync(at('old'));
  for (const file of ['root.img', 'data.img']) writeFileSync(at('old', file), Buffer.alloc(mib));
  await holds({
    ...{ kind: 'copy-image', from: { node: 'node1', path: `${SHARED_STORAGE}/old/data.img` } },
    to: { node: 'node2', path: `${LOCAL_STORAGE}/kept/data.img` },
  });
  await holds({
    ...{ kind: 'convert-file', node: 'node2', path: `${LOCAL_STORAGE}/kept/data.img`, type: 'qcow2' },
    target: `${LOCAL_STORAGE}/kept/data.qcow2`,
  });
  const removed = await holds({
    ...{ kind: 'remove-image', node: 'node2', path: `${LOCAL_STORAGE}/kept/data.img` },
  });
  await holds({ kind: 'restore', ...inTrash(removed.after, 'data.img') });
  const folder = await holds({ kind: 'remove-image', node: 'node2', path: `${LOCAL_STORAGE}/kept` });
  await holds({ kind: 'purge-trash', folders: [inTrash(folder.after, 'kept')] });
  const etc = path.join(lab.node('node1').root, 'etc/xen');
  mkdirSync(path.join(etc, 'auto'), { recursive: true });
  writeFileSync(
    path.join(etc, 'old.cfg'),
    `name = 'old'\nkernel = "${PRACTICE_KERNEL}"\nmemory = 64\ndisk = [ 'file:${SHARED_STORAGE}/old/root.img,xvda,w', 'file:${SHARED_STORAGE}/old/data.img,xvdb,w' ]\n`,
  );
  symlinkSync('../old.cfg', path.join(etc, 'auto', 'old.cfg'));
  await holds({
    ...{ kind: 'adopt', name: 'old', primary: 'node1', secondary: null, driver: null, guest: {}, nics: null },
    paths: [`${SHARED_STORAGE}/old/root.img`, `${SHARED_STORAGE}/old/data.img`],
    ...{ config: '/etc/xen/old.cfg', start: true },
  });
  await holds(stop('old'));
  renameSync(at('old'), at('elsewhere'));
  await holds({
    ...{ kind: 'claim', instance: 'old', path: `${SHARED_STORAGE}/elsewhere`, as: 'moved', primary: 'node2' },
  });
  // a second folder of images becomes an instance's, by their paths
  mkdirSync(at('loose'));
  for (const file of ['a', 'b']) writeFileSync(at('loose', file), Buffer.alloc(mib));
  await holds({
    ...{ kind: 'adopt', name: 'taken', primary: 'node1', secondary: null, driver: 'loop', nics: [] },
    ...{ paths: [`${SHARED_STORAGE}/loose/b`, `${SHARED_STORAGE}/loose/a`], start: false },
    guest: { type: 'pv', memoryMib: 64, vcpus: 1, kernel: PRACTICE_KERNEL },
  });
  writeFileSync(
    at('loose', '.lock'),
    JSON.stringify({
      ...{ run: 'otherrun', user: 'bob', workstation: 'desk2', title: 'start taken', nodes: ['node1'] },
      ...{ place: `${SHARED_STORAGE}/loose`, at: new Date(0).toISOString() },
    }),
  );
  await holds({ kind: 'unlock', path: `${SHARED_STORAGE}/loose`, run: 'otherrun' });
});

test('installed by an OS definition, renamed by its script, exported; the cluster itself', async () => {
  await holds(create('os1', { os: 'practice+plain', disks: [{ size: 8 * mib, type: 'raw', mode: 'rw' }] }));
  await holds({ kind: 'rename', instance: 'os1', name: 'os2', osRename: true });
  await holds({ kind: 'os-export', instance: 'os2', disk: 0, output: `/srv/os2.dump` });
  await holds(
    create('os3', {
      os: 'template:practice-guest.raw',
      disks: [{ size: 80 * mib, type: 'raw', mode: 'rw' }],
    }),
  );
  await holds({ kind: 'cluster-modify', templateDirectory: '/srv/golden' });
});
