/** Connections that break and nodes that are silent: what became of a step is looked at, never guessed. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { exitCodeOf, type Run } from '../../../core/plan/run.ts';
import { SshError } from '../../../main/ssh/index.ts';
import { localShell } from '../../support/local-shell.ts';
import { waitFor } from '../../support/wait-for.ts';
import {
  absent,
  folder,
  freshRun,
  type House,
  lost,
  makeFolder,
  makeHouse,
  makeImage,
  planOf,
  statesOf,
  tombstone,
  tombstonePath,
  undoOf,
  unlock,
  unreachable,
  waiting,
  write,
} from './support.ts';

let house: House;
let id: string;

beforeAll(async () => {
  house = await makeHouse(['node1']);
});
afterAll(() => house.close());
beforeEach(() => {
  id = freshRun();
  house.line.calls.length = 0;
});
afterEach(() => {
  house.line.rule = (_call, send) => send();
  if (house.there('/bin/truncate')) house.unshim('truncate');
  if (house.there('/bin/mv')) house.unshim('mv');
  for (const name of [folder, tombstonePath, '/go', '/begun', '/var/lib/vbdesk/jobs'])
    rmSync(house.at(name), { recursive: true, force: true });
});

const steps = () => [makeFolder(id), makeImage(), unlock(id)];
const walk = async (given: ReturnType<House['engine']>, planned = steps()): Promise<Run> => {
  await given.engine.start(planOf(id, planned), 'ann@desk');
  return ended(given);
};
const ended = async (given: ReturnType<House['engine']>): Promise<Run> => {
  await given.engine.ended(id);
  const run = await given.journal.read(id);
  if (!run) throw new Error('the journal has lost the run');
  return run;
};
const begun = () => waitFor('the second step', () => house.there('/begun'));
/** How often the waiting command was begun. */
const times = () => readFileSync(house.at('/begun'), 'utf8').length / 2;
/** Kills all processes of a job, as a power failure does. */
const kill = (job: string) => {
  const by = house.at(`/var/lib/vbdesk/jobs/${id}/${job}/claim/by`);
  process.kill(-Number(readFileSync(by, 'utf8').split('\n')[1]), 'SIGKILL');
};

describe('a connection that breaks', () => {
  test('before a step was sent: it is sent once the node answers again', async () => {
    let refusals = 2;
    house.line.rule = async (call, send) => {
      if (call.kind === 'launch' && call.job === '2' && refusals-- > 0) throw unreachable();
      return send();
    };
    const run = await walk(house.engine());
    expect(run.state).toBe('done');
    expect(house.line.launches).toEqual(['node1:1', 'node1:2', 'node1:2', 'node1:2', 'node1:3']);
  });

  test('and stays broken before it was sent: nothing happened, so the run is taken back', async () => {
    house.line.rule = async (call, send) => {
      if (call.kind === 'launch' && call.job === '2') throw unreachable();
      return send();
    };
    const run = await walk(house.engine({ patienceMs: 0 }));
    expect(run.state).toBe('undone');
    expect(run.steps[1]).toMatchObject({ state: 'failed', changed: false });
    expect(run.problem).toContain('It was not begun on node1: node1: no route to host');
    expect(house.there(folder)).toBe(false);
  });

  test('after it was sent: what became of it is looked at, and it ran once', async () => {
    house.shim('truncate', 'echo x >> "$R/begun"\nexec /usr/bin/truncate "$@"');
    house.line.rule = async (call, send) => {
      const result = await send();
      if (call.kind === 'launch') throw lost();
      return result;
    };
    const run = await walk(house.engine());
    expect(run.state).toBe('done');
    expect(run.steps.map(({ job }) => job)).toEqual(['1', '2', '3']);
    expect(times()).toBe(1);
  });

  test('while it is looked at: the look is repeated', async () => {
    let failures = 0;
    house.line.rule = async (call, send) => {
      const result = await send();
      if (call.kind === 'launch') throw lost();
      if (call.kind === 'job' && failures++ % 2 === 0) throw failures === 1 ? lost() : new Error('odd');
      return result;
    };
    expect((await walk(house.engine())).state).toBe('done');
  });

  test('for good, as when the host key has changed, ends the attempts at once', async () => {
    house.line.rule = async (call, send) => {
      if (call.job === '2') throw new SshError('host-key-changed', 'node1', 'another key');
      return send();
    };
    const run = await walk(house.engine({ patienceMs: 600_000 }));
    expect(run.state).toBe('undone');
    expect(house.line.launches).toEqual(['node1:1', 'node1:2', 'node1:u1.1']);
  });

  test('during a look: it is repeated, and fails when the node stays silent', async () => {
    let failures = 2;
    house.line.rule = async (call, send) => {
      if (call.kind === 'look' && failures-- > 0) throw lost();
      return send();
    };
    const planned = () => [makeFolder(id), absent('x'), unlock(id)];
    expect((await walk(house.engine(), planned())).state).toBe('done');
    rmSync(house.at(folder), { recursive: true });
    id = freshRun();
    house.line.rule = async (call, send) => {
      if (call.kind === 'look') throw lost();
      return send();
    };
    const run = await walk(house.engine({ patienceMs: 0 }), planned());
    expect(run.state).toBe('undone');
    expect(run.problem).toContain('the connection was lost');
    expect(house.there(folder)).toBe(false);
  });

  test('a launch that never arrived is made void and followed by another; when it arrives after all it does nothing', async () => {
    let late = '';
    house.line.rule = async (call, send) => {
      if (call.kind === 'launch' && call.job === '2') {
        late = call.script;
        throw lost();
      }
      return send();
    };
    house.shim('truncate', 'echo x >> "$R/begun"\nexec /usr/bin/truncate "$@"');
    const run = await walk(house.engine());
    expect(run.state).toBe('done');
    expect(run.steps[1]?.job).toBe('2-2');
    expect(times()).toBe(1);
    // the run has ended and its jobs are collected; only the claim that forestalls the late one stays
    expect(house.names(`/var/lib/vbdesk/jobs/${id}`)).toEqual(['2']);
    expect(house.names(`/var/lib/vbdesk/jobs/${id}/2`)).toEqual(['claim']);
    rmSync(house.at(`${folder}/sda`));
    const answer = await localShell(house.at('/')).run(late);
    expect(answer.stdout.toString()).toContain('state running');
    expect(house.names(folder)).toEqual([]);
    expect(times()).toBe(1);
  });

  test('a node that takes nothing is not tried for ever', async () => {
    house.line.rule = async (call, send) => {
      if (call.kind === 'launch' && call.job.startsWith('2')) throw lost();
      return send();
    };
    const run = await walk(house.engine());
    expect(run).toMatchObject({ state: 'undone' });
    expect(run.problem).toContain('never began this step, though it was sent 5 times');
  });
});

