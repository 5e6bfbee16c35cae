import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Run, run as runSchema } from '../../../core/plan/run.ts';
import { Journal } from '../../../main/engine/journal.ts';
import { waitFor } from '../../support/wait-for.ts';
import {
  folder,
  freshRun,
  type House,
  makeFolder,
  makeHouse,
  makeImage,
  planOf,
  unlock,
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
  for (const name of [folder, '/var/lib/vbdesk/jobs'])
    rmSync(house.at(name), { recursive: true, force: true });
});

const steps = () => [makeFolder(id), makeImage(), write(), unlock(id)];
const onDisk = (journal: Journal): Run =>
  runSchema.parse(JSON.parse(readFileSync(path.join(journal.directory, `${id}.json`), 'utf8')));

/** Writes as many times as it may, then the disk is full. */
class FullDisk extends Journal {
  left: number;

  constructor(directory: string, left: number) {
    super(directory);
    this.left = left;
  }

  override async write(run: Run): Promise<void> {
    this.left -= 1;
    if (this.left < 0) throw new Error('ENOSPC: no space left on device, write');
    await super.write(run);
  }
}

describe('the journal', () => {
  test('says that a step runs, and as which job, before it is sent', async () => {
    const { engine, journal } = house.engine();
    const seen: string[] = [];
    house.line.rule = async (call, send) => {
      if (call.kind === 'launch') {
        const { steps: entries, state } = onDisk(journal);
        const entry = entries.find((each) => each.state === 'running');
        seen.push(`${state} ${call.job} ${entry?.id} ${entry?.job}`);
      }
      return send();
    };
    await engine.start(planOf(id, steps()), 'ann@desk');
    await engine.ended(id);
    expect(seen).toEqual(['running 1 1 1', 'running 2 2 2', 'running 3 3 3', 'running 4 4 4']);
    expect(onDisk(journal)).toMatchObject({ state: 'done', who: 'ann@desk' });
    expect(readdirSync(journal.directory)).toEqual([`${id}.json`]);
  });

  test('that can not be written stops the run: nothing more is sent, and later it goes on', async () => {
    const { journal: good } = house.engine();
    // every place in the middle of the run at which the disk may be full
    for (let left = 1; left <= 8; left += 1) {
      id = freshRun();
      const { engine } = house.engine({ journal: new FullDisk(good.directory, left) });
      house.line.calls.length = 0;
      await engine.start(planOf(id, steps()), 'ann@desk');
      const [running] = [engine.active(id)];
      await engine.ended(id);
      // two writes for a step: before it is sent, and when it has ended
      expect(house.line.launches.length).toBe(Math.floor(left / 2));
      expect(running).toMatchObject({ state: 'unknown', problem: expect.stringContaining('ENOSPC') });
      expect(onDisk(good)).toMatchObject({ state: 'running' });
      const later = house.engine({ journal: good });
      await later.engine.resume(id, 'onward');
      await later.engine.ended(id);
      expect(onDisk(good)).toMatchObject({ state: 'done' });
      expect(house.line.launches.length).toBe(4);
      rmSync(house.at(folder), { recursive: true });
    }
  });

  test('that can not be written at all begins no run', async () => {
    const { journal } = house.engine();
    const { engine } = house.engine({ journal: new FullDisk(journal.directory, 0) });
    await expect(engine.start(planOf(id, steps()), 'ann@desk')).rejects.toThrow('ENOSPC');
    expect(engine.active(id)).toBe(undefined);
    expect(house.line.calls).toEqual([]);
    expect(readdirSync(journal.directory)).toEqual([]);
  });

  test('names damaged files and reads the others', async () => {
    const { engine, journal } = house.engine();
    await engine.start(planOf(id, [makeFolder(id), unlock(id)]), 'ann@desk');
    await engine.ended(id);
    const file = (name: string) => path.join(journal.directory, name);
    writeFileSync(file('cut.json'), readFileSync(file(`${id}.json`)).subarray(0, 500));
    writeFileSync(file('newer.json'), JSON.stringify({ ...onDisk(journal), version: 2 }));
    writeFileSync(file('Odd name.json'), '{}');
    const { runs, damaged } = await new Journal(journal.directory).list();
    expect(runs.map((run) => run.id)).toEqual([id]);
    expect(damaged.toSorted()).toEqual(
      [file('Odd name.json'), file('cut.json'), file('newer.json')].toSorted(),
    );
    await expect(engine.resume('cut', 'onward')).rejects.toThrow(file('cut.json'));
    await expect(engine.resume('nothing', 'onward')).rejects.toThrow('There is no run nothing');
    expect(readFileSync(file('cut.json')).length).toBe(500);
  });

  test('gives what was written last, however quickly writes follow each other', async () => {
    const { engine, journal } = house.engine();
    await engine.start(planOf(id, [makeFolder(id), unlock(id)]), 'ann@desk');
    await engine.ended(id);
    const run = onDisk(journal);
    const other = new Journal(journal.directory);
    for (let turn = 0; turn < 20; turn += 1) {
      await journal.write({ ...run, who: `ann${turn % 10}@desk` });
      expect((await journal.read(id))?.who).toBe(`ann${turn % 10}@desk`);
      expect((await other.read(id))?.who).toBe(`ann${turn % 10}@desk`);
    }
  });
});

