import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import type { ReplicaRecord } from '../../../core/cluster/replica.ts';
import type { Action, ActionName } from '../../../core/plan/action.ts';
import { action as actionSchema, isLook, isStream } from '../../../core/plan/action.ts';
import { makePlan } from '../../../core/plan/make.ts';
import type { Plan } from '../../../core/plan/plan.ts';
import { guardScript, proveShared, RenderError, renderAction } from '../../../main/node/actions/index.ts';
import { prelude } from '../../../main/node/prelude.ts';
import { probeScript } from '../../../main/node/probe.ts';
import { quote } from '../../../main/node/quote.ts';
import { planScript } from '../../../main/node/script/plan-script.ts';
import { functionsOf } from '../../../main/node/shell/assemble.ts';
import { createIntent } from '../../core/plan/support.ts';
import { nobody, soundCluster, testContext, withFacts } from '../../support/snapshot-builder.ts';
import { emptyRoot, lockOf, recordOf, run, storage, uuid } from './support.ts';

const folder = `${storage}/web1`;
const guest = { uuid, name: 'web1', images: [`${folder}/sda`, `${folder}/it's $(a) disk`] };
const config = `${folder}/xen.cfg`;
const configSum = 'c'.repeat(64);
const membership = {
  version: 1 as const,
  cluster: 'c',
  uuid,
  generation: 2,
  nodes: [{ name: 'node1', host: 'node1' }],
  storageDirectories: [storage],
};

const replica: ReplicaRecord = {
  version: 1,
  copy: 'c1',
  source: 'node1',
  record: recordOf(folder),
  disks: [
    { file: "it's $(a) disk", type: 'raw', size: 512, content: null },
    { file: 'sdb', type: 'raw', size: 512, content: 'a'.repeat(64) },
  ],
  when: '2026-11-25T12:00:00Z',
  written: { by: 'ann@desk', run: 'r1' },
};

const shutDown = (then: 'force' | 'leave') =>
  ({ do: 'shut-down', ...guest, timeoutSeconds: 5, then }) as const;

