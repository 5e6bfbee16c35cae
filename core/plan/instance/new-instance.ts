/** What every way to an instance ends with, once its images are there: xen.cfg, record, first start. */
import type { InstanceRecord } from '../../cluster/record.ts';
import type { Dialect } from '../../storage/drivers.ts';
import { diskFacts } from '../../xen/disk-writer.ts';
import { writeInstanceConfig } from '../../xen/instance-config.ts';
import type { Action } from '../action.ts';
import type { Plan } from '../plan.ts';
import type { Reason } from '../reason.ts';
import { recordFile } from '../records.ts';
import { blocks, type Scene } from '../scene.ts';
import { sha256 } from '../sha256.ts';
import { type StepList, undoOf } from '../step-list.ts';
import { configPath, identityOf } from '../subject.ts';

/** xen.cfg of a record, written anew; or what keeps it from being written. */
export const configOfRecord = (
  record: InstanceRecord,
  toolstack: Dialect,
): { text: string; reasons: Reason[] } => {
  const written = writeInstanceConfig(
    {
      ...record.guest,
      name: record.name,
      uuid: record.uuid,
      disks: record.disks.map(diskFacts),
      nics: record.nics,
    },
    toolstack,
  );
  return written.ok
    ? { text: written.text, reasons: [] }
    : {
        text: '',
        reasons: written.problems.map((problem) =>
          blocks('config', 'Xen configuration', problem, { field: 'guest' }),
        ),
      };
};

/** `before`: the xen.cfg that is there; null when there is none. Undo brings back what was there, and removes what was not. */
export type NewPlace = { node: string; folder: string; before: string | null; after: string };

/**
 * Adds the steps between the images and the unlock. The record's `adminState` says whether it is started.
 * @param starts false: it runs already
 * @param install adds what is done to the disks once all files are there, before the start
 */
export const addNewInstance = (
  list: StepList,
  scene: Scene,
  record: InstanceRecord,
  { node, folder, before, after }: NewPlace,
  install: () => unknown = () => undefined,
  starts = record.adminState === 'up',
): Plan['files'] => {
  const guest = identityOf(record);
  const path = configPath(folder);
  const config = { config: path, configSum: sha256(after) };
  const back: Action =
    before === null
      ? { do: 'remove-file', path }
      : { do: 'write-file', path, content: before, expect: sha256(after) };
  list.add(
    node,
    'Write the Xen configuration',
    {
      do: 'write-file',
      path,
      content: after,
      expect: before === null ? 'absent' : sha256(before),
    },
    {
      undo: [undoOf(node, before === null ? 'Remove xen.cfg' : 'Write the xen.cfg that was there', back)],
    },
  );
  list.add(node, 'Let the toolstack check it', { do: 'check-config', ...config });
  list.add(
    node,
    'Write the record',
    { do: 'write-record', folder, record, expectId: null },
    { undo: [undoOf(node, 'Remove the record', { do: 'remove-file', path: `${folder}/instance.json` })] },
  );
  install();
  if (starts) {
    list.add(
      scene.lookup.seen.map((each) => each.name),
      `Make sure that ${record.name} runs nowhere`,
      { do: 'verdict', ...guest },
    );
    // from the moment when it runs somebody may use it: a start that fails is taken back with all the rest, and nothing after it
    list.add(
      node,
      `Start ${record.name} on ${node}`,
      { do: 'start-domain', ...guest, ...config, paused: false },
      {
        undo: [undoOf(node, `End what the start left on ${node}`, { do: 'end-domain', ...guest })],
        commit: true,
        guest: 'up',
      },
    );
  }
  return [{ path, before, after }, recordFile(folder, null, record)];
};
