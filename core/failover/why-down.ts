/** Why an instance whose node is lost goes nowhere, in one sentence and by node. */
import { cutOffTextOf } from '../cluster/hand-over-text.ts';
import { listText } from '../cluster/status.ts';
import { roughly } from '../plan/checks/capacity.ts';
import type { Wanting } from './place.ts';
import { firstClause, readinessOf } from './readiness.ts';
import { judgeIn, type World, type Worlds } from './world.ts';

export type Down = {
  /** "4 GiB fits nowhere: 2.0 GiB short on node1", "node2 has no bridge br-mail" */
  text: string;
  /** nodes that lack nothing but memory, and how much of it, MiB; least first */
  short: { node: string; mib: number }[];
  /** what stands against some of the others: three at most, the likeliest first */
  refused: { node: string; text: string }[];
};

/** "a", "a, b", "a, b and 4 more". */
const few = (texts: readonly string[], more: number): string =>
  more > 0 ? `${texts.join(', ')} and ${more} more` : listText(texts);

const told = 3;

/** @param targets what was left of each node's memory when it chose, MiB */
export const whyDown = (
  worlds: Worlds,
  chain: readonly World[],
  { uuid, name, need, secondary }: Wanting,
  targets: ReadonlyMap<string, number>,
): Down => {
  const nothing = { short: [], refused: [] };
  const [against] = worlds.against;
  if (against) return { text: `nothing can be failed over: ${firstClause(against.text)}`, ...nothing };
  const views = chain.map((each) => each.view(uuid));
  const view = views.at(-1);
  if (!view) return { text: `nothing of ${name} that counts would be seen`, ...nothing };
  if (view.primary === null) return { text: cutOffTextOf(view), ...nothing };
  if (targets.size === 0) return { text: 'no other node answers', ...nothing };
  const short: Down['short'] = [];
  const others: string[] = [];
  for (const [node, left] of targets) {
    if (judgeIn(chain, uuid, node).severity === 'blocks') others.push(node);
    else short.push({ node, mib: need - left });
  }
  short.sort((one, other) => one.mib - other.mib);
  const seers = new Set(
    [...view.folders.filter((each) => each.current), ...view.replicas].map((each) => each.node),
  );
  const likely = (node: string): number => (node === secondary ? 0 : seers.has(node) ? 1 : 2);
  const refused = others
    .toSorted((one, other) => likely(one) - likely(other))
    .slice(0, told)
    .map((node) => {
      // which of the worlds it is that says no
      const [said] = chain.flatMap((world, index) => {
        const here = views[index];
        const readiness = here ? readinessOf(here, node, world.snapshot) : null;
        const block = readiness?.reasons.find((each) => each.severity === 'blocks' && each.code !== 'memory');
        return block ? [block.text] : [];
      });
      return { node, text: firstClause(said ?? `${node} can't take it`) };
    });
  const texts = [...new Set(refused.map((each) => each.text))];
  const text =
    short.length > 0
      ? `${roughly(need)} fits nowhere: ${few(
          short.slice(0, told).map((each) => `${roughly(each.mib)} short on ${each.node}`),
          short.length - told,
        )}`
      : texts.join('; ');
  return { text, short, refused };
};
