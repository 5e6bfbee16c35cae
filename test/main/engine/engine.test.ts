import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { exitCodeOf, type Run } from '../../../core/plan/run.ts';
import { waitFor } from '../../support/wait-for.ts';
import {
  absent,
  folder,
  freshRun,
  type House,
  lockOf,
  lyingSum,
  makeFolder,
  makeHouse,
  makeImage,
  planOf,
  refusedStep,
  statesOf,
  storage,
  tombstone,
  tombstonePath,
  undoOf,
  unlock,
  waiting,
  write,
} from './support.ts';

let house: House;
let id: string;

beforeAll(async () => {
  house = await makeHouse(['node1', 'node2']);
});
afterAll(() => house.close());
beforeEach(() => {
  id = freshRun();
  house.line.calls.length = 0;
});
afterEach(() => {
  house.line.rule = (_call, send) => send();
  for (const name of ['truncate', 'sha256sum']) if (house.there(`/bin/${name}`)) house.unshim(name);
  for (const name of [folder, tombstonePath, '/go', '/begun', '/sums', '/var/lib/vbdesk/jobs'])
    rmSync(house.at(name), { recursive: true, force: true });
});

/** Starts the plan and gives the run as it ended. */
const walk = async (steps: Parameters<typeof planOf>[1], given = house.engine()): Promise<Run> => {
  await given.engine.start(planOf(id, steps), 'ann@desk');
  await given.engine.ended(id);
  const run = await given.journal.read(id);
  if (!run) throw new Error('the journal has lost the run');
  return run;
};

