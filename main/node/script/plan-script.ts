/** A plan, or several in their order, as a POSIX shell script that an administrator carries to the nodes and runs there by hand. */
import { createHash } from 'node:crypto';
import type { Snapshot } from '../../../core/cluster/snapshot.ts';
import { locksHeldAt } from '../../../core/plan/locks.ts';
import { openReasons, type Plan } from '../../../core/plan/plan.ts';
import { renderAction } from '../actions/index.ts';
import { prelude } from '../prelude.ts';
import { quote } from '../quote.ts';
import { chained } from './chained.ts';
import { headerOf, sectionHead, usageOf } from './comments.ts';
import {
  type Numbered,
  oneLine,
  type Part,
  type Piece,
  partsOf,
  piecesOf,
  type TokenOf,
  undoPiecesOf,
} from './pieces.ts';
import { runtime } from './runtime.ts';
import { knownOf, ScriptError, Writer } from './writer.ts';

const hex = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex');

const words = (...texts: (string | number)[]): string =>
  texts.map((each) => (typeof each === 'number' ? String(each) : quote(oneLine(each)))).join(' ');

const titleOf = (plans: readonly Plan[]): string => {
  const [first] = plans;
  return `${first?.title ?? ''}${plans.length > 1 ? `, and ${plans.length - 1} more` : ''}`
    .slice(0, 300)
    .toWellFormed();
};

const numbered = (plans: readonly Plan[], pieces: readonly Piece[], first: number): Numbered[] =>
  pieces.map((piece, at) => ({
    ...piece,
    number: first + at,
    label: plans.length > 1 ? `${piece.plan + 1}-${piece.id}` : piece.id,
    title: [
      piece.title,
      piece.work.kind === 'send' ? ' (read and sent)' : '',
      piece.work.kind === 'prove' ? ' (what arrived is proved)' : '',
      piece.work.kind === 'write-proof' ? ' (a file is written)' : '',
      piece.work.kind === 'read-proof' ? ' (the file of the others is read)' : '',
      piece.work.kind === 'remove-proof' ? ' (the files go)' : '',
    ].join(''),
    summary: renderAction(piece.action, 'xl').summary.split('\n')[0] ?? '',
  }));

/** Sentences on the guest and on the locks as they are once `done` pieces of a plan are done. */
const standOf = (plan: Plan, index: number): string => {
  const guest = plan.steps.slice(0, index).findLast((step) => step.guest !== null);
  const locks = locksHeldAt({ steps: [...plan.steps.slice(0, index)] }, index);
  return [
    guest?.guest === 'down' ? `The guest ${plan.subject.name} is down since step ${guest.id}.` : '',
    guest?.guest === 'up' ? `The guest ${plan.subject.name} is up since step ${guest.id}.` : '',
    locks.length === 0
      ? ''
      : `Locked by this run (${plan.run}): ${locks.map(({ node, folder }) => `${folder} (through ${node})`).join(', ')}.`,
  ]
    .filter((each) => each !== '')
    .join(' ');
};

/**
 * @param made each was planned on the effect of those before it
 * @param snapshot by which the nodes are known again
 * @throws ScriptError where a plan is not to be run, or a node is not known
 */
