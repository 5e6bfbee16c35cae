/** A guest that somebody made by hand becomes an instance by its configuration in /etc/xen. */
import { describe, expect, test } from 'vitest';
import type { GuestConfig, NodeFacts, Snapshot } from '../../../core/cluster/snapshot.ts';
import { adoptionOf, guestsByHand } from '../../../core/plan/adopt/guests-by-hand.ts';
import type { Plan } from '../../../core/plan/plan.ts';
import type { RunningConfig } from '../../../core/xen/running-config.ts';
import {
  domainOf,
  sharedDirectory,
  soundCluster,
  uuidOf,
  withDomain,
  withFacts,
  withInstance,
} from '../../support/snapshot-builder.ts';
import { isOpen, orderOf, planned, reasonsBy, textOf, undoOrderOf } from './support.ts';
import { onAll, orphanOf } from './take-world.ts';

const folder = `${sharedDirectory}/old`;
const image = `${folder}/root.img`;
const text = `# by hand
name = 'old'
kernel = "/boot/vmlinuz"
memory = 256
disk = [ 'file:${image},xvda,w' ]  # root
vif = [ 'bridge=xenbr0' ]
`;
const config = (change: Partial<GuestConfig> = {}): GuestConfig => ({
  path: '/etc/xen/old.cfg',
  atBoot: false,
  leadsTo: null,
  names: ['old'],
  uuids: [],
  files: [{ path: image, id: null }],
  text,
  ...change,
});
const link = config({
  path: '/etc/xen/auto/old.cfg',
  atBoot: true,
  leadsTo: '/etc/xen/old.cfg',
  text: undefined,
});
const onNode1 = (snapshot: Snapshot, change: (facts: NodeFacts) => Partial<NodeFacts>): Snapshot =>
  withFacts(snapshot, 'node1', change);
const world = onNode1(onAll(soundCluster(), orphanOf('old', [{ name: 'root.img' }])), () => ({
  guestConfigs: [config(), link],
  autostarts: ['old.cfg'],
}));
const imageIn = (snapshot: Snapshot) =>
  snapshot.nodes[0]?.facts?.folders.flatMap((each) => each.files).find((each) => each.name === 'root.img');
const openBy = (...by: string[]) =>
  by.map((each) => ({ device: imageIn(world)?.device ?? 0, inode: imageIn(world)?.inode ?? 0, by: each }));
const running = onNode1(withDomain(world, 'node1', domainOf('old', { uuid: uuidOf('old') })), () => ({
  open: openBy('loop0'),
}));
const adopt = (snapshot: Snapshot, start = false): Plan =>
  planned(snapshot, {
    ...{ kind: 'adopt', name: 'old', primary: 'node1', secondary: 'node2', paths: [image] },
    ...{ driver: null, guest: {}, nics: null, config: '/etc/xen/old.cfg', start },
  });
const recordIn = (made: Plan) =>
  made.steps.flatMap((each) => (each.action.do === 'write-record' ? [each.action.record] : []))[0];

