/** The forms about a disk as text, and the intents that they come to. Pure; what else stands against them is the planner's to say. */
import type { InstanceView } from '../../../core/cluster/instances.ts';
import type { FileDriver, FileType } from '../../../core/cluster/record.ts';
import type { Intent } from '../../../core/plan/intent.ts';
import { checkDriver, FILE_DRIVERS } from '../../../core/storage/drivers.ts';
import { isPartialName, parseKeptName } from '../../../core/storage/kept-names.ts';
import { parseSize } from '../../../core/storage/sizes.ts';
import { validateSnapshotTag } from '../../../core/storage/snapshot-tags.ts';
import type { DiskTask } from '../../navigation/route.ts';

export type AddFrom = 'new' | 'base' | 'file' | 'import';

export type DiskForm = {
  /** "+5G" or "20G" when growing, "5G" when adding */
  size: string;
  /** what the image becomes or is made as */
  type: 'raw' | 'qcow2';
  driver: FileDriver;
  allocation: 'sparse' | 'full';
  change: 'create' | 'revert' | 'delete';
  tag: string;
  purge: boolean;
  /** where the export script writes, on the node */
  output: string;
  from: AddFrom;
  /** path of a base or of an image to import */
  path: string;
  /** base name of a file in the folder */
  file: string;
  vdev: string;
  mode: 'rw' | 'ro';
};

export type FieldErrors = ReadonlyMap<string, string>;

/** The first driver that serves this type where the present one does not. */
export const driverFor = (type: FileType, present: FileDriver): FileDriver =>
  checkDriver(present, type, 'xl').ok
    ? present
    : (FILE_DRIVERS.find((each) => checkDriver(each, type, 'xl').ok) ?? present);

/** Files in the instance's folder that are no disk of it, as the node that counts showed them. */
export const filesBeside = (
  instance: InstanceView,
): { name: string; size: number; allocated: number; kept: boolean }[] =>
  (instance.folders[0]?.folder.files ?? [])
    .filter(
      (file) =>
        !instance.disks.some((disk) => disk.path === `${instance.folder}/${file.name}`) &&
        !isPartialName(file.name),
    )
    .map(({ name, size, allocated }) => ({ name, size, allocated, kept: parseKeptName(name) !== null }));

export const initialForm = (task: DiskTask, instance: InstanceView, item: string): DiskForm => {
  const disk = instance.disks[Number(item)];
  const type = task === 'convert' && disk?.type === 'raw' ? 'qcow2' : 'raw';
  const driver = disk?.driver ?? instance.disks[0]?.driver ?? 'loop';
  return {
    size: task === 'grow' ? '+5G' : item === '' ? '5G' : '',
    type,
    driver: driverFor(type, driver),
    allocation: 'sparse',
    change: 'create',
    tag: '',
    purge: false,
    output: '',
    from: task === 'add' && item !== '' ? 'file' : 'new',
    path: '',
    file: task === 'add' ? item : '',
    vdev: '',
    mode: 'rw',
  };
};

type Made = { intent: Intent | null; errors: FieldErrors };
const wrong = (field: string, message: string): Made => ({
  intent: null,
  errors: new Map([[field, message]]),
});
const right = (intent: Intent): Made => ({ intent, errors: new Map() });

const addIntent = (handle: string, form: DiskForm): Made => {
  const common = {
    kind: 'disk-add' as const,
    instance: handle,
    mode: form.mode,
    driver: form.driver,
    ...(form.vdev.trim() === '' ? {} : { vdev: form.vdev.trim() }),
  };
  const path = form.path.trim();
  switch (form.from) {
    case 'new': {
      const size = parseSize(form.size);
      if (!size.ok) return wrong('size', size.message);
      const { type } = form;
      // a choice that does not exist for qcow2 is not carried along
      const allocation = type === 'raw' ? form.allocation : 'sparse';
      return right({ ...common, source: { from: 'new', size: size.bytes, type, allocation, base: null } });
    }
    case 'base': {
      if (path === '') return wrong('path', 'Name the image on which it builds, by its path on the node.');
      const size = form.size.trim() === '' ? null : parseSize(form.size);
      if (size !== null && !size.ok) return wrong('size', size.message);
      return right({
        ...common,
        source: { from: 'new', size: size?.bytes ?? null, type: 'qcow2', allocation: 'sparse', base: path },
      });
    }
    case 'file':
    case 'import': {
      const size = form.size.trim() === '' ? null : parseSize(form.size);
      if (size !== null && !size.ok) return wrong('size', size.message);
      const known = size === null ? {} : { size: size.bytes };
      if (form.from === 'file')
        return form.file === ''
          ? wrong('file', 'Choose a file of the folder.')
          : right({ ...common, source: { from: 'file', file: form.file, ...known } });
      return path === ''
        ? wrong('path', 'Name the image by its path on the node.')
        : right({ ...common, source: { from: 'import', path, type: form.type, ...known } });
    }
  }
};

/** @param item the disk's number, or the name of a file */
export const intentOf = (task: DiskTask, handle: string, item: string, form: DiskForm): Made => {
  const disk = Number(item);
  switch (task) {
    case 'grow': {
      const text = form.size.trim();
      const by = text.startsWith('+');
      const size = parseSize(by ? text.slice(1) : text);
      return size.ok
        ? right({ kind: 'grow', instance: handle, disk, size: size.bytes, by })
        : wrong('size', size.message);
    }
    case 'convert':
      return right({ kind: 'convert', instance: handle, disk, to: form.type, driver: form.driver });
    case 'export': {
      const output = form.output.trim();
      return output === ''
        ? wrong('output', 'Name the file that it is written to, by its path on the node.')
        : right({ kind: 'os-export', instance: handle, disk, output });
    }
    case 'snapshots': {
      const tag = validateSnapshotTag(form.tag.trim());
      if (form.tag.trim() === '')
        return wrong(
          'tag',
          form.change === 'create' ? 'It needs a tag, such as before-upgrade.' : 'Choose a snapshot.',
        );
      // a snapshot that others made may have any tag: the planner says what it thinks of it
      return form.change === 'create' && !tag.ok
        ? wrong('tag', tag.message)
        : right({ kind: 'snapshot', instance: handle, disk, change: form.change, tag: form.tag.trim() });
    }
    case 'remove':
      return right({ kind: 'disk-remove', instance: handle, disk, purge: form.purge });
    case 'release':
      return right({ kind: 'release', instance: handle, file: item });
    case 'add':
      return addIntent(handle, form);
  }
};
