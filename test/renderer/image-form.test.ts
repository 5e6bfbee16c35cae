import { describe, expect, it } from 'vitest';
import { type ImageRow, imagesOf } from '../../core/cluster/images.ts';
import { imageActions } from '../../renderer/model/image-actions.ts';
import { instancesIn } from '../../renderer/model/image-rows.ts';
import { initialForm, intentOf } from '../../renderer/views/create/create-form.ts';
import { imageIntent, initialImageForm, withType } from '../../renderer/views/image/image-form.ts';
import { makeSnapshotOfImages } from '../window/fixture/images.ts';

const snapshot = makeSnapshotOfImages(1_795_600_000_000);
const rows = imagesOf(snapshot);
const shared = '/srv/ganeti/file-storage';
const rowAt = (path: string, kind?: ImageRow['owner']['kind']): ImageRow => {
  const found = rows.find((row) => row.path === path && (kind === undefined || row.owner.kind === kind));
  if (!found) throw new Error(`The fixture has no ${path}.`);
  return found;
};
const erp = rowAt(`${shared}/old-erp.example.org/sda`);

describe('copying an image', () => {
  it('goes to a node that does not see it yet, else beside it under another name', () => {
    const from = { node: 'hera-1', path: erp.path };
    expect(imageIntent('copy', from, initialImageForm('copy', snapshot, erp, 'hera-1'))).toEqual({
      kind: 'copy-image',
      from,
      to: { node: 'hera-1', path: `${shared}/old-erp.example.org-copy/sda` },
    });
    const local = rowAt('/srv/local/ntp1.example.org/sda', 'instance');
    expect(initialImageForm('copy', snapshot, local, 'hera-1')).toMatchObject({
      node: 'hera-2',
      directory: '/srv/local',
      folder: 'ntp1.example.org',
      name: 'sda',
    });
    const form = { ...initialImageForm('copy', snapshot, erp, 'hera-1'), folder: ' ' };
    expect(imageIntent('copy', from, form)).toBe(null);
  });
});

describe('converting an image', () => {
  it('proposes a name that follows the type until somebody chose another one', () => {
    const debian = rowAt(`${shared}/debian-12.qcow2`);
    const form = initialImageForm('convert', snapshot, debian, 'hera-1');
    expect(form).toMatchObject({ type: 'raw', folder: 'converted', name: 'debian-12.raw' });
    expect(withType(form, debian, 'qcow2').name).toBe('debian-12-whole.qcow2');
    expect(withType({ ...form, name: 'mine' }, debian, 'qcow2').name).toBe('mine');
    expect(imageIntent('convert', { node: 'hera-1', path: debian.path }, { ...form, isVhd: true })).toEqual({
      kind: 'convert-file',
      node: 'hera-1',
      path: debian.path,
      type: 'raw',
      target: `${shared}/converted/debian-12.raw`,
      from: 'vhd',
    });
  });
});

describe('what an image can be read for', () => {
  const actions = (...chosen: ImageRow[]) =>
    new Map(imageActions(chosen, rows, instancesIn(snapshot)).map((each) => [each.id, each]));
  it('leads to a copy, a conversion, a new instance', () => {
    expect(actions(erp).get('copy')).toMatchObject({
      impossible: null,
      route: { view: 'image', task: 'copy', node: 'hera-1', path: erp.path },
    });
    expect(actions(erp).get('create')?.route).toEqual({
      view: 'create',
      from: { node: 'hera-1', image: erp.path },
    });
    expect(actions(rowAt(`${shared}/debian-12.qcow2`)).get('copy')?.impossible).toContain(
      'beside the folders',
    );
    expect(actions(rowAt(`${shared}/web1.example.org/sda`)).get('copy')?.impossible).toContain('It is open');
    const another = rowAt(`${shared}/test-erp.example.org/sdb`);
    expect(actions(erp, another).get('convert-file')?.impossible).toContain('one image at a time');
  });
});

describe('a new instance from an image', () => {
  it('has a disk that is a copy of it, as large as that or as it is said', () => {
    const form = { ...initialForm(snapshot, { node: 'hera-2', image: erp.path }), name: 'new1' };
    expect(form.primary).toBe('hera-2');
    expect(form.secondary).not.toBe('hera-2');
    expect(intentOf(form).intent?.disks).toEqual([{ size: 0, type: 'raw', mode: 'rw', import: erp.path }]);
    const [disk] = form.disks;
    if (!disk) throw new Error('a disk');
    const sized = { ...form, disks: [{ ...disk, size: '80G' }] };
    expect(intentOf(sized).intent?.disks[0]?.size).toBe(80 * 1024 ** 3);
    const unnamed = intentOf({ ...form, disks: [{ ...disk, image: ' ' }] });
    expect(unnamed.intent).toBe(null);
    expect(unnamed.errors.get('disks.0.import')).toContain('Name the image');
  });
});
