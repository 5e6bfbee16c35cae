import { describe, expect, test } from 'vitest';
import { deriveInstances } from '../../../core/cluster/instances.ts';
import type { Snapshot } from '../../../core/cluster/snapshot.ts';
import type { Approval } from '../../../core/plan/intent.ts';
import type { Plan } from '../../../core/plan/plan.ts';
import {
  changeFolder,
  configOf,
  nobody,
  recordOf,
  withFacts,
  withInstance,
} from '../../support/snapshot-builder.ts';
import { folder, recordsOf, running, stepOf, stopped } from './disk-world.ts';
import { isOpen, orderOf, planned, reasonsBy, textOf, undoOrderOf } from './support.ts';

const text = configOf(recordOf('web1'));
const configure = (
  snapshot: Snapshot,
  after: string,
  { from = text, approval = nobody }: { from?: string | null; approval?: Approval } = {},
): Plan => planned(snapshot, { kind: 'configure', instance: 'web1', text: after, from }, approval);
const more = text.replace(/^memory = .*$/m, 'memory = 768  # more');
const withConfig = (snapshot: Snapshot, config: string | null): Snapshot =>
  changeFolder(snapshot, folder, () => ({ config }));

describe('configure', () => {
  test('writes under the lock what was reviewed, lets the toolstack check it, and the record follows', () => {
    const made = configure(stopped, more);
    expect(isOpen(made)).toBe(false);
    expect(orderOf(made)).toEqual([
      'lock node1',
      'write-file node1',
      'check-config node1',
      'write-record node1',
      'unlock node1 !',
    ]);
    expect(undoOrderOf(made)).toEqual(['write-record node1', 'write-file node1', 'unlock node1']);
    expect(recordsOf(made)[0]?.guest.memoryMib).toBe(768);
    expect(made.files[0]).toMatchObject({ path: `${folder}/xen.cfg`, before: text, after: more });
    expect(textOf(made, 'changes')).toBe('It will have memory 768 MiB (was 512 MiB).');
    expect(made.equivalent).toBe('gnt-instance modify -B memory=768 web1');
  });

  test('what says nothing else of the guest leaves the record alone', () => {
    const made = configure(stopped, `${text}# a note\non_crash = "preserve"\n`);
    expect(orderOf(made)).not.toContain('write-record node1');
    expect(made.equivalent).toBeNull();
  });

  test('while it runs: written all the same, and it says when it takes effect', () => {
    const made = configure(running, more);
    expect(isOpen(made)).toBe(false);
    expect(textOf(made, 'next-start')).toContain('takes effect at its next start');
  });

  test('a text that somebody changed meanwhile is never overwritten unseen', () => {
    const byHand = withConfig(stopped, `${text}# by hand\n`);
    const made = configure(byHand, more);
    expect(reasonsBy(made, 'blocks')).toEqual(['edited-meanwhile']);
    expect(isOpen(configure(byHand, more, { from: `${text}# by hand\n` }))).toBe(false);
  });

  test.each([
    ['uuid', text.replace(/^uuid = .*$/m, 'uuid = "00000000-0000-4000-8000-000000000001"'), 'must say uuid'],
    ['name', text.replace(/^name = .*$/m, 'name = "web9"'), 'must say name = "web1"'],
    ['unclosed', `${text}extra = "`, 'Line'],
    ['no memory', text.replace(/^memory = .*\n/m, ''), 'must say memory (MiB) and vcpus'],
    ['maxmem below memory', `${text}maxmem = 16\n`, 'maxmem (16 MiB) is less than memory'],
    ['a type that is none', text.replace('type = "pv"', 'type = "qv"'), 'xl knows no type "qv"'],
    ['another image', text.replace('/web1/sda', '/web1/other'), 'vbdesk instance disk add and remove'],
    ['raw read as qcow2', text.replace('format=raw', 'format=qcow2'), 'never attached as another type'],
    [
      'a card without an address',
      text.replace(/^vif = \[[^\]]*\]/m, 'vif = ["bridge=xenbr0"]'),
      'needs mac=',
    ],
    ['nothing', text, 'Nothing is changed by it'],
  ])('refused: %s', (_, after, sentence) => {
    const made = configure(stopped, after);
    expect(
      made.reasons
        .filter((each) => each.severity === 'blocks')
        .map((each) => each.text)
        .join('\n'),
    ).toContain(sentence);
    expect(made.reasons.find((each) => each.severity === 'blocks')?.field).toBe('config');
  });

  test('what reaches beyond the guest needs a consent of its own, once', () => {
    const reaching = `${text}pci = ["01:00.0"]\n`;
    const made = configure(stopped, reaching);
    expect(reasonsBy(made, 'consent')).toEqual(['reaches-beyond']);
    expect(
      isOpen(configure(stopped, reaching, { approval: { accept: ['reaches-beyond'], vouched: [] } })),
    ).toBe(false);
    const known = configure(withConfig(stopped, reaching), `${reaching}#\n`, { from: reaching });
    expect(reasonsBy(known, 'consent')).toEqual([]);
  });

  test('what an editor marks, the plan says: mistakes block it, and what is hardly meant is told', () => {
    const waits = text.replace('on_crash = "destroy"', 'on_crash = "wait"');
    const wrong = configure(stopped, `${waits}localtime = 1\nlocaltime = 0\n`);
    expect(wrong.reasons.filter((each) => each.code === 'config').map((each) => each.severity)).toEqual([
      'blocks',
      'warning',
    ]);
    expect(textOf(wrong, 'config')).toMatch(/^Line \d+, column \d+: "wait" can't be on_crash/);
    // xm reads no such rules
    const byXm = withFacts(stopped, 'node1', () => ({ toolstack: 'xm' }));
    const more = configure(byXm, waits).reasons;
    expect(more.find((each) => each.code === 'config')?.severity).toBe('warning');
  });

  test('no reason tells a password', () => {
    const secret = 'kept "to" itself';
    const made = configure(
      stopped,
      `${text}spicepasswd = 'kept "to" itself'\nvncpasswd = 'kept too'\ndevice_model_args = [ 'kept too' ]\nvfb = [ 'vncpasswd=a third' ]\nserial = 'file:a third'\n`,
    );
    const said = made.reasons.map((each) => each.text).join('\n');
    expect(said).toContain('device_model_args = ["(hidden)"]');
    for (const each of [secret, JSON.stringify(secret), 'kept too', 'a third'])
      expect(said).not.toContain(each);
    expect(said).not.toContain('spicepasswd');
  });

  test.each([
    ['pci', 'pci = ["01:00.0"]', 'pci = ["02:00.0"]'],
    ['a serial port into a file', 'serial = "pty"', 'serial = "file:/etc/cron.d/x"'],
    ['a block device', null, null],
    ['a boot loader of its own', 'bootloader = "pygrub"', 'bootloader = "/srv/x/evil"'],
    ['a file of the node as ramdisk', 'ramdisk = "/boot/initrd"', 'ramdisk = "/etc/shadow"'],
  ])('and again when what it says changes: %s', (_, one, other) => {
    const disk = (access: string): string =>
      text.replace('disk = [', `disk = [ "phy:/dev/vg/x,xvdq,${access}",`);
    const first = one === null ? disk('r') : `${text}${one}\n`;
    const second = other === null ? disk('w') : `${text}${other}\n`;
    const made = configure(withConfig(stopped, first), second, { from: first });
    expect(reasonsBy(made, 'consent')).toEqual(['reaches-beyond']);
  });

  test.each([
    ['without its prefix', 'phy:/srv/ganeti/file-storage/web2/sda,xvdb,w'],
    ['by a way around', 'phy:/dev/../srv/ganeti/file-storage/web2/sda,xvdb,w'],
    ['by a script', 'script=x,vdev=xvdb,target=/srv/ganeti/file-storage/web2/sda'],
    ['as a CD', 'file:/srv/ganeti/file-storage/web2/sda,hdc:cdrom,r'],
    ['its own a second time', 'phy:/srv/ganeti/file-storage/web1//sda,xvdb,w'],
  ])('never attaches an image that the record does not name: %s', (_, entry) => {
    const both = withInstance(stopped, 'web2');
    const made = configure(both, text.replace('disk = [', `disk = [ "${entry}",`), {
      approval: { accept: ['reaches-beyond'], vouched: [] },
    });
    expect(isOpen(made)).toBe(true);
    expect(textOf(made, 'config-disks')).toMatch(/a disk of web2|one of its own disks/);
  });

  test.each([
    [
      'nine network cards',
      text.replace(
        /^vif = \[[\s\S]*?\]/m,
        `vif = [${Array.from({ length: 9 }, (_, at) => `"mac=00:16:3e:00:00:0${at}, bridge=xenbr0"`).join(', ')}]`,
      ),
      "The record can't hold",
    ],
    ['a device twice', text.replace('vdev=xvdb', 'vdev=xvda'), 'are both xvda'],
    [
      'an address twice',
      text.replace(
        /^vif = \[[\s\S]*?\]/m,
        'vif = ["mac=00:16:3e:00:00:01, bridge=xenbr0", "mac=00:16:3e:00:00:01, bridge=xenbr0"]',
      ),
      'another card of this instance',
    ],
  ])('never writes a record that could not be read again: %s', (_, after, sentence) => {
    const made = configure(stopped, after);
    expect(after).not.toBe(text);
    expect(
      made.reasons
        .filter((each) => each.severity === 'blocks')
        .map((each) => each.text)
        .join('\n'),
    ).toContain(sentence);
  });

  test('how a disk is attached changes only while nothing runs, proved on every node', () => {
    const readOnly = text.replace('vdev=xvda, access=rw', 'vdev=xvda, access=ro');
    expect(readOnly).not.toBe(text);
    expect(reasonsBy(configure(running, readOnly), 'blocks')).toEqual(['running']);
    const made = configure(stopped, readOnly);
    expect(isOpen(made)).toBe(false);
    expect(orderOf(made)[1]).toBe('verdict node1,node2,node3');
    expect(recordsOf(made)[0]?.disks[0]?.mode).toBe('ro');
  });

  test('a missing xen.cfg is written anew, and taken away again by the undo', () => {
    const made = configure(withConfig(stopped, null), text, { from: null });
    expect(isOpen(made)).toBe(false);
    expect(stepOf(made, 'write-file')?.action).toMatchObject({ expect: 'absent' });
    expect(undoOrderOf(made)).toEqual(['remove-file node1', 'unlock node1']);
  });

  test('drift about the guest is one sentence, and the record follows without a word written to xen.cfg', () => {
    const drifted = withConfig(stopped, more);
    const problems = deriveInstances(drifted)[0]?.problems.map((each) => each.text);
    expect(problems).toEqual(['xen.cfg says 768 MiB for memory, the record says 512 MiB.']);
    const made = configure(drifted, more, { from: more });
    expect(orderOf(made)).toEqual([
      'lock node1',
      'check-config node1',
      'write-record node1',
      'unlock node1 !',
    ]);
    expect(made.title).toBe('Record what xen.cfg says of web1');
  });
});