describe('whose a run is', () => {
  test('nobody else works on it, in this process or another', async () => {
    const first = house.engine();
    let go: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      go = resolve;
    });
    let stalled = false;
    house.line.rule = async (call, send) => {
      if (call.kind === 'launch' && call.job === '2') {
        stalled = true;
        await gate;
      }
      return send();
    };
    await first.engine.start(planOf(id, steps()), 'ann@desk');
    await waitFor('the second step', () => stalled);
    const second = house.engine({ journal: new Journal(first.journal.directory) });
    expect(await second.journal.ownedElsewhere(id)).toBe(true);
    expect(await first.journal.ownedElsewhere(id)).toBe(false);
    for (const direction of ['onward', 'undo'] as const)
      await expect(second.engine.resume(id, direction)).rejects.toThrow(
        `Another VBDesk on this workstation works on run ${id}`,
      );
    go();
    await first.engine.ended(id);
    expect(await second.journal.read(id)).toMatchObject({ state: 'done' });
    expect(await second.journal.ownedElsewhere(id)).toBe(false);
    expect(house.line.launches).toHaveLength(4);
  });

  test('a process that has ended owns nothing, nor does another one with its number', async () => {
    const { journal } = house.engine();
    await journal.claim('other');
    const [mine = ''] = readdirSync(journal.directory);
    const owned = (pid: number, started: string) =>
      writeFileSync(path.join(journal.directory, `${id}.owner.${pid}.${started}.0123`), '');
    const child = spawn('sleep', ['1000'], { stdio: 'ignore' });
    const pid = child.pid ?? 0;
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const started = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
    owned(pid, started);
    expect(await journal.ownedElsewhere(id)).toBe(true);
    expect(await journal.claim(id)).toBe(false);
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
    expect(await journal.ownedElsewhere(id)).toBe(false);
    owned(process.pid, '1');
    expect(await journal.claim(id)).toBe(true);
    await journal.disown(id);
    expect(readdirSync(journal.directory)).toEqual([mine]);
  });

  test('of many who want it at once at most one gets it', async () => {
    const { journal } = house.engine();
    const all = [...Array(8).keys()].map(() => new Journal(journal.directory));
    for (let turn = 0; turn < 10; turn += 1) {
      const got = await Promise.all(all.map((each) => each.claim(id)));
      expect(got.filter(Boolean).length).toBeLessThanOrEqual(1);
      await Promise.all(all.map((each) => each.disown(id)));
    }
  });
});
