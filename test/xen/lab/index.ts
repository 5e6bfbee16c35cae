import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { buildImage, hostPublicKey, imageIsCurrent, writeKnownHosts } from './image.ts';
import { LabError } from './lab-error.ts';
import { takeLock } from './lock.ts';
import { bringUp, powerCut, shutDown } from './nodes.ts';
import { type Progress, progressToStandardError } from './progress.ts';
import { nodeIsCurrent, nodePid, signalQemu } from './qemu.ts';
import { checkRequirements } from './requirements.ts';
import { type LabSettings, labSettings, MAXIMUM_NODES, nodeName, nodeNumbers, sshPort } from './settings.ts';
import { disconnect, type RunResult, runOnNode } from './ssh.ts';

export { GUEST_INITRD, GUEST_KERNEL, LOCAL_STORAGE, SHARED_STORAGE } from './settings.ts';
export type { RunResult } from './ssh.ts';

/** How to reach a node of the lab. */
export interface LabNode {
  /** node1 … node3: also its host name, and its name for the other nodes. */
  name: string;
  number: number;
  host: '127.0.0.1';
  port: number;
  user: 'root';
  /** Private key, without passphrase. */
  keyFile: string;
  /** `ssh-ed25519 AAAA…` */
  hostPublicKey: string;
}

export interface RunOptions {
  /** Standard input of the script; empty where not given. */
  input?: string | Buffer;
  /** Milliseconds; a LabError after that. Default 300 000. */
  timeout?: number;
}

/**
 * Two or three running nodes, held by this process alone until `close`. Nodes are given by name; an unknown name is a
 * LabError, and so is whatever keeps a method from doing what it says.
 */
export interface Lab {
  nodes: LabNode[];
  /** The directory of this machine that all nodes have as /srv/ganeti/file-storage. */
  sharedDirectory: string;
  node(name: string): LabNode;
  /** Runs a /bin/sh script as root over the node's one multiplexed OpenSSH connection. Code 255: no connection. */
  run(node: string, script: string, options?: RunOptions): Promise<RunResult>;
  isPoweredOn(node: string): boolean;
  /** A power failure: the node's QEMU process is killed. */
  powerOff(node: string): Promise<void>;
  /** A cold boot on the disks as they were left; waits until xl answers. About half a minute. */
  powerOn(node: string): Promise<void>;
  /** The node neither runs nor answers, but its connections stand, until `continueProcess`. */
  freezeProcess(node: string): void;
  continueProcess(node: string): void;
  /** xendomains at the node's next boot (restore of saved domains, /etc/xen/auto): on, or off as it is after a reset. */
  enableXendomains(node: string, on: boolean): Promise<void>;
  /** All nodes on and clean: no guest, no loop device, both storage directories and /var/lib/vbdesk empty. */
  reset(): Promise<void>;
  /** All that a guest has said on its consoles on that node, by the domain's name; empty where it never ran. */
  consoleLog(node: string, guest: string): Promise<string>;
  /** Lets go of the lab. The nodes run on, for whoever comes next, unless `powerOff`. */
  close(options?: { powerOff?: boolean }): Promise<void>;
}

export interface EnsureOptions {
  /** 2 or 3. */
  nodes: number;
  /** Shown to whoever waits for the lab meanwhile. */
  purpose?: string;
  progress?: Progress;
  settings?: LabSettings;
  /** Install missing Debian packages; default: VBDESK_LAB_INSTALL=1. */
  install?: boolean;
  /** Nodes that do not run: `clean` (default) or on their disks as they were left, `keep`. */
  mode?: 'clean' | 'keep';
}

/** The nodes' addresses, whether they run or not. Needs keys, so an image must have been built. */
export function labNodes(settings: LabSettings, count: number): Promise<LabNode[]> {
  return Promise.all(
    nodeNumbers(count).map(async (number) => ({
      name: nodeName(number),
      number,
      host: '127.0.0.1' as const,
      port: sshPort(settings, number),
      user: 'root' as const,
      keyFile: settings.keyFile,
      hostPublicKey: await hostPublicKey(settings, number),
    })),
  );
}

async function emptyDirectory(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    await rm(join(directory, name), { recursive: true, force: true });
  }
}

/**
 * Builds the image where it is missing or outdated, brings the nodes up and takes the lab for this process; waits while
 * another process has it. Guests and files of an earlier use stay: call `reset` for a clean start.
 */
