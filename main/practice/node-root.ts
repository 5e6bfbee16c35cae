/**
 * The root directory of a practice or test node: what a script finds there under VBDESK_ROOT, with stand-ins for xl,
 * losetup and logger in its `bin`. Scripts use `$VBDESK_ROOT/srv/…`, `$VBDESK_ROOT/etc/xen`, and so on.
 */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, realpath, rename, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** Storage directory that all nodes of a practice cluster share. */
export const SHARED_STORAGE = '/srv/ganeti/file-storage';
/**
 * Storage directory of one node alone. It can't lie below /srv/ganeti: that is the one way by which several roots have
 * the same directory without mounts and without the storage directory itself being a symbolic link.
 */
export const LOCAL_STORAGE = '/srv/local-storage';
/** What a practice guest boots: files of no content, but the stand-in wants to see them as xl does. */
export const PRACTICE_KERNEL = '/boot/vmlinuz-practice';
export const PRACTICE_INITRD = '/boot/initrd-practice';
export const PRACTICE_BRIDGE = 'xenbr0';

export type NodeRootOptions = {
  /** Absolute path; made where it is missing. What is there already stays. */
  root: string;
  /** The node's host name. */
  name: string;
  /** Directory of this machine that becomes /srv/ganeti on the node, for several roots to share; else the root's own. */
  sharedStorage?: string;
  /** Logical path of the node's own storage directory; default LOCAL_STORAGE. */
  localStorage?: string;
  /** MiB of the node, 512 of them Domain-0's; default 4096. */
  totalMemory?: number;
  /** Further lines of etc/standin.conf, as in node-bin/standin/state.sh: `create_delay: 0.1`, `stall_destroy: 5`, … */
  settings?: Readonly<Record<string, string | number>>;
  /** Where the stand-ins lie; default: beside this module, or where a built application has them. */
  standIns?: string;
};

/** The directory of the stand-ins, in a checkout and in a built application. */
function findStandIns(): string {
  const here = import.meta.dirname;
  const places = ['node-bin', '../node-bin', '../../main/practice/node-bin', '../main/practice/node-bin'];
  const found = places
    .map((place) => path.join(here, place))
    .find((place) => existsSync(path.join(place, 'xl')));
  if (found === undefined)
    throw new Error(
      `The practice cluster's stand-ins (xl, losetup) are in none of ${places.join(', ')} of ${here}.`,
    );
  return found;
}

/** Replaces a file only where its content is another: guests read their script as they run it. */
async function put(file: string, content: string | Buffer, mode = 0o644): Promise<void> {
  const known = await readFile(file).catch(() => null);
  if (known?.equals(Buffer.from(content))) return;
  const temporary = `${file}.${process.pid}.new`;
  await writeFile(temporary, content, { mode });
  await rename(temporary, file);
}

// readFile and writeFile instead of cp: in a packaged application the source lies inside an archive.
async function copyTree(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const source = path.join(from, entry.name);
    const target = path.join(to, entry.name);
    if (entry.isDirectory()) await copyTree(source, target);
    else await put(target, await readFile(source), 0o755);
  }
}

/** Gives a root a boot id: a new one after this machine itself has booted, for no guest has lived through that. */
async function ensureBootId(root: string): Promise<void> {
  const machine = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => 'unknown')).trim();
  const machineFile = path.join(root, 'machine_boot_id');
  const known = await readFile(machineFile, 'utf8').catch(() => null);
  if (known?.trim() !== machine || !existsSync(path.join(root, 'boot_id'))) {
    await put(path.join(root, 'boot_id'), `${randomUUID()}\n`);
    await put(machineFile, `${machine}\n`);
  }
}

/**
 * Makes a node root, or brings one that is there up to date (its stand-ins, its settings). Guests that run there run on.
 * Throws where the storage directories can't be as asked.
 */
