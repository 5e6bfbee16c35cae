/**
 * Failover: stopped and proved on the source, created paused on the target, handed over by one rename of the record, let run
 * (the design document's "Failing over an instance"; SAFETY "Handing over"). Shared storage only.
 */
import type { InstanceView } from '../cluster/instances.ts';
import { canCarry } from './checks/capacity.ts';
import { nothingRuns } from './checks/domains.ts';
import { folderOn, sameFilesOn } from './checks/images.ts';
import { clusterChecks, mustAnswer, nodeCanWork, troubleOf } from './checks/nodes.ts';
import { lockIsFree, recordMayStart } from './checks/record.ts';
import { suspectsOf, vouchChecks } from './checks/vouching.ts';
import { failoverEquivalent } from './equivalent.ts';
import type { FailoverIntent } from './intent.ts';
import { vouchCode } from './plan.ts';
import type { Reason } from './reason.ts';
import { nextRecord, primariesAfter, recordFile, vouchingsAfter } from './records.ts';
import { blocks, consent, passed, type Scene, warning } from './scene.ts';
import { addLock, addUnlock, type Draft, makeStepList, undoOf } from './step-list.ts';
import { addStopping, type Held, holdersOf, memoryOn } from './stopping.ts';
import { configPath, findSubject, identityOf } from './subject.ts';

/** How long the images are watched when the source can't be asked, seconds. */
const watchSeconds = 10;

/** Release of Xen as "4.17"; null when it can't be read. */
const releaseOf = (scene: Scene, node: string): number[] | null => {
  const match = /(\d+)\.(\d+)/.exec(scene.lookup.byName.get(node)?.facts?.xen ?? '');
  return match ? [Number(match[1]), Number(match[2])] : null;
};

const sameXen = (scene: Scene, source: string, target: string): Reason[] => {
  const from = releaseOf(scene, source);
  const to = releaseOf(scene, target);
  const about = { node: target };
  const a = scene.lookup.byName.get(source)?.facts?.toolstack;
  const b = scene.lookup.byName.get(target)?.facts?.toolstack;
  if (a && b && a !== b)
    return [
      blocks(
        'toolstack',
        'Toolstack',
        `${source} has ${a} and ${target} has ${b}: xen.cfg is written for ${a}. Write it anew for ${b} first.`,
        about,
      ),
    ];
  if (!from || !to)
    return [
      warning('xen-unknown', 'Xen', `The Xen version of ${from ? target : source} is not known.`, about),
    ];
  const older = (to[0] ?? 0) < (from[0] ?? 0) || (to[0] === from[0] && (to[1] ?? 0) < (from[1] ?? 0));
  return older
    ? [
        consent(
          'older-xen',
          'Older Xen',
          `${target} has Xen ${to.join('.')}, ${source} has ${from.join('.')}: the guest may miss something that it uses.`,
          about,
        ),
      ]
    : [
        passed(
          'xen',
          'Xen and toolstack',
          `Xen ${from.join('.')} on ${source}, ${to.join('.')} on ${target}; ${b ?? a ?? 'xl'} on both.`,
          about,
        ),
      ];
};

/** The source's own state: how much of the guest is there to be stopped. */
const sourceState = (scene: Scene, view: InstanceView, source: string, target: string): Reason[] => {
  if (view.status === 'running-twice')
    return [
      blocks(
        'running-twice',
        'Runs twice',
        `${view.statusText} Stop it first, everywhere; then start it where it shall be.`,
      ),
    ];
  if (view.status === 'wrong-node')
    return [blocks('wrong-node', 'Wrong node', `${view.statusText} Stop it there first.`)];
  if (!scene.lookup.byName.get(source)?.seen)
    return [
      consent(
        vouchCode(source),
        `${source} may be alive`,
        `If ${view.name} still runs on ${source}, starting it on ${target} makes two guests write to one image, and its data is lost: ${troubleOf(scene, source)}. Something or someone must vouch that ${source} is down.`,
        { node: source },
      ),
    ];
  return [passed('state', 'State', view.statusText, { node: source })];
};

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
  const sourceSeen = seen.includes(source);
  const running = held.length > 0;
  // one that shall not run stays stopped: only its record is handed over
  const shallRun = running || record.adminState === 'up';
  const suspects = suspectsOf(scene, view, source);
  const reasons: Reason[] = [
    ...clusterChecks(scene),
    ...(target === source
      ? [
          blocks('same-node', 'Target', `${target} is the primary of ${view.name} already.`, {
            node: target,
            field: 'target',
          }),
        ]
      : []),
    ...mustAnswer(scene, target, 'Target', 'target'),
    ...nodeCanWork(scene, target),
    ...(sourceSeen ? nodeCanWork(scene, source) : []),
    ...sourceState(scene, view, source, target),
    ...recordMayStart(view),
    ...lockIsFree(scene, view),
    ...(target === source ? [] : sameFilesOn(scene, view, target)),
    ...(shallRun ? canCarry(scene, target, record) : []),
    ...sameXen(scene, source, target),
    ...nothingRuns(scene, view, source),
    ...vouchChecks(scene, view, suspects).filter((each) => each.node !== source && each.node !== target),
  ];
  const draft: Draft = {
    title,
    subject,
    reasons,
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
  const vouched = [...(sourceSeen ? [] : [source]), ...suspects.map((each) => each.node)];
  const steps = stepsOf(scene, view, {
    source,
    target,
    sourceSeen,
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
  const config = configPath(folder);
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
  if (shallRun) list.add(target, `Let ${target} check xen.cfg`, { do: 'check-config', config });
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
      { do: 'start-domain', ...guest, config, paused: true },
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
  if (shallRun) list.add(target, `Let ${name} run`, { do: 'unpause-domain', ...guest }, { guest: 'up' });
  addUnlock(list, scene, target, folder, false);
  return { steps: list.steps, files: [recordFile(folder, record, next)] };
};
