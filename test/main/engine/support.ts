/** Node roots without SSH, hand-made plans, and a line to the nodes that a test can cut where it likes. */
import { randomBytes } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { LockContent } from '../../../core/cluster/record.ts';
import type { Action } from '../../../core/plan/action.ts';
import type { Plan, Step } from '../../../core/plan/plan.ts';
import type { Run } from '../../../core/plan/run.ts';
import { Engine } from '../../../main/engine/engine.ts';
import { Journal } from '../../../main/engine/journal.ts';
import type { Shells } from '../../../main/engine/shells.ts';
import { makeNodeRoot, stopNodeRoot } from '../../../main/practice/node-root.ts';
import { type RemoteResult, SshError } from '../../../main/ssh/index.ts';
import { localShell } from '../../support/local-shell.ts';

export const storage = '/srv/ganeti/file-storage';
export const folder = `${storage}/web1`;
export const uuid = '18cbadb5-369d-4834-99ab-bf11dfd7925b';

/**
 * What a script is to the engine: `launch` a job, ask what became of it (`job`), `collect` the jobs of a run; else a look or
 * a check.
 */
export type Call = { node: string; kind: 'launch' | 'job' | 'collect' | 'look'; job: string; script: string };
export type Rule = (call: Call, send: () => Promise<RemoteResult>) => Promise<RemoteResult>;

const callOf = (node: string, script: string): Call => {
  const job = /\/var\/lib\/vbdesk\/jobs\/[a-z0-9]+\/([a-z0-9.-]+)\n/.exec(script)?.[1] ?? '';
  const kind = script.includes('\nsetsid /bin/sh "$J/runner"')
    ? 'launch'
    : job !== ''
      ? 'job'
      : script.includes('\nrmdir ') && script.includes('cd "$R/var/lib/vbdesk/jobs"')
        ? 'collect'
        : 'look';
  return { node, kind, job, script };
};

/** The line to the nodes: what was sent, in order, and a rule that a test puts before each script. */
export class Line {
  readonly calls: Call[] = [];
  rule: Rule = (_call, send) => send();
  readonly #roots: ReadonlyMap<string, string>;

  constructor(roots: ReadonlyMap<string, string>) {
    this.#roots = roots;
  }

  readonly shells: Shells = (node) => ({
    run: (script) => {
      const call = callOf(node, script);
      this.calls.push(call);
      const root = this.#roots.get(node);
      if (root === undefined) throw new Error(`there is no node ${node}`);
      return this.rule(call, () => localShell(root).run(script));
    },
  });

  /** Names of the jobs that were launched, in order, as "node:job". */
  get launches(): string[] {
    return this.calls.filter(({ kind }) => kind === 'launch').map(({ node, job }) => `${node}:${job}`);
  }
}

export const lost = (node = 'node1'): SshError =>
  new SshError('outcome-unknown', node, 'the connection was lost while the script ran', { mayHaveRun: true });
export const unreachable = (node = 'node1'): SshError =>
  new SshError('unreachable', node, 'no route to host');

export type House = {
  line: Line;
  /** physical path of a logical one */
  at(logical: string, node?: string): string;
  there(logical: string, node?: string): boolean;
  names(logical: string, node?: string): string[];
  /** a command that the scripts of a node find first */
  shim(name: string, text: string, node?: string): void;
  unshim(name: string, node?: string): void;
  /** an engine, its journal in a directory of its own unless told */
  engine(options?: { patienceMs?: number; journal?: Journal }): {
    engine: Engine;
    journal: Journal;
    seen: Run[];
  };
  /** the runs of a journal as they are when its process has died: a journal of its own, with no owner */
  afterCrash(journal: Journal): Journal;
  close(): Promise<void>;
};

