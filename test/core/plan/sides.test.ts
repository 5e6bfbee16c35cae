/** Where record, xen.cfg and the running guest disagree: what taking one of them comes to. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { configDrift } from '../../../core/cluster/config-drift.ts';
import { findInstances, type InstanceView } from '../../../core/cluster/instances.ts';
import type { Snapshot } from '../../../core/cluster/snapshot.ts';
import { type Side, settleFor, sidesFor } from '../../../core/plan/instance/sides.ts';
import type { RunningConfig } from '../../../core/xen/running-config.ts';
import { changeFolder, configOf, domainOf, recordOf, withDomain } from '../../support/snapshot-builder.ts';
import { folder, recordsOf, stopped } from './disk-world.ts';
import { isOpen, planned, reasonsBy } from './support.ts';

const record = recordOf('web1');
const text = configOf(record);
const saying = (config: string | null): Snapshot => changeFolder(stopped, folder, () => ({ config }));
const viewOf = (snapshot: Snapshot): InstanceView => {
  const [view] = findInstances(snapshot, 'web1');
  if (!view) throw new Error('no web1');
  return view;
};
const settled = (snapshot: Snapshot, side: Side) => settleFor(snapshot, viewOf(snapshot), side);
const textOf = (snapshot: Snapshot, side: Side): string => {
  const made = settled(snapshot, side);
  if (!made.ok) throw new Error(made.message);
  return made.intent.text;
};
const messageOf = (snapshot: Snapshot, side: Side): string => {
  const made = settled(snapshot, side);
  return made.ok ? '' : made.message;
};
/** The plan of a side, and the record after it. */
const taken = (snapshot: Snapshot, side: Side) => {
  const made = settled(snapshot, side);
  if (!made.ok) throw new Error(made.message);
  const plan = planned(snapshot, made.intent);
  return { plan, text: made.intent.text, record: recordsOf(plan)[0] };
};

const entry = (index: number): string => {
  const found = [...text.matchAll(/"(format=[^"]+)"/g)][index]?.[1];
  if (found === undefined) throw new Error(`no entry ${index} in ${text}`);
  return found;
};

describe('record against xen.cfg', () => {
  const byHand = `# mine\n${text.replace('vdev=xvda', 'vdev=xvdq').replace(/^memory = .*$/m, 'memory = 300 # less')}mystery = 1\n`;

  test("xen.cfg's side: the text stays byte for byte, the record follows guest and devices", () => {
    const { plan, text: after, record: follows } = taken(saying(byHand), 'file');
    expect(after).toBe(byHand);
    expect(isOpen(plan)).toBe(false);
    expect(follows?.guest.memoryMib).toBe(300);
    expect(follows?.disks[0]?.vdev).toBe('xvdq');
  });

  test("the record's side: no more than what disagrees is written, comments and unknown keys stay", () => {
    const { plan, text: after, record: follows } = taken(saying(byHand), 'record');
    expect(after).toBe(
      `# mine\n${text.replace(/^memory = .*$/m, `memory = ${record.guest.memoryMib} # less`)}mystery = 1\n`,
    );
    expect(isOpen(plan)).toBe(false);
    expect(follows).toBeUndefined();
  });

  test.each<[string, string, RegExp]>([
    ['another image', text.replace('/web1/sda', '/web1/other'), /never change by its xen\.cfg/],
    ['another type', text.replace('format=raw', 'format=qcow2'), /never change by its xen\.cfg/],
    ['a disk less', text.replace(`    "${entry(1)}",\n`, ''), /is in the record, but not in xen\.cfg/],
    ['a disk more', text.replace('disk = [', 'disk = [ "file:/srv/x.img,xvdx,w",'), /no such disk/],
    ['an image twice', text.replace('disk = [', `disk = [ "${entry(0).replace('xvda', 'xvdx')}",`), /twice/],
    ['another name', text.replace(/^name = .*$/m, 'name = "web9"'), /the name web9/],
    ['another uuid', text.replace(/^uuid = .*$/m, ''), /no uuid/],
  ])('%s: the record never follows it, and can be written over it', (_, config, sentence) => {
    const snapshot = saying(config);
    expect(viewOf(snapshot).problems).not.toEqual([]);
    expect(messageOf(snapshot, 'file')).toMatch(sentence);
    const after = textOf(snapshot, 'record');
    expect(configDrift(record, after, folder)).toEqual([]);
    expect(
      isOpen(planned(snapshot, { kind: 'configure', instance: 'web1', text: after, from: config })),
    ).toBe(false);
    for (const problem of viewOf(snapshot).problems)
      expect(sidesFor(snapshot, viewOf(snapshot), problem)).toEqual(['record']);
  });

  test('block devices and CD drives stay, and an older form keeps its form', () => {
    const config = text.replace(
      /^disk = \[[\s\S]*?\]/m,
      `disk = [ "file:${folder}/sda,xvdq,w", "phy:/dev/vg/x,xvdx,w", "file:/iso/a.iso,hdc:cdrom,r", "tap:aio:${folder}/sdb,xvdb,w" ]`,
    );
    const after = textOf(saying(config), 'record');
    expect(after).toContain(`"file:${folder}/sda,xvda,w"`);
    expect(after).toContain('"phy:/dev/vg/x,xvdx,w"');
    expect(after).toContain('"file:/iso/a.iso,hdc:cdrom,r"');
    expect(configDrift(record, after, folder)).toEqual([]);
  });

  test('a missing xen.cfg is written anew; one that can not be read is merged by hand', () => {
    const missing = saying(null);
    expect(messageOf(missing, 'file')).toContain('is missing');
    expect(isOpen(taken(missing, 'record').plan)).toBe(false);
    expect(configDrift(record, textOf(missing, 'record'), folder)).toEqual([]);
    const broken = saying(`${text}extra = "`);
    for (const side of ['file', 'record'] as const)
      expect(messageOf(broken, side)).toContain('Merge the two');
    for (const problem of viewOf(broken).problems)
      expect(sidesFor(broken, viewOf(broken), problem)).toEqual([]);
  });

  test('what somebody writes after that is not overwritten', () => {
    const made = settled(saying(byHand), 'record');
    if (!made.ok) throw new Error(made.message);
    const plan = planned(saying(`${byHand}# later\n`), made.intent);
    expect(reasonsBy(plan, 'blocks')).toEqual(['edited-meanwhile']);
  });

  test('whatever disks it attaches: the record’s side agrees with the record, or says why not', () => {
    const target = fc.constantFrom(
      `${folder}/sda`,
      `${folder}/sdb`,
      `${folder}//sda`,
      '/srv/x',
      '/dev/vg/x',
      '',
    );
    const form = fc.record({
      target,
      vdev: fc.constantFrom('xvda', 'xvdb', 'xvdc', 'hdc', 'sda1'),
      access: fc.constantFrom('w', 'r'),
      before: fc.constantFrom('file:', 'phy:', 'tap:aio:', 'tap:qcow2:', ''),
      cdrom: fc.boolean(),
      keyed: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(form, { maxLength: 5 }), (forms) => {
        const entries = forms.map((each) =>
          each.keyed
            ? `format=${each.before === 'tap:qcow2:' ? 'qcow2' : 'raw'}, vdev=${each.vdev}, access=${each.access}${each.cdrom ? ', devtype=cdrom' : ''}, discard=1, target=${each.target}`
            : `${each.before}${each.target},${each.vdev}${each.cdrom ? ':cdrom' : ''},${each.access}`,
        );
        const config = text.replace(
          /^disk = \[[\s\S]*?\]/m,
          () => `disk = [ ${entries.map((each) => `"${each}"`).join(', ')} ]`,
        );
        const made = settled(saying(config), 'record');
        if (made.ok) expect(configDrift(record, made.intent.text, folder)).toEqual([]);
        else expect(made.message).toContain('Merge the two');
      }),
    );
  });
});

