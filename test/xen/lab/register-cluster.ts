import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { Lab, LabNode } from './index.ts';
import { LabError } from './lab-error.ts';
import { runProcess } from './process.ts';
import { LOCAL_STORAGE, SHARED_STORAGE } from './settings.ts';

/** The name of the cluster that the lab is in VBDesk. */
export const CLUSTER_NAME = 'lab';

const PROGRAM = fileURLToPath(new URL('../../../bin/vbdesk.mjs', import.meta.url));

const clusterList = z.array(z.looseObject({ name: z.string() }));

/** The command line of `vbdesk` that makes the lab's nodes a cluster. */
export function registrationArguments(nodes: readonly LabNode[]): string[] {
  return [
    ...['cluster', 'init', CLUSTER_NAME],
    ...nodes.flatMap(({ name, host, port }) => ['--node', `${name}=${host}:${port}`]),
    ...['--ssh-user', 'root'],
    ...nodes.slice(0, 1).flatMap(({ keyFile }) => ['--identity', keyFile]),
    ...['--storage-dir', SHARED_STORAGE, '--storage-dir', LOCAL_STORAGE],
    // The lab's nodes are on loopback and their keys were made by us.
    ...['--host-keys', 'accept-new', '--yes'],
  ];
}

function namesIn(json: string): string[] {
  try {
    return clusterList.parse(JSON.parse(json)).map(({ name }) => name);
  } catch {
    return [];
  }
}

/** Nodes whose disks are new know of no cluster, whatever the workstation remembers. */
async function nodesKnowTheirCluster(lab: Pick<Lab, 'nodes' | 'run'>): Promise<boolean> {
  const answers = await Promise.all(
    lab.nodes.map(({ name }) => lab.run(name, 'test -s /var/lib/vbdesk/cluster.json')),
  );
  return answers.every(({ code }) => code === 0);
}

/**
 * Adds the lab as cluster `lab` to a VBDesk configuration directory (the person's own where none is given), by VBDesk's
 * own command line. Returns a sentence for the person; throws a LabError with VBDesk's words where it refuses.
 */
export async function registerCluster(
  lab: Pick<Lab, 'nodes' | 'run'>,
  configDirectory?: string,
): Promise<string> {
  if (!existsSync(PROGRAM)) throw new LabError(`VBDesk's command line ${PROGRAM} is missing.`);
  const where = configDirectory === undefined ? [] : ['--config-dir', configDirectory];
  const vbdesk = (parameters: readonly string[]) =>
    runProcess(process.execPath, [PROGRAM, ...parameters, ...where], { timeout: 300_000 });

  const known = namesIn((await vbdesk(['cluster', 'list', '--json'])).stdout);
  if (known.includes(CLUSTER_NAME) && (await nodesKnowTheirCluster(lab))) {
    return `VBDesk knows the cluster '${CLUSTER_NAME}' already: vbdesk --cluster ${CLUSTER_NAME} node list`;
  }
  const parameters = registrationArguments(lab.nodes);
  const result = await vbdesk(parameters);
  if (result.code !== 0) {
    const said = `${result.stderr}${result.stdout}`.trim();
    throw new LabError(
      `The nodes run, but VBDesk did not take them as a cluster (exit ${result.code ?? result.signal}).\nvbdesk ${[...parameters, ...where].join(' ')}\n${said}`,
    );
  }
  return `VBDesk has the cluster '${CLUSTER_NAME}' now: vbdesk --cluster ${CLUSTER_NAME} node list`;
}