describe('a run', () => {
  test('goes forward to done', async () => {
    const given = house.engine();
    const run = await walk([makeFolder(id), makeImage(), write(), absent('other'), unlock(id)], given);
    expect(run).toMatchObject({ state: 'done', direction: 'forward', problem: '', undo: [] });
    expect(exitCodeOf(run)).toBe(0);
    expect(statesOf(run)).toEqual(['done', 'done', 'done', 'done', 'done']);
    expect(run.steps.map(({ changed }) => changed)).toEqual([true, true, true, false, true]);
    expect(house.names(folder)).toEqual(['sda', 'xen.cfg']);
    expect(run.holds).toContainEqual({ subject: 'Lock', text: 'released' });
    expect(house.names('/var/lib/vbdesk/jobs')).toEqual([]);
    expect(house.line.launches).toEqual(['node1:1', 'node1:2', 'node1:3', 'node1:5']);
    expect(given.seen[0]).toMatchObject({ state: 'running' });
    expect(given.seen.at(-1)).toMatchObject({ state: 'done' });
    await expect(given.engine.start(run.plan, 'ann@desk')).rejects.toThrow('a plan runs once');
    await expect(given.engine.resume(id, 'onward')).rejects.toThrow('has ended');
  });

  test('that fails before its commit point is undone in reverse, as far as anything was changed', async () => {
    const run = await walk([
      makeFolder(id),
      makeImage(),
      absent('other'),
      refusedStep(),
      write(),
      unlock(id),
    ]);
    expect(run).toMatchObject({ state: 'undone', direction: 'undo' });
    expect(exitCodeOf(run)).toBe(1);
    expect(statesOf(run)).toEqual(['done', 'done', 'done', 'failed', 'skipped', 'skipped']);
    expect(undoOf(run)).toEqual(['u2.1 done', 'u1.1 done']);
    expect(house.line.launches).toEqual(['node1:1', 'node1:2', 'node1:4', 'node1:u2.1', 'node1:u1.1']);
    expect(house.there(folder)).toBe(false);
    expect(house.names('/var/lib/vbdesk/jobs')).toEqual([]);
    for (const part of [
      'node1',
      'step 4',
      id,
      `write ${folder}/never`,
      'is not what it was when the plan was made',
    ])
      expect(run.problem).toContain(part);
  });

  test('takes the failed step back too when it may have changed something', async () => {
    house.shim('sha256sum', lyingSum(2));
    const run = await walk([tombstone(), refusedStep()]);
    expect(run.state).toBe('undone');
    expect(run.steps[0]).toMatchObject({ state: 'failed', changed: true, exitCode: 1 });
    expect(undoOf(run)).toEqual(['u1.1 done']);
    expect(house.there(tombstonePath)).toBe(false);
    expect(run.problem).toContain('does not read back');
  });

  test('that finds the lock of another run changes nothing and says who holds it', async () => {
    mkdirSync(house.at(folder));
    writeFileSync(house.at(`${folder}/.lock`), `${JSON.stringify(lockOf('other'))}\n`);
    const run = await walk([
      { action: { do: 'lock', folder, lock: lockOf(id) }, undo: [{ do: 'unlock', folder, run: id }] },
      write(),
      unlock(id),
    ]);
    expect(run).toMatchObject({ state: 'undone', undo: [] });
    expect(run.steps[0]).toMatchObject({ state: 'failed', changed: false, exitCode: 75 });
    expect(run.problem).toContain('is locked by run other of ann@desk');
    expect(house.names(folder)).toEqual(['.lock']);
  });

  test('whose lock has gone does nothing any more', async () => {
    house.line.rule = (call, send) => {
      if (call.kind === 'launch' && call.job === '2')
        writeFileSync(house.at(`${folder}/.lock`), `${JSON.stringify(lockOf('thief'))}\n`);
      return send();
    };
    const run = await walk([makeFolder(id), makeImage(), unlock(id)]);
    expect(run.steps[1]).toMatchObject({ state: 'failed', changed: false, exitCode: 77 });
    // the folder belongs to whoever holds its lock now
    expect(run).toMatchObject({ state: 'undone', direction: 'undo' });
    expect(house.names(folder)).toEqual(['.lock']);
    expect(run.problem).toContain('run thief of ann@desk');
  });

  test('turns round when its commit step is known not to have happened', async () => {
    const run = await walk([
      makeFolder(id),
      makeImage(),
      { ...refusedStep(), undo: [], commit: true },
      unlock(id),
    ]);
    expect(run.state).toBe('undone');
    expect(house.there(folder)).toBe(false);
  });

  test('stays where it is when its commit step may have happened, and goes on once that is mended', async () => {
    house.shim('sha256sum', lyingSum(2));
    const given = house.engine();
    const run = await walk([makeFolder(id), { ...tombstone(), undo: [], commit: true }, unlock(id)], given);
    expect(run).toMatchObject({ state: 'stuck', direction: 'forward', undo: [] });
    expect(exitCodeOf(run)).toBe(4);
    expect(run.problem).toContain('point of no return has passed');
    expect(house.names(folder)).toEqual(['.lock']);
    await expect(given.engine.resume(id, 'undo')).rejects.toThrow('point of no return');
    await given.engine.resume(id, 'onward');
    await given.engine.ended(id);
    expect(await given.journal.read(id)).toMatchObject({ state: 'done' });
    expect(house.line.launches).toEqual(['node1:1', 'node1:2', 'node1:2-2', 'node1:3']);
    expect(house.names(folder)).toEqual([]);
  });

  test('a commit step that is refused after an attempt that may have changed something: its check decides', async () => {
    house.shim('sha256sum', lyingSum(2));
    const given = house.engine();
    await walk([makeFolder(id), { ...tombstone(), undo: [], commit: true }, unlock(id)], given);
    house.unshim('sha256sum');
    // now the step is refused at once, which alone would mean that nothing was changed
    rmSync(house.at(tombstonePath));
    rmSync(house.at(`${folder}/.lock`));
    await given.engine.resume(id, 'onward');
    await given.engine.ended(id);
    const refused = await given.journal.read(id);
    expect(refused?.steps[1]).toMatchObject({ state: 'failed', exitCode: 77 });
    // its check says that it is not done: so it is known again that nothing stands
    expect(refused).toMatchObject({ direction: 'undo', state: 'undone' });
    rmSync(house.at(folder), { recursive: true, force: true });
  });

  test('behind its commit point is stuck when a step fails, and resumes', async () => {
    const given = house.engine();
    house.line.rule = (call, send) => {
      if (call.kind === 'launch' && call.job === '3') writeFileSync(house.at(`${folder}/xen.cfg`), 'mine');
      return send();
    };
    const run = await walk(
      [makeFolder(id), { ...makeImage(), commit: true }, write(), { ...unlock(id), commit: false }],
      given,
    );
    expect(run).toMatchObject({ state: 'stuck', direction: 'forward' });
    expect(run.problem).toContain('xen.cfg');
    expect(exitCodeOf(run)).toBe(4);
    await expect(given.engine.resume(id, 'undo')).rejects.toThrow('point of no return');
    // a run that has not ended keeps its jobs
    expect(house.names(`/var/lib/vbdesk/jobs/${id}`)).toEqual(['1', '2', '3']);
    house.line.rule = (_call, send) => send();
    rmSync(house.at(`${folder}/xen.cfg`));
    await given.engine.resume(id, 'onward');
    await given.engine.ended(id);
    expect(await given.journal.read(id)).toMatchObject({ state: 'done', problem: '' });
    expect(house.names(folder)).toEqual(['sda', 'xen.cfg']);
    expect(house.names('/var/lib/vbdesk/jobs')).toEqual([]);
  });

  test('whose undo fails starts nothing and waits for a person', async () => {
    const given = house.engine();
    house.line.rule = (call, send) => {
      if (call.kind === 'launch' && call.job === '3') writeFileSync(house.at(`${folder}/stranger`), 'mine');
      return send();
    };
    const run = await walk([makeFolder(id), makeImage(), refusedStep(), unlock(id)], given);
    expect(run).toMatchObject({ state: 'stuck', direction: 'undo' });
    expect(undoOf(run)).toEqual(['u2.1 done', 'u1.1 failed']);
    expect(exitCodeOf(run)).toBe(4);
    expect(run.problem).toContain('is not empty and stays, with its lock: stranger');
    expect(run.problem).toContain('step 3');
    expect(house.names(folder)).toEqual(['.lock', `.made.${id}`, 'stranger']);
    rmSync(house.at(`${folder}/stranger`));
    await given.engine.resume(id, 'onward');
    await given.engine.ended(id);
    const ended = await given.journal.read(id);
    expect(ended?.state).toBe('undone');
    // why it was turned round is told to the end
    expect(ended?.problem).toContain('step 3');
    expect(house.there(folder)).toBe(false);
  });

  test('never removes what it did not make', async () => {
    house.line.rule = (call, send) => {
      if (call.kind === 'launch' && call.job === '3') {
        // another file under the same name, while ours is still there: a number of its own
        renameSync(house.at(`${folder}/sda`), house.at(`${folder}/moved`));
        writeFileSync(house.at(`${folder}/sda`), 'of somebody else');
      }
      return send();
    };
    const run = await walk([makeFolder(id), makeImage(), refusedStep(), unlock(id)]);
    expect(run.state).toBe('stuck');
    expect(run.problem).toContain('was not made by this run');
    expect(readFileSync(house.at(`${folder}/sda`), 'utf8')).toBe('of somebody else');
  });

  test('is refused before its first step when a step can not be told to a node', async () => {
    const bad = planOf(id, [makeFolder(id), { action: { do: 'remove-file', path: '/etc/passwd' } }]);
    const { engine, journal } = house.engine();
    await expect(engine.start(bad, 'ann@desk')).rejects.toThrow('/etc');
    expect(await journal.read(id)).toBe(null);
    expect(house.line.calls).toEqual([]);
  });
});

