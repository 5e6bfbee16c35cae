/** What a person decides: a lock whose owner is gone. */
import { type SeenLock, seenLocks } from '../../cluster/seen-locks.ts';
import { listText } from '../../cluster/status.ts';
import { clusterChecks, troubleOf } from '../checks/nodes.ts';
import type { UnlockIntent } from '../intent.ts';
import { vouchCode } from '../plan.ts';
import { blocks, consent, type Scene } from '../scene.ts';
import { type Draft, makeStepList } from '../step-list.ts';

/** Each lock once, as the first of these sights shows it. */
const eachOnce = (sights: readonly SeenLock[]): SeenLock[] =>
  [...new Map(sights.toReversed().map((each) => [each.key, each])).values()].toReversed();

/**
 * Breaks the locks of a run that is known to have ended, in whichever folders it holds them: every node named in one must have
 * answered, or be vouched down. Nodes may have separate folders of one path, held by different runs.
 */
export const planUnlock = (scene: Scene, intent: UnlockIntent): Draft => {
  const { path, run } = intent;
  const isHere = (each: SeenLock): boolean =>
    each.path === path && (intent.node === undefined || each.node === intent.node);
  const all = seenLocks(scene.snapshot).toSorted((a, b) => Number(isHere(b)) - Number(isHere(a)));
  const here = all.filter(isHere);
  const ofRun = (each: SeenLock): boolean => each.lock.ok && each.lock.lock.run === run;
  const sight = here.find(ofRun) ?? here[0];
  const record = sight?.record ?? null;
  const name = record?.name ?? path.slice(path.lastIndexOf('/') + 1);
  const draft: Draft = {
    title: `Break the lock of ${name}`,
    subject: { kind: 'instance', name, uuid: record?.uuid ?? null },
    reasons: [...clusterChecks(scene)],
  };
  if (!sight) {
    draft.reasons.push(blocks('no-lock', 'Lock', `No node that answers shows a lock in ${path}.`));
    return draft;
  }
  const { node, lock } = sight;
  if (!lock.ok) {
    draft.reasons.push(
      blocks(
        'lock-broken',
        'Lock',
        `The lock can't be read (${lock.error}); look at ${path}/.lock on ${node}.`,
        { node },
      ),
    );
    return draft;
  }
  if (lock.lock.run !== run) {
    draft.reasons.push(
      blocks('other-run', 'Lock', `The lock is of run ${lock.lock.run}, not of ${run}.`, { node }),
    );
    return draft;
  }
  const held = eachOnce(all.filter(ofRun));
  const { user, workstation, title } = lock.lock;
  const places = listText(held.map((each) => `${each.path} on ${each.node}`));
  draft.reasons.push(
    consent(
      'break-lock',
      'Break the lock',
      `${user}@${workstation} locked ${name} for “${title}” (run ${run}).${held.length > 1 ? ` That run holds ${places}: all of its locks are broken.` : ''} Its jobs do nothing any more once the lock is gone; what it had done stays as it is${held.some((each) => each.inTrash) ? ', and the folder stays in the trash: what a removal had deleted already does not come back' : ''}. Be sure that nobody works on it.`,
      { node },
    ),
  );
  const named = new Set(held.flatMap((each) => (each.lock.ok ? each.lock.lock.nodes : [])));
  for (const each of named)
    if (!scene.lookup.byName.get(each)?.seen)
      draft.reasons.push(
        consent(
          vouchCode(each),
          `${each} may be at work`,
          `A job of that run may still be running on ${each}: ${troubleOf(scene, each)}.`,
          { node: each },
        ),
      );
  const list = makeStepList();
  // a job of that run which sleeps on its way would wake up after the lock is gone: it is made void first
  list.add(
    scene.lookup.seen
      .map((each) => each.name)
      .filter((each) => named.has(each) || held.some((lock) => lock.node === each)),
    'Make sure that no job of that run can still act',
    { do: 'jobs-ended', run },
  );
  for (const [index, each] of held.entries())
    list.add(
      each.node,
      held.length > 1 ? `Remove the lock of ${each.path} on ${each.node}` : 'Remove the lock',
      { do: 'break-lock', folder: each.path, run },
      { commit: index === 0 },
    );
  return { ...draft, steps: list.steps };
};
