/** The record: may this folder be used at all, and does what lies in it agree with it. */
import { claimCommand } from '../../cluster/hand-over-text.ts';
import type { InstanceProblem, InstanceView, ProblemCode } from '../../cluster/instances.ts';
import { ageText } from '../../cluster/status.ts';
import type { Reason } from '../reason.ts';
import { blocks, passed, type Scene, warning } from '../scene.ts';

const titles: Record<ProblemCode, string> = {
  place: 'Place',
  copy: 'A copy',
  superseded: 'An older state',
  fork: 'Two histories',
  'record-unseen': 'Record',
  removed: 'Removed',
  'hand-over': 'Hand-over',
  'primary-unknown': 'Primary',
  'config-missing': 'xen.cfg',
  'config-disks': 'Record and xen.cfg',
  'config-identity': 'xen.cfg',
  'config-guest': 'Record and xen.cfg',
  'admin-up': 'State',
  'admin-down': 'State',
  'running-guest': 'The running guest',
  'domain-name': 'Name of the domain',
  'name-taken': 'Name',
  'migration-leftover': 'Migration',
  'migration-cut-off': 'Migration',
  save: 'Saved state',
  autostart: 'Autostart',
  'other-config': 'Another configuration',
  disk: 'Images',
  'lock-broken': 'Lock',
  'stale-domain': 'Not seen',
};

/** Nothing of the instance may be changed while one of these stands. */
const identity: readonly ProblemCode[] = ['place', 'fork', 'record-unseen'];
/** It must not be started while one of these stands. */
const starting: readonly ProblemCode[] = [
  ...identity,
  'removed',
  'hand-over',
  'config-missing',
  'config-disks',
  'config-identity',
  'disk',
];
/** Nothing goes on from a replica while one of these stands; the state of a folder that can't be seen says nothing. */
const goingOn: readonly ProblemCode[] = ['fork', 'removed', 'hand-over'];
/** Its disks must not be changed while one of these stands. */
const editing: readonly ProblemCode[] = [
  ...identity,
  'removed',
  'hand-over',
  'config-missing',
  'config-identity',
];
/** Said in any case, since other checks don't. */
const worthSaying: readonly ProblemCode[] = [
  'copy',
  'superseded',
  'fork',
  'domain-name',
  'migration-cut-off',
  'other-config',
  'config-guest',
];

const helpOf = (code: ProblemCode, view: InstanceView): string => {
  switch (code) {
    case 'place':
      return ' Use claim to say which.';
    case 'config-disks':
      return ' Starting is refused until both say the same: mend xen.cfg or the record.';
    case 'fork': {
      const at = view.folders.find((each) => each.current && each.seen);
      const claim = at
        ? `; while its node does not answer, give it up (${claimCommand(view.name, { node: at.node, folder: at.folder.path })})`
        : '';
      return ` Look at both, then discard the one that is not wanted (vbdesk instance discard ${view.name} -n NODE)${claim}.`;
    }
    case 'removed': {
      const at = view.folders.find((each) => each.current && each.seen) ?? view.folders[0];
      const claim = at
        ? ` (${claimCommand(view.name, { node: at.node, folder: at.folder.path })}): as moved, and it is the instance again; with --as cloned it is another one`
        : '';
      return ` A removed instance is not started again by itself. If its removal was cut off, resume or undo that run; if that is not possible, claim its folder${claim}. Or remove it.`;
    }
    default:
      return '';
  }
};

const toReasons = (view: InstanceView, blocking: readonly ProblemCode[]): Reason[] => {
  const reasons: Reason[] = [];
  for (const { code, text, node } of view.problems as readonly InstanceProblem[]) {
    const about = node === undefined ? {} : { node };
    if (blocking.includes(code)) reasons.push(blocks(code, titles[code], text + helpOf(code, view), about));
    else if (worthSaying.includes(code)) reasons.push(warning(code, titles[code], text, about));
  }
  if (!reasons.some((each) => each.severity === 'blocks'))
    reasons.push(
      passed(
        'record',
        'Record',
        blocking === starting
          ? `The record of ${view.name} lies where it was written, is the one that counts, and agrees with xen.cfg and the images.`
          : `The record of ${view.name} lies where it was written and is the one that counts.`,
      ),
    );
  return reasons;
};

/** For everything that starts it. */
export const recordMayStart = (view: InstanceView): Reason[] => toReasons(view, starting);
/** For what goes on from a replica, without the folder of the record. */
export const recordMayGoOn = (view: InstanceView): Reason[] => toReasons(view, goingOn);
/** For stopping it: a guest ends by its uuid, whichever of two histories counts, and must end before one is chosen. */
export const recordMayStop = (view: InstanceView): Reason[] => toReasons(view, ['place']);
/** For everything that changes it without a start. */
export const recordMayChange = (view: InstanceView): Reason[] => toReasons(view, identity);

/** For everything that changes its disks. */
export const recordMayEdit = (view: InstanceView): Reason[] => toReasons(view, editing);

/** For changing its xen.cfg, which is how a disagreement with the record is mended. */
export const recordMayConfigure = (view: InstanceView): Reason[] =>
  toReasons(view, [...identity, 'removed', 'hand-over']);

/** A held lock blocks, and says whose it is. */
export const lockIsFree = (scene: Scene, view: InstanceView): Reason[] => {
  const { lock } = view;
  if (lock === null) return [passed('unlocked', 'Lock', `Nobody holds the lock of ${view.name}.`)];
  const about = { node: lock.node };
  if (lock.content === null)
    return [
      blocks(
        'locked',
        'Lock',
        `The lock of ${view.name} can't be read: ${lock.error ?? 'no reason given'}`,
        about,
      ),
    ];
  const { user, workstation, title, run, at } = lock.content;
  const since = Date.parse(at);
  const age = Number.isFinite(since) ? ` for ${ageText(scene.context.now - since)}` : '';
  return [
    blocks(
      'locked',
      'Lock',
      `${user}@${workstation} has held the lock${age}: ${title} (run ${run}). Wait for it, resume or undo that run, or break the lock once it is known that the run has ended.`,
      about,
    ),
  ];
};
