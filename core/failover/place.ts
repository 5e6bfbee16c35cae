/**
 * Where instances go whose node is lost: ready before consent, the secondary before others, then the node with most free memory.
 * The order in which they choose is fixed, so that one snapshot has one answer: first those whose files fewest nodes show, then
 * the largest, then by name.
 */
import type { Judged, Severity } from './judge.ts';

export type Wanting = {
  uuid: string;
  name: string;
  /** MiB; 0 where it stays stopped */
  need: number;
  secondary: string | null;
  /** nodes that could have its files, at most */
  seers: number;
  on: (target: string) => Judged;
};

export type Placed = { to: string; severity: Exclude<Severity, 'blocks'>; way: Judged['way'] };

export type Placement = {
  /** null: it stays down */
  of: ReadonlyMap<string, Placed | null>;
  /** MiB that are left on each node in the end */
  free: ReadonlyMap<string, number>;
  /** MiB that were left when an instance that stays down chose */
  freeThen: ReadonlyMap<string, ReadonlyMap<string, number>>;
};

const inOrder = (one: Wanting, other: Wanting): number =>
  one.seers - other.seers ||
  other.need - one.need ||
  (one.name < other.name ? -1 : one.name > other.name ? 1 : one.uuid < other.uuid ? -1 : 1);

/** @param free MiB of the nodes that can be chosen, in the cluster's order */
export const place = (wanting: readonly Wanting[], free: ReadonlyMap<string, number>): Placement => {
  const left = new Map(free);
  // most free memory first; nodes with as much stay in the cluster's order
  const nodes = [...free.keys()];
  const order = new Map(nodes.map((each, index) => [each, index]));
  const leftOn = (node: string): number => left.get(node) ?? 0;
  const before = (one: string, other: string): boolean =>
    leftOn(one) > leftOn(other) ||
    (leftOn(one) === leftOn(other) && (order.get(one) ?? 0) < (order.get(other) ?? 0));
  nodes.sort((one, other) => (before(one, other) ? -1 : 1));
  const take = (node: string, need: number): void => {
    if (need === 0) return;
    left.set(node, leftOn(node) - need);
    for (let at = nodes.indexOf(node); ; at += 1) {
      const next = nodes[at + 1];
      if (next === undefined || before(node, next)) break;
      nodes[at] = next;
      nodes[at + 1] = node;
    }
  };
  const choose = ({ need, secondary, on }: Wanting): Placed | null => {
    let second: Placed | null = null;
    const isReady = (node: string): Placed | null => {
      const { severity, way } = on(node);
      if (severity === 'blocks') return null;
      const found: Placed = { to: node, severity, way };
      if (severity === 'fine') return found;
      second ??= found;
      return null;
    };
    if (secondary !== null && left.has(secondary) && (need === 0 || leftOn(secondary) >= need)) {
      const found = isReady(secondary);
      if (found) return found;
    }
    for (const node of nodes) {
      if (need > 0 && leftOn(node) < need) break;
      const found = node === secondary ? null : isReady(node);
      if (found) return found;
    }
    return second;
  };
  const of = new Map<string, Placed | null>();
  const freeThen = new Map<string, ReadonlyMap<string, number>>();
  for (const each of wanting.toSorted(inOrder)) {
    const placed = choose(each);
    of.set(each.uuid, placed);
    if (placed) take(placed.to, each.need);
    else freeThen.set(each.uuid, new Map(left));
  }
  return { of, free: left, freeThen };
};
