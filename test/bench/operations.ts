/** Create, start, failover and remove: through VBDesk, and the same commands typed by hand over one OpenSSH connection. */
import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Intent } from '../../core/plan/intent.ts';
import { type AppDesk, createDesk } from '../../main/desk/desk.ts';
import { PRACTICE_INITRD, PRACTICE_KERNEL, SHARED_STORAGE } from '../../main/practice/node-root.ts';
import { type BenchNode, clusterOf, writeKnownHosts } from './nodes.ts';
import { median, milliseconds, seconds, table } from './table.ts';

const execute = promisify(execFile);
const operations = ['create', 'start', 'failover', 'remove'] as const;
type Operation = (typeof operations)[number];
/** ms, one for each round */
type Times = Record<Operation, number[]>;
/** `looks`: ms of it until the first step: the plan for review, and the same made afresh, each from a probe of all nodes */
type OurTimes = { whole: Times; looks: Times; steps: Record<Operation, number> };
type Run = (intent: Intent) => Promise<{ looks: number; steps: number }>;
/** One round of one way, which notes its times. */
type Round = (name: string) => Promise<void>;

const noTimes = (): Times => ({ create: [], start: [], failover: [], remove: [] });

const timed = async <T>(list: number[], work: () => Promise<T>): Promise<T> => {
  const began = performance.now();
  const result = await work();
  list.push(performance.now() - began);
  return result;
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
const run = async (desk: AppDesk, intent: Intent): Promise<{ looks: number; steps: number }> => {
  const began = performance.now();
  const approval = { accept: intent.kind === 'remove' ? [`purge:${intent.instance}`] : [], vouched: [] };
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
  const looks = performance.now() - began;
  await desk.ended(plan.run);
  const ended = await desk.call('run.get', { run: plan.run });
  if (!ended.ok || ended.value.state !== 'done')
    throw new Error(ended.ok ? ended.value.problem : ended.error.message);
  return { looks, steps: plan.steps.length };
};

const throughVbdesk =
  (perform: Run, times: OurTimes): Round =>
  async (name) => {
    const measure = async (operation: Operation, intent: Intent): Promise<void> => {
      const { looks, steps } = await timed(times.whole[operation], () => perform(intent));
      times.looks[operation].push(looks);
      times.steps[operation] = steps;
    };
    await measure('create', createIntent(name));
    // biome-ignore lint/suspicious/noThenProperty: a word of the intent, never a function
    await perform({ kind: 'stop', instance: name, timeoutSeconds: 60, then: 'force' });
    await measure('start', { kind: 'start', instance: name });
    await measure('failover', { kind: 'failover', instance: name, target: 'node2', timeoutSeconds: 60 });
    await measure('remove', { kind: 'remove', instance: name, purge: true, timeoutSeconds: 60 });
  };

/** One master connection for each node; every command is an ssh call of its own over it, as a person types them. */
const byHand = async (
  directory: string,
  nodes: readonly BenchNode[],
  times: Times,
): Promise<{ round: Round; close: () => Promise<void> }> => {
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
  const round = async (name: string): Promise<void> => {
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
  };
  const close = async (): Promise<void> => {
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
  };
  return { round, close };
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
    const ours: OurTimes = {
      whole: noTimes(),
      looks: noTimes(),
      steps: { create: 0, start: 0, failover: 0, remove: 0 },
    };
    const theirs = noTimes();
    const hand = await byHand(path.join(directory, 'hand'), nodes, theirs);
    const desks = throughVbdesk((intent) => run(desk, intent), ours);
    // in turn, so that whatever else this machine does falls on both
    for (let round = 1; round <= rounds; round += 1) {
      await desks(`desk${round}`);
      await hand.round(`hand${round}`);
    }
    await hand.close();
    return table(
      ['operation', 'VBDesk', 'by hand', 'ratio', 'of it: two looks at all nodes', 'steps', 'one step'],
      operations.map((each) => {
        const whole = median(ours.whole[each]);
        const looks = median(ours.looks[each]);
        const typed = median(theirs[each]);
        const steps = ours.steps[each];
        return [
          each,
          seconds(whole),
          seconds(typed),
          `x ${(whole / typed).toFixed(1)}`,
          seconds(looks),
          String(steps),
          milliseconds((whole - looks) / steps),
        ];
      }),
    );
  } finally {
    await desk.close();
  }
};
