import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  collectScript,
  type JobName,
  type JobState,
  launchScript,
  lookScript,
  readJobState,
} from '../../../main/engine/job.ts';
import { localShell } from '../../support/local-shell.ts';
import { waitFor } from '../../support/wait-for.ts';

let root: string;
let name: JobName;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'vbdesk-job-'));
  writeFileSync(join(root, 'boot_id'), `${randomUUID()}\n`);
  name = { run: `run${randomUUID().replaceAll('-', '').slice(0, 12)}`, job: '1' };
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const run = async (script: string): Promise<JobState> => {
  const result = await localShell(root).run(script);
  expect(result.stderr.toString()).toBe('');
  return readJobState(result.stdout);
};
const launch = (script: string, options: { guard?: string; waitMs?: number } = {}): Promise<JobState> =>
  run(launchScript(name, { script, guard: options.guard ?? 'exit 0' }, options.waitMs ?? 20_000));
const withSecret = (options: { guard?: string; script?: string } = {}): string =>
  launchScript(
    name,
    {
      script: options.script ?? 'stat -c %a "$VBDESK_SECRET"; cat "$VBDESK_SECRET"',
      guard: options.guard ?? 'exit 0',
      secret: `it's $(a)`,
    },
    20_000,
  );
const look = (waitMs = 0): Promise<JobState> => run(lookScript(name, waitMs));
const directory = () => join(root, 'var/lib/vbdesk/jobs', name.run, name.job);
/** The script has said its first word, so the claim is complete. */
const begun = () =>
  waitFor(
    'the script',
    () => existsSync(join(directory(), 'out')) && readFileSync(join(directory(), 'out'), 'utf8') !== '',
  );
const ended = () => waitFor('the exit code', () => existsSync(join(directory(), 'rc')));

