/** `vbdesk run …`: the runs of this workstation, among them those that were cut off. */
import type { Command } from 'commander';
import { exitCodeOf, isCommitted, isEnded, type Run, type RunStep } from '../../core/plan/run.ts';
import { planWithoutSecrets } from '../../core/plan/secrets.ts';
import { CliError, exitCodes } from './cli-error.ts';
import type { Action } from './command.ts';
import type { CommandContext } from './context.ts';
import { findRun } from './find-run.ts';
import { follow, nextOf } from './follow.ts';
import { practiceCluster } from './resolve.ts';
import { compareRun, revertRun } from './run-history.ts';
import { listOptions, listRuns } from './run-list.ts';
import { indented, pairs, timeText } from './table.ts';

const stepsText = (entries: readonly RunStep[], withOutput: boolean): string =>
  entries
    .map((entry) => {
      const head = `${entry.state.padEnd(8)} ${entry.nodes.join(', ')}: ${entry.title}`;
      const told =
        withOutput || entry.state === 'failed' || entry.state === 'unknown'
          ? [entry.message, entry.output].filter((text) => text !== '')
          : [];
      return [head, ...[...new Set(told)].map((text) => indented(text.trimEnd(), 9))].join('\n');
    })
    .join('\n');

const show = async (context: CommandContext, given: string, options: { output?: boolean }): Promise<void> => {
  const run = await findRun(context, given);
  const withOutput = options.output === true;
  const parts = [
    pairs([
      ['Run', run.id],
      ['Title', run.title],
      ['Cluster', run.cluster],
      ['State', `${run.state}${run.direction === 'undo' && !isEnded(run) ? ', being taken back' : ''}`],
      ['By', run.who],
      ['Started', timeText(run.startedAt)],
      ['Ended', timeText(run.endedAt)],
    ]),
    ...(run.problem === '' ? [] : [`Problem:\n${indented(run.problem)}`]),
    `Steps:\n${indented(stepsText(run.steps, withOutput))}`,
    ...(run.undo.length > 0 ? [`Taken back:\n${indented(stepsText(run.undo, withOutput))}`] : []),
    ...(run.holds.length > 0
      ? [`What holds:\n${indented(run.holds.map((each) => `${each.subject}: ${each.text}`).join('\n'))}`]
      : []),
    ...(isEnded(run) ? [] : [nextOf(run)]),
  ];
  context.result(
    { run: { ...run, plan: planWithoutSecrets(run.plan), exitCode: exitCodeOf(run) } },
    parts.join('\n'),
  );
};

/** What would be done by going on, as titles in order. */
const remaining = (run: Run, direction: 'onward' | 'undo'): string[] => {
  if (direction === 'onward' && run.direction === 'forward')
    return run.steps.filter((entry) => entry.state !== 'done').map((entry) => entry.title);
  if (run.direction === 'undo')
    return run.undo.filter((entry) => entry.state !== 'done').map((entry) => entry.title);
  return run.plan.steps.toReversed().flatMap((step) => {
    const entry = run.steps.find((each) => each.id === step.id);
    const mayStand =
      entry &&
      (entry.state === 'done' || entry.changed || entry.state === 'running' || entry.state === 'unknown');
    return mayStand ? step.undo.map((undo) => undo.title) : [];
  });
};

