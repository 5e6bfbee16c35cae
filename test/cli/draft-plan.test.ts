/** `vbdesk draft plan` on a workstation from which no node is reached: on what it remembers, as text and as JSON. */
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { Library } from '../../main/library/library.ts';
import { makeWorkstation, type Outcome, type Workstation } from '../support/cluster-of-sshd.ts';
import { soundCluster, withInstance } from '../support/snapshot-builder.ts';
import { makeTemporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';

let temporary: TemporaryDirectory;
let workstation: Workstation;
let file: string;

const expectCode = (outcome: Outcome, code: number): Outcome => {
  expect(outcome.code, `stdout:\n${outcome.stdout}\nstderr:\n${outcome.stderr}`).toBe(code);
  return outcome;
};
const document = z.looseObject({
  offline: z.boolean(),
  changes: z.array(
    z.looseObject({
      id: z.string(),
      outcome: z.string(),
      steps: z.array(z.string()),
      unknown: z.array(z.string()),
    }),
  ),
});

beforeAll(async () => {
  temporary = makeTemporaryDirectory('cli-draft-plan');
  workstation = makeWorkstation(temporary.path);
  const library = new Library(workstation.configDirectory);
  await library.prepare();
  const known = withInstance(soundCluster(), 'web1');
  const at = Date.now() - 3 * 3_600_000;
  // nobody listens there
  const target = { host: '127.0.0.1', port: 1, user: 'root' };
  const cluster = { ...known.cluster, nodes: known.cluster.nodes.map((each) => ({ ...each, target })) };
  await library.saveCluster(cluster);
  await library.saveSnapshot({
    ...{ ...known, cluster, takenAt: at },
    nodes: known.nodes.map((each) => ({ ...each, seenAt: at })),
  });
  file = path.join(temporary.path, 'tuesday.vbdesk.yaml');
  expectCode(await workstation.vbdesk('draft', 'new', file), 0);
});
afterAll(() => temporary?.remove());

it('plans each change upon those before it, and ends with 3 once one of them can not be', async () => {
  expectCode(await workstation.vbdesk('instance', 'start', 'web1', '--draft', file), 0);
  expectCode(await workstation.vbdesk('instance', 'failover', 'web1', '--draft', file), 0);
  for (const more of [['--offline'], []]) {
    const { stdout } = expectCode(await workstation.vbdesk('draft', 'plan', file, ...more), 0);
    expect(stdout).toContain('No node answers: this is planned on what they showed last.');
    expect(stdout).toContain('c1: Start web1 (not reviewed yet)');
    expect(stdout).toContain('node1: Start web1 on node1');
    expect(stdout).not.toContain('words of this change');
    expect(stdout).toContain('unknown  Free memory of node1 was 4 GiB, 3 h ago.');
    expect(stdout).toContain('node2: Hand over: primary node2, generation 2');
  }
  // it changes nothing in the file, and is a document of its own for other programs
  const json = document.parse(
    expectCode(await workstation.vbdesk('draft', 'plan', file, '--offline', '--json'), 0).json(),
  );
  expect(json.offline).toBe(true);
  expect(json.changes.map(({ id, outcome }) => [id, outcome])).toEqual([
    ['c1', 'unchanged'],
    ['c2', 'unchanged'],
  ]);
  expect(json.changes[0]?.steps[0]).toBe('node1: Lock the instance');
  const only = expectCode(await workstation.vbdesk('draft', 'plan', file, '--offline', '--only', 'c2'), 0);
  expect(only.stdout).not.toContain('c1:');
  expectCode(await workstation.vbdesk('draft', 'plan', file, '--offline', '--only', 'c9'), 2);
  expectCode(await workstation.vbdesk('instance', 'rename', 'web1', 'www', '--draft', file), 0);
  const refused = expectCode(await workstation.vbdesk('draft', 'plan', file, '--offline'), 3);
  expect(refused.stdout).toMatch(/^c3: Rename web1.* \(not possible\)$/m);
  expect(refused.stdout).toMatch(/^ {2}blocks {3}/m);
});
