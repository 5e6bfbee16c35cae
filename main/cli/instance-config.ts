/** `vbdesk instance config …` and `instance modify`: xen.cfg shown, edited and brought into agreement with the record. */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { Command } from 'commander';
import { withGuest } from '../../core/cluster/guest-config.ts';
import type { InstanceView } from '../../core/cluster/instances.ts';
import { SIDES, settleFor } from '../../core/plan/instance/sides.ts';
import type { Intent } from '../../core/plan/intent.ts';
import { workingFolder } from '../../core/plan/subject.ts';
import { shown } from '../../core/storage/checked.ts';
import { removeSetting, setSetting } from '../../core/xen/config-edit.ts';
import { parseConfig, printConfig } from '../../core/xen/config-syntax.ts';
import { changeInstance } from './change-instance.ts';
import { CliError, exitCodes, usageError } from './cli-error.ts';
import type { Action } from './command.ts';
import type { CommandContext } from './context.ts';
import { type GuestOptions, guestOf } from './guest-options.ts';
import { perform } from './perform.ts';
import { chooseCluster, knownInstance, lookAt, lookToChange } from './resolve.ts';

/** xen.cfg as the node shows it on which it is worked on. */
const configOf = (view: InstanceView): { node: string; text: string | null } => {
  const sight = workingFolder(view);
  if (!sight)
    throw usageError(`No node that answers shows the folder of ${view.name} in its place.`, 'no-folder');
  return { node: sight.node, text: sight.folder.config };
};

const existing = (view: InstanceView): string => {
  const { node, text } = configOf(view);
  if (text === null)
    throw usageError(
      `${view.folder}/xen.cfg is missing on ${node}. Write one with: vbdesk instance config apply ${view.name} FILE`,
      'no-config',
    );
  return text;
};

const configure = (view: InstanceView, text: string): Intent => ({
  kind: 'configure',
  instance: view.uuid,
  text,
  from: configOf(view).text,
});

const show = async (context: CommandContext, name: string): Promise<void> => {
  const cluster = await chooseCluster(context);
  const view = knownInstance(await lookAt(context, cluster), name);
  const text = existing(view);
  const { node } = configOf(view);
  if (context.json) context.result({ instance: view.name, node, path: `${view.folder}/xen.cfg`, text }, '');
  else context.terminal.out(text.endsWith('\n') || text === '' ? text : `${text}\n`);
};

/** The text with `KEY=VALUE` each; a value of digits only becomes a number, nothing takes the key out. */
const withSettings = (text: string, words: readonly string[]): string => {
  const parsed = parseConfig(text);
  if (!parsed.ok)
    throw usageError(
      `xen.cfg can't be read at line ${parsed.error.line}, column ${parsed.error.column}: ${parsed.error.message} Mend it with: vbdesk instance config edit`,
      'bad-input',
    );
  let { tree } = parsed;
  for (const word of words) {
    const match = /^([a-z][_0-9a-z]*)=(.*)$/s.exec(word);
    const [, key, value] = match ?? [];
    if (key === undefined || value === undefined)
      throw usageError(
        `${shown(word)} is not KEY=VALUE, such as memory=1024 or on_crash=restart.`,
        'bad-input',
      );
    if (key === 'disk' || key === 'vif')
      throw usageError(`${key} is a list: change it with instance config edit.`, 'bad-input');
    try {
      tree =
        value === ''
          ? removeSetting(tree, key)
          : setSetting(tree, key, /^(0|[1-9][0-9]{0,14})$/.test(value) ? Number(value) : value);
    } catch (error) {
      if (error instanceof RangeError) throw usageError(`${key}: ${error.message}`, 'bad-input');
      throw error;
    }
  }
  return printConfig(tree);
};

const readInput = async (file: string): Promise<string> => {
  if (file === '-') {
    const parts: Buffer[] = [];
    for await (const part of process.stdin as AsyncIterable<Buffer>) parts.push(part);
    return Buffer.concat(parts).toString('utf8');
  }
  return readFile(file, 'utf8').catch((error: unknown) => {
    throw usageError(
      `${file} can't be read: ${error instanceof Error ? error.message : String(error)}`,
      'bad-input',
    );
  });
};

const isWindows = process.platform === 'win32';
const editorOf = (): string => process.env.VISUAL || process.env.EDITOR || (isWindows ? 'notepad' : 'vi');

