import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import ssh2 from 'ssh2';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openSession, type SessionOptions, type SshError } from '../../../main/ssh/index.ts';
import { failure } from '../../support/failure.ts';
import { openShell, sessionOptions } from '../../support/shell.ts';
import { makeKey, type Sshd, startSshd } from '../../support/sshd.ts';
import { waitFor } from '../../support/wait-for.ts';

const execute = promisify(execFile);
const SECRET = 'correct horse battery staple';

let sshd: Sshd;
let agent: ChildProcess;
let socket: string;

beforeAll(async () => {
  sshd = await startSshd({ name: 'node1' });
  socket = join(sshd.directory, 'agent');
  agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' });
  await waitFor('the agent', () => existsSync(socket));
});
afterAll(async () => {
  const ended = once(agent, 'exit');
  agent.kill('SIGKILL');
  await ended;
  await sshd.stop();
});

let count = 0;
/** Makes a key that the server accepts. */
async function acceptedKey(options: Parameters<typeof makeKey>[1] = {}) {
  count += 1;
  const key = await makeKey(join(sshd.directory, `key-${count}`), options);
  appendFileSync(join(sshd.directory, 'authorized_keys'), `${key.publicLine}\n`);
  return key;
}

const withFiles = (...identityFiles: string[]): Partial<SessionOptions> => ({
  target: { host: sshd.host, port: sshd.port, user: sshd.user, identityFiles },
});

function expectNoSecrets(error: SshError): void {
  const shown = [error.message, error.stack, JSON.stringify(error.details), String(error.cause)].join('\n');
  expect(shown).not.toContain(SECRET);
}

/** Answers with each of the given passphrases in turn, and keeps what was asked. */
function asker(...answers: (string | undefined)[]) {
  const asked: [string, number][] = [];
  const passphrase = async (file: string, attempt: number) => {
    asked.push([file, attempt]);
    return answers[asked.length - 1];
  };
  return { asked, prompts: { passphrase } };
}

describe('keys in files', () => {
  test.each(['ed25519', 'ecdsa', 'rsa'] as const)('%s', async (type) => {
    const key = await acceptedKey({ type });
    const shell = await openShell(sshd, withFiles(key.file));
    expect((await shell.run('exit 1')).code).toBe(1);
    await shell.close();
  });

  test('one with a passphrase is asked for until it is right, and not again when connecting again', async () => {
    const key = await acceptedKey({ passphrase: SECRET });
    const { asked, prompts } = asker('wrong', SECRET);
    const shell = await openShell(sshd, { ...withFiles(key.file), prompts });
    expect(asked).toEqual([
      [key.file, 1],
      [key.file, 2],
    ]);
    await sshd.dropConnections();
    await waitFor('the loss to be noticed', () => shell.state === 'lost');
    expect((await shell.run('exit 1')).code).toBe(1);
    expect(asked).toHaveLength(2);
    await shell.close();
  });

  test('one with a passphrase in the old format', async () => {
    const key = await acceptedKey({ type: 'rsa', passphrase: SECRET, format: 'PEM' });
    expect(readFileSync(key.file, 'utf8')).toContain('BEGIN RSA PRIVATE KEY');
    const { asked, prompts } = asker('wrong', SECRET);
    const shell = await openShell(sshd, { ...withFiles(key.file), prompts });
    expect(asked.map(([, attempt]) => attempt)).toEqual([1, 2]);
    await shell.close();
  });

  test('nobody is asked for the passphrase of a key that the server would not take', async () => {
    const useless = await makeKey(join(sshd.directory, 'useless'), { passphrase: SECRET });
    const { asked, prompts } = asker(SECRET);
    const shell = await openShell(sshd, { ...withFiles(useless.file, sshd.clientKeyFile), prompts });
    expect(asked).toEqual([]);
    await shell.close();
  });

  test('a passphrase that is not given leads on to the next key', async () => {
    const locked = await acceptedKey({ passphrase: SECRET });
    const { asked, prompts } = asker(undefined);
    const shell = await openShell(sshd, { ...withFiles(locked.file, sshd.clientKeyFile), prompts });
    expect(asked).toEqual([[locked.file, 1]]);
    await shell.close();
  });

  test('a person may think longer than connecting may take', async () => {
    const key = await acceptedKey({ passphrase: SECRET });
    const passphrase = async () => {
      await new Promise((resolve) => setTimeout(resolve, 1500));
      return SECRET;
    };
    const shell = await openShell(sshd, {
      ...withFiles(key.file),
      prompts: { passphrase },
      connectTimeoutMs: 1200,
    });
    await shell.close();
  });
});

test('what was tried is listed when nothing works', async () => {
  const wrong = await makeKey(join(sshd.directory, 'wrong'));
  const locked = await acceptedKey({ passphrase: SECRET });
  const missing = join(sshd.directory, 'missing');
  const { prompts } = asker(`not ${SECRET}`, `not ${SECRET}`, `not ${SECRET}`);
  const error = await failure(openShell(sshd, { ...withFiles(wrong.file, locked.file, missing), prompts }));
  expect(error).toMatchObject({
    kind: 'auth-refused',
    mayHaveRun: false,
    details: { offered: ['publickey'] },
  });
  const tried = error.details.tried;
  expect(tried).toEqual([
    expect.stringMatching(/wrong \(ssh-ed25519 SHA256:\S+\): not accepted by the server$/),
    expect.stringMatching(/key-\d+ \(ssh-ed25519 SHA256:\S+\): wrong passphrase$/),
    expect.stringContaining('ssh-agent: none is running'),
    `${missing}: no such file`,
  ]);
  for (const line of Array.isArray(tried) ? tried : []) expect(error.message).toContain(line);
  expectNoSecrets(error);
});

