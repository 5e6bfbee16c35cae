import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type ProcessOptions, type ProcessResult, runProcess } from './process.ts';
import { type LabSettings, sshPort } from './settings.ts';

/** What a script on a node came to; code 255 is ssh's own failure (no connection). */
export interface RunResult {
  code: number;
  stdout: string;
  stderr: string;
}

const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

const controlSocket = (settings: LabSettings, nodeNumber: number): string =>
  join(settings.sockets, `ssh${nodeNumber}`);

function baseArguments(settings: LabSettings, nodeNumber: number): string[] {
  const options = {
    // Nothing of the person's own configuration has a part in this.
    IdentitiesOnly: 'yes',
    IdentityAgent: 'none',
    UserKnownHostsFile: settings.knownHosts,
    GlobalKnownHostsFile: '/dev/null',
    StrictHostKeyChecking: 'yes',
    BatchMode: 'yes',
    LogLevel: 'ERROR',
    ConnectTimeout: '30',
  };
  return [
    ...['-F', '/dev/null', '-i', settings.keyFile, '-p', String(sshPort(settings, nodeNumber))],
    ...Object.entries(options).flatMap(([key, value]) => ['-o', `${key}=${value}`]),
  ];
}

/**
 * Runs a /bin/sh script on a node as root, over the node's one multiplexed connection (or, with `single`, over one of
 * its own: while a node boots there is nothing to share yet).
 */
export async function runOnNode(
  settings: LabSettings,
  nodeNumber: number,
  script: string,
  options: ProcessOptions & { single?: boolean } = {},
): Promise<RunResult> {
  const sharing = options.single
    ? ['-o', 'ControlPath=none', '-o', 'ConnectTimeout=5']
    : [
        ...['-o', 'ControlMaster=auto', '-o', `ControlPath=${controlSocket(settings, nodeNumber)}`],
        ...['-o', 'ControlPersist=120'],
      ];
  const parameters = [...sharing, ...baseArguments(settings, nodeNumber), 'root@127.0.0.1'];
  const result: ProcessResult = await runProcess(
    'ssh',
    [...parameters, `exec /bin/sh -c ${quote(script)}`],
    options,
  );
  return { code: result.code ?? 255, stdout: result.stdout, stderr: result.stderr };
}

/** Ends the multiplexed connection to a node, if there is one. */
export async function disconnect(settings: LabSettings, nodeNumber: number): Promise<void> {
  const socket = controlSocket(settings, nodeNumber);
  if (!existsSync(socket)) return;
  await runProcess('ssh', ['-O', 'exit', '-o', `ControlPath=${socket}`, 'root@127.0.0.1'], {
    timeout: 5000,
  }).catch(() => undefined);
  await rm(socket, { force: true });
}