describe('the running guest', () => {
  const card = record.nics[0];
  const plugged = { mac: '00:16:3e:aa:bb:cc', bridge: 'xenbr1' };
  const runningWith = (change: Partial<RunningConfig>, config: string = text): Snapshot => {
    const up = changeFolder(stopped, folder, (each) =>
      each.record?.ok
        ? { config, record: { ok: true, record: { ...each.record.record, adminState: 'up' } } }
        : { config },
    );
    return withDomain(
      up,
      'node1',
      domainOf('web1', {
        uuid: record.uuid,
        config: {
          vcpus: record.guest.vcpus,
          maxVcpus: record.guest.vcpus,
          memoryMib: record.guest.memoryMib,
          disks: record.disks.map(({ logical_id: [, , path], vdev, mode }) => ({
            ...{ path, vdev, format: 'raw', readwrite: mode === 'rw', cdrom: false },
          })),
          nics: record.nics,
          ...{ onPoweroff: 'destroy', onReboot: 'restart', onCrash: 'destroy', devices: [], settings: [] },
          ...change,
        },
      }),
    );
  };

  test('is kept as it runs: memory, processors and cards go into record and xen.cfg', () => {
    const snapshot = runningWith({ memoryMib: 900, vcpus: 3, nics: [plugged, ...record.nics] });
    const view = viewOf(snapshot);
    expect(view.problems.map((each) => each.part)).toEqual(['memory', 'processors', 'cards']);
    for (const problem of view.problems) expect(sidesFor(snapshot, view, problem)).toEqual(['running']);
    const { plan, record: follows } = taken(snapshot, 'running');
    expect(isOpen(plan)).toBe(false);
    expect(follows?.guest).toMatchObject({ memoryMib: 900, vcpus: 3 });
    expect(follows?.nics).toEqual([card, plugged].filter((each) => each !== undefined));
  });

  test('what a guest is ballooned to within its bounds is not taken for its memory', () => {
    const { guest } = record;
    const bounds = { ...guest, maxMemoryMib: guest.memoryMib + 500 };
    const config = configOf(recordOf('web1', { guest: bounds }));
    const snapshot = changeFolder(
      runningWith({ memoryMib: guest.memoryMib + 100, vcpus: 3 }, config),
      folder,
      (each) =>
        each.record?.ok ? { record: { ok: true, record: { ...each.record.record, guest: bounds } } } : {},
    );
    const { record: follows } = taken(snapshot, 'running');
    expect(follows?.guest).toMatchObject({ ...bounds, vcpus: 3 });
  });

  test('disks are no part of it, nor is anything while record and xen.cfg disagree', () => {
    const other = runningWith({ disks: [] });
    expect(viewOf(other).problems.length).toBeGreaterThan(0);
    for (const problem of viewOf(other).problems) {
      expect(problem.part).toBe('disks');
      expect(sidesFor(other, viewOf(other), problem)).toEqual([]);
    }
    const drifted = runningWith({ memoryMib: 900 }, text.replace(/^memory = .*$/m, 'memory = 300'));
    expect(messageOf(drifted, 'running')).toContain('settle that first');
    expect(messageOf(stopped, 'running')).toContain('No node tells');
    expect(messageOf(runningWith({ nics: [{ mac: plugged.mac }] }), 'running')).toContain('no bridge');
  });
});
