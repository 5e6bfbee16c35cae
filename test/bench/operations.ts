/** Create, start, failover and remove: through VBDesk, and the same commands typed by hand over one OpenSSH connection. */
import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Intent } from '../../core/plan/intent.ts';
import { type AppDesk, createDesk } from '../../main/desk/desk.ts';
import { PRACTICE_INITRD, PRACTICE_KERNEL, SHARED_STORAGE } from '../../main/practice/node-root.ts';
import { type BenchNode, clusterOf, writeKnownHosts } from './nodes.ts';
import { median, seconds, table } from './table.ts';

const execute = promisify(execFile);
const operations = ['create', 'start', 'failover', 'remove'] as const;
type Operation = (typeof operations)[number];
type Times = Record<Operation, number[]>;

const noTimes = (): Times => ({ create: [], start: [], failover: [], remove: [] });

const timed = async (list: number[], work: () => Promise<void>): Promise<void> => {
  const began = performance.now();
  await work();
  list.push(performance.now() - began);
};

const createIntent = (name: string): Intent => ({
  kind: 'create',
  name,
  primary: 'node1',
  secondary: 'node2',
  storageDirectory: SHARED_STORAGE,
  driver: 'loop',
  reuse: false,
  disks: [{ size: 2 ** 30, type: 'raw', mode: 'rw' }],
  guest: { type: 'pv', memoryMib: 128, vcpus: 1, kernel: PRACTICE_KERNEL, ramdisk: PRACTICE_INITRD },
  nics: [],
  os: 'none',
  start: true,
});

/** Reviewed and run, as the CLI does it with --yes. */
const run = async (desk: AppDesk, intent: Intent): Promise<void> => {
  const approval = { accept: [], vouched: [] };
  const made = await desk.call('plan.make', { cluster: 'bench', intent, approval, fresh: true });
  if (!made.ok) throw new Error(made.error.message);
  const { plan, fingerprint } = made.value;
  const started = await desk.call('run.start', {
    cluster: 'bench',
    intent,
    approval,
    run: plan.run,
    fingerprint,
  });
  if (!started.ok) throw new Error(started.error.message);
  await desk.ended(plan.run);
  const ended = await desk.call('run.get', { run: plan.run });
  if (!ended.ok || ended.value.state !== 'done')
    throw new Error(ended.ok ? ended.value.problem : ended.error.message);
};

const throughVbdesk = async (desk: AppDesk, names: readonly string[]): Promise<Times> => {
  const times = noTimes();
  for (const name of names) {
    await timed(times.create, () => run(desk, createIntent(name)));
    // biome-ignore lint/suspicious/noThenProperty: a word of the intent, never a function
    await run(desk, { kind: 'stop', instance: name, timeoutSeconds: 60, then: 'force' });
    await timed(times.start, () => run(desk, { kind: 'start', instance: name }));
    await timed(times.failover, () =>
      run(desk, { kind: 'failover', instance: name, target: 'node2', timeoutSeconds: 60 }),
    );
    await timed(times.remove, () =>
      run(desk, { kind: 'remove', instance: name, purge: true, timeoutSeconds: 60 }),
    );
  }
  return times;
};

/** One master connection for each node; every command is an ssh call of its own over it, as a person types them. */
const byHand = async (
  directory: string,
  nodes: readonly BenchNode[],
  names: readonly string[],
): Promise<Times> => {
  await mkdir(directory, { recursive: true });
  const ssh = async (node: BenchNode | undefined, command: string, master = false): Promise<void> => {
    if (!node) throw new Error('no such node');
    const { sshd } = node;
    await execute('ssh', [
      '-F',
      'none',
      '-S',
      path.join(directory, `${node.name}.socket`),
      '-o',
      `ControlMaster=${master ? 'yes' : 'no'}`,
      '-o',
      'ControlPersist=60',
      '-o',
      'StrictHostKeyChecking=no',
      '-o',
      'UserKnownHostsFile=/dev/null',
      '-o',
      'LogLevel=ERROR',
      '-o',
      'IdentitiesOnly=yes',
      '-i',
      sshd.clientKeyFile,
      '-p',
      String(sshd.port),
      `${sshd.user}@${sshd.host}`,
      `PATH=$VBDESK_ROOT/bin:$PATH; cd "$VBDESK_ROOT${SHARED_STORAGE}" && ${command}`,
    ]);
  };
  const [first, second] = nodes;
  for (const node of [first, second]) await ssh(node, 'true', true);
  const stop = (name: string): string =>
    `xl shutdown ${name}; while xl domid ${name} >/dev/null 2>&1; do sleep 0.05; done`;
  const times = noTimes();
  for (const name of names) {
    await timed(times.create, async () => {
      await ssh(first, `mkdir ${name}`);
      await ssh(first, `truncate -s 1G ${name}/sda`);
      await ssh(
        first,
        `printf '%s\\n' 'name = "${name}"' 'type = "pv"' 'kernel = "${PRACTICE_KERNEL}"' 'ramdisk = "${PRACTICE_INITRD}"' 'memory = 128' 'vcpus = 1' 'disk = ["file:${SHARED_STORAGE}/${name}/sda,xvda,w"]' > ${name}/xen.cfg`,
      );
      await ssh(first, `xl create ${name}/xen.cfg`);
    });
    await ssh(first, stop(name));
    await timed(times.start, () => ssh(first, `xl create ${name}/xen.cfg`));
    await timed(times.failover, async () => {
      await ssh(first, stop(name));
      await ssh(second, `xl create ${name}/xen.cfg`);
    });
    await timed(times.remove, async () => {
      await ssh(second, stop(name));
      await ssh(second, `rm -r ${name}`);
    });
  }
  for (const node of [first, second])
    if (node)
      await execute('ssh', [
        '-F',
        'none',
        '-S',
        path.join(directory, `${node.name}.socket`),
        '-O',
        'exit',
        node.sshd.host,
      ]).catch(() => undefined);
  return times;
};

export const benchOperations = async (
  directory: string,
  nodes: readonly BenchNode[],
  rounds: number,
): Promise<string> => {
  const configDirectory = path.join(directory, 'config');
  await writeKnownHosts(path.join(configDirectory, 'known_hosts'), nodes);
  const desk = await createDesk({
    configDirectory,
    sshConfig: { binary: null, environment: { HOME: directory } },
  });
  try {
    const cluster = clusterOf(nodes, [SHARED_STORAGE]);
    await run(desk, {
      kind: 'cluster-init',
      name: 'bench',
      nodes: cluster.nodes,
      storageDirectories: cluster.storageDirectories,
      hostKeys: 'strict',
    });
    const names = (prefix: string): string[] =>
      Array.from({ length: rounds }, (_, index) => `${prefix}${index + 1}`);
    const ours = await throughVbdesk(desk, names('desk'));
    const theirs = await byHand(path.join(directory, 'hand'), nodes, names('hand'));
    return table(
      ['operation', 'VBDesk', 'by hand', 'ratio'],
      operations.map((each) => {
        const a = median(ours[each]);
        const b = median(theirs[each]);
        return [each, seconds(a), seconds(b), `x ${(a / b).toFixed(1)}`];
      }),
    );
  } finally {
    await desk.close();
  }
};
