/** `vbdesk cluster readiness` and `vbdesk cluster what-if`: who would survive which loss, as tables and as JSON. Both only look. */
import { deriveInstances } from '../../core/cluster/instances.ts';
import type { Snapshot } from '../../core/cluster/snapshot.ts';
import { listText } from '../../core/cluster/status.ts';
import { nodesOf, readinessRow } from '../../core/failover/matrix.ts';
import { type Readiness, readinessOf } from '../../core/failover/readiness.ts';
import { clusterScore } from '../../core/failover/survival.ts';
import { type Fate, headline, type WhatIf, whatIf } from '../../core/failover/what-if.ts';
import { exitCodes, usageError } from './cli-error.ts';
import type { CommandContext } from './context.ts';
import { chooseCluster, knownNode, lookAt, mustHaveAnswered, noteSilentNodes } from './resolve.ts';
import { shortMebibytes, table } from './table.ts';

const look = async (context: CommandContext): Promise<Snapshot> => {
  const snapshot = await lookAt(context, await chooseCluster(context));
  noteSilentNodes(context, snapshot);
  mustHaveAnswered(snapshot);
  return snapshot;
};

type Target = Readiness & { node: string };

/** Every instance on every other node; every reason but what is fine. */
const targetsOf = (snapshot: Snapshot): Map<string, Target[]> => {
  const nodes = nodesOf(snapshot);
  return new Map(
    deriveInstances(snapshot).map((view) => [
      view.uuid,
      readinessRow(view, snapshot).flatMap((verdict, index): Target[] => {
        const node = nodes[index];
        if (verdict === null || node === undefined) return [];
        const { text, reasons } = readinessOf(view, node, snapshot);
        return [{ node, verdict, text, reasons: reasons.filter((each) => each.severity !== 'passed') }];
      }),
    ]),
  );
};

/** Exit code 1 where an instance would not survive the loss of its node. */
export const readiness = async (context: CommandContext): Promise<void> => {
  const snapshot = await look(context);
  const score = clusterScore(snapshot);
  const rows = score.instances.map(({ name, node, verdict, to, why }) => [
    name,
    node ?? '',
    verdict === 'not' ? 'stays down' : verdict === 'consent' ? 'with consent' : 'ready',
    to ?? '',
    verdict === 'not' ? why : '',
  ]);
  const columns = ['INSTANCE', 'PRIMARY', 'IF LOST', 'GOES TO', 'WHY'].map((title) => ({ title }));
  const targets = context.json ? targetsOf(snapshot) : new Map<string, Target[]>();
  context.result(
    {
      survive: score.survive,
      total: score.total,
      instances: score.instances.map((each) => ({ ...each, targets: targets.get(each.uuid) ?? [] })),
    },
    rows.length === 0 ? 'No instances.' : `${table(columns, rows)}\n\n${score.text}.`,
  );
  if (score.survive < score.total) context.exitCode = exitCodes.failed;
};

const fateText = ({ to, verdict, way, reasons, down }: Fate): string => {
  if (to === null) return down?.text ?? '';
  const words = [
    ...(way === 'replica' ? ['from its replica'] : []),
    ...(verdict === 'consent'
      ? reasons.filter((each) => each.severity === 'consent').map((each) => `consent: ${each.title}`)
      : []),
  ];
  return words.join('; ');
};

const whatIfText = (made: WhatIf): string => {
  const fates = table(
    [
      { title: 'INSTANCE' },
      { title: 'FROM' },
      { title: 'GOES TO' },
      { title: 'MEMORY', right: true },
      { title: 'WHY' },
    ],
    made.fates.map((each) => [
      each.name,
      each.from,
      each.to ?? 'stays down',
      each.memoryMib === 0 ? 'stopped' : shortMebibytes(each.memoryMib),
      fateText(each),
    ]),
  );
  const nodes = table(
    [
      { title: 'NODE' },
      { title: 'FREE BEFORE', right: true },
      { title: 'FREE AFTER', right: true },
      { title: 'ARRIVE', right: true },
    ],
    made.nodes.map((each) => [
      each.name,
      shortMebibytes(each.freeBefore),
      each.lost ? 'lost' : each.counted ? shortMebibytes(each.freeAfter) : 'not counted',
      each.counted ? String(each.arrives.length) : '',
    ]),
  );
  const { loseSecondary, noLongerSafe, safe } = made;
  const sentences = [
    ...(loseSecondary.length > 0
      ? [`Lose their secondary: ${listText(loseSecondary.map((each) => each.name))}.`]
      : []),
    ...(noLongerSafe.length > 0
      ? [
          `Would not survive the next loss: ${listText(noLongerSafe.map((each) => `${each.name} on ${each.node}`))}.`,
        ]
      : []),
    `${safe.before} of ${safe.total} survive the loss of any one node now; after this, ${safe.after} would survive one more.`,
  ];
  return [
    `If ${listText(made.lost)} ${made.lost.length === 1 ? 'is' : 'are'} lost: ${headline(made)}.`,
    ...(made.fates.length === 0 ? [] : [fates]),
    nodes,
    sentences.join('\n'),
  ].join('\n\n');
};

/** Exit code 1 where an instance of a lost node would stay down. */
export const whatIfLost = async (context: CommandContext, names: readonly string[]): Promise<void> => {
  if (names.length === 0) throw usageError('Which nodes are lost? Name one or several.');
  const snapshot = await look(context);
  const made = whatIf(
    snapshot,
    names.map((each) => knownNode(snapshot, each)),
  );
  context.result({ headline: headline(made), ...made }, whatIfText(made));
  if (made.fates.some((each) => each.to === null)) context.exitCode = exitCodes.failed;
};

export const readinessHelp = `
For each instance: would it run on if the node were lost that may start it, and where. The instances of one node are placed together,
so that no memory is counted twice. With --json every other node is judged too, as a failover to it would be now, with every reason.
`;

export const whatIfHelp = `
Nothing is changed. Each instance goes where it is ready before where it needs a consent, to its secondary before others, then to
the node with most free memory; nodes that do not answer are not counted.

Examples:
  vbdesk cluster what-if node1
  vbdesk cluster what-if node1 node2 --json
`;
