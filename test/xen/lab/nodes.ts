import { randomBytes, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { LabError, messageOf } from './lab-error.ts';
import { monitorCommands } from './monitor.ts';
import { waitUntil } from './process.ts';
import type { Progress } from './progress.ts';
import {
  endQemu,
  hasSnapshot,
  monitorSocket,
  nodeIsCurrent,
  nodePid,
  SNAPSHOT,
  serialLog,
  signalQemu,
  startQemu,
} from './qemu.ts';
import { type LabSettings, nodeName, SHARED_STORAGE } from './settings.ts';
import { disconnect, runOnNode } from './ssh.ts';

/** A cold boot takes about half a minute on an idle machine; a busy one gets ten. */
const BOOT_TIMEOUT = 600_000;
/** A running node answers at once, unless it is stuck. */
const ANSWER_TIMEOUT = 60_000;

async function waitReady(
  settings: LabSettings,
  nodeNumber: number,
  timeout: number,
  bootId?: string,
): Promise<void> {
  let said = '';
  const ready = await waitUntil(
    async () => {
      if (nodePid(settings, nodeNumber) === undefined) {
        const log = await readFile(serialLog(settings, nodeNumber), 'utf8').catch(() => '');
        throw new LabError(
          `QEMU of ${nodeName(nodeNumber)} ended by itself. The end of its serial console (${serialLog(settings, nodeNumber)}):\n${log.slice(-1500)}`,
        );
      }
      const command = `/usr/local/sbin/lab-ready ${Math.floor(Date.now() / 1000)} ${bootId ?? ''}`;
      const result = await runOnNode(settings, nodeNumber, command, {
        input: randomBytes(512),
        timeout: 30_000,
        single: true,
      }).catch((error: unknown) => ({ code: 255, stdout: '', stderr: messageOf(error) }));
      said = result.stderr.trim();
      return result.code === 0;
    },
    timeout,
    300,
  );
  if (!ready) {
    const log = await readFile(serialLog(settings, nodeNumber), 'utf8').catch(() => '');
    throw new LabError(
      `${nodeName(nodeNumber)} was not ready within ${timeout / 1000} s (last answer: ${said || 'none'}). The end of its serial console:\n${log.slice(-1500)}`,
    );
  }
}

async function takeSnapshot(settings: LabSettings, nodeNumber: number): Promise<void> {
  // QEMU refuses a snapshot while 9p is mounted; lab-ready mounts it again, now and after each resume.
  const unmounted = await runOnNode(settings, nodeNumber, `umount ${SHARED_STORAGE} && sync`, {
    single: true,
  });
  if (unmounted.code !== 0) {
    throw new LabError(
      `${nodeName(nodeNumber)}: ${SHARED_STORAGE} cannot be unmounted: ${unmounted.stderr.trim()}`,
    );
  }
  const [answer] = await monitorCommands(monitorSocket(settings, nodeNumber), [`savevm ${SNAPSHOT}`]);
  if (answer) throw new LabError(`${nodeName(nodeNumber)}: no snapshot could be taken: ${answer}`);
}

/**
 * Brings a node up. `clean`: from its snapshot (seconds), or by a cold boot on new disks after which the snapshot is
 * taken. `keep`: a cold boot on the disks as they were left, with a boot_id of its own, as after a power failure. A
 * node that already runs is only asked whether it answers, and switched off and on where it does not.
 */
export async function bringUp(
  settings: LabSettings,
  nodeNumber: number,
  mode: 'clean' | 'keep',
  progress: Progress,
): Promise<void> {
  const name = nodeName(nodeNumber);
  if (nodePid(settings, nodeNumber) !== undefined) {
    signalQemu(settings, nodeNumber, 'SIGCONT');
    try {
      await waitReady(settings, nodeNumber, ANSWER_TIMEOUT);
      return;
    } catch (error) {
      progress(`${name} runs but does not answer (${messageOf(error).split('\n')[0]}): switched off and on`);
      await powerCut(settings, nodeNumber);
    }
  }
  const begin = performance.now();
  const took = () => `${((performance.now() - begin) / 1000).toFixed(1)} s`;
  if (mode === 'clean' && (await hasSnapshot(settings, nodeNumber))) {
    try {
      await startQemu(settings, nodeNumber, 'resume');
      await waitReady(settings, nodeNumber, 2 * ANSWER_TIMEOUT, randomUUID());
      progress(`${name} resumed in ${took()}`);
      return;
    } catch (error) {
      progress(`${name}: its snapshot is of no use (${messageOf(error).split('\n')[0]}): cold boot`);
      await powerCut(settings, nodeNumber);
    }
  }
  const how = mode === 'keep' && (await nodeIsCurrent(settings, nodeNumber)) ? 'kept' : 'fresh';
  progress(`${name} boots`);
  await startQemu(settings, nodeNumber, how);
  await waitReady(settings, nodeNumber, BOOT_TIMEOUT);
  progress(`${name} booted in ${took()}`);
  if (how === 'fresh') {
    await takeSnapshot(settings, nodeNumber);
    await waitReady(settings, nodeNumber, ANSWER_TIMEOUT);
    progress(`${name}: snapshot taken, from now on it is up in seconds`);
  }
}

/** A power failure: QEMU is killed. What the node did not sync is lost. */
export async function powerCut(settings: LabSettings, nodeNumber: number): Promise<void> {
  await endQemu(settings, nodeNumber, 'SIGKILL');
  await disconnect(settings, nodeNumber);
}

/** An orderly end: the node's disks are synced first where it answers. */
export async function shutDown(settings: LabSettings, nodeNumber: number): Promise<void> {
  if (nodePid(settings, nodeNumber) === undefined) return;
  signalQemu(settings, nodeNumber, 'SIGCONT');
  await runOnNode(settings, nodeNumber, 'sync', { timeout: 10_000, single: true }).catch(() => undefined);
  await endQemu(settings, nodeNumber, 'SIGTERM');
  await disconnect(settings, nodeNumber);
}
