import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import { act, check, emptyRoot, inside, lockOf, namesIn, storage, uuid } from './support.ts';

const folder = `${storage}/web1`;
let root: string;
beforeEach(async () => {
  root = emptyRoot();
  expect(await act(root, { do: 'make-folder', folder, lock: lockOf('r1') })).toMatchObject({ code: 0 });
});
const text = (path: string) => readFileSync(inside(root, path), 'utf8');

describe("the node's own state", () => {
  const membership = (generation: number, id = uuid, cluster = 'c') => ({
    version: 1 as const,
    cluster,
    uuid: id,
    generation,
    nodes: [{ name: 'node1', host: 'it\'s "uuid": "x"' }],
    storageDirectories: [storage],
  });
  const other = '11111111-2222-4333-8444-555555555555';
  const file = '/var/lib/vbdesk/cluster.json';
  type Membership = ReturnType<typeof membership>;
  const write = (value: Membership, replaces: Membership | null = null) =>
    ({ do: 'write-membership', membership: value, replaces }) as const;

  test('cluster.json only grows newer, and never becomes another cluster', async () => {
    expect(await check(root, write(membership(1)))).toBe(10);
    expect(await act(root, write(membership(1)))).toMatchObject({ code: 0, err: '' });
    expect(JSON.parse(text(file))).toEqual(membership(1));
    expect(await check(root, write(membership(1)))).toBe(0);
    expect(await act(root, write(membership(1)))).toMatchObject({ code: 0 });
    expect(await act(root, write(membership(2)))).toMatchObject({ code: 0 });
    expect(await act(root, write(membership(1)))).toMatchObject({ code: 73 });
    expect(await act(root, write(membership(2, uuid, 'renamed')))).toMatchObject({ code: 73 });
    expect(await act(root, write(membership(9, other)))).toMatchObject({
      code: 73,
      err: expect.stringContaining('another cluster'),
    });
    // what it is said to replace is what is there: an undo
    expect(await act(root, write(membership(1), membership(2)))).toMatchObject({ code: 0 });
    expect(JSON.parse(text(file))).toEqual(membership(1));
    expect(namesIn(root, '/var/lib/vbdesk')).toEqual(['cluster.json']);
    for (const junk of ['', 'junk', '{"uuid":"x"}', `{"uuid":"${uuid}","generation":"many"}`]) {
      writeFileSync(inside(root, file), junk);
      expect(await act(root, write(membership(5)))).toMatchObject({ code: 73 });
      expect(text(file)).toBe(junk);
    }
  });

  test('the first cluster.json is taken back only while it is exactly the one that was written', async () => {
    const back = { do: 'remove-membership', membership: membership(1) } as const;
    expect(await act(root, write(membership(1)))).toMatchObject({ code: 0 });
    expect(await check(root, back)).toBe(10);
    expect(await act(root, back)).toMatchObject({ code: 0, err: '' });
    expect(namesIn(root, '/var/lib/vbdesk')).toEqual([]);
    expect(await act(root, back)).toMatchObject({ code: 0 });
    expect(await check(root, back)).toBe(0);
    // somebody else went on with it meanwhile
    expect(await act(root, write(membership(2)))).toMatchObject({ code: 0 });
    expect(await check(root, back)).toBe(0);
    expect(await act(root, back)).toMatchObject({ code: 0, out: expect.stringContaining('it stays') });
    expect(JSON.parse(text(file))).toEqual(membership(2));
  });

  test('the id of a storage directory is taken back only while it is ours and nobody counts on it', async () => {
    const place = '/srv/new one/vm';
    const make = { do: 'make-storage', path: place, id: 'st1' } as const;
    const back = { do: 'remove-storage-id', path: place, id: 'st1' } as const;
    expect(await act(root, back)).toMatchObject({ code: 0 });
    expect(await act(root, make)).toMatchObject({ code: 0 });
    expect(await act(root, { ...back, id: 'st2' })).toMatchObject({ code: 0 });
    expect(text(`${place}/.vbdesk-storage`)).toBe('st1\n');
    for (const used of [`${place}/web1`, `${place}/.trash/web1`]) {
      mkdirSync(inside(root, used), { recursive: true });
      writeFileSync(inside(root, `${used}/instance.json`), '{"place":{"storage":"st1"}}');
      expect(await check(root, back)).toBe(0);
      expect(await act(root, back)).toMatchObject({ code: 0, out: expect.stringContaining('it stays') });
      expect(text(`${place}/.vbdesk-storage`)).toBe('st1\n');
      rmSync(inside(root, used), { recursive: true });
    }
    expect(await check(root, back)).toBe(10);
    expect(await act(root, back)).toMatchObject({ code: 0, err: '' });
    expect(namesIn(root, place)).toEqual(['.trash']);
    expect(await check(root, back)).toBe(0);
  });

  test('tombstones', async () => {
    const set = { do: 'write-tombstone', uuid, name: "it's web1", at: '2026-11-25T12:00:00Z' } as const;
    const drop = { do: 'remove-tombstone', uuid } as const;
    expect(await check(root, set)).toBe(10);
    expect(await act(root, set)).toMatchObject({ code: 0 });
    expect(await act(root, { ...set, name: 'web2' })).toMatchObject({ code: 0 });
    expect(JSON.parse(text(`/var/lib/vbdesk/removed/${uuid}`))).toMatchObject({ uuid, name: 'web2' });
    expect(await check(root, set)).toBe(0);
    expect(await check(root, drop)).toBe(10);
    expect(await act(root, drop)).toMatchObject({ code: 0 });
    expect(await act(root, drop)).toMatchObject({ code: 0 });
    expect(await check(root, drop)).toBe(0);
  });

  test('a storage directory is made with its id, which is kept', async () => {
    const make = { do: 'make-storage', path: '/srv/new one/vm', id: 'st1' } as const;
    expect(await check(root, make)).toBe(10);
    expect(await act(root, make)).toMatchObject({ code: 0, err: '' });
    expect(await act(root, { ...make, id: 'st2' })).toMatchObject({ code: 0 });
    expect(text('/srv/new one/vm/.vbdesk-storage')).toBe('st1\n');
    expect(namesIn(root, '/srv/new one/vm')).toEqual(['.vbdesk-storage']);
    expect(await check(root, make)).toBe(0);
    symlinkSync('vm', inside(root, '/srv/new one/link'));
    expect(await act(root, { ...make, path: '/srv/new one/link' })).toMatchObject({ code: 73 });
  });
});
