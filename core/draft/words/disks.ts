/** Words about disks, images of no instance, and what the whole cluster shares. */
import { z } from 'zod';
import { fileDriver } from '../../cluster/record.ts';
import type { DiskAddIntent } from '../../plan/disk-intents.ts';
import { isOneLine, oneLineForm } from '../characters.ts';
import {
  defined,
  diskNumber,
  flag,
  forwardAgentField,
  instance,
  lentBy,
  newSize,
  node,
  path,
  size,
  sizeWord,
  text,
} from './fields.ts';
import { word } from './word.ts';

const madeType = z.enum(['raw', 'qcow2']);

const grow = word({
  do: 'grow',
  kind: 'grow',
  title: 'Make a disk larger',
  fields: z.strictObject({ instance, disk: diskNumber, size: newSize }),
  intent: ({ size: wanted, ...rest }) => ({ ...rest, ...wanted }),
  words: (intent) => ({
    instance: intent.instance,
    disk: intent.disk,
    size: `${intent.by ? '+' : ''}${sizeWord(intent.size)}`,
  }),
});

const convert = word({
  do: 'convert',
  kind: 'convert',
  title: 'Make a disk another file type',
  fields: z.strictObject({ instance, disk: diskNumber, to: madeType, driver: fileDriver.optional() }),
  intent: (value) => defined(value),
  words: ({ instance: name, disk, to, driver }) => defined({ instance: name, disk, to, driver }),
});

const snapshot = word({
  do: 'snapshot',
  kind: 'snapshot',
  title: 'Keep, take back or forget a snapshot inside a qcow2 disk',
  fields: z.strictObject({
    instance,
    disk: diskNumber,
    change: z.enum(['create', 'revert', 'delete']).default('create'),
    tag: z.string().max(255).refine(isOneLine, oneLineForm),
  }),
  intent: (value) => value,
  words: ({ instance: name, disk, change, tag }) => ({ instance: name, disk, change, tag }),
});

type Source = DiskAddIntent['source'];
const sourceWords = (source: Source): Record<string, unknown> => {
  const bytes = source.size === undefined || source.size === null ? undefined : sizeWord(source.size);
  switch (source.from) {
    case 'file':
      return { file: source.file, size: bytes };
    case 'import':
      return { import: source.path, type: source.type, size: bytes };
    case 'new':
      return {
        size: bytes,
        type: source.type,
        allocation: source.allocation === 'sparse' ? undefined : source.allocation,
        base: source.base ?? undefined,
      };
  }
};

const diskAdd = word({
  do: 'disk-add',
  kind: 'disk-add',
  title: 'Give a stopped instance one more disk',
  fields: z
    .strictObject({
      instance,
      size: size.optional(),
      type: madeType.optional(),
      allocation: z.enum(['sparse', 'full']).optional(),
      base: text.optional().describe('A linked clone of this image.'),
      file: text.max(255).optional().describe("A file that lies in the instance's folder."),
      import: text.optional().describe('A converted copy of this image.'),
      vdev: z.string().max(16).optional().describe("The guest's device; left out: the next that is free."),
      mode: z.enum(['rw', 'ro']).default('rw'),
      driver: fileDriver.optional(),
    })
    .superRefine((value, context) => {
      const problem = (message: string): void => context.addIssue({ code: 'custom', message });
      const isNew = value.file === undefined && value.import === undefined;
      if (
        isNew
          ? value.size === undefined && value.base === undefined
          : value.file !== undefined && value.import !== undefined
      )
        problem('Say exactly one of size (or base) for a new image, file for one in its folder, and import.');
      if (value.file !== undefined && value.type !== undefined)
        problem('The type is told by the file itself: leave "type" out, and convert the disk afterwards.');
      if (!isNew && (value.allocation !== undefined || value.base !== undefined))
        problem('"allocation" and "base" are for new images.');
    }),
  intent: ({ size: bytes, type, allocation, base, file, import: imported, ...rest }) => {
    const made = type ?? (base === undefined ? 'raw' : 'qcow2');
    const known = bytes === undefined ? {} : { size: bytes };
    const source: Source =
      file !== undefined
        ? { from: 'file', file, ...known }
        : imported !== undefined
          ? { from: 'import', path: imported, type: made, ...known }
          : {
              from: 'new',
              size: bytes ?? null,
              type: made,
              allocation: allocation ?? 'sparse',
              base: base ?? null,
            };
    return { ...defined(rest), source };
  },
  words: ({ instance: name, source, vdev, mode, driver }) =>
    defined({
      instance: name,
      ...sourceWords(source),
      vdev,
      mode: mode === 'rw' ? undefined : mode,
      driver,
    }),
});

