import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  makeNodeRoot,
  type NodeRootOptions,
  nodeEnvironment,
  PRACTICE_INITRD,
  PRACTICE_KERNEL,
  stopNodeRoot,
} from '../../main/practice/node-root.ts';

export type ScriptResult = { code: number; stdout: string; stderr: string };

/** Runs a script in the shell of a node root, R being the root. Its processes may outlive it. */
export function runInRoot(root: string, script: string): Promise<ScriptResult> {
  return new Promise((resolve, reject) => {
    const child = spawn('/bin/sh', ['-c', `R=$VBDESK_ROOT\n${script}`], {
      cwd: '/',
      env: nodeEnvironment(root),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', reject);
    // close, not exit: a process that the script left behind may not keep its output open.
    child.on('close', (code) => resolve({ code: code ?? -1, stdout, stderr }));
  });
}

/** A fresh practice node below the system's temporary directory. */
export async function openPracticeNode(options: Partial<NodeRootOptions> = {}) {
  const directory = await mkdtemp(path.join(tmpdir(), 'vbdesk-node-'));
  const root = options.root ?? path.join(directory, 'node1');
  await makeNodeRoot({ name: 'node1', ...options, root });
  return {
    root,
    run: (script: string) => runInRoot(root, script),
    async close() {
      await stopNodeRoot(root);
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Text of a configuration that starts a practice guest. */
export function practiceGuest(name: string, disks: readonly string[], more: readonly string[] = []): string {
  const lines = [
    `name = '${name}'`,
    `uuid = '${randomUUID()}'`,
    "type = 'pv'",
    `kernel = '${PRACTICE_KERNEL}'`,
    `ramdisk = '${PRACTICE_INITRD}'`,
    'memory = 64',
    'vcpus = 1',
    `disk = [${disks.map((disk) => `'${disk}'`).join(', ')}]`,
    ...more,
  ];
  return `${lines.join('\n')}\n`;
}
