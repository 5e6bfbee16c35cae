/** Operating systems at creation: what is planned, and the sentence of every refusal. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { operatingSystemsOf } from '../../../core/cluster/operating-systems.ts';
import type { ImageFacts, NodeFacts, OsDefinition, Snapshot } from '../../../core/cluster/snapshot.ts';
import { parseCreateWords } from '../../../core/ganeti/create-parser.ts';
import { parameterVariable, parseOsName } from '../../../core/ganeti/os-name.ts';
import type { Action } from '../../../core/plan/action.ts';
import type { CreateIntent } from '../../../core/plan/intent.ts';
import type { Plan } from '../../../core/plan/plan.ts';
import { planWithoutSecrets, secretsOf } from '../../../core/plan/secrets.ts';
import { HIDDEN } from '../../../core/xen/secrets.ts';
import { gib, sharedDirectory, soundCluster, withFacts } from '../../support/snapshot-builder.ts';
import { createIntent, isOpen, orderOf, planned, reasonsBy, textOf, undoOrderOf } from './support.ts';

const folder = `${sharedDirectory}/web2.example.org`;

const image = (name: string, change: Partial<ImageFacts> = {}): ImageFacts => ({
  name,
  size: 2 * gib,
  allocated: 4096,
  modified: 0,
  inode: 70,
  device: 41,
  type: 'raw',
  kind: 'file',
  ...change,
});
const definition = (name: string, change: Partial<OsDefinition> = {}): OsDefinition => ({
  name,
  path: `/usr/share/ganeti/os/${name}`,
  apiVersions: [20, 15, 10],
  variants: [],
  parameters: [],
  scripts: ['create', 'import', 'export', 'rename'],
  ...change,
});

const facts = (each: NodeFacts): Partial<NodeFacts> => ({
  commands: [...each.commands, 'losetup'],
  storages: each.storages.map((storage) =>
    storage.path === sharedDirectory
      ? {
          ...storage,
          templates: [
            image('debian.raw'),
            image('odd.raw', { size: 1000 }),
            image('debian.qcow2', { type: 'qcow2', size: 9000, virtualSize: gib, backing: null }),
            image('over.qcow2', { type: 'qcow2', virtualSize: gib, backing: '/srv/base' }),
            image('old.vmdk', { type: 'vmdk' }),
            image('fixed.vhd', { size: gib + 512, fixedVhd: gib }),
            image('link', { kind: 'symlink', type: null }),
          ],
        }
      : storage,
  ),
  osDefinitions: [
    definition('debootstrap', {
      variants: ['stable', 'testing'],
      parameters: [
        { name: 'suite', text: 'Which suite' },
        { name: 'root-password', text: '' },
        { name: 'root_password', text: '' },
      ],
      scripts: ['create', 'import', 'export', 'rename', 'verify'],
    }),
    definition('plain'),
    definition('older', { apiVersions: [15], scripts: ['create', 'verify'] }),
    definition('ancient', { apiVersions: [10] }),
    definition('mute', { apiVersions: [] }),
    definition('hollow', { scripts: ['import'] }),
  ],
});
const cluster = (): Snapshot => withFacts(soundCluster(), 'node1', facts);
const made = (change: Partial<CreateIntent>, snapshot = cluster()): Plan =>
  planned(snapshot, createIntent(change));
const actionOf = <Name extends Action['do']>(
  plan: Plan,
  name: Name,
): Extract<Action, { do: Name }> | undefined =>
  plan.steps
    .map((each) => each.action)
    .find((each): each is Extract<Action, { do: Name }> => each.do === name);
const disk = (change: Partial<CreateIntent['disks'][number]> = {}): CreateIntent['disks'][number] => ({
  size: 5 * gib,
  type: 'raw',
  mode: 'rw',
  ...change,
});

describe('a template', () => {
  test('disk 0 is a copy of it, the others are empty, and undo removes the copy', () => {
    const plan = made({ os: 'template:debian.raw' });
    expect(isOpen(plan)).toBe(false);
    expect(orderOf(plan).slice(0, 5)).toEqual([
      'make-folder node1',
      'check-unwritten node1,node2,node3',
      'copy-template node1',
      'create-image node1',
      'write-file node1',
    ]);
    expect(actionOf(plan, 'copy-template')).toMatchObject({
      path: `${folder}/sda`,
      type: 'raw',
      size: 5 * gib,
      from: `${sharedDirectory}/.templates/debian.raw`,
    });
    expect(undoOrderOf(plan).slice(-3)).toEqual([
      'remove-file node1',
      'remove-file node1',
      'drop-folder node1',
    ]);
    expect(actionOf(plan, 'write-record')?.record).toMatchObject({ os: 'template:debian.raw' });
    expect(plan.equivalent).toContain('-o template:debian.raw');
  });

  test('without a size, the disk is as large as it, in whole sectors', () => {
    expect(
      actionOf(made({ os: 'template:debian.raw', disks: [disk({ size: 0 })] }), 'copy-template')?.size,
    ).toBe(2 * gib);
    expect(
      actionOf(made({ os: 'template:odd.raw', disks: [disk({ size: 0 })] }), 'copy-template')?.size,
    ).toBe(1024);
    const plan = made({
      os: 'template:debian.qcow2',
      driver: 'blktap',
      disks: [disk({ size: 0, type: 'qcow2' })],
    });
    expect(actionOf(plan, 'copy-template')).toMatchObject({ type: 'qcow2', size: gib });
    expect(actionOf(plan, 'write-record')?.record.disks[0]).toMatchObject({ size: gib });
  });
});

describe('an OS definition', () => {
  test('its script runs when all files are there and before the start; undo detaches', () => {
    const plan = made({
      os: 'debootstrap+stable',
      osParameters: { suite: 'trixie' },
      osSecrets: { 'root-password': 'hunter2' },
    });
    expect(isOpen(plan)).toBe(false);
    expect(orderOf(plan)).toEqual([
      'make-folder node1',
      'create-image node1',
      'create-image node1',
      'write-file node1',
      'check-config node1',
      'write-record node1',
      'run-os-create node1',
      'verdict node1,node2,node3',
      'start-domain node1 !',
      'unlock node1',
    ]);
    expect(undoOrderOf(plan).slice(0, 2)).toEqual(['end-domain node1', 'detach-images node1']);
    const action = actionOf(plan, 'run-os-create');
    const record = actionOf(plan, 'write-record')?.record;
    expect(action).toMatchObject({
      folder,
      definition: '/usr/share/ganeti/os/debootstrap',
      api: 20,
      verify: true,
      images: [
        { path: `${folder}/sda`, size: 5 * gib },
        { path: `${folder}/sdb`, size: 10 * gib },
      ],
    });
    expect(action?.environment).toEqual({
      OS_API_VERSION: '20',
      OS_NAME: 'debootstrap',
      OS_VARIANT: 'stable',
      INSTANCE_OS: 'debootstrap+stable',
      INSTANCE_NAME: 'web2.example.org',
      INSTANCE_UUID: record?.uuid,
      INSTANCE_PRIMARY_NODE: 'node1',
      INSTANCE_SECONDARY_NODES: 'node2',
      HYPERVISOR: 'xen-pvm',
      DEBUG_LEVEL: '0',
      DISK_COUNT: '2',
      DISK_0_ACCESS: 'rw',
      DISK_0_UUID: expect.stringMatching(/^[0-9a-f-]{36}$/),
      DISK_0_FRONTEND_TYPE: 'paravirtual',
      DISK_0_BACKEND_TYPE: 'file:loop',
      DISK_1_ACCESS: 'rw',
      DISK_1_UUID: expect.stringMatching(/^[0-9a-f-]{36}$/),
      DISK_1_FRONTEND_TYPE: 'paravirtual',
      DISK_1_BACKEND_TYPE: 'file:loop',
      NIC_COUNT: '1',
      NIC_0_MAC: record?.nics[0]?.mac,
      NIC_0_UUID: expect.stringMatching(/^[0-9a-f-]{36}$/),
      NIC_0_MODE: 'bridged',
      NIC_0_LINK: 'xenbr0',
      NIC_0_BRIDGE: 'xenbr0',
      OSP_SUITE: 'trixie',
    });
    expect(action?.secret).toEqual(['OSP_ROOT_PASSWORD']);
  });

  test('a secret is shown nowhere', () => {
    const plan = made({ os: 'debootstrap+stable', osSecrets: { 'root-password': 'hunter2' } });
    expect(plan.equivalent).not.toContain('hunter2');
    expect(plan.equivalent).toContain("--os-parameters-secret 'root-password=…'");
    expect(JSON.stringify(plan.reasons)).not.toContain('hunter2');
    expect(JSON.stringify(plan.steps)).not.toContain('hunter2');
    expect(actionOf(plan, 'run-os-create')?.secret).toEqual(['OSP_ROOT_PASSWORD']);
    expect(secretsOf(plan.intent)).toEqual({ OSP_ROOT_PASSWORD: 'hunter2' });
    const kept = planWithoutSecrets(plan);
    expect(JSON.stringify(kept)).not.toContain('hunter2');
    expect(kept.intent).toMatchObject({ osSecrets: { 'root-password': HIDDEN } });
  });

  test('what was kept of a secret is never taken for its value', () => {
    const plan = made({ os: 'debootstrap+stable', osSecrets: { 'root-password': HIDDEN } });
    expect(isOpen(plan)).toBe(true);
    expect(JSON.stringify(plan.reasons)).toContain('was a secret, which is kept nowhere: say it again');
  });

  test('version 15: the same without verify; hvm is told as such', () => {
    const plan = made({
      os: 'older',
      guest: { type: 'hvm', memoryMib: 512, vcpus: 1 },
      disks: [disk({ vdev: 'hda' })],
      start: false,
    });
    expect(actionOf(plan, 'run-os-create')).toMatchObject({
      api: 15,
      verify: false,
      environment: {
        OS_API_VERSION: '15',
        OS_VARIANT: '',
        HYPERVISOR: 'xen-hvm',
        DISK_0_FRONTEND_TYPE: 'ioemu',
      },
    });
    expect(orderOf(plan).at(-1)).toBe('unlock node1 !');
  });

  test('--no-install keeps the name and runs nothing', () => {
    const plan = made({ os: 'no-such-os', install: false });
    expect(isOpen(plan)).toBe(false);
    expect(textOf(plan, 'os')).toContain('Nothing of no-such-os is installed');
    expect(actionOf(plan, 'run-os-create')).toBeUndefined();
    expect(actionOf(plan, 'write-record')?.record.os).toBe('no-such-os');
  });
});

type Row = [string, Partial<CreateIntent>, code: string, RegExp, ((snapshot: Snapshot) => Snapshot)?];

describe('what blocks, each with its sentence', () => {
  const rows: Row[] = [
    [
      'a template that is mounted on another node',
      { os: 'template:debian.raw' },
      'template-open',
      /loop3 on node2 has .* open and may write to it/,
      (snapshot) => withFacts(snapshot, 'node2', () => ({ open: [{ device: 41, inode: 70, by: 'loop3' }] })),
    ],
    ['no name of an OS', { os: 'debian etch; reboot' }, 'os', /is no operating system\. Allowed are none/],
    ['two variants', { os: 'a+b+c' }, 'os', /is no operating system/],
    ['a template that climbs', { os: 'template:../secret' }, 'os', /is not the name of a template/],
    [
      'no such template',
      { os: 'template:none.raw' },
      'no-template',
      /shows no template none\.raw .*; there are debian\.raw/,
    ],
    [
      'no template at all',
      { os: 'template:none.raw' },
      'no-template',
      /holds none: copy an image/,
      () => soundCluster(),
    ],
    [
      'a template of another storage directory',
      { os: 'template:debian.raw', storageDirectory: '/srv/local' },
      'no-template',
      /\/srv\/local\/\.templates/,
    ],
    ['a vmdk template', { os: 'template:old.vmdk' }, 'template-type', /is vmdk; templates are raw or qcow2/],
    [
      'a VHD of fixed size, which would be copied with its footer',
      { os: 'template:fixed.vhd' },
      'template-type',
      /fixed\.vhd ends with the footer of a fixed-size VHD, .* vbdesk image convert \S+\/fixed\.vhd --to raw -n node1\./,
    ],
    ['a link', { os: 'template:link' }, 'template-type', /not a regular file but a symlink/],
    [
      'a template that builds on another image',
      { os: 'template:over.qcow2', driver: 'blktap', disks: [disk({ type: 'qcow2' })] },
      'template-backing',
      /builds on \/srv\/base/,
    ],
    [
      'another type',
      { os: 'template:debian.raw', driver: 'blktap', disks: [disk({ type: 'qcow2' })] },
      'template-type',
      /is a raw image, and disk 0 shall be qcow2/,
    ],
    [
      'a disk too small',
      { os: 'template:debian.raw', disks: [disk({ size: gib })] },
      'disk-size',
      /do not fit on disk 0 with 1 GiB/,
    ],
    [
      'full allocation of a copy',
      { os: 'template:debian.raw', disks: [disk({ allocation: 'full' })] },
      'template-full',
      /is sparse, as its source/,
    ],
    [
      'parameters of a template',
      { os: 'template:debian.raw', osParameters: { a: 'b' } },
      'os-parameters',
      /takes no parameters/,
    ],
    [
      'parameters of nothing',
      { os: 'none', osParameters: { a: 'b' } },
      'os-parameters',
      /a can not be given, for nothing is installed/,
    ],
    [
      'an unknown OS',
      { os: 'solaris' },
      'no-os',
      /node1 has no OS definition solaris; there are debootstrap, plain/,
    ],
    [
      'one that only another node has',
      { os: 'plain', primary: 'node2', secondary: null },
      'no-os',
      /node2 has no OS definition plain, though node1 has it/,
      (snapshot) => withFacts(snapshot, 'node2', () => ({ osDefinitions: [] })),
    ],
    [
      'no variant said',
      { os: 'debootstrap' },
      'os-variant',
      /one has to be said: debootstrap\+stable and debootstrap\+testing/,
    ],
    ['an unknown variant', { os: 'debootstrap+sid' }, 'os-variant', /has no variant sid/],
    ['a variant of what has none', { os: 'plain+x' }, 'os-variant', /plain has no variants/],
    [
      'an old interface',
      { os: 'ancient' },
      'os-api',
      /speaks version 10 of the OS interface .* VBDesk speaks 20 and 15/,
    ],
    ['no interface', { os: 'mute' }, 'os-api', /speaks no version/],
    ['no create', { os: 'hollow' }, 'os-script', /has no executable create/],
    [
      'an unknown parameter',
      { os: 'debootstrap+stable', osParameters: { colour: 'red' } },
      'os-parameters',
      /has no parameter colour; there are suite/,
    ],
    [
      'a parameter of what has none',
      { os: 'plain', osParameters: { colour: 'red' } },
      'os-parameters',
      /no parameter colour, and no other/,
    ],
    [
      'a parameter in version 15',
      { os: 'older', osParameters: { colour: 'red' } },
      'os-parameters',
      /version 15 of the OS interface, which has no parameters/,
    ],
    [
      'a line break',
      { os: 'debootstrap+stable', osParameters: { suite: 'a\nb' } },
      'os-parameters',
      /control character/,
    ],
    [
      'a parameter open and secret',
      { os: 'debootstrap+stable', osParameters: { suite: 'a' }, osSecrets: { suite: 'b' } },
      'os-parameters',
      /suite is given twice/,
    ],
    [
      'two that become one variable',
      { os: 'debootstrap+stable', osParameters: { 'root-password': 'a', root_password: 'b' } },
      'os-parameters',
      /are the same variable/,
    ],
    [
      'a qcow2 disk',
      { os: 'plain', driver: 'blktap', disks: [disk({ type: 'qcow2' })] },
      'os-disk-type',
      /disk 0 has to be raw, not qcow2/,
    ],
    [
      'no losetup',
      { os: 'plain' },
      'losetup',
      /node1 has no losetup/,
      (snapshot) =>
        withFacts(snapshot, 'node1', () => ({
          commands: ['flock', 'setsid', 'realpath', 'truncate', 'qemu-img'],
        })),
    ],
  ];
  test.each(rows)('%s', (_title, change, code, text, prepare = (snapshot) => snapshot) => {
    const plan = made(change, prepare(cluster()));
    expect(reasonsBy(plan, 'blocks')).toContain(code);
    expect(textOf(plan, code)).toMatch(text);
    expect(plan.steps).toEqual([]);
  });
});

test('what there is, once for all nodes that have the same', () => {
  const all = ['node1', 'node2'].reduce((snapshot, node) => withFacts(snapshot, node, facts), soundCluster());
  const { templates, definitions } = operatingSystemsOf(all);
  expect(templates.map(({ name, nodes }) => [name, nodes])).toContainEqual([
    'debian.raw',
    ['node1', 'node2'],
  ]);
  expect(templates.map((each) => each.name)).not.toContain('old.vmdk');
  expect(definitions.find((each) => each.name === 'debootstrap')).toMatchObject({
    names: ['debootstrap+stable', 'debootstrap+testing'],
    nodes: ['node1', 'node2'],
  });
});

test('words of -o and -O: a value is never part of a complaint', () => {
  const words = ['-t', 'file', '--disk', '0', '-n', 'node1', '-o', 'template:a.raw', 'web1'];
  expect(parseCreateWords(words)).toMatchObject({
    ok: true,
    arguments: { os: 'template:a.raw', disks: [{ index: 0 }] },
  });
  expect(parseCreateWords([...words, '--no-install'])).toMatchObject({
    ok: false,
    problems: ['--disk 0 needs a size, as in 0:size=5G.'],
  });
  const wrong = parseCreateWords([
    '-t',
    'file',
    '--disk',
    '0:size=1G',
    '-n',
    'node1',
    '-o',
    'a+b',
    '--os-parameters-secret',
    'x y=hunter2,p',
    'web1',
  ]);
  expect(wrong).toMatchObject({
    ok: false,
    problems: [
      expect.stringContaining('is not the name of a parameter'),
      expect.stringContaining('needs a value'),
    ],
  });
  expect(JSON.stringify(wrong)).not.toContain('hunter2');
});

test('any text is a name or a sentence, and a variable of a parameter is one of sh', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^(template:)?[a-z+.-]{0,9}$/)), (text) => {
      const parsed = parseOsName(text);
      if (!parsed.ok) expect(parsed.message).toMatch(/\.$/);
      else if (parsed.os.kind !== 'none') expect(parsed.os.name).toMatch(/^[A-Za-z0-9][^/\s]*$/);
    }),
  );
  expect(parameterVariable('dns-name')).toBe('OSP_DNS_NAME');
});