describe('a node that is silent longer than the patience', () => {
  test('leaves the outcome unknown; resuming finds it', async () => {
    house.shim('truncate', waiting('/usr/bin/truncate'));
    const given = house.engine({ patienceMs: 0 });
    house.line.rule = async (call, send) => {
      if (call.job !== '2') return send();
      if (call.kind === 'launch') await send();
      throw lost();
    };
    const run = await walk(given);
    expect(run).toMatchObject({ state: 'unknown', direction: 'forward', undo: [] });
    expect(exitCodeOf(run)).toBe(5);
    expect(statesOf(run)).toEqual(['done', 'unknown', 'waiting']);
    expect(run.problem).toContain('node1 did not tell what became of “Do create-image”');
    expect(house.line.calls.some(({ kind }) => kind === 'collect')).toBe(false);
    // it goes on by itself meanwhile
    await begun();
    writeFileSync(house.at('/go'), '');
    await waitFor('the end of the job', () => house.there(`/var/lib/vbdesk/jobs/${id}/2/rc`));
    house.line.rule = (_call, send) => send();
    await given.engine.resume(id, 'onward');
    expect((await ended(given)).state).toBe('done');
    expect(times()).toBe(1);
  });

  test('the commit step included: it is neither repeated nor taken back', async () => {
    const given = house.engine({ patienceMs: 0 });
    house.line.rule = async (call, send) => {
      if (call.job !== '2') return send();
      if (call.kind === 'launch') await send();
      throw lost();
    };
    const planned = [makeFolder(id), { ...makeImage(), undo: [], commit: true }, unlock(id)];
    expect((await walk(given, planned)).state).toBe('unknown');
    await expect(given.engine.resume(id, 'undo')).rejects.toThrow('point of no return');
    house.line.rule = (_call, send) => send();
    await given.engine.resume(id, 'onward');
    const run = await ended(given);
    expect(run.state).toBe('done');
    expect(run.steps[1]?.job).toBe('2');
  });

  test('undo after an unknown outcome waits for it, and takes that step back too', async () => {
    house.shim('truncate', waiting('/usr/bin/truncate'));
    const given = house.engine({ patienceMs: 0 });
    house.line.rule = async (call, send) => {
      if (call.job !== '2') return send();
      if (call.kind === 'launch') await send();
      throw lost();
    };
    await walk(given);
    house.line.rule = (_call, send) => send();
    await begun();
    await given.engine.resume(id, 'undo');
    await waitFor('a look', () => house.line.calls.filter(({ kind }) => kind === 'job').length > 1);
    writeFileSync(house.at('/go'), '');
    const run = await ended(given);
    expect(run.state).toBe('undone');
    expect(statesOf(run)).toEqual(['done', 'done', 'skipped']);
    expect(undoOf(run)).toEqual(['u2.1 done', 'u1.1 done']);
    expect(house.there(folder)).toBe(false);
  });

  test('in the middle of undo', async () => {
    const given = house.engine({ patienceMs: 0 });
    house.line.rule = async (call, send) => {
      if (call.kind === 'launch' && call.job === '2') throw unreachable();
      if (call.job !== 'u1.1') return send();
      if (call.kind === 'launch') await send();
      throw lost();
    };
    const run = await walk(given);
    expect(run).toMatchObject({ state: 'unknown', direction: 'undo' });
    expect(exitCodeOf(run)).toBe(5);
    house.line.rule = (_call, send) => send();
    await given.engine.resume(id, 'onward');
    expect(await ended(given)).toMatchObject({ state: 'undone' });
    expect(house.line.launches.filter((each) => each.includes('u1.1'))).toEqual(['node1:u1.1']);
  });
});

