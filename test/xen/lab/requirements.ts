import { accessSync, constants } from 'node:fs';
import { totalmem } from 'node:os';
import { LabError } from './lab-error.ts';
import { mustRun } from './process.ts';
import type { Progress } from './progress.ts';

/** Debian's package for each program that the lab runs. */
const PROGRAMS: Readonly<Record<string, string>> = {
  'qemu-system-x86_64': 'qemu-system-x86',
  'qemu-img': 'qemu-utils',
  debootstrap: 'debootstrap',
  ssh: 'openssh-client',
  'ssh-keygen': 'openssh-client',
  mke2fs: 'e2fsprogs',
  xz: 'xz-utils',
  flock: 'util-linux',
};

function onPath(program: string): boolean {
  const directories = `${process.env.PATH ?? ''}:/usr/local/sbin:/usr/sbin:/sbin`.split(':');
  return directories.some((directory) => {
    try {
      accessSync(`${directory || '.'}/${program}`, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** The Debian packages of which a program is missing here. */
export function missingPackages(): string[] {
  const missing = Object.entries(PROGRAMS).filter(([program]) => !onPath(program));
  return [...new Set(missing.map(([, debianPackage]) => debianPackage))].sort();
}

/**
 * Checks what the lab needs of this machine: Linux on x86-64, root, packages, memory. With `install` missing packages
 * are installed by apt-get. Throws one LabError with every reason.
 */
export async function checkRequirements(options: {
  nodes: number;
  nodeMemory: number;
  install: boolean;
  progress: Progress;
}): Promise<void> {
  const reasons: string[] = [];
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    reasons.push(`it runs on Linux on x86-64; this is ${process.platform} on ${process.arch}`);
  }
  const root = process.getuid?.() === 0;
  if (!root) {
    reasons.push(
      'it needs root (debootstrap, device nodes, file owners of the shared directory): run it with sudo',
    );
  }
  let missing = missingPackages();
  if (missing.length > 0 && options.install && root) {
    options.progress(`installing ${missing.join(', ')}`);
    await mustRun('apt-get', ['update', '-q']);
    await mustRun('env', [
      'DEBIAN_FRONTEND=noninteractive',
      'apt-get',
      'install',
      '-q',
      '-y',
      '--no-install-recommends',
      ...missing,
    ]);
    missing = missingPackages();
  }
  if (missing.length > 0) {
    reasons.push(
      `Debian packages are missing: ${missing.join(', ')}; install them (apt-get install ${missing.join(' ')}) or add --install`,
    );
  }
  const needed = (options.nodes * (options.nodeMemory + 300) + 512) * 2 ** 20;
  if (totalmem() < needed) {
    const mebibytes = (bytes: number) => Math.round(bytes / 2 ** 20);
    reasons.push(
      `${options.nodes} nodes need ${mebibytes(needed)} MiB of memory; this machine has ${mebibytes(totalmem())}`,
    );
  }
  if (reasons.length > 0) throw new LabError(`The Xen lab cannot run here:\n  - ${reasons.join('\n  - ')}`);
}
