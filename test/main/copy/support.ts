/** Two nodes behind real sshd, each with storage of its own, and copies between them. */
import { createHash, randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import type { Action } from '../../../core/plan/action.ts';
import type { Progress, RunStep } from '../../../core/plan/run.ts';
import type { Shells } from '../../../main/engine/shells.ts';
import type { StepResult } from '../../../main/engine/step.ts';
import { runStream, type StreamInput } from '../../../main/engine/stream.ts';
import { renderAction } from '../../../main/node/actions/index.ts';
import { prelude } from '../../../main/node/prelude.ts';
import { makeNodeRoot, stopNodeRoot, writePeers } from '../../../main/practice/node-root.ts';
import { type RemoteShell, Session } from '../../../main/ssh/index.ts';
import { localShell } from '../../support/local-shell.ts';
import { sessionOptions } from '../../support/shell.ts';
import { type Sshd, startSshd } from '../../support/sshd.ts';
import { makeTemporaryDirectory } from '../../support/temporary-directory.ts';

export const storage = '/srv/ganeti/file-storage';
export const folder = `${storage}/web1`;
export type Copy = Extract<Action, { do: 'copy-image' }>;

export const MiB = 1 << 20;

/** A sparse file: `data` is written at these offsets. */
export const makeSparse = (
  file: string,
  size: number,
  data: readonly (readonly [number, Buffer])[],
): void => {
  mkdirSync(path.dirname(file), { recursive: true });
  const handle = openSync(file, 'w');
  ftruncateSync(handle, size);
  for (const [offset, bytes] of data) writeSync(handle, bytes, 0, bytes.length, offset);
  closeSync(handle);
};

export const sumOf = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex');
export const allocatedOf = (file: string): number => statSync(file).blocks * 512;

export type CopyWorld = {
  sshd: (node: string) => Sshd;
  root: (node: string) => string;
  at: (node: string, logical: string) => string;
  shells: Shells;
  shell: (node: string) => RemoteShell;
  /** forgets what a copy left, and locks the folders for a new run */
  fresh: () => string;
  names: (node: string) => string[];
  copy: (
    run: string,
    options?: Partial<StreamInput> & { action?: Copy; watch?: (progress: Progress) => void },
  ) => Promise<{ result: StepResult; entry: RunStep }>;
  /** an action as the engine runs it: exit code and what it said */
  act: (node: string, action: Action) => Promise<{ code: number; text: string }>;
  /** a command that the scripts of a node find first; null takes it away */
  shim: (node: string, name: string, text: string | null) => void;
  /** as when the app starts anew: no connection is left */
  reconnect: () => Promise<void>;
  /** processes of copies that are left, anywhere */
  left: () => number[];
  close: () => Promise<void>;
};

export const entryOf = (): RunStep => ({
  id: '1',
  title: 'Copy sda',
  nodes: ['node2'],
  state: 'running',
  job: '',
  startedAt: null,
  endedAt: null,
  output: '',
  exitCode: null,
  changed: true,
  message: '',
});

export const copyOf = (size: number): Copy => ({
  do: 'copy-image',
  from: { node: 'node1', path: `${folder}/sda` },
  to: { node: 'node2', path: `${folder}/sda` },
  size,
  type: 'raw',
});

/**
 * @param options.straight whether the nodes reach each other
 * @param options.agent socket of the agent that the workstation has
 */
export const startCopyWorld = async (options: { straight: boolean; agent?: string }): Promise<CopyWorld> => {
  const temporary = makeTemporaryDirectory('copy');
  const sessionOf = (sshd: Sshd): Session => {
    const own = sessionOptions(sshd);
    const environment = {
      ...own.config?.environment,
      ...(options.agent && { SSH_AUTH_SOCK: options.agent }),
    };
    return new Session({ ...own, config: { ...own.config, environment } });
  };
  const nodes = new Map<string, { root: string; sshd: Sshd; session: Session }>();
  for (const name of ['node1', 'node2']) {
    const root = path.join(temporary.path, name);
    await makeNodeRoot({ root, name });
    const sshd = await startSshd({ name, root });
    nodes.set(name, { root, sshd, session: sessionOf(sshd) });
  }
  const found = (name: string) => {
    const node = nodes.get(name);
    if (!node) throw new Error(`no node ${name}`);
    return node;
  };
  if (options.straight)
    for (const { root } of nodes.values())
      await writePeers(
        root,
        [...nodes].map(([name, node]) => ({ name, root: node.root })),
      );
  const root = (node: string): string => found(node).root;
  const at = (node: string, logical: string): string => path.join(root(node), logical);
  const shells: Shells = (node) => found(node).session;
  let run = '';
  return {
    sshd: (node) => found(node).sshd,
    root,
    at,
    shells,
    shell: (node) => found(node).session,
    fresh: () => {
      run = `r${randomBytes(7).toString('hex')}`;
      for (const node of nodes.keys()) {
        const here = at(node, folder);
        mkdirSync(here, { recursive: true });
        for (const name of readdirSync(here))
          if (node === 'node2' || name.startsWith('.'))
            rmSync(path.join(here, name), { recursive: true, force: true });
        writeFileSync(path.join(here, '.lock'), `{"run":"${run}"}\n`);
      }
      return run;
    },
    names: (node) =>
      existsSync(at(node, folder))
        ? readdirSync(at(node, folder))
            .filter((each) => each !== '.lock')
            .toSorted()
        : [],
    copy: async (of, { action, watch, ...more } = {}) => {
      const entry = entryOf();
      const result = await runStream({
        run: of,
        entry,
        copy: action ?? copyOf(statSync(at('node1', `${folder}/sda`)).size),
        locks: { from: [folder], to: [folder] },
        shells,
        signal: new AbortController().signal,
        patienceMs: 20_000,
        tell: () => {
          if (entry.progress) watch?.(entry.progress);
        },
        pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
        ...more,
      });
      return { result, entry };
    },
    act: async (node, action) => {
      const result = await localShell(root(node)).run(`${prelude}\n${renderAction(action, 'xl').act}`);
      return { code: result.code, text: `${result.stdout}${result.stderr}` };
    },
    shim: (node, name, text) => {
      const file = at(node, `/bin/${name}`);
      if (text === null) rmSync(file);
      else writeFileSync(file, `#!/bin/sh\nR=$VBDESK_ROOT\n${text}\n`, { mode: 0o755 });
    },
    reconnect: async () => {
      for (const node of nodes.values()) {
        await node.session.close();
        node.session = sessionOf(node.sshd);
      }
    },
    left: () =>
      readdirSync('/proc')
        .filter((each) => /^\d+$/.test(each))
        .filter((each) => {
          try {
            return readFileSync(`/proc/${each}/environ`, 'latin1').includes(`VBDESK_COPY=${run}:`);
          } catch {
            return false;
          }
        })
        .map(Number),
    close: async () => {
      for (const { session, sshd, root: at } of nodes.values()) {
        await session.close();
        await sshd.stop();
        await stopNodeRoot(at);
      }
      temporary.remove();
    },
  };
};
