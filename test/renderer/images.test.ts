/** The table, the map and the actions of images. */
import { describe, expect, it } from 'vitest';
import { imagesOf, storagesOf } from '../../core/cluster/images.ts';
import { imageActions } from '../../renderer/model/image-actions.ts';
import { imageMap } from '../../renderer/model/image-map.ts';
import {
  age,
  fileName,
  filterImages,
  groupImages,
  instancesIn,
  openWords,
  promisedOf,
  storageNames,
} from '../../renderer/model/image-rows.ts';
import { makeSnapshotOfImages } from '../window/fixture/images.ts';
import { makeManySnapshot } from '../window/fixture/many.ts';

const now = 1_795_600_000_000;
const snapshot = makeSnapshotOfImages(now);
const rows = imagesOf(snapshot);
const storages = storagesOf(snapshot);
const names = storageNames(storages);
const size = { width: 1000, height: 280 };

const rowAt = (name: string) => {
  const found = rows.find((row) => fileName(row) === name);
  if (!found) throw new Error(`There is no ${name} in the fixture.`);
  return found;
};
const actionsFor = (...files: string[]) =>
  imageActions(files.map(rowAt), rows, instancesIn(snapshot)).map(({ id, impossible, route }) => ({
    id,
    impossible,
    route,
  }));

describe('rows of images', () => {
  it('stand in groups, each once, the most on disk first', () => {
    const groups = groupImages(rows, { key: 'disk', down: true }, names);
    expect(groups.map((each) => each.title)).toEqual([
      'Orphans',
      'Owned',
      'Replicas',
      'Kept and left over',
      'In trash',
    ]);
    expect(groups.flatMap((each) => each.rows)).toHaveLength(rows.length);
    const owned = groups[1]?.rows.map((row) => row.allocated) ?? [];
    expect(owned).toEqual(owned.toSorted((a, b) => b - a));
  });
  it('are found by chip and by every word', () => {
    const found = (...args: ['all' | 'orphans' | 'open' | 'qcow2' | 'replicas', string]) =>
      filterImages(rows, ...args, names).map(fileName);
    expect(found('orphans', '')).toHaveLength(4);
    expect(found('replicas', '')).toEqual(['ntp1.example.org/sda']);
    expect(found('qcow2', 'test-erp SDB')).toEqual(['test-erp.example.org/sdb']);
    expect(found('all', 'debian-12')).toEqual(
      expect.arrayContaining(['debian-12.qcow2', 'test-erp.example.org/sda']),
    );
    expect(found('open', 'mail1')).toHaveLength(2);
  });
  it('name storages so that no two are called the same', () => {
    expect(new Set(names.values()).size).toBe(storages.length);
  });
  it('say who has a file open, and that a silent node does not tell', () => {
    expect(openWords(rowAt('test-erp.example.org/sda'))).toMatchObject({ text: 'not known', known: false });
    expect(openWords(rowAt('mail1.example.org/sdb'))).toMatchObject({ text: 'qemu, hera-1', known: false });
    expect(openWords(rowAt('build1.example.org/sda')).known).toBe(true);
    expect(age(now - 800 * 86_400_000, now)).toBe('2 y ago');
    expect(age(now + 600_000, now)).toBe('in the future');
  });
});

