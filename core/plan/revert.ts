/**
 * Taking a finished run back: the intent that does the opposite. What comes of it is an ordinary plan, made of a fresh look, with
 * every check; and it is refused where the instance was changed since, for then it would take that back as well.
 */
import { deriveInstances, findInstances } from '../cluster/instances.ts';
import { type DiskRecord, type InstanceRecord, instanceRecord } from '../cluster/record.ts';
import { trashDirectory } from '../cluster/schema.ts';
import type { Snapshot } from '../cluster/snapshot.ts';
import { trashOf } from '../cluster/trash.ts';
import { baseName, directoryOf } from '../storage/paths.ts';
import type { Action, ActionName } from './action.ts';
import type { Intent } from './intent.ts';
import { isEnded, type Run } from './run.ts';

export type Revert =
  | {
      may: true;
      intent: Intent;
      /** what is not as it was before, even when all goes well: sentences */
      notes: string[];
    }
  | {
      may: false;
      /** every reason, whole sentences */
      why: string[];
    };

/** How long a guest may take to shut down, seconds: as the command line has it. */
const timeoutSeconds = 120;

const isA = <K extends ActionName>(action: Action, name: K): action is Extract<Action, { do: K }> =>
  action.do === name;

/** Actions of this kind that the run did, with the node on which. */
const did = <K extends ActionName>(
  run: Run,
  name: K,
): { node: string; action: Extract<Action, { do: K }> }[] =>
  run.plan.steps.flatMap(({ action, nodes: [node] }) =>
    node !== undefined && isA(action, name) ? [{ node, action }] : [],
  );

