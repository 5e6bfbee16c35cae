/** Everything that stands for or against failing an instance over to a node; quick, since tables ask it for every row. */

import type { InstanceView } from '../../cluster/instances.ts';
import { isMigrationLeftover, storageOf } from '../../cluster/lookup.ts';
import { baseName } from '../../storage/paths.ts';
import { replicaOn, takeOverReasons } from '../hand-over/take-over.ts';
import { vouchCode } from '../plan.ts';
import type { Reason } from '../reason.ts';
import { blocks, consent, passed, type Scene, warning } from '../scene.ts';
import { hasFittings, memoryIsFree } from './capacity.ts';
import { copyPlace, imagesCanBeCopied } from './copy.ts';
import { nothingRuns } from './domains.ts';
import { folderOn, sameFilesOn } from './images.ts';
import { mustAnswer, nodeCanWork, troubleOf } from './nodes.ts';
import { chainsMayStart } from './overlays.ts';
import { lockIsFree, recordMayGoOn, recordMayStart } from './record.ts';
import { suspectsOf, vouchChecks } from './vouching.ts';

/** Release of Xen as [4, 17]; null when it can't be read. */
const releaseOf = (scene: Scene, node: string): [number, number] | null => {
  const match = /(\d+)\.(\d+)/.exec(scene.lookup.byName.get(node)?.facts?.xen ?? '');
  return match ? [Number(match[1]), Number(match[2])] : null;
};

/** Toolstack and version of two nodes: the configuration of the one must suit the other. */
export const sameXen = (scene: Scene, source: string, target: string): Reason[] => {
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
  const older = to[0] < from[0] || (to[0] === from[0] && to[1] < from[1]);
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

/** A domain on the source that is neither running nor over: what its guest has in memory would be lost. */
const unsettled = (view: InstanceView, source: string): Reason[] =>
  view.domains.flatMap(({ node, seen, domain }) => {
    if (!seen || node !== source) return [];
    const about = { node };
    if (isMigrationLeftover(domain.name))
      return [
        blocks(
          'migration-leftover',
          `Runs on ${source}`,
          `${source} has the domain ${domain.name}, left over from a migration: clean up after the migration, or stop the instance first.`,
          about,
        ),
      ];
    switch (domain.state) {
      case 'paused':
        return [
          blocks(
            'paused',
            `Paused on ${source}`,
            `The domain of ${view.name} on ${source} is paused, so its guest can't shut down: let it run (xl unpause ${domain.name}), or stop the instance first, which ends it.`,
            about,
          ),
        ];
      case 'dying':
        return [
          blocks(
            'dying',
            `Dying on ${source}`,
            `A domain of ${view.name} on ${source} is being taken down and may still write to its images: wait until it is gone.`,
            about,
          ),
        ];
      case 'unknown':
        return [
          blocks(
            'unknown-domain',
            `Unclear on ${source}`,
            `${source} shows the domain of ${view.name} in a state that is not understood (${domain.flags}): stop the instance first.`,
            about,
          ),
        ];
      default:
        return [];
    }
  });

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
  // what runs there is a matter of nothingRuns, and the consent says the rest
  if (failoverWay(scene, view, source, target) === 'replica') return [];
  const open = unsettled(view, source);
  return open.length > 0 ? open : [passed('state', 'State', view.statusText, { node: source })];
};

/**
 * How the files get there: they are the same ones on the target; they are copied, from a source that answers; or a replica is
 * gone on from, since the source can't be asked, or answers and has lost them.
 */
export type FailoverWay = 'same' | 'copy' | 'replica';

export const failoverWay = (
  scene: Scene,
  view: InstanceView,
  source: string,
  target: string,
): FailoverWay => {
  if (folderOn(view, target)) return 'same';
  const id = storageOf(scene.lookup.byName.get(target), view.storage)?.id ?? null;
  // it sees the storage, but not the folder: that has to be understood first
  if (id !== null && id === view.record.place.storage) return 'same';
  if (!scene.lookup.byName.get(source)?.seen) return 'replica';
  return isLost(view) && replicaOn(view, target) !== null ? 'replica' : 'copy';
};

/** No node that answers shows the folder that counts: there is nothing to copy from. */
const isLost = (view: InstanceView): boolean => !view.folders.some((each) => each.current && each.seen);

