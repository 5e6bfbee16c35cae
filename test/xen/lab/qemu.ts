import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { builtImageIdentity } from './image.ts';
import { LabError, messageOf } from './lab-error.ts';
import { mustRun, runProcess, waitUntil } from './process.ts';
import { cablePort, type LabSettings, MAXIMUM_NODES, nodeName, sshPort } from './settings.ts';

/** The internal snapshot of a booted, idle node. */
export const SNAPSHOT = 'booted';

const nodeDirectory = (settings: LabSettings, nodeNumber: number): string =>
  join(settings.run, nodeName(nodeNumber));
const pidFile = (settings: LabSettings, nodeNumber: number): string =>
  join(nodeDirectory(settings, nodeNumber), 'pid');
const disk = (settings: LabSettings, nodeNumber: number, which: 'root' | 'local'): string =>
  join(nodeDirectory(settings, nodeNumber), `${which}.qcow2`);
export const serialLog = (settings: LabSettings, nodeNumber: number): string =>
  join(nodeDirectory(settings, nodeNumber), 'serial.log');
export const monitorSocket = (settings: LabSettings, nodeNumber: number): string =>
  join(settings.sockets, `monitor${nodeNumber}`);

/**
 * The command line of a node. Xen is loaded by QEMU's multiboot loader, Dom0's kernel and initrd are its modules; no
 * firmware menu, no boot loader, no partition table.
 */
function qemuArguments(settings: LabSettings, nodeNumber: number): string[] {
  const xen = [
    'com1=115200,8n1 console=com1',
    `dom0_mem=${settings.dom0Memory}M,max:${settings.dom0Memory}M dom0_max_vcpus=1`,
    // Mitigations and watchdogs protect nothing here, and each costs time under emulation.
    'spec-ctrl=no xpti=no pcid=no smep=no smap=no cpuidle=no cpufreq=none iommu=no watchdog=no',
    'no-real-mode edd=off loglvl=info guest_loglvl=warning',
  ].join(' ');
  const dom0 = [
    `console=hvc0 rdinit=/init xenlab.node=${nodeNumber} net.ifnames=0 mitigations=off quiet loglevel=4`,
    'audit=0 selinux=0 apparmor=0 nowatchdog random.trust_cpu=on panic=-1',
  ].join(' ');
  const peers = Array.from({ length: MAXIMUM_NODES }, (_, index) => index + 1).filter(
    (n) => n !== nodeNumber,
  );
  const drive = (which: 'root' | 'local') => [
    '-drive',
    `file=${disk(settings, nodeNumber, which)},if=none,id=${which},format=qcow2,cache=unsafe,discard=unmap`,
    '-device',
    `virtio-blk-pci,drive=${which}`,
  ];
  const card = (id: string, mac: string) => [
    '-device',
    `virtio-net-pci,netdev=${id},mac=52:54:00:77:${mac},romfile=`,
  ];
  const two = (value: number) => String(value).padStart(2, '0');
  return [
    ...['-name', `vbdesk-lab-${nodeName(nodeNumber)}`],
    // KVM, where there is one, breaks a nested Xen of this age; software emulation is the same everywhere.
    ...[
      '-machine',
      'pc,usb=off',
      '-accel',
      'tcg,tb-size=512',
      '-smp',
      '1',
      '-m',
      String(settings.nodeMemory),
    ],
    ...['-cpu', 'qemu64,+rdrand,+aes,+pclmulqdq,+ssse3,+sse4.1,+sse4.2,+popcnt,+fsgsbase,-svm'],
    ...['-nodefaults', '-no-user-config', '-display', 'none'],
    ...['-serial', `file:${serialLog(settings, nodeNumber)}`],
    ...['-monitor', `unix:${monitorSocket(settings, nodeNumber)},server,nowait`],
    ...['-kernel', join(settings.image, 'xen'), '-append', xen],
    ...['-initrd', `${join(settings.image, 'vmlinux')} ${dom0},${join(settings.image, 'dom0-initrd')}`],
    ...drive('root'),
    ...drive('local'),
    // restrict=on: a node reaches nothing outside; only its SSH port is let in, from loopback.
    '-netdev',
    `user,id=outside,restrict=on,hostfwd=tcp:127.0.0.1:${sshPort(settings, nodeNumber)}-:22`,
    ...card('outside', `00:${two(nodeNumber)}`),
    // One cable to each peer: plain UDP, so there is no order of starting and either end may vanish.
    ...peers.flatMap((peer) => [
      '-netdev',
      `socket,id=cable${peer},udp=127.0.0.1:${cablePort(settings, peer, nodeNumber)},localaddr=127.0.0.1:${cablePort(settings, nodeNumber, peer)}`,
      ...card(`cable${peer}`, `${two(nodeNumber)}:${two(peer)}`),
    ]),
    ...['-virtfs', `local,path=${settings.shared},mount_tag=shared,security_model=none,multidevs=remap`],
    ...['-device', 'virtio-rng-pci'],
  ];
}

