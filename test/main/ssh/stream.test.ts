/** Bytes into and out of a script, and the agent that may go along. */
import { createHash, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openSession, type RemoteShell } from '../../../main/ssh/index.ts';
import { failure } from '../../support/failure.ts';
import { openShell, sessionOptions } from '../../support/shell.ts';
import { startAgent, type TestAgent } from '../../support/ssh-agent.ts';
import { type Sshd, startSshd } from '../../support/sshd.ts';
import { waitFor } from '../../support/wait-for.ts';

let sshd: Sshd;
let shell: RemoteShell;

beforeAll(async () => {
  sshd = await startSshd({ name: 'node1', config: ['Banner none'] });
  shell = await openShell(sshd);
});
afterAll(async () => {
  await shell.close();
  await sshd.stop();
});

const sum = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

describe('a stream', () => {
  test('carries any bytes in both directions, and ends with the exit code and what was said', async () => {
    const sent = randomBytes(6 << 20);
    const pieces = async function* (): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < sent.length; at += 100_000) yield sent.subarray(at, at + 100_000);
    };
    const got: Buffer[] = [];
    const { code, stderr } = await shell.stream('cat; echo "said aside" >&2; exit 7', {
      input: pieces(),
      output: (chunk) => {
        got.push(chunk);
      },
    });
    expect(code).toBe(7);
    expect(stderr.toString()).toBe('said aside\n');
    expect(sum(Buffer.concat(got))).toBe(sum(sent));
  });

  test('is read no faster than it is taken, and not cut short when it is taken late', async () => {
    const gate = Promise.withResolvers<void>();
    let bytes = 0;
    const counter = path.join(sshd.directory, 'counter');
    const running = shell.stream(
      `i=0; while [ $i -lt 64 ]; do head -c 1048576 /dev/zero || exit 1; i=$((i + 1)); echo $i > '${counter}'; done`,
      {
        output: (chunk) => {
          bytes += chunk.length;
          return gate.promise;
        },
      },
    );
    await waitFor('the first piece', () => bytes > 0);
    // the writer fills what lies between, and no more: it can't end before we read
    const ended = await Promise.race([running.then(() => true), shell.run('sleep 1').then(() => false)]);
    expect(ended).toBe(false);
    expect(
      Number((await shell.run(`cat '${counter}' 2>/dev/null || echo 0`)).stdout.toString()),
    ).toBeLessThan(32);
    gate.resolve();
    expect((await running).code).toBe(0);
    expect(bytes).toBe(64 << 20);
  });

  test('whose script does not read its input ends with the script', async () => {
    const endless = async function* (): AsyncGenerator<Uint8Array> {
      for (;;) yield Buffer.alloc(65536);
    };
    expect((await shell.stream('exit 3', { input: endless() })).code).toBe(3);
  });

  test('has no stdin when nothing is sent', async () => {
    const got: string[] = [];
    const { code } = await shell.stream('cat; echo end', {
      output: (chunk) => void got.push(chunk.toString()),
    });
    expect({ code, text: got.join('') }).toEqual({ code: 0, text: 'end\n' });
  });

  test('that is given up, whose taker fails, or whose connection is lost rejects', async () => {
    const breaking = new AbortController();
    const given = failure(
      shell.stream('echo x; exec sleep 30', { signal: breaking.signal, output: () => breaking.abort() }),
    );
    expect((await given).kind).toBe('aborted');
    await expect(
      shell.stream('echo x; exec sleep 30', {
        output: () => {
          throw new Error('no more');
        },
      }),
    ).rejects.toThrow('no more');
    const lost = failure(
      shell.stream('echo x; exec sleep 30', { output: () => void sshd.dropConnections() }),
    );
    expect(await lost).toMatchObject({ kind: 'outcome-unknown', mayHaveRun: true });
  });
});

describe('the agent', () => {
  let agent: TestAgent;
  let socket: string;
  beforeAll(async () => {
    agent = await startAgent(path.join(sshd.directory, 'agent'), [sshd.clientKeyFile]);
    ({ socket } = agent);
  });
  afterAll(() => agent.stop());

  const keys = 'ssh-add -l 2>/dev/null | grep -c vbdesk-test';
  const seen = async (
    server: Sshd,
    forwards: boolean,
  ): Promise<{ asked: string; lent: string; unasked: string }> => {
    const file = path.join(server.directory, `config-${forwards}`);
    writeFileSync(
      file,
      `Host node1\n  HostName ${server.host}\n  Port ${server.port}\n  User ${server.user}\n  ForwardAgent ${forwards ? 'yes' : 'no'}\n`,
    );
    const session = await openSession({
      ...sessionOptions(server),
      target: { host: 'node1' },
      config: {
        file,
        environment: { HOME: server.directory, PATH: process.env.PATH, SSH_AUTH_SOCK: socket },
      },
    });
    const unasked = (await session.run(keys)).stdout.toString().trim();
    const asked = (await session.run(keys, { forwardAgent: 'configured' })).stdout.toString().trim();
    const lent = (await session.run(keys, { forwardAgent: 'yes' })).stdout.toString().trim();
    await session.close();
    return { asked, lent, unasked };
  };

  test('goes along where the configuration says so or a person does for once, and only when it is asked for', async () => {
    expect(await seen(sshd, true)).toEqual({ asked: '1', lent: '1', unasked: '0' });
    expect(await seen(sshd, false)).toEqual({ asked: '0', lent: '1', unasked: '0' });
  });

  test('that the server refuses stays here, and the script runs', async () => {
    const strict = await startSshd({ name: 'node1', config: ['AllowAgentForwarding no'] });
    expect(await seen(strict, true)).toEqual({ asked: '0', lent: '0', unasked: '0' });
    await strict.stop();
  });
});
