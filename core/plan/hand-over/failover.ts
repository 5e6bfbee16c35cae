/**
 * Failover: stopped and proved on the source, created paused on the target, handed over by one rename of the record, let run
 * (the design document's "Failing over an instance"; SAFETY "Handing over"). On storage that is not shared the images are copied
 * first; while the source can't be asked, a replica is gone on from.
 */
import type { InstanceView } from '../../cluster/instances.ts';
import { copyPlace } from '../checks/copy.ts';
import { failoverReasons, failoverWay } from '../checks/failover.ts';
import { configSumOn, folderOn } from '../checks/images.ts';
import { clusterChecks } from '../checks/nodes.ts';
import { failoverEquivalent } from '../equivalent.ts';
import { addLetRun } from '../instance/let-run.ts';
import { addStopping, type Held, holdersOf, memoryOn } from '../instance/stopping.ts';
import type { FailoverIntent } from '../intent.ts';
import { nextRecord, primariesAfter, recordFile, vouchingsAfter } from '../records.ts';
import { blocks, type Scene } from '../scene.ts';
import { addLock, addUnlock, type Draft, makeStepList, undoOf } from '../step-list.ts';
import { configPath, findSubject, identityOf } from '../subject.ts';
import { planFinishHandOver } from './finish-hand-over.ts';
import { handOverSteps } from './hand-over.ts';
import { copySeconds, folderName } from './move.ts';
import { replicaOn, takeOverSteps } from './take-over.ts';

/** How long the images are watched when the source can't be asked, seconds. */
const watchSeconds = 10;

export const planFailover = (scene: Scene, intent: FailoverIntent): Draft => {
  const found = findSubject(scene, intent.instance);
  if (!found.ok)
    return {
      title: `Fail over ${intent.instance}`,
      subject: { kind: 'instance', name: intent.instance, uuid: null },
      reasons: found.reasons,
    };
  const { view } = found;
  const { record } = view;
  const source = record.primary;
  const target = intent.target ?? record.secondary;
  const subject: Draft['subject'] = { kind: 'instance', name: view.name, uuid: view.uuid };
  const title = `Fail over ${view.name}${source === null ? '' : ` from ${source}`}${target === null ? '' : ` to ${target}`}`;
  const equivalent = failoverEquivalent(view.name, intent.target, intent.timeoutSeconds);
  if (source === null) return planFinishHandOver(scene, view, { title, subject, equivalent, reasons: [] });
  if (target === null)
    return {
      title,
      subject,
      equivalent,
      reasons: [
        blocks('no-target', 'Target', `${view.name} has no secondary: name the node that shall take it.`, {
          field: 'target',
        }),
      ],
    };
  const held = holdersOf(view).filter((each) => each.node === source);
  const seen = scene.lookup.seen.map((each) => each.name);
  const running = held.length > 0;
  const { reasons, shallRun, vouched } = failoverReasons(scene, view, source, target);
  const draft: Draft = {
    title,
    subject,
    reasons: [...clusterChecks(scene), ...reasons],
    equivalent,
    effects: {
      memory: shallRun
        ? [
            { node: target, mib: record.guest.memoryMib },
            ...(running ? [{ node: source, mib: -memoryOn(view, source) }] : []),
          ]
        : [],
      downSeconds: running ? 35 : null,
    },
  };
  if (target === source || !seen.includes(target)) return draft;
  switch (failoverWay(scene, view, source, target)) {
    case 'copy':
      return withCopy(scene, view, draft, {
        source,
        target,
        held: held[0] ?? null,
        shallRun,
        vouched,
        intent,
      });
    case 'replica': {
      const replica = replicaOn(view, target);
      return replica?.seen && replica.problem === null
        ? { ...draft, ...takeOverSteps(scene, view, { source, replica, shallRun, vouched }) }
        : draft;
    }
    case 'same':
      if (!folderOn(view, target)) return draft;
  }
  const steps = stepsOf(scene, view, {
    source,
    target,
    sourceSeen: seen.includes(source),
    held: held[0] ?? null,
    shallRun,
    vouched,
    timeoutSeconds: intent.timeoutSeconds,
  });
  return { ...draft, ...steps };
};