const diskRemove = word({
  do: 'disk-remove',
  kind: 'disk-remove',
  title: 'Take a disk out of a stopped instance',
  fields: z.strictObject({ instance, disk: diskNumber, purge: flag.default(false) }),
  intent: (value) => value,
  words: ({ instance: name, disk, purge }) =>
    defined({ instance: name, disk, purge: purge ? true : undefined }),
});

const release = word({
  do: 'release',
  kind: 'release',
  title: 'Delete a file that a conversion or the removal of a disk kept',
  fields: z.strictObject({ instance, file: text.max(255) }),
  intent: (value) => value,
  words: ({ instance: name, file }) => ({ instance: name, file }),
});

const placed = z
  .string()
  .max(4400)
  .transform((value, context) => {
    const [, on = '', file = ''] = /^([^:/]+):(\/.*)$/s.exec(value) ?? [];
    if (on !== '') return { node: on, path: file };
    context.addIssue({
      code: 'custom',
      message: 'NODE:PATH is needed here, such as node1:/srv/ganeti/file-storage/web1/sda.',
    });
    return z.NEVER;
  })
  .meta({ description: 'NODE:PATH', examples: ['node1:/srv/ganeti/file-storage/web1/sda'] });

const imageCopy = word({
  do: 'image-copy',
  kind: 'copy-image',
  title: 'Copy an image that nobody uses to another folder or node',
  fields: z.strictObject({ from: placed, to: placed, ...forwardAgentField }),
  intent: (value) => ({ from: value.from, to: value.to, ...lentBy(value) }),
  words: ({ from, to, forwardAgent }) =>
    defined({
      from: `${from.node}:${from.path}`,
      to: `${to.node}:${to.path}`,
      'forward-agent': forwardAgent,
    }),
});

const imageConvert = word({
  do: 'image-convert',
  kind: 'convert-file',
  title: 'Convert an image that is no disk into a new file',
  fields: z.strictObject({
    node,
    path,
    to: madeType,
    target: text.optional().describe('Where the new image shall lie; left out: beside the old one.'),
    from: z.literal('vhd').optional().describe('For a VHD of fixed size, which has no header.'),
  }),
  intent: ({ to, ...rest }) => ({ ...defined(rest), type: to }),
  words: (intent) =>
    defined({
      node: intent.node,
      path: intent.path,
      to: intent.type,
      target: intent.target,
      from: intent.from,
    }),
});

const imageRemove = word({
  do: 'image-remove',
  kind: 'remove-image',
  title: 'Move an image that no instance owns, or a folder of them, into the trash',
  fields: z.strictObject({ node, path }),
  intent: (value) => value,
  words: ({ node: on, path: file }) => ({ node: on, path: file }),
});

const imageCompare = word({
  do: 'image-compare',
  kind: 'compare-images',
  title: 'Compare the content of images on all nodes that have them',
  fields: z
    .strictObject({ instance: instance.optional(), path: path.optional() })
    .superRefine((value, context) => {
      if ((value.instance === undefined) === (value.path === undefined))
        context.addIssue({ code: 'custom', message: 'Say exactly one of "instance" and "path".' });
    }),
  intent: ({ instance: name, path: file }) => ({
    subject:
      name === undefined
        ? { of: 'path' as const, path: file ?? '' }
        : { of: 'instance' as const, instance: name },
  }),
  words: ({ subject }) =>
    subject.of === 'instance' ? { instance: subject.instance } : { path: subject.path },
});

const clusterModify = word({
  do: 'cluster-modify',
  kind: 'cluster-modify',
  title: 'Change a setting that the whole cluster shares',
  fields: z.strictObject({
    'template-dir': text
      .nullable()
      .describe('Directory of golden images on each node; null: that of each storage directory.'),
  }),
  intent: (value) => ({ templateDirectory: value['template-dir'] }),
  words: (intent) => ({ 'template-dir': intent.templateDirectory }),
});

export const diskWords = [
  grow,
  convert,
  snapshot,
  diskAdd,
  diskRemove,
  release,
  imageCopy,
  imageConvert,
  imageRemove,
  imageCompare,
  clusterModify,
];
