/** The words of the command line: which commands there are, which options, and how every end is told. */
import { Command, CommanderError } from 'commander';
import { CliError, type ExitCode, exitCodes, usageError } from './cli-error.ts';
import { addClusterCommands } from './cluster-commands.ts';
import { type Action, collect } from './command.ts';
import { CommandContext, type CommonOptions } from './context.ts';
import { addDraftCommands } from './draft-commands.ts';
import { checkDrafting } from './drafting.ts';
import { addImageAdopt } from './image-adopt.ts';
import { addImageCompare } from './image-compare.ts';
import { addImageConvert } from './image-convert.ts';
import { addImageCopy } from './image-copy.ts';
import { addImageDiskCommands } from './image-disks.ts';
import { addImageList } from './image-list.ts';
import { addImageRemove } from './image-remove.ts';
import { addImportCommands } from './import-ganeti.ts';
import { addInstanceCommands } from './instance-commands.ts';
import { addNodeCommands } from './node-commands.ts';
import { addOsCommands } from './os-commands.ts';
import { addPracticeCommands } from './practice-commands.ts';
import { addRunCommands } from './run-commands.ts';
import { printable, type Terminal } from './terminal.ts';
import { addTrashCommands } from './trash-commands.ts';

const exitCodesHelp = `
Exit codes: 0 done, 1 failed and taken back, 2 usage or bad input, 3 refused by the checks or the plan changed since its
review, 4 failed and needs a person, 5 outcome unknown or still running.

Every change is a plan first: on a terminal it is shown and asked for; --dry-run only shows it; --yes runs it unasked. A plan
that needs a consent says which code gives it: --accept CODE. Results go to stdout, everything else to stderr.

Examples:
  vbdesk --cluster practice instance list
  vbdesk cluster init prod --node node1=root@10.0.0.1 --node node2=root@10.0.0.2
  vbdesk instance add -t file --disk 0:size=5G -n node1:node2 -o none -B memory=512M \\
      -H kernel=/boot/guest-vmlinuz,root=/dev/xvda web1.example.org
  vbdesk instance failover web1.example.org --dry-run
`;

const addCommonOptions = (program: Command): void => {
  program
    .option(
      '--cluster <name>',
      'the cluster; else $VBDESK_CLUSTER, or the only one that is known; "practice" always is',
    )
    .option('--json', 'one JSON document on stdout, also for errors: {"error":{"code","message"}}')
    .option('--dry-run', 'show the plan and every reason for and against it; change nothing')
    .option('--draft <file>', 'add the change to this draft instead of doing it; no node is asked')
    .option('--script [file]', 'write the plan as a shell script to run by hand (to stdout); change nothing')
    .option('--yes', 'run it without a review; consents are still needed one by one')
    .option('--accept <code>', 'give the consent with this code (may be repeated)', collect)
    .option(
      '--confirm-down <node>',
      'vouch that a node which does not answer is down (may be repeated)',
      collect,
    )
    .option('--because <text>', 'how you know that it is down; kept in the record')
    .option('--config-dir <directory>', 'where VBDesk keeps its files on this workstation')
    .option('--quiet', 'no progress, no notes');
};

/** Words of a command, without the program's own name. */
const pathOf = (command: Command): string[] =>
  command.parent === null ? [] : [...pathOf(command.parent), command.name()];

/** Common options as they are typed, for a command line that is made of another. */
const asTyped = (options: CommonOptions): string[] => [
  ...(options.cluster === undefined ? [] : ['--cluster', options.cluster]),
  ...(options.configDir === undefined ? [] : ['--config-dir', options.configDir]),
  ...(options.because === undefined ? [] : ['--because', options.because]),
  ...(options.accept ?? []).flatMap((code) => ['--accept', code]),
  ...(options.confirmDown ?? []).flatMap((node) => ['--confirm-down', node]),
  ...(options.json ? ['--json'] : []),
  ...(options.dryRun ? ['--dry-run'] : []),
  ...(options.yes ? ['--yes'] : []),
  ...(options.quiet ? ['--quiet'] : []),
];