/** Nodes on shared storage; those in `apart` have storage of their own. */
export async function makeHouse(names: readonly string[], apart: readonly string[] = []): Promise<House> {
  const directory = mkdtempSync(path.join(tmpdir(), 'vbdesk-engine-'));
  const roots = new Map(names.map((name) => [name, path.join(directory, name)]));
  const settings = {
    create_delay: 0.05,
    shutdown_delay: 0.05,
    destroy_delay: 0.05,
    loop_linger: 0.1,
    heartbeat: 0.2,
  };
  for (const [name, root] of roots)
    await makeNodeRoot({
      root,
      name,
      settings,
      ...(apart.includes(name) ? {} : { sharedStorage: path.join(directory, 'shared') }),
    });
  const line = new Line(roots);
  const at = (logical: string, node = names[0] ?? ''): string => path.join(directory, node, logical);
  const journals: string[] = [];
  const journalDirectory = (): string => {
    const fresh = path.join(directory, `journal${journals.length}`);
    journals.push(fresh);
    return fresh;
  };
  return {
    line,
    at,
    there: (logical, node) => existsSync(at(logical, node)),
    names: (logical, node) =>
      existsSync(at(logical, node)) ? readdirSync(at(logical, node)).toSorted() : [],
    shim: (name, text, node) =>
      writeFileSync(at(`/bin/${name}`, node), `#!/bin/sh\nR=$VBDESK_ROOT\n${text}\n`, { mode: 0o755 }),
    unshim: (name, node) => rmSync(at(`/bin/${name}`, node)),
    engine: (options = {}) => {
      const journal = options.journal ?? new Journal(journalDirectory());
      const seen: Run[] = [];
      const engine = new Engine({
        journal,
        access: async () => ({ shells: line.shells, toolstack: () => 'xl' }),
        onChange: (run) => seen.push(run),
        patienceMs: options.patienceMs ?? 60_000,
      });
      return { engine, journal, seen };
    },
    afterCrash: (journal) => {
      const to = journalDirectory();
      mkdirSync(to);
      for (const name of readdirSync(journal.directory))
        if (name.endsWith('.json')) cpSync(path.join(journal.directory, name), path.join(to, name));
      return new Journal(to);
    },
    close: async () => {
      for (const root of roots.values()) await stopNodeRoot(root);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

type StepWords = { action: Action; node?: string; nodes?: string[]; undo?: Action[]; commit?: boolean };

export const freshRun = (): string => `r${randomBytes(7).toString('hex')}`;

export const planOf = (run: string, steps: readonly StepWords[]): Plan => ({
  version: 1,
  run,
  cluster: 'test',
  intent: { kind: 'start', instance: 'web1' },
  approval: { accept: [], vouched: [] },
  title: 'Test web1',
  subject: { kind: 'instance', name: 'web1', uuid },
  reasons: [],
  steps: steps.map(
    ({ action, node = 'node1', nodes = [node], undo = [], commit = false }, index): Step => ({
      id: String(index + 1),
      nodes,
      title: `Do ${action.do}`,
      action,
      undo: undo.map((each) => ({ nodes, title: `Undo by ${each.do}`, action: each })),
      commit,
      guest: null,
    }),
  ),
  locks: [],
  effects: { newBytes: 0, memory: [], downSeconds: null },
  files: [],
  equivalent: null,
});

export const lockOf = (run: string): LockContent => ({
  run,
  user: 'ann',
  workstation: 'desk',
  title: 'test web1',
  nodes: ['node1'],
  place: folder,
  at: '2026-11-25T12:00:00Z',
});

export const makeFolder = (run: string): StepWords => ({
  action: { do: 'make-folder', folder, lock: lockOf(run) },
  undo: [{ do: 'drop-folder', folder, run }],
});
export const makeImage = (name = 'sda'): StepWords => ({
  action: { do: 'create-image', path: `${folder}/${name}`, type: 'raw', size: 1 << 20 },
  undo: [{ do: 'remove-file', path: `${folder}/${name}` }],
});
export const write = (name = 'xen.cfg', expect = 'absent'): StepWords => ({
  action: { do: 'write-file', path: `${folder}/${name}`, content: `# ${name}\n`, expect },
  undo: [{ do: 'remove-file', path: `${folder}/${name}` }],
});
/** Refused, for the file is not what it expects. */
export const refusedStep = (): StepWords => write('never', 'a'.repeat(64));
export const tombstone = (node = 'node1'): StepWords => ({
  node,
  action: { do: 'write-tombstone', uuid, name: 'web1', at: '2026-11-25T12:00:00Z' },
  undo: [{ do: 'remove-tombstone', uuid }],
});
export const tombstonePath = `/var/lib/vbdesk/removed/${uuid}`;
export const unlock = (run: string): StepWords => ({ action: { do: 'unlock', folder, run }, commit: true });
export const absent = (name: string): StepWords => ({
  action: { do: 'check-absent', paths: [`${folder}/${name}`] },
});

/** A shim for sha256sum that lies at its n-th call: a file that was written well does not read back. */
export const lyingSum = (call: number): string => `n=$(cat "$R/sums" 2>/dev/null || echo 0)
n=$((n + 1))
echo $n > "$R/sums"
[ $n -ne ${call} ] || { echo wrong; exit 0; }
exec /usr/bin/sha256sum "$@"`;
/** A shim that says that it has begun and waits until the test lets it go. */
export const waiting = (command: string): string => `echo x >> "$R/begun"
until [ -e "$R/go" ]; do sleep 0.05; done
exec ${command} "$@"`;

export const statesOf = (run: Run): string[] => run.steps.map(({ state }) => state);
export const undoOf = (run: Run): string[] => run.undo.map(({ id, state }) => `${id} ${state}`);
