/**
 * A plan's steps as pieces, each for one node: an administrator carries a script from node to node, so a look that asks several
 * nodes is a piece for each, and a copy from node to node is sent on one and proved on the other.
 */
import { type Action, isLook, isStream } from '../../../core/plan/action.ts';
import type { Plan, UndoStep } from '../../../core/plan/plan.ts';

type Planned = {
  /** place of the plan among those of the script */
  plan: number;
  /** of the step in its plan; for an undo, of the step that it takes back */
  index: number;
  /** "7", or "u7.1" */
  id: string;
  title: string;
  nodes: readonly string[];
  action: Action;
};

export type Piece = Omit<Planned, 'nodes'> & {
  node: string;
  /** of several nodes that are asked the same; null when only one is */
  of: readonly string[] | null;
  work:
    | { kind: 'look' | 'change' }
    | { kind: 'write-proof'; directory: string; token: string }
    | { kind: 'read-proof'; directory: string; tokens: { node: string; token: string }[] }
    | { kind: 'remove-proof'; directory: string; tokens: string[] }
    | { kind: 'send' | 'prove'; copy: Extract<Action, { do: 'copy-image' }> };
};

/** A piece with its number in the script, by which its functions are called and by which it is noted as done. */
export type Numbered = Piece & { number: number; label: string; summary: string };

/** Pieces that are run by one command. Named "1", "2", … or "undo1", … */
export type Part = { name: string; node: string; pieces: Numbered[] };

/** No text of a plan ends a line of the script. */
export const oneLine = (text: string): string =>
  text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]+/gu, ' ').trim();

/** What makes the name of a proof file random for each run, step and node. */
export type TokenOf = (plan: number, id: string, node: string) => string;

const pieceOf = (planned: Planned, node: string, work: Piece['work']): Piece => {
  const { nodes, ...rest } = planned;
  return { ...rest, node, of: nodes.length > 1 ? nodes : null, work };
};

/** Proves that are written on one node are read on all others, which takes a way there and back. */
const looksInOrder = (
  looks: readonly Planned[],
  current: string | null,
  next: string | null,
  tokenOf: TokenOf,
): Piece[] => {
  const nodes = [...new Set(looks.flatMap((each) => each.nodes))];
  const proofs = looks.flatMap((each) =>
    each.action.do === 'prove-shared' ? [{ each, directory: each.action.directory }] : [],
  );
  const last = next !== null && nodes.includes(next) ? next : (proofs[0]?.each.nodes[0] ?? null);
  const others = nodes
    .filter((node) => node !== last)
    .sort((a, b) => Number(b === current) - Number(a === current));
  const visits =
    proofs.length > 0 && last !== null
      ? [last, ...others, ...others.slice(0, -1).toReversed(), last]
      : last === null
        ? others
        : [...others, last];
  const written = new Set<string>();
  const read = new Set<string>();
  return visits.flatMap((node, at) => {
    const isLastVisit = !visits.slice(at + 1).includes(node);
    const pieces: Piece[] = [];
    for (const { each, directory } of proofs) {
      if (!each.nodes.includes(node)) continue;
      const tokens = each.nodes.map((writer) => ({
        node: writer,
        token: tokenOf(each.plan, each.id, writer),
      }));
      const fresh = tokens.filter(
        ({ node: writer, token }) => writer !== node && written.has(token) && !read.has(`${node} ${token}`),
      );
      if (fresh.length > 0)
        pieces.push(pieceOf(each, node, { kind: 'read-proof', directory, tokens: fresh }));
      for (const { token } of fresh) read.add(`${node} ${token}`);
      const own = tokens.find(({ node: writer }) => writer === node);
      if (own && !written.has(own.token)) {
        written.add(own.token);
        pieces.push(pieceOf(each, node, { kind: 'write-proof', directory, token: own.token }));
      }
      if (at === visits.length - 1 || (isLastVisit && !each.nodes.includes(last ?? '')))
        pieces.push(
          pieceOf(each, node, { kind: 'remove-proof', directory, tokens: tokens.map(({ token }) => token) }),
        );
    }
    if (isLastVisit)
      for (const each of looks)
        if (each.action.do !== 'prove-shared' && each.nodes.includes(node))
          pieces.push(pieceOf(each, node, { kind: 'look' }));
    return pieces;
  });
};

const firstNodeOf = ({ action, nodes }: Planned): string | null =>
  isStream(action) ? action.from.node : (nodes[0] ?? null);

/** Looks change nothing, so those between two changes are asked node by node; everything else keeps its order. */
const inOrder = (planned: readonly Planned[], tokenOf: TokenOf): Piece[] => {
  const pieces: Piece[] = [];
  let at = 0;
  while (at < planned.length) {
    const each = planned[at];
    if (!each) break;
    if (isLook(each.action)) {
      let end = at;
      while (planned[end] && isLook((planned[end] as Planned).action)) end += 1;
      const next = planned[end];
      pieces.push(
        ...looksInOrder(
          planned.slice(at, end),
          pieces.at(-1)?.node ?? null,
          next ? firstNodeOf(next) : null,
          tokenOf,
        ),
      );
      at = end;
      continue;
    }
    if (isStream(each.action)) {
      const copy = each.action;
      pieces.push(
        pieceOf(each, copy.from.node, { kind: 'send', copy }),
        pieceOf(each, copy.to.node, { kind: 'prove', copy }),
      );
    } else {
      const [node] = each.nodes;
      if (node !== undefined) pieces.push(pieceOf(each, node, { kind: 'change' }));
    }
    at += 1;
  }
  return pieces;
};

/** All that the plans do, in the order in which it is done. */
export const piecesOf = (plans: readonly Plan[], tokenOf: TokenOf): Piece[] =>
  inOrder(
    plans.flatMap((plan, number) => plan.steps.map((step, index) => ({ ...step, plan: number, index }))),
    tokenOf,
  );

/** All that takes a plan back, in its order: of the last step that still can be first. */
export const undoPiecesOf = (plan: Plan, number: number, tokenOf: TokenOf): Piece[] => {
  const commit = plan.steps.findIndex((step) => step.commit);
  const steps = commit < 0 ? plan.steps : plan.steps.slice(0, commit + 1);
  return inOrder(
    steps
      .map((step, index) => ({ step, index }))
      .toReversed()
      .flatMap(({ step, index }) =>
        step.undo.map((undo: UndoStep, at) => ({
          ...undo,
          plan: number,
          index,
          id: `u${step.id}.${at + 1}`,
        })),
      ),
    tokenOf,
  );
};

/** Pieces that follow each other on one node. */
export const partsOf = (pieces: readonly Piece[]): Piece[][] => {
  const parts: Piece[][] = [];
  for (const piece of pieces) {
    const last = parts.at(-1);
    if (last?.[0]?.node === piece.node) last.push(piece);
    else parts.push([piece]);
  }
  return parts;
};
