/** Live migration on real Xen: a running guest moves where both nodes see the same files, and not where they do not. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { makeTemporaryDirectory } from '../support/temporary-directory.ts';
import { succeed, waitForConsole } from './lab/guest.ts';
import {
  ensureLab,
  GUEST_INITRD,
  GUEST_KERNEL,
  type Lab,
  LOCAL_STORAGE,
  SHARED_STORAGE,
} from './lab/index.ts';
import { type ProcessResult, runProcess, waitUntil } from './lab/process.ts';
import { registrationArguments } from './lab/register-cluster.ts';

const program = fileURLToPath(new URL('../../bin/vbdesk.mjs', import.meta.url));
const name = 'mover';

describe('live migration', () => {
  let lab: Lab;
  const workstation = makeTemporaryDirectory('migration');

  const vbdesk = (...words: string[]): Promise<ProcessResult> =>
    runProcess(process.execPath, [program, ...words, '--config-dir', join(workstation.path, 'config')], {
      timeout: 600_000,
    });
  const expectCode = (result: ProcessResult, code: number): ProcessResult => {
    expect(result.code, `stdout:\n${result.stdout}\nstderr:\n${result.stderr}`).toBe(code);
    return result;
  };
  const add = (instance: string, driver: string, type: string, storage: string, more: string[] = []) =>
    vbdesk(
      ...[
        'instance',
        'add',
        '-t',
        `file:path=${storage},driver=${driver}`,
        '--disk',
        `0:size=16M,type=${type}`,
      ],
      ...['-n', 'node1:node2', '-o', 'none', '-B', 'memory=96M,vcpus=1'],
      ...[
        '-H',
        `type=pv,kernel=${GUEST_KERNEL},ramdisk=${GUEST_INITRD},extra=console=hvc0 quiet mitigations=off`,
      ],
      ...[instance, '--yes', ...more],
    );
  const info = async () =>
    z
      .looseObject({
        instance: z.looseObject({
          status: z.string(),
          primary: z.string().nullable(),
          generation: z.number(),
          runsOn: z.array(z.string()),
        }),
      })
      .parse(JSON.parse((await vbdesk('instance', 'info', name, '--json')).stdout)).instance;
  /** The last that the guest said of its sequence on a node, under any of the names that its log may have there. */
  const lastCount = async (node: string): Promise<{ boot: number; count: number }> => {
    const text = (await lab.consoleLog(node, name)) + (await lab.consoleLog(node, `${name}--incoming`));
    const last = [...text.matchAll(/sequence boot=(\d+) count=(\d+)/g)].at(-1);
    return { boot: Number(last?.[1] ?? 0), count: Number(last?.[2] ?? 0) };
  };

  beforeAll(async () => {
    lab = await ensureLab({ nodes: 2, purpose: 'the tests of live migration' });
    await lab.reset();
    expectCode(
      await runProcess(
        process.execPath,
        [program, ...registrationArguments(lab.nodes), '--config-dir', join(workstation.path, 'config')],
        { timeout: 600_000 },
      ),
      0,
    );
  });

  afterAll(async () => {
    await lab?.reset();
    await lab?.close();
    workstation.remove();
  });

  test('refused with the reason: a loop device on a network file system, files that are not the same', async () => {
    expectCode(await add('looped', 'loop', 'raw', SHARED_STORAGE, ['--no-start']), 0);
    const looped = expectCode(await vbdesk('instance', 'migrate', 'looped', '--yes'), 3);
    expect(looped.stderr).toContain(
      `${SHARED_STORAGE}/looped/sda is served by a loop device (driver loop) on 9p`,
    );
    expect(looped.stderr).toContain('Fail the instance over instead');
    expect(looped.stderr).toContain('can be failed over to node2');

    expectCode(await add('alone', 'blktap', 'qcow2', LOCAL_STORAGE, ['--no-start']), 0);
    const alone = expectCode(await vbdesk('instance', 'migrate', 'alone', '--yes'), 3);
    expect(alone.stderr).toContain(`node2 has no folder ${LOCAL_STORAGE}/alone`);
    expect(alone.stderr).toContain('can be failed over to node2');
    await rm(join(lab.sharedDirectory, 'looped'), { recursive: true });
    await succeed(lab, 'node1', `rm -r ${LOCAL_STORAGE}/alone`);
  });

  test('a running guest on qcow2 moves, goes on counting without a boot, and the record follows', async () => {
    expectCode(await add(name, 'blktap', 'qcow2', SHARED_STORAGE), 0);
    await waitForConsole(lab, 'node1', name, /GUEST: sequence boot=1 count=\d+/);

    // a node that can't be reached costs nothing
    const nowhere = await lab.run('node1', `xl migrate ${name} nowhere`);
    expect({ code: nowhere.code, stderr: nowhere.stderr }).toMatchObject({
      code: expect.any(Number),
      stderr: expect.stringContaining('nowhere'),
    });
    expect(nowhere.code).not.toBe(0);

    const before = await lastCount('node1');
    const moved = expectCode(await vbdesk('instance', 'migrate', name, '--yes'), 0);
    expect(moved.stderr).not.toContain('consent');
    expect(await info()).toMatchObject({
      status: 'running',
      primary: 'node2',
      generation: 2,
      runsOn: ['node2'],
    });
    expect(await waitUntil(async () => (await lastCount('node2')).count > before.count, 120_000, 500)).toBe(
      true,
    );
    expect((await lastCount('node2')).boot).toBe(1);
    expect(await succeed(lab, 'node1', 'xl list | wc -l; losetup -a; pgrep -f "[q]emu.*mover" || true')).toBe(
      '2\n',
    );
    expect(await succeed(lab, 'node2', `qemu-img info -U ${SHARED_STORAGE}/${name}/sda`)).toContain('qcow2');
    const record = z
      .looseObject({ primary: z.string(), next: z.string().optional() })
      .parse(JSON.parse(await succeed(lab, 'node1', `cat ${SHARED_STORAGE}/${name}/instance.json`)));
    expect(record).toMatchObject({ primary: 'node2' });
    expect(record).not.toHaveProperty('next');
  });

  test('the connection between the nodes breaks on the way: the guest goes on where it was, nothing is left', async () => {
    const running = vbdesk('instance', 'migrate', name, '-n', 'node1', '--yes');
    const arrives = () => lab.run('node1', `xl domid ${name}--incoming`).then(({ code }) => code === 0);
    expect(await waitUntil(arrives, 180_000, 300)).toBe(true);
    await succeed(lab, 'node2', "pkill -f '[s]sh .*migrate-receive'");
    const broken = expectCode(await running, 1);
    expect(broken.stderr).toContain(`${name} runs on here as domain`);
    expect(await info()).toMatchObject({
      status: 'running',
      primary: 'node2',
      generation: 2,
      runsOn: ['node2'],
    });
    expect(await succeed(lab, 'node1', 'xl list | wc -l')).toBe('2\n');
    const then = await lastCount('node2');
    expect(await waitUntil(async () => (await lastCount('node2')).count > then.count, 120_000, 500)).toBe(
      true,
    );
    // no monitor has to be there for that
    expectCode(await vbdesk('instance', 'shutdown', name, '--yes'), 0);
  });
});
