/** The steps of a script as shell functions, and the shared functions that they need. */
import type { Snapshot } from '../../../core/cluster/snapshot.ts';
import { sshAddress } from '../../../core/plan/action.ts';
import { locksHeldAt, streamLocksAt } from '../../../core/plan/locks.ts';
import type { Plan } from '../../../core/plan/plan.ts';
import { checksOwnLock } from '../../engine/entries.ts';
import { jobsEndedScript } from '../../engine/job.ts';
import { guardScript, proveShared, renderAction } from '../actions/index.ts';
import { takeApart } from '../shell/assemble.ts';
import type { Toolstack } from '../shell/toolstack.ts';
import { stepComment } from './comments.ts';
import { Functions } from './functions.ts';
import type { Numbered, Piece } from './pieces.ts';
import { proveText, sendText } from './streams.ts';

/** A plan that no script can be made of, with the reason as a sentence. */
export class ScriptError extends Error {
  override name = 'ScriptError';
}

/** By what a node is known where the script runs. */
export type Known = { hostname: string; toolstack: Toolstack; bootId: string; peers: string[] };

/** @throws ScriptError where the node never answered */
export const knownOf = (snapshot: Snapshot, name: string): Known => {
  const node = snapshot.nodes.find((each) => each.name === name);
  if (!node?.facts)
    throw new ScriptError(
      `${name} did not answer when the plan was made, so its host name is not known, by which the script tells where it is run.`,
    );
  const { hostname, bootId, toolstack } = node.facts;
  const target = snapshot.cluster.nodes.find((each) => each.name === name)?.target.host;
  const peers = [name, hostname, ...(target === undefined ? [] : [target])];
  return {
    hostname,
    bootId,
    toolstack: toolstack ?? 'xl',
    peers: [...new Set(peers)].filter((each) => sshAddress.safeParse(each).success),
  };
};

/** What one script is written from. */
export class Writer {
  readonly #plans: readonly Plan[];
  readonly #known: ReadonlyMap<string, Known>;
  readonly #functions = new Functions();

  constructor(plans: readonly Plan[], known: ReadonlyMap<string, Known>) {
    this.#plans = plans;
    this.#known = known;
  }

  #plan(piece: Piece): Plan {
    const plan = this.#plans[piece.plan];
    if (!plan) throw new Error(`no plan ${piece.plan}`);
    return plan;
  }

  node(name: string): Known {
    const known = this.#known.get(name);
    if (!known) throw new Error(`no node ${name}`);
    return known;
  }

  get library(): string {
    return this.#functions.text();
  }

  get isMixed(): boolean {
    return this.#functions.isMixed;
  }

  /** A text's own body; the functions that it needs stand once in the script. */
  #body(text: string, toolstack: Toolstack = 'xl'): string {
    const { functions, body } = takeApart(text, toolstack);
    this.#functions.need(functions, toolstack);
    return body.trimEnd();
  }

  /** Bodies of act and check. */
  #texts(piece: Numbered): { act: string; check: string | null } {
    const { work } = piece;
    const { run } = this.#plan(piece);
    const apart = (text: string): string => `(\n${this.#body(text)}\n) || exit`;
    switch (work.kind) {
      case 'write-proof': {
        const { directory, token } = work;
        return {
          act: `${apart(proveShared.remove(directory, token))}\n${this.#body(proveShared.write(directory, token))}`,
          check: null,
        };
      }
      case 'read-proof':
        return {
          act: work.tokens.map(({ token }) => apart(proveShared.read(work.directory, token))).join('\n'),
          check: null,
        };
      case 'remove-proof':
        return {
          act: work.tokens.map((token) => apart(proveShared.remove(work.directory, token))).join('\n'),
          check: null,
        };
      case 'send': {
        const { copy } = work;
        const far = copy.from.node === copy.to.node ? null : this.node(copy.to.node);
        return {
          act: `content_sent() {
  sed -n 's/^content \\([0-9a-f]*\\) \\([0-9]*\\)$/sent${piece.number}=\\1:\\2/p' "$script_book/out"
}
${apart(sendText(run, copy, { to: this.#streamLocks(piece, copy.to) }, far))}
content_sent >>"$script_book/data"`,
          check: 'exit 10',
        };
      }
      case 'prove':
        return {
          act: `wanted=$(script_value sent${piece.number - 1})\n${this.#body(proveText(run, work.copy))}`,
          check: 'exit 10',
        };
      default: {
        if (piece.action.do === 'jobs-ended') return { act: jobsEndedScript(piece.action.run), check: null };
        const { toolstack } = this.node(piece.node);
        const { act, check } = renderAction(piece.action, toolstack);
        return {
          act: this.#body(act, toolstack),
          check: check === null ? null : this.#body(check, toolstack),
        };
      }
    }
  }

  #streamLocks(piece: Piece, side: { node: string; path: string }): string[] {
    return streamLocksAt(this.#plan(piece), piece.index, side);
  }

  #locks(piece: Numbered, isUndo: boolean): string[] {
    const { work } = piece;
    if (work.kind === 'send') return this.#streamLocks(piece, work.copy.from);
    if (work.kind === 'prove') return this.#streamLocks(piece, work.copy.to);
    if (work.kind !== 'change') return [];
    if (isUndo && checksOwnLock({ nodes: [piece.node], title: piece.title, action: piece.action })) return [];
    return locksHeldAt(this.#plan(piece), piece.index).map(({ folder }) => folder);
  }

  /** act, check and guard of a piece, below what it is. */
  functions(piece: Numbered, isUndo: boolean): string {
    const { act, check } = this.#texts(piece);
    const locks = this.#locks(piece, isUndo);
    const named = (name: string, body: string): string =>
      `${name}_${piece.number}() {\n${body.trimEnd()}\n}\n`;
    const guard =
      locks.length === 0
        ? `guard_${piece.number}() { :; }\n`
        : named('guard', this.#body(guardScript(locks, this.#plan(piece).run)));
    return [
      stepComment(piece),
      check === null && !isUndo ? '' : guard,
      named('act', act),
      check === null || isUndo ? '' : named('check', check),
    ].join('');
  }
}