/** One of each, so that nobody adds an action without its text being looked at here. */
const actions: { [Name in ActionName]: Extract<Action, { do: Name }>[] } = {
  verdict: [{ do: 'verdict', ...guest }],
  'verify-files': [
    { do: 'verify-files', folder, recordId: 'a1', disks: recordOf(folder).disks },
    {
      do: 'verify-files',
      folder,
      recordId: null,
      disks: recordOf(folder).disks,
      within: [storage, '/srv/a b'],
    },
  ],
  'prove-shared': [{ do: 'prove-shared', directory: storage }],
  'jobs-ended': [{ do: 'jobs-ended', run: 'r1' }],
  'check-config': [{ do: 'check-config', config, configSum }],
  'watch-images': [{ do: 'watch-images', images: guest.images, seconds: 1 }],
  'check-ssh': [{ do: 'check-ssh', addresses: ['node2', '10.0.0.2', 'fd00::2'], bootId: uuid }],
  'check-running': [{ do: 'check-running', ...guest }],
  'check-absent': [
    { do: 'check-absent', paths: [folder, config] },
    { do: 'check-absent', paths: [config], evenAbove: true },
  ],
  'make-folder': [{ do: 'make-folder', folder, lock: lockOf('r1') }],
  'drop-folder': [{ do: 'drop-folder', folder, run: 'r1' }],
  lock: [{ do: 'lock', folder, lock: lockOf('r1', `it's "new" \\ \u001b[31m`) }],
  unlock: [{ do: 'unlock', folder, run: 'r1' }],
  'break-lock': [{ do: 'break-lock', folder, run: 'r1' }],
  'verify-unchanged': [{ do: 'verify-unchanged', images: [`${folder}/sda`, `${folder}/s d'b`], run: 'r1' }],
  'hash-images': [{ do: 'hash-images', images: [`${folder}/sda`, `${folder}/s d'b`] }],
  'copy-image': [
    {
      do: 'copy-image',
      from: { node: 'node1', path: `${folder}/sda` },
      to: { node: 'node2', path: `${folder}/sda` },
      size: 1 << 20,
      type: 'raw',
    },
  ],
  'accept-copy': [
    { do: 'accept-copy', path: `${folder}/sda`, size: 1 << 20, type: 'raw' },
    { do: 'accept-copy', path: `${folder}/s d'b`, size: 1 << 20, type: 'vmdk' },
  ],
  'drop-partial': [{ do: 'drop-partial', path: `${folder}/sda` }],
  'create-image': [
    { do: 'create-image', path: `${folder}/sda`, type: 'raw', size: 1048576 },
    { do: 'create-image', path: `${folder}/sdb`, type: 'qcow2', size: 1048576 },
    { do: 'create-image', path: `${folder}/sda`, type: 'raw', size: 1048576, allocation: 'full' },
    {
      do: 'create-image',
      path: `${folder}/sdb`,
      type: 'qcow2',
      size: 1048576,
      base: { path: `${storage}/templates/it's`, type: 'qcow2', within: [storage, '/srv/a b'] },
    },
  ],
  'copy-template': (['raw', 'qcow2'] as const).map((type) => ({
    do: 'copy-template',
    path: `${folder}/sda`,
    type,
    size: 1048576,
    from: `${storage}/.templates/it's $(a)`,
    within: [storage, '/srv/a b'],
  })),
  'run-os-create': [false, true].map((verify) => ({
    do: 'run-os-create',
    folder,
    images: [
      { path: `${folder}/it's $(a)`, size: 512 },
      { path: `${folder}/sdb`, size: 1024 },
    ],
    definition: "/srv/ganeti/os/it's",
    api: 20,
    verify,
    environment: { INSTANCE_NAME: 'web1', OSP_TEXT: `it's $(a) "x"\n` },
    secret: [],
  })),
  'run-os-script': (
    [
      { name: 'rename' },
      { name: 'import', index: 1, file: "/srv/backup/it's $(a)" },
      { name: 'export', index: 1, file: "/srv/backup/it's $(a)" },
    ] as const
  ).map((script) => ({
    do: 'run-os-script',
    folder,
    images: [
      { index: 0, path: `${folder}/it's $(a)`, size: 512 },
      { index: 1, path: `${folder}/sdb`, size: 1024 },
    ],
    definition: "/srv/ganeti/os/it's",
    api: 20,
    environment: { INSTANCE_NAME: 'web1', OLD_INSTANCE_NAME: `it's $(a) "x"` },
    script,
  })),
  'drop-export': [{ do: 'drop-export', folder, image: `${folder}/it's $(a)`, file: "/srv/backup/it's $(a)" }],
  'detach-images': [{ do: 'detach-images', folder, images: guest.images }],
  'check-one-name': [{ do: 'check-one-name', images: [`${folder}/it's`, `${folder}/sda`] }],
  'check-unused': [{ do: 'check-unused', files: guest.images }],
  'verify-unowned': [
    { do: 'verify-unowned', folder, files: [{ name: "it's", inode: 7, size: 512 }], alone: true },
    { do: 'verify-unowned', folder, files: [], alone: false },
  ],
  'drop-note': [{ do: 'drop-note', folder, run: 'r1' }],
  'check-unwritten': [{ do: 'check-unwritten', files: guest.images }],
  'check-no-overlays': [
    { do: 'check-no-overlays', images: guest.images, directories: [storage, '/srv/a b'] },
  ],
  'grow-image': (['raw', 'qcow2'] as const).map((type) => ({
    do: 'grow-image',
    path: `${folder}/sda`,
    type,
    from: 512,
    to: 1024,
    within: [storage, '/srv/a b'],
  })),
  'convert-image': (['raw', 'vhd'] as const).map((type) => ({
    do: 'convert-image',
    from: { path: `${folder}/it's`, type },
    to: { path: `${folder}/sda.r1.partial`, type: 'qcow2' },
    size: type === 'raw' ? 512 : null,
    within: [storage, '/srv/a b'],
  })),
  'verify-taken': [
    {
      do: 'verify-taken',
      folders: [{ path: folder, known: ["it's", '$(a)', 'sda'] }],
      images: [
        { path: `${folder}/it's`, device: 41, inode: 7, size: 1048576, type: 'raw', base: null },
        {
          path: `${folder}/sda`,
          device: 41,
          inode: 8,
          size: 1048576,
          type: 'qcow2',
          base: `${storage}/b/$(a)`,
        },
      ],
      within: [storage, '/srv/a b'],
    },
  ],
  'set-aside': [
    { do: 'set-aside', from: "/etc/xen/it's.cfg", to: "/etc/xen/it's.cfg.adopted-r1", sum: 'a'.repeat(64) },
    { do: 'set-aside', from: '/etc/xen/auto/web', to: '/etc/xen/auto-web.adopted-r1', sum: null },
  ],
  'take-image': [{ do: 'take-image', from: `${storage}/old/it's`, to: `${folder}/sda`, inode: 7 }],
  'rename-image': [{ do: 'rename-image', from: `${folder}/it's`, to: `${folder}/sda` }],
  'delete-kept': [{ do: 'delete-kept', path: `${folder}/sda.before-r1` }],
  'make-snapshot': [
    { do: 'make-snapshot', path: `${folder}/sda`, tag: 'before', within: [storage, '/srv/a b'] },
  ],
  'drop-snapshot': [true, false].map((own) => ({
    do: 'drop-snapshot',
    path: `${folder}/sda`,
    tag: 'before',
    own,
    within: [storage, '/srv/a b'],
  })),
  'revert-snapshot': [
    { do: 'revert-snapshot', path: `${folder}/sda`, tag: 'before', size: 512, within: [storage, '/srv/a b'] },
  ],
  'remove-file': [{ do: 'remove-file', path: config }],
  'write-file': [
    { do: 'write-file', path: config, content: `name = 'web1' # $(id)\n`, expect: 'absent' },
    { do: 'write-file', path: config, content: 'x', expect: 'a'.repeat(64) },
  ],
  'write-record': [
    { do: 'write-record', folder, record: recordOf(folder), expectId: null },
    { do: 'write-record', folder, record: recordOf(folder), expectId: 'a1' },
  ],
  'shut-down': [shutDown('force'), shutDown('leave')],
  'end-domain': [{ do: 'end-domain', ...guest }],
  'let-go-on': [{ do: 'let-go-on', ...guest }],
  'put-back': [
    { do: 'put-back', ...guest, config, configSum },
    { do: 'put-back', ...guest, config, configSum: null },
  ],
  'start-domain': [
    { do: 'start-domain', ...guest, config, configSum, paused: true },
    { do: 'start-domain', ...guest, config, configSum, paused: false },
  ],
  'unpause-domain': [{ do: 'unpause-domain', ...guest }],
  'reboot-domain': [{ do: 'reboot-domain', ...guest, timeoutSeconds: 5 }],
  'migrate-domain': [{ do: 'migrate-domain', ...guest, addresses: ['node2', '10.0.0.2'], bootId: uuid }],
  'end-leftovers': [{ do: 'end-leftovers', ...guest }],
  'move-folder': [
    { do: 'move-folder', from: folder, to: `${storage}/.trash/web1`, expectInode: 7 },
    { do: 'move-folder', from: `${storage}/.trash/web1`, to: folder, expectInode: 0 },
    { do: 'move-folder', from: folder, to: `${storage}/www`, expectInode: 7, run: 'r1' },
  ],
  'purge-folder': [
    { do: 'purge-folder', folder, files: ['sda', "it's", '-rf'], run: 'r1' },
    { do: 'purge-folder', folder, files: ['sda'], keep: ["it's", '-rf', '$(id)'], run: 'r1' },
  ],
  'reopen-replica': [{ do: 'reopen-replica', folder, files: ['sda', "it's", '-rf'], run: 'r1' }],
  'reseal-replica': [{ do: 'reseal-replica', folder, files: ['sda', "it's", '-rf'], run: 'r1' }],
  'write-replica': [
    { do: 'write-replica', folder, replica, expectCopy: null },
    { do: 'write-replica', folder, replica: { ...replica, disks: [] }, expectCopy: 'c0' },
  ],
  'demote-record': [{ do: 'demote-record', folder, replica, expectId: 'a1' }],
  'drop-replica': [{ do: 'drop-replica', folder, recordId: 'a1' }],
  'write-tombstone': [{ do: 'write-tombstone', uuid, name: 'web1', at: 'now' }],
  'remove-tombstone': [{ do: 'remove-tombstone', uuid }],
  'make-storage': [{ do: 'make-storage', path: storage, id: 'st1' }],
  'remove-storage-id': [{ do: 'remove-storage-id', path: storage, id: 'st1' }],
  'remove-membership': [{ do: 'remove-membership', membership }],
  'write-membership': [
    { do: 'write-membership', membership, replaces: null },
    { do: 'write-membership', membership, replaces: { ...membership, generation: 1 } },
  ],
};

