/** Nobody on any node of the cluster uses a file: what the nodes said, what silent ones might do, and the look just before a change. */

import { listText } from '../../cluster/status.ts';
import { blindNodes, maySee, nodesSeeing, usersOf } from '../../cluster/users.ts';
import { vouchCode } from '../plan.ts';
import type { Reason } from '../reason.ts';
import { blocks, consent, type Scene } from '../scene.ts';
import type { StepList } from '../step-list.ts';
import { troubleOf } from './nodes.ts';

export type UsedFile = { node: string; path: string };
type Words = {
  code: string;
  title: string;
  field?: string;
  /** end of "loop0 on node2 has /path open" */
  why: string;
  /** only what may write counts: many may read a base at once */
  writers?: boolean;
};

/** Loop devices may write; a process that has a file open tells that only on the node. */
const writes = (by: string): boolean => by.startsWith('loop');

/** Blocks for each node that answers and has the file open, or can't tell whether it has. */
export const nobodyUses = (
  scene: Scene,
  { node, path }: UsedFile,
  { code, title, field, why, writers = false }: Words,
): Reason[] => {
  const about = (on: string) => ({ node: on, ...(field === undefined ? {} : { field }) });
  return [
    ...usersOf(scene.lookup, node, path).flatMap(({ node: on, path: there, by }) => {
      const found = writers ? by.filter(writes) : by;
      return found.length === 0
        ? []
        : [blocks(code, title, `${listText(found)} on ${on} has ${there} open${why}`, about(on))];
    }),
    ...blindNodes(scene.lookup, node, path).map(({ node: on, why: hidden }) =>
      blocks(
        'use-unknown',
        title,
        `Whether ${on} has ${path} open can't be told, since ${hidden}. See to that on ${on}, then ask again.`,
        about(on),
      ),
    ),
  ];
};

/** Silent nodes that may have the file open: each needs somebody's word. `besides`: nodes for which one is asked already. */
export const silentMayUse = (
  scene: Scene,
  { node, path }: UsedFile,
  harm: string,
  besides: readonly string[] = [],
): Reason[] =>
  scene.lookup.unseen
    .filter((each) => !besides.includes(each.name) && maySee(scene.lookup, each, node, path))
    .map(({ name: on }) =>
      consent(
        vouchCode(on),
        `${on} may be alive`,
        `${on} may have ${path} open: ${troubleOf(scene, on)}. ${harm} Say how you know that it is down.`,
        { node: on },
      ),
    );

/** Nodes for which these reasons want somebody's word. */
export const vouchedIn = (reasons: readonly Reason[]): string[] =>
  reasons.flatMap((each) =>
    each.node !== undefined && each.severity === 'consent' && each.code === vouchCode(each.node)
      ? [each.node]
      : [],
  );

/** On every node that answers and may see them, under the paths that they have there. */
const addLook = (
  list: StepList,
  scene: Scene,
  node: string,
  paths: readonly string[],
  title: string,
  what: 'check-unused' | 'check-unwritten',
): void => {
  const asked = new Map<string, Set<string>>();
  for (const path of paths)
    for (const { node: on, path: there } of nodesSeeing(scene.lookup, node, path))
      asked.set(on, (asked.get(on) ?? new Set()).add(there));
  // nodes that call them the same are asked at once
  const groups = Map.groupBy(asked, ([, files]) => JSON.stringify([...files]));
  for (const group of groups.values()) {
    const [first] = group;
    if (!first) continue;
    const files = [...first[1]];
    list.add(
      group.map(([on]) => on),
      title,
      what === 'check-unused' ? { do: 'check-unused', files } : { do: 'check-unwritten', files },
    );
  }
};

export const addUnused = (
  list: StepList,
  scene: Scene,
  node: string,
  paths: readonly string[],
  title: string,
): void => addLook(list, scene, node, paths, title, 'check-unused');

/** For a file that others may read meanwhile: a base, a template. */
export const addUnwritten = (
  list: StepList,
  scene: Scene,
  node: string,
  path: string,
  title = `Make sure that nobody writes to ${path}`,
): void => addLook(list, scene, node, [path], title, 'check-unwritten');
