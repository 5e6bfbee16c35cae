import { spawn } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import { ProbeError, probeScript, readProbe } from '../../../main/node/probe.ts';
import type { ProbeInput } from '../../../main/node/probe-sections.ts';
import { emptyRoot, inodeOf, inside, lockOf, recordOf, run, shim, storage, uuid } from './support.ts';

const input: ProbeInput = {
  storageDirectories: [storage],
  bootFiles: ['/boot/vmlinuz-practice', '/boot/none'],
};
const list = (lines: string) => `cat <<'E'
Name                                        ID   Mem VCPUs\tState\tTime(s)   UUID                            Reason-Code\tSecurity Label
Domain-0                                     0  1024     4     r-----     131.5 00000000-0000-0000-0000-000000000000        -                -
${lines}
E`;
const info = `cat <<'E'
host                   : n
nr_cpus                : 4
total_memory           : 8192
free_memory            : 5000
xen_version            : 4.17.5
xen_commandline        : placeholder
E`;

let root: string;
beforeEach(() => {
  root = emptyRoot();
  mkdirSync(inside(root, '/boot'));
  writeFileSync(inside(root, '/boot/vmlinuz-practice'), '');
  writeFileSync(inside(root, '/etc/hostname'), 'node1\n');
  shim(root, 'xl', `case "$*" in info) ${info}\n;; 'list -l') echo '[]' ;; list*) ${list('')}\n;; esac`);
});
const put = (path: string, content: string | Buffer) =>
  writeFileSync(inside(root, `${storage}/${path}`), content);
const folder = (name: string) => mkdirSync(inside(root, `${storage}/${name}`));
const probe = async (asked = input, waitSeconds?: number) =>
  readProbe((await run(root, probeScript(asked, waitSeconds))).stdout, asked);