const files = (scene: Scene, view: InstanceView, source: string, target: string): Reason[] => {
  switch (failoverWay(scene, view, source, target)) {
    case 'same':
      return [...sameFilesOn(scene, view, target), ...chainsMayStart(scene, view, target)];
    case 'replica':
      return takeOverReasons(scene, view, target);
    case 'copy':
      return [
        ...(folderOn(view, source)
          ? []
          : [
              blocks(
                'no-folder',
                'Folder',
                `${source} is the primary of ${view.name}, but does not show its folder ${view.folder}: there is nothing to copy from${isLost(view) ? `, and ${target} holds no replica to go on from` : ''}.`,
                { node: source },
              ),
            ]),
        ...imagesCanBeCopied(view, source),
        ...copyPlace(scene, view, { node: target, directory: view.storage, name: baseName(view.folder) })
          .reasons,
      ];
  }
};

export type FailoverReasons = {
  reasons: Reason[];
  /** it is to run on the target; one that shall not run stays stopped, and only its record is handed over */
  shallRun: boolean;
  /** silent nodes, the source among them, whose being down rests on somebody's word */
  vouched: string[];
};

/**
 * The same in parts, by what each answer depends on: whoever judges thousands of pairs asks each part only where it may answer
 * differently (core/failover/judge.ts). Nothing is asked before a part is called.
 */
export type FailoverParts = Pick<FailoverReasons, 'shallRun' | 'vouched'> & {
  way: FailoverWay;
  /** of the target alone */
  onTarget: () => Reason[];
  /** of the instance where it is: of a target only whether the way is a replica; its name stands in a sentence */
  onSource: () => Reason[];
  files: () => Reason[];
  memory: () => Reason[];
  /** bridges and boot files: of the target, and of what the record names */
  fittings: () => Reason[];
  /** of source and target */
  xen: () => Reason[];
  /** on all other nodes: of a target only as `onSource`, and nothing is said of the target itself */
  elsewhere: () => Reason[];
};

/**
 * @param source the recorded primary
 * @param target a node's name; it need not exist
 */
export const failoverParts = (
  scene: Scene,
  view: InstanceView,
  source: string,
  target: string,
): FailoverParts => {
  const { record } = view;
  const sourceSeen = scene.lookup.byName.get(source)?.seen === true;
  const runsThere = view.domains.some((each) => each.seen && each.node === source);
  const shallRun = record.adminState === 'up' || runsThere;
  const way = failoverWay(scene, view, source, target);
  const suspects = suspectsOf(scene, view, source).filter((each) => each.node !== target);
  return {
    way,
    shallRun,
    vouched: [...(sourceSeen ? [] : [source]), ...suspects.map((each) => each.node)],
    onTarget: () => [...mustAnswer(scene, target, 'Target', 'target'), ...nodeCanWork(scene, target)],
    onSource: () => [
      ...(sourceSeen ? nodeCanWork(scene, source) : []),
      ...sourceState(scene, view, source, target),
      ...(way === 'replica' ? recordMayGoOn(view) : recordMayStart(view)),
      ...(way === 'replica' ? [] : lockIsFree(scene, view)),
    ],
    files: () =>
      target === source || !scene.lookup.byName.get(target)?.seen ? [] : files(scene, view, source, target),
    memory: () => (shallRun ? memoryIsFree(scene, target, record.guest.memoryMib) : []),
    fittings: () => (shallRun ? hasFittings(scene, target, record) : []),
    xen: () => (target === source ? [] : sameXen(scene, source, target)),
    elsewhere: () => [
      // without a domain there, nothing will be stopped there, so nothing of it may be alive there either
      ...nothingRuns(scene, view, runsThere && way !== 'replica' ? source : null),
      ...vouchChecks(scene, view, suspects).filter((each) => each.node !== source && each.node !== target),
    ],
  };
};

/** @see failoverParts */
export const failoverReasons = (
  scene: Scene,
  view: InstanceView,
  source: string,
  target: string,
): FailoverReasons => {
  const parts = failoverParts(scene, view, source, target);
  const reasons: Reason[] = [
    ...(target === source
      ? [
          blocks('same-node', 'Target', `${target} is the primary of ${view.name} already.`, {
            node: target,
            field: 'target',
          }),
        ]
      : []),
    ...parts.onTarget(),
    ...parts.onSource(),
    ...parts.files(),
    ...parts.memory(),
    ...parts.fittings(),
    ...parts.xen(),
    ...parts.elsewhere(),
  ];
  return { reasons, shallRun: parts.shallRun, vouched: parts.vouched };
};
