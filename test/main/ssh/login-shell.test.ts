import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { failure } from '../../support/failure.ts';
import { openShell } from '../../support/shell.ts';
import { startSshd } from '../../support/sshd.ts';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'vbdesk-login-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function program(name: string, text: string): string {
  const file = join(directory, name);
  writeFileSync(file, `#!/bin/sh\n${text}\n`);
  chmodSync(file, 0o755);
  return file;
}

describe('a login shell', () => {
  test('that prints banners, on both streams and without a line break, adds nothing to the output', async () => {
    const banner = program(
      'banner',
      `yes 'Welcome to this node! vbdesk-begin-0123' | head -n 5000
echo 'a warning' >&2
printf 'last line'
printf 'last line' >&2
exec /bin/sh -c "$SSH_ORIGINAL_COMMAND"`,
    );
    const sshd = await startSshd({ name: 'chatty', config: [`ForceCommand ${banner}`] });
    const shell = await openShell(sshd);
    const result = await shell.run('echo out; echo err >&2; exit 3');
    expect([result.code, result.stdout.toString(), result.stderr.toString()]).toEqual([3, 'out\n', 'err\n']);
    await shell.close();
    await sshd.stop();
  });

  test('whose rc file prints', async () => {
    const home = join(directory, 'home');
    mkdirSync(home);
    // bash on Debian reads this one for commands over ssh; other shells do not, and then nothing is printed at all.
    writeFileSync(join(home, '.bashrc'), 'echo "loading ~/.bashrc"\n');
    const sshd = await startSshd({ name: 'rc', home });
    const shell = await openShell(sshd);
    expect((await shell.run('echo out')).stdout.toString()).toBe('out\n');
    await shell.close();
    await sshd.stop();
  });

  test('that knows no syntax at all, only a program and its arguments', async () => {
    const plain = program(
      'plain',
      `case $SSH_ORIGINAL_COMMAND in *[!a-z/\\ -]*) exit 99;; esac
exec $SSH_ORIGINAL_COMMAND`,
    );
    const sshd = await startSshd({ name: 'plain', config: [`ForceCommand ${plain}`] });
    const shell = await openShell(sshd);
    expect((await shell.run('for i in 1 2; do echo "$i"; done')).stdout.toString()).toBe('1\n2\n');
    await shell.close();
    await sshd.stop();
  });

  test('that runs no commands is told apart from a script that fails', async () => {
    const refuses = program('refuses', 'echo "This account is not available"; exit 1');
    const sshd = await startSshd({ name: 'nologin', config: [`ForceCommand ${refuses}`] });
    const error = await failure(openShell(sshd));
    expect(error).toMatchObject({ kind: 'unsupported', mayHaveRun: false });
    expect(error.message).toContain('This account is not available');
    await sshd.stop();
  });
});

describe('who is not root', () => {
  /** A node whose `id` says 1000 until the stand-in of `sudo` has made it 0. */
  function asUser(sudo: string) {
    const bin = join(directory, `bin-${Math.random()}`);
    mkdirSync(bin);
    const put = (name: string, text: string): void => {
      writeFileSync(join(bin, name), `#!/bin/sh\n${text}\n`);
      chmodSync(join(bin, name), 0o755);
    };
    put('id', 'echo "${FAKE_ID:-1000}"');
    put('sudo', sudo);
    return startSshd({ name: 'user', root: null, env: { PATH: `${bin}:/usr/bin:/bin` } });
  }

  test('runs everything through sudo -n', async () => {
    const sshd = await asUser('[ "$1" = -n ] || exit 98; shift; FAKE_ID=0 exec "$@"');
    const shell = await openShell(sshd);
    const result = await shell.run('id -u; cat; echo end; exit 4');
    expect([result.code, result.stdout.toString()]).toEqual([4, '0\nend\n']);
    await shell.close();
    await sshd.stop();
  });

  test('is told what to write into sudoers', async () => {
    const sshd = await asUser('echo "sudo: a password is required" >&2; exit 1');
    const error = await failure(openShell(sshd));
    expect(error).toMatchObject({ kind: 'sudo-refused', mayHaveRun: false });
    expect(error.message).toContain(`${sshd.user} ALL=(root) NOPASSWD: /bin/sh -s`);
    expect(error.message).toContain('a password is required');
    await sshd.stop();
  });

  test('sudo that leads to somebody else is refused', async () => {
    const sshd = await asUser('shift; exec "$@"');
    expect((await failure(openShell(sshd))).kind).toBe('sudo-refused');
    await sshd.stop();
  });
});