/** Runs the person's editor on a file; `$VISUAL` and `$EDITOR` may hold options, so a shell splits them, and nothing else. */
const runEditor = (file: string): Promise<number | null> => {
  // cmd.exe takes what stands in quotes as it is, but for these
  if (isWindows && /["%]/.test(file))
    throw usageError(`No editor can be started on ${file}: set %TEMP% to a plain directory.`, 'editor');
  return new Promise((resolve, reject) => {
    const editor = editorOf();
    const child = isWindows
      ? spawn(`${editor} "${file}"`, { stdio: 'inherit', shell: true })
      : spawn('sh', ['-c', `${editor} "$1"`, 'editor', file], { stdio: 'inherit' });
    child.on('error', reject);
    child.on('exit', resolve);
  });
};

/** What was written stays in the file until the change has been carried out. */
const edit = async (context: CommandContext, name: string): Promise<void> => {
  if (!context.terminal.isInteractive && editorOf() === 'vi')
    throw usageError(
      'An editor needs a terminal. Set $EDITOR, or use instance config set, or apply with a file.',
      'no-terminal',
    );
  const { cluster, snapshot } = await lookToChange(context);
  const view = knownInstance(snapshot, name);
  const before = configOf(view).text ?? '';
  const directory = await mkdtemp(path.join(os.tmpdir(), 'vbdesk-edit-'));
  const file = path.join(directory, 'xen.cfg');
  await writeFile(file, before, { mode: 0o600 });
  const code = await runEditor(file);
  const after = await readFile(file, 'utf8');
  if (code !== 0 || after === before) {
    await rm(directory, { recursive: true });
    if (code !== 0)
      throw new CliError(
        exitCodes.failed,
        'editor',
        `The editor ended with ${code ?? 'a signal'}; nothing was done.`,
      );
    context.note(`xen.cfg of ${view.name} was not changed.`);
    return;
  }
  try {
    await perform(context, cluster, configure(view, after), false);
  } catch (error) {
    context.say(
      `What you wrote is in ${file}; go on from it with: vbdesk instance config apply ${view.name} ${file}`,
    );
    throw error;
  }
  if (context.exitCode === exitCodes.done && !context.dryRun) await rm(directory, { recursive: true });
  else context.say(`What you wrote is in ${file}.`);
};

const take = (context: CommandContext, name: string, which: string): Promise<void> => {
  const side = SIDES.find((each) => each === which);
  if (side === undefined) throw usageError(`Take record, file or running, not ${shown(which)}.`, 'bad-input');
  return changeInstance(context, name, (view, snapshot) => {
    const settled = settleFor(snapshot, view, side);
    if (!settled.ok) throw usageError(settled.message, 'bad-input');
    return settled.intent;
  });
};

/** Values as Ganeti takes them; what is not named stays. */
const modify = (context: CommandContext, name: string, options: GuestOptions): Promise<void> => {
  const given = guestOf(context, options);
  if (Object.keys(given).length === 0)
    throw usageError('Name what changes: -B memory=1G,vcpus=2 or -H kernel=/boot/vmlinuz,….', 'bad-input');
  return changeInstance(context, name, (view) => {
    const { maxMemoryMib, ...present } = view.record.guest;
    // Ganeti's memory= sets both bounds
    const bound = given.memoryMib === undefined && maxMemoryMib !== undefined ? { maxMemoryMib } : {};
    const guest = { ...present, ...bound, ...given };
    const edited = withGuest(existing(view), { guest, nics: view.record.nics });
    if (!edited.ok) throw usageError(edited.message, 'bad-input');
    return configure(view, edited.text);
  });
};

export const addInstanceConfigCommands = (instance: Command, action: Action): void => {
  const config = instance.command('config').description('the Xen configuration (xen.cfg) of an instance');
  config.command('show <name>').description('print it as it is on the node').action(action(show));
  config
    .command('edit <name>')
    .description('change it in $VISUAL or $EDITOR; saving makes a plan, which is shown first')
    .action(action(edit));
  config
    .command('set <name> <setting...>')
    .description('change single settings, such as memory=1024 on_crash=restart; KEY= takes one out')
    .action(
      action((context: CommandContext, name: string, words: string[]) =>
        changeInstance(context, name, (view) => configure(view, withSettings(existing(view), words))),
      ),
    );
  config
    .command('apply <name> <file>')
    .description('write this file as its configuration; "-" reads the standard input')
    .action(
      action(async (context: CommandContext, name: string, file: string) => {
        const text = await readInput(file);
        await changeInstance(context, name, (view) => configure(view, text));
      }),
    );
  config
    .command('take <name> <side>')
    .description('where record, xen.cfg and the running guest disagree: which of them counts')
    .addHelpText(
      'after',
      `
Sides:
  file      the record follows xen.cfg, as far as it may: guest, network cards, and how disks are attached
  record    xen.cfg is written from the record; unknown keys and comments stay
  running   both follow the memory, processors and network cards of the running guest; its disks stay as recorded

Example:
  vbdesk instance config take web1.example.org record
`,
    )
    .action(action(take));
  instance
    .command('modify <name>')
    .description("Ganeti's word for changing the guest: memory, vcpus, kernel, …")
    .option('-B, --backend-parameters <values>', 'such as memory=1G,vcpus=2')
    .option('-H, --hypervisor-parameters <values>', 'such as kernel=/boot/vmlinuz,extra=quiet')
    .action(action(modify));
};