describe('an agent', () => {
  const environment = () => ({ HOME: join(sshd.directory, 'nobody'), SSH_AUTH_SOCK: socket });
  const withAgent = (): Partial<SessionOptions> => ({
    ...withFiles(),
    config: { binary: null, environment: environment() },
  });

  test('that holds no key says so', async () => {
    const error = await failure(openShell(sshd, withAgent()));
    expect(error.kind).toBe('auth-refused');
    expect(error.message).toContain('ssh-agent: holds no key');
  });

  test('that is gone says so, and files are still tried', async () => {
    const config = { binary: null, environment: { ...environment(), SSH_AUTH_SOCK: `${socket}-gone` } };
    const error = await failure(openShell(sshd, { ...withFiles(), config }));
    expect(error.message).toContain(`ssh-agent at ${socket}-gone`);
    const shell = await openShell(sshd, { ...withFiles(sshd.clientKeyFile), config });
    await shell.close();
  });

  test.each(['ed25519', 'ecdsa', 'rsa'] as const)('signs with %s', async (type) => {
    const key = await acceptedKey({ type });
    await execute('ssh-add', ['-q', key.file], { env: { ...process.env, SSH_AUTH_SOCK: socket } });
    const shell = await openShell(sshd, withAgent());
    expect((await shell.run('exit 1')).code).toBe(1);
    await shell.close();
    await execute('ssh-add', ['-q', '-D'], { env: { ...process.env, SSH_AUTH_SOCK: socket } });
  });

  test('spares the passphrase of a key that it holds', async () => {
    const key = await acceptedKey();
    await execute('ssh-add', ['-q', key.file], { env: { ...process.env, SSH_AUTH_SOCK: socket } });
    await execute('ssh-keygen', ['-q', '-p', '-P', '', '-N', SECRET, '-f', key.file]);
    const { asked, prompts } = asker(SECRET);
    const shell = await openShell(sshd, { ...withAgent(), ...withFiles(key.file), prompts });
    expect(asked).toEqual([]);
    await shell.close();
  });
});

describe('passwords', () => {
  /** OpenSSH cannot check a password without touching the machine's accounts, so this server is ssh2's. */
  async function startServer(method: 'password' | 'keyboard-interactive') {
    const hostKey = await makeKey(join(sshd.directory, `host-${method}`));
    const server = new ssh2.Server({ hostKeys: [readFileSync(hostKey.file)] }, (client) => {
      client.on('error', () => undefined);
      client.on('authentication', (context) => {
        if (context.method === 'password' && method === 'password' && context.password === SECRET)
          context.accept();
        else if (context.method === 'keyboard-interactive' && method === 'keyboard-interactive') {
          context.prompt([{ prompt: 'Password: ', echo: false }], (answers) => {
            if (answers[0] === SECRET) context.accept();
            else context.reject([method]);
          });
        } else context.reject([method]);
      });
      client.on('session', (accept) => {
        const session = accept();
        session.on('exec', (acceptExec, _reject, { command }) => {
          const stream = acceptExec();
          const [program = '', ...args] = command.split(' ');
          const child = spawn(program, args);
          stream.pipe(child.stdin);
          child.stdout.on('data', (chunk) => stream.write(chunk));
          child.stderr.on('data', (chunk) => stream.stderr.write(chunk));
          child.on('close', (code) => {
            stream.exit(code ?? 1);
            stream.end();
          });
        });
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    const { port } = address;
    const options: SessionOptions = {
      ...sessionOptions(sshd),
      target: { host: '127.0.0.1', port, user: sshd.user },
      hostKeys: { file: join(sshd.directory, `known-${method}`), userFiles: [], mode: 'accept-new' },
    };
    return { server, options, port };
  }

  test.each(['password', 'keyboard-interactive'] as const)('%s, asked until it is right', async (method) => {
    const { server, options, port } = await startServer(method);
    const asked: unknown[] = [];
    const password = async (target: unknown, prompt: string, attempt: number) => {
      asked.push([target, prompt, attempt]);
      return attempt === 1 ? 'wrong' : SECRET;
    };
    const shell = await openSession({ ...options, prompts: { password } });
    const target = { user: sshd.user, host: '127.0.0.1', port };
    const prompt = method === 'password' ? 'Password' : 'Password:';
    expect(asked).toEqual([
      [target, prompt, 1],
      [target, prompt, 2],
    ]);
    await shell.close();

    const refused = await failure(
      openSession({ ...options, prompts: { password: async () => `not ${SECRET}` } }),
    );
    expect(refused.kind).toBe('auth-refused');
    expect(refused.message).toContain(`${method}: refused`);
    expectNoSecrets(refused);

    const declined = await failure(openSession({ ...options, prompts: { password: async () => undefined } }));
    expect(declined.kind).toBe('auth-refused');
    await new Promise((resolve) => server.close(resolve));
  });
});