describe('cancel', () => {
  test('waits for the step under way, then takes all back', async () => {
    house.shim('truncate', waiting('/usr/bin/truncate'));
    const given = house.engine();
    await given.engine.start(planOf(id, [makeFolder(id), makeImage(), write(), unlock(id)]), 'ann@desk');
    await waitFor('the second step', () => house.there('/begun'));
    await given.engine.cancel(id);
    expect(given.engine.active(id)?.steps[1]?.state).toBe('running');
    writeFileSync(house.at('/go'), '');
    await given.engine.ended(id);
    const run = await given.journal.read(id);
    expect(run).toMatchObject({ state: 'undone', problem: 'Cancelled.', cancelRequested: true });
    expect(run && statesOf(run)).toEqual(['done', 'done', 'skipped', 'skipped']);
    expect(house.line.launches).toEqual(['node1:1', 'node1:2', 'node1:u2.1', 'node1:u1.1']);
    expect(house.there(folder)).toBe(false);
    await expect(given.engine.cancel(id)).rejects.toThrow('is not running');
  });

  test('is refused from the moment when the commit step begins', async () => {
    house.shim('truncate', waiting('/usr/bin/truncate'));
    const given = house.engine();
    await given.engine.start(
      planOf(id, [makeFolder(id), { ...makeImage(), undo: [], commit: true }, write(), unlock(id)]),
      'ann@desk',
    );
    await waitFor('the commit step', () => house.there('/begun'));
    await expect(given.engine.cancel(id)).rejects.toThrow('The point of no return has passed');
    writeFileSync(house.at('/go'), '');
    await given.engine.ended(id);
    expect(await given.journal.read(id)).toMatchObject({ state: 'done', cancelRequested: false });
  });

  test('before the commit step is sent prevents it', async () => {
    const given = house.engine();
    let cancelled: Promise<void> | undefined;
    house.line.rule = async (call, send) => {
      // the look before the commit step is under way
      if (call.kind === 'look') cancelled = given.engine.cancel(id);
      return send();
    };
    const run = await walk([makeFolder(id), absent('other'), unlock(id)], given);
    await cancelled;
    expect(run.state).toBe('undone');
    expect(house.line.launches).toEqual(['node1:1', 'node1:u1.1']);
  });
});

