/** Goes along with a draft that is being applied, run by run. */
import type { Applying } from '../../core/draft/applying.ts';
import type { Run } from '../../core/plan/run.ts';
import { CliError, exitCodes } from './cli-error.ts';
import type { CommandContext } from './context.ts';
import { Progress } from './progress.ts';

/** Progress of one run after the other, each under a line that says which change it is. */
class Runs {
  readonly #context: CommandContext;
  readonly #before: readonly Run[];
  #progress: Progress | null = null;
  #run: string | null = null;

  constructor(context: CommandContext, before: readonly Run[]) {
    this.#context = context;
    this.#before = before;
  }

  applying({ change, changes, total }: Applying): void {
    const index = changes.findIndex(({ id }) => id === change);
    const current = changes[index];
    if (current?.state !== 'running' || current.run === null || current.run === this.#run) return;
    this.end();
    this.#run = current.run;
    this.line(`${index + 1} of ${total}, ${current.id}: ${current.title} (run ${current.run})`);
    const before = this.#before.find(({ id }) => id === current.run) ?? null;
    this.#progress = new Progress(this.#context.terminal, this.#context.quiet, before);
  }

  show(run: Run): void {
    if (run.id === this.#run) this.#progress?.show(run);
  }

  line(text: string): void {
    if (this.#context.quiet) return;
    if (this.#progress) this.#progress.line(text);
    else this.#context.say(text);
  }

  end(): void {
    this.#progress?.end();
    this.#progress = null;
  }
}

/**
 * The first Ctrl C asks it to stop, a second one leaves it.
 * @param before runs that are gone on with, as they were
 * @param begin what starts it
 */
export const followApplying = async (
  context: CommandContext,
  shownPath: string,
  before: readonly Run[],
  begin: () => Promise<void>,
): Promise<Applying> => {
  const desk = await context.desk();
  const runs = new Runs(context, before);
  let latest: Applying | null = null;
  const stopEvents = desk.onEvent((value) => {
    if (value.event === 'run') runs.show(value.run);
    else if (value.changed.applying) {
      latest = value.changed.applying;
      runs.applying(latest);
    }
  });
  let leave: () => void = () => undefined;
  const left = new Promise<'left'>((resolve) => {
    leave = () => resolve('left');
  });
  let interrupts = 0;
  const stopInterrupts = context.terminal.onInterrupt(() => {
    interrupts += 1;
    if (interrupts > 1 || latest === null) return leave();
    runs.line(
      'Asking it to stop: nothing further is begun, and the run that is under way is asked to cancel. Ctrl C again leaves it.',
    );
    void desk.call('draft.applyCancel', { path: latest.path }).then((result) => {
      if (!result.ok) runs.line(`${result.error.message} Nothing further is begun. Ctrl C again leaves it.`);
    });
  });
  const leftError = (): CliError =>
    new CliError(
      exitCodes.unknown,
      'left',
      `Left it. The step that was under way goes on by itself on its node; what comes after it does not.\nGo on with it: vbdesk draft apply ${shownPath}`,
      { abrupt: true, extra: latest ? { path: latest.path, changes: latest.changes } : {} },
    );
  try {
    if ((await Promise.race([begin(), left])) === 'left') throw leftError();
    if ((await Promise.race([desk.applied(), left])) === 'left') throw leftError();
  } finally {
    stopInterrupts();
    stopEvents();
    runs.end();
  }
  const { applying } = await context.call('state.get', {});
  if (!applying) throw new Error('nothing was applied');
  return applying;
};
