import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { forgetHostKey, openSession, type SessionOptions, trustHostKey } from '../../../main/ssh/index.ts';
import { failure } from '../../support/failure.ts';
import { sessionOptions } from '../../support/shell.ts';
import { type KeyFile, makeKey, type Sshd, startSshd } from '../../support/sshd.ts';

const execute = promisify(execFile);

let sshd: Sshd;
let stranger: KeyFile;
let file: string;
let userFile: string;

beforeAll(async () => {
  // DEBUG1 writes down every message, so that a test can tell that none came.
  sshd = await startSshd({ name: 'node1', config: ['LogLevel DEBUG1'] });
  stranger = await makeKey(join(sshd.directory, 'stranger'));
});
afterAll(() => sshd.stop());

let count = 0;
beforeEach(() => {
  count += 1;
  file = join(sshd.directory, `app-${count}`, 'known_hosts');
  userFile = join(sshd.directory, `user-${count}`);
});

const name = (): string => `[127.0.0.1]:${sshd.port}`;
const strangerLine = (host: string): string => `${host} ${stranger.publicLine}`;

function open(options: { mode?: 'strict' | 'ask' | 'accept-new'; server?: Sshd } = {}) {
  const { server = sshd, mode } = options;
  const overrides: Partial<SessionOptions> = {
    hostKeys: { file, userFiles: [userFile], ...(mode === undefined ? {} : { mode }) },
  };
  return openSession(sessionOptions(server, overrides));
}

/** Connects, runs something, closes. */
async function works(options: Parameters<typeof open>[0] = {}): Promise<void> {
  const shell = await open(options);
  expect((await shell.run('exit 3')).code).toBe(3);
  await shell.close();
}

describe('an unknown host key', () => {
  test('is asked about, and accepted once it is trusted', async () => {
    const before = sshd.log().length;
    const error = await failure(open());
    expect(error).toMatchObject({ kind: 'host-key-unknown', mayHaveRun: false });
    expect(error.details).toMatchObject({
      host: name(),
      algorithm: 'ssh-ed25519',
      fingerprint: sshd.fingerprint,
      keyLine: sshd.hostKeyLine,
      mayTrust: true,
    });
    expect(error.message).toContain(sshd.fingerprint);
    expect(sshd.log().slice(before)).not.toContain('userauth-request');

    await trustHostKey(file, sshd.hostKeyLine);
    await works();
    expect(readFileSync(file, 'utf8')).toBe(`${sshd.hostKeyLine}\n`);
  });

  test('is refused without a question in strict mode', async () => {
    expect(await failure(open({ mode: 'strict' }))).toMatchObject({
      kind: 'host-key-unknown',
      details: { mayTrust: false },
    });
  });

  test('is kept without a question in accept-new mode', async () => {
    await works({ mode: 'accept-new' });
    expect(readFileSync(file, 'utf8')).toBe(`${sshd.hostKeyLine}\n`);
    await works({ mode: 'strict' });
  });
});

describe('a known host key', () => {
  test("in the user's own file is enough, and that file is left alone", async () => {
    writeFileSync(userFile, `${sshd.hostKeyLine}\n`);
    await works({ mode: 'accept-new' });
    expect(readFileSync(userFile, 'utf8')).toBe(`${sshd.hostKeyLine}\n`);
  });

  test('under a hashed name, as ssh-keygen -H writes it', async () => {
    writeFileSync(userFile, `${sshd.hostKeyLine}\n`);
    await execute('ssh-keygen', ['-H', '-f', userFile]);
    expect(readFileSync(userFile, 'utf8')).toMatch(/^\|1\|/);
    await works({ mode: 'strict' });
  });

  test('under a pattern, and under the bare name', async () => {
    const key = sshd.hostKeyLine.split(' ').slice(1).join(' ');
    writeFileSync(userFile, `[127.*.1]:* ${key}\n`);
    await works({ mode: 'strict' });
    writeFileSync(userFile, `127.0.0.1 ${key}\n`);
    await works({ mode: 'strict' });
  });

  test('that changed is refused always, with nothing sent', async () => {
    writeFileSync(userFile, `# mine\n${strangerLine(name())}\n`);
    for (const mode of ['strict', 'ask', 'accept-new'] as const) {
      const before = sshd.log().length;
      const error = await failure(open({ mode }));
      expect(error).toMatchObject({ kind: 'host-key-changed', mayHaveRun: false });
      expect(error.details.places).toEqual([`${userFile} line 2`]);
      expect(sshd.log().slice(before)).not.toContain('userauth-request');
    }
  });

  test('that is revoked is refused although it is known', async () => {
    writeFileSync(
      userFile,
      `${sshd.hostKeyLine}\n@revoked * ${sshd.hostKeyLine.split(' ').slice(1).join(' ')}\n`,
    );
    expect(await failure(open({ mode: 'accept-new' }))).toMatchObject({ kind: 'host-key-revoked' });
  });

  test('of the type that is known is the one the server is asked for', async () => {
    const second = await makeKey(join(sshd.directory, 'second'), { type: 'ecdsa' });
    const third = await makeKey(join(sshd.directory, 'third'), { type: 'rsa' });
    const config = [`HostKey ${second.file}`, `HostKey ${third.file}`];
    const several = await startSshd({ name: 'several', config });
    for (const key of [second, third]) {
      writeFileSync(userFile, `[127.0.0.1]:${several.port} ${key.publicLine}\n`);
      await works({ mode: 'strict', server: several });
    }
    await several.stop();
  });

  test('of another type only is put before a person, also in accept-new mode', async () => {
    const rsa = await makeKey(join(sshd.directory, 'other-rsa'), { type: 'rsa' });
    writeFileSync(userFile, `${name()} ${rsa.publicLine}\n`);
    const error = await failure(open({ mode: 'accept-new' }));
    expect(error).toMatchObject({
      kind: 'host-key-unknown',
      details: { otherTypes: ['ssh-rsa'], mayTrust: true },
    });
  });
});

describe("the app's own file", () => {
  test('takes several keys at the same moment', async () => {
    const lines = Array.from({ length: 20 }, (_, index) => strangerLine(`node${index}`));
    await Promise.all(lines.map((line) => trustHostKey(file, line)));
    expect(readFileSync(file, 'utf8').trim().split('\n').toSorted()).toEqual(lines.toSorted());
  });

  test('does not replace a key, until that is forgotten', async () => {
    await trustHostKey(file, strangerLine(name()));
    await trustHostKey(file, strangerLine('node2'));
    await trustHostKey(file, strangerLine('node2'));
    await expect(trustHostKey(file, sshd.hostKeyLine)).rejects.toThrow(
      /line 1 already holds another ssh-ed25519 key/,
    );
    expect(await forgetHostKey(file, name())).toBe(1);
    expect(await forgetHostKey(file, name())).toBe(0);
    await trustHostKey(file, sshd.hostKeyLine);
    expect(readFileSync(file, 'utf8')).toBe(`${strangerLine('node2')}\n${sshd.hostKeyLine}\n`);
  });

  test('takes one plain line and nothing else', async () => {
    for (const line of [
      '',
      'node1',
      `@revoked ${strangerLine('node1')}`,
      `${strangerLine('a')}\n${strangerLine('b')}`,
    ]) {
      await expect(trustHostKey(file, line)).rejects.toThrow('HOST TYPE KEY');
    }
  });
});
