import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import { type ReplicaRecord, replicaRecord } from '../../../core/cluster/replica.ts';
import { act, check, emptyRoot, inside, lockOf, namesIn, recordOf, storage } from './support.ts';

const folder = `${storage}/web1`;
const hash = 'a'.repeat(64);
let root: string;

const text = (name: string): string => readFileSync(inside(root, `${folder}/${name}`), 'utf8');
const put = (name: string, content: string): void =>
  writeFileSync(inside(root, `${folder}/${name}`), content);
const has = (name: string): boolean => existsSync(inside(root, `${folder}/${name}`));
const replica = (): ReplicaRecord => replicaRecord.parse(JSON.parse(text('replica.json')));
const replicaOf = (change: Partial<ReplicaRecord> = {}): ReplicaRecord => ({
  version: 1,
  copy: 'copy1',
  source: 'node1',
  record: recordOf(folder, {
    guest: { type: 'pv', memoryMib: 128, vcpus: 1, extra: '"copy": "x" it\'s $(id)' },
  }),
  disks: [
    { file: 'sda', type: 'raw', size: 1048576, content: null },
    { file: "s d'b", type: 'raw', size: 1048576, content: null },
  ],
  when: '2026-11-25T12:00:00Z',
  written: { by: 'ann@desk', run: 'r1' },
  ...change,
});

beforeEach(async () => {
  root = emptyRoot();
  expect(await act(root, { do: 'make-folder', folder, lock: lockOf('r1') })).toMatchObject({ code: 0 });
});

describe('write-replica', () => {
  const write = (change: Partial<ReplicaRecord> = {}, expectCopy: string | null = null) =>
    ({ do: 'write-replica', folder, replica: replicaOf(change), expectCopy }) as const;

  test('fills in what was proved, and is done only once', async () => {
    put('.made.r1.hashes', `${hash}  s d'b\n`);
    expect(await check(root, write())).toBe(10);
    expect(await act(root, write())).toMatchObject({ code: 0, err: '' });
    expect(replica()).toEqual({
      ...replicaOf(),
      disks: [replicaOf().disks[0], { file: "s d'b", type: 'raw', size: 1048576, content: hash }],
    });
    expect(await check(root, write())).toBe(0);
    expect(await act(root, write())).toMatchObject({ code: 0 });
    // undo removes what this run made
    expect(await act(root, { do: 'remove-file', path: `${folder}/replica.json` })).toMatchObject({ code: 0 });
    expect(has('replica.json')).toBe(false);
  });

  test('replaces the one that it expects, and no other', async () => {
    await act(root, write());
    expect(await act(root, write({ copy: 'copy3' }, 'copy2'))).toMatchObject({ code: 73 });
    expect(await act(root, write({ copy: 'copy3' }, null))).toMatchObject({ code: 73 });
    expect(replica().copy).toBe('copy1');
    expect(await act(root, write({ copy: 'copy2', disks: [] }, 'copy1'))).toMatchObject({ code: 0, err: '' });
    expect(replica().copy).toBe('copy2');
  });

  test('never beside a record', async () => {
    put('instance.json', '{}');
    expect(await act(root, write())).toMatchObject({ code: 73, err: expect.stringContaining('no replica') });
    expect(has('replica.json')).toBe(false);
  });
});

describe('a record that becomes a replica, and a replica that becomes a record', () => {
  const record = { do: 'write-record', folder, record: recordOf(folder), expectId: null } as const;
  const demote = { do: 'demote-record', folder, replica: replicaOf(), expectId: 'aaaa1111' } as const;

  test('one file follows the other', async () => {
    expect(await act(root, record)).toMatchObject({ code: 0 });
    expect(await act(root, { ...demote, expectId: 'other' })).toMatchObject({ code: 73 });
    expect(await check(root, demote)).toBe(10);
    expect(await act(root, demote)).toMatchObject({ code: 0, err: '' });
    expect(has('instance.json')).toBe(false);
    expect(replica()).toEqual(replicaOf());
    expect(await check(root, demote)).toBe(0);
    expect(await act(root, demote)).toMatchObject({ code: 0 });
  });

  test('a demotion that was cut off between its two files may be repeated', async () => {
    await act(root, record);
    put('replica.json', JSON.stringify(replicaOf()));
    expect(await check(root, demote)).toBe(10);
    expect(await act(root, demote)).toMatchObject({ code: 0 });
    expect(has('instance.json')).toBe(false);
  });

  test('the mark goes only beside the record that took over', async () => {
    put('replica.json', '{}');
    const drop = { do: 'drop-replica', folder, recordId: 'aaaa1111' } as const;
    expect(await act(root, drop)).toMatchObject({ code: 73 });
    await act(root, record);
    expect(await act(root, { ...drop, recordId: 'bbbb' })).toMatchObject({ code: 73 });
    expect(await act(root, drop)).toMatchObject({ code: 0 });
    expect(has('replica.json')).toBe(false);
    expect(await check(root, drop)).toBe(0);
  });
});

