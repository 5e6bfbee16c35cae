/**
 * Failover: stopped and proved on the source, created paused on the target, handed over by one rename of the record, let run
 * (the design document's "Failing over an instance"; SAFETY "Handing over"). Shared storage only.
 */
import type { InstanceView } from '../cluster/instances.ts';
import { failoverReasons } from './checks/failover.ts';
import { configSumOn, folderOn } from './checks/images.ts';
import { clusterChecks } from './checks/nodes.ts';
import { failoverEquivalent } from './equivalent.ts';
import type { FailoverIntent } from './intent.ts';
import { nextRecord, primariesAfter, recordFile, vouchingsAfter } from './records.ts';
import { blocks, type Scene } from './scene.ts';
import { addLock, addUnlock, type Draft, makeStepList, undoOf } from './step-list.ts';
import { addStopping, type Held, holdersOf, memoryOn } from './stopping.ts';
import { configPath, findSubject, identityOf } from './subject.ts';

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
  if (source === null || target === null)
    return {
      title,
      subject,
      equivalent,
      reasons: [
        source === null
          ? blocks(
              'hand-over',
              'Primary',
              `A hand-over of ${view.name} was cut off, so it has no primary: resume that run.`,
            )
          : blocks(
              'no-target',
              'Target',
              `${view.name} has no secondary: name the node that shall take it.`,
              { field: 'target' },
            ),
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
  if (target === source || !seen.includes(target) || !folderOn(view, target)) return draft;
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
  if (shallRun) {
    // a run that is cut off here may be resumed much later: with no change between them this is looked at once more then, and
    // the guest stays paused while it runs, or may run, anywhere else
    list.add(
      seen.filter((each) => each !== target),
      `Make sure that ${name} runs nowhere but on ${target}`,
      { do: 'verdict', ...guest },
    );
    list.add(target, `Let ${name} run`, { do: 'unpause-domain', ...guest }, { guest: 'up' });
  }
  addUnlock(list, scene, target, folder, false);
  return { steps: list.steps, files: [recordFile(folder, record, next)] };
};