const readRecord = (text: string | null): InstanceRecord | null => {
  if (text === null) return null;
  try {
    return instanceRecord.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
};

/** The record before the run, where the plan keeps it. */
const formerRecord = (run: Run): InstanceRecord | null =>
  readRecord(run.plan.files.find(({ path }) => baseName(path) === 'instance.json')?.before ?? null);

const yes = (intent: Intent, ...notes: string[]): Revert => ({ may: true, intent, notes });
const no = (...why: string[]): Revert => ({ may: false, why });

type Known = {
  run: Run;
  /** uuid where it is known, else the name */
  instance: string;
  name: string;
  /** the last record that the run wrote; null: none */
  written: InstanceRecord | null;
};

const backTo = ({ written, name }: Known, make: (target: string) => Intent): Revert => {
  const target = written?.formerPrimaries[0];
  return target === undefined
    ? no(`The record that this run wrote does not tell on which node ${name} was before.`)
    : yes(make(target));
};

/** Out of the trash, where the run put it. */
const outOfTrash = ({ run, name }: Known, snapshot: Snapshot, ...notes: string[]): Revert => {
  const to = [...did(run, 'move-folder'), ...did(run, 'take-image')]
    .map(({ action }) => action.to)
    .find((path) => path.includes(`/${trashDirectory}/`));
  const cut = to?.indexOf(`/${trashDirectory}/`) ?? -1;
  if (to === undefined || cut < 0) return no('This run put nothing into the trash.');
  const storageDirectory = to.slice(0, cut);
  const [trashName = ''] = to.slice(cut + trashDirectory.length + 2).split('/');
  const isThere = trashOf(snapshot, true).some(
    (each) => each.storage === storageDirectory && each.name === trashName,
  );
  return isThere
    ? yes({ kind: 'restore', storageDirectory, trashName }, ...notes)
    : no(
        `No node that answers shows ${storageDirectory}/${trashDirectory}/${trashName}: what was removed of ${name} has been restored or deleted since, or its storage is away.`,
      );
};

const configureBack = ({ run, instance, name }: Known): Revert => {
  const file = run.plan.files.find(({ path }) => baseName(path) === 'xen.cfg');
  if (file === undefined)
    return no(
      `This run only recorded what xen.cfg says of ${name}: the text was changed before it, and not by it.`,
    );
  return file.before === null
    ? no(`There was no xen.cfg of ${name} before this run, so there is no former text.`)
    : yes({ kind: 'configure', instance, text: file.before, from: file.after });
};

/** The disk that one of the two has and the other has not. */
const diskOnlyIn = (has: InstanceRecord, hasNot: InstanceRecord): DiskRecord | undefined =>
  has.disks.find((disk) => !hasNot.disks.some((each) => each.logical_id[2] === disk.logical_id[2]));

const takeDiskOut = ({ run, instance, written }: Known): Revert => {
  const before = formerRecord(run);
  const disk = before && written ? diskOnlyIn(written, before) : undefined;
  return disk === undefined || written === null
    ? no('Which disk this run added is not told by what was kept of it.')
    : yes(
        { kind: 'disk-remove', instance, disk: written.disks.indexOf(disk), purge: false },
        `The file ${disk.logical_id[2]} stays beside the others under another name, with all that was written to it.`,
      );
};

const putDiskBack = ({ run, instance, name, written }: Known): Revert => {
  const before = formerRecord(run);
  const disk = before && written ? diskOnlyIn(before, written) : undefined;
  const kept = did(run, 'rename-image').find(({ action }) => action.from === disk?.logical_id[2])?.action.to;
  if (before === null || disk === undefined || kept === undefined)
    return no(`This run kept no file of a disk of ${name} that could become one again.`);
  const [driver] = disk.logical_id;
  const wasLast = before.disks.indexOf(disk) === before.disks.length - 1;
  return yes(
    {
      kind: 'disk-add',
      instance,
      source: { from: 'file', file: baseName(kept) },
      vdev: disk.vdev,
      mode: disk.mode,
      driver,
    },
    ...(wasLast
      ? []
      : [`It comes back as ${disk.vdev}, behind the other disks: their order in xen.cfg is another one.`]),
  );
};

const moveBack = ({ run, instance, name, written }: Known): Revert => {
  const from = did(run, 'lock')[0];
  const intent = run.plan.intent;
  if (intent.kind !== 'move' || from === undefined || written === null)
    return no(`Where ${name} was before is not told by what was kept of this run.`);
  return yes(
    {
      kind: 'move',
      instance,
      node: from.node,
      storageDirectory: directoryOf(from.action.folder),
      removeSource: intent.removeSource,
      timeoutSeconds: intent.timeoutSeconds,
    },
    ...(intent.removeSource
      ? ['Every byte is copied back; what this run put into the trash stays there until it is purged.']
      : []),
  );
};

const discardBack = ({ run, instance, name }: Known): Revert => {
  const made = did(run, 'write-replica').at(-1);
  if (made === undefined) return no(`This run made no replica of ${name}.`);
  return made.action.expectCopy === null
    ? yes({ kind: 'discard', instance, node: made.node, path: made.action.folder })
    : no(
        `${made.node} had a replica of ${name} before, and this run brought it up to date: its older state is kept nowhere.`,
      );
};

const templatesBack = (run: Run, snapshot: Snapshot): Revert => {
  const wrote = did(run, 'write-membership')[0]?.action;
  if (wrote === undefined || wrote.replaces === null) return no('What was set before is not known.');
  if (snapshot.cluster.templateDirectory !== wrote.membership.templateDirectory)
    return no('The directory of the templates was set anew since.');
  return yes({ kind: 'cluster-modify', templateDirectory: wrote.replaces.templateDirectory ?? null });
};

/** What came back goes into the trash again: only an instance, for a replica's record is that of the instance itself. */
const restoredBack = ({ run, written }: Known, snapshot: Snapshot): Revert => {
  const folder = did(run, 'move-folder').at(-1)?.action.to;
  const view = deriveInstances(snapshot).find((each) => each.folder === folder);
  if (view === undefined || folder === undefined || (written !== null && written.uuid !== view.uuid))
    return no(
      'What came back is not seen as an instance now. An image or a folder can be removed by itself (vbdesk image remove), a replica be discarded (vbdesk instance discard).',
    );
  return yes({ kind: 'remove', instance: view.uuid, purge: false, timeoutSeconds });
};

const noInstanceAnyMore = (name: string): Revert =>
  no(
    `The images of ${name} were there before and got a record. They are taken apart by hand if they shall be no instance any more: removing it would put them into the trash.`,
  );

const opposite = (known: Known, snapshot: Snapshot): Revert => {
  const { run, instance, name } = known;
  const { intent } = run.plan;
  switch (intent.kind) {
    case 'start':
      // never by force: whoever takes a start back may have forgotten who works in it by now
      // biome-ignore lint/suspicious/noThenProperty: a word of the intent, never a function
      return yes({ kind: 'stop', instance, timeoutSeconds, then: 'leave' });
    case 'stop':
      return yes({ kind: 'start', instance });
    case 'reboot':
      return no(`A reboot can't be taken back: ${name} runs as it did before.`);
    case 'failover':
      return backTo(known, (target) => ({
        kind: 'failover',
        instance,
        target,
        timeoutSeconds: intent.timeoutSeconds,
      }));
    case 'migrate':
      return intent.cleanup === true
        ? no('It ended what a broken migration had left; nothing of that comes back.')
        : backTo(known, (target) => ({ kind: 'migrate', instance, target }));
    case 'move':
      return moveBack(known);
    case 'remove':
      return intent.purge
        ? no(`The images of ${name} were deleted for good.`)
        : outOfTrash(known, snapshot, `${name} comes back stopped.`);
    case 'discard':
    case 'remove-image':
      return outOfTrash(known, snapshot);
    case 'restore':
      return restoredBack(known, snapshot);
    case 'create':
    case 'clone':
      if (intent.kind === 'create' && intent.reuse) return noInstanceAnyMore(name);
      return yes(
        { kind: 'remove', instance, purge: false, timeoutSeconds },
        `${name} goes into the trash with all that was written to it, and can be restored from there.`,
      );
    case 'rename': {
      const former = formerRecord(run)?.name;
      return former === undefined
        ? no('The former name is not told by what was kept of this run.')
        : yes({
            kind: 'rename',
            instance,
            name: former,
            ...(intent.osRename === true ? { osRename: true as const } : {}),
          });
    }
    case 'configure':
      return configureBack(known);
    case 'disk-add':
      return takeDiskOut(known);
    case 'disk-remove':
      return intent.purge ? no('The image was deleted for good.') : putDiskBack(known);
    case 'convert': {
      const former = formerRecord(run)?.disks[intent.disk];
      const [driver, type] = former?.logical_id ?? [];
      return driver !== undefined && (type === 'raw' || type === 'qcow2')
        ? yes(
            { kind: 'convert', instance, disk: intent.disk, to: type, driver },
            'The disk is copied once more, as it is now; the file that was kept stays as it is.',
          )
        : no(`An image is converted to raw or qcow2 only, and it was ${type ?? 'of another type'} before.`);
    }
    case 'snapshot':
      return intent.change === 'create'
        ? yes({ kind: 'snapshot', instance, disk: intent.disk, change: 'delete', tag: intent.tag })
        : no('What a snapshot held, or what was written since, is lost for good.');
    case 'replicate':
      return discardBack(known);
    case 'cluster-modify':
      return templatesBack(run, snapshot);
    case 'grow':
      return no(`An image is never made smaller: ${name} may have written to the end of it.`);
    case 'compare-images':
      return no('It changed nothing.');
    case 'adopt':
      return noInstanceAnyMore(name);
    case 'copy-image':
    case 'convert-file':
      return no(
        'It made a new file and left the other one as it was. Remove that file: vbdesk image remove.',
      );
    case 'os-export':
      return no('It made a new file on the node, which can be deleted there.');
    case 'claim':
      return no('What was said of a folder that was moved or cloned is recorded, and stays.');
    case 'unlock':
      return no('A lock that was broken is not put back: whoever held it was told so by its absence.');
    case 'purge-trash':
    case 'release':
      return no('What was deleted for good does not come back.');
    case 'cluster-init':
      return no('A cluster that was founded or enlarged is not taken apart by VBDesk.');
  }
};

const notDone = (run: Run): string => {
  switch (run.state) {
    case 'undone':
      return `The run ${run.id} failed or was cancelled, and was taken back then: nothing of it stands.`;
    case 'given-up':
      return `The run ${run.id} was given up half-way, so there is no whole that could be taken back.`;
    default:
      return `The run ${run.id} has not ended (${run.state}). ${run.state === 'running' ? 'Wait for it, or cancel it.' : `Before its point of no return it is taken back by: vbdesk run undo ${run.id}`}`;
  }
};

/** What somebody else did to the instance since the run wrote its record; null when it is as the run left it. */
const changedSince = ({ written, name }: Known, snapshot: Snapshot): string | null => {
  if (written === null) return null;
  const [view] = findInstances(snapshot, written.uuid);
  if (view === undefined)
    return `No node that answers shows the record of ${name}: it was removed since, or its nodes are away.`;
  const { record } = view;
  if (record.id === written.id) return null;
  const since = record.written;
  return `${record.name} was changed since: its record was written on ${since.at} by ${since.by} (run ${since.run}${record.generation === written.generation ? '' : `, generation ${written.generation} -> ${record.generation}`}). Taking this run back would pass over that. Take that back first, or do by itself what you want.`;
};

/** What would take a run back that has ended well, on the cluster as it is now. */
export const revertOf = (run: Run, snapshot: Snapshot): Revert => {
  if (!isEnded(run) || run.state !== 'done') return no(notDone(run));
  const written = did(run, 'write-record').at(-1)?.action.record ?? null;
  const { subject } = run.plan;
  const known: Known = {
    run,
    written,
    name: written?.name ?? subject.name,
    instance: written?.uuid ?? (subject.kind === 'instance' ? (subject.uuid ?? subject.name) : subject.name),
  };
  const found = opposite(known, snapshot);
  if (!found.may) return found;
  // what lies in the trash has no record that counts
  const since = found.intent.kind === 'restore' ? null : changedSince(known, snapshot);
  return since === null ? found : no(since);
};
