/** Words that make instances, and take images as such. */
import { z } from 'zod';
import { fileDriver, fileType } from '../../cluster/record.ts';
import {
  defined,
  flag,
  forwardAgentField,
  guestWords,
  instance,
  lentBy,
  nics,
  nicsWords,
  node,
  partOfGuest,
  path,
  size,
  sizeWord,
  storageDirectory,
  text,
  wholeGuest,
} from './fields.ts';
import { word } from './word.ts';

const newDisk = z
  .strictObject({
    size: size.optional(),
    type: z.enum(['raw', 'qcow2']).default('raw'),
    vdev: z.string().max(16).optional().describe("The guest's device, such as xvda."),
    mode: z.enum(['rw', 'ro']).default('rw'),
    allocation: z.enum(['sparse', 'full']).optional(),
    base: text.optional().describe('A linked clone of this image.'),
    import: text.optional().describe('A converted copy of this image.'),
  })
  .transform(({ size: bytes, ...rest }) => defined({ ...rest, size: bytes ?? 0 }));

const add = word({
  do: 'add',
  kind: 'create',
  title: 'Create an instance',
  fields: z.strictObject({
    instance,
    node: node.describe('Where it runs.'),
    secondary: node.optional().describe('Where it is failed over to.'),
    path: storageDirectory,
    driver: fileDriver.default('loop'),
    reuse: flag.default(false).describe("Take the images that lie in the instance's folder."),
    disks: z.array(newDisk).max(26),
    guest: wholeGuest,
    nics: nics.optional(),
    os: z.string().max(255).default('none').describe('none, template:FILE, or an OS definition.'),
    'os-parameters': z.record(z.string(), z.string()).optional(),
    'os-import': z
      .array(z.strictObject({ disk: z.number().int().min(0), file: text }))
      .min(1)
      .max(26)
      .optional(),
    install: flag.default(true).describe('false: only the name of the operating system is kept.'),
    start: flag.default(true),
  }),
  intent: (value) =>
    defined({
      name: value.instance,
      primary: value.node,
      secondary: value.secondary ?? null,
      storageDirectory: value.path,
      driver: value.driver,
      reuse: value.reuse,
      disks: value.disks,
      guest: value.guest,
      nics: value.nics ?? [],
      os: value.os,
      osParameters: value['os-parameters'],
      osImport: value['os-import'],
      install: value.install ? undefined : (false as const),
      start: value.start,
    }),
  words: (intent) =>
    defined({
      instance: intent.name,
      node: intent.primary,
      secondary: intent.secondary ?? undefined,
      path: intent.storageDirectory,
      driver: intent.driver,
      reuse: intent.reuse ? true : undefined,
      disks: intent.disks.map(({ size: bytes, type, mode, ...rest }) =>
        defined({
          size: bytes === 0 ? undefined : sizeWord(bytes),
          type: type === 'raw' ? undefined : type,
          mode: mode === 'rw' ? undefined : mode,
          ...rest,
        }),
      ),
      guest: guestWords(intent.guest),
      nics: intent.nics.length === 0 ? undefined : nicsWords(intent.nics),
      os: intent.os === 'none' ? undefined : intent.os,
      'os-parameters': intent.osParameters,
      'os-import': intent.osImport,
      install: intent.install,
      start: intent.start ? undefined : false,
    }),
});