export const planScript = (made: readonly Plan[], snapshot: Snapshot, madeAt: number): string => {
  const plans = made.map((plan, at) => (at === 0 ? plan : chained(plan, snapshot)));
  for (const plan of plans)
    if (openReasons(plan).length > 0)
      throw new ScriptError(
        `“${plan.title}” does not run as it stands, so no script is made of it: ${openReasons(plan)
          .map(({ title, text }) => `${title}: ${text}`)
          .join(' ')}`,
      );
  const steps = plans.flatMap((plan) => plan.steps);
  if (steps.length === 0) throw new ScriptError('This plan has no steps: there is nothing to be scripted.');
  const first = plans[0];
  const id =
    plans.length === 1 && first ? first.run : hex(plans.map(({ run }) => run).join('\n')).slice(0, 16);
  const tokenOf: TokenOf = (plan, step, node) => hex([id, plan, step, node].join('\n')).slice(0, 32);
  const pieces = numbered(plans, piecesOf(plans, tokenOf), 1);
  const backs = plans.map((plan, at) => undoPiecesOf(plan, at, tokenOf));
  const undoPieces = numbered(plans, backs.flat(), pieces.length + 1);
  const named = new Set([...pieces, ...undoPieces].map(({ node }) => node));
  const writer = new Writer(plans, new Map([...named].map((node) => [node, knownOf(snapshot, node)])));
  const parts: Part[] = asParts(pieces, (at) => String(at + 1));
  const undoParts: Part[] = [];
  for (const at of plans.keys())
    undoParts.push(
      ...asParts(
        undoPieces.filter(({ plan }) => plan === at),
        (number) => `undo${undoParts.length + number + 1}`,
      ),
    );

  const keyOf = new Map<string, number>();
  for (const { plan, index, number } of pieces) {
    const key = `${plan} ${index}`;
    if (!keyOf.has(key)) keyOf.set(key, number);
  }
  const keyOfUndone = (piece: Piece): number => keyOf.get(`${piece.plan} ${piece.index}`) ?? 0;
  const commits = new Set(
    pieces.filter((piece) => plans[piece.plan]?.steps[piece.index]?.commit).map(({ number }) => number),
  );

  /** A line for each number of a piece that may be the last to have changed something. */
  const undoAt = (): string => {
    const lines = pieces.map((piece) => {
      const committed = pieces.find(
        ({ plan, number }) => plan === piece.plan && commits.has(number) && number <= piece.number,
      );
      const part = undoParts.find(({ pieces: own }) =>
        own.some((undo) => undo.plan === piece.plan && keyOfUndone(undo) <= piece.number),
      );
      const back = part === undefined ? '' : `${part.node} ${part.name}`;
      const step = plans[piece.plan]?.steps[piece.index];
      const isLast = pieces.findLast(({ plan }) => plan === piece.plan) === piece;
      if (isLast && piece.plan < plans.length - 1) return { number: piece.number, to: `''` };
      if (committed === undefined) return { number: piece.number, to: quote(back) };
      if (committed === piece && (step?.undo.length ?? 0) > 0)
        return { number: piece.number, to: `"\${script_half:+${back}}"`, forward: true };
      return { number: piece.number, to: 'forward' };
    });
    return `script_undo_at() { # $1 number of the last piece that may have changed something: node and part that take it back, "forward", or nothing
case $1 in
${lines
  .map(({ number, to, forward }) =>
    forward
      ? `  ${number}) if [ -n "$script_half" ]; then echo ${to}; else echo forward; fi ;;`
      : `  ${number}) echo ${to} ;;`,
  )
  .join('\n')}
  *) ;;
esac
}
`;
  };

  const vouched = plans.flatMap((plan) => plan.approval.vouched);
  const downs = [...new Map(vouched.map((each) => [each.node, each])).values()];
  const downLines = downs.map(({ node, how }) => `script_down ${words(node, how)}\n`).join('');

  const section = (part: Part, at: number): string => {
    const last = part.pieces.at(-1);
    const before = parts[at - 1];
    const after = parts[at + 1];
    let claimed = -1;
    let told = '';
    const calls = part.pieces.map((piece) => {
      const plan = plans[piece.plan];
      if (!plan) return '';
      const lines: string[] = [];
      if (piece.plan !== claimed) {
        claimed = piece.plan;
        lines.push(`script_claim ${words(plan.run)}`);
      }
      const stand = standOf(plan, piece.index);
      if (stand !== told) {
        told = stand;
        lines.push(`script_guest=${quote(oneLine(stand))}`);
      }
      const { action, number, label, title, summary } = piece;
      if (action.do === 'run-os-create' && action.secret.length > 0)
        lines.push(`script_secret ${number} ${action.secret.map(quote).join(' ')}`);
      const isLook = !['change', 'send', 'prove'].includes(piece.work.kind);
      lines.push(
        isLook
          ? `script_look ${words(number, label, title, summary)}`
          : `script_change ${words(number, label, title, summary, action.do === 'start-domain' ? 'runs' : piece.work.kind === 'send' ? 'again' : '')}`,
      );
      if (lines.some((line) => line.startsWith('script_secret '))) lines.push('unset VBDESK_SECRET');
      return `${lines.join('\n')}\n`;
    });
    return `${sectionHead(part, parts.length, writer.node(part.node).hostname)}
${part.pieces.map((piece) => writer.functions(piece, false)).join('\n')}
part_${part.name}() { # $1 word of the part before
script_begin ${words(part.name, part.node, writer.node(part.node).hostname)}
${before ? `script_accept "\${1-}" ${words(before.name, before.node, part.pieces[0]?.number ?? 0)}\n` : ''}${downLines}script_forward ${last?.number ?? 0}
${toolstackLine(part)}${calls.join('')}${
  after ? `script_next ${words(part.name, `${after.node} ${after.name}`)}` : "script_end 'All of it is done.'"
}
}
`;
  };

  const undoSection = (part: Part): string => {
    const own = undoParts.filter(({ pieces: [piece] }) => piece?.plan === part.pieces[0]?.plan);
    const at = own.indexOf(part);
    const before = own[at - 1];
    const after = own[at + 1];
    const firstBack = part.pieces[0]?.number ?? 0;
    let claimed = -1;
    return `${sectionHead(part, undoParts.length, writer.node(part.node).hostname)}
${part.pieces.map((piece) => writer.functions(piece, true)).join('\n')}
part_${part.name}() { # $1 word of the part that failed, or that took back what came later
script_begin ${words(part.name, part.node, writer.node(part.node).hostname)}
case \${1-} in
  back.* | '') script_entry ${words(part.name)} "\${1-}" ;;
  *) script_accept "$1" ${before ? words(before.name, before.node, firstBack) : words('back', 'the node of the part that failed', firstBack)} ;;
esac
: >"$script_book/undone"
script_say "Taking back, on $script_node:"
${toolstackLine(part)}${part.pieces
  .map((piece) => {
    const run = plans[piece.plan]?.run ?? '';
    const claim = claimed === piece.plan ? '' : `script_claim ${words(run)}\n`;
    claimed = piece.plan;
    return `${claim}script_back ${words(keyOfUndone(piece), piece.label, piece.title, piece.summary, piece.number)}\n`;
  })
  .join('')}${
  after
    ? `script_next ${words(part.name, `${after.node} ${after.name}`)}`
    : "script_end 'All that was done is taken back. This script does nothing any more; export a new one.'"
}
}
`;
  };

  const toolstackLine = ({ node }: Part): string =>
    writer.isMixed ? `script_toolstack_${writer.node(node).toolstack}\n` : '';

  // written twice: only then is known which functions they need, and of which toolstacks
  const all = (): string => `${parts.map(section).join('\n')}\n${undoParts.map(undoSection).join('\n')}`;
  all();
  const sections = all();
  const arms = [...parts, ...undoParts].map(({ name, node }) => {
    const alone = parts.length === 1 && name === '1';
    return `  ${quote(`${node} ${name}`)}${alone ? ` | ${quote(`${node} `)}` : ''}) part_${name} "\${3-}" ;;`;
  });
  return `#!/bin/sh
${headerOf({ plans, parts, undoParts, id, madeAt, cluster: snapshot.cluster.name, downs })}
# shellcheck shell=sh
# 2015: "a && b || stop" means just that. 2016: programs of awk stand in single quotes. 2034: what a step and its check are given is
# the same text. 2317: steps are functions that are called by their numbers. 1003: a backslash in single quotes is one. 2030, 2031: each
# step is in a subshell of its own. 2089, 2090: quotes in a value are a part of it.
# shellcheck disable=SC1003,SC2015,SC2016,SC2030,SC2031,SC2034,SC2089,SC2090,SC2317
set -eu

${prelude}
script_id=${quote(id)}
script_title=${quote(oneLine(titleOf(plans)))}
script_all_down=${quote(downs.map(({ node }) => node).join(' '))}

# ---------------------------------------------------------------- how a part is run

${runtime}
${undoAt()}
# ---------------------------------------------------------------- what several steps use

${writer.library}
${sections}
# ---------------------------------------------------------------- which part

${usageOf(parts, undoParts)}
case "\${1-} \${2-}" in
${arms.join('\n')}
  *) script_usage >&2; exit 2 ;;
esac
`;
};

const asParts = (pieces: readonly Numbered[], nameOf: (at: number) => string): Part[] =>
  (partsOf(pieces) as Numbered[][]).map((own, at) => ({
    name: nameOf(at),
    node: own[0]?.node ?? '',
    pieces: own,
  }));
