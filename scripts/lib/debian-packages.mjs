// Programs that the project needs on the machine, and the Debian packages that bring them.
// Only Node built-ins, nothing newer than Node 18: see bootstrap.mjs.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';

/** One entry per package: a file or program that is there when the package is. */
const packages = {
  chromium: ['chromium'],
  'openssh-server': ['sshd'],
  'openssh-client': ['ssh', 'ssh-keygen', 'ssh-agent'],
  'util-linux': ['flock', 'setsid'],
  procps: ['ps'],
  e2fsprogs: ['mke2fs'],
  'qemu-utils': ['qemu-img', 'qemu-io'],
  'qemu-system-x86': ['qemu-system-x86_64'],
  debootstrap: ['debootstrap'],
  'xz-utils': ['xz'],
  shellcheck: ['shellcheck'],
};

/** What each command needs. `test` is what the rings of `npm test` run beside Node; `xen` is the lab's. */
export const programsFor = {
  test: ['chromium', 'openssh-server', 'openssh-client', 'util-linux', 'procps', 'qemu-utils', 'shellcheck'],
  xen: [
    'openssh-client',
    'util-linux',
    'e2fsprogs',
    'qemu-utils',
    'qemu-system-x86',
    'debootstrap',
    'xz-utils',
  ],
};

/** Those of the named packages of which a program is missing. sbin is searched although it is not on a user's PATH. */
export function missingPackages(names, searchPath = process.env.PATH ?? '') {
  const directories = [...searchPath.split(path.delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin'];
  const there = (program) => directories.some((directory) => existsSync(path.join(directory, program)));
  return names.filter((name) => !isNamedOtherwise(name) && !packages[name].every(there));
}

/** Tests may be told of another Chromium than Debian's. */
function isNamedOtherwise(name) {
  return name === 'chromium' && existsSync(process.env.CHROMIUM ?? '');
}

/**
 * Installs what is missing with apt-get when this is root on a Debian; else throws with the exact command
 * for the administrator of the machine.
 */
export async function installDebianPackages(names) {
  const missing = missingPackages(names);
  if (missing.length === 0) return;
  const install = `apt-get install -y --no-install-recommends ${missing.join(' ')}`;
  const isDebian = existsSync('/usr/bin/apt-get');
  if (!isDebian || process.getuid?.() !== 0) {
    throw new Error(
      isDebian
        ? `These Debian packages are missing: ${missing.join(', ')}. As root, run:\n    apt-get update && ${install}\nthen the same command again.`
        : `These programs are missing; their Debian packages are called: ${missing.join(', ')}. Install your system's packages for them, then run the same command again.`,
    );
  }
  process.stderr.write(`Installing Debian packages: ${missing.join(' ')} …\n`);
  // An outdated list is not fatal by itself: the install says so if it is.
  await aptGet(['update', '-qq']);
  const { code, output } = await aptGet(install.split(' ').slice(1));
  const still = missingPackages(names);
  if (code === 0 && still.length === 0) return;
  throw new Error(
    code === 0
      ? `apt-get ended well, but the programs of ${still.join(', ')} are still not there.`
      : `${install}\nfailed with exit code ${code}. It printed:\n${output.trimEnd().replace(/^/gm, '    ')}`,
  );
}

function aptGet(args) {
  return new Promise((resolve) => {
    let output = '';
    const child = spawn('apt-get', ['-o', 'DPkg::Lock::Timeout=120', ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8');
      stream.on('data', (text) => {
        output += text;
      });
    }
    child.on('error', (error) => resolve({ code: null, output: error.message }));
    child.on('close', (code) => resolve({ code, output }));
  });
}
