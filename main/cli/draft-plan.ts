/** `vbdesk draft plan`: what each change of a draft comes to, upon the effect of those before it, and what all of it costs. */
import type { Command } from 'commander';
import { ageText } from '../../core/cluster/status.ts';
import type { Draft, DraftFile } from '../../core/draft/draft.ts';
import type { ChangeCost, DraftCost, DraftPlan, PlannedChange } from '../../core/draft/draft-plan.ts';
import { differenceForPeople, titlesForPeople, titlesOf } from '../../core/draft/titles.ts';
import { planWithoutSecrets } from '../../core/plan/secrets.ts';
import { exitCodes } from './cli-error.ts';
import type { Action } from './command.ts';
import type { CommandContext } from './context.ts';
import { draftOf, fileOf } from './draft-file.ts';
import { indented, shortBytes, shortMebibytes, table, timeText } from './table.ts';

type Paint = ReturnType<CommandContext['style']>;

const words: Readonly<Record<PlannedChange['outcome'], string>> = {
  unchanged: 'as reviewed',
  changed: 'changed',
  impossible: 'not possible',
  'done-already': 'done already',
};
const colors = { unchanged: 'green', changed: 'yellow', impossible: 'red', 'done-already': 'dim' } as const;

const secondsText = (seconds: number): string => `down for about ${ageText(seconds * 1000)}`;

const costLines = ({ copiedBytes, newBytes, memory, down, consents }: ChangeCost): string[] => [
  ...(copiedBytes > 0 ? [`Copies ${shortBytes(copiedBytes)}.`] : []),
  ...(newBytes > 0 ? [`Promises ${shortBytes(newBytes)} more on the storage.`] : []),
  ...memory.map(({ node, mib }) =>
    mib < 0
      ? `Gives ${shortMebibytes(-mib)} of memory back on ${node}.`
      : `Takes ${shortMebibytes(mib)} of memory on ${node}.`,
  ),
  ...down.map(({ instance, seconds }) => `${instance} is ${secondsText(seconds)}.`),
  ...consents.map(({ title, text, code, given }) =>
    given ? `agreed   ${title}: ${text}` : `consent  ${title}: ${text}\n         If you accept that: ${code}`,
  ),
];

const stepsText = ({ difference, view, outcome }: PlannedChange, paint: Paint): string => {
  if (outcome === 'done-already') return '';
  const { edited, lines } = differenceForPeople(difference);
  const steps = lines.some(({ sign }) => sign !== ' ')
    ? lines.map(({ sign, text }) =>
        paint(sign === '+' ? 'green' : sign === '-' ? 'red' : 'dim', `${sign} ${text}`),
      )
    : titlesForPeople(view ? titlesOf(view.plan) : []).map((each) => `  ${each}`);
  return [...(edited === null ? [] : [edited]), ...steps].join('\n');
};

const changeText = (planned: PlannedChange, draft: Draft | null, paint: Paint): string => {
  const { id, outcome, view, reasons, unknown, cost } = planned;
  const change = draft?.changes.find((each) => each.id === id);
  const title = view?.plan.title ?? change?.intent.kind ?? '';
  const word = outcome === 'unchanged' && change?.reviewed === null ? 'not reviewed yet' : words[outcome];
  const parts = [
    `${paint('bold', `${id}: ${title}`)} (${paint(colors[outcome], word)})`,
    ...(change?.note ? [indented(change.note)] : []),
    ...reasons.map((each) =>
      indented(outcome === 'impossible' ? `${paint('red', 'blocks ')}  ${each}` : each),
    ),
    ...unknown.map((each) => indented(`${paint('yellow', 'unknown')}  ${each}`)),
    indented(stepsText(planned, paint)),
    ...costLines(cost).map((each) => indented(each)),
  ];
  return parts.filter((each) => each !== '').join('\n');
};

