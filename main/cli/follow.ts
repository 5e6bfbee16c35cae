/** Goes along with a run until it has come to rest, tells how it ended, and sets the exit code. */
import { insideAfterUndo, leftAfterUndo } from '../../core/plan/holds.ts';
import { exitCodeOf, isCommitted, type Run } from '../../core/plan/run.ts';
import { CliError, exitCodes, runErrorCodes } from './cli-error.ts';
import type { CommandContext } from './context.ts';
import { Progress } from './progress.ts';
import { indented } from './table.ts';

/** A run as JSON: all but its plan, which `run show --json` has. */
export const runDocument = (run: Run): Record<string, unknown> => {
  const { plan: _plan, ...rest } = run;
  return { ...rest, exitCode: exitCodeOf(run) };
};

const stepsDone = (run: Run): number => run.steps.filter((each) => each.state === 'done').length;

/** "Create web1: done (run abc, 14 steps, 3.2 s)" and what holds now. */
const doneText = (run: Run): string => {
  const seconds = ((run.endedAt ?? run.startedAt) - run.startedAt) / 1000;
  const head = `${run.title}: done (run ${run.id}, ${stepsDone(run)} steps, ${seconds.toFixed(1)} s)`;
  const holds = run.holds.filter((each) => each.subject !== 'Lock' && !each.subject.startsWith('/'));
  return [head, ...holds.map((each) => `  ${each.subject}: ${each.text}`)].join('\n');
};

const undoneText = (run: Run): string => {
  const left = leftAfterUndo(run);
  const inside = insideAfterUndo(run);
  if (left.length === 0 && inside.length === 0) return 'It was taken back: nothing of it stands.';
  return [
    'It was taken back.',
    ...(left.length > 0 ? [`What stays, and does no harm: ${left.join('; ')}.`] : []),
    ...inside,
  ].join(' ');
};

/** What to do next with a run that has not ended well. */
export const nextOf = (run: Run): string => {
  switch (run.state) {
    case 'undone':
      return undoneText(run);
    case 'stuck':
      return `Mend the cause, then: vbdesk run resume ${run.id}`;
    case 'unknown':
    case 'cut-off':
      return isCommitted(run) || run.direction === 'undo'
        ? `Go on with it: vbdesk run resume ${run.id}`
        : `Go on with it: vbdesk run resume ${run.id}\nOr take it back: vbdesk run undo ${run.id}`;
    case 'running':
      return `Look again: vbdesk run show ${run.id}`;
    case 'given-up':
      return 'It was given up: what it had done stays as it is.';
    case 'done':
      return '';
  }
};

const failedText = (run: Run): string => {
  const holds = run.holds.map((each) => `  ${each.subject}: ${each.text}`);
  return [
    `${run.title}: ${run.state === 'undone' ? 'failed and taken back' : run.state === 'stuck' ? 'needs a person' : run.state === 'unknown' ? 'outcome unknown' : run.state} (run ${run.id})`,
    ...(run.problem === '' ? [] : [indented(run.problem)]),
    ...(holds.length > 0 ? ['What holds now:', ...holds] : []),
    nextOf(run),
  ].join('\n');
};

/** The result of a run that has come to rest: printed when it is done, else thrown. */
export const tellEnd = (context: CommandContext, run: Run): void => {
  const code = exitCodeOf(run);
  if (code === 0) {
    context.result({ run: runDocument(run) }, doneText(run));
    return;
  }
  throw new CliError(code, run.state === 'running' ? 'running' : runErrorCodes[code], failedText(run), {
    extra: { run: runDocument(run) },
  });
};

/**
 * Starts a run (or goes on with one) and follows it. The first Ctrl C asks the run to cancel, a second one leaves it.
 * @param begin what starts it; `before` is the run as it was, when it is gone on with
 */
export const follow = async (
  context: CommandContext,
  id: string,
  begin: () => Promise<void>,
  before: Run | null = null,
  tell: (context: CommandContext, run: Run) => void = tellEnd,
): Promise<void> => {
  const desk = await context.desk();
  const progress = new Progress(context.terminal, context.quiet, before);
  const stopEvents = desk.onEvent((value) => {
    if (value.event === 'run' && value.run.id === id) progress.show(value.run);
  });
  let leave: () => void = () => undefined;
  const left = new Promise<'left'>((resolve) => {
    leave = () => resolve('left');
  });
  let interrupts = 0;
  const stopInterrupts = context.terminal.onInterrupt(() => {
    interrupts += 1;
    if (interrupts > 1) return leave();
    progress.line(
      'Asking the run to cancel; the step that is under way is waited for. Ctrl C again leaves it.',
    );
    void desk.call('run.cancel', { run: id }).then((result) => {
      if (!result.ok) progress.line(`${result.error.message} Ctrl C again leaves it.`);
    });
  });
  try {
    await begin();
    if ((await Promise.race([desk.ended(id), left])) === 'left') {
      progress.end();
      throw new CliError(
        exitCodes.unknown,
        'left',
        `Left the run ${id}. The step that was under way goes on by itself on its node; the steps after it do not.\nWhat became of it: vbdesk run show ${id}\nGo on with it: vbdesk run resume ${id}`,
        { abrupt: true, extra: { run: { id } } },
      );
    }
  } finally {
    stopInterrupts();
    stopEvents();
    progress.end();
  }
  tell(context, await context.call('run.get', { run: id }));
};
