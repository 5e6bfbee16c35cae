/** VBDesk's command line over the lab: a cluster `lab` in a configuration directory of its own, on clean nodes. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { z } from 'zod';
import { makeTemporaryDirectory } from '../support/temporary-directory.ts';
import { ensureLab, GUEST_INITRD, GUEST_KERNEL, type Lab } from './lab/index.ts';
import { type ProcessResult, runProcess } from './lab/process.ts';
import { registrationArguments } from './lab/register-cluster.ts';
import { GUEST_BRIDGE } from './lab/settings.ts';

const program = fileURLToPath(new URL('../../bin/vbdesk.mjs', import.meta.url));

/** ms that one command may take. An emulated node on a busy machine is slow. */
const commandTimeout = 900_000;

const instanceShape = z.looseObject({
  uuid: z.uuid(),
  status: z.string(),
  statusText: z.string(),
  primary: z.string().nullable(),
  runsOn: z.array(z.string()),
  adminState: z.enum(['up', 'down']),
  generation: z.number(),
  problems: z.array(z.looseObject({ code: z.string(), text: z.string() })),
  vouchings: z.array(z.looseObject({ node: z.string(), how: z.string() })),
});

export type NewInstance = {
  /** logical path of a storage directory */
  storage: string;
  driver: 'loop' | 'blktap';
  /** options of each disk after `N:`, such as `size=16M,type=qcow2` */
  disks: readonly string[];
  /** switches of the tiny guest without their prefix */
  switches?: readonly string[];
  start?: boolean;
  /** on the images that lie in its folder */
  reuse?: boolean;
  /** its primary; node1 unless said otherwise */
  node?: 'node1' | 'node2';
  /** with a network card; its scripts take seconds of every start on an emulated node */
  network?: boolean;
};

export type Workstation = {
  readonly lab: Lab;
  /** Rejects only when the command takes too long. */
  vbdesk(...words: string[]): Promise<ProcessResult>;
  /** The command without a review; fails with everything that was printed unless its exit code is this one. */
  ends(code: 0 | 1 | 3 | 4 | 5, ...words: string[]): Promise<ProcessResult>;
  /** What it says when it refuses, exit code 3. */
  refused(...words: string[]): Promise<string>;
  add(name: string, instance: NewInstance): Promise<ProcessResult>;
  /** The words of that command. */
  addition(name: string, instance: NewInstance): string[];
  info(name: string): Promise<z.infer<typeof instanceShape>>;
  /** Ids of all runs, newest first. */
  runs(): Promise<string[]>;
  close(): Promise<void>;
};

const addition = (
  name: string,
  {
    storage,
    driver,
    disks,
    switches = [],
    start = true,
    reuse = false,
    node = 'node1',
    network = false,
  }: NewInstance,
): string[] => {
  const extra = ['console=hvc0 quiet loglevel=4 mitigations=off', ...switches.map((each) => `guest.${each}`)];
  return [
    ...['instance', 'add', '-t', `file:path=${storage},driver=${driver}${reuse ? ',reuse' : ''}`],
    ...disks.flatMap((disk, index) => ['--disk', `${index}:${disk}`]),
    ...['-n', node === 'node1' ? 'node1:node2' : 'node2:node1', '-o', 'none', '-B', 'memory=96M,vcpus=1'],
    ...(network ? ['--net', `0:bridge=${GUEST_BRIDGE}`] : []),
    ...['-H', `type=pv,kernel=${GUEST_KERNEL},ramdisk=${GUEST_INITRD},extra=${extra.join(' ')}`],
    ...(start ? [] : ['--no-start']),
    name,
  ];
};

export async function labWorkstation(purpose: string): Promise<Workstation> {
  const lab = await ensureLab({ nodes: 2, purpose });
  const directory = makeTemporaryDirectory('xen');
  const vbdesk = (...words: string[]): Promise<ProcessResult> =>
    runProcess(process.execPath, [program, ...words, '--config-dir', join(directory.path, 'config')], {
      timeout: commandTimeout,
    });
  const ends = async (code: number, ...words: string[]): Promise<ProcessResult> => {
    const result = await vbdesk(...words, '--yes');
    expect(
      result.code,
      `vbdesk ${words.join(' ')}\nstdout:\n${result.stdout}\nstderr:\n${result.stderr}`,
    ).toBe(code);
    return result;
  };
  const close = async (): Promise<void> => {
    directory.remove();
    try {
      await lab.reset();
    } finally {
      await lab.close();
    }
  };
  try {
    await lab.reset();
    await ends(0, ...registrationArguments(lab.nodes));
  } catch (error) {
    await close().catch(() => undefined);
    throw error;
  }
  return {
    lab,
    vbdesk,
    ends,
    close,
    async refused(...words) {
      return (await ends(3, ...words)).stderr;
    },
    addition,
    add: (name, instance) => ends(0, ...addition(name, instance)),
    async info(name) {
      const result = await vbdesk('instance', 'info', name, '--json');
      expect(result.code, result.stderr).toBe(0);
      return z.object({ instance: instanceShape }).parse(JSON.parse(result.stdout)).instance;
    },
    async runs() {
      const result = await vbdesk('run', 'list', '--json');
      return z
        .array(z.looseObject({ id: z.string() }))
        .parse(JSON.parse(result.stdout))
        .map(({ id }) => id);
    },
  };
}
