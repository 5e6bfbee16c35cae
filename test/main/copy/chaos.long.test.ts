/** A copy that is killed at random moments, a hundred times, never leaves a wrong file under the final name. */
import { existsSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { signalProcess } from '../../support/processes.ts';
import { type CopyWorld, folder, MiB, makeSparse, startCopyWorld, sumOf } from './support.ts';

const source = `${folder}/sda`;
const size = 40 * MiB;
const rounds = 50;

/** A small generator, so that a failure can be had again: mulberry32. */
const randomFrom = (seed: number): (() => number) => {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
};

describe.each([
  { straight: true, seed: 20261126 },
  { straight: false, seed: 4711 },
])('straight $straight, seed $seed', ({ straight, seed }) => {
  let world: CopyWorld;
  beforeAll(async () => {
    world = await startCopyWorld({ straight });
  });
  afterAll(() => world.close());

  test(`killed ${rounds} times`, { timeout: 900_000 }, async () => {
    const random = randomFrom(seed);
    const bytes = (count: number): Buffer =>
      Buffer.from(Array.from({ length: count }, () => Math.floor(random() * 256)));
    const ends = { done: 0, cutOff: 0 };
    let run = world.fresh();
    let finished = 0;
    makeSparse(world.at('node1', source), size, []);
    for (let round = 0; round < rounds; round += 1) {
      if (existsSync(world.at('node2', source)) || round % 7 === 0) {
        run = world.fresh();
        const noise = bytes(MiB);
        const pieces = Array.from(
          { length: 6 },
          () => [Math.floor(random() * (size - MiB)), noise.subarray(0, Math.floor(random() * MiB))] as const,
        );
        makeSparse(world.at('node1', source), size, pieces);
      }
      const kind = Math.floor(random() * 4);
      const delay = random() * 900;
      const side = random() < 0.5 ? 'node1' : 'node2';
      const breaking = new AbortController();
      const copying = world.copy(run, { patienceMs: 0, signal: breaking.signal });
      await Promise.race([copying, wait(delay)]);
      if (kind === 0) breaking.abort();
      else if (kind === 1) await world.sshd(side).dropConnections();
      // the app is gone, from one moment to the next
      else if (kind === 2) await world.reconnect();
      else {
        const marked = world.left();
        const victim = marked[Math.floor(random() * marked.length)];
        if (victim !== undefined) signalProcess(victim, 'SIGKILL');
      }
      const told = `round ${round}, kind ${kind}, ${side} after ${delay.toFixed(0)} ms`;
      // while it may still be at work, and afterwards
      for (const settle of [false, true]) {
        if (settle) {
          const { result } = await copying;
          // it was proved, its answer got lost, and then it was accepted before it could be tried again
          const named = result.kind === 'failed' && result.message.includes('exists already');
          // and who kills one command of a check makes it refuse
          if (!named && kind !== 3)
            expect(result.kind, `${told}: ${JSON.stringify(result)}`).not.toBe('failed');
          ends[result.kind === 'done' ? 'done' : 'cutOff'] += 1;
        }
        const accepted = await world.act('node2', { do: 'accept-copy', path: source, size, type: 'raw' });
        const there = existsSync(world.at('node2', source));
        expect({ told, code: accepted.code === 0 }).toEqual({ told, code: there });
        if (there) {
          expect({ told, sum: sumOf(world.at('node2', source)) }).toEqual({
            told,
            sum: sumOf(world.at('node1', source)),
          });
          finished += 1;
        }
      }
    }
    // both were seen, or it was no test
    expect(ends.done, JSON.stringify(ends)).toBeGreaterThan(3);
    expect(ends.cutOff, JSON.stringify(ends)).toBeGreaterThan(3);
    expect(finished).toBeGreaterThan(0);
    // after all that it still comes to its end
    run = world.fresh();
    expect((await world.copy(run)).result).toEqual({ kind: 'done' });
    expect(world.left()).toEqual([]);
  });
});