const goOn =
  (direction: 'onward' | 'undo') =>
  async (context: CommandContext, given: string): Promise<void> => {
    const run = await findRun(context, given);
    const verb = direction === 'undo' ? 'Take back' : 'Go on with';
    if (isEnded(run))
      throw new CliError(
        exitCodes.refused,
        'run',
        `The run ${run.id} (${run.title}) has ended: ${run.state}. Nothing is left to do.${direction === 'undo' && run.state === 'done' ? ` To take it back by a run of its own: vbdesk run revert ${run.id}` : ''}`,
      );
    if (direction === 'undo' && isCommitted(run))
      throw new CliError(
        exitCodes.refused,
        'run',
        `The run ${run.id} (${run.title}) has passed its point of no return, so it only goes forward: vbdesk run resume ${run.id}`,
      );
    const titles = remaining(run, direction);
    const text = `${verb} “${run.title}” (run ${run.id}, ${run.state}):\n${titles.map((title) => `  ${title}`).join('\n')}`;
    if (context.dryRun) {
      context.result({ run: run.id, direction, remaining: titles }, text);
      return;
    }
    if (!context.yes) context.say(text);
    await context.confirm(`${verb} it?`, `going on with the run ${run.id}`);
    if (run.cluster === practiceCluster) await (await context.desk()).preparePractice();
    await follow(
      context,
      run.id,
      async () => {
        await context.call(direction === 'undo' ? 'run.undo' : 'run.resume', { run: run.id });
      },
      run,
    );
  };

/** Consent to leave a run half-way for good; nothing but its own code gives it. */
const giveUp = async (context: CommandContext, given: string): Promise<void> => {
  const run = await findRun(context, given);
  if (run.cluster === practiceCluster) await (await context.desk()).preparePractice();
  const { text } = await context.call('run.giveUp', { run: run.id, accepted: false });
  const code = `give-up:${run.id}`;
  const about = `Give up “${run.title}” (run ${run.id}, ${run.state}):\n${indented(text)}`;
  if (context.dryRun) return context.result({ run: run.id, consent: code, text }, about);
  if (!context.accept.includes(code)) {
    context.say(about);
    const answer =
      context.yes || !context.terminal.isInteractive
        ? null
        : await context.terminal.ask(`Type ${code} to accept that: `);
    if (answer?.trim() !== code)
      throw new CliError(
        exitCodes.refused,
        'refused',
        `Nothing was done: it needs a consent that was not given. If you accept that: --accept ${code}`,
      );
  }
  await context.call('run.giveUp', { run: run.id, accepted: true });
  context.result({ run: run.id, state: 'given-up', text }, `Gave up “${run.title}” (run ${run.id}).`);
};

export const addRunCommands = (program: Command, action: Action): void => {
  const run = program.command('run').description('runs of this workstation');
  run
    .command('list')
    .description('the runs, newest first; all that is given narrows them')
    .option('--all', listOptions.all)
    .option('--search <text>', 'words, each of them anywhere in the run: title, steps, output, problem')
    .option('--instance <name>', 'about an instance with this in its name, or with this uuid')
    .option('--node <name>', 'changing something on this node')
    .option('--kind <kind>', 'what was wanted: create, start, failover, configure, …')
    .option('--by <text>', 'of whom: part of user@workstation')
    .option('--since <when>', 'begun then or later: 2026-11-26, "2026-11-26 14:00", 12h, 7d')
    .option('--until <when>', 'begun before that')
    .option('--outcome <state>', listOptions.outcome)
    .action(action(listRuns));
  run
    .command('show <id>')
    .description('one run: its steps, what failed, what holds now')
    .option('--output', 'with what the nodes printed in every step')
    .action(action(show));
  run
    .command('resume <id>')
    .description('go on with a run that was cut off, is stuck, or whose outcome is unknown')
    .action(action(goOn('onward')));
  run
    .command('undo <id>')
    .description(
      'take a run back that was cut off or whose outcome is unknown, before its point of no return',
    )
    .action(action(goOn('undo')));
  run
    .command('compare <id>')
    .description('what a run changed: what the nodes showed before it, and after it')
    .option('--now', 'before it, and now')
    .option('--since-then', 'after it, and now: what somebody changed since')
    .action(action(compareRun));
  run
    .command('revert <id>')
    .description(
      'take a run back that is done, by a run of its own that does the opposite: a plan like any other, with every check',
    )
    .action(action(revertRun));
  run
    .command('give-up <id>')
    .description(
      'close a run that somebody else went on from, or whose locks were broken: what it had done stays as it is',
    )
    .action(action(giveUp));
};
