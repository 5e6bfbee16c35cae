import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { chmod, glob, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { createGunzip } from 'node:zlib';
import { cutSignature, unpackKernel } from './kernel.ts';
import { LabError } from './lab-error.ts';
import { mustRun } from './process.ts';
import type { Progress } from './progress.ts';
import { type LabSettings, MAXIMUM_NODES, sshPort } from './settings.ts';

const sha256 = (parts: readonly (string | Buffer)[]): string => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part).update('\0');
  return hash.digest('hex').slice(0, 16);
};

const readText = (file: string): Promise<string> => readFile(file, 'utf8').catch(() => '');

/** What the pristine tree is made by. */
async function treeIdentity(settings: LabSettings): Promise<string> {
  return sha256([await readFile(join(settings.scripts, 'bootstrap.sh'))]);
}

/** What the image is made of: every script and file of image/, the tree, the keys, the code that unpacks the kernel. */
async function imageIdentity(settings: LabSettings): Promise<string> {
  const files: string[] = [];
  for await (const entry of glob('**/*', { cwd: settings.scripts, withFileTypes: true })) {
    if (entry.isFile()) files.push(join(entry.parentPath, entry.name));
  }
  files.sort();
  const contents = await Promise.all(files.map((file) => readFile(file)));
  const names = files.map((file) => file.slice(settings.scripts.length));
  const keys = await Promise.all(keyNames().map((name) => readText(join(settings.keys, `${name}.pub`))));
  const code = await readFile(fileURLToPath(new URL('kernel.ts', import.meta.url)));
  return sha256([await treeIdentity(settings), ...names, ...contents, ...keys, code]);
}

const keyNames = (): string[] => [
  'id_ed25519',
  ...Array.from({ length: MAXIMUM_NODES }, (_, index) => `host${index + 1}`),
];

/** Makes the missing keys. */
async function ensureKeys(settings: LabSettings): Promise<void> {
  await mkdir(settings.keys, { recursive: true });
  await chmod(settings.keys, 0o700);
  for (const name of keyNames()) {
    const file = join(settings.keys, name);
    if (!existsSync(file)) {
      await mustRun('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', `vbdesk-lab-${name}`, '-f', file]);
    }
  }
}

/** The known_hosts file of the nodes, whose ports may have changed since the image was built. */
export async function writeKnownHosts(settings: LabSettings): Promise<void> {
  const lines = await Promise.all(
    Array.from({ length: MAXIMUM_NODES }, async (_, index) => {
      const key = await hostPublicKey(settings, index + 1);
      return `[127.0.0.1]:${sshPort(settings, index + 1)} ${key}\n`;
    }),
  );
  await writeFile(settings.knownHosts, lines.join(''));
}

/** The host key of a node, `ssh-ed25519 AAAA…`. */
export async function hostPublicKey(settings: LabSettings, nodeNumber: number): Promise<string> {
  const text = await readFile(join(settings.keys, `host${nodeNumber}.pub`), 'utf8');
  return text.trim().split(/\s+/).slice(0, 2).join(' ');
}

async function bootstrap(settings: LabSettings, progress: Progress): Promise<void> {
  const tree = join(settings.cache, 'tree');
  const stamp = join(settings.cache, 'tree.id');
  const identity = await treeIdentity(settings);
  if (existsSync(tree) && (await readText(stamp)) === identity) return;
  await rm(stamp, { force: true });
  progress('1/4 Debian 12 with Xen 4.17: fetching and unpacking packages (a few minutes, once)');
  const log = join(settings.cache, 'debootstrap.log');
  let last = '';
  const tell = async (): Promise<void> => {
    const lines = (await readText(log)).trimEnd().split('\n');
    const line = lines.at(-1) ?? '';
    if (line !== last) progress(`    ${line.replace(/^I: /, '').slice(0, 90)}`);
    last = line;
  };
  const ticker = setInterval(() => void tell(), 5000);
  try {
    await mustRun('sh', [
      join(settings.scripts, 'bootstrap.sh'),
      tree,
      join(settings.cache, 'packages'),
      log,
    ]);
  } finally {
    clearInterval(ticker);
  }
  for await (const file of glob('**/*.ko', { cwd: join(tree, 'lib/modules') })) {
    await cutSignature(join(tree, 'lib/modules', file));
  }
  await writeFile(stamp, identity);
}

async function fileNamed(directory: string, pattern: RegExp): Promise<string> {
  const found = (await readdir(directory)).find((name) => pattern.test(name));
  if (found === undefined) throw new LabError(`${directory} has no file ${pattern.source}.`);
  return join(directory, found);
}

/** Is the image there, and made by the scripts as they are now? */
export async function imageIsCurrent(settings: LabSettings): Promise<boolean> {
  const stamp = await readText(join(settings.image, 'id'));
  return stamp !== '' && stamp === (await imageIdentity(settings));
}

/** The identity of the built image: overlays and snapshots belong to one. Empty where there is none. */
export const builtImageIdentity = (settings: LabSettings): Promise<string> =>
  readText(join(settings.image, 'id'));

/**
 * Builds what is missing of keys, tree and image. No node may run meanwhile (the caller holds the lab's lock and has
 * stopped them when `imageIsCurrent` said no).
 */
export async function buildImage(settings: LabSettings, progress: Progress): Promise<void> {
  await mkdir(settings.cache, { recursive: true });
  await ensureKeys(settings);
  if (await imageIsCurrent(settings)) return;
  await bootstrap(settings, progress);

  const tree = join(settings.cache, 'tree');
  const output = `${settings.image}.new`;
  await rm(output, { recursive: true, force: true });
  await mkdir(output, { recursive: true });
  progress('2/4 hypervisor and kernel, unpacked');
  const xen = await fileNamed(join(tree, 'boot'), /^xen-4\.17-amd64\.gz$/);
  await pipeline(createReadStream(xen), createGunzip(), createWriteStream(join(output, 'xen')));
  await unpackKernel(await fileNamed(join(tree, 'boot'), /^vmlinuz-/), join(output, 'vmlinux'));
  progress('3/4 the initrds of Dom0 and of the tiny guest');
  await mustRun('sh', [join(settings.scripts, 'initrd.sh'), tree, output]);
  progress('4/4 the nodes’ disks');
  await mustRun('sh', [join(settings.scripts, 'assemble.sh'), tree, output, settings.keys]);
  await writeFile(join(output, 'id'), await imageIdentity(settings));
  await rm(settings.image, { recursive: true, force: true });
  await rename(output, settings.image);
  const { blocks } = await stat(join(settings.image, 'root.raw'));
  progress(`image built in ${settings.image} (root disk ${Math.round(blocks / 2048)} MiB)`);
}
