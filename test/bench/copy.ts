/**
 * A sparse image of 100 GiB that holds 50 MiB, from one node to another: through VBDesk, straight and through this workstation,
 * and by hand with `tar -S | ssh | tar`, which compares nothing. The ssh between the nodes is OpenSSH in every case.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, open, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Run } from '../../core/plan/run.ts';
import { createDesk } from '../../main/desk/desk.ts';
import { LOCAL_STORAGE } from '../../main/practice/node-root.ts';
import { type BenchNode, clusterOf, writeKnownHosts } from './nodes.ts';
import { median, seconds, table, volume } from './table.ts';

const execute = promisify(execFile);
const gib = 2 ** 30;
const mib = 2 ** 20;
const length = 100 * gib;
const pieces = 50;

/** 50 pieces of 1 MiB, all over the image; each ends within a block. */
const makeImage = async (file: string): Promise<void> => {
  await mkdir(path.dirname(file), { recursive: true });
  const handle = await open(file, 'w');
  await handle.truncate(length);
  const distance = Math.floor(length / pieces / 4096) * 4096;
  for (let piece = 0; piece < pieces; piece += 1)
    await handle.write(randomBytes(mib), 0, mib, piece * distance);
  await handle.sync();
  await handle.close();
};

const allocated = async (file: string): Promise<number> => (await stat(file)).blocks * 512;

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** What `ssh NAME` on a node means: the other nodes' sshd, as an administrator's configuration would say it. */
const configureSsh = async (root: string, nodes: readonly BenchNode[], known: string): Promise<string> => {
  const file = path.join(root, 'etc/bench_ssh_config');
  await writeFile(
    file,
    nodes
      .map(
        ({ name, sshd }) =>
          `Host ${name}\n  HostName ${sshd.host}\n  Port ${sshd.port}\n  User ${sshd.user}\n  IdentityFile ${sshd.clientKeyFile}\n  IdentitiesOnly yes\n  UserKnownHostsFile ${known}\n`,
      )
      .join(''),
  );
  return file;
};

const putSsh = async (root: string, text: string): Promise<void> =>
  writeFile(path.join(root, 'bin/ssh'), `#!/bin/sh\n${text}\n`, { mode: 0o755 });

export const benchCopy = async (
  directory: string,
  nodes: readonly BenchNode[],
  rounds: number,
): Promise<string> => {
  const [first, second] = nodes;
  if (!first || !second) throw new Error('two nodes are needed');
  const configDirectory = path.join(directory, 'copy-config');
  const known = path.join(configDirectory, 'known_hosts');
  await writeKnownHosts(known, nodes);
  const { stdout: real } = await execute('/bin/sh', ['-c', 'command -v ssh']);
  const ssh = `exec ${real.trim()} -F ${quoted(await configureSsh(first.root, nodes, known))} "$@"`;
  const from = `${LOCAL_STORAGE}/bench/sda`;
  const source = path.join(first.root, from);
  await makeImage(source);
  const desk = await createDesk({
    configDirectory,
    sshConfig: { binary: null, environment: { HOME: directory } },
  });
  const approval = { accept: ['overcommit'], vouched: [] };
  const runIntent = async (intent: Run['plan']['intent']): Promise<Run> => {
    const made = await desk.call('plan.make', { cluster: 'bench-copy', intent, approval, fresh: true });
    if (!made.ok) throw new Error(made.error.message);
    const { plan, fingerprint } = made.value;
    const refused = plan.reasons.filter((each) => each.severity === 'blocks');
    if (refused.length > 0) throw new Error(refused.map((each) => each.text).join(' '));
    const started = await desk.call('run.start', {
      cluster: 'bench-copy',
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
    return ended.value;
  };
  type Way = { name: string; whole: number[]; copy: number[]; taken: number };
  const ways: Record<'straight' | 'workstation' | 'hand' | 'dense', Way> = {
    straight: { name: 'VBDesk, straight', whole: [], copy: [], taken: 0 },
    workstation: { name: 'VBDesk, through here', whole: [], copy: [], taken: 0 },
    hand: { name: 'tar -S | ssh | tar', whole: [], copy: [], taken: 0 },
    dense: { name: '50 MiB alone: cat | ssh | cat', whole: [], copy: [], taken: 0 },
  };
  try {
    const cluster = { ...clusterOf(nodes.slice(0, 2), [LOCAL_STORAGE]), name: 'bench-copy' };
    await runIntent({
      kind: 'cluster-init',
      name: 'bench-copy',
      nodes: cluster.nodes,
      storageDirectories: cluster.storageDirectories,
      hostKeys: 'strict',
    });
    for (let round = 1; round <= rounds; round += 1) {
      for (const way of ['straight', 'workstation'] as const) {
        await putSsh(first.root, way === 'straight' ? ssh : 'exit 255');
        const to = `${LOCAL_STORAGE}/${way}${round}/sda`;
        const began = performance.now();
        const run = await runIntent({
          kind: 'copy-image',
          from: { node: first.name, path: from },
          to: { node: second.name, path: to },
        });
        ways[way].whole.push(performance.now() - began);
        const at = run.plan.steps.findIndex((step) => step.action.do === 'copy-image');
        const step = run.steps[at];
        ways[way].copy.push((step?.endedAt ?? 0) - (step?.startedAt ?? 0));
        if (!step?.output.includes(way === 'straight' ? ' sent straight ' : 'through this workstation'))
          throw new Error(`not ${way}: ${step?.output}`);
        ways[way].taken = await allocated(path.join(second.root, to));
        await rm(path.dirname(path.join(second.root, to)), { recursive: true });
      }
      await putSsh(first.root, ssh);
      const target = path.join(second.root, LOCAL_STORAGE, `hand${round}`);
      await mkdir(target);
      const shell = async (command: string): Promise<number> => {
        const began = performance.now();
        await execute('/bin/sh', ['-c', command]);
        return performance.now() - began;
      };
      const far = `${quoted(path.join(first.root, 'bin/ssh'))} ${second.name}`;
      const typed = await shell(
        `tar -C ${quoted(path.dirname(source))} -cSf - sda | ${far} ${quoted(`tar -C ${quoted(target)} -xSf - && sync ${quoted(path.join(target, 'sda'))}`)}`,
      );
      ways.hand.whole.push(typed);
      ways.hand.copy.push(typed);
      ways.hand.taken = await allocated(path.join(target, 'sda'));
      const alone = await shell(
        `head -c ${pieces * mib} /dev/urandom | ${far} ${quoted(`cat > ${quoted(path.join(target, 'alone'))}; sync ${quoted(path.join(target, 'alone'))}`)}`,
      );
      ways.dense.whole.push(alone);
      ways.dense.copy.push(alone);
      ways.dense.taken = await allocated(path.join(target, 'alone'));
      await rm(target, { recursive: true });
    }
    const hand = median(ways.hand.copy);
    return table(
      ['100 GiB sparse, 50 MiB of data', 'copy', 'ratio to tar', 'with plan and locks', 'allocated there'],
      Object.values(ways).map(({ name, whole, copy, taken }) => [
        name,
        seconds(median(copy)),
        `x ${(median(copy) / hand).toFixed(1)}`,
        seconds(median(whole)),
        volume(taken),
      ]),
    ).concat(`\nallocated at the source: ${volume(await allocated(source))}`);
  } finally {
    await desk.close();
  }
};
