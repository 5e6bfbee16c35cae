/** The practice cluster through the command line: it starts by itself and keeps its state from one call to the next. */
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { stopNodeRoot } from '../../main/practice/node-root.ts';
import { practiceNodes } from '../../main/practice/practice.ts';
import { makeWorkstation, type Outcome, type Workstation } from '../support/cluster-of-sshd.ts';
import { makeTemporaryDirectory } from '../support/temporary-directory.ts';

const temporary = makeTemporaryDirectory('practice');
let workstation: Workstation;
beforeAll(() => {
  workstation = makeWorkstation(temporary.path, { VBDESK_CLUSTER: 'practice' });
});
afterAll(async () => {
  for (const name of practiceNodes)
    await stopNodeRoot(path.join(workstation.configDirectory, 'practice', name));
  temporary.remove();
});

const vbdesk = async (code: number, ...args: string[]): Promise<Outcome> => {
  const outcome = await workstation.vbdesk(...args);
  expect(outcome.code, `stdout:\n${outcome.stdout}\nstderr:\n${outcome.stderr}`).toBe(code);
  return outcome;
};
const list = async () =>
  z
    .array(z.looseObject({ name: z.string(), status: z.string(), primary: z.string().nullable() }))
    .parse((await vbdesk(0, 'instance', 'list', '--json')).json());

describe('the practice cluster', () => {
  it('starts by itself, with its examples', async () => {
    expect(await list()).toMatchObject([
      { name: 'alpha', status: 'running', primary: 'node1' },
      { name: 'beta', status: 'running', primary: 'node1' },
      { name: 'gamma', status: 'running', primary: 'node2' },
    ]);
    await vbdesk(0, 'cluster', 'verify');
  });

  it('keeps what was done in it', async () => {
    await vbdesk(
      0,
      ...['instance', 'add', '-t', 'file', '--disk', '0:size=8M', '-n', 'node3:node1', '-o', 'none'],
      ...['-B', 'memory=64M', '-H', 'kernel=/boot/vmlinuz-practice', 'mine', '--yes'],
    );
    await vbdesk(0, 'instance', 'failover', 'mine', '--yes');
    expect((await list()).find((each) => each.name === 'mine')).toMatchObject({
      status: 'running',
      primary: 'node1',
    });
    await vbdesk(0, 'instance', 'remove', 'mine', '--purge', '--accept', 'purge:mine', '--yes');
    expect(await list()).toHaveLength(3);
  });

  it('has plugs that stay pulled', async () => {
    await vbdesk(0, 'practice', 'unplug', 'node1');
    const nodes = z
      .array(z.looseObject({ name: z.string(), answers: z.boolean() }))
      .parse((await vbdesk(0, 'node', 'list', '--json')).json());
    expect(nodes.map((each) => each.answers)).toEqual([false, true, true]);
    const failover = await vbdesk(3, 'instance', 'failover', 'alpha', '--yes');
    expect(failover.stderr).toContain('--confirm-down node1');
    await vbdesk(0, 'practice', 'plug', 'node1');
    expect((await list()).map(({ name, status }) => `${name} ${status}`)).toEqual([
      'alpha stopped',
      'beta stopped',
      'gamma running',
    ]);
  });

  it('is made anew after a reset', async () => {
    await vbdesk(2, 'practice', 'reset');
    await vbdesk(0, 'practice', 'reset', '--yes');
    expect(await list()).toHaveLength(3);
  });
});
