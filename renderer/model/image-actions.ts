/** What can be done with chosen images, each with its reason when it can't. Pure. */
import type { ImageRow } from '../../core/cluster/images.ts';
import type { Route } from '../navigation/route.ts';
import { type InstanceIn, instanceNameOf, openWords } from './image-rows.ts';

export type ImageAction = {
  id: string;
  label: string;
  route: Route;
  key: string | null;
  danger: boolean;
  /** why it can't be done now; null when it can be planned */
  impossible: string | null;
};

const nowhere: Route = { view: 'images' };
const action = (
  id: string,
  label: string,
  route: Route | null,
  more: Partial<Pick<ImageAction, 'key' | 'danger' | 'impossible'>> = {},
): ImageAction => ({
  id,
  label,
  route: route ?? nowhere,
  key: null,
  danger: false,
  impossible: null,
  ...more,
});

const kindWords: Record<ImageRow['owner']['kind'], string> = {
  instance: 'It is a disk of an instance already.',
  orphan: '',
  replica: 'It is a replica: an instance takes over from it by failover.',
  kept: 'It lies in the folder of an instance: add it there as a disk.',
  unrecorded: 'It lies in the folder of an instance: add it there as a disk.',
  partial: 'It is a copy that was not finished: nobody has proved what is in it.',
  trash: 'It lies in the trash: restore its instance instead.',
};

/** What is adopted: the whole folder when all its images are chosen, else image by image. */
const adoptPaths = (chosen: readonly ImageRow[], all: readonly ImageRow[]): string[] => {
  const [first] = chosen;
  if (!first) return [];
  const beside = all.filter((row) => row.storage.key === first.storage.key && row.folder === first.folder);
  const whole =
    first.folderName !== '' &&
    chosen.every((row) => row.storage.key === first.storage.key && row.folder === first.folder) &&
    beside.length === chosen.length;
  return whole ? [first.folder] : chosen.map((row) => row.path);
};

/** To an instance, images that are chosen become. */
export const adoptAction = (chosen: readonly ImageRow[], all: readonly ImageRow[]): ImageAction => {
  const common = (): { node: string | null; why: string | null } => {
    const stranger = chosen.find((row) => row.owner.kind !== 'orphan');
    if (stranger) return { node: null, why: kindWords[stranger.owner.kind] };
    const [first] = chosen;
    if (!first) return { node: null, why: 'Select images without an owner first.' };
    const node = first.storage.nodes.find((name) => chosen.every((row) => row.storage.nodes.includes(name)));
    return node === undefined
      ? { node: null, why: 'No node sees all of them, and an instance can have disks of one node only.' }
      : { node, why: null };
  };
  const { node, why } = common();
  return action(
    'adopt',
    'Adopt as instance…',
    node === null ? null : { view: 'adopt', node, paths: adoptPaths(chosen, all) },
    { key: 'A', impossible: why },
  );
};

/** What only reads an image, and makes something of it. */
const readActions = (
  chosen: readonly ImageRow[],
  wanted: readonly ('copy' | 'convert' | 'create')[],
): ImageAction[] => {
  const [row] = chosen;
  const [node = ''] = row?.storage.nodes ?? [];
  if (!row) return [];
  const common =
    chosen.length > 1
      ? 'A plan is made for one image at a time: select one.'
      : row.openBy.length > 0
        ? `It is open (${openWords(row).text}), and can't be read at one moment: stop its guest first.`
        : null;
  const made = {
    copy: action(
      'copy',
      'Copy…',
      { view: 'image', task: 'copy', node, path: row.path },
      {
        impossible:
          common ??
          (row.folderName === ''
            ? 'It lies beside the folders, where nothing can be locked: adopt it, or convert it into a folder.'
            : null),
      },
    ),
    convert: action(
      'convert-file',
      'Convert…',
      { view: 'image', task: 'convert', node, path: row.path },
      {
        impossible: common ?? (row.type === null ? 'Its type is not known.' : null),
      },
    ),
    create: action(
      'create',
      'Create instance from it…',
      { view: 'create', from: { node, image: row.path } },
      {
        impossible: common ?? (row.type === null ? 'Its type is not known.' : null),
      },
    ),
  };
  return wanted.map((each) => made[each]);
};

