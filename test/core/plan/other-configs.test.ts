/** Images that a configuration on some node attaches as well: adopted, they must not be started twice. */
import { describe, expect, test } from 'vitest';
import { deriveInstances } from '../../../core/cluster/instances.ts';
import type { GuestConfig, Snapshot } from '../../../core/cluster/snapshot.ts';
import type { AdoptIntent } from '../../../core/plan/intent.ts';
import {
  nobody,
  sharedDevice,
  sharedDirectory,
  silent,
  soundCluster,
  uuidOf,
  withFacts,
  withInstance,
} from '../../support/snapshot-builder.ts';
import { createIntent, isOpen, planned, reasonsBy, textOf } from './support.ts';
import { onAll, orphanOf } from './take-world.ts';

const name = 'web2.example.org';
const folder = `${sharedDirectory}/${name}`;
const image = `${folder}/disk0`;
const adopt: AdoptIntent = {
  kind: 'adopt',
  name,
  primary: 'node1',
  secondary: 'node2',
  paths: [folder],
  driver: null,
  guest: { kernel: '/boot/vmlinuz' },
  nics: null,
  start: false,
};
const quiet = (snapshot: Snapshot): Snapshot =>
  snapshot.nodes.reduce(
    (made, { name: node }) => withFacts(made, node, () => ({ guestConfigs: [] })),
    snapshot,
  );
const found = quiet(onAll(soundCluster(), orphanOf(name, [{ name: 'disk0', inode: 31 }])));
const config = (change: Partial<GuestConfig> = {}): GuestConfig => ({
  path: '/etc/xen/auto/10-legacy',
  atBoot: true,
  leadsTo: null,
  names: ['legacy'],
  uuids: [],
  files: [{ path: image, id: { device: sharedDevice, inode: 31 } }],
  ...change,
});
const with2 = (snapshot: Snapshot, ...guestConfigs: GuestConfig[]): Snapshot =>
  withFacts(snapshot, 'node2', () => ({ guestConfigs }));
const byHand = config({ path: '/etc/xen/legacy.cfg', atBoot: false });

describe('adoption', () => {
  test('with nothing of that kind asks nothing', () => {
    expect(isOpen(planned(found, adopt))).toBe(false);
    expect(reasonsBy(planned(found, adopt), 'consent')).toEqual([]);
  });

  test('an entry of /etc/xen/auto that attaches an image blocks, whatever it is called, on any node', () => {
    const made = planned(with2(found, config()), adopt);
    expect(reasonsBy(made, 'blocks')).toEqual(['autostart']);
    expect(textOf(made, 'autostart')).toBe(
      `/etc/xen/auto/10-legacy on node2 attaches ${image}: node2 would start that by itself at boot, and two guests would write to the same images. Remove /etc/xen/auto/10-legacy on node2 first.`,
    );
  });

  test('so does what libvirt starts at boot; once adopted, nothing starts while it would', () => {
    const path = '/etc/libvirt/libxl/autostart/legacy.xml';
    const made = planned(with2(found, config({ path })), adopt);
    expect(reasonsBy(made, 'blocks')).toEqual(['autostart']);
    expect(textOf(made, 'autostart')).toContain('virsh -c xen:/// autostart --disable legacy');
    const owned = with2(
      withInstance(quiet(soundCluster()), 'web1'),
      config({ path, files: [{ path: `${sharedDirectory}/web1/sda`, id: null }] }),
    );
    const start = planned(owned, { kind: 'start', instance: 'web1' });
    expect(reasonsBy(start, 'blocks')).toContain('autostart');
    expect(textOf(start, 'autostart')).toContain('virsh -c xen:/// autostart --disable legacy');
    expect(deriveInstances(owned)[0]?.problems.map((each) => each.text)).toContain(
      `node2 would start it by itself at boot: ${path}.`,
    );
  });

  test('it is the file that counts: under another path, and by the number that it has on that node', () => {
    const renamed = withFacts(
      with2(found, config({ files: [{ path: '/mnt/x/disk0', id: { device: 7, inode: 31 } }] })),
      'node2',
      (facts) => ({
        folders: facts.folders.map((each) => ({
          ...each,
          files: each.files.map((file) => ({ ...file, device: 7 })),
        })),
      }),
    );
    expect(reasonsBy(planned(renamed, adopt), 'blocks')).toEqual(['autostart']);
    const other = with2(
      found,
      config({
        files: [{ path: `${sharedDirectory}/other/disk0`, id: { device: sharedDevice, inode: 32 } }],
      }),
    );
    expect(isOpen(planned(other, adopt))).toBe(false);
  });

  test('so does one with the uuid of the xen.cfg that is taken over', () => {
    const uuid = uuidOf('legacy');
    const beside = quiet(
      onAll(
        soundCluster(),
        orphanOf(name, [{ name: 'disk0' }], {
          config: `name = 'legacy'\nuuid = '${uuid}'\nmemory = 128\nvcpus = 1\ndisk = ['${image},raw,xvda,rw']\n`,
        }),
      ),
    );
    const same = config({ uuids: [uuid], files: [] });
    expect(textOf(planned(with2(beside, same), adopt), 'autostart')).toContain(`has the uuid ${uuid}`);
    const linked = config({
      path: '/etc/xen/legacy',
      atBoot: false,
      leadsTo: `${folder}/xen.cfg`,
      uuids: [uuid],
    });
    expect(isOpen(planned(with2(beside, linked), adopt))).toBe(false);
  });

  test('any other configuration in /etc/xen needs a word, and so does an entry on a silent node', () => {
    const made = planned(with2(found, byHand), adopt);
    expect(reasonsBy(made, 'consent')).toEqual(['other-config']);
    expect(textOf(made, 'other-config')).toContain(`/etc/xen/legacy.cfg on node2 attaches ${image}`);
    expect(isOpen(planned(with2(found, byHand), adopt, { accept: ['other-config'], vouched: [] }))).toBe(
      false,
    );
    const down = silent(with2(found, config()), 'node2');
    const vouched = [{ node: 'node2', how: 'I pulled its plug' }];
    expect(isOpen(planned(down, adopt, { accept: [], vouched }))).toBe(true);
    expect(textOf(planned(down, adopt), 'other-config')).toContain('when it comes back, it would start that');
    expect(isOpen(planned(down, adopt, { accept: ['other-config'], vouched }))).toBe(false);
  });

  test('a saved domain on the same images blocks as well', () => {
    const saved = config({ path: '/var/lib/xen/save/legacy' });
    const made = planned(with2(found, saved), adopt);
    expect(reasonsBy(made, 'blocks')).toEqual(['save-file']);
    expect(textOf(made, 'save-file')).toContain('Restore it on node2 and shut it down');
  });

  test('a node that does not tell what lies there is warned of', () => {
    const unknown = withFacts(found, 'node3', () => ({ guestConfigs: undefined }));
    expect(textOf(planned(unknown, adopt), 'configs-unknown')).toContain(
      '/etc/xen/auto of node3 is not known',
    );
  });
});