describe('a job', () => {
  test('gives its exit code and both streams, also when they hold anything', async () => {
    const state = await launch(`printf 'a\\nstate void\\nerr 3\\n\\000b'; printf 'no newline' >&2; exit 7`);
    expect(state).toEqual({
      state: 'ended',
      code: 7,
      stdout: 'a\nstate void\nerr 3\n\0b',
      stderr: 'no newline',
    });
    expect(await look()).toEqual(state);
  });

  test('is given a secret in a file of its own, which is in memory only and gone afterwards', async () => {
    const secrets = () => readdirSync(join(root, 'run'));
    const kept = () => execFileSync('grep', ['-rlF', `it's $(a)`, root, '--exclude=out']).toString();
    const state = await run(withSecret());
    expect(state).toMatchObject({ state: 'ended', code: 0, stdout: `600\nit's $(a)` });
    expect(secrets()).toEqual([]);
    expect(kept).toThrow();
    // the lock is another's: the script never reads it
    name = { ...name, job: '2' };
    expect(await run(withSecret({ guard: 'exit 1' }))).toMatchObject({ state: 'ended', code: 77 });
    expect(secrets()).toEqual([]);
    // made void before it could begin, and only then launched
    name = { ...name, job: '3' };
    expect(await look()).toEqual({ state: 'void' });
    await localShell(root).run(withSecret());
    expect(secrets()).toEqual([]);
    // prepared, and never launched
    name = { ...name, job: '4' };
    const prepared = withSecret().replaceAll('setsid /bin/sh', ': /bin/sh');
    await localShell(root).run(prepared);
    expect(secrets()).toHaveLength(1);
    expect(await look()).toEqual({ state: 'void' });
    expect(secrets()).toEqual([]);
  });

  test('has an empty standard input and does not hold the launcher open', async () => {
    const began = performance.now();
    const state = await launch('read line; echo "read $?"; sleep 0.3; echo done', { waitMs: 50 });
    expect(state).toEqual({ state: 'running', stdout: expect.any(String), stderr: '' });
    await ended();
    expect(await look()).toEqual({ state: 'ended', code: 0, stdout: 'read 1\ndone\n', stderr: '' });
    expect(performance.now() - began).toBeLessThan(30_000);
  });

  test('does nothing when its guard says no', async () => {
    const state = await launch(`echo ran > "$R/ran"`, { guard: 'echo "the lock is gone" >&2; exit 77' });
    expect(state).toEqual({ state: 'ended', code: 77, stdout: '', stderr: 'the lock is gone\n' });
    expect(existsSync(join(root, 'ran'))).toBe(false);
  });

  test('that was never launched is void, and stays void when the launch comes late', async () => {
    expect(await look()).toEqual({ state: 'void' });
    const late = await launch('echo ran > "$R/ran"', { waitMs: 300 });
    expect(late.state).toBe('running'); // the launcher only says that there is no exit code yet
    expect(await look()).toEqual({ state: 'void' });
    expect(existsSync(join(root, 'ran'))).toBe(false);
  });

  test('launched many times at once and looked at meanwhile runs at most once', async () => {
    const script = 'echo x >> "$R/ran"; sleep 0.1';
    const states = await Promise.all(
      [...Array(6).keys()].map((index) => (index % 3 === 2 ? look() : launch(script, { waitMs: 2000 }))),
    );
    await waitFor('another state', async () => (await look()).state !== 'running');
    const last = await look();
    const count = existsSync(join(root, 'ran')) ? readFileSync(join(root, 'ran'), 'utf8').length / 2 : 0;
    expect(count).toBe(last.state === 'ended' ? 1 : 0);
    expect(states.filter(({ state }) => state === 'interrupted')).toEqual([]);
  });

  test('is running while its script lives, even when the runner was killed', async () => {
    await launch('echo begun; until [ -e "$R/go" ]; do sleep 0.05; done; echo end', { waitMs: 50 });
    await begun();
    const runner = Number(readFileSync(join(directory(), 'claim/by'), 'utf8').split('\n')[1]);
    process.kill(runner, 'SIGKILL');
    expect((await look()).state).toBe('running');
    writeFileSync(join(root, 'go'), '');
    await waitFor('another state', async () => (await look()).state === 'interrupted');
    expect(await look()).toEqual({ state: 'interrupted', stdout: 'begun\nend\n', stderr: '' });
  });

  test('is interrupted when the node was restarted in the middle', async () => {
    await launch('echo begun; until [ -e "$R/go" ]; do sleep 0.05; done', { waitMs: 50 });
    await begun();
    const runner = Number(readFileSync(join(directory(), 'claim/by'), 'utf8').split('\n')[1]);
    process.kill(-runner, 'SIGKILL');
    writeFileSync(join(root, 'boot_id'), `${randomUUID()}\n`);
    await waitFor('another state', async () => (await look()).state === 'interrupted');
  });

  test('that leaves a process of its own session behind has ended all the same', async () => {
    // what xl does: the monitor lives on, in a session of its own, and must not hold the job's flock
    const state = await launch(
      'export R; setsid sh -c \'until [ -e "$R/go" ] || [ ! -d "$R" ]; do sleep 0.05; done\' >/dev/null 2>&1 & exit 0',
    );
    expect(state).toEqual({ state: 'ended', code: 0, stdout: '', stderr: '' });
    writeFileSync(join(root, 'go'), '');
  });

  test('whose claim could not be written never begins', async () => {
    await mkdir(join(directory(), 'claim'), { recursive: true });
    expect(await look()).toEqual({ state: 'void' });
    await launch('echo ran > "$R/ran"', { waitMs: 200 });
    expect(await look()).toEqual({ state: 'void' });
    expect(existsSync(join(root, 'ran'))).toBe(false);
  });

  test('can not be prepared where its directory can not be made', async () => {
    writeFileSync(join(root, 'var'), 'a file where a directory should be');
    const result = await localShell(root).run(launchScript(name, { script: 'exit 0', guard: 'exit 0' }, 100));
    expect(result.code).toBe(90);
  });

  test('is collected with its run', async () => {
    await launch('exit 0');
    expect(existsSync(directory())).toBe(true);
    await localShell(root).run(collectScript(name.run));
    expect(existsSync(join(root, 'var/lib/vbdesk/jobs', name.run))).toBe(false);
  });

  test('takes no name that leads elsewhere', () => {
    for (const run of ['..', 'a/b', '', 'A', 'a b', '$(x)']) {
      expect(() => collectScript(run)).toThrow();
      expect(() => lookScript({ run, job: '1' }, 0)).toThrow();
    }
  });

  test('an answer that was cut off or is not one is an error, never a state', () => {
    const whole = Buffer.from('state ended 0\nout 3\nabc\nerr 0\n\n');
    expect(readJobState(whole)).toEqual({ state: 'ended', code: 0, stdout: 'abc', stderr: '' });
    for (const end of [5, 13, 16, 20, 25]) expect(() => readJobState(whole.subarray(0, end))).toThrow();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          readJobState(Buffer.from(bytes));
        } catch {
          // an error is right
        }
      }),
    );
  });
});
