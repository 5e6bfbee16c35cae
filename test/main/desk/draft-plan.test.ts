/** A draft planned through the desk while no node answers, on what this workstation remembers; and as the command line shows it. */
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Cluster } from '../../../core/cluster/schema.ts';
import type { Snapshot } from '../../../core/cluster/snapshot.ts';
import type { Result } from '../../../core/contract.ts';
import type { DraftFile } from '../../../core/draft/draft.ts';
import { titlesForPeople, titlesOf } from '../../../core/draft/titles.ts';
import type { Intent } from '../../../core/plan/intent.ts';
import { draftPlanText } from '../../../main/cli/draft-plan.ts';
import { type AppDesk, createDesk } from '../../../main/desk/desk.ts';
import { Library } from '../../../main/library/library.ts';
import { createIntent } from '../../core/plan/support.ts';
import { soundCluster, withInstance } from '../../support/snapshot-builder.ts';
import { makeTemporaryDirectory, type TemporaryDirectory } from '../../support/temporary-directory.ts';

let temporary: TemporaryDirectory;
let desk: AppDesk;
let file: DraftFile;

const value = async <T>(answer: Promise<Result<T>>): Promise<T> => {
  const result = await answer;
  if (!result.ok) throw new Error(`${result.error.code}: ${result.error.message}`);
  return result.value;
};
/** Nobody listens there. */
const target = { host: '127.0.0.1', port: 1, user: 'root' };
const remembered = (): Snapshot => {
  const known = withInstance(soundCluster(), 'web1');
  const at = Date.now() - 3 * 3_600_000;
  const cluster: Cluster = {
    ...known.cluster,
    nodes: known.cluster.nodes.map((each) => ({ ...each, target })),
  };
  return { ...known, cluster, takenAt: at, nodes: known.nodes.map((each) => ({ ...each, seenAt: at })) };
};
const add = async (intent: Intent): Promise<void> => {
  file = await value(
    desk.call('draft.edit', { path: file.path, from: file.sha256, edit: { edit: 'add', intent } }),
  );
};
const plain = (_style: string, text: string): string => text;

beforeAll(async () => {
  temporary = makeTemporaryDirectory('draft-plan');
  const configDirectory = path.join(temporary.path, 'config');
  const library = new Library(configDirectory);
  await library.prepare();
  const snapshot = remembered();
  await library.saveCluster(snapshot.cluster);
  await library.saveSnapshot(snapshot);
  desk = await createDesk({ configDirectory, sshConfig: { binary: null, environment: {} } });
  file = await value(
    desk.call('draft.create', { path: path.join(temporary.path, 'a.vbdesk.yaml'), cluster: 'test' }),
  );
  await add(createIntent({ name: 'web2', start: false }));
  await add({ kind: 'start', instance: 'web2' });
  await add({ kind: 'failover', instance: 'web2', target: null, timeoutSeconds: 60 });
  await add({ kind: 'start', instance: 'none' });
});
afterAll(async () => {
  await desk?.close();
  temporary?.remove();
});

test('each change is planned on what was seen last, upon those before it; what is not known is said with its age', async () => {
  for (const fresh of [false, true]) {
    const plan = await value(desk.call('draft.plan', { path: file.path, fresh }));
    expect(plan.offline).toBe(true);
    expect(plan.changes.map(({ id, outcome }) => [id, outcome])).toEqual([
      ['c1', 'unchanged'],
      ['c2', 'unchanged'],
      ['c3', 'unchanged'],
      ['c4', 'impossible'],
    ]);
    expect(plan.changes[1]?.unknown).toEqual(['Free memory of node1 was 4 GiB, 3 h ago.']);
    expect(plan.changes[0]?.view?.texts.length).toBe(plan.changes[0]?.view?.plan.steps.length);
  }
  const after = await value(desk.call('draft.snapshot', { path: file.path, fresh: false }));
  expect(after.nodes.map(({ facts }) => facts?.domains.map(({ name }) => name))).toEqual([
    ['Domain-0'],
    ['Domain-0', 'web2'],
    ['Domain-0'],
  ]);
});

test('chosen changes only, as if the others were not there', async () => {
  const only = await value(desk.call('draft.plan', { path: file.path, fresh: false, only: ['c2'] }));
  expect(only.changes.map(({ id, outcome }) => [id, outcome])).toEqual([['c2', 'impossible']]);
  expect(await desk.call('draft.plan', { path: file.path, fresh: false, only: ['c9'] })).toMatchObject({
    ok: false,
    error: { code: 'bad-input', message: expect.stringContaining('c9') },
  });
});

test('as the command line shows it', async () => {
  const plan = await value(desk.call('draft.plan', { path: file.path, fresh: false }));
  const text = draftPlanText(plan, file, plain);
  const [created] = plan.changes;
  expect(text).toContain('No node answers: this is planned on what they showed last.');
  expect(text).toContain('c1: Create web2 (not reviewed yet)');
  for (const line of created?.view ? titlesForPeople(titlesOf(created.view.plan)) : ['none'])
    expect(text).toContain(line);
  // what only tells whether a file was edited is nothing to read
  expect(text).not.toContain('words of this change');
  expect(text).toContain('c4: Start none (not possible)');
  expect(text).toContain('blocks   No folder on the nodes has a record of none');
  expect(text).toContain('unknown  Free memory of node1 was 4 GiB, 3 h ago.');
  expect(text).toMatch(/web2 is down for about \d+ s\./);
  expect(text).toMatch(/^ {2}node2 +memory +4 GiB +3\.5 GiB$/m);
  const marked = draftPlanText(
    {
      ...plan,
      changes: plan.changes.slice(0, 1).map((each) => ({
        ...each,
        outcome: 'changed' as const,
        difference: [
          { sign: '-' as const, text: 'node1: what it was' },
          { sign: '+' as const, text: 'node1: what it is' },
        ],
      })),
    },
    file,
    plain,
  );
  expect(marked).toContain('c1: Create web2 (changed)\n');
  expect(marked).toContain('- node1: what it was\n  + node1: what it is');
});

test("a file that can't be understood gets a sentence with line and column", async () => {
  const other = await value(
    desk.call('draft.create', { path: path.join(temporary.path, 'b.vbdesk.yaml'), cluster: 'test' }),
  );
  await value(
    desk.call('draft.write', {
      ...{ path: other.path, from: other.sha256 },
      text: `${other.text.replace(/^changes:.*$/m, '')}\nchanges:\n  - do: fly\n`,
    }),
  );
  expect(await desk.call('draft.plan', { path: other.path, fresh: false })).toMatchObject({
    ok: false,
    error: { code: 'draft', message: expect.stringMatching(/b\.vbdesk\.yaml:\d+:\d+: /) },
  });
});
