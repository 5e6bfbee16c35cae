/** xen.cfg through the command line: shown, edited, refused, and brought into agreement with the record. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import {
  type Outcome,
  type SshdCluster,
  startProgram,
  startSshdCluster,
} from '../support/cluster-of-sshd.ts';

vi.setConfig({ testTimeout: 240_000 });

let cluster: SshdCluster;
/** What `$EDITOR` does is written into this file. */
const editor = (): string => path.join(cluster.home, 'bin', 'editor');
const name = 'web1';

const expectCode = (outcome: Outcome, code: number): Outcome => {
  expect(outcome.code, `stdout:\n${outcome.stdout}\nstderr:\n${outcome.stderr}`).toBe(code);
  return outcome;
};
const done = async (...args: string[]): Promise<Outcome> =>
  expectCode(await cluster.vbdesk(...args, '--yes'), 0);
const file = (each: string): string => path.join(cluster.storage, name, each);
const config = (): string => readFileSync(file('xen.cfg'), 'utf8');
const guest = () =>
  z
    .looseObject({ guest: z.looseObject({ memoryMib: z.number(), vcpus: z.number() }) })
    .parse(JSON.parse(readFileSync(file('instance.json'), 'utf8'))).guest;

beforeAll(async () => {
  cluster = await startSshdCluster({
    settings: { create_delay: 0.05, shutdown_delay: 0.05, heartbeat: 0.2 },
  });
  await done('cluster', 'init', 'lab', ...cluster.initArguments());
  await done(
    ...[
      'instance',
      'add',
      '-t',
      'file:driver=loop',
      '--disk',
      '0:size=16M',
      '-n',
      'node1:node2',
      '--no-start',
    ],
    ...['-o', 'none', '-B', 'memory=128M', '-H', 'kernel=/boot/vmlinuz-practice', name],
  );
});
afterAll(() => cluster?.stop());

