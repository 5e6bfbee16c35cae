import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openSession, resolveTarget, type SessionOptions, SessionPool } from '../../../main/ssh/index.ts';
import { failure } from '../../support/failure.ts';
import { type Sshd, startSshd } from '../../support/sshd.ts';

let gate: Sshd;
let inner: Sshd;
let home: string;
let knownHosts: string;

beforeAll(async () => {
  [gate, inner] = await Promise.all([
    startSshd({ name: 'gate' }),
    startSshd({ name: 'inner', root: '/inner' }),
  ]);
  home = join(gate.directory, 'client');
  mkdirSync(home);
  knownHosts = join(home, 'known_hosts');
  writeFileSync(knownHosts, `${gate.hostKeyLine}\n${inner.hostKeyLine}\n`);
});
afterAll(() => Promise.all([gate.stop(), inner.stop()]));

let count = 0;
/** Session options that read a private OpenSSH configuration. */
function withConfig(host: string, config: string, known: string = knownHosts): SessionOptions {
  count += 1;
  const file = join(home, `config-${count}`);
  writeFileSync(file, config);
  return {
    node: 'node1',
    target: { host },
    hostKeys: { file: join(home, `app-${count}`), userFiles: [known] },
    config: { file, environment: { HOME: home, PATH: process.env.PATH } },
  };
}

const block = (alias: string, sshd: Sshd, ...more: string[]): string =>
  [
    `Host ${alias}`,
    `  HostName ${sshd.host}`,
    `  Port ${sshd.port}`,
    `  User ${sshd.user}`,
    `  IdentityFile ${sshd.clientKeyFile}`,
    ...more.map((line) => `  ${line}`),
    '',
  ].join('\n');

async function rootSeen(options: SessionOptions): Promise<string> {
  const shell = await openSession(options);
  const { stdout } = await shell.run('echo "$VBDESK_ROOT"');
  await shell.close();
  return stdout.toString('utf8').trim();
}

describe('the OpenSSH configuration', () => {
  test('gives an alias its host, port, user and key', async () => {
    expect(await rootSeen(withConfig('web', block('web', inner)))).toBe('/inner');
  });

  test('what the target says wins', async () => {
    const wrong = block('web', inner)
      .replace(`Port ${inner.port}`, 'Port 1')
      .replace(`User ${inner.user}`, 'User nobody');
    const options = withConfig('web', wrong);
    const target = { host: 'web', port: inner.port, user: inner.user };
    expect(await rootSeen({ ...options, target })).toBe('/inner');
  });

  test('is read in full', async () => {
    const options = withConfig(
      'web',
      [
        'Host web',
        '  HostName 10.9.8.7',
        '  Port 2222',
        '  IdentityFile ~/keys/%n',
        '  IdentityAgent ~/agent',
        '  IdentitiesOnly yes',
        '  HostKeyAlias Web-Alias',
        '  UserKnownHostsFile ~/known_one',
        '  GlobalKnownHostsFile none',
        '  StrictHostKeyChecking yes',
        '  ConnectTimeout 7',
        '  AddressFamily inet',
        '  ProxyJump admin@gate:2200,second',
        'Match user bob',
        '  Port 2223',
      ].join('\n'),
    );
    // ssh itself expands these two, with the home of the account.
    const agent: unknown = expect.stringMatching(/\/agent$/);
    const knownHostsFile: unknown = expect.stringMatching(/\/known_one$/);
    const expected = {
      alias: 'web',
      host: '10.9.8.7',
      port: 2222,
      user: 'alice',
      identityFiles: [
        { path: join(home, 'mine'), explicit: true },
        { path: join(home, 'keys/web'), explicit: true },
      ],
      identitiesOnly: true,
      forwardAgent: false,
      agent,
      jumps: [{ host: 'gate', port: 2200, user: 'admin' }, { host: 'second' }],
      hostKeyName: 'web-alias',
      knownHostsFiles: [knownHostsFile],
      strictHostKeys: true,
      connectTimeoutMs: 7000,
      addressFamily: 'inet',
    };
    const target = { host: 'web', user: 'alice', identityFiles: ['~/mine'] };
    expect(await resolveTarget('node1', target, options.config)).toEqual(expected);
    expect((await resolveTarget('node1', { ...target, user: 'bob' }, options.config)).port).toBe(2222);
    expect((await resolveTarget('node1', { host: 'other', user: 'bob' }, options.config)).port).toBe(2223);
  });

  test('without ssh the defaults of OpenSSH hold', async () => {
    for (const binary of [null, '/does/not/exist/ssh']) {
      const environment = { HOME: '/home/me', SSH_AUTH_SOCK: '/agent' };
      expect(
        await resolveTarget('node1', { host: 'Web.example.org', user: 'root' }, { binary, environment }),
      ).toEqual({
        alias: 'Web.example.org',
        host: 'Web.example.org',
        port: 22,
        user: 'root',
        identityFiles: ['id_ed25519', 'id_ecdsa', 'id_rsa'].map((name) => ({
          path: `/home/me/.ssh/${name}`,
          explicit: false,
        })),
        identitiesOnly: false,
        forwardAgent: false,
        agent: '/agent',
        jumps: [],
        hostKeyName: 'web.example.org',
        knownHostsFiles: [
          '/home/me/.ssh/known_hosts',
          '/home/me/.ssh/known_hosts2',
          '/etc/ssh/ssh_known_hosts',
          '/etc/ssh/ssh_known_hosts2',
        ],
        strictHostKeys: false,
      });
    }
  });

  test('names that could be taken for options or commands go nowhere', async () => {
    const targets = [
      { host: '-oProxyCommand=touch /tmp/x' },
      { host: 'a b' },
      { host: 'a;b' },
      { host: '' },
      { host: 'node1', user: '-x' },
      { host: 'node1', user: 'a b' },
      { host: 'node1', port: 0 },
      { host: 'node1', port: 1.5 },
    ];
    for (const target of targets) {
      expect((await failure(resolveTarget('node1', target))).kind).toBe('config');
    }
  });

  test('an error in it is passed on', async () => {
    const error = await failure(openSession(withConfig('web', 'Nonsense yes\n')));
    expect(error.kind).toBe('config');
    expect(error.message).toMatch(/line 1: .*nonsense/i);
  });

  test('ProxyCommand is not run', async () => {
    const marker = join(home, 'proxy-ran');
    const error = await failure(
      openSession(withConfig('web', block('web', inner, `ProxyCommand touch ${marker}`))),
    );
    expect(error.kind).toBe('unsupported');
    expect(error.message).toContain('ProxyJump');
    expect(() => readFileSync(marker)).toThrow();
  });

  test('StrictHostKeyChecking yes is obeyed, no is not', async () => {
    const empty = join(home, 'empty');
    writeFileSync(empty, '');
    const strict = withConfig('web', block('web', inner, 'StrictHostKeyChecking yes'), empty);
    const eager = { ...strict, hostKeys: { ...strict.hostKeys, mode: 'accept-new' as const } };
    expect((await failure(openSession(eager))).details.mayTrust).toBe(false);
    const lax = withConfig('web', block('web', inner, 'StrictHostKeyChecking no'), empty);
    expect((await failure(openSession(lax))).kind).toBe('host-key-unknown');
  });
});