const adopt = word({
  do: 'adopt',
  kind: 'adopt',
  title: 'Make an instance of images that are there',
  fields: z.strictObject({
    instance,
    node: node.describe('Where they are, and it runs.'),
    secondary: node.optional(),
    paths: z.array(text).min(1).max(26).describe('One folder, or images in the order of the disks.'),
    disks: z
      .array(
        z
          .strictObject({
            driver: fileDriver,
            type: fileType,
            vdev: z.string().max(16),
            mode: z.enum(['rw', 'ro']).default('rw'),
            size: size.optional(),
          })
          .transform(defined),
      )
      .max(26)
      .optional(),
    driver: fileDriver.optional(),
    guest: partOfGuest.optional().describe('What is left out is as xen.cfg beside the images says.'),
    nics: nics.optional(),
    config: path.optional().describe('Its configuration in /etc/xen.'),
    domain: z.string().max(36).optional().describe('uuid of a domain that runs without a configuration.'),
    os: z.string().max(255).optional(),
    'ganeti-starts': z
      .strictObject({ node: node.optional() })
      .optional()
      .describe("Ganeti's configuration says that it is to run, on this node."),
    start: flag.default(false),
  }),
  intent: (value) =>
    defined({
      name: value.instance,
      primary: value.node,
      secondary: value.secondary ?? null,
      paths: value.paths,
      disks: value.disks,
      driver: value.driver ?? null,
      guest: value.guest ?? {},
      nics: value.nics ?? null,
      config: value.config,
      domain: value.domain,
      os: value.os,
      ganetiStarts: value['ganeti-starts'] && { node: value['ganeti-starts'].node ?? null },
      start: value.start,
    }),
  words: (intent) =>
    defined({
      instance: intent.name,
      node: intent.primary,
      secondary: intent.secondary ?? undefined,
      paths: intent.paths,
      disks: intent.disks?.map(({ size: bytes, mode, ...rest }) =>
        defined({
          size: bytes === undefined ? undefined : sizeWord(bytes),
          mode: mode === 'rw' ? undefined : mode,
          ...rest,
        }),
      ),
      driver: intent.driver ?? undefined,
      guest: Object.keys(intent.guest).length === 0 ? undefined : guestWords(intent.guest),
      nics: intent.nics === null ? undefined : nicsWords(intent.nics),
      config: intent.config,
      domain: intent.domain,
      os: intent.os,
      'ganeti-starts': intent.ganetiStarts && defined({ node: intent.ganetiStarts.node ?? undefined }),
      start: intent.start ? true : undefined,
    }),
});

const clone = word({
  do: 'clone',
  kind: 'clone',
  title: 'Copy a stopped instance into one of its own',
  fields: z.strictObject({
    instance,
    name: text.max(255).describe('Name of the clone.'),
    node: node.optional().describe('Where the clone runs; left out: where its source is read.'),
    path: storageDirectory.optional(),
    ...forwardAgentField,
  }),
  intent: (value) => ({
    instance: value.instance,
    name: value.name,
    node: value.node ?? null,
    storageDirectory: value.path ?? null,
    ...lentBy(value),
  }),
  words: (intent) =>
    defined({
      instance: intent.instance,
      name: intent.name,
      node: intent.node ?? undefined,
      path: intent.storageDirectory ?? undefined,
      'forward-agent': intent.forwardAgent,
    }),
});

const restore = word({
  do: 'restore',
  kind: 'restore',
  title: 'Take something out of the trash',
  fields: z.strictObject({
    name: text.max(255).describe('Its name in the trash.'),
    'storage-dir': storageDirectory,
  }),
  intent: (value) => ({ trashName: value.name, storageDirectory: value['storage-dir'] }),
  words: (intent) => ({ name: intent.trashName, 'storage-dir': intent.storageDirectory }),
});

const purge = word({
  do: 'purge',
  kind: 'purge-trash',
  title: 'Delete what lies in the trash for good',
  fields: z.strictObject({
    folders: z
      .array(z.strictObject({ name: text.max(255), 'storage-dir': storageDirectory, node: node.optional() }))
      .min(1)
      .max(500),
  }),
  intent: (value) => ({
    folders: value.folders.map((each) =>
      defined({ storageDirectory: each['storage-dir'], trashName: each.name, node: each.node }),
    ),
  }),
  words: (intent) => ({
    folders: intent.folders.map((each) =>
      defined({ name: each.trashName, 'storage-dir': each.storageDirectory, node: each.node }),
    ),
  }),
});

export const makingWords = [add, adopt, clone, restore, purge];