describe('reopening a replica', () => {
  const files = ['sda', "s d'b"];
  const reopen = (run = 'r1') => ({ do: 'reopen-replica', folder, files, run }) as const;
  const reseal = (run = 'r1') => ({ do: 'reseal-replica', folder, files, run }) as const;
  const own = (): string[] => namesIn(root, folder).filter((name) => !name.startsWith('.'));

  beforeEach(() => {
    const earlier = replicaOf({ written: { by: 'ann@desk', run: 'r0' } });
    earlier.record.written.run = 'r0';
    put('replica.json', JSON.stringify(earlier, null, 2));
    put('sda', 'first');
    put("s d'b", 'second');
  });

  test('no image keeps its name; untouched ones get it back', async () => {
    expect(await check(root, reopen())).toBe(10);
    expect(await act(root, reopen())).toMatchObject({ code: 0, err: '' });
    expect(own()).toEqual(['replica.json', "s d'b.partial.r1", 'sda.partial.r1']);
    expect(await check(root, reopen())).toBe(0);
    expect(await act(root, reopen())).toMatchObject({ code: 0 });
    expect(await act(root, reseal())).toMatchObject({ code: 0, err: '' });
    expect(own()).toEqual(['replica.json', "s d'b", 'sda']);
    expect(await act(root, reseal())).toMatchObject({ code: 0 });
    expect(text('sda')).toBe('first');
  });

  test('when one was written to, none gets its name back; the next run goes on with all', async () => {
    await act(root, reopen());
    put('sda.partial.r1', 'firsT');
    expect(await act(root, reseal())).toMatchObject({ code: 0, out: expect.stringContaining('written to') });
    expect(own()).toEqual(['replica.json', "s d'b.partial.r1", 'sda.partial.r1']);
    expect(await act(root, { do: 'unlock', folder, run: 'r1' })).toMatchObject({ code: 0 });
    expect(await act(root, { do: 'lock', folder, lock: lockOf('r2') })).toMatchObject({ code: 0 });
    expect(await act(root, reopen('r2'))).toMatchObject({ code: 0, err: '' });
    expect(own()).toEqual(['replica.json', "s d'b.partial.r2", 'sda.partial.r2']);
    // they were no whole images before, so they do not become ones by being left alone
    expect(await act(root, reseal('r2'))).toMatchObject({ code: 0 });
    expect(own()).toEqual(['replica.json', "s d'b.partial.r2", 'sda.partial.r2']);
    expect(await act(root, { do: 'unlock', folder, run: 'r2' })).toMatchObject({ code: 0 });
    expect(namesIn(root, folder).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  test('one that was accepted since is not mixed with one that was not', async () => {
    await act(root, reopen());
    put('sda', 'new, accepted');
    expect(await act(root, reseal())).toMatchObject({ code: 0 });
    expect(own()).toContain("s d'b.partial.r1");
    expect(own()).not.toContain("s d'b");
  });

  test('when all were accepted and not described, none keeps a name that would pass for the old replica', async () => {
    await act(root, reopen());
    for (const file of files) {
      put(`${file}.partial.r1`, 'new');
      renameSync(inside(root, `${folder}/${file}.partial.r1`), inside(root, `${folder}/${file}`));
    }
    expect(await act(root, reseal())).toMatchObject({ code: 0 });
    expect(own()).toEqual(['replica.json', "s d'b.partial.r1", 'sda.partial.r1']);
  });

  test('what this run described is a replica, though its note is still there', async () => {
    await act(root, reopen());
    for (const file of files)
      renameSync(inside(root, `${folder}/${file}.partial.r1`), inside(root, `${folder}/${file}`));
    put('sda', 'new, accepted');
    const described = replicaOf({ copy: 'copy2', written: { by: 'ann@desk', run: 'r1' } });
    put('replica.json', JSON.stringify(described, null, 2));
    expect(await check(root, reseal())).toBe(10);
    expect(await act(root, reseal())).toMatchObject({ code: 0 });
    expect(own()).toEqual(['replica.json', "s d'b", 'sda']);
    expect(await check(root, reseal())).toBe(0);
  });

  test('an instance is never reopened, nor a folder that is nobody’s', async () => {
    put('instance.json', '{}');
    expect(await act(root, reopen())).toMatchObject({ code: 73, err: expect.stringContaining('record') });
    mkdirSync(inside(root, `${storage}/web2`));
    expect(await act(root, { ...reopen(), folder: `${storage}/web2` })).toMatchObject({ code: 73 });
    expect(own()).toEqual(['instance.json', 'replica.json', "s d'b", 'sda']);
  });
});
