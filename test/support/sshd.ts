import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { accessSync, chmodSync, constants, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { descendantsOf, signalProcess } from './processes.ts';
import { makeTemporaryDirectory } from './temporary-directory.ts';

const execute = promisify(execFile);

/**
 * A real OpenSSH server on loopback for one test node. It runs as the current user, with its own
 * configuration, its own host key and one authorized key that all servers of this test process share.
 */
export type SshdOptions = {
  /** Stands in the name of its directory, to tell several apart. */
  readonly name: string;
  /**
   * The node root: the value of VBDESK_ROOT in every shell of this node; a directory of its own when left out. With null
   * there is none, as on a real node (where whoever is not root needs sudo).
   */
  readonly root?: string | null;
  /** More environment variables of every shell (sshd's SetEnv; HOME, PATH, … may be overridden). */
  readonly env?: Readonly<Record<string, string>>;
  /**
   * The home directory that shells see. Without it an empty one, so that neither the outcome nor the speed of a test
   * depends on rc files of whoever runs it (Debian's bash reads ~/.bashrc for commands over ssh).
   */
  readonly home?: string;
  /** Further lines for sshd_config. */
  readonly config?: readonly string[];
  /** The kind of host key; `ed25519` when left out. */
  readonly hostKeyType?: 'ed25519' | 'ecdsa' | 'rsa';
  /** Listen there instead of on a free port (fails when it is taken). */
  readonly port?: number;
};

export type Sshd = {
  readonly name: string;
  /** Always 127.0.0.1. */
  readonly host: string;
  readonly port: number;
  /** Who may log in: the current user. */
  readonly user: string;
  /** The server's own directory (configuration, keys); removed by `stop`. */
  readonly directory: string;
  /** A line for known_hosts: `[127.0.0.1]:PORT ssh-ed25519 AAAA…`. */
  readonly hostKeyLine: string;
  /** `SHA256:…` of the host key, as ssh-keygen prints it. */
  readonly fingerprint: string;
  /** Private key file that may log in (no passphrase). */
  readonly clientKeyFile: string;
  /** The process id of the listening server. */
  pid(): number;
  /** Everything that sshd wrote. */
  log(): string;
  /** Ends the connections, not the server: what a cable pulled out does. Commands already started keep running. */
  dropConnections(): Promise<void>;
  /** Kills server and connections (SIGKILL). Commands already started keep running. */
  kill(): Promise<void>;
  /** Starts again after `kill`, same port and same host key. */
  restart(): Promise<void>;
  /** SIGSTOP: still listens, answers nothing. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Kills server and connections and removes the directory. */
  stop(): Promise<void>;
};

const SSHD_PATHS = ['/usr/sbin/sshd', '/usr/local/sbin/sshd', '/usr/bin/sshd', '/sbin/sshd'];

function findSshd(): string {
  for (const path of SSHD_PATHS) {
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // try the next one
    }
  }
  throw new Error(
    `No sshd found (looked at ${SSHD_PATHS.join(', ')}): install openssh-server to run these tests`,
  );
}

export type KeyFile = { readonly file: string; readonly publicLine: string };

/** Makes a key pair with ssh-keygen; `format: 'PEM'` gives the old format, whose public half is not readable. */
export async function makeKey(
  file: string,
  options: { type?: 'ed25519' | 'ecdsa' | 'rsa'; passphrase?: string; format?: 'PEM' } = {},
): Promise<KeyFile> {
  const type = options.type ?? 'ed25519';
  const format = options.format === undefined ? [] : ['-m', options.format];
  const bits = type === 'rsa' ? ['-b', '2048'] : [];
  await execute('ssh-keygen', [
    '-q',
    '-t',
    type,
    ...bits,
    ...format,
    '-C',
    'vbdesk-test',
    '-N',
    options.passphrase ?? '',
    '-f',
    file,
  ]);
  return { file, publicLine: (await readFile(`${file}.pub`, 'utf8')).trim() };
}

let sharedClientKey: Promise<KeyFile> | undefined;

/** The key that every test server accepts; made once in a test process. */
export function clientKey(): Promise<KeyFile> {
  sharedClientKey ??= makeKey(join(makeTemporaryDirectory('client').path, 'id_ed25519'));
  return sharedClientKey;
}

let penaltiesKnown: Promise<boolean> | undefined;

/** OpenSSH 9.8 and later punish an address for failed logins, which are what some tests are about. */
function knowsPenalties(sshd: string, configuration: string): Promise<boolean> {
  penaltiesKnown ??= execute(sshd, ['-t', '-f', configuration, '-o', 'PerSourcePenalties=no']).then(
    () => true,
    () => false,
  );
  return penaltiesKnown;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('No port was given');
  return address.port;
}

const PORT_TAKEN = /Address already in use|Cannot bind any address/;