describe('a guest made by hand', () => {
  test('goes on running: asked of the toolstack, on no other node, its files set aside before the record', () => {
    const made = adopt(running);
    expect(isOpen(made)).toBe(false);
    expect(orderOf(made)).toEqual([
      'lock node1',
      'verify-taken node1',
      'verdict node2,node3',
      'check-running node1',
      'set-aside node1',
      'set-aside node1',
      'write-file node1',
      'check-config node1',
      'write-record node1',
      'unlock node1 !',
    ]);
    expect(undoOrderOf(made).slice(0, 4)).toEqual([
      'remove-file node1',
      'remove-file node1',
      'set-aside node1',
      'set-aside node1',
    ]);
    expect(recordIn(made)).toMatchObject({ uuid: uuidOf('old'), adminState: 'up', primary: 'node1' });
    const written = made.files.find((each) => each.path === `${folder}/xen.cfg`)?.after ?? '';
    expect(written).toContain(`disk = [ 'file:${image},xvda,w' ]  # root\n`);
    expect(written).toContain(`uuid = "${uuidOf('old')}"`);
    expect(written).toContain('vcpus = 1\n');
    expect(made.steps.flatMap(({ action }) => (action.do === 'set-aside' ? [action.to] : []))).toEqual([
      `/etc/xen/old.cfg.adopted-${made.run}`,
      `/etc/xen/auto-old.cfg.adopted-${made.run}`,
    ]);
  });

  test('that is stopped is proved to run nowhere, and may be started', () => {
    const made = adopt(world, true);
    expect(isOpen(made)).toBe(false);
    expect(orderOf(made)).toContain('verdict node1,node2,node3');
    expect(orderOf(made)).toContain('start-domain node1 !');
    expect(reasonsBy(adopt(running, true), 'blocks')).toContain('running');
  });

  test.each([
    ['something else as well', onNode1(running, () => ({ open: openBy('loop0', 'loop1') })), 'image-open'],
    ['QEMU as well', onNode1(running, () => ({ open: openBy('loop0', 'qemu 7') })), 'image-open'],
    ['another node', withFacts(running, 'node2', () => ({ open: openBy('loop0') })), 'image-open'],
    ['nobody knows who', onNode1(running, () => ({ openUnknown: true })), 'use-unknown'],
  ])('is not adopted while %s has its image open', (_, snapshot, code) => {
    expect(reasonsBy(adopt(snapshot), 'blocks')).toContain(code);
  });

  test('an HVM guest has its image open by a loop device and in QEMU, and by no second one', () => {
    const hvm = (...by: string[]): Snapshot =>
      onNode1(running, () => ({
        open: openBy(...by),
        guestConfigs: [config({ text: text.replace('kernel = "/boot/vmlinuz"', "type = 'hvm'") }), link],
      }));
    expect(reasonsBy(adopt(hvm('loop0', 'qemu 7')), 'blocks')).toEqual([]);
    for (const by of [
      ['loop0', 'loop1'],
      ['qemu 7', 'qemu 8'],
      ['loop0', 'qemu 7', 'qemu 8'],
    ]) {
      const said = textOf(adopt(hvm(...by)), 'image-open');
      expect(said).toContain('its guest needs only one loop device and one QEMU');
      expect(said).toContain("end only the others; if that can't be told, shut the guest down");
    }
  });

  test('whose domain reads an image as something else than its configuration says is not adopted', () => {
    const attached = { path: image, vdev: 'xvda', format: 'raw', readwrite: true, cdrom: false };
    const having = (change: Partial<typeof attached>): Snapshot =>
      onNode1(
        withDomain(
          world,
          'node1',
          domainOf('old', {
            uuid: uuidOf('old'),
            config: {
              ...{ disks: [{ ...attached, ...change }], nics: [], devices: [], settings: [] },
              ...{ onPoweroff: 'destroy', onReboot: 'restart', onCrash: 'destroy' },
            },
          }),
        ),
        () => ({ open: openBy('loop0') }),
      );
    expect(isOpen(adopt(having({})))).toBe(false);
    expect(reasonsBy(adopt(having({})), 'warning')).not.toContain('running-disk');
    expect(reasonsBy(adopt(having({ format: 'qcow2' })), 'blocks')).toEqual(['running-format']);
    expect(textOf(adopt(having({ format: 'qcow2' })), 'running-format')).toContain(
      `read as qcow2 by its domain on node1, and /etc/xen/old.cfg says raw`,
    );
    const otherwise = adopt(having({ vdev: 'xvdb', readwrite: false }));
    expect(isOpen(otherwise)).toBe(false);
    expect(textOf(otherwise, 'running-disk')).toContain('attached as xvdb (ro)');
  });

  test('whose domain has the uuid of an instance, or of one that was removed, is not adopted', () => {
    const removed = onNode1(running, () => ({ tombstones: [uuidOf('old')] }));
    expect(textOf(adopt(removed), 'uuid-known')).toContain('an instance that was removed');
    const copied = withInstance(running, 'web9', { uuid: uuidOf('old') });
    expect(textOf(adopt(copied), 'uuid-known')).toContain('an instance that has a record');
  });

  test('whose images lie beside those of another guest is not adopted', () => {
    const shared = onAll(soundCluster(), orphanOf('old', [{ name: 'root.img' }, { name: 'web2.img' }]));
    const both = onNode1(shared, () => ({
      guestConfigs: [
        config(),
        config({
          ...{ path: '/etc/xen/web2.cfg', names: ['web2'] },
          files: [{ path: `${folder}/web2.img`, id: null }],
        }),
      ],
    }));
    expect(textOf(adopt(both), 'neighbour')).toContain('/etc/xen/web2.cfg on node1 attaches it');
  });
});