const totalText = ({ storage, nodes, ...cost }: DraftCost): string => {
  const bytes = storage.filter((each) => each.freeBytes !== each.freeBytesAfter);
  const memory = nodes.filter((each) => each.freeMib !== each.freeMibAfter);
  const lines = costLines({ ...cost, memory: [], consents: [] });
  const open = cost.consents.filter((each) => !each.given).length;
  if (open > 0) lines.push(`${open} ${open === 1 ? 'consent is' : 'consents are'} asked for.`);
  return [
    ...lines,
    ...(bytes.length + memory.length === 0
      ? []
      : [
          table(
            [
              { title: 'Node' },
              { title: 'Of' },
              { title: 'Free now', right: true },
              { title: 'After', right: true },
            ],
            [
              ...bytes.map(({ nodes: on, path: at, freeBytes, freeBytesAfter }) => [
                ...[on.join(','), at, shortBytes(Math.max(0, freeBytes))],
                freeBytesAfter < 0 ? 'too little' : shortBytes(freeBytesAfter),
              ]),
              ...memory.map(({ node, freeMib, freeMibAfter }) => [
                ...[node, 'memory', shortMebibytes(Math.max(0, freeMib))],
                freeMibAfter < 0 ? 'too little' : shortMebibytes(freeMibAfter),
              ]),
            ],
          ),
        ]),
  ].join('\n');
};

/** All of it for people; changes that were applied are only counted. */
export const draftPlanText = (plan: DraftPlan, { draft, path: file }: DraftFile, paint: Paint): string => {
  const seen =
    plan.at === null ? 'No node has ever answered.' : `Nodes last answered at ${timeText(plan.at)}.`;
  const total = totalText(plan.cost);
  return [
    ...(plan.offline
      ? [paint('yellow', `No node answers: this is planned on what they showed last. ${seen}`)]
      : []),
    ...(plan.changes.length === 0 ? [`${file} holds no changes.`] : []),
    ...plan.changes.map((each) => changeText(each, draft, paint)),
    ...(total === '' ? [] : [`${paint('bold', 'All of it')}\n${indented(total)}`]),
  ].join('\n\n');
};

const documentOf = (plan: DraftPlan, file: DraftFile): Record<string, unknown> => ({
  path: file.path,
  ...plan,
  changes: plan.changes.map((each) => ({
    ...each,
    steps: each.view ? titlesOf(each.view.plan) : [],
    view: each.view && { ...each.view, plan: planWithoutSecrets(each.view.plan) },
  })),
});

type Options = { offline?: boolean; only?: string[] };

const plan = async (context: CommandContext, given: string, options: Options): Promise<void> => {
  const file = await fileOf(context, given);
  draftOf(context, file);
  const made = await context.call('draft.plan', {
    path: file.path,
    fresh: options.offline !== true,
    ...(options.only && { only: options.only }),
  });
  context.result(documentOf(made, file), draftPlanText(made, file, context.style('out')));
  if (made.changes.some((each) => each.outcome === 'impossible')) context.exitCode = exitCodes.refused;
};

export const addDraftPlan = (draft: Command, action: Action): void => {
  draft
    .command('plan <file>')
    .description(
      'what each change of a draft comes to now, upon the effect of those before it, and what it costs',
    )
    .option('--offline', 'ask no node: plan on what they showed last')
    .option('--only <ids>', 'only these changes, joined by commas', (value: string) => value.split(','))
    .addHelpText(
      'after',
      `
Each change is planned afresh, in order: as reviewed, changed (with the difference of its steps), not possible (with every
reason), or done already. Nothing is run, and the file stays as it is. Where no node answers it is planned on what they showed
last, and what that leaves open is said with its age. It ends with 3 when a change is not possible.

Examples:
  vbdesk draft plan tuesday.vbdesk.yaml
  vbdesk draft plan tuesday.vbdesk.yaml --offline --json
`,
    )
    .action(action(plan));
};