/** What a node's disks and snapshot belong to: another image, command line or QEMU makes them useless. */
async function nodeIdentity(settings: LabSettings, nodeNumber: number): Promise<string> {
  const version = (await mustRun('qemu-system-x86_64', ['--version'])).split('\n')[0] ?? '';
  const parts = [version, await builtImageIdentity(settings), ...qemuArguments(settings, nodeNumber)];
  return createHash('sha256').update(parts.join('\0')).digest('hex');
}

const identityFile = (settings: LabSettings, nodeNumber: number): string =>
  join(nodeDirectory(settings, nodeNumber), 'identity');

/** Were the node's disks made from the present image, by the present settings? */
export async function nodeIsCurrent(settings: LabSettings, nodeNumber: number): Promise<boolean> {
  const before = await readFile(identityFile(settings, nodeNumber), 'utf8').catch(() => '');
  return before === (await nodeIdentity(settings, nodeNumber));
}

/** The process id of a node's QEMU, undefined where it does not run. Checked against the command line: ids recur. */
export function nodePid(settings: LabSettings, nodeNumber: number): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(pidFile(settings, nodeNumber), 'utf8'), 10);
    const commandLine = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    return commandLine.includes(pidFile(settings, nodeNumber)) ? pid : undefined;
  } catch {
    return undefined;
  }
}

export async function hasSnapshot(settings: LabSettings, nodeNumber: number): Promise<boolean> {
  const root = disk(settings, nodeNumber, 'root');
  if (!existsSync(root) || !(await nodeIsCurrent(settings, nodeNumber))) return false;
  const { stdout } = await runProcess('qemu-img', ['snapshot', '-l', root]);
  return stdout.split('\n').some((line) => line.split(/\s+/).includes(SNAPSHOT));
}

/** Gives a node new, empty overlays. */
async function freshDisks(settings: LabSettings, nodeNumber: number): Promise<void> {
  for (const which of ['root', 'local'] as const) {
    const file = disk(settings, nodeNumber, which);
    await rm(file, { force: true });
    const base = join(settings.image, `${which}.raw`);
    await mustRun('qemu-img', ['create', '-q', '-f', 'qcow2', '-b', base, '-F', 'raw', file]);
  }
  await writeFile(identityFile(settings, nodeNumber), await nodeIdentity(settings, nodeNumber));
}

/**
 * Starts a node's QEMU: `resume` from its snapshot, cold on its `kept` disks, or cold on `fresh` ones. Returns when the
 * process runs in the background, long before its Dom0 answers.
 */
export async function startQemu(
  settings: LabSettings,
  nodeNumber: number,
  how: 'resume' | 'kept' | 'fresh',
): Promise<void> {
  await mkdir(nodeDirectory(settings, nodeNumber), { recursive: true });
  await mkdir(settings.shared, { recursive: true });
  await mkdir(settings.sockets, { recursive: true, mode: 0o700 });
  if (how === 'fresh' || !existsSync(disk(settings, nodeNumber, 'root')))
    await freshDisks(settings, nodeNumber);
  await rm(monitorSocket(settings, nodeNumber), { force: true });
  try {
    await mustRun(
      'qemu-system-x86_64',
      [
        ...qemuArguments(settings, nodeNumber),
        ...['-daemonize', '-pidfile', pidFile(settings, nodeNumber)],
        ...(how === 'resume' ? ['-loadvm', SNAPSHOT] : []),
      ],
      { timeout: 120_000 },
    );
  } catch (error) {
    throw new LabError(`${nodeName(nodeNumber)} cannot be started: ${messageOf(error)}`);
  }
}

/** Sends a signal to a node's QEMU; false where it does not run. */
export function signalQemu(settings: LabSettings, nodeNumber: number, signal: NodeJS.Signals): boolean {
  const pid = nodePid(settings, nodeNumber);
  if (pid === undefined) return false;
  process.kill(pid, signal);
  return true;
}

/** Ends a node's QEMU by `signal` and waits until it is gone. */
export async function endQemu(
  settings: LabSettings,
  nodeNumber: number,
  signal: 'SIGTERM' | 'SIGKILL',
): Promise<void> {
  if (!signalQemu(settings, nodeNumber, signal)) return;
  // A stopped process takes no SIGTERM until it goes on.
  signalQemu(settings, nodeNumber, 'SIGCONT');
  const gone = () => nodePid(settings, nodeNumber) === undefined;
  if (!(await waitUntil(gone, 15_000, 50))) {
    signalQemu(settings, nodeNumber, 'SIGKILL');
    if (!(await waitUntil(gone, 15_000, 50))) {
      throw new LabError(
        `QEMU of ${nodeName(nodeNumber)} (process ${nodePid(settings, nodeNumber)}) does not end.`,
      );
    }
  }
  await rm(pidFile(settings, nodeNumber), { force: true });
  await rm(monitorSocket(settings, nodeNumber), { force: true });
}
