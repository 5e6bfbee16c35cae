/** A node whose `xl list -l` hangs: the probe goes without that part, says so, and everything else is told. */
import { readFileSync } from 'node:fs';
import { mkdir, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { NodeFacts } from '../../../core/cluster/snapshot.ts';
import { probeScript, readProbe } from '../../../main/node/probe.ts';
import { processesOf, SHARED_STORAGE, writeSettings } from '../../../main/practice/node-root.ts';
import { openPracticeNode, practiceGuest } from '../../support/practice-node.ts';

vi.setConfig({ testTimeout: 120_000 });

const quick = { create_delay: 0.02, destroy_delay: 0.02, heartbeat: 0.1 };
const input = { storageDirectories: [SHARED_STORAGE], bootFiles: [] };
let node: Awaited<ReturnType<typeof openPracticeNode>>;

beforeAll(async () => {
  node = await openPracticeNode({ settings: quick });
  const storage = path.join(node.root, SHARED_STORAGE);
  await mkdir(path.join(storage, 'web1'), { recursive: true });
  await writeFile(path.join(storage, 'web1/sda'), '');
  await truncate(path.join(storage, 'web1/sda'), 2 ** 20);
  const disk = `format=raw,vdev=xvda,access=rw,target=${SHARED_STORAGE}/web1/sda`;
  await writeFile(path.join(node.root, 'etc/xen/web1.cfg'), practiceGuest('web1', [disk]));
  const created = await node.run('xl create -q "$R/etc/xen/web1.cfg"');
  expect(created).toMatchObject({ code: 0, stderr: '' });
});
afterAll(() => node?.close());

const probe = async (): Promise<NodeFacts> => {
  const { stdout } = await node.run(probeScript(input));
  return readProbe(Buffer.from(stdout), input);
};
/** What the hung list runs on the node. */
const hanging = async (): Promise<number[]> =>
  (await processesOf(node.root)).filter((pid) => {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ');
      return /^sleep 987654 | list -l /.test(command);
    } catch {
      return false;
    }
  });
const guestIn = (facts: NodeFacts) => facts.domains.find((each) => each.name === 'web1');

test('only what domains are made of is not known; nothing of it is left running, and later it is known again', async () => {
  const well = await probe();
  expect(well.problems).toEqual([]);
  expect(guestIn(well)?.config?.disks).toMatchObject([{ vdev: 'xvda' }]);

  await writeSettings(node.root, { ...quick, long_list_delay: 987654 });
  const hung = await probe();
  expect(hung.problems).toEqual([expect.stringMatching(/^xl list -l did not answer within 8 s\. /)]);
  const known = guestIn(well);
  const { domid, uuid, memoryMib } = known ?? {};
  expect(guestIn(hung)).toMatchObject({ domid, uuid, memoryMib, state: 'running' });
  expect(guestIn(hung)?.config).toBeUndefined();
  // all the rest is told as before
  for (const part of ['toolstack', 'totalMemoryMib', 'bootFiles', 'guestConfigs', 'bridges'] as const)
    expect(hung[part], part).toEqual(well[part]);
  expect(hung.storages.map((each) => each.state)).toEqual(['ok']);
  expect(hung.folders.map(({ name, files }) => [name, files.map((each) => each.name)])).toEqual([
    ['web1', ['sda']],
  ]);
  const image = hung.folders[0]?.files[0];
  expect(hung.open.some((each) => each.inode === image?.inode)).toBe(true);
  await expect.poll(hanging).toEqual([]);

  await writeSettings(node.root, quick);
  const again = await probe();
  expect(again.problems).toEqual([]);
  expect(guestIn(again)?.config).toEqual(known?.config);
});
