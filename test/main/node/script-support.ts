/** Two clusters of node roots that are alike: VBDesk runs a plan on one, and sh its script on the other. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Cluster } from '../../../core/cluster/schema.ts';
import { membershipPath, storageIdFile } from '../../../core/cluster/schema.ts';
import type { Snapshot } from '../../../core/cluster/snapshot.ts';
import { afterPlan } from '../../../core/draft/after.ts';
import type { CreateIntent, Intent } from '../../../core/plan/intent.ts';
import { makePlan } from '../../../core/plan/make.ts';
import { openReasons, type Plan } from '../../../core/plan/plan.ts';
import { seededRandom } from '../../../core/plan/random.ts';
import { Engine } from '../../../main/engine/engine.ts';
import { Journal } from '../../../main/engine/journal.ts';
import { probeScript, readProbe } from '../../../main/node/probe.ts';
import { planScript } from '../../../main/node/script/plan-script.ts';
import {
  LOCAL_STORAGE,
  makeNodeRoot,
  nodeEnvironment,
  PRACTICE_BRIDGE,
  PRACTICE_INITRD,
  PRACTICE_KERNEL,
  SHARED_STORAGE,
  stopNodeRoot,
} from '../../../main/practice/node-root.ts';
import { putOperatingSystems } from '../../../main/practice/operating-systems.ts';
import { localShell } from '../../support/local-shell.ts';

export const names = ['node1', 'node2', 'node3'] as const;
const takenAt = Date.parse('2026-11-25T12:00:00Z');
const boot = [PRACTICE_KERNEL, PRACTICE_INITRD];

export type Outcome = { code: number; stdout: string; stderr: string };

const cluster: Cluster = {
  version: 1,
  name: 'lab',
  uuid: '6f1b7a52-57c7-4f0b-9c3b-2f6d0a9b1c11',
  kind: 'real',
  nodes: names.map((name) => ({ name, target: { host: name } })),
  storageDirectories: [SHARED_STORAGE, LOCAL_STORAGE],
  hostKeys: 'strict',
};

/** What is no result: who else is on the machine, what the stand-ins for Xen remember, what a script notes of itself. */
const besides =
  /^(bin|boot_id|machine_boot_id|dev|proc|sys|tmp|run|etc\/standin\.conf|var\/log|var\/lib\/xen-standin|var\/lib\/xen|var\/lib\/vbdesk\/(scripts|jobs))(\/|$)/;

export class World {
  readonly directory = mkdtempSync(path.join(tmpdir(), 'vbdesk-script-'));

  static async make(): Promise<World> {
    const world = new World();
    for (const name of names) {
      await makeNodeRoot({
        root: world.root(name),
        name,
        sharedStorage: path.join(world.directory, 'shared'),
        settings: {
          create_delay: 0.05,
          shutdown_delay: 0.05,
          destroy_delay: 0.05,
          loop_linger: 0.1,
          // a guest writes nothing of its own, so that two of them leave the same
          heartbeat: 1000,
        },
      });
      world.put(name, path.join(LOCAL_STORAGE, storageIdFile), `local-${name}\n`);
      world.put(
        name,
        membershipPath,
        `${JSON.stringify({
          version: 1,
          cluster: cluster.name,
          uuid: cluster.uuid,
          generation: 1,
          nodes: names.map((each) => ({ name: each, host: each })),
          storageDirectories: cluster.storageDirectories,
        })}\n`,
      );
    }
    world.put('node1', path.join(SHARED_STORAGE, storageIdFile), 'shared\n');
    await putOperatingSystems(path.join(world.directory, 'shared'));
    return world;
  }

  root(name: string): string {
    return path.join(this.directory, name);
  }

  at(name: string, logical: string): string {
    return path.join(this.root(name), logical);
  }

  put(name: string, logical: string, text: string): void {
    mkdirSync(path.dirname(this.at(name, logical)), { recursive: true });
    writeFileSync(this.at(name, logical), text);
  }

