import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { LabNode } from './index.ts';
import { LabError } from './lab-error.ts';
import { runProcess } from './process.ts';
import { LOCAL_STORAGE, SHARED_STORAGE } from './settings.ts';

/** The name of the cluster that the lab is in VBDesk. */
export const CLUSTER_NAME = 'lab';

const PROGRAM = fileURLToPath(new URL('../../../bin/vbdesk.mjs', import.meta.url));

/** The command line of `vbdesk` that makes the lab's nodes a cluster. */
export function registrationArguments(nodes: readonly LabNode[], configDirectory?: string): string[] {
  return [
    ...['cluster', 'init', CLUSTER_NAME],
    ...nodes.flatMap(({ name, user, host, port }) => ['--node', `${name}=${user}@${host}:${port}`]),
    ...nodes.slice(0, 1).flatMap(({ keyFile }) => ['--identity', keyFile]),
    ...['--storage-dir', SHARED_STORAGE, '--storage-dir', LOCAL_STORAGE],
    // The lab's nodes are on loopback and their keys were made by us.
    ...['--host-keys', 'accept-new', '--yes'],
    ...(configDirectory === undefined ? [] : ['--config-dir', configDirectory]),
  ];
}

/**
 * Adds the lab as cluster `lab` to a VBDesk configuration directory (the person's own where none is given), by VBDesk's
 * own command line. Returns a sentence for the person; throws a LabError with VBDesk's words where it refuses.
 */
export async function registerCluster(nodes: readonly LabNode[], configDirectory?: string): Promise<string> {
  if (!existsSync(PROGRAM)) throw new LabError(`VBDesk's command line ${PROGRAM} is missing.`);
  const list = [
    'cluster',
    'list',
    '--json',
    ...(configDirectory === undefined ? [] : ['--config-dir', configDirectory]),
  ];
  const known = await runProcess(process.execPath, [PROGRAM, ...list], { timeout: 120_000 });
  if (known.code === 0 && known.stdout.includes(JSON.stringify(CLUSTER_NAME))) {
    return `cluster '${CLUSTER_NAME}' is known to VBDesk already`;
  }
  const parameters = registrationArguments(nodes, configDirectory);
  const result = await runProcess(process.execPath, [PROGRAM, ...parameters], { timeout: 300_000 });
  if (result.code !== 0) {
    throw new LabError(
      `The nodes run, but vbdesk ${parameters.join(' ')} failed (exit ${result.code ?? result.signal}):\n${`${result.stderr}${result.stdout}`.trim()}`,
    );
  }
  return `cluster '${CLUSTER_NAME}' is ready: vbdesk --cluster ${CLUSTER_NAME} …`;
}
