/**
 * Which silent nodes could run the instance, so that a person or a fence agent has to vouch for their being down.
 * On shared storage the record is the one truth: a node that never held the instance can't have started it. On storage that
 * is not shared, a primary (past or present) or replica node may hold another truth (SAFETY "The record").
 */
import type { InstanceView } from '../../cluster/instances.ts';
import { recordOf } from '../../cluster/lookup.ts';
import type { InstanceRecord } from '../../cluster/record.ts';
import { vouchCode } from '../plan.ts';
import type { Reason } from '../reason.ts';
import { consent, type Scene, warning } from '../scene.ts';
import { troubleOf } from './nodes.ts';

export type Suspect = { node: string; why: string };

/** What the last answer of a silent node tells about the instance; null when it tells nothing. */
const lastAnswer = (scene: Scene, view: InstanceView, node: string): string | null => {
  const { lookup } = scene;
  const here = (each: { node: string }): boolean => each.node === node;
  const { name } = view;
  if (view.domains.some(here) || lookup.domainsByName.get(name)?.some(here))
    return 'it showed a domain of it last';
  if (lookup.monitorsByName.get(name)?.some(here)) return "it showed xl's monitor of it last";
  if (lookup.savesByName.get(name)?.some(here)) return 'it restores a saved state of it at boot';
  if (lookup.autostartsByName.get(name)?.some(here)) return 'it starts it by itself at boot';
  return null;
};

/**
 * True when the node was vouched down for this instance and is not known to have been seen without it since. "Since" is told
 * without a clock, for this workstation's may differ from the one on which the word was given: what the node said last counts
 * when it showed a record that holds every word on it already, since a record holds a word only after it was given. A node that
 * shows no such record (its storage was away, it never answered here) proves nothing, and is asked for once too often.
 */
const unproved = (scene: Scene, view: InstanceView, node: string): boolean => {
  const wordsOn = (record: InstanceRecord): string =>
    JSON.stringify(record.vouchings.filter((each) => each.node === node));
  const words = wordsOn(view.record);
  if (words === '[]') return false;
  // another machine that answered at its address said nothing about it
  const bootId = scene.lookup.byName.get(node)?.facts?.bootId;
  if (scene.lookup.nodes.some((each) => each.name !== node && each.facts?.bootId === bootId)) return true;
  return !(scene.lookup.recorded.get(view.uuid.toLowerCase()) ?? []).some((sight) => {
    const shown = sight.node === node ? recordOf(sight) : null;
    return shown !== null && wordsOn(shown) === words;
  });
};

/** Silent nodes on which it might run. `besides`: a node that is spoken of elsewhere. */
export const suspectsOf = (scene: Scene, view: InstanceView, besides: string | null = null): Suspect[] => {
  const { record } = view;
  const former = new Set(record.formerPrimaries);
  // of a record that can't be read now nobody knows whether it is still the last one: it may have been handed over to any node
  const unread = !view.folders.some((each) => each.current && each.seen);
  const suspects: Suspect[] = [];
  for (const { name: node, facts } of scene.lookup.unseen) {
    if (node === besides) continue;
    const last = lastAnswer(scene, view, node);
    if (node === record.primary) suspects.push({ node, why: 'it is its primary' });
    else if (last !== null) suspects.push({ node, why: last });
    else if (node === record.next)
      suspects.push({
        node,
        why:
          record.primary === null
            ? 'it was released to that node, which may have taken it over since'
            : 'a migration to it was begun, and how it ended was not recorded',
      });
    else if (unproved(scene, view, node))
      suspects.push({
        node,
        why: 'it was only vouched to be down, and is not known to have been seen without it since',
      });
    else if (view.replicas.some((each) => each.node === node))
      suspects.push({ node, why: 'it held a replica, from which it may have been started since' });
    else if (record.replicaNodes?.includes(node))
      suspects.push({
        node,
        why: 'it holds, or held, a copy or another state of it, from which it may have been started since',
      });
    else if (unread)
      suspects.push({
        node,
        why: 'no node that answers shows the record, which may have given it to that node since it was seen last',
      });
    else if (view.shared) continue;
    else if (former.has(node))
      suspects.push({ node, why: 'it was its primary, and the storage is not shared' });
    else if (node === record.secondary && !facts?.storages.some((each) => each.id === record.place.storage))
      suspects.push({ node, why: 'it is its secondary, and the storage is not known to be shared with it' });
  }
  return suspects;
};

/** A consent for each suspect, and a warning for every other node that can't be looked at. */
export const vouchChecks = (
  scene: Scene,
  view: InstanceView,
  suspects: readonly Suspect[] = suspectsOf(scene, view),
): Reason[] => {
  const named = new Map(suspects.map((each) => [each.node, each.why]));
  return scene.lookup.unseen.map(({ name: node }) => {
    const why = named.get(node);
    return why === undefined
      ? warning(
          'not-looked-at',
          `${node} is not seen`,
          `${node} can't be asked whether it runs ${view.name}: ${troubleOf(scene, node)}. Nothing says that it ever held it.`,
          { node },
        )
      : consent(
          vouchCode(node),
          `${node} may be alive`,
          `${node} might run ${view.name}: ${why}, and ${troubleOf(scene, node)}. If it does, two guests would write to the same images and destroy them. Say how you know that it is down.`,
          { node },
        );
  });
};