/** Resolves when the server listens. */
function launch(sshd: string, args: string[], append: (text: string) => void): Promise<ChildProcess> {
  return new Promise((resolve, reject) => {
    const child = spawn(sshd, args, { stdio: ['ignore', 'ignore', 'pipe'], env: { PATH: process.env.PATH } });
    let output = '';
    child.stderr.setEncoding('utf8');
    child.stderr.on('data', (text: string) => {
      append(text);
      if (output.includes('Server listening on')) return;
      output += text;
      if (output.includes('Server listening on')) resolve(child);
    });
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      reject(new Error(`sshd ended (code ${code}, signal ${signal}) before it listened: ${output}`));
    });
  });
}

function quoteSetting(name: string, value: string): string {
  if (/["\n]/.test(value))
    throw new Error(`${name}: sshd's SetEnv cannot hold a quotation mark or a line break`);
  return `"${name}=${value}"`;
}

/** Starts a server and resolves once it listens. The caller stops it (`afterAll(() => sshd.stop())`). */
export async function startSshd(options: SshdOptions): Promise<Sshd> {
  const binary = findSshd();
  const user = userInfo();
  const temporary = makeTemporaryDirectory(options.name);
  const directory = temporary.path;
  if (user.uid === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });

  const client = await clientKey();
  const hostKey = await makeKey(join(directory, 'host_key'), { type: options.hostKeyType ?? 'ed25519' });
  const authorizedKeys = join(directory, 'authorized_keys');
  writeFileSync(authorizedKeys, `${client.publicLine}\n`);
  const home = options.home ?? join(directory, 'home');
  mkdirSync(home, { recursive: true });

  const ownRoot = join(directory, 'root');
  mkdirSync(ownRoot);
  const environment = {
    HOME: home,
    ...(options.root === null ? {} : { VBDESK_ROOT: options.root ?? ownRoot }),
    ...options.env,
  };
  const settings = Object.entries(environment).map(([name, value]) => quoteSetting(name, value));
  const configuration = join(directory, 'sshd_config');
  const lines = [
    ...(options.config ?? []),
    `HostKey ${hostKey.file}`,
    `AuthorizedKeysFile ${authorizedKeys}`,
    `PidFile ${join(directory, 'sshd.pid')}`,
    `SetEnv ${settings.join(' ')}`,
    'UsePAM no',
    'StrictModes no',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'PermitRootLogin yes',
    'AllowTcpForwarding yes',
    'MaxSessions 10',
    'MaxStartups 200',
    'LogLevel VERBOSE',
    'PrintMotd no',
    'PrintLastLog no',
    'UseDNS no',
    'Subsystem sftp internal-sftp',
  ];
  writeFileSync(configuration, `${lines.join('\n')}\n`);
  chmodSync(configuration, 0o600);
  if (await knowsPenalties(binary, configuration)) {
    writeFileSync(configuration, `${[...lines, 'PerSourcePenalties no'].join('\n')}\n`);
  }

  let log = '';
  const append = (text: string): void => {
    log += text;
  };
  const start = (port: number): Promise<ChildProcess> =>
    launch(binary, ['-D', '-e', '-f', configuration, '-o', `ListenAddress=127.0.0.1:${port}`], append);

  let port = options.port ?? (await freePort());
  let server: ChildProcess | undefined;
  for (let attempt = 1; server === undefined; attempt += 1) {
    try {
      server = await start(port);
    } catch (error) {
      const taken = error instanceof Error && PORT_TAKEN.test(error.message);
      if (!taken || options.port !== undefined || attempt === 10) throw error;
      port = await freePort();
    }
  }
  const [type, key] = hostKey.publicLine.split(' ');
  const { stdout } = await execute('ssh-keygen', ['-l', '-E', 'sha256', '-f', `${hostKey.file}.pub`]);

  let current: ChildProcess = server;
  const pid = (): number => {
    if (current.pid === undefined) throw new Error('sshd has no process id');
    return current.pid;
  };
  const connections = async (): Promise<number[]> => {
    const processes = await descendantsOf(pid());
    return processes.filter((process) => process.name.startsWith('sshd')).map((process) => process.pid);
  };
  const kill = async (): Promise<void> => {
    // Listed before the listener dies: afterwards they belong to init.
    const children = await connections();
    if (current.exitCode === null && current.signalCode === null) {
      const ended = new Promise((resolve) => current.once('exit', resolve));
      signalProcess(pid(), 'SIGKILL');
      await ended;
      rmSync(join(directory, 'sshd.pid'), { force: true });
    }
    for (const child of children) signalProcess(child, 'SIGKILL');
  };

  return {
    name: options.name,
    host: '127.0.0.1',
    port,
    user: user.username,
    directory,
    hostKeyLine: `[127.0.0.1]:${port} ${type} ${key}`,
    fingerprint: stdout.split(' ')[1] ?? '',
    clientKeyFile: client.file,
    pid,
    log: () => log,
    async dropConnections() {
      for (const child of await connections()) signalProcess(child, 'SIGKILL');
    },
    kill,
    async restart() {
      current = await start(port);
    },
    async pause() {
      for (const process of [pid(), ...(await connections())]) signalProcess(process, 'SIGSTOP');
    },
    async resume() {
      for (const process of [pid(), ...(await connections())]) signalProcess(process, 'SIGCONT');
    },
    async stop() {
      await kill();
      temporary.remove();
    },
  };
}
