import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type RemoteShell, Session } from '../../../main/ssh/index.ts';
import { failure } from '../../support/failure.ts';
import { openShell, sessionOptions } from '../../support/shell.ts';
import { type Sshd, startSshd } from '../../support/sshd.ts';
import { waitFor } from '../../support/wait-for.ts';

let sshd: Sshd;
let shell: RemoteShell;
let directory: string;
/** Scripts of these tests that wait do so until this file exists. */
let release: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'vbdesk-run-'));
  sshd = await startSshd({ name: 'node1', root: '/a root' });
  shell = await openShell(sshd);
});

let count = 0;
beforeEach(() => {
  count += 1;
  release = join(directory, `release-${count}`);
  return () => writeFileSync(release, '');
});

afterAll(async () => {
  await shell.close();
  await sshd.stop();
  rmSync(directory, { recursive: true, force: true });
});

const text = (bytes: Buffer): string => bytes.toString('utf8');
const untilReleased = (): string => `while [ ! -e ${release} ]; do sleep 0.05; done`;

/** Starts a script that prints `started` and waits to be released; resolves once it has printed. */
async function startWaiting(on: RemoteShell, options: { timeoutMs?: number; signal?: AbortSignal } = {}) {
  let seen = '';
  const run = on.run(`echo started; ${untilReleased()}`, {
    ...options,
    onStdout: (chunk) => {
      seen += text(chunk);
    },
  });
  const outcome = failure(run);
  await waitFor('the script to begin', () => seen.includes('started'));
  // Not bare, or awaiting this function would await the end of the script too.
  return { outcome };
}

describe('what a script gives back', () => {
  test('its exit code, also when it prints nothing', async () => {
    for (const code of [0, 1, 3, 255]) {
      expect(await shell.run(`exit ${code}`)).toMatchObject({ code, truncated: false });
    }
  });

  test('text on stderr with exit code 0 is no failure', async () => {
    const result = await shell.run('echo careful >&2; echo fine');
    expect([result.code, text(result.stdout), text(result.stderr)]).toEqual([0, 'fine\n', 'careful\n']);
  });

  test('a signal as 128 + n', async () => {
    expect((await shell.run('kill -KILL $$')).code).toBe(137);
  });

  test('the code of the last command, and set -e stops where it fails', async () => {
    expect((await shell.run('false')).code).toBe(1);
    const result = await shell.run('set -e\necho one\ncd /does/not/exist\necho two');
    expect(result.code).not.toBe(0);
    expect(text(result.stdout)).toBe('one\n');
  });

  test('three megabytes of multi-byte characters, unbroken', async () => {
    const pieces: Buffer[] = [];
    const result = await shell.run(`yes '${'€'.repeat(40)}' | head -n 26000`, {
      onStdout: (chunk) => pieces.push(chunk),
    });
    expect(result.stdout.length).toBe(26_000 * 121);
    expect(text(result.stdout).includes('\uFFFD')).toBe(false);
    expect(Buffer.concat(pieces).equals(result.stdout)).toBe(true);
  });

  test('bytes that are no text', async () => {
    const result = await shell.run(`printf '\\000\\377\\200'`);
    expect([...result.stdout]).toEqual([0, 255, 128]);
  });

  test('no more than asked for, and the end is still awaited', async () => {
    const result = await shell.run('head -c 100000 /dev/zero; head -c 5 /dev/zero >&2; exit 7', {
      maxBytes: 1000,
    });
    expect(result).toMatchObject({ code: 7, truncated: true });
    expect([result.stdout.length, result.stderr.length]).toEqual([1000, 5]);
  });

  test('the environment of the node', async () => {
    expect(text((await shell.run('echo "$VBDESK_ROOT"')).stdout)).toBe('/a root\n');
  });

  test('what onStdout throws rejects the run', async () => {
    const run = shell.run('echo one', {
      onStdout: () => {
        throw new Error('cannot take it');
      },
    });
    await expect(run).rejects.toThrow('cannot take it');
  });
});

