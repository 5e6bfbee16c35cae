/** Any intent that a draft can hold, with texts as people never write them. */
import fc from 'fast-check';
import type { Intent } from '../../../core/plan/intent.ts';

const text = fc.oneof(
  fc.constantFrom(
    'web1',
    'yes',
    'null',
    '12',
    '1e3',
    'a: b',
    '# x',
    "it's",
    '"q"',
    '- x',
    'ü\u2028',
    ' x ',
    '*a',
    '&a',
  ),
  // names and paths are one line each
  fc.string({ minLength: 1, maxLength: 12, unit: 'binary' }).filter((each) => !/[\p{Cc}\p{Cs}]/u.test(each)),
);
const maybe = <T>(of: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(of);
const size = fc.integer({ min: 1, max: 2 ** 40 }).map((sectors) => sectors * 512);
const disk = fc.integer({ min: 0, max: 25 });
const seconds = fc.integer({ min: 1, max: 86_400 });
const driver = fc.constantFrom('loop' as const, 'blktap' as const, 'ublkback' as const);
const made = fc.constantFrom('raw' as const, 'qcow2' as const);
const mode = fc.constantFrom('rw' as const, 'ro' as const);
/** Of copies between nodes. */
const lent = fc.record({ forwardAgent: fc.constant(true as const) }, { requiredKeys: [] });
const path = text.map((each) => `/srv/${each}`);

const guestPart = {
  type: fc.constantFrom('pv' as const, 'pvh' as const, 'hvm' as const),
  memoryMib: fc.integer({ min: 1, max: 2 ** 20 }),
  maxMemoryMib: fc.integer({ min: 1, max: 2 ** 20 }),
  vcpus: fc.integer({ min: 1, max: 512 }),
  kernel: path,
  extra: text,
  boot: fc.constantFrom('c', 'dn'),
};
const guest = fc.record(guestPart, { requiredKeys: ['type', 'memoryMib', 'vcpus'] });
const nics = fc.array(fc.record({ bridge: text, mac: maybe(fc.constant('00:16:3e:00:00:01')) }), {
  maxLength: 3,
});
const configText = fc
  .oneof(
    fc.string({ maxLength: 60, unit: 'binary' }).filter((each) => each.isWellFormed()),
    fc
      .array(fc.constantFrom('memory = 512', '# note ', '', '\tx = "a"', 'extra = "q"\r'), { maxLength: 6 })
      .map((lines) => lines.join('\n')),
  )
  .filter((each) => !/passw/i.test(each));

/** One for each kind of intent that has words. */
export const draftable: Record<Exclude<Intent['kind'], 'cluster-init' | 'unlock'>, fc.Arbitrary<Intent>> = {
  create: fc
    .tuple(
      fc.record({
        name: text,
        primary: text,
        secondary: maybe(text),
        storageDirectory: path,
        driver,
        reuse: fc.boolean(),
        disks: fc.array(
          fc.record(
            {
              size: fc.oneof(size, fc.constant(0)),
              type: made,
              mode,
              vdev: fc.constant('xvdb'),
              allocation: fc.constantFrom('sparse' as const, 'full' as const),
              base: path,
            },
            { requiredKeys: ['size', 'type', 'mode'] },
          ),
          { maxLength: 3 },
        ),
        guest,
        nics,
        os: fc.oneof(fc.constant('none'), text),
        start: fc.boolean(),
      }),
      fc.record(
        {
          osParameters: fc.dictionary(fc.constantFrom('suite', 'no', '1'), text),
          osImport: fc.array(fc.record({ disk, file: path }), { minLength: 1, maxLength: 2 }),
          install: fc.constant(false as const),
        },
        { requiredKeys: [] },
      ),
    )
    .map(([one, other]): Intent => ({ kind: 'create', ...one, ...other })),
  adopt: fc
    .tuple(
      fc.record({
        name: text,
        primary: text,
        secondary: maybe(text),
        paths: fc.array(path, { minLength: 1, maxLength: 3 }),
        driver: maybe(driver),
        guest: fc.record(guestPart, { requiredKeys: [] }),
        nics: maybe(nics),
        start: fc.boolean(),
      }),
      fc.record(
        {
          disks: fc.array(
            fc.record(
              {
                driver,
                type: fc.constantFrom('raw' as const, 'vmdk' as const),
                vdev: fc.constant('xvda'),
                mode,
                size,
              },
              { requiredKeys: ['driver', 'type', 'vdev', 'mode'] },
            ),
            { maxLength: 3 },
          ),
          config: path,
          domain: fc.uuid(),
          os: text,
          ganetiStarts: fc.record({ node: maybe(text) }),
        },
        { requiredKeys: [] },
      ),
    )
    .map(([one, other]): Intent => ({ kind: 'adopt', ...one, ...other })),
  'cluster-modify': maybe(path).map((templateDirectory) => ({ kind: 'cluster-modify', templateDirectory })),
  start: text.map((instance) => ({ kind: 'start', instance })),
  stop: fc.tuple(text, seconds, fc.constantFrom('force' as const, 'leave' as const)).map(
    ([instance, timeoutSeconds, after]): Intent =>
      // biome-ignore lint/suspicious/noThenProperty: a word of the intent, never a function
      ({ kind: 'stop', instance, timeoutSeconds, then: after }),
  ),
  reboot: fc
    .tuple(text, seconds)
    .map(([instance, timeoutSeconds]) => ({ kind: 'reboot', instance, timeoutSeconds })),
  remove: fc
    .tuple(text, fc.boolean(), seconds)
    .map(([instance, purge, timeoutSeconds]) => ({ kind: 'remove', instance, purge, timeoutSeconds })),
  restore: fc
    .tuple(path, text)
    .map(([storageDirectory, trashName]) => ({ kind: 'restore', storageDirectory, trashName })),
  'purge-trash': fc
    .array(
      fc.record(
        { storageDirectory: path, trashName: text, node: text },
        { requiredKeys: ['storageDirectory', 'trashName'] },
      ),
      { minLength: 1, maxLength: 3 },
    )
    .map((folders): Intent => ({ kind: 'purge-trash', folders })),
  failover: fc.tuple(text, maybe(text), seconds, lent).map(
    ([instance, target, timeoutSeconds, more]): Intent => ({
      kind: 'failover',
      instance,
      target,
      timeoutSeconds,
      ...more,
    }),
  ),
  migrate: fc
    .tuple(text, maybe(text), fc.record({ cleanup: fc.boolean() }, { requiredKeys: [] }))
    .map(([instance, target, more]): Intent => ({ kind: 'migrate', instance, target, ...more })),
  claim: fc
    .tuple(text, path, fc.constantFrom('moved' as const, 'cloned' as const), text)
    .map(([instance, folder, as, primary]) => ({ kind: 'claim', instance, path: folder, as, primary })),
  clone: fc.tuple(text, text, maybe(text), maybe(path), lent).map(
    ([instance, name, node, storageDirectory, more]): Intent => ({
      kind: 'clone',
      instance,
      name,
      node,
      storageDirectory,
      ...more,
    }),
  ),
  rename: fc
    .tuple(text, text, fc.boolean())
    .map(
      ([instance, name, os]): Intent => ({ kind: 'rename', instance, name, ...(os && { osRename: true }) }),
    ),
  move: fc.tuple(text, maybe(text), maybe(path), fc.boolean(), seconds, lent).map(
    ([instance, node, storageDirectory, removeSource, timeoutSeconds, more]): Intent => ({
      ...{ kind: 'move', instance, node, storageDirectory, removeSource, timeoutSeconds },
      ...more,
    }),
  ),
  replicate: fc
    .tuple(text, maybe(text), lent)
    .map(([instance, node, more]): Intent => ({ kind: 'replicate', instance, node, ...more })),
  discard: fc
    .tuple(text, text, path)
    .map(([instance, node, folder]) => ({ kind: 'discard', instance, node, path: folder })),
  configure: fc
    .tuple(text, configText, maybe(configText))
    .map(([instance, after, from]) => ({ kind: 'configure', instance, text: after, from })),
  'copy-image': fc.tuple(path, path, lent).map(
    ([from, to, more]): Intent => ({
      kind: 'copy-image',
      from: { node: 'node1', path: from },
      to: { node: 'node2', path: to },
      ...more,
    }),
  ),
  'compare-images': fc.oneof(
    text.map((instance): Intent => ({ kind: 'compare-images', subject: { of: 'instance', instance } })),
    path.map((file): Intent => ({ kind: 'compare-images', subject: { of: 'path', path: file } })),
  ),
  'convert-file': fc
    .tuple(
      text,
      path,
      made,
      fc.record({ target: path, from: fc.constant('vhd' as const) }, { requiredKeys: [] }),
    )
    .map(([node, file, type, more]): Intent => ({ kind: 'convert-file', node, path: file, type, ...more })),
  'remove-image': fc.tuple(text, path).map(([node, file]) => ({ kind: 'remove-image', node, path: file })),
  grow: fc
    .tuple(text, disk, size, fc.boolean())
    .map(([instance, index, bytes, by]) => ({ kind: 'grow', instance, disk: index, size: bytes, by })),
  convert: fc
    .tuple(text, disk, made, fc.record({ driver }, { requiredKeys: [] }))
    .map(([instance, index, to, more]): Intent => ({ kind: 'convert', instance, disk: index, to, ...more })),
  snapshot: fc
    .tuple(
      text,
      disk,
      fc.constantFrom('create' as const, 'revert' as const, 'delete' as const),
      fc.string({ maxLength: 9 }),
    )
    .map(([instance, index, change, tag]) => ({ kind: 'snapshot', instance, disk: index, change, tag })),
  'disk-add': fc
    .tuple(
      text,
      fc.oneof(
        fc
          .tuple(size, made, fc.constantFrom('sparse' as const, 'full' as const), maybe(path))
          .map(([bytes, type, allocation, base]) => ({
            from: 'new' as const,
            size: bytes,
            type,
            allocation,
            base,
          })),
        path.map((base) => ({
          from: 'new' as const,
          size: null,
          type: 'qcow2' as const,
          allocation: 'sparse' as const,
          base,
        })),
        fc.record(
          { from: fc.constant('file' as const), file: text, size },
          { requiredKeys: ['from', 'file'] },
        ),
        fc.record(
          { from: fc.constant('import' as const), path, type: made, size },
          { requiredKeys: ['from', 'path', 'type'] },
        ),
      ),
      mode,
      fc.record({ vdev: fc.constant('xvdc'), driver }, { requiredKeys: [] }),
    )
    .map(
      ([instance, source, access, more]): Intent => ({
        kind: 'disk-add',
        instance,
        source,
        mode: access,
        ...more,
      }),
    ),
  'disk-remove': fc
    .tuple(text, disk, fc.boolean())
    .map(([instance, index, purge]) => ({ kind: 'disk-remove', instance, disk: index, purge })),
  release: fc.tuple(text, text).map(([instance, file]) => ({ kind: 'release', instance, file })),
  'os-export': fc
    .tuple(text, disk, path)
    .map(([instance, index, output]) => ({ kind: 'os-export', instance, disk: index, output })),
};

export const anyIntent: fc.Arbitrary<Intent> = fc.oneof(...Object.values(draftable));