describe('ProxyJump', () => {
  test('leads through another host', async () => {
    const config = block('web', inner, 'ProxyJump gate') + block('gate', gate);
    const before = gate.log().length;
    expect(await rootSeen(withConfig('web', config))).toBe('/inner');
    expect(gate.log().slice(before)).toContain('Accepted publickey');
  });

  test('through two hosts', async () => {
    const other = await startSshd({ name: 'other' });
    const known = join(home, 'known-three');
    writeFileSync(known, [gate, inner, other].map((sshd) => sshd.hostKeyLine).join('\n'));
    const config = block('web', inner, 'ProxyJump gate,other') + block('gate', gate) + block('other', other);
    const shell = await openSession(withConfig('web', config, known));
    expect((await shell.run('exit 3')).code).toBe(3);
    expect(other.log()).toContain('Accepted publickey');
    await shell.close();
    await other.stop();
  });

  test('the key of each hop is judged', async () => {
    const known = join(home, 'known-without-gate');
    writeFileSync(known, `${inner.hostKeyLine}\n`);
    const config = block('web', inner, 'ProxyJump gate') + block('gate', gate);
    const error = await failure(openSession(withConfig('web', config, known)));
    expect(error).toMatchObject({ kind: 'host-key-unknown', details: { keyLine: gate.hostKeyLine } });
  });

  test('a host behind it that does not answer', async () => {
    const config =
      block('web', inner, 'ProxyJump gate').replace(`Port ${inner.port}`, 'Port 1') + block('gate', gate);
    const error = await failure(openSession(withConfig('web', config)));
    expect(error).toMatchObject({ kind: 'unreachable', details: { jumpHost: 'gate' } });
  });

  test('the jump host going away is a lost connection', async () => {
    const mortal = await startSshd({ name: 'mortal' });
    const known = join(home, 'known-mortal');
    writeFileSync(known, `${mortal.hostKeyLine}\n${inner.hostKeyLine}\n`);
    const config = block('web', inner, 'ProxyJump gate') + block('gate', mortal);
    const shell = await openSession(withConfig('web', config, known));
    let begun: () => void = () => undefined;
    const seen = new Promise<void>((resolve) => {
      begun = resolve;
    });
    const outcome = failure(shell.run('echo begun; sleep 2', { onStdout: () => begun() }));
    await seen;
    await mortal.kill();
    expect(await outcome).toMatchObject({ kind: 'outcome-unknown', mayHaveRun: true });
    await shell.close();
    await mortal.stop();
  });

  test('a circle is noticed', async () => {
    const config = block('web', inner, 'ProxyJump gate') + block('gate', gate, 'ProxyJump web');
    const error = await failure(openSession(withConfig('web', config)));
    expect(error.kind).toBe('config');
    expect(error.message).toContain('circle');
  });
});

test('a pool gives each node one session, and a new one when its target changes', async () => {
  const {
    node: _node,
    target: _target,
    ...shared
  } = withConfig('web', block('web', inner) + block('gate', gate));
  const pool = new SessionPool(shared);
  const shell = pool.shell('node1', { host: 'web' });
  expect((await shell.run('echo "$VBDESK_ROOT"')).stdout.toString()).toBe('/inner\n');
  expect(pool.shell('node1', { host: 'web' })).toBe(shell);
  const moved = pool.shell('node1', { host: 'gate' });
  expect(moved).not.toBe(shell);
  expect(shell.state).toBe('closed');
  expect((await moved.run('exit 2')).code).toBe(2);
  await pool.closeAll();
  expect(moved.state).toBe('closed');
});