const buildProgram = (
  terminal: Terminal,
  action: Action,
  json: boolean,
  again: (words: readonly string[]) => Promise<void>,
): Command => {
  const program = new Command('vbdesk');
  program
    .description('Administers Xen clusters whose virtual disks are files.')
    .version('0.1.0')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.out(text),
      writeErr: (text) => {
        if (!json) terminal.say(printable(text));
      },
      getOutHelpWidth: () => (process.stdout.isTTY ? process.stdout.columns : 110),
      getErrHelpWidth: () => (process.stderr.isTTY ? process.stderr.columns : 110),
    })
    .configureHelp({ showGlobalOptions: true })
    .showSuggestionAfterError()
    .helpCommand('help [command]', 'help for a command')
    .addHelpText('after', exitCodesHelp);
  program.hook('preAction', (_program, command) => {
    const { draft, script } = program.opts<CommonOptions>();
    if (draft !== undefined && script !== undefined)
      throw usageError('--draft and --script contradict each other: a draft has `vbdesk draft script`.');
    if (draft !== undefined) checkDrafting(pathOf(command));
  });
  addCommonOptions(program);
  addClusterCommands(program, action);
  addNodeCommands(program, action);
  addInstanceCommands(program, action);
  addImportCommands(program, action);
  addImageList(program, action);
  addImageDiskCommands(program, action);
  addImageConvert(program, action);
  addImageAdopt(program, action);
  addImageCopy(program, action);
  addImageRemove(program, action);
  addImageCompare(program, action);
  addTrashCommands(program, action);
  addOsCommands(program, action);
  addDraftCommands(program, action, again);
  addRunCommands(program, action);
  addPracticeCommands(program, action);
  return program;
};

const endOfCommander = (error: CommanderError, terminal: Terminal, json: boolean): ExitCode => {
  if (error.exitCode === 0) return exitCodes.done;
  if (json) {
    const message =
      error.code === 'commander.help'
        ? 'A command is missing: vbdesk --help lists them.'
        : error.message.replace(/^error: /, '');
    terminal.out(`${JSON.stringify({ error: { code: 'usage', message } }, null, 2)}\n`);
  }
  return exitCodes.usage;
};

const endOfCommand = (error: unknown, terminal: Terminal, json: boolean): ExitCode => {
  const known =
    error instanceof CliError
      ? error
      : new CliError(
          // where it failed is not known, and so neither is what was done before
          exitCodes.unknown,
          'internal',
          `VBDesk itself failed: ${error instanceof Error ? error.message : String(error)}`,
        );
  if (json) {
    const { code, message } = known;
    terminal.out(
      `${JSON.stringify({ error: { code, message: printable(message) }, ...known.extra }, null, 2)}\n`,
    );
  } else terminal.say(`${printable(known.message)}\n`);
  return known.exitCode;
};

/** Carries out one command line. Never rejects; the result is the process's exit code. */
export const runCommandLine = async (words: readonly string[], terminal: Terminal): Promise<ExitCode> => {
  const end = words.indexOf('--');
  // errors of usage come before the options are known
  const json = words.slice(0, end < 0 ? words.length : end).includes('--json');
  let context: CommandContext | null = null;
  const build = (): Command => {
    const program = buildProgram(
      terminal,
      (work) =>
        async (...given) => {
          context = new CommandContext(terminal, program.opts<CommonOptions>());
          await work(context, ...given);
        },
      json,
      async (typed) => {
        await build().parseAsync([...typed, ...asTyped(program.opts<CommonOptions>())], { from: 'user' });
      },
    );
    return program;
  };
  const program = build();
  let code: ExitCode = exitCodes.done;
  let abrupt = false;
  try {
    await program.parseAsync(words, { from: 'user' });
    code = (context as CommandContext | null)?.exitCode ?? exitCodes.done;
  } catch (error) {
    abrupt = error instanceof CliError && error.abrupt;
    code =
      error instanceof CommanderError
        ? endOfCommander(error, terminal, json)
        : endOfCommand(error, terminal, json);
  }
  if (!abrupt) await (context as CommandContext | null)?.close().catch(() => undefined);
  return code;
};