test('reuse is held to the same', () => {
  const there = quiet(onAll(soundCluster(), orphanOf(name, [{ name: 'sda', inode: 31 }])));
  const reuse = createIntent({ reuse: true, disks: [] });
  const named = config({ files: [{ path: `${folder}/sda`, id: null }] });
  expect(reasonsBy(planned(with2(there, named), reuse), 'blocks')).toContain('autostart');
  expect(reasonsBy(planned(there, reuse), 'blocks')).not.toContain('autostart');
});

describe('once it is an instance', () => {
  const record = withInstance(quiet(soundCluster()), 'web1');
  const sda = `${sharedDirectory}/web1/sda`;
  const problems = (snapshot: Snapshot) =>
    (deriveInstances(snapshot)[0]?.problems ?? []).map(({ code, node, text }) => ({ code, node, text }));

  test('its drift shows both, and nothing starts while an entry would start it at boot', () => {
    expect(problems(record)).toEqual([]);
    const entry = with2(record, config({ files: [{ path: sda, id: null }] }), {
      ...byHand,
      files: [{ path: sda, id: null }],
    });
    expect(problems(entry)).toEqual([
      {
        code: 'autostart',
        node: 'node2',
        text: 'node2 would start it by itself at boot: /etc/xen/auto/10-legacy.',
      },
      {
        code: 'other-config',
        node: 'node2',
        text: expect.stringContaining('/etc/xen/legacy.cfg on node2 has its uuid or attaches its images'),
      },
    ]);
    const start = planned(entry, { kind: 'start', instance: 'web1' }, nobody);
    expect(reasonsBy(start, 'blocks')).toEqual(['autostart']);
    expect(reasonsBy(start, 'warning')).toContain('other-config');
    // what the node said last counts as well: it may boot before anybody looks at it again
    expect(problems(silent(entry, 'node2')).map((each) => each.code)).toContain('autostart');
  });

  test('a saved domain with its images shows as one', () => {
    const saved = config({ path: '/var/lib/xen/save/legacy', files: [{ path: sda, id: null }] });
    expect(problems(with2(record, saved))).toMatchObject([{ code: 'save', node: 'node2' }]);
  });

  test('by its uuid as well; its own xen.cfg under another name is no other one', () => {
    const uuid = uuidOf('web1');
    expect(problems(with2(record, config({ uuids: [uuid], files: [] })))).toMatchObject([
      { code: 'autostart' },
    ]);
    const own = {
      ...byHand,
      leadsTo: `${sharedDirectory}/web1/xen.cfg`,
      uuids: [uuid],
      files: [{ path: sda, id: null }],
    };
    expect(problems(with2(record, own))).toEqual([]);
  });
});