const scripts: [string, string][] = [
  ['probe', probeScript({ storageDirectories: [storage, '/srv/a b'], bootFiles: ['/boot/vmlinuz', "it's"] })],
  ['guard', guardScript([folder, `${storage}/web2`], 'r1')],
  ['guard of nothing', guardScript([], 'r1')],
  ['write proof', proveShared.write(storage, 't1')],
  ['read proof', proveShared.read(storage, 't1')],
  ['remove proof', proveShared.remove(storage, 't1')],
  ...Object.values(actions)
    .flat()
    .flatMap((action) =>
      (['xl', 'xm'] as const).flatMap((toolstack): [string, string][] => {
        const { act, check } = renderAction(action, toolstack);
        const name = `${action.do} with ${toolstack}`;
        return check === null
          ? [[name, act]]
          : [
              [name, act],
              [`check of ${name}`, check],
            ];
      }),
    ),
];

describe('every script', () => {
  test('renders from an action that the schema accepts', () => {
    for (const action of Object.values(actions).flat()) expect(actionSchema.parse(action)).toEqual(action);
  });

  // a hundred processes, one after the other, on a machine that may be busy
  test('pleases shellcheck', { timeout: 300_000 }, () => {
    const version = spawnSync('shellcheck', ['--version']);
    expect(version.error, 'shellcheck is missing: apt-get install shellcheck').toBeUndefined();
    const texts = [...new Map(scripts.map(([name, text]) => [text, name]))];
    const problems: string[] = [];
    for (const [text, name] of texts) {
      // 2016: awk programs stand in single quotes. 2015: `a && b || refuse` means just that. 2034: what a script and its
      // check are given is the same text, though one may need less of it.
      const result = spawnSync('shellcheck', ['-s', 'sh', '-e', 'SC2016,SC2015,SC2034', '-'], {
        input: `${prelude}\n${text}`,
        encoding: 'utf8',
      });
      if (result.stdout !== '') problems.push(`${name}:\n${result.stdout}`);
    }
    expect(problems.join('\n')).toBe('');
  });

  test.each(['xl', 'xm', 'both'] as const)(
    'pleases shellcheck and dash as a part of one that is run by hand, with %s',
    { timeout: 300_000 },
    (toolstacks) => {
      const every = Object.values(actions).flat();
      const snapshot = (['node1', 'node2'] as const).reduce(
        (known, node) =>
          withFacts(known, node, () => ({
            toolstack: toolstacks === 'both' ? (node === 'node1' ? 'xl' : 'xm') : toolstacks,
          })),
        soundCluster(),
      );
      const lockAt = { do: 'lock' as const, folder, lock: lockOf('r1') };
      const plan: Plan = {
        ...makePlan(snapshot, createIntent(), nobody, testContext('r1')),
        reasons: [],
        steps: [
          { action: lockAt, title: 'lock' },
          ...every.map((action) => ({ action, title: action.do })),
        ].map(({ action, title }, index) => ({
          id: String(index + 1),
          nodes: isLook(action) ? ['node1', 'node2'] : [index % 2 === 0 ? 'node1' : 'node2'],
          title: `${title} of "$(reboot)" 'x'\nrm -rf /`,
          action,
          undo: isStream(action) ? [] : [{ nodes: ['node2'], title: 'back', action }],
          commit: false,
          guest: null,
        })),
      };
      const text = planScript([plan], snapshot, 0);
      const result = spawnSync('shellcheck', ['-'], { input: text, encoding: 'utf8' });
      expect(result.error, 'shellcheck is missing: apt-get install shellcheck').toBeUndefined();
      expect(result.stdout.slice(0, 4000)).toBe('');
      const syntax = spawnSync('dash', ['-n'], { input: text, encoding: 'utf8' });
      expect(syntax.stderr).toBe('');
      // no text of a plan begins a line of its own
      expect(text).not.toMatch(/^rm -rf/m);
    },
  );

  test('shared functions keep to variables of their own: sh has no local ones', () => {
    const answers = new Set(['why', 'linked', 'domid', 'flags']);
    for (const toolstack of ['xl', 'xm'] as const)
      for (const [name, text] of functionsOf[toolstack]) {
        const set = [
          ...text.matchAll(/(?:^|[;&|({]\s*|\bdo\s|\bthen\s|\s)([a-z_]+)=(?=['"$`\w\\\n]|$)/gm),
          ...text.matchAll(/\bfor ([a-z_]+) in\b/g),
        ].flatMap((match) => match[1] ?? []);
        const foreign = set.filter((variable) => !variable.startsWith('_') && !answers.has(variable));
        expect({ name, foreign }).toEqual({ name, foreign: [] });
      }
  });

  test('is understood by dash', async () => {
    const root = emptyRoot();
    for (const [name, text] of scripts) {
      const outcome = await run(root, `exit 42\n${text}`);
      expect({ name, ...outcome }).toMatchObject({ name, code: 42, err: '' });
    }
  });
});

describe('hostile text', () => {
  test.each([
    '/',
    '/etc',
    '/etc/passwd',
    '/usr/x',
    '/var/lib/vbdesk/x',
    '/srv',
    '/srv/../etc/x',
    '/srv/./x',
    '/srv//x',
    '/srv/x/',
    'srv/x',
  ])('a folder %j is refused', (path) => {
    const changes: Action[] = [
      { do: 'make-folder', folder: path, lock: lockOf('r1') },
      { do: 'drop-folder', folder: path, run: 'r1' },
      { do: 'unlock', folder: path, run: 'r1' },
      { do: 'purge-folder', folder: path, files: [], run: 'r1' },
      { do: 'create-image', path, type: 'raw', size: 512 },
      { do: 'remove-file', path },
      { do: 'write-file', path, content: '', expect: 'absent' },
      { do: 'move-folder', from: folder, to: path, expectInode: 1 },
      { do: 'move-folder', from: path, to: folder, expectInode: 1 },
      { do: 'make-storage', path, id: 'st1' },
      { do: 'remove-storage-id', path, id: 'st1' },
    ];
    for (const action of changes) expect(() => renderAction(action, 'xl'), action.do).toThrow(RenderError);
  });

  test('line breaks, NUL and half characters do not become part of a script', () => {
    expect(() => renderAction({ do: 'remove-file', path: '/srv/vm/a\nb' }, 'xl')).toThrow(RenderError);
    expect(() => renderAction({ do: 'unlock', folder, run: 'r1; reboot' }, 'xl')).toThrow(RenderError);
    expect(() =>
      renderAction({ do: 'purge-folder', folder, files: ['../web2/sda'], run: 'r1' }, 'xl'),
    ).toThrow(RenderError);
    expect(() => renderAction({ do: 'purge-folder', folder, files: ['.lock'], run: 'r1' }, 'xl')).toThrow(
      RenderError,
    );
    expect(() => quote('a\0b')).toThrow(TypeError);
    expect(() => quote('\ud800')).toThrow(TypeError);
  });

  test('quote gives back every text', async () => {
    const root = emptyRoot();
    // every second and third byte of UTF-8 passes through the shell, and dash uses some of them for itself
    const continuation = Array.from({ length: 0x800 - 0x80 }, (_, index) =>
      String.fromCodePoint(0x80 + index),
    ).join('');
    const texts = [
      "it's",
      '$(id)`id`"\\',
      '-n',
      '',
      '\n\n',
      "'",
      "''",
      '*?[a]~',
      '\u0001\u007f\r\t',
      '漢字🖥',
      continuation,
    ];
    for (const text of texts) {
      const outcome = await run(root, `printf '%s' ${quote(text)}`);
      expect(outcome.out).toBe(text);
    }
  });
});
