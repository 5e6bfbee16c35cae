/** A node root with the stand-in toolstack and one guest of two disks, fresh for each test of the file that imports this. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeEach, expect } from 'vitest';
import type { Action } from '../../../core/plan/action.ts';
import { makeNodeRoot, stopNodeRoot } from '../../../main/practice/node-root.ts';
import { act, inside, run, uuid } from './support.ts';

export const storage = '/srv/ganeti/file-storage';
export const folder = `${storage}/web1`;
export const config = `${folder}/xen.cfg`;
export const guest = { uuid, name: 'web1', images: [`${folder}/sda`, `${folder}/it's $(sdb)`] };
export const quick = {
  create_delay: 0.05,
  shutdown_delay: 0.05,
  destroy_delay: 0.05,
  reboot_delay: 0.05,
  loop_linger: 0.2,
  heartbeat: 0.2,
};

/** Of the configuration as it is at this moment: what a planner who looks now would note. */
export const sumNow = (): string =>
  createHash('sha256')
    .update(readFileSync(inside(root, config)))
    .digest('hex');
const withConfig = <A extends object>(action: A) => ({
  ...action,
  config,
  get configSum() {
    return sumNow();
  },
});

export const verdict = { do: 'verdict', ...guest } as const;
export const start = withConfig({ do: 'start-domain', ...guest, paused: false } as const);
export const startPaused = withConfig({ do: 'start-domain', ...guest, paused: true } as const);
export const checkConfig = withConfig({ do: 'check-config' } as const);
export const end = { do: 'end-domain', ...guest } as const;
export const putBack = withConfig({ do: 'put-back', ...guest } as const);
export const letGoOn = { do: 'let-go-on', ...guest } as const;
export const unpause = { do: 'unpause-domain', ...guest } as const;
export const shutDown = (timeoutSeconds: number, then: 'force' | 'leave') =>
  ({ do: 'shut-down', ...guest, timeoutSeconds, then }) as const;

/** The root of the node of the test that runs. */
export let root: string;
const made: string[] = [];
export const holders: ChildProcess[] = [];

export const writeConfig = (extra = '', name = 'web1', id = uuid) =>
  writeFileSync(
    inside(root, config),
    `name = "${name}"
uuid = "${id}"
type = "pv"
kernel = "/boot/vmlinuz-practice"
memory = 64
extra = "${extra}"
disk = [ "format=raw, vdev=xvda, access=rw, target=${folder}/sda", "format=raw, vdev=xvdb, access=rw, target=${guest.images[1]}" ]
`,
  );

beforeEach(async () => {
  root = mkdtempSync(path.join(tmpdir(), 'vbdesk-node-'));
  made.push(root);
  await makeNodeRoot({ root, name: 'node1', settings: quick });
  mkdirSync(inside(root, folder));
  for (const image of guest.images) {
    writeFileSync(inside(root, image), '');
    truncateSync(inside(root, image), 1 << 20);
  }
  writeConfig();
});
afterEach(async () => {
  for (const holder of holders.splice(0)) holder.kill('SIGKILL');
  await stopNodeRoot(root);
});
afterAll(() => {
  for (const each of made) rmSync(each, { recursive: true, force: true });
});

export const must = async (action: Action) => {
  const outcome = await act(root, action);
  expect(outcome, `${action.do}: ${outcome.err}`).toMatchObject({ code: 0 });
  return outcome;
};
export const xl = async (line: string) => (await run(root, `xl ${line}`)).out;
export const flags = async () =>
  /^\S+ +\d+ +\d+ +\d+ +(\S{6})/m.exec((await xl('list -v')).split('\n').slice(2).join('\n'))?.[1] ?? null;
export const domid = async () => Number((await run(root, 'xl domid web1')).out);
/** A process of the node that holds a file open. */
export const hold = (
  file: string,
  descriptor: 0 | 1 = 0,
  environment: NodeJS.ProcessEnv = { VBDESK_ROOT: root },
): ChildProcess => {
  const opened = openSync(file, descriptor === 0 ? 'r' : 'a');
  const holder = spawn('sleep', ['1000'], {
    stdio: descriptor === 0 ? [opened, 'ignore', 'ignore'] : ['ignore', opened, 'ignore'],
    env: { PATH: process.env.PATH, ...environment },
  });
  closeSync(opened);
  holders.push(holder);
  return holder;
};
export const monitorState = async () => {
  const pid = readFileSync(inside(root, `/var/lib/xen-standin/dom/${await domid()}/monitor`), 'utf8').split(
    ' ',
  )[0];
  return /\) (\S)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1];
};
