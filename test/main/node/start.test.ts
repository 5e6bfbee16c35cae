import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { describe, expect, test } from 'vitest';
import { action } from '../../../core/plan/action.ts';
import { writeSettings } from '../../../main/practice/node-root.ts';
import {
  checkConfig,
  config,
  end,
  flags,
  folder,
  guest,
  hold,
  holders,
  must,
  putBack,
  quick,
  root,
  shutDown,
  start,
  startPaused,
  unpause,
  verdict,
  writeConfig,
  xl,
} from './guest-support.ts';
import { act, check, inside, shim, uuid } from './support.ts';

describe('start and verdict', () => {
  test('a stopped guest is started, once', async () => {
    expect(await act(root, verdict)).toMatchObject({ code: 0, out: '', err: '' });
    expect(await check(root, start)).toBe(10);
    await must(start);
    expect(await check(root, start)).toBe(0);
    const found = await act(root, verdict);
    expect(found.code).toBe(10);
    expect(found.out).toMatch(/^domain 1 of this guest/m);
    expect(found.out).toMatch(/^loop device \/dev\/loop0 is on \/srv\/ganeti\/file-storage\/web1\/sda$/m);
    expect(found.out).toMatch(
      /^process \d+ \(.*\) has \/srv\/ganeti\/file-storage\/web1\/it's \$\(sdb\) open$/m,
    );
    expect(found.out).toMatch(/^monitor process/m);
    expect(await act(root, start)).toMatchObject({
      code: 73,
      err: expect.stringContaining('is not stopped here'),
    });
    expect((await xl('list')).split('\n').filter((line) => line.startsWith('web1'))).toHaveLength(1);
  });

  test('paused, then unpaused', async () => {
    await must(startPaused);
    expect(await check(root, startPaused)).toBe(0);
    expect(await check(root, start)).toBe(11);
    expect(await check(root, unpause)).toBe(10);
    expect(await flags()).toBe('--p---');
    await must(unpause);
    expect(await check(root, unpause)).toBe(0);
    expect(await check(root, startPaused)).toBe(11);
    await must(unpause);
    expect(await flags()).toMatch(/^-[b-]----$/);
  });

  test('a renamed domain is still this guest', async () => {
    await must(start);
    await xl('rename web1 other');
    expect(await act(root, verdict)).toMatchObject({ code: 10 });
    expect(await act(root, start)).toMatchObject({ code: 73 });
    await must(shutDown(20, 'force'));
    await must(end);
    expect(await act(root, verdict)).toMatchObject({ code: 0 });
  });

  test('an image that somebody has open under another name is not free', async () => {
    linkSync(inside(root, guest.images[0] ?? ''), inside(root, '/srv/hard link'));
    const holder = hold(inside(root, '/srv/hard link'));
    const found = await act(root, verdict);
    expect(found).toMatchObject({ code: 10, out: `process ${holder.pid} (sleep) has ${folder}/sda open\n` });
    expect(await act(root, start)).toMatchObject({ code: 73 });
  });

  test('processes of another node on this machine do not count', async () => {
    hold(inside(root, guest.images[0] ?? ''), 0, { VBDESK_ROOT: `${root}2` });
    expect(await act(root, verdict)).toMatchObject({ code: 0 });
  });

  test('an image that is gone, but still open, is found by its path', async () => {
    const holder = hold(inside(root, guest.images[0] ?? ''));
    rmSync(inside(root, guest.images[0] ?? ''));
    expect(await act(root, verdict)).toMatchObject({
      code: 10,
      out: `process ${holder.pid} (sleep) has ${folder}/sda open\n`,
    });
  });

  test('a monitor alone is not stopped: it would create the domain again', async () => {
    for (const name of ['xl-web1.log', 'xl-web1.log.1', 'xl-web1--incoming.log']) {
      const holder = hold(inside(root, `/var/log/xen/${name}`), 1);
      expect(await act(root, verdict)).toMatchObject({
        code: 10,
        out: `monitor process ${holder.pid} (sleep)\n`,
      });
      if (name === 'xl-web1.log')
        renameSync(inside(root, `/var/log/xen/${name}`), inside(root, `/var/log/xen/${name}.3`));
      expect(await act(root, verdict)).toMatchObject({ code: 10 });
      await must(end);
      expect(await act(root, verdict)).toMatchObject({ code: 0 });
    }
    hold(inside(root, '/var/log/xen/xl-web10.log'), 1);
    hold(inside(root, '/var/log/xen/xl-web1.example.log'), 1);
    expect(await act(root, verdict)).toMatchObject({ code: 0 });
  });

  test('an xl create of its configuration that is under way is not stopped', async () => {
    const creating = spawn('sh', ['-c', 'read x', 'create', inside(root, config)], {
      env: { VBDESK_ROOT: root },
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    holders.push(creating);
    expect(await act(root, verdict)).toMatchObject({
      code: 10,
      out: `monitor process ${creating.pid} (sh)\n`,
    });
  });

  test('what starts it at boot is found', async () => {
    writeFileSync(inside(root, '/var/lib/xen/save/web1'), '');
    // saved under another name: xl keeps the configuration, with the uuid, at the head of the file
    const head = (id: string) => `Xen saved domain, xl format\n \u0000\u0001{"c_info":{"uuid": "${id}"}}`;
    writeFileSync(inside(root, '/var/lib/xen/save/its old name'), head(uuid.toUpperCase()));
    writeFileSync(
      inside(root, '/var/lib/xen/save/zz'),
      `${head(uuid.replace(/^./, '0'))}${' '.repeat(65536)}${uuid}`,
    );
    writeFileSync(
      inside(root, '/var/lib/xen/save/legacy'),
      `Xen saved domain, xl format\n \u0000{"disks":[{"pdev_path": "${folder}/sda"}]}`,
    );
    symlinkSync(config, inside(root, '/etc/xen/auto/first'));
    copyFileSync(inside(root, config), inside(root, '/etc/xen/auto/copy'));
    writeFileSync(inside(root, '/etc/xen/auto/other'), 'name = "other"\n# disk = ["/srv/vm/web1/sda"]\n');
    // another guest by name and uuid, on the same images: by their paths, and by another name of the file
    linkSync(inside(root, `${folder}/sda`), inside(root, `/etc/xen/second name`));
    writeFileSync(inside(root, '/etc/xen/auto/legacy'), `disk = ['file:${folder}/sda,xvda,w']\n`);
    writeFileSync(inside(root, '/etc/xen/auto/linked'), 'disk = ["target=/etc/xen/second name"]\n');
    for (const name of ['comma,name', 'plain'])
      linkSync(inside(root, `${folder}/sda`), inside(root, `/etc/xen/${name}`));
    const auto = (name: string, text: string) => writeFileSync(inside(root, `/etc/xen/auto/${name}`), text);
    auto('n-comma', 'disk = ["format=raw, vdev=xvda, target=/etc/xen/comma,name"]\n');
    auto('n-escape', `disk = ["${folder}/\\0123sda,raw,xvda,rw"]\n`);
    auto('n-escaped', "disk = ['vdev=xvda, target=/etc/xen/pl\\012ain']\n");
    auto('n-other', `disk = ["${folder}/other,raw,xvda,rw"]\n# it's ${folder}/sda\n`);
    mkdirSync(inside(root, '/etc/libvirt/libxl/autostart'), { recursive: true });
    const libvirt = (name: string, id: string, file: string) =>
      writeFileSync(
        inside(root, `/etc/libvirt/libxl/autostart/${name}.xml`),
        `<domain type='xen'>\n  <uuid>${id}</uuid>\n  <source file='${file}'/>\n</domain>\n`,
      );
    libvirt('by-image', uuid.replace(/^./, '0'), `${folder}/sda`);
    libvirt('by-uuid', uuid, '/srv/elsewhere');
    libvirt('other', uuid.replace(/^./, '0'), `${folder}/other`);
    const found = await act(root, verdict);
    // nothing writes now, so it is stopped; but it is not free to start
    expect(found.code).toBe(0);
    expect(found.out.trim().split('\n')).toEqual([
      'save file /var/lib/xen/save/its old name would be restored when this node boots',
      'save file /var/lib/xen/save/legacy would be restored when this node boots',
      'save file /var/lib/xen/save/web1 would be restored when this node boots',
      'auto entry /etc/xen/auto/copy starts it when this node boots',
      'auto entry /etc/xen/auto/first starts it when this node boots',
      'auto entry /etc/xen/auto/legacy starts it when this node boots',
      'auto entry /etc/xen/auto/linked starts it when this node boots',
      'auto entry /etc/xen/auto/n-comma starts it when this node boots',
      'auto entry /etc/xen/auto/n-escape starts it when this node boots',
      'auto entry /etc/xen/auto/n-escaped starts it when this node boots',
      'auto entry /etc/libvirt/libxl/autostart/by-image.xml starts it when this node boots',
      'auto entry /etc/libvirt/libxl/autostart/by-uuid.xml starts it when this node boots',
    ]);
    expect(await act(root, start)).toMatchObject({ code: 73 });
  });

  test('what can not be told is never "stopped"', async () => {
    const unsure = async () => {
      const outcome = await act(root, verdict);
      expect([0, 10]).not.toContain(outcome.code);
      expect(outcome.err).toContain('could not be told');
      expect(await act(root, start)).toMatchObject({ code: 73 });
    };
    const real = readFileSync(inside(root, '/bin/xl'));
    shim(root, 'xl', 'echo broken >&2; exit 1');
    await unsure();
    shim(root, 'xl', 'exit 0');
    await unsure();
    shim(root, 'xl', `echo 'Name  ID Mem VCPUs State Time(s)'; echo 'web2 3 128 1 -b---- 1.0 ${uuid} - -'`);
    await unsure();
    writeFileSync(inside(root, '/bin/xl'), real);
    shim(root, 'losetup', 'exit 1');
    await unsure();
    shim(root, 'losetup', 'exit 0');
    shim(root, 'stat', 'echo "stat: cannot statx: Input/output error" >&2; exit 1');
    await unsure();
  });

  test('dying domains: those of this uuid, and those of nobody', async () => {
    const zero = '00000000-0000-0000-0000-000000000000';
    const table = (line: string) =>
      shim(
        root,
        'xl',
        `cat <<'E'
Name                                        ID   Mem VCPUs\tState\tTime(s)   UUID                            Reason-Code\tSecurity Label
Domain-0                                     0   640     1     r-----     131.5 ${zero}        -                -
${line}
E`,
      );
    table(
      `(null)                                       7     0     1     --p--d     131.5 ${uuid.toUpperCase()}        -                -`,
    );
    expect(await act(root, verdict)).toMatchObject({
      code: 10,
      out: 'domain 7 of this guest, in state --p--d\n',
    });
    table(
      `(null)                                       7     0     1     --p--d     131.5 ${zero}        -                -`,
    );
    expect(await act(root, verdict)).toMatchObject({
      code: 10,
      out: 'domain 7 is dying, and nobody can tell whose it is\n',
    });
    table(
      `a name with spaces                           7     0     1     -b----     131.5 ${uuid}        -   system_u:x`,
    );
    expect(await act(root, verdict)).toMatchObject({ code: 10 });
    table(
      `(null)                                       7     0     1     --p--d     131.5 11111111-1111-1111-1111-111111111111        -                -`,
    );
    expect(await act(root, verdict)).toMatchObject({ code: 0 });
    table(
      `Xenstore                                     7     0     1     -b----     131.5 ${zero}        -                -`,
    );
    expect(await act(root, verdict)).toMatchObject({ code: 0 });
    table('something else entirely');
    expect(await act(root, verdict)).toMatchObject({
      code: 10,
      out: expect.stringContaining('not understood'),
    });
  });

  test('a configuration without the uuid is not started', async () => {
    writeConfig('', 'web1', '11111111-1111-1111-1111-111111111111');
    expect(await act(root, start)).toMatchObject({
      code: 73,
      err: expect.stringContaining('does not carry the uuid'),
    });
    const reviewed = { ...start };
    rmSync(inside(root, config));
    expect(await act(root, reviewed)).toMatchObject({ code: 73 });
  });

  test('a configuration that was edited after the plan was made starts nothing', async () => {
    const reviewed = [{ ...start }, { ...startPaused }, { ...putBack }, { ...checkConfig }];
    // the same guest, and a disk that would be read as another format
    const text = readFileSync(inside(root, config), 'utf8');
    writeFileSync(inside(root, config), text.replace('format=raw', 'format=qcow2'));
    for (const each of reviewed)
      expect(await act(root, each), each.do).toMatchObject({
        code: 73,
        err: expect.stringMatching(/xen\.cfg is not what was reviewed: .* plan again/),
      });
    expect(await act(root, verdict)).toMatchObject({ code: 0 });
    writeFileSync(inside(root, config), text);
    for (const each of reviewed.toReversed()) {
      await must(each);
      await must(end);
    }
  });

  test('a run of before, whose plan did not note what xen.cfg has to say, starts nothing', async () => {
    for (const known of [start, startPaused, putBack, checkConfig]) {
      const { configSum: _noted, ...before } = { ...known };
      const kept = action.parse(before);
      expect(await act(root, kept), kept.do).toMatchObject({
        code: 73,
        err: expect.stringContaining('was not noted when this was planned'),
      });
    }
    expect(await act(root, verdict)).toMatchObject({ code: 0 });
  });

  test('a guest that still runs goes on, whatever its configuration says by now', async () => {
    const reviewed = { ...putBack };
    await must(start);
    await must(shutDown(0, 'force'));
    writeConfig('edited');
    await must(reviewed);
    expect(await check(root, reviewed)).toBe(0);
    await must(shutDown(30, 'force'));
    expect(await act(root, reviewed)).toMatchObject({ code: 73 });
  });

  test('a start that fails leaves no domain', async () => {
    await writeSettings(root, { ...quick, fail_create: 'no luck today' });
    const outcome = await act(root, start);
    expect(outcome).toMatchObject({ code: 1, err: expect.stringContaining('no luck today') });
    expect(outcome.err).toContain('xl create failed with exit code 3');
    await writeSettings(root, quick);
    expect(await check(root, start)).toBe(10);
    expect(await act(root, verdict)).toMatchObject({ code: 0 });
  });

  test('a start that was killed is partial, and end-domain cleans up after it', async () => {
    await writeSettings(root, { ...quick, create_delay: 600 });
    const killed = spawn(inside(root, '/bin/xl'), ['create', inside(root, config)], {
      env: { PATH: process.env.PATH, VBDESK_ROOT: root },
      stdio: 'ignore',
    });
    await expect.poll(async () => (await xl('list')).includes('web1'), { timeout: 30_000 }).toBe(true);
    killed.kill('SIGKILL');
    await once(killed, 'exit');
    await writeSettings(root, quick);
    expect(await check(root, start)).toBe(11);
    expect(await check(root, startPaused)).toBe(11);
    expect(await check(root, end)).toBe(11);
    await must(end);
    expect(await check(root, end)).toBe(0);
    expect(await act(root, verdict)).toMatchObject({ code: 0 });
  });

  test('a start that was killed at any moment leaves nothing that end-domain does not find', async () => {
    for (let delay = 0; delay < 180; delay += 30) {
      const killed = spawn(inside(root, '/bin/xl'), ['create', inside(root, config)], {
        env: { PATH: process.env.PATH, VBDESK_ROOT: root },
        stdio: 'ignore',
      });
      const exited = once(killed, 'exit');
      await new Promise((resolve) => setTimeout(resolve, delay));
      killed.kill('SIGKILL');
      await exited;
      await must(end);
      expect(await act(root, verdict)).toMatchObject({ code: 0 });
    }
  }, 180_000);

  test('check-config asks the toolstack', async () => {
    await must(checkConfig);
    const asked = { ...checkConfig };
    writeFileSync(inside(root, config), 'name = "web1\n');
    expect(await act(root, checkConfig)).toMatchObject({
      code: 1,
      err: expect.stringContaining('does not accept'),
    });
    rmSync(inside(root, config));
    expect(await act(root, asked)).toMatchObject({ code: 73 });
  });
});
