/** Each run that comes to rest leaves a line in the system log of the nodes that it touched, and no run depends on that. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Run } from '../../../core/plan/run.ts';
import { prelude } from '../../../main/node/prelude.ts';
import { systemLogLine, systemLogScript } from '../../../main/node/system-log.ts';
import { localShell } from '../../support/local-shell.ts';
import { folder, freshRun, type House, makeFolder, makeHouse, makeImage, planOf, unlock } from './support.ts';

let house: House;
let id: string;
beforeAll(async () => {
  house = await makeHouse(['node1', 'node2'], ['node2']);
});
afterAll(() => house.close());
beforeEach(() => {
  id = freshRun();
  house.line.rule = (_call, send) => send();
  house.line.calls.length = 0;
});

const logOf = (node = 'node1'): string[] =>
  house.there('/var/log/messages', node)
    ? readFileSync(house.at('/var/log/messages', node), 'utf8')
        .split('\n')
        .filter((line) => line.includes(id))
        .map((line) => line.replace(/^.*? vbdesk: /, ''))
    : [];

const walk = async (): Promise<Run> => {
  const given = house.engine();
  await given.engine.start(planOf(id, [makeFolder(id), makeImage(), unlock(id)]), 'ann@desk');
  await given.engine.ended(id);
  const run = await given.journal.read(id);
  if (!run) throw new Error('the journal has lost the run');
  await localShell(house.at('/')).run(`rm -rf "$VBDESK_ROOT${folder}"`);
  return run;
};

test('a run that was done, on the node that it touched and on no other, with no further script', async () => {
  const run = await walk();
  expect(run.state).toBe('done');
  expect(logOf()).toEqual([`ann@desk: ${run.title}: done (run ${id})`]);
  expect(logOf('node2')).toEqual([]);
  expect(house.line.calls.map(({ kind }) => kind)).toEqual(['launch', 'launch', 'launch', 'collect']);
  expect(house.there(`/var/lib/vbdesk/jobs/${id}`)).toBe(false);
});

test('a run that failed and was taken back says so', async () => {
  house.shim('truncate', 'echo "no room" >&2; exit 1');
  const run = await walk();
  house.unshim('truncate');
  expect(run.state).toBe('undone');
  expect(logOf()).toEqual([`ann@desk: ${run.title}: failed or cancelled, and taken back (run ${id})`]);
});

test.each([
  ['is not there', 'exit 127'],
  ['fails', 'echo "socket /dev/log: Connection refused" >&2; exit 1'],
])('a logger that %s fails nothing', async (_how, text) => {
  const logger = readFileSync(house.at('/bin/logger'), 'utf8');
  house.shim('logger', text);
  const run = await walk();
  house.shim('logger', logger.replace(/^#!.*\n/, ''));
  expect(run).toMatchObject({ state: 'done', problem: '' });
  expect(house.there(`/var/lib/vbdesk/jobs/${id}`)).toBe(false);
});

test('a node that has fallen silent by then has no line, and the run is done all the same', async () => {
  house.line.rule = (call, send) =>
    call.kind === 'collect' ? Promise.reject(new Error('no route to host')) : send();
  expect((await walk()).state).toBe('done');
  expect(logOf()).toEqual([]);
});

test('whatever a title holds, it is one line, and nothing of it is run', async () => {
  const line = (title: string): string => systemLogLine({ who: 'ann@desk', title, state: 'done', id });
  expect(line('Stop a\nNov 26 root: all is well')).toBe(
    `ann@desk: Stop a Nov 26 root: all is well: done (run ${id})`,
  );
  expect(line('x'.repeat(5000)).length).toBeLessThan(600);
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 800 }), (title) => {
      expect(line(title)).not.toMatch(/[\n\r\0\u2028]/);
      expect(systemLogScript({ who: 'ann@desk', title, state: 'done', id })).toMatch(/\n$/);
    }),
  );
  const title = `-n $(touch "$R/ran") \`id\` ' "; rm -rf /`;
  const script = `${prelude}${systemLogScript({ who: 'ann@desk', title, state: 'stuck', id })}`;
  await localShell(house.at('/')).run(script);
  expect(logOf()).toEqual([`ann@desk: ${title}: failed, needs a person (run ${id})`]);
  expect(house.there('/ran')).toBe(false);
});
