import { describe, expect, test } from 'vitest';
import type { Snapshot } from '../../../core/cluster/snapshot.ts';
import type { Approval } from '../../../core/plan/intent.ts';
import type { Plan } from '../../../core/plan/plan.ts';
import { soundCluster, withInstance } from '../../support/snapshot-builder.ts';
import {
  accepting,
  folder,
  qcow2,
  qcow2Record,
  stepOf,
  stopped,
  withClone,
  withoutQemu,
} from './disk-world.ts';
import { isOpen, orderOf, planned, reasonsBy, textOf } from './support.ts';

describe('snapshots', () => {
  const snap = (
    snapshot: Snapshot,
    change: 'create' | 'revert' | 'delete',
    tag = 'before',
    approval?: Approval,
  ): Plan => planned(snapshot, { kind: 'snapshot', instance: 'web1', disk: 0, change, tag }, approval);

  test('made, with an undo; reverted to with a consent; deleted without a way back', () => {
    const made = snap(qcow2, 'create');
    expect(isOpen(made)).toBe(false);
    expect(orderOf(made)).toEqual([
      'lock node1',
      'verdict node1,node2,node3',
      'verify-files node1',
      'check-no-overlays node1',
      'make-snapshot node1',
      'verify-files node1',
      'unlock node1 !',
    ]);
    expect(stepOf(made, 'make-snapshot')?.undo[0]?.action).toMatchObject({ do: 'drop-snapshot', own: true });
    const reverted = snap(qcow2, 'revert');
    expect(reasonsBy(reverted, 'consent')).toEqual(['lose-current-state']);
    expect(textOf(reverted, 'lose-current-state')).toContain(
      'is lost for good. To keep it, make a snapshot of it first.',
    );
    expect(isOpen(snap(qcow2, 'revert', 'before', accepting('lose-current-state')))).toBe(false);
    expect(orderOf(reverted)).toContain('revert-snapshot node1 !');
    expect(orderOf(snap(qcow2, 'delete'))).toContain('drop-snapshot node1 !');
  });

  test('refused with the reason', () => {
    expect(textOf(snap(stopped, 'create'), 'type')).toBe(
      `${folder}/sda is raw, and only qcow2 images hold snapshots. Convert it first: vbdesk image convert web1 0 --to qcow2.`,
    );
    for (const tag of ['17', '', '-d', 'a b', 'x'.repeat(65), 'ä'])
      expect(textOf(snap(qcow2, 'create', tag), 'tag')).toContain("can't be the tag of a snapshot");
    expect(
      textOf(
        snap(withInstance(soundCluster(), 'web1', { disks: qcow2Record.disks }, 'node1'), 'create'),
        'running',
      ),
    ).toContain('QEMU has the image open');
    expect(textOf(snap(withoutQemu(qcow2), 'create'), 'qemu-img')).toContain('which keeps snapshots');
    expect(textOf(snap(withClone(qcow2, `${folder}/sda`), 'revert'), 'base-in-use')).toContain(
      "can't be taken back",
    );
  });
});