  executable(name: string, logical: string): void {
    chmodSync(this.at(name, logical), 0o755);
  }

  remove(name: string, logical: string): void {
    rmSync(this.at(name, logical));
  }

  /** A command of a node that goes first through this text; the real one is "$0.real". */
  shim(name: string, command: string, text: string): void {
    const file = this.at(name, `bin/${command}`);
    renameSync(file, `${file}.real`);
    writeFileSync(file, `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  }

  unshim(name: string, command: string): void {
    const file = this.at(name, `bin/${command}`);
    renameSync(`${file}.real`, file);
  }

  async snapshot(): Promise<Snapshot> {
    const input = { storageDirectories: cluster.storageDirectories, bootFiles: boot };
    const nodes = [];
    for (const name of names) {
      const { stdout, code } = await localShell(this.root(name)).run(probeScript(input));
      if (code !== 0) throw new Error(`the probe of ${name} ended with ${code}`);
      nodes.push({ name, trouble: null, seenAt: takenAt, facts: readProbe(stdout, input) });
    }
    return { cluster, takenAt, nodes };
  }

  /** The same in each world but for the inodes: of the same chance and the same time. */
  async plan(intent: Intent, run: string): Promise<{ plan: Plan; snapshot: Snapshot }> {
    const snapshot = await this.snapshot();
    return { plan: planOf(snapshot, intent, run), snapshot };
  }

  /** As VBDesk itself does it. */
  async byEngine(intent: Intent, run: string): Promise<void> {
    const { plan } = await this.plan(intent, run);
    const journal = new Journal(path.join(this.directory, 'journal'));
    const engine = new Engine({
      journal,
      access: async () => ({ shells: (node) => localShell(this.root(node)), toolstack: () => 'xl' }),
      onChange: () => undefined,
    });
    await engine.start(plan, 'alice@desk');
    await engine.ended(run);
    const ended = await journal.read(run);
    await engine.close();
    if (ended?.state !== 'done') throw new Error(`the run is ${ended?.state}: ${ended?.problem}`);
  }

  /** The script of a plan, as a file. */
  async script(intent: Intent, run: string): Promise<string> {
    const { plan, snapshot } = await this.plan(intent, run);
    const file = path.join(this.directory, `${run}.sh`);
    writeFileSync(file, planScript([plan], snapshot, takenAt));
    return file;
  }

  /** One script of several plans, each made on what the one before it will leave. */
  async draft(changes: readonly (readonly [Intent, string])[]): Promise<string> {
    const known = await this.snapshot();
    let snapshot = known;
    const plans: Plan[] = [];
    for (const [intent, run] of changes) {
      const plan = planOf(snapshot, intent, run);
      plans.push(plan);
      snapshot = afterPlan(snapshot, plan);
    }
    const file = path.join(this.directory, 'draft.sh');
    writeFileSync(file, planScript(plans, known, takenAt));
    return file;
  }

  /** One command of an administrator, on a node. */
  spawn(node: string, file: string, words: readonly string[]): ChildProcess {
    return spawn('/bin/sh', [file, ...words], {
      cwd: '/',
      env: nodeEnvironment(this.root(node)),
      stdio: 'ignore',
    });
  }

  sh(
    node: string,
    file: string,
    words: readonly string[],
    more: Record<string, string> = {},
  ): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      const child = spawn('/bin/sh', [file, ...words], {
        cwd: '/',
        env: { ...nodeEnvironment(this.root(node)), ...more },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let stdout = '';
      let stderr = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
      child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
      child.on('error', reject);
      child.on('close', (code) => resolve({ code: code ?? -1, stdout, stderr }));
    });
  }

  /** Runs a script as it says itself: each part prints the command for the next one. Returns what the last one printed. */
  async byHand(
    file: string,
    begin: readonly [node: string, ...words: string[]],
    between: (words: readonly string[]) => Promise<void> | void = () => undefined,
    more: Record<string, string> = {},
  ): Promise<Outcome & { ran: string[] }> {
    let words: readonly string[] = begin;
    const ran: string[] = [];
    for (;;) {
      await between(words);
      const outcome = await this.sh(words[0] ?? '', file, words, more);
      ran.push(words.slice(0, 2).join(' '));
      const next = commandIn(outcome.stdout, file);
      if (outcome.code !== 0 || next === null) return { ...outcome, ran };
      words = next;
    }
  }

  /** Every file of every node: its content, but for inodes and for random names of temporary files. */
  tree(): Map<string, string> {
    const found = new Map<string, string>();
    const walk = (top: string, below: string, of: string): void => {
      for (const name of readdirSync(path.join(top, below)).toSorted()) {
        const file = path.join(below, name);
        if (of !== 'shared' && besides.test(file)) continue;
        const full = path.join(top, file);
        const stat = lstatSync(full);
        const key = `${of}:${file}`;
        if (stat.isSymbolicLink()) found.set(key, `link ${readlinkSync(full)}`);
        else if (stat.isDirectory()) {
          found.set(key, `directory ${stat.mode.toString(8)}`);
          walk(top, file, of);
        } else if (stat.size > 1 << 20) {
          // the guest counts in its first blocks how long it runs; nobody else writes there
          const rest = createHash('sha256').update(readFileSync(full).subarray(1 << 20));
          found.set(key, `${stat.mode.toString(8)} ${stat.size} bytes ${rest.digest('hex')}`);
        } else
          found.set(
            key,
            `${stat.mode.toString(8)} ${readFileSync(full, 'utf8').replaceAll(/"inode": ?\d+/g, '"inode": N')}`,
          );
      }
    };
    for (const name of names) walk(this.root(name), '', name);
    walk(path.join(this.directory, 'shared'), '', 'shared');
    return found;
  }

  /** name and flags of the guests on each node */
  async guests(): Promise<string[]> {
    const { nodes } = await this.snapshot();
    return nodes.flatMap(({ name, facts }) =>
      (facts?.domains ?? [])
        .filter(({ domid }) => domid !== 0)
        .map((domain) => `${name}: ${domain.name} ${domain.uuid} ${domain.state} ${domain.memoryMib}`),
    );
  }

  async close(): Promise<void> {
    for (const name of names) await stopNodeRoot(this.root(name));
    rmSync(this.directory, { recursive: true, force: true });
  }
}

const planOf = (snapshot: Snapshot, intent: Intent, run: string): Plan => {
  const plan = makePlan(
    snapshot,
    intent,
    { accept: [], vouched: [] },
    { now: takenAt, who: 'alice@desk', run, random: seededRandom(run) },
  );
  const open = openReasons(plan);
  if (open.length > 0) throw new Error(open.map(({ title, text }) => `${title}: ${text}`).join('\n'));
  return plan;
};

/** The command that a part prints for what follows, as words behind "sh FILE". */
export const commandIn = (text: string, file: string): string[] | null => {
  const line = text.split('\n').findLast((each) => each.includes(`sh ${file} `));
  return line === undefined ? null : (line.split(`sh ${file} `)[1] ?? '').trim().split(' ');
};

export const webIntent = (change: Partial<CreateIntent> = {}): CreateIntent => ({
  kind: 'create',
  name: 'web1.example.org',
  primary: 'node1',
  secondary: 'node2',
  storageDirectory: SHARED_STORAGE,
  driver: 'loop',
  reuse: false,
  disks: [{ size: 2 ** 26, type: 'raw', mode: 'rw' }],
  guest: {
    type: 'pv',
    memoryMib: 128,
    vcpus: 1,
    kernel: PRACTICE_KERNEL,
    ramdisk: PRACTICE_INITRD,
    root: '/dev/xvda',
  },
  nics: [{ bridge: PRACTICE_BRIDGE, mac: null }],
  os: 'none',
  start: true,
  ...change,
});