export async function makeNodeRoot(options: NodeRootOptions): Promise<void> {
  const { root, sharedStorage } = options;
  const localStorage = options.localStorage ?? LOCAL_STORAGE;
  if (sharedStorage !== undefined && localStorage.startsWith('/srv/ganeti/')) {
    throw new Error(
      `${localStorage} would be shared, as everything below /srv/ganeti is; use ${LOCAL_STORAGE}.`,
    );
  }
  const inside = (logical: string): string => path.join(root, logical);
  const directories = [
    '/boot /dev /etc/default /etc/xen/auto /run /srv /tmp /var/lib/vbdesk /var/lib/xen/save /var/log/xen/console',
    `/sys/class/net/${PRACTICE_BRIDGE}/bridge`,
    localStorage,
  ].flatMap((line) => line.split(' '));
  for (const directory of directories) await mkdir(inside(directory), { recursive: true });
  if (sharedStorage === undefined) {
    await mkdir(inside(SHARED_STORAGE), { recursive: true });
  } else {
    await mkdir(path.join(sharedStorage, 'file-storage'), { recursive: true });
    const parent = inside('/srv/ganeti');
    if (!existsSync(parent))
      await symlink(path.relative(await realpath(inside('/srv')), await realpath(sharedStorage)), parent);
    if ((await realpath(parent)) !== (await realpath(sharedStorage))) {
      throw new Error(
        `${parent} is not ${sharedStorage}: this node root was made with other shared storage.`,
      );
    }
  }
  await copyTree(options.standIns ?? findStandIns(), inside('/bin'));
  for (const file of [PRACTICE_KERNEL, PRACTICE_INITRD])
    await put(inside(file), 'the practice cluster boots nothing\n');
  await put(inside('/etc/hostname'), `${options.name}\n`);
  const settings = {
    ...(options.totalMemory === undefined ? {} : { total_memory: options.totalMemory }),
    ...options.settings,
  };
  if (Object.keys(settings).length > 0) await writeSettings(root, settings);
  await ensureBootId(root);
}

/** Replaces the stand-in's settings of a root (etc/standin.conf); they hold from the next command on. */
export async function writeSettings(
  root: string,
  settings: Readonly<Record<string, string | number>>,
): Promise<void> {
  const lines = Object.entries(settings).map(([key, value]) => `${key}=${value}\n`);
  await put(path.join(root, 'etc/standin.conf'), lines.join(''));
}

export type Peer = {
  name: string;
  root: string;
  /** a file that is there while that node is switched off */
  down?: string;
};

/** Whom the stand-in for ssh reaches from a root, under which names; for live migration. */
export async function writePeers(root: string, peers: readonly Peer[]): Promise<void> {
  const lines = peers.map((peer) => `${peer.name}\t${peer.root}\t${peer.down ?? ''}\n`);
  await put(path.join(root, 'etc/standin-peers'), lines.join(''));
}

/** The environment of a process that works on a node root. */
export function nodeEnvironment(root: string): Record<string, string> {
  return {
    PATH: `${path.join(root, 'bin')}:/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin`,
    HOME: root,
    LC_ALL: 'C',
    VBDESK_ROOT: root,
  };
}

/** The processes that belong to a node root, this one and its parent never among them. */
export async function processesOf(root: string): Promise<number[]> {
  const line = `VBDESK_ROOT=${root}`;
  const found: number[] = [];
  for (const name of await readdir('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid || pid === process.ppid) continue;
    const environment = await readFile(`/proc/${name}/environ`, 'latin1').catch(() => '');
    if (environment.split('\0').includes(Buffer.from(line).toString('latin1'))) found.push(pid);
  }
  return found;
}

/**
 * Power off: ends everything that runs on a node root, guests and jobs, by SIGKILL, and forgets its domains. The root's
 * files stay as they are. Throws where a process does not end within ten seconds.
 */
export async function stopNodeRoot(root: string): Promise<void> {
  const end = performance.now() + 10_000;
  for (;;) {
    const left = await processesOf(root);
    if (left.length === 0) break;
    if (performance.now() > end)
      throw new Error(`Processes ${left.join(', ')} of the practice node at ${root} do not end.`);
    for (const pid of left) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It ended by itself meanwhile.
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  // The next xl finds a state of no known boot, and begins with none.
  await rm(path.join(root, 'var/lib/xen-standin/boot'), { force: true });
}

/**
 * Power on: a new boot id; then, as Debian's xendomains does, saved domains are restored and those in /etc/xen/auto
 * started, unless etc/default/xendomains of the root says otherwise.
 */
export async function bootNodeRoot(root: string): Promise<void> {
  await put(path.join(root, 'boot_id'), `${randomUUID()}\n`);
  await new Promise<void>((resolve, reject) => {
    const child = spawn('/bin/sh', [path.join(root, 'bin/xendomains'), 'start'], {
      cwd: root,
      env: nodeEnvironment(root),
      stdio: 'ignore',
    });
    child.on('error', reject);
    child.on('close', () => resolve());
  });
}
