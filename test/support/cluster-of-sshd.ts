/**
 * Three nodes as real OpenSSH servers on loopback, each over a node root of its own with the stand-in for Xen, sharing one
 * storage directory; and the command line, with a home and a configuration directory of its own.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, constants, mkdirSync, writeFileSync } from 'node:fs';
import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import path from 'node:path';
import {
  bootNodeRoot,
  makeNodeRoot,
  type NodeRootOptions,
  SHARED_STORAGE,
  stopNodeRoot,
} from '../../main/practice/node-root.ts';
import { type Sshd, startSshd } from './sshd.ts';
import { makeTemporaryDirectory } from './temporary-directory.ts';
import { warmCommandLine } from './warm-command-line/index.ts';

const checkout = path.resolve(import.meta.dirname, '../..');
const program = path.join(checkout, 'bin/vbdesk.mjs');

export type Outcome = {
  /** null when a signal ended it */
  code: number | null;
  stdout: string;
  stderr: string;
  /** stdout as JSON; throws when it is none */
  json(): unknown;
};

export type Running = { child: ChildProcess; stderr(): string; ended: Promise<Outcome> };

export type TestNode = {
  name: string;
  root: string;
  sshd: Sshd;
  /** As when its plug is pulled: no answer, and guests and jobs are gone at once. */
  powerOff(): Promise<void>;
  powerOn(): Promise<void>;
};

/** A workstation: the command line with its own home and configuration. */
export type Workstation = {
  home: string;
  configDirectory: string;
  environment: Readonly<Record<string, string>>;
  /** program and arguments of a call */
  command(args: readonly string[]): string[];
  /** A process of its own. */
  start(args: readonly string[]): Running;
  /** Carried out in one process for all that come one after the other; at the same time as another, in one of its own. */
  vbdesk(...args: string[]): Promise<Outcome>;
};

export type SshdCluster = Workstation & {
  directory: string;
  /** the storage directory that all nodes share, as a path of this machine */
  storage: string;
  nodes: TestNode[];
  node(name: string): TestNode;
  /** `--node …` of all nodes, `--identity …` and the host key mode */
  initArguments(hostKeys?: string): string[];
  stop(): Promise<void>;
};

const findSsh = (): string => {
  for (const directory of (process.env.PATH ?? '').split(path.delimiter)) {
    const file = path.join(directory, 'ssh');
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      // the next one
    }
  }
  throw new Error('No ssh found: install openssh-client to run these tests');
};

const outcomeOf = (ended: { code: number | null; stdout: string; stderr: string }): Outcome => ({
  ...ended,
  json: () => {
    try {
      return JSON.parse(ended.stdout) as unknown;
    } catch {
      throw new Error(`Not JSON:\n${ended.stdout}\nstderr:\n${ended.stderr}`);
    }
  },
});

export const startProgram = (
  [command = '', ...args]: readonly string[],
  environment: Readonly<Record<string, string>>,
): Running => {
  const child = spawn(command, args, { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = new Promise<Outcome>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(outcomeOf({ code, stdout, stderr })));
  });
  return { child, stderr: () => stderr, ended };
};

/** A workstation below `directory`. Its ssh reads no configuration but the one in its own home. */
export const makeWorkstation = (
  directory: string,
  environment: Readonly<Record<string, string>> = {},
): Workstation => {
  const home = path.join(directory, 'home');
  const configDirectory = path.join(directory, 'config');
  const bin = path.join(home, 'bin');
  mkdirSync(path.join(home, '.ssh'), { recursive: true, mode: 0o700 });
  mkdirSync(bin, { recursive: true });
  writeFileSync(path.join(home, '.ssh/config'), '');
  // OpenSSH takes the home directory of the password file, whatever HOME says
  writeFileSync(path.join(bin, 'ssh'), `#!/bin/sh\nexec ${findSsh()} -F "$HOME/.ssh/config" "$@"\n`, {
    mode: 0o755,
  });
  const all = {
    PATH: `${bin}:${process.env.PATH ?? ''}`,
    HOME: home,
    LC_ALL: 'C.UTF-8',
    // each home is new, but what Node has made of VBDesk's files is the same for all
    NODE_COMPILE_CACHE: path.join(checkout, 'node_modules/.cache/vbdesk'),
    ...(process.env.NODE_OPTIONS === undefined ? {} : { NODE_OPTIONS: process.env.NODE_OPTIONS }),
    ...environment,
  };
  const words = (args: readonly string[]): string[] => [...args, '--config-dir', configDirectory];
  const command = (args: readonly string[]): string[] => [process.execPath, program, ...words(args)];
  const start = (args: readonly string[]): Running => startProgram(command(args), all);
  const warm = warmCommandLine(all);
  return {
    home,
    configDirectory,
    environment: all,
    command,
    start,
    vbdesk: async (...args) => (warm.isBusy() ? start(args).ended : outcomeOf(await warm.run(words(args)))),
  };
};

