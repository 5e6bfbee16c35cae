/** What the scripts do to images that are there, with real files and the real qemu-img. */
import { execFileSync } from 'node:child_process';
import { statSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Action } from '../../../core/plan/action.ts';
import { renderAction } from '../../../main/node/actions/index.ts';
import {
  done,
  folder,
  infoOf,
  makeQcow2,
  makeRaw,
  mib,
  qemuImg,
  raw,
  refused,
  root,
  sda,
  whileOpen,
} from './image-support.ts';
import { act, check, inside, namesIn, shim, storage } from './support.ts';

describe('grow-image', () => {
  const grow = (type: 'raw' | 'qcow2', from = mib, to = 2 * mib) =>
    ({ do: 'grow-image', path: sda, type, from, to, within: [storage] }) satisfies Action;

  test.each(['raw', 'qcow2'] as const)('%s: larger, the data as it was, and twice is once', async (type) => {
    if (type === 'raw') makeRaw(sda);
    else makeQcow2(sda);
    const before = raw(sda, type);
    expect(await check(root, grow(type))).toBe(10);
    await done(grow(type));
    expect(infoOf(sda)['virtual-size']).toBe(2 * mib);
    expect(raw(sda, type).subarray(0, mib).equals(before)).toBe(true);
    await done(grow(type));
  });

  test('never shrinks', () => {
    expect(() => renderAction(grow('raw', 2 * mib, mib), 'xl')).toThrow('never shrinks');
    expect(() => renderAction(grow('raw', mib, mib + 5), 'xl')).toThrow('sectors');
  });

  test('not what is of another size or type, or opened by anybody', async () => {
    makeRaw(sda);
    await refused(grow('raw', 512), `${sda} has ${mib} bytes and not 512`);
    expect(await check(root, grow('raw', 512))).toBe(11);
    await refused(grow('qcow2'), `${sda} is no qcow2 image.`);
    await whileOpen(sda, '<', () => refused(grow('raw'), 'In use, so it stays as it is'));
    expect(statSync(inside(root, sda)).size).toBe(mib);
  });

  test('one that became even larger in the very moment is never cut', async () => {
    makeRaw(sda);
    shim(
      root,
      'truncate',
      `/usr/bin/truncate -s ${3 * mib} '${inside(root, sda)}'; exec /usr/bin/truncate "$@"`,
    );
    expect((await act(root, grow('raw'))).code).not.toBe(0);
    expect(statSync(inside(root, sda)).size).toBe(3 * mib);
  });

  test('a raw one also while its guest has it open, never a qcow2 one', async () => {
    makeRaw(sda);
    await whileOpen(sda, '<>', () => done({ ...grow('raw'), running: true }));
    expect(statSync(inside(root, sda)).size).toBe(2 * mib);
    expect(() => renderAction({ ...grow('qcow2'), running: true }, 'xl')).toThrow('never grown while');
  });

  test('a qcow2 image with snapshots', async () => {
    makeQcow2(sda);
    qemuImg('snapshot', '-c', 'old', inside(root, sda));
    await refused(grow('qcow2'), 'has 1 snapshots of its present size');
  });
});

describe('rename-image and delete-kept', () => {
  const kept = `${folder}/sda.before-r1`;

  test('there and back, never onto something', async () => {
    makeRaw(sda);
    await done({ do: 'rename-image', from: sda, to: kept });
    await done({ do: 'rename-image', from: sda, to: kept });
    await done({ do: 'rename-image', from: kept, to: sda });
    writeFileSync(inside(root, kept), 'x');
    await refused({ do: 'rename-image', from: sda, to: kept }, 'exists already, so');
    await refused({ do: 'rename-image', from: `${folder}/sdz`, to: `${folder}/sdy` }, 'is missing');
    await whileOpen(sda, '<>', () =>
      refused({ do: 'rename-image', from: sda, to: `${folder}/sdq` }, 'In use'),
    );
    expect(() => renderAction({ do: 'rename-image', from: sda, to: `${storage}/sda` }, 'xl')).toThrow(
      'in one folder',
    );
  });

  test('deletes what was kept, nothing else, and not while it is open', async () => {
    makeRaw(kept);
    expect(() => renderAction({ do: 'delete-kept', path: sda }, 'xl')).toThrow('no file that was kept');
    await whileOpen(kept, '<', () => refused({ do: 'delete-kept', path: kept }, 'In use'));
    await done({ do: 'delete-kept', path: kept });
    await done({ do: 'delete-kept', path: kept });
    expect(namesIn(root, folder)).toEqual(['.lock']);
  });
});

describe('snapshots', () => {
  const make = (tag: string) => ({ do: 'make-snapshot', path: sda, tag, within: [storage] }) satisfies Action;
  const drop = (tag: string, own = false) =>
    ({ do: 'drop-snapshot', path: sda, tag, own, within: [storage] }) satisfies Action;
  const revert = (tag: string, size = mib) =>
    ({ do: 'revert-snapshot', path: sda, tag, size, within: [storage] }) satisfies Action;
  const tags = (): string[] => (infoOf(sda).snapshots ?? []).map((each) => each.name);
  const write = (byte: string): void => {
    execFileSync('qemu-io', ['-f', 'qcow2', '-c', `write -P ${byte} 0 64k`, inside(root, sda)]);
  };

  test('made, reverted to, deleted', async () => {
    makeQcow2(sda);
    write('0x11');
    await done(make('before-upgrade'));
    write('0x22');
    expect(raw(sda, 'qcow2')[0]).toBe(0x22);
    expect(await act(root, revert('before-upgrade'))).toMatchObject({ code: 0, err: '' });
    expect(raw(sda, 'qcow2')[0]).toBe(0x11);
    await done(drop('before-upgrade'));
    expect(tags()).toEqual([]);
  });

  test('undo drops only what this run made', async () => {
    makeQcow2(sda);
    qemuImg('snapshot', '-c', 'theirs', inside(root, sda));
    await refused(make('theirs'), 'has a snapshot theirs already');
    expect(await check(root, make('theirs'))).toBe(10);
    expect(await act(root, drop('theirs', true))).toMatchObject({ code: 0 });
    await done(make('ours'));
    await done(make('ours'));
    await done(drop('ours', true));
    expect(tags()).toEqual(['theirs']);
  });

  test('what is not there is said, with what there is; and nothing while it is open', async () => {
    makeQcow2(sda);
    qemuImg('snapshot', '-c', 'one', inside(root, sda));
    await refused(revert('two'), 'has no snapshot two. There are: one');
    await refused(drop('two'), 'has no snapshot two. There are: one');
    await whileOpen(sda, '<', () => refused(make('three'), 'In use'));
    expect(() => renderAction(make('-d'), 'xl')).toThrow('tag');
    expect(() => renderAction(make('17'), 'xl')).toThrow('tag');
  });

  test('a raw disk has none', async () => {
    makeRaw(sda);
    await refused(make('one'), 'is no qcow2 image');
  });

  test('a snapshot of another size is told', async () => {
    makeQcow2(sda);
    qemuImg('snapshot', '-c', 'small', inside(root, sda));
    expect(await act(root, revert('small', 2 * mib))).toMatchObject({
      code: 1,
      err: expect.stringContaining(`had ${mib} bytes, and the record says ${2 * mib}`),
    });
  });
});