describe('actions on images', () => {
  it('adopt a whole folder as such, and single images by their paths', () => {
    const folder = rowAt('test-erp.example.org/sda').folder;
    const actions = actionsFor('test-erp.example.org/sda', 'test-erp.example.org/sdb');
    expect(actions[0]).toEqual({
      id: 'adopt',
      impossible: null,
      route: { view: 'adopt', node: 'hera-1', paths: [folder] },
    });
    expect(actions.at(-1)).toEqual({
      id: 'remove-image',
      impossible: null,
      route: { view: 'remove-image', node: 'hera-1', path: folder },
    });
    expect(actionsFor('debian-12.qcow2').at(-1)).toMatchObject({
      route: { view: 'remove-image', path: rowAt('debian-12.qcow2').path },
    });
    expect(actionsFor('debian-12.qcow2', 'test-erp.example.org/sdb').at(-1)?.impossible).toContain(
      'at a time',
    );
    expect(actionsFor('debian-12.qcow2', 'db1.example.org/sda').at(-1)?.impossible).toContain(
      'without an owner',
    );
    expect(actionsFor('test-erp.example.org/sdb')[0]?.route).toEqual({
      view: 'adopt',
      node: 'hera-1',
      paths: [`${folder}/sdb`],
    });
    expect(actionsFor('debian-12.qcow2')[0]?.route).toMatchObject({ paths: [rowAt('debian-12.qcow2').path] });
    expect(actionsFor('debian-12.qcow2', 'db1.example.org/sda')[0]?.impossible).toContain(
      'disk of an instance already',
    );
    expect(actionsFor('git1.example.org/sdb.partial.abcdef34').map((each) => each.id)).toEqual([
      'remove-image',
    ]);
  });
  it('lead to the disk of the owner, one at a time', () => {
    expect(actionsFor('mail1.example.org/sdb')).toContainEqual({
      id: 'grow',
      impossible: null,
      route: { view: 'disk', instance: 'mail1.example.org', task: 'grow', item: '1' },
    });
    expect(actionsFor('mail1.example.org/sda').find((each) => each.id === 'snapshots')?.impossible).toContain(
      'Only qcow2',
    );
    for (const each of actionsFor('mail1.example.org/sda', 'db1.example.org/sda'))
      expect(each.impossible).toContain('one image at a time');
    expect(actionsFor('git1.example.org/sda.before-abcdef12').map((each) => each.route)).toEqual([
      { view: 'disk', instance: 'git1.example.org', task: 'add', item: 'sda.before-abcdef12' },
      {
        view: 'image',
        task: 'copy',
        node: 'hera-1',
        path: rowAt('git1.example.org/sda.before-abcdef12').path,
      },
      { view: 'disk', instance: 'git1.example.org', task: 'release', item: 'sda.before-abcdef12' },
    ]);
    const copied = rows.filter((row) => row.owner.kind === 'replica').slice(0, 1);
    expect(copied).toHaveLength(1);
    expect(imageActions(copied, rows, instancesIn(snapshot)).map((each) => each.id)).toEqual([
      'copy',
      'discard',
    ]);
    const trashed = rows.find((row) => row.owner.kind === 'trash');
    expect(trashed && imageActions([trashed], rows, instancesIn(snapshot))[0]).toMatchObject({
      id: 'restore',
      route: { view: 'review', kind: 'restore', subject: `${trashed?.storage.path}/${trashed?.folderName}` },
    });
  });
});

describe('the map of images', () => {
  it('has each image once, boxes as large as what is in them, inside their storage', () => {
    for (const measure of ['virtual', 'disk'] as const) {
      const map = imageMap(rows, storages, measure, size);
      expect(map.storages.flatMap((each) => each.boxes.flatMap((box) => box.rows))).toHaveLength(rows.length);
      expect(map.width).toBeCloseTo(size.width);
      for (const { frame, boxes } of map.storages)
        for (const { rect } of boxes) {
          expect(rect.x).toBeGreaterThanOrEqual(frame.x);
          expect(rect.y).toBeGreaterThanOrEqual(frame.y);
          expect(rect.x + rect.width).toBeLessThanOrEqual(frame.x + frame.width + 1e-6);
          expect(rect.y + rect.height).toBeLessThanOrEqual(frame.y + frame.height + 1e-6);
        }
      const shared = map.storages.find((each) => each.storage.shared);
      const boxOf = (name: string) => {
        const box = shared?.boxes.find((each) => each.title.startsWith(name));
        if (!box) throw new Error(`${name} has no box.`);
        return { area: box.rect.width * box.rect.height, box };
      };
      const [db, log] = [boxOf('db1'), boxOf('log1')];
      const value = ({ box }: typeof db) =>
        box.rows.reduce((sum, row) => sum + (measure === 'virtual' ? promisedOf(row) : row.allocated), 0);
      expect(db.area / log.area).toBeCloseTo(value(db) / value(log), 4);
      expect(boxOf('test-erp').box.kind).toBe('orphan');
    }
  });
  it('scrolls rather than squeezing a hundred nodes, and draws what is tiny together, but never an orphan', () => {
    const many = makeManySnapshot(now, { nodes: 100, guests: 600 });
    const all = imagesOf(many);
    const map = imageMap(all, storagesOf(many), 'virtual', size);
    expect(map.width).toBeGreaterThan(size.width);
    for (const { frame } of map.storages) {
      expect(frame.width).toBeGreaterThanOrEqual(160);
      expect(frame.height).toBeGreaterThanOrEqual(50);
    }
    const boxes = map.storages.flatMap((each) => each.boxes);
    expect(boxes.flatMap((box) => box.rows)).toHaveLength(all.length);
    expect(boxes.length).toBeLessThan(400);
    expect(boxes.some((box) => box.kind === 'orphan')).toBe(true);
  });
});
