/** A start is a point of no return once the guest runs; one that is known to have failed is taken back. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Action } from '../../../core/plan/action.ts';
import type { Run } from '../../../core/plan/run.ts';
import { sha256 } from '../../../core/plan/sha256.ts';
import { writeSettings } from '../../../main/practice/node-root.ts';
import { localShell } from '../../support/local-shell.ts';
import {
  folder,
  freshRun,
  type House,
  lost,
  makeFolder,
  makeHouse,
  makeImage,
  planOf,
  undoOf,
  unlock,
  uuid,
} from './support.ts';

const guest = { uuid, name: 'web1', images: [`${folder}/sda`] };
const config = `${folder}/xen.cfg`;
const content = `name = "web1"
uuid = "${uuid}"
type = "pv"
kernel = "/boot/vmlinuz-practice"
memory = 64
disk = [ "format=raw, vdev=xvda, access=rw, target=${folder}/sda" ]
`;
const start: Action = { do: 'start-domain', ...guest, config, configSum: sha256(content), paused: false };

let house: House;
let id: string;
const xl = (line: string) => localShell(house.at('/')).run(`"$VBDESK_ROOT/bin/xl" ${line}`);

beforeAll(async () => {
  house = await makeHouse(['node1']);
});
afterAll(() => house.close());
beforeEach(() => {
  id = freshRun();
  house.line.rule = (_call, send) => send();
});

/** `broken`: the start is said to have failed, the line was lost meanwhile, and this was done on the node. */
const walk = async (broken: (() => Promise<unknown>) | null): Promise<Run> => {
  const given = house.engine();
  if (broken)
    house.line.rule = async (call, send) => {
      const answer = await send();
      if (call.kind !== 'launch' || call.job !== '4') return answer;
      writeFileSync(path.join(house.at('/var/lib/vbdesk/jobs'), id, '4', 'rc'), '1\n');
      await broken();
      throw lost();
    };
  const write: Action = { do: 'write-file', path: config, content, expect: 'absent' };
  const planned = planOf(id, [
    makeFolder(id),
    makeImage(),
    { action: write, undo: [{ do: 'remove-file', path: config }] },
    { action: start, undo: [{ do: 'end-domain', ...guest }], commit: true },
    { ...unlock(id), commit: false },
  ]);
  await given.engine.start(planned, 'ann@desk');
  await given.engine.ended(id);
  const run = await given.journal.read(id);
  if (!run) throw new Error('the journal has lost the run');
  return run;
};

test('that fails takes everything back', async () => {
  const settings = { create_delay: 0.05, destroy_delay: 0.05, loop_linger: 0.1 };
  await writeSettings(house.at('/'), { ...settings, fail_create: 'no luck today' });
  const run = await walk(null);
  await writeSettings(house.at('/'), settings);
  expect(run).toMatchObject({ state: 'undone', problem: expect.stringContaining('no luck today') });
  expect(house.there(folder)).toBe(false);
});

test('that fails half way is ended before all else is taken back', async () => {
  const run = await walk(() => xl('pause web1'));
  expect(run.steps[3]).toMatchObject({ state: 'failed', changed: true });
  expect(run.state).toBe('undone');
  expect(undoOf(run)).toEqual(['u4.1 done', 'u3.1 done', 'u2.1 done', 'u1.1 done']);
  expect((await xl('list')).stdout.toString()).not.toContain('web1');
  expect(house.there(folder)).toBe(false);
});

test('after which the guest runs as it was to run is never taken back, whatever its command said', async () => {
  const run = await walk(async () => undefined);
  expect(run).toMatchObject({ state: 'done', undo: [] });
  expect((await xl('list')).stdout.toString()).toContain('web1');
  await xl('destroy web1');
});