describe('a job that was killed', () => {
  test('before it had changed anything is done again', async () => {
    house.shim('truncate', waiting('/usr/bin/truncate'));
    const given = house.engine();
    await given.engine.start(planOf(id, steps()), 'ann@desk');
    await begun();
    house.unshim('truncate');
    kill('2');
    const run = await ended(given);
    expect(run.state).toBe('done');
    expect(run.steps[1]?.job).toBe('2-2');
  });

  test('when all was done but its exit code is done', async () => {
    // the runner's last word is the name rc: killed right before it
    house.shim('mv', '[ "$2" != rc.tmp ] || { echo x >> "$R/begun"; sleep 1000; }\nexec /usr/bin/mv "$@"');
    const given = house.engine();
    await given.engine.start(planOf(id, [tombstone()]), 'ann@desk');
    await begun();
    kill('1');
    const run = await ended(given);
    expect(run.state).toBe('done');
    expect(run.steps[0]?.job).toBe('1');
    expect(house.there(tombstonePath)).toBe(true);
  });

  test('half done is taken back', async () => {
    // the file has its name, but not its content: what a crash of the node may leave
    const planned = [makeFolder(id), write(), unlock(id)];
    house.line.rule = async (call, send) => {
      if (call.kind === 'launch' && call.job === '2') {
        house.shim(
          'ln',
          'ln=$(PATH=/usr/bin:/bin command -v ln)\n"$ln" "$@"\necho half > "$3"\necho x >> "$R/begun"\nsleep 1000',
        );
        const answer = send();
        await begun();
        kill('2');
        house.unshim('ln');
        return answer;
      }
      return send();
    };
    const run = await walk(house.engine(), planned);
    expect(run.steps[1]).toMatchObject({ state: 'failed', changed: true });
    expect(run.problem).toContain('is half done');
    expect(undoOf(run)).toEqual(['u2.1 done', 'u1.1 done']);
    expect(run.state).toBe('undone');
    expect(house.there(folder)).toBe(false);
  });
});

