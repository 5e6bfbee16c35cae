/** A plan as text: what stands for and against it, what it does and where, what it writes. */
import type { PlanView } from '../../core/contract.ts';
import { fileLabel, isGiven, openReasons, type Plan, type Step } from '../../core/plan/plan.ts';
import type { Reason } from '../../core/plan/reason.ts';
import { formatBytes } from '../../core/storage/sizes.ts';
import { changedLines } from './line-changes.ts';
import { indented } from './table.ts';
import { printable, type styled } from './terminal.ts';

type Paint = ReturnType<typeof styled>;

/** How a consent is given, as an option of this very command. */
export const acceptOption = (code: string): string =>
  code.startsWith('vouch-down:')
    ? `--confirm-down ${code.slice('vouch-down:'.length)} --because 'how you know'`
    : `--accept ${code}`;

/** @param option that gives a consent, where it is said in another way than for one plan alone */
export const reasonLine = (
  reason: Reason,
  approval: Plan['approval'],
  paint: Paint,
  option: string = acceptOption(reason.code),
): string => {
  const { severity, title, text, code } = reason;
  switch (severity) {
    case 'blocks':
      return `${paint('red', 'blocks ')}  ${title}: ${text}`;
    case 'consent':
      return isGiven(approval, code)
        ? `${paint('yellow', 'agreed ')}  ${title}: ${text}`
        : `${paint('red', 'consent')}  ${title}: ${text}\n         If you accept that: ${option}`;
    case 'warning':
      return `${paint('yellow', 'warning')}  ${title}: ${text}`;
    case 'passed':
      return `${paint('green', 'passed ')}  ${title}: ${text}`;
  }
};

const commandOf = (view: PlanView, step: Step): string =>
  view.texts.find((each) => each.id === step.id)?.command ?? '';

const stepLines = (view: PlanView, paint: Paint): string => {
  const { steps } = view.plan;
  const width = String(steps.length).length;
  const widest = Math.min(24, Math.max(0, ...steps.map((step) => step.nodes.join(', ').length)));
  const past = ' '.repeat(width + 2);
  return steps
    .map((step) => {
      const commit = step.commit
        ? `${past}${paint('yellow', '-- from here on the run only goes forward --')}\n`
        : '';
      const head = `${step.id.padStart(width)}  ${step.nodes.join(', ').padEnd(widest)}  ${step.title}`;
      const command = commandOf(view, step)
        .split('\n')
        .map((line) => `${past}${paint('dim', `$ ${line}`)}`)
        .join('\n');
      return `${commit}${head}\n${command}`;
    })
    .join('\n');
};

const effectLines = ({ effects, equivalent }: Plan): string[] => [
  ...(effects.newBytes > 0 ? [`Promises ${formatBytes(effects.newBytes)} on the storage.`] : []),
  ...effects.memory.map(({ node, mib }) =>
    mib < 0 ? `Gives ${-mib} MiB back on ${node}.` : `Takes ${mib} MiB on ${node}.`,
  ),
  ...(effects.downSeconds === null ? [] : [`The guest is down for about ${effects.downSeconds} s.`]),
  equivalent === null
    ? "In Ganeti's words: nothing; it has no such command."
    : `In Ganeti's words: ${equivalent}`,
];

/** What a file will say, as changed lines; of a new one, all of it. */
const fileText = (file: Plan['files'][number], paint: Paint): string => {
  const { before, after } = file;
  const path = fileLabel(file);
  const lines = changedLines(before ?? '', after).map(({ sign, text }) =>
    paint(sign === '+' ? 'green' : sign === '-' ? 'red' : 'dim', `${sign} ${text}`.trimEnd()),
  );
  return `${paint('bold', path)}${before === null ? ' (new)' : ''}\n${indented(lines.join('\n'))}`;
};

/** `files`: with the content of what is written; `passed`: with the checks that passed. */
export const planText = (view: PlanView, paint: Paint, show: { files: boolean; passed: boolean }): string => {
  const { plan } = view;
  const reasons = plan.reasons.filter((each) => show.passed || each.severity !== 'passed');
  const hidden = plan.reasons.length - reasons.length;
  const lines = reasons.map((each) => reasonLine(each, plan.approval, paint));
  if (hidden > 0) lines.push(paint('green', `${hidden} ${hidden === 1 ? 'check' : 'checks'} passed`));
  const blocked = openReasons(plan).length > 0;
  const parts = [paint('bold', plan.title), indented(lines.join('\n'))];
  if (plan.steps.length > 0)
    parts.push(
      blocked ? 'What it would do:' : 'What it does:',
      indented(stepLines(view, paint)),
      indented(effectLines(plan).join('\n')),
    );
  if (plan.files.length > 0)
    parts.push(
      show.files
        ? `What it writes:\n${indented(plan.files.map((file) => fileText(file, paint)).join('\n'))}`
        : indented(`Writes ${plan.files.map(fileLabel).join(', ')} (--dry-run shows the content).`),
    );
  return printable(parts.filter((part) => part !== '').join('\n'));
};
