/** Steps that write what lies beside the images, each with the undo that puts back what was there. */
import type { InstanceRecord } from '../cluster/record.ts';
import { formerRecord } from './records.ts';
import type { Scene } from './scene.ts';
import { sha256 } from './sha256.ts';
import { type StepList, undoOf } from './step-list.ts';

/** `before` null: there is no such file. */
export const addConfigWrite = (
  list: StepList,
  node: string,
  { path, before, after }: { path: string; before: string | null; after: string },
): void =>
  list.add(
    node,
    'Write the Xen configuration',
    { do: 'write-file', path, content: after, expect: before === null ? 'absent' : sha256(before) },
    {
      undo: [
        before === null
          ? undoOf(node, 'Remove xen.cfg', { do: 'remove-file', path })
          : undoOf(node, 'Write the Xen configuration that was there', {
              do: 'write-file',
              path,
              content: before,
              expect: sha256(after),
            }),
      ],
    },
  );

export const addConfigCheck = (list: StepList, node: string, path: string, text: string): void =>
  list.add(node, 'Let the toolstack check it', {
    do: 'check-config',
    config: path,
    configSum: sha256(text),
  });

/** @param label the one by which `next` was made of `record` */
export const addRecordWrite = (
  list: StepList,
  scene: Scene,
  at: { node: string; folder: string; title?: string },
  { record, next, label }: { record: InstanceRecord; next: InstanceRecord; label: string },
): void => {
  const { node, folder, title = 'Write the record' } = at;
  list.add(
    node,
    title,
    { do: 'write-record', folder, record: next, expectId: record.id },
    {
      undo: [
        undoOf(node, 'Record what was before', {
          do: 'write-record',
          folder,
          record: formerRecord(scene, record, next, label),
          expectId: next.id,
        }),
      ],
    },
  );
};
