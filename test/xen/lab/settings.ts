import { createHash } from 'node:crypto';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LabError } from './lab-error.ts';

/** Where everything of a lab lies on this workstation, and the sizes of its nodes. */
export interface LabSettings {
  /** The lab's own directory, outside of any checkout. */
  directory: string;
  /** The pristine Debian tree and its packages: kept between builds. */
  cache: string;
  /** The built image: xen, vmlinux, initrds, root.raw, local.raw. */
  image: string;
  /** The user key and the nodes' host keys. */
  keys: string;
  keyFile: string;
  /** A known_hosts file with the nodes' keys. */
  knownHosts: string;
  /** Per node: overlay disks, logs, pid. */
  run: string;
  /** Exported to all nodes as /srv/ganeti/file-storage. */
  shared: string;
  /** Monitor and SSH control sockets: their paths must stay below 108 characters. */
  sockets: string;
  /** Node N's SSH port is basePort + N. */
  basePort: number;
  /** MiB of a node, Dom0 included. */
  nodeMemory: number;
  /** MiB of Dom0. */
  dom0Memory: number;
  /** The scripts that build the image. */
  scripts: string;
}

/** Storage directories of the nodes. */
export const SHARED_STORAGE = '/srv/ganeti/file-storage';
export const LOCAL_STORAGE = '/srv/ganeti/local-storage';
/** The tiny guest, on every node. */
export const GUEST_KERNEL = '/boot/xenlab/guest-vmlinux';
export const GUEST_INITRD = '/boot/xenlab/guest-initrd';
/** A bridge that every node has. */
export const GUEST_BRIDGE = 'xenbr0';
export const MAXIMUM_NODES = 3;

function number(environment: NodeJS.ProcessEnv, name: string, fallback: number): number {
  const text = environment[name];
  if (text === undefined || text === '') return fallback;
  const value = Number(text);
  if (!Number.isInteger(value) || value <= 0)
    throw new LabError(`${name} is '${text}': give a whole number.`);
  return value;
}

/**
 * Reads the lab's settings from the environment: VBDESK_LAB (directory; default ~/.cache/vbdesk-xen-lab),
 * VBDESK_LAB_PORT (default 2220), VBDESK_LAB_MEMORY and VBDESK_LAB_DOM0_MEMORY (MiB).
 */
export function labSettings(environment: NodeJS.ProcessEnv = process.env): LabSettings {
  const cacheHome = environment.XDG_CACHE_HOME || join(homedir(), '.cache');
  const directory = environment.VBDESK_LAB || join(cacheHome, 'vbdesk-xen-lab');
  // QEMU splits its options at commas, and its multiboot line at spaces.
  if (!/^\/[A-Za-z0-9._/+@-]+$/.test(directory)) {
    throw new LabError(
      `The lab's directory is '${directory}': give VBDESK_LAB an absolute path of letters, digits and . _ / + @ - only.`,
    );
  }
  const keys = join(directory, 'keys');
  const digest = createHash('sha256').update(directory).digest('hex').slice(0, 8);
  return {
    directory,
    cache: join(directory, 'cache'),
    image: join(directory, 'image'),
    keys,
    keyFile: join(keys, 'id_ed25519'),
    knownHosts: join(keys, 'known_hosts'),
    run: join(directory, 'run'),
    shared: join(directory, 'shared'),
    // Root's own directory where we are root: others can make things in /tmp.
    sockets: join(process.getuid?.() === 0 ? '/run' : tmpdir(), `vbdesk-lab-${digest}`),
    basePort: number(environment, 'VBDESK_LAB_PORT', 2220),
    nodeMemory: number(environment, 'VBDESK_LAB_MEMORY', 2048),
    dom0Memory: number(environment, 'VBDESK_LAB_DOM0_MEMORY', 640),
    scripts: fileURLToPath(new URL('image', import.meta.url)),
  };
}

/** The numbers 1…count, after a check. */
export function nodeNumbers(count: number): number[] {
  if (!Number.isInteger(count) || count < 2 || count > MAXIMUM_NODES) {
    throw new LabError(`The lab has 2 or 3 nodes, not ${count}.`);
  }
  return Array.from({ length: count }, (_, index) => index + 1);
}

export const nodeName = (nodeNumber: number): string => `node${nodeNumber}`;

export const sshPort = (settings: LabSettings, nodeNumber: number): number => settings.basePort + nodeNumber;

/** The UDP port on loopback where node `from` has its end of the cable to node `to`. */
export const cablePort = (settings: LabSettings, from: number, to: number): number =>
  settings.basePort + 10 * from + to;