describe('one run, one worker', () => {
  test('of two requests at once one is refused', async () => {
    const given = house.engine();
    const plan = planOf(id, [makeFolder(id), unlock(id)]);
    const started = await Promise.allSettled([
      given.engine.start(plan, 'ann@desk'),
      given.engine.start(plan, 'ann@desk'),
    ]);
    expect(started.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    await given.engine.ended(id);
    expect(house.line.launches).toEqual(['node1:1', 'node1:2']);
  });

  test('also when one is cut off and resumed twice', async () => {
    const first = house.engine();
    house.shim('truncate', waiting('/usr/bin/truncate'));
    await first.engine.start(planOf(id, [makeFolder(id), makeImage(), unlock(id)]), 'ann@desk');
    await waitFor('the second step', () => house.there('/begun'));
    await first.engine.close();
    const second = house.engine({ journal: first.journal });
    writeFileSync(house.at('/go'), '');
    const resumed = await Promise.allSettled([
      second.engine.resume(id, 'onward'),
      second.engine.resume(id, 'undo'),
    ]);
    expect(resumed.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    await second.engine.ended(id);
    expect(await first.journal.read(id)).toMatchObject({ state: 'done' });
  });

  test('closing ends the work without a word in the journal, and nothing new is begun', async () => {
    const { engine, journal } = house.engine();
    house.shim('truncate', waiting('/usr/bin/truncate'));
    await engine.start(planOf(id, [makeFolder(id), makeImage(), write(), unlock(id)]), 'ann@desk');
    await waitFor('the second step', () => house.there('/begun'));
    await engine.close();
    expect(await journal.read(id)).toMatchObject({ state: 'running' });
    expect(await journal.ownedElsewhere(id)).toBe(false);
    writeFileSync(house.at('/go'), '');
    await expect(engine.start(planOf(freshRun(), []), 'ann@desk')).rejects.toThrow('ending');
    await expect(engine.resume(id, 'onward')).rejects.toThrow('ending');
    expect(house.line.launches).toEqual(['node1:1', 'node1:2']);
    const later = house.engine({ journal });
    await later.engine.resume(id, 'undo');
    await later.engine.ended(id);
    expect(await journal.read(id)).toMatchObject({ state: 'undone' });
    expect(house.there(folder)).toBe(false);
  });
});

describe('looks', () => {
  test('must hold on all their nodes', async () => {
    const both = ['node1', 'node2'];
    const look = { action: { do: 'check-absent' as const, paths: ['/srv/local-storage/web1'] } };
    const good = await walk([{ ...look, nodes: both }]);
    expect(good.state).toBe('done');
    id = freshRun();
    mkdirSync(house.at('/srv/local-storage/web1', 'node2'));
    const bad = await walk([{ ...look, nodes: both }]);
    rmSync(house.at('/srv/local-storage/web1', 'node2'), { recursive: true });
    expect(bad).toMatchObject({ state: 'undone', undo: [] });
    expect(bad.steps[0]).toMatchObject({ state: 'failed', changed: false, exitCode: 10 });
    expect(bad.problem).toContain('node2: /srv/local-storage/web1 exists.');
    expect(bad.steps[0]?.output).toContain('node1: ok');
  });

  test('that a storage is shared is proved in both directions, and leaves nothing', async () => {
    const shared = await walk([
      { action: { do: 'prove-shared', directory: storage }, nodes: ['node1', 'node2'] },
    ]);
    expect(shared.state).toBe('done');
    expect(shared.steps[0]?.output).toBe(
      'written through node1, opened through node2\nwritten through node2, opened through node1',
    );
    expect(house.names(storage)).toEqual([]);
    const apart = await makeHouse(['node1', 'node2'], ['node2']);
    try {
      const given = apart.engine();
      await given.engine.start(
        planOf(id, [{ action: { do: 'prove-shared', directory: storage }, nodes: ['node1', 'node2'] }]),
        'ann@desk',
      );
      await given.engine.ended(id);
      const run = await given.journal.read(id);
      expect(run?.state).toBe('undone');
      expect(run?.problem).toContain(
        `${storage} is not shared: a file written through node1 does not open through node2`,
      );
      expect(apart.names(storage)).toEqual([]);
      expect(apart.names(storage, 'node2')).toEqual([]);
    } finally {
      await apart.close();
    }
  });

  test('whether the jobs of a run have ended', async () => {
    const other = freshRun();
    const ask = async (): Promise<Run> => {
      id = freshRun();
      return walk([{ action: { do: 'jobs-ended', run: other }, nodes: ['node1', 'node2'] }]);
    };
    expect((await ask()).state).toBe('done');
    const { engine } = house.engine();
    house.shim('truncate', waiting('/usr/bin/truncate'));
    await engine.start(planOf(other, [makeFolder(other), makeImage(), unlock(other)]), 'ann@desk');
    await waitFor('the second step', () => house.there('/begun'));
    const running = await ask();
    expect(running.state).toBe('undone');
    expect(running.problem).toContain(`A job of the run ${other} is still at work here`);
    expect(running.steps[0]?.output).toContain('1: state ended 0\n2: state running');
    writeFileSync(house.at('/go'), '');
    await engine.ended(other);
    expect((await ask()).state).toBe('done');
  });
});