describe('how a script is handed over', () => {
  test('commands that read stdin do not eat the rest of it', async () => {
    expect(text((await shell.run('cat; read -r line; echo "after $line"')).stdout)).toBe('after \n');
  });

  test('here-documents, quotes, comments at the end and a megabyte of text', async () => {
    const long = `${'x'.repeat(99)}\n`.repeat(10_000);
    const result = await shell.run(`wc -c <<'END'\n${long}END\necho "it's } fine" # {`);
    expect(text(result.stdout)).toBe(`1000000\nit's } fine\n`);
  });

  test('a script with a syntax error runs not even in part', async () => {
    const marker = join(directory, 'half');
    const error = await failure(shell.run(`touch ${marker}\nif true; then\necho never`));
    expect(error).toMatchObject({ kind: 'unsupported', mayHaveRun: false, node: 'node1' });
    expect(error.message).toMatch(/syntax error/i);
    expect(existsSync(marker)).toBe(false);
  });

  test('a background process that keeps stdout open does not hold the run', async () => {
    const quick = await openShell(sshd, { lingerMs: 200 });
    const result = await quick.run(`echo done; { ${untilReleased()}; } & exit 4`);
    // Nobody can tell whether more was to come, so it says so.
    expect([result.code, text(result.stdout), result.truncated]).toEqual([4, 'done\n', true]);
    await quick.close();
  });
});

