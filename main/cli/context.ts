/** What every command has at hand: its options, the terminal, and the desk, which is started when it is first needed. */
import path from 'node:path';
import type { Snapshot } from '../../core/cluster/snapshot.ts';
import type { CallName, Input, Output } from '../../core/contract.ts';
import type { AppDesk } from '../desk/desk.ts';
import { CliError, type ExitCode, errorOfDesk, exitCodes } from './cli-error.ts';
import { printable, styled, type Terminal } from './terminal.ts';

/** Options that every command takes. */
export type CommonOptions = {
  cluster?: string;
  json?: boolean;
  dryRun?: boolean;
  /** the file of a draft to which changes are added instead of being done */
  draft?: string;
  /** true: to stdout */
  script?: string | true;
  yes?: boolean;
  quiet?: boolean;
  configDir?: string;
  accept?: string[];
  confirmDown?: string[];
  because?: string;
};

/** Calls that begin something on the nodes, or end it. */
const changing: ReadonlySet<CallName> = new Set<CallName>([
  'run.start',
  'run.cancel',
  'run.resume',
  'run.undo',
  'draft.apply',
  'cluster.forget',
  'practice.reset',
]);

export class CommandContext {
  readonly terminal: Terminal;
  readonly options: CommonOptions;
  exitCode: ExitCode = exitCodes.done;
  /** the cluster as it would be after the draft that is added to */
  drafted: Snapshot | null = null;
  #desk: Promise<AppDesk> | null = null;

  constructor(terminal: Terminal, options: CommonOptions) {
    this.terminal = terminal;
    this.options = options;
  }

  get json(): boolean {
    return this.options.json === true;
  }
  get dryRun(): boolean {
    return this.options.dryRun === true;
  }
  get yes(): boolean {
    return this.options.yes === true;
  }
  /** codes of consents that were given */
  get accept(): string[] {
    return this.options.accept ?? [];
  }
  /** nodes that are vouched to be down */
  get confirmDown(): string[] {
    return this.options.confirmDown ?? [];
  }
  get quiet(): boolean {
    return this.options.quiet === true;
  }

  /** The same desk as the window's, in this process. Its rooms are loaded only now: help and usage errors need none of them. */
  desk(): Promise<AppDesk> {
    this.#desk ??= (async () => {
      const [{ createDesk }, { defaultConfigDirectory }] = await Promise.all([
        import('../desk/desk.ts'),
        import('../library/library.ts'),
      ]);
      const { configDir } = this.options;
      const configDirectory = configDir ? path.resolve(configDir) : defaultConfigDirectory();
      const desk = await createDesk({ configDirectory }).catch((error: unknown) => {
        throw new CliError(
          exitCodes.usage,
          'config-directory',
          `The configuration directory ${configDirectory} can't be used: ${error instanceof Error ? error.message : String(error)}`,
        );
      });
      desk.onEvent((value) => {
        if (value.event === 'state' && value.changed.prompt) void this.#answer(desk, value.changed.prompt);
      });
      return desk;
    })();
    return this.#desk;
  }

  /** A passphrase or password is asked for on the terminal; where there is none, it is declined. */
  async #answer(desk: AppDesk, prompt: { id: string; text: string }): Promise<void> {
    const answer = this.terminal.isInteractive
      ? await this.terminal.ask(`${printable(prompt.text)}: `, true)
      : null;
    await desk.call('prompt.answer', { id: prompt.id, answer });
  }

  /** A call of the desk; its failure is thrown as a CliError. */
  async call<K extends CallName>(name: K, input: Input<K>): Promise<Output<K>> {
    // nothing runs beside a script that was asked for
    if (this.options.script !== undefined && changing.has(name))
      throw new CliError(
        exitCodes.usage,
        'usage',
        'This command has no one plan that could be written as a script. Nothing was done.',
      );
    const desk = await this.desk();
    const result = await desk.call(name, input);
    if (!result.ok) throw errorOfDesk(result.error);
    return result.value;
  }

  /** Said besides the result; not with --quiet. */
  note(text: string): void {
    if (!this.quiet) this.say(text);
  }

  /** Said in any case. */
  say(text: string): void {
    this.terminal.say(`${printable(text)}\n`);
  }

  /** Styles for what goes to stdout and to stderr. */
  readonly style = (stream: 'out' | 'say') => styled(this.terminal.colors[stream]);

  /** The one result: a JSON document with --json, else a text (nothing where it is empty). */
  result(document: unknown, text: string): void {
    if (this.json) this.terminal.out(`${JSON.stringify(document, null, 2)}\n`);
    else if (text !== '') this.terminal.out(`${printable(text)}\n`);
  }

  /**
   * A question answered by "y" or "yes". Without a terminal nobody can be asked: then `--yes` is needed.
   * @param subject what would be done, as part of a sentence
   */
  async confirm(question: string, subject: string): Promise<void> {
    if (this.yes) return;
    if (!this.terminal.isInteractive)
      throw new CliError(
        exitCodes.usage,
        'nobody-to-ask',
        `Nothing was done: ${subject} needs a yes, and without a terminal nobody can be asked. Add --yes to do it, or --dry-run to only look.`,
      );
    const answer = await this.terminal.ask(`${question} [y/N] `);
    if (!/^y(es)?$/i.test(answer?.trim() ?? ''))
      throw new CliError(exitCodes.failed, 'declined', 'Nothing was done.');
  }

  async close(): Promise<void> {
    const desk = await this.#desk?.catch(() => null);
    await desk?.close();
  }
}