describe('a guest that runs, and of which no configuration was found', () => {
  const told: RunningConfig = {
    ...{ type: 'pv', vcpus: 2, maxVcpus: 4, memoryMib: 300, maxMemoryMib: 400 },
    ...{ kernel: '/boot/vmlinuz', cmdline: 'root=/dev/xvda "quoted"' },
    disks: [{ path: image, vdev: 'xvda', format: 'raw', readwrite: true, cdrom: false }],
    nics: [{ mac: '00:16:3e:01:02:03', bridge: 'xenbr0' }],
    ...{ onPoweroff: 'destroy', onReboot: 'restart', onCrash: 'preserve', devices: [], settings: [] },
  };
  const alone = (change: Partial<RunningConfig> = {}, by: GuestConfig[] = []): Snapshot =>
    onNode1(
      withDomain(
        onAll(soundCluster(), orphanOf('old', [{ name: 'root.img' }])),
        'node1',
        domainOf('old', { config: { ...told, ...change } }),
      ),
      () => ({ open: openBy('loop0'), guestConfigs: by }),
    );
  const adoptRunning = (snapshot: Snapshot, accept: string[] = []): Plan => {
    const [guest] = guestsByHand(snapshot);
    if (!guest) throw new Error('nobody is there');
    return planned(snapshot, adoptionOf(guest, { name: 'old', secondary: 'node2', start: false }), {
      accept,
      vouched: [],
    });
  };

  test('is listed, and goes on with what its domain tells, said plainly and by consent', () => {
    const snapshot = alone();
    expect(guestsByHand(snapshot)).toMatchObject([
      { node: 'node1', config: null, name: 'old', images: [image], obstacle: null },
    ]);
    expect(reasonsBy(adoptRunning(snapshot), 'consent')).toEqual(['written-from-domain']);
    expect(textOf(adoptRunning(snapshot), 'written-from-domain')).toContain(
      'By which file it was started is not known',
    );
    const made = adoptRunning(snapshot, ['written-from-domain']);
    expect(isOpen(made)).toBe(false);
    expect(orderOf(made)).toContain('check-running node1');
    expect(orderOf(made)).not.toContain('set-aside node1');
    expect(recordIn(made)).toMatchObject({
      uuid: uuidOf('old'),
      adminState: 'up',
      guest: { type: 'pv', memoryMib: 300, maxMemoryMib: 400, vcpus: 2, kernel: '/boot/vmlinuz' },
      nics: [{ mac: '00:16:3e:01:02:03', bridge: 'xenbr0' }],
    });
    const written = made.files.find((each) => each.path === `${folder}/xen.cfg`)?.after ?? '';
    expect(written).toMatch(/^# Written by VBDesk from what "xl list -l" told/);
    expect(written).toContain('maxvcpus = 4\n');
    expect(written).toContain('on_crash = "preserve"\n');
  });

  test.each<[string, Partial<RunningConfig>, string]>([
    ['a device of the node', { devices: ['pcidevs: [{"bus":3}]'] }, 'pcidevs'],
    ['firmware and a screen', { type: 'hvm' }, 'HVM guest'],
    ['nothing that says how it boots', { kernel: undefined }, 'how it boots'],
    ['a kernel that a boot loader took out', { kernel: '/var/run/xen/boot_kernel.x' }, 'by a boot loader'],
    ['a card on no bridge', { nics: [{ mac: '00:16:3e:01:02:03' }] }, 'On which bridge'],
    [
      'a path that poses as a setting',
      { disks: [{ ...{ path: `${image},vdev=xvdb`, vdev: 'xvda' }, readwrite: true, cdrom: false }] },
      '',
    ],
  ])('with %s is refused, with why', (_, change, why) => {
    const snapshot = alone(change);
    const [guest] = guestsByHand(snapshot);
    const made = adoptRunning(snapshot, ['written-from-domain']);
    expect(isOpen(made)).toBe(true);
    if (why === '') return;
    expect(textOf(made, 'not-known')).toContain(why);
    expect(guest?.obstacle).toContain(why);
  });

  test('keeps the name of its interface on the node', () => {
    const nics = [{ mac: '00:16:3e:01:02:03', bridge: 'xenbr0', vifname: 'old-lan' }];
    const made = adoptRunning(alone({ nics }), ['written-from-domain']);
    expect(isOpen(made)).toBe(false);
    const written = made.files.find((each) => each.path === `${folder}/xen.cfg`)?.after ?? '';
    expect(written).toMatch(/mac=00:16:3e:01:02:03, *bridge=xenbr0, *vifname=old-lan/);
  });

  test('with a configuration after all is adopted by that', () => {
    expect(guestsByHand(alone({}, [config()]))).toMatchObject([
      { config: '/etc/xen/old.cfg', domain: { name: 'old' } },
    ]);
    const made = planned(alone({}, [config()]), {
      ...{ kind: 'adopt', name: 'old', primary: 'node1', secondary: 'node2', paths: [image] },
      ...{ driver: null, guest: {}, nics: null, domain: uuidOf('old'), start: false },
    });
    expect(textOf(made, 'config-there')).toContain('/etc/xen/old.cfg on node1 is its configuration');
  });

  test('settings that xen.cfg will not have are named', () => {
    expect(textOf(adoptRunning(alone({ settings: ['nomigrate: "True"'] })), 'not-taken')).toContain(
      'nomigrate',
    );
  });
});

test('configurations: those of instances are left out, a link to one that is listed is the same, others say what keeps them', () => {
  const found = guestsByHand(
    onNode1(world, () => ({
      guestConfigs: [
        config(),
        link,
        config({ path: '/etc/xen/auto/boot.cfg', names: ['boot'], atBoot: true, text: undefined }),
        config({ path: '/etc/xen/bad.cfg', names: ['bad'], text: 'memory = = 1' }),
        config({ path: '/etc/xen/lvm.cfg', names: ['lvm'], files: [], text: undefined }),
      ],
    })),
  );
  expect(found.map(({ config: path, obstacle }) => [path, obstacle === null])).toEqual([
    ['/etc/xen/old.cfg', true],
    ['/etc/xen/auto/boot.cfg', false],
    ['/etc/xen/bad.cfg', false],
    ['/etc/xen/lvm.cfg', false],
  ]);
  const owned = withInstance(soundCluster(), 'web1');
  const disk = `${sharedDirectory}/web1/sda`;
  expect(
    guestsByHand(onNode1(owned, () => ({ guestConfigs: [config({ files: [{ path: disk, id: null }] })] }))),
  ).toEqual([]);
});
