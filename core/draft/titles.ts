/** The steps of a plan as a draft keeps them: for people, and to see whether the plan made afresh is still the same. */
import type { Intent } from '../plan/intent.ts';
import { isGiven, type Plan, vouchCode } from '../plan/plan.ts';
import { sha256 } from '../plan/sha256.ts';
import type { PlannedChange } from './draft-plan.ts';
import { canonical } from './same.ts';

/** A run's id, of which a plan made afresh has another one: in the names of files that are kept. */
const runMark = /\b(before|removed|partial|adopted)([-.])[a-z0-9]{16}\b/g;

const withoutRun = (text: string, run?: string): string =>
  (run === undefined ? text : text.replaceAll(run, 'RUN')).replaceAll(runMark, '$1$2RUN');

/**
 * Stands below the steps: their titles do not tell a size or a configuration, so a change that was edited by hand is not what was
 * reviewed. An instance may be named by its name or its uuid; which one it is, the steps say.
 */
const wordsMark = 'words of this change: ';
const wordsLine = (intent: Intent): string =>
  `${wordsMark}${sha256(canonical('instance' in intent ? { ...intent, instance: undefined } : intent)).slice(0, 12)}`;

const consentLine = (code: string, given: boolean): string =>
  `consent: ${code}, ${given ? 'given' : 'not given'}`;

/** Consents are read with the plan: one that arises later, or that is given by hand in the file, is not what was reviewed. */
const consentLines = ({ reasons, approval }: Pick<Plan, 'reasons' | 'approval'>): string[] =>
  [
    ...new Set(
      reasons.flatMap(({ severity, code }) =>
        // a word on a silent node is never given in a draft, so a change that still needs it does not run
        severity === 'consent' && !code.startsWith(vouchCode(''))
          ? [consentLine(code, isGiven(approval, code))]
          : [],
      ),
    ),
  ].sort();

/**
 * What was reviewed, once somebody has given or withdrawn consents that the reviewed plan asked for. One that it did not ask for
 * gets no line by this.
 */
export const withConsents = (reviewed: readonly string[], accept: readonly string[]): string[] =>
  reviewed.map((line) => {
    const [, code] = /^consent: (.+), (?:not )?given$/.exec(line) ?? [];
    return code === undefined ? line : consentLine(code, accept.includes(code));
  });

/**
 * "node1, node2: Make sure that web1 runs nowhere", one line for each step, and what stands for the change itself; the same each time
 * the same thing is planned.
 */
export const titlesOf = ({
  steps,
  run,
  intent,
  reasons,
  approval,
}: Pick<Plan, 'steps' | 'run' | 'intent' | 'reasons' | 'approval'>): string[] => [
  ...steps.map(({ nodes, title }) => withoutRun(`${nodes.join(', ')}: ${title}`, run)),
  ...consentLines({ reasons, approval }),
  wordsLine(intent),
];

type Difference = PlannedChange['difference'];

const isForPeople = (line: string): boolean => !line.startsWith(wordsMark);

/** Without the line that stands for the change itself, which only a program can compare. */
export const titlesForPeople = (titles: readonly string[]): string[] => titles.filter(isForPeople);

/** A difference as people read it; `edited` says in a sentence that the change itself is another one, and is null when it is not. */
export const differenceForPeople = (
  difference: Difference,
): { edited: string | null; lines: Difference } => ({
  edited: difference.some(({ sign, text }) => sign !== ' ' && !isForPeople(text))
    ? 'Its words were edited since.'
    : null,
  lines: difference.filter(({ text }) => isForPeople(text)),
});

/** Line by line, by the longest common part: what went away before what came. */
export const differenceOf = (reviewed: readonly string[], now: readonly string[]): Difference => {
  const before = reviewed.map((each) => withoutRun(each));
  // common[i][j]: length of the longest common part of before from i and now from j
  const common = Array.from({ length: before.length + 1 }, () => new Uint32Array(now.length + 1));
  for (let i = before.length - 1; i >= 0; i -= 1)
    for (let j = now.length - 1; j >= 0; j -= 1) {
      const row = common[i];
      if (row)
        row[j] =
          before[i] === now[j]
            ? (common[i + 1]?.[j + 1] ?? 0) + 1
            : Math.max(common[i + 1]?.[j] ?? 0, row[j + 1] ?? 0);
    }
  const lines: Difference = [];
  let i = 0;
  let j = 0;
  while (i < before.length || j < now.length) {
    const old = before[i];
    const line = now[j];
    if (old !== undefined && old === line) {
      lines.push({ sign: ' ', text: old });
      i += 1;
      j += 1;
    } else if (
      old !== undefined &&
      (line === undefined || (common[i + 1]?.[j] ?? 0) >= (common[i]?.[j + 1] ?? 0))
    ) {
      lines.push({ sign: '-', text: old });
      i += 1;
    } else if (line !== undefined) {
      lines.push({ sign: '+', text: line });
      j += 1;
    }
  }
  return lines;
};