describe('the Xen configuration of an instance', () => {
  it('is shown as it is, and changed a setting at a time, with the record', async () => {
    const shown = expectCode(await cluster.vbdesk('instance', 'config', 'show', name), 0);
    expect(shown.stdout).toBe(config());
    const before = config();
    await done('instance', 'config', 'set', name, 'memory=256', 'on_crash=preserve');
    expect(config()).toBe(
      before.replace('memory = 128', 'memory = 256').replace('on_crash = "destroy"', 'on_crash = "preserve"'),
    );
    expect(guest().memoryMib).toBe(256);
    await done('instance', 'modify', name, '-B', 'memory=192M,vcpus=2');
    expect(config()).toContain('memory = 192\n');
    expect(guest()).toMatchObject({ memoryMib: 192, vcpus: 2 });
    expectCode(await cluster.vbdesk('cluster', 'verify'), 0);
  });

  it('an edit by hand on the node is said, never lost, and either side can be taken', async () => {
    const byHand = `${config().replace('memory = 192', 'memory = 160')}# by hand\n`;
    writeFileSync(file('xen.cfg'), byHand);
    const info = expectCode(await cluster.vbdesk('instance', 'info', name), 0);
    expect(info.stdout).toContain('xen.cfg says 160 MiB for memory, the record says 192 MiB.');
    await done('instance', 'config', 'take', name, 'file');
    expect(config()).toBe(byHand);
    expect(guest().memoryMib).toBe(160);

    writeFileSync(file('xen.cfg'), byHand.replace('memory = 160', 'memory = 96'));
    await done('instance', 'config', 'take', name, 'record');
    expect(config()).toBe(byHand);
    const nothing = expectCode(
      await cluster.vbdesk('instance', 'config', 'take', name, 'record', '--yes'),
      3,
    );
    expect(nothing.stderr).toContain('Nothing is changed by it');
  });

  it('disks that disagree are settled as well, and a missing file is written from the record', async () => {
    const sound = config();
    writeFileSync(
      file('xen.cfg'),
      sound.replace('vdev=xvda', 'vdev=xvdq').replace('disk = [', 'disk = [ "file:/srv/other.img,xvdx,w",'),
    );
    const refused = expectCode(await cluster.vbdesk('instance', 'config', 'take', name, 'file', '--yes'), 2);
    expect(refused.stderr).toContain('images of an instance never change by its xen.cfg');
    await done('instance', 'config', 'take', name, 'record');
    expect(config().replace(/\s/g, '')).toBe(sound.replace(/\s/g, ''));
    rmSync(file('xen.cfg'));
    await done('instance', 'config', 'take', name, 'record');
    expect(config()).toContain('vdev=xvda');
    expectCode(await cluster.vbdesk('cluster', 'verify'), 0);
    const running = expectCode(await cluster.vbdesk('instance', 'config', 'take', name, 'running'), 2);
    expect(running.stderr).toContain('No node tells what web1 runs with');
    writeFileSync(file('xen.cfg'), sound);
  });

  it('what the toolstack would not take is refused or taken back, and the text that was there stays', async () => {
    const before = config();
    const wanted = path.join(cluster.storage, '..', 'wanted.cfg');
    writeFileSync(wanted, before.replace(/^uuid = .*$/m, 'uuid = "x"'));
    const refused = expectCode(await cluster.vbdesk('instance', 'config', 'apply', name, wanted, '--yes'), 3);
    expect(refused.stderr).toContain('xen.cfg must say uuid =');
    const number = expectCode(
      await cluster.vbdesk('instance', 'config', 'set', name, 'memory=lots', '--yes'),
      3,
    );
    expect(number.stderr).toContain(
      'memory is a whole number (decimal, 0 octal or 0x hexadecimal), not "lots"',
    );
    expectCode(await cluster.vbdesk('instance', 'config', 'set', name, 'Memory=1', '--yes'), 2);
    expectCode(await cluster.vbdesk('instance', 'config', 'apply', name, '/nowhere/x.cfg', '--yes'), 2);
    expect(config()).toBe(before);
    expect(existsSync(file('.lock'))).toBe(false);
  });

  it('the editor gets the text; what it saves is planned, and kept where it was refused', async () => {
    const before = config();
    const edit = (script: string): Promise<Outcome> => {
      writeFileSync(editor(), `#!/bin/sh\nset -e\n${script}\n`, { mode: 0o755 });
      return startProgram(cluster.command(['instance', 'config', 'edit', name, '--yes']), {
        ...cluster.environment,
        EDITOR: `${editor()} --wait`,
      }).ended;
    };
    expect(expectCode(await edit('true'), 0).stderr).toContain('was not changed');
    expectCode(await edit(`sed -i 's/^vcpus = .*/vcpus = 3/' "$2"`), 0);
    expect(config()).toBe(before.replace(/^vcpus = .*$/m, 'vcpus = 3'));
    expect(guest().vcpus).toBe(3);
    const refused = expectCode(await edit(`sed -i 's/^name = .*/name = "other"/' "$2"`), 3);
    const kept = /What you wrote is in (\S+);/.exec(refused.stderr)?.[1] ?? 'none';
    expect(readFileSync(kept, 'utf8')).toContain('name = "other"');
    expectCode(await edit('false'), 1);
    const blind = expectCode(await cluster.vbdesk('instance', 'config', 'edit', name), 2);
    expect(blind.stderr).toContain('An editor needs a terminal');
  });

  it("libvirt's XML is printed or written into a new file, and names what it leaves out", async () => {
    writeFileSync(file('xen.cfg'), `${config()}made_by = "ada"\n`);
    const shown = expectCode(await cluster.vbdesk('instance', 'libvirt-xml', name), 0);
    expect(shown.stdout).toMatch(/^<domain type='xen'>\n {2}<name>web1<\/name>\n/);
    expect(shown.stdout).toContain('<kernel>/boot/vmlinuz-practice</kernel>');
    expect(shown.stdout).toContain(`/${name}/sda'/>`);
    expect(shown.stderr).toContain('made_by has no place');
    const output = path.join(cluster.home, 'web1.xml');
    const saved = expectCode(await cluster.vbdesk('instance', 'libvirt-xml', name, '--output', output), 0);
    expect(saved.stdout).toBe('');
    expect(readFileSync(output, 'utf8')).toBe(shown.stdout);
    const again = expectCode(await cluster.vbdesk('instance', 'libvirt-xml', name, '--output', output), 2);
    expect(again.stderr).toContain('is there already');
    const document: unknown = JSON.parse(
      expectCode(await cluster.vbdesk('instance', 'libvirt-xml', name, '--json'), 0).stdout,
    );
    expect(document).toMatchObject({ instance: name, source: 'xen.cfg', output: null, xml: shown.stdout });
    // By the record, where nobody shows the file.
    const text = config();
    rmSync(file('xen.cfg'));
    const recorded = expectCode(await cluster.vbdesk('instance', 'libvirt-xml', name), 0);
    expect(recorded.stderr).toContain('its record is what this was written from');
    expect(recorded.stdout).toContain('<name>web1</name>');
    writeFileSync(file('xen.cfg'), text);
  });
});