describe('a run that was cut off', () => {
  /** A run whose process dies when a script of this kind and job would be sent (before), or has been (during). */
  const cutOff = async (kind: string, job: string, mode: 'before' | 'during', planned = steps()) => {
    const first = house.engine();
    let stalled = false;
    house.line.rule = async (call, send) => {
      if (call.kind !== kind || (job !== '' && call.job !== job)) return send();
      if (mode === 'during') await send();
      stalled = true;
      return new Promise(() => undefined);
    };
    await first.engine.start(planOf(id, planned), 'ann@desk');
    await waitFor('the stall', () => stalled);
    house.line.rule = (_call, send) => send();
    house.line.calls.length = 0;
    return house.engine({ journal: house.afterCrash(first.journal) });
  };
  const looks = () => house.line.calls.filter(({ kind }) => kind === 'look').length;

  test.each(['before', 'during'] as const)('%s a step was sent goes on', async (mode) => {
    const given = await cutOff('launch', '2', mode);
    await given.engine.resume(id, 'onward');
    const run = await ended(given);
    expect(run.state).toBe('done');
    expect(house.line.launches).toEqual(mode === 'before' ? ['node1:2-2', 'node1:3'] : ['node1:3']);
    expect(house.names(folder)).toEqual(['sda']);
  });

  test.each(['before', 'during'] as const)('%s a step was sent is taken back', async (mode) => {
    const given = await cutOff('launch', '2', mode);
    await given.engine.resume(id, 'undo');
    const run = await ended(given);
    expect(run).toMatchObject({ state: 'undone', problem: 'Cancelled.' });
    expect(undoOf(run)).toEqual(mode === 'before' ? ['u1.1 done'] : ['u2.1 done', 'u1.1 done']);
    expect(house.there(folder)).toBe(false);
  });

  test('repeats the looks before the next change, for what they saw may have changed', async () => {
    const planned = [makeFolder(id), absent('x'), absent('sda'), makeImage(), unlock(id)];
    const given = await cutOff('launch', '4', 'before', planned);
    await given.engine.resume(id, 'onward');
    expect((await ended(given)).state).toBe('done');
    expect(looks()).toBe(2);
  });

  test('and turns round when they say something else now', async () => {
    const planned = [makeFolder(id), absent('x'), makeImage(), unlock(id)];
    const given = await cutOff('launch', '3', 'before', planned);
    mkdirSync(house.at(`${folder}/x`));
    await given.engine.resume(id, 'onward');
    const run = await ended(given);
    expect(run.steps.map(({ state }) => state)).toEqual(['done', 'failed', 'skipped', 'skipped']);
    rmSync(house.at(`${folder}/x`), { recursive: true });
    expect(run).toMatchObject({ direction: 'undo', state: 'stuck' });
    await given.engine.resume(id, 'onward');
    expect((await ended(given)).state).toBe('undone');
  });

  test('and behind its commit point does nothing more while they do, and asks a person', async () => {
    const image = { ...makeImage(), undo: [], commit: true };
    const planned = [makeFolder(id), image, absent('x'), write(), { ...unlock(id), commit: false }];
    const given = await cutOff('launch', '4', 'before', planned);
    writeFileSync(house.at(`${folder}/x`), '');
    await given.engine.resume(id, 'onward');
    const run = await ended(given);
    expect(run).toMatchObject({ state: 'stuck', direction: 'forward' });
    expect(run.steps.map(({ state }) => state)).toEqual(['done', 'done', 'failed', 'waiting', 'waiting']);
    expect(house.there(`${folder}/xen.cfg`)).toBe(false);
    rmSync(house.at(`${folder}/x`));
    await given.engine.resume(id, 'onward');
    expect((await ended(given)).state).toBe('done');
  });

  test('does not ask them again once that change was sent: it would see its own work', async () => {
    const planned = [makeFolder(id), absent('sda'), makeImage(), unlock(id)];
    const given = await cutOff('launch', '3', 'during', planned);
    await given.engine.resume(id, 'onward');
    expect((await ended(given)).state).toBe('done');
    expect(looks()).toBe(0);
  });

  test('is taken back with the change that was sent after a look', async () => {
    const planned = [makeFolder(id), absent('sda'), makeImage(), unlock(id)];
    const given = await cutOff('launch', '3', 'during', planned);
    await given.engine.resume(id, 'undo');
    const run = await ended(given);
    expect(undoOf(run)).toEqual(['u3.1 done', 'u1.1 done']);
    expect(run.state).toBe('undone');
    expect(house.there(folder)).toBe(false);
  });

  test.each(['before', 'during'] as const)('in undo, %s a step of it was sent', async (mode) => {
    const { undo = [], ...there } = tombstone();
    const back = { ...there, undo: [absent('x').action, ...undo] };
    const planned = [makeFolder(id), back, write('never', 'a'.repeat(64)), unlock(id)];
    const given = await cutOff('launch', 'u2.2', mode, planned);
    await given.engine.resume(id, 'undo');
    const run = await ended(given);
    expect(run.state).toBe('undone');
    expect(run.problem).toContain('step 3');
    expect(looks()).toBe(mode === 'before' ? 1 : 0);
    expect(house.there(folder)).toBe(false);
    expect(house.there(tombstonePath)).toBe(false);
  });

  test('keeps what is behind its commit point', async () => {
    const planned = [makeFolder(id), { ...makeImage(), undo: [], commit: true }, write(), unlock(id)];
    const given = await cutOff('launch', '2', 'before', planned);
    // the journal says that it begins, which is all that is known
    await expect(given.engine.resume(id, 'undo')).rejects.toThrow('point of no return');
    await given.engine.resume(id, 'onward');
    expect((await ended(given)).state).toBe('done');
    expect(house.names(folder)).toEqual(['sda', 'xen.cfg']);
  });
});