describe('many at once', () => {
  test('fifteen scripts, six at a time, over one connection', async () => {
    const warnings: string[] = [];
    const onWarning = (warning: Error): void => {
      warnings.push(warning.message);
    };
    process.on('warning', onWarning);
    const before = sshd.log().split('Accepted publickey').length;
    const results = await Promise.all(Array.from({ length: 15 }, (_, index) => shell.run(`echo ${index}`)));
    expect(results.map((result) => text(result.stdout))).toEqual(
      Array.from({ length: 15 }, (_, index) => `${index}\n`),
    );
    expect(sshd.log().split('Accepted publickey').length).toBe(before);
    await new Promise((resolve) => setImmediate(resolve));
    process.off('warning', onWarning);
    expect(warnings).toEqual([]);
  });

  test('a server that allows a single channel for each connection gets more connections', async () => {
    const narrow = await startSshd({ name: 'narrow', config: ['MaxSessions 1'] });
    const narrowShell = await openShell(narrow);
    const results = await Promise.all(
      Array.from({ length: 8 }, (_, index) => narrowShell.run(`sleep 0.1; exit ${index}`)),
    );
    expect(results.map(({ code }) => code)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    await narrowShell.close();
    await narrow.stop();
  });

  test('scripts that were given up on do not block the session', async () => {
    const short = await openShell(sshd);
    for (let round = 1; round <= 2; round += 1) {
      const controller = new AbortController();
      const { signal } = controller;
      const stuck = await Promise.all(Array.from({ length: 6 }, () => startWaiting(short, { signal })));
      controller.abort();
      for (const { outcome } of stuck)
        expect(await outcome).toMatchObject({ kind: 'aborted', mayHaveRun: true });
    }
    // All ten sessions that sshd allows on that connection are still taken.
    expect((await short.run('exit 5')).code).toBe(5);
    await short.close();
  });
});

describe('when the end is not seen', () => {
  test('a connection that drops in the middle is an unknown outcome, never a success', async () => {
    const dropped = await openShell(sshd);
    const states: string[] = [];
    dropped.onState((state) => states.push(state));
    const { outcome } = await startWaiting(dropped);
    await sshd.dropConnections();
    const error = await outcome;
    expect(error).toMatchObject({ kind: 'outcome-unknown', mayHaveRun: true, node: 'node1' });
    expect(error.cause).toBeInstanceOf(Error);
    expect(dropped.state).toBe('lost');

    expect((await dropped.run('exit 9')).code).toBe(9);
    expect(states).toEqual(['lost', 'connecting', 'ready']);
    await dropped.close();
  });

  test('a server that stops answering is noticed by keepalive', async () => {
    const frozen = await startSshd({ name: 'frozen' });
    const frozenShell = await openShell(frozen, { keepalive: { intervalMs: 300, countMax: 2 } });
    const { outcome } = await startWaiting(frozenShell);
    await frozen.pause();
    expect(await outcome).toMatchObject({ kind: 'outcome-unknown', mayHaveRun: true });
    await frozen.resume();
    await frozenShell.close();
    await frozen.stop();
  });

  test('a server that opens no channel has surely run nothing', async () => {
    const frozen = await startSshd({ name: 'frozen2' });
    const frozenShell = await openShell(frozen);
    await frozen.pause();
    const marker = join(directory, 'ran-late');
    const error = await failure(frozenShell.run(`touch ${marker}`, { timeoutMs: 300 }));
    expect(error).toMatchObject({ kind: 'unreachable', mayHaveRun: false });
    await frozen.resume();
    expect((await frozenShell.run('exit 0')).code).toBe(0);
    expect(existsSync(marker)).toBe(false);
    await frozenShell.close();
    await frozen.stop();
  });

  test('the time limit', async () => {
    const { outcome: error } = await startWaiting(shell, { timeoutMs: 2500 });
    expect(await error).toMatchObject({ kind: 'timeout', mayHaveRun: true });
    expect((await shell.run('exit 0')).code).toBe(0);
  });

  test('giving up', async () => {
    const controller = new AbortController();
    const { outcome } = await startWaiting(shell, { signal: controller.signal });
    controller.abort(new Error('enough'));
    const error = await outcome;
    expect(error).toMatchObject({ kind: 'aborted', mayHaveRun: true });
    expect(error.cause).toEqual(new Error('enough'));
    expect(await failure(shell.run('true', { signal: controller.signal }))).toMatchObject({
      kind: 'aborted',
      mayHaveRun: false,
    });
  });

  test('giving up in the queue', async () => {
    const single = await openShell(sshd, { channels: 1 });
    const { outcome: first } = await startWaiting(single, { timeoutMs: 20_000 });
    const controller = new AbortController();
    const marker = join(directory, 'queued');
    const second = failure(single.run(`touch ${marker}`, { signal: controller.signal }));
    controller.abort();
    expect(await second).toMatchObject({ kind: 'aborted', mayHaveRun: false });
    await single.close();
    expect((await first).kind).toBe('outcome-unknown');
    expect(existsSync(marker)).toBe(false);
  });

  test('closing', async () => {
    const closing = await openShell(sshd, { channels: 1 });
    const { outcome: first } = await startWaiting(closing);
    const second = failure(closing.run('true'));
    await closing.close();
    expect(await first).toMatchObject({ kind: 'outcome-unknown', mayHaveRun: true });
    expect(await second).toMatchObject({ kind: 'closed', mayHaveRun: false });
    expect(await failure(closing.run('true'))).toMatchObject({ kind: 'closed' });
    expect(closing.state).toBe('closed');
  });
});

describe('connecting again', () => {
  test('after the server was restarted, at the next run', async () => {
    const mortal = await startSshd({ name: 'mortal' });
    const mortalShell = await openShell(mortal);
    await mortal.kill();
    await waitFor('the loss to be noticed', () => mortalShell.state === 'lost');
    expect(await failure(mortalShell.run('true'))).toMatchObject({
      kind: 'unreachable',
      mayHaveRun: false,
      details: { code: 'ECONNREFUSED' },
    });
    await mortal.restart();
    const results = await Promise.all([mortalShell.run('exit 1'), mortalShell.run('exit 2')]);
    expect(results.map(({ code }) => code)).toEqual([1, 2]);
    await mortalShell.close();
    await mortal.stop();
  });

  test('a server that comes back during the pauses is waited for', async () => {
    const mortal = await startSshd({ name: 'mortal2' });
    const mortalShell = await openShell(mortal);
    await mortal.kill();
    await waitFor('the loss to be noticed', () => mortalShell.state === 'lost');
    const run = mortalShell.run('exit 3');
    await mortal.restart();
    expect((await run).code).toBe(3);
    await mortalShell.close();
    await mortal.stop();
  });

  test('nothing is connected before the first run', async () => {
    const session = new Session(sessionOptions(sshd));
    expect(session.state).toBe('lost');
    expect((await session.run('exit 0')).code).toBe(0);
    expect(session.state).toBe('ready');
    await session.close();
  });

  test('closing does not wait for a connection under way', async () => {
    const frozen = await startSshd({ name: 'frozen3' });
    await frozen.pause();
    const session = new Session(sessionOptions(frozen));
    const outcome = failure(session.run('true'));
    await waitFor('it to connect', () => session.state === 'connecting');
    await session.close();
    expect(await outcome).toMatchObject({ kind: 'closed', mayHaveRun: false });
    await frozen.stop();
  });

  test('a server that accepts and says nothing is unreachable after the time limit', async () => {
    const frozen = await startSshd({ name: 'frozen4' });
    await frozen.pause();
    const error = await failure(openShell(frozen, { connectTimeoutMs: 300 }));
    expect(error).toMatchObject({ kind: 'unreachable', mayHaveRun: false });
    expect(error.message).toContain('no answer within 0.3 s');
    await frozen.stop();
  });
});