/** Into the trash: one image, or a whole folder when all its images are chosen. */
export const removeAction = (chosen: readonly ImageRow[], all: readonly ImageRow[]): ImageAction => {
  const stranger = chosen.find((row) => row.owner.kind !== 'orphan' && row.owner.kind !== 'partial');
  const paths = adoptPaths(chosen, all);
  const [first] = chosen;
  const [path, ...more] = paths;
  const opener = chosen.flatMap((row) => row.openBy)[0];
  const why = (): string | null => {
    if (stranger)
      return 'Only images without an owner go: an instance, a replica or the trash has its own way.';
    if (opener) return `${opener.by} on ${opener.node} has it open: stop that first.`;
    return more.length > 0 ? 'One image, or one whole folder, goes at a time: select that.' : null;
  };
  const node = first?.storage.nodes[0];
  return action(
    'remove-image',
    'Move to the trash…',
    node === undefined || path === undefined ? null : { view: 'remove-image', node, path },
    { danger: true, impossible: why() },
  );
};

/**
 * The actions on the chosen images; those that suit what they are, the dangerous one last.
 * @param instanceOf the instance that an image has to do with
 */
export const imageActions = (
  chosen: readonly ImageRow[],
  all: readonly ImageRow[],
  instanceOf: (row: ImageRow) => InstanceIn | null,
): ImageAction[] => {
  const [row] = chosen;
  if (!row) return [];
  const kinds = new Set(chosen.map((each) => each.owner.kind));
  if (kinds.size > 1) return [adoptAction(chosen, all), removeAction(chosen, all)];
  if (row.owner.kind === 'partial') return [removeAction(chosen, all)];
  if (row.owner.kind === 'orphan')
    return [
      adoptAction(chosen, all),
      ...readActions(chosen, ['copy', 'convert', 'create']),
      removeAction(chosen, all),
    ];
  const found = instanceOf(row);
  const impossible =
    chosen.length > 1
      ? 'A plan is made for one image at a time: select one.'
      : found === null && row.owner.kind !== 'trash'
        ? `It is not clear which instance ${instanceNameOf(row) ?? ''} is meant: open it from the table of instances.`
        : null;
  const instance = found?.handle ?? '';
  const disk = (
    task: 'grow' | 'convert' | 'snapshots' | 'remove' | 'add' | 'release',
    item: string,
  ): Route => ({
    view: 'disk',
    instance,
    task,
    item,
  });
  switch (row.owner.kind) {
    case 'instance': {
      const item = String(row.owner.disk);
      return [
        action('grow', 'Grow…', disk('grow', item), { impossible }),
        action('convert', 'Convert…', disk('convert', item), { impossible }),
        action('snapshots', 'Snapshots…', disk('snapshots', item), {
          impossible:
            impossible ??
            (row.type === 'qcow2' ? null : 'Only qcow2 images have snapshots: convert it first.'),
        }),
        ...readActions(chosen, ['copy']),
        action('remove', 'Remove disk…', disk('remove', item), { danger: true, impossible }),
      ];
    }
    case 'kept':
      return [
        action('add', 'Add as disk…', disk('add', row.name), { impossible }),
        ...readActions(chosen, ['copy']),
        action('release', 'Let go…', disk('release', row.name), { danger: true, impossible }),
      ];
    case 'unrecorded':
      return [
        action('add', 'Add as disk…', disk('add', row.name), { impossible }),
        ...readActions(chosen, ['copy']),
      ];
    case 'replica':
      return [
        ...readActions(chosen, ['copy']),
        action(
          'discard',
          'Discard the copy…',
          { view: 'copy', kind: 'discard', instance },
          {
            danger: true,
            impossible,
          },
        ),
      ];
    case 'trash': {
      const folders = new Set(chosen.map((each) => `${each.storage.path}/${each.folderName}`));
      const [subject = ''] = folders;
      return [
        action(
          'restore',
          'Restore its instance…',
          { view: 'review', kind: 'restore', subject },
          {
            impossible:
              folders.size > 1 ? 'One instance is restored at a time: select images of one folder.' : null,
          },
        ),
      ];
    }
  }
};