/** Quick enough for tests; the guest writes its sequence often. */
const quickSettings = {
  create_delay: 0.05,
  shutdown_delay: 0.05,
  destroy_delay: 0.05,
  reboot_delay: 0.1,
  loop_linger: 0.2,
  heartbeat: 0.2,
};

export const startSshdCluster = async (
  options: { names?: readonly string[]; settings?: NodeRootOptions['settings'] } = {},
): Promise<SshdCluster> => {
  const { names = ['node1', 'node2', 'node3'], settings = {} } = options;
  const temporary = makeTemporaryDirectory('cluster');
  const directory = temporary.path;
  const sharedStorage = path.join(directory, 'shared');
  const nodes: TestNode[] = [];
  // one after the other: the shared directory is made by the first
  for (const name of names) {
    const root = path.join(directory, name);
    await makeNodeRoot({ root, name, sharedStorage, settings: { ...quickSettings, ...settings } });
    const sshd = await startSshd({ name, root });
    nodes.push({
      name,
      root,
      sshd,
      powerOff: async () => {
        await sshd.kill();
        await stopNodeRoot(root);
      },
      powerOn: async () => {
        await bootNodeRoot(root);
        await sshd.restart();
      },
    });
  }
  const workstation = makeWorkstation(directory);
  return {
    ...workstation,
    directory,
    storage: path.join(sharedStorage, path.basename(SHARED_STORAGE)),
    nodes,
    node: (name) => {
      const found = nodes.find((each) => each.name === name);
      if (!found) throw new Error(`no node ${name}`);
      return found;
    },
    initArguments: (hostKeys = 'accept-new') => [
      ...nodes.flatMap(({ name, sshd }) => ['--node', `${name}=${sshd.user}@${sshd.host}:${sshd.port}`]),
      ...['--identity', nodes[0]?.sshd.clientKeyFile ?? '', '--host-keys', hostKeys],
    ],
    stop: async () => {
      await Promise.all(nodes.map(({ sshd }) => sshd.stop()));
      for (const { root } of nodes) await stopNodeRoot(root);
      temporary.remove();
    },
  };
};

/** What the stand-in's guest leaves on its disk: how often it has booted from it, and its endless sequence. */
export const guestMarks = async (image: string): Promise<{ boots: number; sequence: string }> => {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const child = spawn('dd', [`if=${image}`, 'bs=512', 'skip=8', 'count=9'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const parts: Buffer[] = [];
  child.stdout.on('data', (part: Buffer) => parts.push(part));
  child.once('error', reject).once('close', () => resolve(Buffer.concat(parts)));
  const text = (await promise).toString('latin1').replaceAll('\0', '');
  return {
    boots: Number(/^\s*(\d+)/.exec(text)?.[1] ?? 0),
    sequence: /sequence [^\n\0]*/.exec(text)?.[0] ?? '',
  };
};

const digest = async (file: string, into: string[], below: string): Promise<void> => {
  const found = await lstat(file);
  const name = file.slice(below.length);
  if (found.isSymbolicLink()) into.push(`${name} -> ${await readlink(file)}`);
  else if (found.isDirectory()) {
    into.push(`${name}/`);
    // what the stand-in writes when it is only asked, the lock that keeps probes from piling up, and the system log, which tells of
    // runs that left nothing else
    for (const entry of (await readdir(file)).toSorted())
      if (!['xen-standin', 'vbdesk-probe.lock', 'messages'].includes(entry))
        await digest(path.join(file, entry), into, below);
  } else if (found.size > 1 << 20) into.push(`${name} ${found.size} ${found.ino} ${found.mtimeMs}`);
  else
    into.push(
      `${name} ${found.ino} ${createHash('sha256')
        .update(await readFile(file))
        .digest('hex')}`,
    );
};

/** Everything below a directory, one line a file: to tell whether anything changed. Large files by size and times. */
export const treeOf = async (...directories: string[]): Promise<string> => {
  const lines: string[] = [];
  for (const directory of directories) await digest(directory, lines, directory);
  return lines.join('\n');
};

/** All roots and the shared storage of a cluster. */
export const treeOfCluster = ({ directory, nodes }: SshdCluster): Promise<string> =>
  treeOf(...nodes.map(({ root }) => root), path.join(directory, 'shared'));

/** How many commands the nodes' sshd have been sent so far: sessions that began. */
export const sessionsOf = ({ nodes }: SshdCluster): number =>
  nodes.reduce((sum, { sshd }) => sum + (sshd.log().match(/Starting session/g)?.length ?? 0), 0);