/** On separate storage: stopped, copied, verified, handed over in two writes; what is left becomes a replica. */
const withCopy = (
  scene: Scene,
  view: InstanceView,
  draft: Draft,
  way: Pick<Way, 'source' | 'target' | 'held' | 'shallRun' | 'vouched'> & { intent: FailoverIntent },
): Draft => {
  const { source, target } = way;
  const { place } = copyPlace(scene, view, {
    node: target,
    directory: view.storage,
    name: folderName(view),
  });
  const copied: Draft = {
    ...draft,
    effects: {
      ...draft.effects,
      newBytes: place?.replica ? 0 : view.record.disks.reduce((sum, each) => sum + each.size, 0),
      downSeconds: way.held === null ? null : 35 + copySeconds(view),
    },
  };
  if (!place || !folderOn(view, source)) return copied;
  const made = handOverSteps(scene, view, {
    ...way,
    place,
    timeoutSeconds: way.intent.timeoutSeconds,
    secondary: source,
    removeSource: false,
    title: `fail over ${view.name} to ${target}`,
  });
  return made.ok
    ? { ...copied, steps: made.steps, files: made.files ?? [] }
    : { ...copied, reasons: [...copied.reasons, ...made.reasons] };
};

type Way = {
  source: string;
  target: string;
  sourceSeen: boolean;
  /** what the source has of the guest; null: nothing, or it can't be asked */
  held: Held | null;
  shallRun: boolean;
  /** silent nodes whose being down rests on somebody's word */
  vouched: string[];
  timeoutSeconds: number;
};

const stepsOf = (scene: Scene, view: InstanceView, way: Way): Pick<Draft, 'steps' | 'files'> => {
  const { source, target, sourceSeen, held, shallRun } = way;
  const { record, folder, name } = view;
  const guest = identityOf(record);
  const config = { config: configPath(folder), configSum: configSumOn(view, target) };
  const seen = scene.lookup.seen.map((each) => each.name);
  const lockNode = sourceSeen && folderOn(view, source) ? source : target;
  const list = makeStepList();
  addLock(list, scene, {
    node: lockNode,
    folder,
    title: `fail over ${name} to ${target}`,
    nodes: sourceSeen ? [source, target] : [target],
  });
  if (sourceSeen)
    list.add([source, target], 'Prove that both see the same storage', {
      do: 'prove-shared',
      directory: view.storage,
    });
  // nothing is stopped before the target is known to have every file
  list.add(target, `Compare the images on ${target} with the record`, {
    do: 'verify-files',
    folder,
    recordId: record.id,
    disks: record.disks,
    within: scene.snapshot.cluster.storageDirectories,
  });
  if (!sourceSeen && record.disks.length > 0)
    list.add(target, `Watch for ${watchSeconds} s whether anybody writes`, {
      do: 'watch-images',
      images: guest.images,
      seconds: watchSeconds,
    });
  if (shallRun) list.add(target, `Let ${target} check xen.cfg`, { do: 'check-config', ...config });
  if (held)
    addStopping(list, scene, view, {
      held,
      timeoutSeconds: way.timeoutSeconds,
      // biome-ignore lint/suspicious/noThenProperty: a word of the intent, never a function
      then: 'force',
      undo: held.alive ? 'revive' : 'leave',
    });
  list.add(seen, `Make sure that ${name} runs nowhere`, { do: 'verdict', ...guest });
  if (shallRun)
    list.add(
      target,
      `Create ${name} on ${target}, paused`,
      { do: 'start-domain', ...guest, ...config, paused: true },
      {
        undo: [
          undoOf(target, `End the paused ${name} on ${target}`, { do: 'end-domain', ...guest }),
          undoOf(seen, `Make sure that ${name} runs nowhere`, { do: 'verdict', ...guest }),
        ],
      },
    );
  const next = nextRecord(
    scene,
    record,
    {
      primary: target,
      secondary: source,
      generation: record.generation + 1,
      formerPrimaries: primariesAfter(record, source, target),
      vouchings: vouchingsAfter(scene, record, way.vouched),
    },
    'hand-over',
  );
  list.add(
    target,
    `Hand over: primary ${target}, generation ${next.generation}`,
    { do: 'write-record', folder, record: next, expectId: record.id },
    { commit: true },
  );
  if (shallRun) addLetRun(list, scene, target, guest);
  addUnlock(list, scene, target, folder, false);
  return { steps: list.steps, files: [recordFile(folder, record, next)] };
};