describe('the probe', () => {
  test('tells what a node is', async () => {
    mkdirSync(inside(root, '/sys/class/net/xenbr0/bridge'), { recursive: true });
    mkdirSync(inside(root, '/sys/class/net/eth0'), { recursive: true });
    mkdirSync(inside(root, '/var/lib/vbdesk/removed'), { recursive: true });
    writeFileSync(inside(root, `/var/lib/vbdesk/removed/${uuid}`), '{}');
    writeFileSync(inside(root, '/var/lib/xen/save/web1'), '');
    writeFileSync(
      inside(root, '/var/lib/xen/save/re named'),
      `Xen saved domain, xl format\n \u0000{"c_info": {"name": "re named",\n "uuid": "${uuid.toUpperCase()}"}}\u0000\n`,
    );
    symlinkSync(`${storage}/web1/xen.cfg`, inside(root, '/etc/xen/auto/10-first'));
    const membership = {
      version: 1,
      cluster: 'c',
      uuid,
      generation: 3,
      nodes: [{ name: 'node1', host: 'n' }],
      storageDirectories: [],
    };
    writeFileSync(inside(root, '/var/lib/vbdesk/cluster.json'), JSON.stringify(membership));
    const facts = await probe();
    expect(facts).toMatchObject({
      hostname: 'node1',
      bootId: 'c7f1f4d2-0000-4000-8000-000000000001',
      toolstack: 'xl',
      xen: '4.17.5',
      totalMemoryMib: 8192,
      freeMemoryMib: 5000,
      reclaimableMib: 512,
      cpus: 4,
      bridges: ['xenbr0'],
      membership,
      saves: expect.arrayContaining(['web1', 're named']),
      savedUuids: [{ file: 're named', uuid }],
      autostarts: ['10-first', 'web1'],
      tombstones: [uuid],
      bootFiles: [
        { path: '/boot/none', exists: false },
        { path: '/boot/vmlinuz-practice', exists: true },
      ],
      open: [],
      monitors: [],
      folders: [],
    });
    expect(facts.domains.map((domain) => domain.name)).toEqual(['Domain-0']);
    expect(Math.abs(facts.clock - Date.now())).toBeLessThan(60_000);
    expect(facts.jobSpace.bytes).toBeGreaterThan(0);
    expect(facts.jobSpace.inodes).toBeGreaterThan(0);
    expect(facts.commands).toContain('flock');
    expect(facts.storages).toMatchObject([{ path: storage, state: 'ok', id: null, trash: [] }]);
    expect(facts.problems).toEqual([
      '/etc/xen/auto/10-first leads to /srv/vm/web1/xen.cfg: it starts web1 when this node boots.',
    ]);
  });

  test('tells which guests the configurations in /etc/xen would start, and from which files', async () => {
    folder('web1');
    put('web1/sda', Buffer.alloc(1024));
    put('loose.img', Buffer.alloc(1024));
    const etc = (name: string, text: string) => writeFileSync(inside(root, `/etc/xen/${name}`), text);
    etc(
      'auto/10-legacy',
      `name = 'legacy'\nuuid="${uuid.toUpperCase()}"\n# disk = ['/srv/vm/no']\ndisk = ['file:${storage}/web1/sda,xvda,w', 'phy:/dev/sdz,xvdb,w']\n`,
    );
    mkdirSync(inside(root, '/mnt/a b'), { recursive: true });
    linkSync(inside(root, `${storage}/loose.img`), inside(root, '/mnt/a b/x'));
    const byHand = `# ours\n\ndisk = [\n  "format=raw, vdev=xvda, access=rw, target=/mnt/a b/x",\n  '${storage}/gone/sda,raw,xvdb,rw',\n]\n`;
    etc('by-hand.cfg', byHand);
    etc('by-hand.cfg.adopted-r1', byHand);
    etc('xl.conf', 'vif.default.script="/etc/xen/scripts/vif-bridge"\n');
    writeFileSync(
      inside(root, '/var/lib/xen/save/legacy'),
      `Xen saved domain, xl format\n \u0000\u0001{\n "c_info": {"name": "legacy", "uuid": "${uuid}"},\n "disks": [\n {"pdev_path": "${storage}/web1/sda", "vdev": "xvda"}]}\u0000`,
    );
    etc('auto/empty', '');
    mkdirSync(inside(root, '/etc/xen/scripts'));
    put('web1/xen.cfg', "name = 'web1'\nuuid = '00000000-1111-2222-3333-444444444444'\n");
    symlinkSync(`${storage}/web1/xen.cfg`, inside(root, '/etc/xen/auto/web1'));
    symlinkSync('/nowhere', inside(root, '/etc/xen/auto/dangling'));
    const { guestConfigs = [], folders, storages } = await probe();
    const sda = folders[0]?.files.find((each) => each.name === 'sda');
    const loose = storages[0]?.files?.[0];
    const idOf = (file: typeof sda) => ({ device: file?.device, inode: file?.inode });
    expect(guestConfigs).toEqual([
      {
        path: '/etc/xen/auto/10-legacy',
        atBoot: true,
        leadsTo: null,
        names: ['legacy'],
        uuids: [uuid],
        files: [{ path: `${storage}/web1/sda`, id: idOf(sda) }],
      },
      {
        path: '/etc/xen/auto/web1',
        atBoot: true,
        leadsTo: `${storage}/web1/xen.cfg`,
        names: ['web1'],
        uuids: ['00000000-1111-2222-3333-444444444444'],
        files: [],
      },
      {
        path: '/etc/xen/by-hand.cfg',
        atBoot: false,
        leadsTo: null,
        names: [],
        uuids: [],
        files: [
          { path: '/mnt/a b/x', id: idOf(loose) },
          { path: `${storage}/gone/sda`, id: null },
        ],
        text: byHand,
      },
      {
        path: '/var/lib/xen/save/legacy',
        atBoot: true,
        leadsTo: null,
        names: ['legacy'],
        uuids: [uuid],
        files: [{ path: `${storage}/web1/sda`, id: idOf(sda) }],
      },
    ]);
  });

  test('reads what libvirt keeps: who it is, its images, and whether it starts at boot', async () => {
    folder('web1');
    put('web1/a & b.img', Buffer.alloc(1024));
    const libvirt = '/etc/libvirt/libxl';
    mkdirSync(inside(root, `${libvirt}/autostart`), { recursive: true });
    const domain = (name: string, file: string) => `<!--
WARNING: THIS IS AN AUTO-GENERATED FILE.
-->

<domain type='xen'>
  <name>${name}</name>
  <uuid>${uuid}</uuid>
  <devices>
    <disk type='file' device='disk'>
      <source file='${storage}/web1/${file}'/>
      <target dev='xvda' bus='xen'/>
    </disk>
  </devices>
</domain>
`;
    writeFileSync(inside(root, `${libvirt}/legacy.xml`), domain('legacy', 'a &amp; b.img'));
    symlinkSync(`${libvirt}/legacy.xml`, inside(root, `${libvirt}/autostart/legacy.xml`));
    const { guestConfigs = [], folders, problems } = await probe();
    const image = folders[0]?.files[0];
    const told = {
      ...{ names: ['legacy'], uuids: [uuid] },
      files: [{ path: `${storage}/web1/a & b.img`, id: { device: image?.device, inode: image?.inode } }],
    };
    expect(guestConfigs).toEqual([
      { ...told, path: `${libvirt}/autostart/legacy.xml`, atBoot: true, leadsTo: `${libvirt}/legacy.xml` },
      { ...told, path: `${libvirt}/legacy.xml`, atBoot: false, leadsTo: null },
    ]);
    expect(problems).toEqual([]);
  });

  test('sees the images that commas and escapes in a configuration hide', async () => {
    folder('web1');
    for (const name of ['a,b.img', 'a', 'c,d', 'q"r', 'e.img']) put(`web1/${name}`, Buffer.alloc(1024));
    writeFileSync(
      inside(root, '/etc/xen/auto/x'),
      [
        `disk = [ "format=raw, vdev=xvda, target=${storage}/web1/a,b.img", # don't "${storage}/web1/no`,
        `  'vdev=xvdb,script=/etc/x,target=${storage}/web1/c,d,', "${storage}/web1/q\\"r,raw,xvdc,rw",`,
        `  "${storage}/web1/\\0123e.img,raw,xvdd,rw" ]`,
        `extra = "\\nfile ${storage}/web1/posed"`,
      ].join('\n'),
    );
    const files = (await probe()).guestConfigs?.[0]?.files ?? [];
    expect(files.filter((each) => each.id === null)).toEqual([{ path: `${storage}/web1/posed`, id: null }]);
    expect(files.flatMap((each) => (each.id === null ? [] : [each.path])).sort()).toEqual(
      // the first because it is there, and nobody knows for sure how xm would read it
      ['a', 'a,b.img', 'c,d', 'e.img', 'q"r'].map((name) => `${storage}/web1/${name}`),
    );
  });

  test('tells what images in the trash were, and hides the note in a folder', async () => {
    mkdirSync(inside(root, `${storage}/.trash/a.img.0f3a9c1d.20261125T120000Z`), { recursive: true });
    const note = {
      ...{ version: 1, what: 'file', from: `${storage}/old/a.img`, by: 'a@b', at: 'now', run: 'r1' },
      files: [{ name: 'a.img', inode: 7, size: 1024, allocated: 0 }],
    };
    put('.trash/a.img.0f3a9c1d.20261125T120000Z/a.img', Buffer.alloc(1024));
    put('.trash/a.img.0f3a9c1d.20261125T120000Z/removed.json', JSON.stringify(note));
    mkdirSync(inside(root, `${storage}/.trash/torn`));
    put('.trash/torn/removed.json', '{');
    folder('back');
    put('back/removed.json', JSON.stringify(note));
    const { storages, folders } = await probe();
    const found = new Map((storages[0]?.trashFolders ?? []).map((each) => [each.name, each]));
    expect(found.get('a.img.0f3a9c1d.20261125T120000Z')).toMatchObject({
      removedImages: { ok: true, note },
      files: [{ name: 'a.img' }],
    });
    expect(found.get('torn')).toMatchObject({ removedImages: { ok: false }, files: [] });
    expect(folders.find((each) => each.name === 'back')?.files).toEqual([]);
  });

  test('a node that does not tell its loop devices does not tell what is open', async () => {
    expect(await probe()).not.toHaveProperty('openUnknown');
    shim(root, 'losetup', 'exit 1');
    expect((await probe()).openUnknown).toBe(true);
  });

  test('tells what lies in the directory of templates that the cluster names, and who has it open', async () => {
    mkdirSync(inside(root, '/srv/golden/deeper'), { recursive: true });
    writeFileSync(inside(root, '/srv/golden/debian.raw'), Buffer.alloc(2048, 1));
    writeFileSync(inside(root, '/srv/golden/deeper/none.raw'), Buffer.alloc(2048, 1));
    const asked = { ...input, templateDirectory: '/srv/golden' };
    const facts = await probe(asked);
    expect(facts.templates).toMatchObject({
      path: '/srv/golden',
      id: null,
      state: 'ok',
      files: [{ name: 'debian.raw', type: 'raw', size: 2048 }],
    });
    expect(facts.storages.map((each) => each.path)).toEqual([storage]);
    expect((await probe()).templates).toBeUndefined();
    // a folder of a storage directory is shared as that is
    folder('templates');
    writeFileSync(inside(root, `${storage}/.vbdesk-storage`), 'the-id\n');
    expect((await probe({ ...input, templateDirectory: `${storage}/templates` })).templates?.id).toBe(
      'the-id',
    );
    expect((await probe({ ...input, templateDirectory: '/srv/none' })).templates).toMatchObject({
      state: 'missing',
      files: [],
    });
  });

  test('tells templates and OS definitions', async () => {
    folder('.templates');
    put('.templates/debian.raw', Buffer.alloc(2048, 1));
    const qcow2 = Buffer.alloc(1024);
    qcow2.writeUInt32BE(0x514649fb, 0);
    qcow2.writeUInt32BE(3, 4);
    qcow2.writeBigUInt64BE(512n, 8);
    qcow2.writeUInt32BE(9, 16);
    qcow2.writeBigUInt64BE(1048576n, 24);
    qcow2.write('base.raw!', 512);
    put('.templates/over.qcow2', qcow2);
    put('.templates/.hidden', 'x');
    symlinkSync('debian.raw', inside(root, `${storage}/.templates/link`));
    const define = (place: string, name: string, files: Record<string, string>): void => {
      const at = inside(root, `${place}/${name}`);
      mkdirSync(at, { recursive: true });
      for (const [file, text] of Object.entries(files))
        writeFileSync(`${at}/${file}`, text, { mode: file === 'create' ? 0o755 : 0o644 });
    };
    define('/srv/ganeti/os', 'one', {
      ganeti_api_version: '20\n15',
      'variants.list': '# all\n\nstable\ndefinition /posing\n',
      'parameters.list': 'suite\tWhich one\nbare\n',
      create: '',
      verify: '',
    });
    define('/usr/share/ganeti/os', 'one', { ganeti_api_version: '10\n' });
    define('/usr/share/ganeti/os', 'it is two', { ganeti_api_version: 'x\n' });
    define('/usr/share/ganeti/os', 'none', { create: '' });
    const facts = await probe();
    expect(facts.problems).toEqual([]);
    expect(
      facts.storages[0]?.templates?.toSorted((a, b) => a.name.localeCompare(b.name, 'en')),
    ).toMatchObject([
      { name: 'debian.raw', size: 2048, type: 'raw', kind: 'file' },
      { name: 'link', type: null, kind: 'symlink' },
      { name: 'over.qcow2', type: 'qcow2', virtualSize: 1048576, backing: 'base.raw!' },
    ]);
    expect(facts.folders).toEqual([]);
    expect(facts.osDefinitions).toEqual([
      {
        name: 'one',
        path: '/srv/ganeti/os/one',
        apiVersions: [20, 15],
        variants: ['stable', 'definition /posing'],
        parameters: [
          { name: 'suite', text: 'Which one' },
          { name: 'bare', text: '' },
        ],
        scripts: ['create'],
      },
      {
        name: 'it is two',
        path: '/usr/share/ganeti/os/it is two',
        apiVersions: [],
        variants: [],
        parameters: [],
        scripts: [],
      },
    ]);
  });

  test('tells what a replica says of itself, or why it can not be read', async () => {
    const replica = {
      version: 1,
      copy: 'c1',
      source: 'node2',
      record: recordOf(`${storage}/web1`),
      disks: [{ file: 'sda', type: 'raw', size: 1048576, content: 'a'.repeat(64) }],
      when: '2026-11-25T12:00:00Z',
      written: { by: 'ann@desk', run: 'r1' },
    };
    folder('web1');
    put('web1/replica.json', JSON.stringify(replica, null, 2));
    folder('web2');
    put('web2/replica.json', '{"version":1');
    const { folders } = await probe();
    const told = Object.fromEntries(folders.map((each) => [each.name, each]));
    expect(told.web1).toMatchObject({ record: null, replica: true, replicaRecord: { ok: true, replica } });
    expect(told.web1?.files).toEqual([]);
    expect(told.web2).toMatchObject({ record: null, replica: true, replicaRecord: { ok: false } });
  });

  test('tells folders with their records, locks, configurations and images', async () => {
    const config = `name = "web1"\nkernel = "/boot/other"\nbootloader = 'pygrub'\nextra = "no newline at the end"`;
    folder('web1');
    folder('.trash');
    folder('.trash/old');
    folder('.trash/cut off');
    put('.trash/cut off/.lock', JSON.stringify(lockOf('r9', 'remove web9')));
    put('.trash/cut off/instance.json', JSON.stringify(recordOf(`${storage}/web9`)));
    put('.trash/cut off/replica.json', '{"version":');
    folder('.trash/linked');
    symlinkSync('../../web1/.lock', inside(root, `${storage}/.trash/linked/.lock`));
    folder('lost+found');
    put('.vbdesk-storage', 'st1\n');
    put('web1/instance.json', JSON.stringify(recordOf(`${storage}/web1`), null, 2));
    put('web1/.lock', JSON.stringify(lockOf('r1')));
    put('web1/.lock.r2', 'x');
    put('web1/.tmp.0123456789abcdef', 'x'.repeat(600));
    put('web1/xen.cfg', config);
    put('web1/sda', '');
    truncateSync(inside(root, `${storage}/web1/sda`), 1 << 30);
    put(
      'web1/sdb',
      Buffer.concat([
        Buffer.from('QFI\u00fb', 'latin1'),
        // version 3, no base, a guest sees 5 GiB
        Buffer.from([0, 0, 0, 3, ...new Array<number>(16).fill(0), 0, 0, 0, 1, 0x40, 0, 0, 0]),
        Buffer.alloc(1000),
      ]),
    );
    put('web1/small', 'x');
    symlinkSync('sda', inside(root, `${storage}/web1/link`));
    put("web1/it's  <==", `\n==> ./web1/sda <==\n${'KDMV'.repeat(200)}`);
    folder('web2');
    put('web2/replica.json', '{}');
    const facts = await probe();
    expect(facts.problems).toEqual([]);
    expect(facts.storages[0]?.trash.toSorted()).toEqual(['cut off', 'linked', 'old']);
    expect(facts.storages).toMatchObject([{ id: 'st1' }]);
    const inTrash = facts.storages[0]?.trashFolders?.toSorted((a, b) => a.name.localeCompare(b.name));
    expect(inTrash).toMatchObject([
      {
        name: 'cut off',
        record: { ok: true, record: recordOf(`${storage}/web9`) },
        lock: { ok: true, lock: { run: 'r9', title: 'remove web9' } },
        replicaRecord: { ok: false },
        files: [],
      },
      { name: 'linked', record: null, lock: { ok: false } },
    ]);
    expect(facts.folders.map((each) => each.name).toSorted()).toEqual(['web1', 'web2']);
    const web1 = facts.folders.find((each) => each.name === 'web1');
    expect(web1).toMatchObject({
      storage,
      path: `${storage}/web1`,
      inode: inodeOf(root, `${storage}/web1`),
      record: { ok: true, record: recordOf(`${storage}/web1`) },
      lock: { ok: true, lock: lockOf('r1') },
      config,
      replica: false,
    });
    const files = Object.fromEntries(web1?.files.map((file) => [file.name, file]) ?? []);
    expect(Object.keys(files).toSorted()).toEqual(["it's  <==", 'link', 'sda', 'sdb', 'small']);
    expect(files.sda).toMatchObject({
      size: 1 << 30,
      allocated: 0,
      type: 'raw',
      kind: 'file',
      inode: inodeOf(root, `${storage}/web1/sda`),
      links: 1,
    });
    expect(files.sdb).toMatchObject({ type: 'qcow2', virtualSize: 5 * 2 ** 30 });
    expect(files.sda).not.toHaveProperty('virtualSize');
    expect(files["it's  <=="]).toMatchObject({ type: 'raw' });
    expect(files.small).toMatchObject({ type: null, size: 1 });
    expect(files.link).toMatchObject({ kind: 'symlink', type: null });
    expect(facts.folders.find((each) => each.name === 'web2')).toMatchObject({
      record: null,
      lock: null,
      config: null,
      replica: true,
    });
    expect(facts.bootFiles).toContainEqual({ path: '/boot/other', exists: false });
    expect(facts.bootFiles).toContainEqual({ path: 'pygrub', exists: false });
  });

  test('is not impressed by what files hold', async () => {
    for (const name of ['binary', 'forged', 'long', 'fifo', 'wrong', 'two\nlines', 'web1']) folder(name);
    put('binary/instance.json', Buffer.from(Array.from({ length: 70_000 }, (_, index) => (index * 7) % 256)));
    // a whole answer in a file, with the frame's words and a heading for another folder's record
    const token = /token=([0-9a-f]{32})/.exec(probeScript(input))?.[1] ?? '';
    const forged = `\n${token} xl-list\nvbdesk-probe ${token}\n\n${token} end\n\n==> ./web1/instance.json <==\n{"forged":1}\n`;
    put('forged/instance.json', forged);
    put('forged/xen.cfg', forged);
    put('long/instance.json', ' '.repeat(300_000));
    put('wrong/instance.json', '{"version":1}');
    put('web1/instance.json', JSON.stringify(recordOf(`${storage}/web1`)));
    put('two\nlines/instance.json', '{}');
    put('web1/a\nb', 'x');
    mkdirSync(inside(root, `${storage}/fifo/instance.json`));
    const facts = await probe();
    const of = (name: string) => facts.folders.find((each) => each.name === name);
    expect(of('web1')?.record).toMatchObject({ ok: true });
    expect(of('web1')?.files).toEqual([]);
    expect(of('binary')?.record).toMatchObject({ ok: false });
    expect(of('forged')?.record).toMatchObject({ ok: false });
    expect(of('forged')?.config).toBe(forged);
    expect(of('long')?.record).toMatchObject({
      ok: false,
      error: 'instance.json is longer than 262144 bytes.',
    });
    expect(of('wrong')?.record).toMatchObject({ ok: false, error: expect.stringContaining('uuid') });
    expect(of('fifo')?.record).toMatchObject({ ok: false, error: 'instance.json is not a regular file.' });
    expect(facts.folders.map((each) => each.name)).not.toContain('two\nlines');
    expect(facts.problems.filter((each) => each.includes("can't be shown"))).toHaveLength(2);
  });

  test('tells domains, loops, open files and monitors', async () => {
    folder('web1');
    put('web1/sda', 'x'.repeat(1000));
    linkSync(inside(root, `${storage}/web1/sda`), inside(root, '/elsewhere'));
    shim(
      root,
      'xl',
      `case "$*" in info) ${info}\n;; 'list -l') echo '[]' ;; list*) ${list(
        `web 1                                        3   128     1     -b----       7.0 ${uuid}        -                -\n(null)                                       4     0     1     --p--d       7.0 18cbadb5-0000-4834-99ab-bf11dfd7925b        -                -`,
      )}\n;; esac`,
    );
    const inode = inodeOf(root, `${storage}/web1/sda`);
    shim(
      root,
      'losetup',
      `printf '/dev/loop3 %s %s /x y\\n' ${inode} "$(stat -c %d "$VBDESK_ROOT${storage}/web1/sda" | awk '{ print int($1 / 256) % 4096 ":" $1 % 256 + int($1 / 1048576) * 256 }')"`,
    );
    const log = openSync(inside(root, '/var/log/xen/xl-web1--incoming.log.2'), 'w');
    const image = openSync(inside(root, '/elsewhere'), 'r');
    const environment = { ...process.env, VBDESK_ROOT: root };
    const holder = spawn('sleep', ['1000'], { stdio: ['ignore', log, image], env: environment });
    const stranger = spawn('sleep', ['1000'], {
      stdio: ['ignore', log, image],
      env: { ...environment, VBDESK_ROOT: `${root}/other` },
    });
    try {
      const facts = await probe();
      const device = facts.folders[0]?.files[0]?.device;
      expect(facts.domains.slice(1)).toMatchObject([
        { name: 'web 1', domid: 3, uuid, state: 'running', memoryMib: 128 },
        {
          name: '(null)',
          domid: 4,
          uuid: '18cbadb5-0000-4834-99ab-bf11dfd7925b',
          state: 'dying',
          flags: '--p--d',
        },
      ]);
      expect(facts.open).toEqual([
        { device, inode, by: 'loop3' },
        { device, inode, by: `process ${holder.pid} (sleep)` },
      ]);
      expect(facts.monitors).toContainEqual({ pid: holder.pid, name: 'web1--incoming' });
      expect(facts.problems).toEqual([]);
    } finally {
      holder.kill('SIGKILL');
      stranger.kill('SIGKILL');
      closeSync(log);
      closeSync(image);
    }
  });

  test('reads the memory that Dom0 gives back', async () => {
    shim(
      root,
      'xl',
      `case $1 in info) ${info.replace('placeholder', 'loglvl=all dom0_mem=1024M,max:1024M')}\n;; list) ${list('')}\n;; esac`,
    );
    expect((await probe()).reclaimableMib).toBe(0);
    writeFileSync(inside(root, '/etc/xen/xl.conf'), '#autoballoon="off"\nautoballoon = "on"\n');
    expect((await probe()).reclaimableMib).toBe(512);
    writeFileSync(inside(root, '/etc/xen/xl.conf'), 'autoballoon=0\n');
    expect((await probe()).reclaimableMib).toBe(0);
  });

  test('does not take a toolstack that fails for a node without domains', async () => {
    shim(root, 'xl', 'echo "xc: error: Could not obtain handle" >&2; exit 1');
    await expect(probe()).rejects.toThrow(ProbeError);
    await expect(probe()).rejects.toThrow(
      'does not tell which domains it runs: xl list ended with exit code 1. xc: error',
    );
    shim(root, 'xl', 'exit 0');
    await expect(probe()).rejects.toThrow(ProbeError);
    shim(root, 'xl', `echo "ERROR:  Can't find hypervisor information in sysfs!" >&2; exit 1`);
    expect(await probe()).toMatchObject({ toolstack: null, domains: [] });
    rmSync(inside(root, '/bin/xl'));
    expect(await probe()).toMatchObject({
      toolstack: null,
      domains: [],
      problems: [expect.stringContaining('Neither xl nor xm')],
    });
  });

  test('tells what a domain is made of where number and uuid are its own; that it can not be had is told', async () => {
    const line = `web1                                         3   128     1     -b----       7.0 ${uuid}        -                -`;
    const asking = (long: string, before = list(line)): void =>
      shim(
        root,
        'xl',
        `echo "$*" >>"$VBDESK_ROOT/asked"; case "$*" in info) ${info}\n;; 'list -l') ${long} ;; list*) ${before}\n;; esac`,
      );
    const saying = (its: string): string =>
      `echo '[{"domid": 3, "config": {"c_info": {"type": "pv", "name": "web1", "uuid": "${its}"}, "b_info": {"max_vcpus": 7}}}]'`;
    const made = async () => {
      const { domains, problems } = await probe();
      return { vcpus: domains.find((each) => each.domid === 3)?.config?.maxVcpus, problems };
    };
    asking(saying(uuid.toUpperCase()));
    expect(await made()).toEqual({ vcpus: 7, problems: [] });
    // another domain has its number by now
    asking(saying('18cbadb5-0000-4834-99ab-bf11dfd7925b'));
    expect(await made()).toEqual({ vcpus: undefined, problems: [] });
    asking('echo "no such thing" >&2; exit 3');
    expect(await made()).toEqual({
      vcpus: undefined,
      problems: [expect.stringMatching(/^xl list -l ended with exit code 3\. .* no such thing$/)],
    });
    asking("echo '[{'");
    expect((await made()).problems).toEqual([expect.stringContaining('xl list -l is not JSON')]);
    // where the list itself fails, the long one is not waited for as well
    rmSync(inside(root, '/asked'));
    asking("echo '[]'", 'exit 1');
    await expect(probe()).rejects.toThrow('does not tell which domains it runs');
    expect(readFileSync(inside(root, '/asked'), 'utf8')).not.toContain('list -l');
  });

  test('reads what xm tells', async () => {
    rmSync(inside(root, '/bin/xl'));
    shim(
      root,
      'xm',
      `case "$*" in info) ${info}\n;; list) echo 'Name                                        ID   Mem VCPUs      State   Time(s)
Domain-0                                     0   512     2     r-----    100.0
web1                                         5   128     1     -b----      3.5' ;; 'list -l') echo '(domain
    (domid 0)
    (uuid 00000000-0000-0000-0000-000000000000)
)
(domain
    (domid 5)
    (name web1)
    (uuid ${uuid})
    (device
        (vbd
            (uuid 11111111-1111-1111-1111-111111111111)
        )
    )
)' ;; esac`,
    );
    const facts = await probe();
    expect(facts.toolstack).toBe('xm');
    expect(facts.domains).toMatchObject([{ domid: 0 }, { domid: 5, name: 'web1', uuid }]);
  });

  test('tells what a storage directory is when it is none', async () => {
    writeFileSync(inside(root, '/srv/file'), '');
    symlinkSync('vm', inside(root, '/srv/link'));
    const asked = { storageDirectories: ['/srv/none', '/srv/file', '/srv/link', storage], bootFiles: [] };
    const facts = await probe(asked);
    expect(facts.storages.map((each) => each.state)).toEqual(['missing', 'not-a-directory', 'symlink', 'ok']);
  });

  test('storage that hangs is told, and never asked twice', async () => {
    folder('web1');
    const hanging = '/srv/hangs';
    mkdirSync(inside(root, hanging));
    // stat of that directory does not come back
    shim(
      root,
      'stat',
      `case "$*" in *hangs*) echo $$ >>"$VBDESK_ROOT/hung"; exec sleep 1000 ;; esac; exec /usr/bin/stat "$@"`,
    );
    const asked = { storageDirectories: [hanging, storage], bootFiles: [] };
    const began = Date.now();
    const first = await probe(asked);
    expect(Date.now() - began).toBeLessThan(14_000);
    expect(first.storages.map((each) => each.state)).toEqual(['not-answering', 'ok']);
    expect(first.folders.map((each) => each.name)).toEqual(['web1']);
    const again = Date.now();
    const second = await probe(asked);
    expect(second.storages.map((each) => each.state)).toEqual(['not-answering', 'ok']);
    expect(Date.now() - again).toBeLessThan(4000);
    const { out } = await run(root, 'cat "$R/hung"');
    const pids = out.trim().split('\n').map(Number);
    expect(pids).toHaveLength(1);
    // it answers again
    shim(root, 'stat', 'exec /usr/bin/stat "$@"');
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    await expect
      .poll(async () => (await probe(asked)).storages.map((each) => each.state), { timeout: 30_000 })
      .toEqual(['ok', 'ok']);
  });

  test('one at a time: a second probe says so instead of waiting for ever', async () => {
    const holder = spawn(
      'flock',
      [inside(root, '/run/vbdesk-probe.lock'), 'sh', '-c', 'echo locked; exec sleep 1000'],
      {
        stdio: ['ignore', 'pipe', 'ignore'],
        detached: true,
      },
    );
    await new Promise((resolve) => holder.stdout?.once('data', resolve));
    try {
      await expect(probe(input, 1)).rejects.toThrow('Another probe of this node is still running');
    } finally {
      if (holder.pid !== undefined) process.kill(-holder.pid, 'SIGKILL');
    }
  });

  test('tells all of 1,000 instances', async () => {
    for (let index = 0; index < 1000; index += 1) {
      const name = `web${index}.example.org`;
      folder(name);
      put(`${name}/instance.json`, `${JSON.stringify(recordOf(`${storage}/${name}`, { name }), null, 2)}\n`);
      put(`${name}/xen.cfg`, `name = "${name}"\nkernel = "/boot/vmlinuz-practice"\n`);
      put(`${name}/sda`, 'x'.repeat(600));
      put(`${name}/sdb`, 'QFI\u00fb');
    }
    const facts = await probe();
    expect(facts.folders).toHaveLength(1000);
    expect(
      facts.folders.every((each) => each.record?.ok && each.config !== null && each.files.length === 2),
    ).toBe(true);
    expect(facts.problems).toEqual([]);
  });

  test('an answer that is cut off, or none, is no answer', async () => {
    const { stdout } = await run(root, probeScript(input));
    expect(() => readProbe(stdout.subarray(0, stdout.length - 40), input)).toThrow('cut off');
    expect(() => readProbe(Buffer.from('Welcome!\n'), input)).toThrow('Welcome!');
    expect(() => readProbe(Buffer.alloc(0), input)).toThrow(ProbeError);
    expect(readProbe(Buffer.concat([Buffer.from('Last login: today\r\n'), stdout]), input).hostname).toBe(
      'node1',
    );
  });

  test('a directory that can not be read is a problem, not silence', async () => {
    folder('web1');
    put('web1/instance.json', '{}');
    shim(
      root,
      'head',
      'case "$*" in *instance.json*) echo "head: cannot open: Input/output error" >&2; exit 1 ;; esac; exec /usr/bin/head "$@"',
    );
    chmodSync(inside(root, `${storage}/web1`), 0o755);
    const facts = await probe();
    expect(facts.folders[0]?.record).toMatchObject({
      ok: false,
      error: 'instance.json could not be read, or changed while it was read.',
    });
    expect(facts.problems.join('\n')).toContain('Input/output error');
  });
});