export async function ensureLab(options: EnsureOptions): Promise<Lab> {
  const settings = options.settings ?? labSettings();
  const progress = options.progress ?? progressToStandardError();
  const numbers = nodeNumbers(options.nodes);
  await checkRequirements({
    nodes: options.nodes,
    nodeMemory: settings.nodeMemory,
    install: options.install ?? process.env.VBDESK_LAB_INSTALL === '1',
    progress,
  });
  const lock = await takeLock(settings, options.purpose ?? 'a test', progress);
  try {
    if (!(await imageIsCurrent(settings))) {
      await shutDownAll(settings);
      await buildImage(settings, progress);
    }
    await writeKnownHosts(settings);
    // A node too many could run a guest that the tests know nothing of.
    for (let extra = options.nodes + 1; extra <= MAXIMUM_NODES; extra++) await shutDown(settings, extra);
    await settle(
      numbers.map(async (number) => {
        if (nodePid(settings, number) !== undefined && !(await nodeIsCurrent(settings, number))) {
          progress(`${nodeName(number)} runs an older image: switched off`);
          await powerCut(settings, number);
        }
        await bringUp(settings, number, options.mode ?? 'clean', progress);
      }),
    );
    return makeLab(settings, await labNodes(settings, options.nodes), progress, () => lock.release());
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/** Waits for all, then throws the first failure: nothing goes on in the background after an error. */
async function settle(work: readonly Promise<void>[]): Promise<void> {
  for (const result of await Promise.allSettled(work)) {
    if (result.status === 'rejected') throw result.reason;
  }
}

/** Switches every node off in good order. */
export async function shutDownAll(settings: LabSettings): Promise<void> {
  await settle(nodeNumbers(MAXIMUM_NODES).map((number) => shutDown(settings, number)));
}

function makeLab(
  settings: LabSettings,
  nodes: LabNode[],
  progress: Progress,
  release: () => Promise<void>,
): Lab {
  const quiet: Progress = () => undefined;
  const node = (name: string): LabNode => {
    const found = nodes.find((candidate) => candidate.name === name);
    if (found === undefined) {
      throw new LabError(`The lab has ${nodes.map((each) => each.name).join(', ')}, but no '${name}'.`);
    }
    return found;
  };
  const run = (name: string, script: string, options: RunOptions = {}) =>
    runOnNode(settings, node(name).number, script, { timeout: 300_000, ...options });

  return {
    nodes,
    sharedDirectory: settings.shared,
    node,
    run,
    isPoweredOn: (name) => nodePid(settings, node(name).number) !== undefined,
    powerOff: (name) => powerCut(settings, node(name).number),
    powerOn: (name) => bringUp(settings, node(name).number, 'keep', quiet),
    freezeProcess(name) {
      if (!signalQemu(settings, node(name).number, 'SIGSTOP')) throw new LabError(`${name} is switched off.`);
    },
    continueProcess(name) {
      if (!signalQemu(settings, node(name).number, 'SIGCONT')) throw new LabError(`${name} is switched off.`);
    },
    async enableXendomains(name, on) {
      const result = await run(name, `${on ? 'touch' : 'rm -f'} /etc/xenlab/xendomains && sync`);
      if (result.code !== 0) throw new LabError(`${name}: ${result.stderr.trim()}`);
    },
    async reset() {
      const dirty: number[] = [];
      await settle(
        nodes.map(async ({ number, name }) => {
          if (nodePid(settings, number) === undefined) {
            dirty.push(number);
            return;
          }
          signalQemu(settings, number, 'SIGCONT');
          const result = await runOnNode(settings, number, '/usr/local/sbin/lab-reset', {
            timeout: 120_000,
          }).catch((error: unknown) => ({ code: 1, stderr: String(error) }));
          if (result.code === 0) return;
          progress(`${name} does not become clean (${result.stderr.trim()}): resumed from its snapshot`);
          await powerCut(settings, number);
          dirty.push(number);
        }),
      );
      await emptyDirectory(settings.shared);
      await settle(dirty.map((number) => bringUp(settings, number, 'clean', quiet)));
    },
    async consoleLog(name, guest) {
      // xenconsoled names the file after the domain's name at its creation.
      const result = await run(name, 'cat -- "/var/log/xen/console/guest-$(cat).log" 2>/dev/null', {
        input: guest,
      });
      return result.stdout;
    },
    async close(options = {}) {
      try {
        await settle(
          nodes.map(async ({ number }) => {
            signalQemu(settings, number, 'SIGCONT');
            if (options.powerOff) await shutDown(settings, number);
            await disconnect(settings, number);
          }),
        );
      } finally {
        await release();
      }
    },
  };
}
