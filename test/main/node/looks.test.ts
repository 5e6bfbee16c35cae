import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Action } from '../../../core/plan/action.ts';
import { act, emptyRoot, inodeOf, inside, lockOf, recordOf, shim, storage } from './support.ts';

const folder = `${storage}/web1`;
const megabyte = 1 << 20;
let root: string;
beforeEach(async () => {
  root = emptyRoot();
  expect(await act(root, { do: 'make-folder', folder, lock: lockOf('r1') })).toMatchObject({ code: 0 });
});

describe('looks', () => {
  const disk = (name: string, type: 'raw' | 'qcow2', size: number) => ({
    logical_id: ['loop', type, `${folder}/${name}`] as ['loop', typeof type, string],
    vdev: 'xvda',
    mode: 'rw' as const,
    size,
  });

  test('verify-files tells every mismatch at once', async () => {
    for (const [name, content] of [
      ['sda', ''],
      ['sdb', 'QFI\u00fb\u0000\u0000\u0000\u0003'],
    ] as const) {
      writeFileSync(inside(root, `${folder}/${name}`), content, 'latin1');
      truncateSync(inside(root, `${folder}/${name}`), megabyte);
    }
    symlinkSync('sda', inside(root, `${folder}/sdd`));
    mkdirSync(inside(root, `${folder}/sde`));
    expect(
      await act(root, { do: 'write-record', folder, record: recordOf(folder, { id: 'a1' }), expectId: null }),
    ).toMatchObject({ code: 0 });
    const good = await act(root, {
      do: 'verify-files',
      folder,
      recordId: 'a1',
      disks: [disk('sda', 'raw', megabyte)],
    });
    expect(good).toMatchObject({
      code: 0,
      err: '',
      out: `${folder}/sda ${megabyte} 0 ${inodeOf(root, `${folder}/sda`)} raw\n`,
    });
    const bad = await act(root, {
      do: 'verify-files',
      folder,
      recordId: 'b2',
      disks: [
        disk('sda', 'raw', 512),
        disk('sdb', 'raw', megabyte),
        disk('sdc', 'raw', 1),
        disk('sdd', 'raw', 1),
        disk('sde', 'raw', 1),
      ],
    });
    expect(bad.code).toBe(10);
    expect(bad.err.trim().split('\n')).toEqual([
      `The record of ${folder} is not the one that was expected (id a1, expected b2).`,
      `${folder}/sda is recorded with 512 bytes, but has ${megabyte}.`,
      `${folder}/sdb is recorded as raw, but its header says qcow2.`,
      expect.stringContaining('sdb'),
      `${folder}/sdc is missing.`,
      `${folder}/sdd is a symbolic link.`,
      `${folder}/sde is not a regular file.`,
    ]);
  });

  test('watch-images sees a writer', async () => {
    const image = `${folder}/sda`;
    writeFileSync(inside(root, image), 'x');
    const watch = { do: 'watch-images', images: [image], seconds: 1 } satisfies Action;
    expect(await act(root, watch)).toMatchObject({ code: 0 });
    shim(root, 'sleep', `echo y >>"$VBDESK_ROOT${image}"`);
    expect(await act(root, watch)).toMatchObject({ code: 10 });
    expect((await act(root, { ...watch, images: [`${folder}/none`] })).code).toBe(1);
  });

  test('check-unwritten lets those be who only read', async () => {
    const image = `${folder}/sda`;
    writeFileSync(inside(root, image), 'x');
    const look = { do: 'check-unwritten', files: [image] } satisfies Action;
    const opened = async (how: string) => {
      const child = spawn('sh', ['-c', `exec 3${how}"$1"; echo; read x`, 'sh', inside(root, image)], {
        env: { ...process.env, VBDESK_ROOT: root },
        stdio: ['pipe', 'pipe', 'ignore'],
      });
      await once(child.stdout, 'data');
      return child;
    };
    const reader = await opened('<');
    try {
      expect(await act(root, look)).toMatchObject({ code: 0 });
      const writer = await opened('>>');
      const found = await act(root, look);
      writer.kill('SIGKILL');
      expect(found.code).toBe(10);
      expect(found.err).toContain(
        `Being written to on this node: ${image} (process ${writer.pid} writes to it)`,
      );
    } finally {
      reader.kill('SIGKILL');
    }
    shim(root, 'losetup', 'exit 1');
    expect((await act(root, look)).code).toBe(1);
  });

  test('check-absent', async () => {
    symlinkSync('/srv/nowhere', inside(root, `${folder}/link`));
    const absent = (...paths: string[]) => act(root, { do: 'check-absent', paths });
    expect(await absent(`${folder}/none`, `${folder}/x y`)).toMatchObject({ code: 0 });
    const outcome = await absent(`${folder}/link`, folder, `${storage}/none/none`);
    expect(outcome).toMatchObject({ code: 10 });
    expect(outcome.err.trim().split('\n')).toHaveLength(3);
    // what was lost with its directory is absent as well, where that is asked
    const lost = { do: 'check-absent', evenAbove: true } as const;
    expect(await act(root, { ...lost, paths: [`${storage}/none/none`] })).toMatchObject({ code: 0 });
    expect(await act(root, { ...lost, paths: [`${folder}/link`] })).toMatchObject({ code: 10 });
  });
});
