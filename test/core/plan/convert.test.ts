import { describe, expect, test } from 'vitest';
import type { Snapshot } from '../../../core/cluster/snapshot.ts';
import type { Plan } from '../../../core/plan/plan.ts';
import { changeFolder, configOf, gib, recordOf } from '../../support/snapshot-builder.ts';
import {
  base,
  configsOf,
  everywhere,
  folder,
  type Header,
  qcow2,
  recordsOf,
  run,
  running,
  stopped,
  withBase,
  withClone,
  withoutQemu,
} from './disk-world.ts';
import { isOpen, orderOf, planned, reasonsBy, textOf, undoOrderOf } from './support.ts';

describe('convert', () => {
  const convert = (snapshot: Snapshot, to: 'raw' | 'qcow2', driver?: 'loop' | 'blktap'): Plan =>
    planned(snapshot, { kind: 'convert', instance: 'web1', disk: 0, to, ...(driver ? { driver } : {}) });

  test('copies, proves, swaps names, and keeps the old file', () => {
    const made = convert(stopped, 'qcow2', 'blktap');
    expect(isOpen(made)).toBe(false);
    expect(orderOf(made)).toEqual([
      'lock node1',
      'verdict node1,node2,node3',
      'verify-files node1',
      'check-no-overlays node1',
      'convert-image node1',
      'verdict node1,node2,node3',
      'rename-image node1',
      'rename-image node1',
      'write-file node1',
      'check-config node1',
      'write-record node1',
      'verify-files node1',
      'unlock node1 !',
    ]);
    expect(undoOrderOf(made)).toEqual([
      'write-record node1',
      'write-file node1',
      'rename-image node1',
      'rename-image node1',
      'remove-file node1',
      'unlock node1',
    ]);
    expect(recordsOf(made)[0]?.disks[0]?.logical_id).toEqual(['blktap', 'qcow2', `${folder}/sda`]);
    expect(configsOf(made)[0]).toContain(
      `format=qcow2, vdev=xvda, access=rw, backendtype=qdisk, target=${folder}/sda`,
    );
    expect(textOf(made, 'kept')).toContain(`sda.before-${run}.raw`);
    expect(textOf(made, 'kept')).toContain(`vbdesk image release web1 sda.before-${run}.raw`);
  });

  test('comments and what we do not know in xen.cfg stay', () => {
    const config = `# mine\n${configOf(recordOf('web1')).replace('target=', 'discard, target=')}tsc_mode = "native" # why\n`;
    const made = convert(
      changeFolder(stopped, folder, () => ({ config })),
      'qcow2',
      'blktap',
    );
    expect(isOpen(made)).toBe(false);
    const [text] = configsOf(made);
    expect(text).toContain('# mine\n');
    expect(text).toContain('tsc_mode = "native" # why\n');
    expect(text).toContain(`discard, target=${folder}/sda`);
  });

  test('is refused with the reason, and says which driver serves the type', () => {
    expect(textOf(convert(stopped, 'raw'), 'same-type')).toBe(`Disk 0 (${folder}/sda) is raw already.`);
    expect(textOf(convert(stopped, 'qcow2'), 'driver')).toBe(
      'The driver loop serves raw images, not qcow2. Choose the driver blktap, or a raw image.',
    );
    expect(textOf(convert(withoutQemu(stopped), 'qcow2', 'blktap'), 'qemu-img')).toContain(
      'which converts images',
    );
    expect(textOf(convert(running, 'qcow2', 'blktap'), 'running')).toContain(
      'What it writes while the copy is made would be missing',
    );
    const full = changeFolder(stopped, folder, (each) => ({
      files: each.files.map((one) => ({ ...one, allocated: 501 * gib })),
    }));
    expect(textOf(convert(full, 'qcow2', 'blktap'), 'no-room')).toContain('The copy takes about 501 GiB');
    const disagreeing = changeFolder(stopped, folder, (each) => ({
      config: (each.config ?? '').replace('vdev=xvdb', 'vdev=xvdq'),
    }));
    expect(textOf(convert(disagreeing, 'qcow2', 'blktap'), 'config-disks')).toContain(
      'Both must agree before the disks are changed.',
    );
    const gone = changeFolder(stopped, folder, (each) => ({ config: null, files: each.files.slice(0, 1) }));
    expect(reasonsBy(convert(gone, 'qcow2', 'blktap'), 'blocks')).toEqual(
      expect.arrayContaining(['config-missing', 'image']),
    );
    expect(textOf(convert(withClone(qcow2, `${folder}/sda`), 'raw', 'loop'), 'base-in-use')).toContain(
      "can't be converted in place",
    );
  });

  test('snapshots do not come along, a linked clone becomes whole', () => {
    const made = convert(
      withBase(
        changeFolder(qcow2, folder, (each) => ({
          files: each.files.map((one): Header => (one.name === 'sda' ? { ...one, backing: base } : one)),
        })),
      ),
      'raw',
      'loop',
    );
    expect(isOpen(made)).toBe(false);
    expect(textOf(made, 'snapshots-stay')).toContain('stay in the file that is kept');
    expect(textOf(made, 'whole')).toContain(`builds on ${base}`);
    // which nobody writes to meanwhile, before and after
    const looks = made.steps.filter(({ action }) => action.do === 'check-unwritten');
    expect(looks.map(({ nodes, action }) => [nodes, action])).toEqual(
      [1, 2].map(() => [everywhere, { do: 'check-unwritten', files: [base] }]),
    );
  });
});
