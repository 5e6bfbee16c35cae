/** What a script says to whoever reads it before it is run. */

import { isLook } from '../../../core/plan/action.ts';
import { isGiven, type Plan } from '../../../core/plan/plan.ts';
import { isoOf } from '../../../core/plan/scene.ts';
import { quote } from '../quote.ts';
import { type Numbered, oneLine, type Part } from './pieces.ts';

const width = 110;

/** Lines of comment, folded between words. */
const comment = (text: string, indent = ''): string => {
  const lines: string[] = [];
  let line = '';
  for (const word of oneLine(text).split(' ')) {
    if (line !== '' && line.length + word.length + indent.length + 3 > width) {
      lines.push(line);
      line = `  ${word}`;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  lines.push(line);
  return lines.map((each) => `# ${indent}${each}`.trimEnd()).join('\n');
};

const reasonLines = (plan: Plan): string[] =>
  plan.reasons.flatMap((each) => {
    if (each.severity === 'warning') return [comment(`Warning: ${each.title}: ${each.text}`, '  ')];
    if (each.severity === 'consent' && isGiven(plan.approval, each.code))
      return [comment(`Agreed: ${each.title}: ${each.text}`, '  ')];
    return [];
  });

const partLine = ({ name, node, pieces }: Part): string =>
  comment(
    `part ${name}, on ${node}: ${pieces.map(({ label, title }) => `${label} ${title}`).join('; ')}`,
    '  ',
  );

export const headerOf = (given: {
  plans: readonly Plan[];
  parts: readonly Part[];
  undoParts: readonly Part[];
  id: string;
  madeAt: number;
  cluster: string;
  downs: readonly { node: string; how: string }[];
}): string => {
  const { plans, parts, undoParts } = given;
  const [firstPart] = parts;
  const compares = plans.some((plan) => plan.steps.some(({ action }) => action.do === 'hash-images'));
  return [
    '#',
    ...plans.map((plan, at) => comment(plans.length > 1 ? `${at + 1}. ${plan.title}` : plan.title)),
    '#',
    comment(
      `Made by VBDesk for the cluster ${given.cluster} from what its nodes said at ${isoOf(given.madeAt)}. Run by hand, it does the same as VBDesk would, without VBDesk: every look, lock and check is in it.`,
    ),
    ...plans.map((plan) =>
      comment(`Its locks say that run ${plan.run} holds them${plans.length > 1 ? ` (${plan.title})` : ''}.`),
    ),
    ...plans.flatMap(reasonLines),
    '#',
    '# HOW IT IS RUN',
    comment(
      parts.length === 1
        ? `Copy this one file to ${firstPart?.node} and run it there as root: sh THIS-FILE ${firstPart?.node}`
        : `Copy this one file to each of the nodes and run its parts there as root, in this order and one soon after the other. Each part ends with the command for the next one, which carries a word: only who has it knows that the part before has ended well. Begin with: sh THIS-FILE ${firstPart?.node} 1`,
    ),
    ...parts.map(partLine),
    comment(
      'Use a terminal that outlives your connection (screen, tmux). What was begun is never cut off by Ctrl-C: it stops behind the step that is under way. When it was cut off all the same, give the same command again: it goes on, and does nothing twice.',
    ),
    ...given.downs.map(({ node, how }) =>
      comment(
        `It rests on the word that ${node} is down (${how}). Each part wants to hear that again: STILL_DOWN=${node} sh THIS-FILE …`,
      ),
    ),
    ...(undoParts.length > 0
      ? [
          comment(
            'When a step fails, it says how all of it is taken back, up to the point of no return; behind that it only goes forward. Parts that take back:',
          ),
          ...undoParts.map(({ name, node }) => `#   part ${name}, on ${node}`),
        ]
      : []),
    ...(compares
      ? [
          comment(
            'It prints what is in the images (content hashes); what VBDesk says of them, you compare yourself.',
          ),
        ]
      : []),
    comment(
      `Exit codes: 0 done; 1 a step failed; 2 not run as told here; 3 too late after the part before; 4 taking back failed; 73 or 75 refused; 130 stopped as asked. What was done is noted in /var/lib/vbdesk/scripts/${given.id} on each node, which may be deleted once all is done.`,
    ),
    comment(
      'VBDesk does not list what this script does among its runs. While it is at work, VBDesk sees its locks and leaves the instance alone.',
    ),
    '#',
  ].join('\n');
};

export const sectionHead = ({ name, node }: Part, count: number, hostname: string): string =>
  `# ================================================================
${comment(name.startsWith('undo') ? `Taking back, part ${name}, on ${node} (host name ${hostname})` : `Part ${name} of ${count}, on ${node} (host name ${hostname})`)}
# ================================================================
`;

export const stepComment = (piece: Numbered): string =>
  `${comment(`Step ${piece.label}${isLook(piece.action) ? ', a look' : ''}: ${piece.title}`)}
${comment(`$ ${piece.summary}`, '  ')}
`;

/** How it is called, for who calls it otherwise. */
export const usageOf = (parts: readonly Part[], undoParts: readonly Part[]): string => {
  const words = [...parts, ...undoParts].map(({ name, node }, at) =>
    quote(`${node} ${name}${at === 0 ? '' : ' WORD'}`),
  );
  return `script_usage() {
printf '%s\\n' 'This script is run part by part, each on its node, as told in its first lines:'
${words.map((each) => `printf '  sh %s %s\\n' "$0" ${each}`).join('\n')}
echo 'WORD is printed by the part before.'
}
`;
};
