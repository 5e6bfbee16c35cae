/** Finding a run among all of this workstation: by what it was about, by whom, when, how it ended, and by any word of it. */
import { z } from 'zod';
import { isLook } from './action.ts';
import { type Run, run } from './run.ts';

export const runQuery = z.strictObject({
  cluster: z.string().max(63).optional(),
  /** part of the name, or the whole uuid, of an instance */
  instance: z.string().max(255).optional(),
  /** one on which it changes something, by its name */
  node: z.string().max(255).optional(),
  /** of the intent: "failover" */
  kind: z.string().max(63).optional(),
  /** part of user@workstation */
  who: z.string().max(255).optional(),
  outcome: run.shape.state.optional(),
  /** begun at this moment or later, and before this one: ms */
  since: z.number().optional(),
  until: z.number().optional(),
  /** words, each of which stands somewhere in the run: title, steps, what the nodes printed, why it failed */
  text: z.string().max(1000).optional(),
});
export type RunQuery = z.infer<typeof runQuery>;

const has = (whole: string, part: string): boolean => whole.toLowerCase().includes(part.toLowerCase());

/** Every text of a run in which somebody may look for a word, each with what it belongs to. */
const textsOf = (value: Run): { of: string; text: string }[] => [
  { of: '', text: value.title },
  { of: '', text: value.problem },
  { of: '', text: `${value.id} ${value.who} ${value.plan.intent.kind} ${value.cluster}` },
  ...[...value.steps, ...value.undo].flatMap((step) => {
    const of = `${step.nodes.join(', ')}, ${step.title}`;
    return [
      { of, text: of },
      { of, text: step.output },
      { of, text: step.message },
    ];
  }),
  ...value.holds.map(({ subject, text }) => ({ of: subject, text: `${subject}: ${text}` })),
  // consents and words for silent nodes
  ...value.plan.approval.accept.map((text) => ({ of: 'accepted', text })),
  ...value.plan.approval.vouched.map(({ node, how }) => ({ of: `vouched for ${node}`, text: how })),
];

const isAbout = ({ plan }: Run, instance: string): boolean => {
  const { subject, steps, intent } = plan;
  const named = [
    ...(subject.kind === 'instance' ? [subject.name, subject.uuid ?? ''] : []),
    ...('instance' in intent ? [intent.instance] : []),
    ...('name' in intent && intent.kind !== 'cluster-init' ? [intent.name] : []),
    ...steps.flatMap(({ action }) => (action.do === 'write-record' ? [action.record.name] : [])),
  ];
  return named.some((each) => has(each, instance));
};

/** Nodes that are only looked at are no part of it: every start looks at all of them. */
const isOn = ({ plan }: Run, node: string): boolean =>
  plan.steps.some(({ action, nodes }) => !isLook(action) && nodes.includes(node));

export type Found = {
  run: Run;
  /** the line that has the first word, where it stands in none of the columns of a table; null: none, or nothing was looked for */
  line: string | null;
};

const lineAtMost = 160;

/** A line around its word, so that it fits a table. */
const excerpt = (line: string, word: string): string => {
  if (line.length <= lineAtMost) return line;
  const from = Math.max(0, line.toLowerCase().indexOf(word.toLowerCase()) - 40);
  return `${from > 0 ? '…' : ''}${line.slice(from, from + lineAtMost)}…`;
};

const lineWith = (value: Run, word: string): string | null => {
  if (has(value.title, word)) return null;
  for (const { of, text } of textsOf(value)) {
    const line = text.split('\n').find((each) => has(each, word));
    if (line === undefined) continue;
    return line.includes(of) ? excerpt(line, word) : `${of}: ${excerpt(line.trim(), word)}`;
  }
  return null;
};

/** Those that fit all that is asked for, in the order given. */
export const searchRuns = (runs: readonly Run[], query: RunQuery): Found[] => {
  const words = (query.text ?? '').split(/\s+/).filter((each) => each !== '');
  const fits = (value: Run): boolean => {
    const { cluster, instance, node, kind, who, outcome, since, until } = query;
    if (cluster !== undefined && value.cluster !== cluster) return false;
    if (instance !== undefined && !isAbout(value, instance)) return false;
    if (node !== undefined && !isOn(value, node)) return false;
    if (kind !== undefined && value.plan.intent.kind !== kind) return false;
    if (who !== undefined && !has(value.who, who)) return false;
    if (outcome !== undefined && value.state !== outcome) return false;
    if (since !== undefined && value.startedAt < since) return false;
    if (until !== undefined && value.startedAt >= until) return false;
    if (words.length === 0) return true;
    const texts = textsOf(value);
    return words.every((word) => texts.some(({ text }) => has(text, word)));
  };
  const [first] = words;
  return runs
    .filter(fits)
    .map((value) => ({ run: value, line: first === undefined ? null : lineWith(value, first) }));
};

const units: Record<string, number> = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** "2026-11-26", "2026-11-26 14:00" (both by the local clock), ISO 8601, or how long ago: "30m", "12h", "7d". Null for anything else. */
export const momentOf = (text: string, now: number): number | null => {
  const ago = /^(\d{1,6})\s*([mhdw])$/.exec(text.trim());
  if (ago) return now - Number(ago[1]) * (units[ago[2] ?? ''] ?? 0);
  const day = /^(\d{4})-(\d\d)-(\d\d)(?:[ T](\d\d):(\d\d))?$/.exec(text.trim());
  if (day) {
    const [year, month, date, hour, minute] = day.slice(1).map((each) => Number(each ?? 0));
    const made = new Date(year ?? 0, (month ?? 1) - 1, date, hour, minute);
    // 31 February is no day
    return made.getMonth() === (month ?? 1) - 1 &&
      made.getDate() === date &&
      (hour ?? 0) < 24 &&
      (minute ?? 0) < 60
      ? made.getTime()
      : null;
  }
  return /^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)$/.test(text.trim())
    ? Number.isNaN(Date.parse(text))
      ? null
      : Date.parse(text)
    : null;
};
