/** `vbdesk draft …`: changes that are prepared, reviewed and applied later. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Command } from 'commander';
import { type Change, type DraftEdit, draftEnding } from '../../core/draft/draft.ts';
import { draftJsonSchema } from '../../core/draft/schema.ts';
import { wordsOf } from '../../core/draft/words.ts';
import { CliError, exitCodes, usageError } from './cli-error.ts';
import type { Action } from './command.ts';
import type { CommandContext } from './context.ts';
import { addDraftApply } from './draft-apply.ts';
import { draftOf, fileOf } from './draft-file.ts';
import { addDraftPlan } from './draft-plan.ts';
import { addDraftReview } from './draft-review.ts';
import { addDraftScript } from './draft-script.ts';
import { chooseCluster } from './resolve.ts';
import { pairs, table, timeText } from './table.ts';

/** "web1" is called web1.vbdesk.yaml. */
const fileName = (given: string): string =>
  path.resolve(given.endsWith(draftEnding) ? given : `${given}${draftEnding}`);

const begin = async (context: CommandContext, given: string | undefined): Promise<void> => {
  const cluster = await chooseCluster(context);
  const { path: file } = await context.call('draft.create', {
    path: given === undefined ? null : fileName(given),
    cluster,
  });
  context.result(
    { draft: file, cluster },
    `${file} is a new draft for ${cluster}. Add to it with --draft ${file} after any command that changes something.`,
  );
};

const list = async (context: CommandContext): Promise<void> => {
  const drafts = await context.call('draft.list', {});
  if (drafts.length === 0) context.note('No draft is opened. Begin one with: vbdesk draft new');
  context.result(
    drafts,
    drafts.length === 0
      ? ''
      : table(
          [
            { title: 'DRAFT' },
            { title: 'CLUSTER' },
            { title: 'CHANGES', right: true },
            { title: 'APPLIED', right: true },
            { title: 'FILE' },
          ],
          drafts.map(({ name, cluster, changes, applied, path: file, problem }) => [
            name,
            cluster ?? '',
            String(changes),
            String(applied),
            problem === null ? file : `${file}: ${problem}`,
          ]),
        ),
  );
};

const fieldsOf = ({ intent }: Change): string => {
  const written = wordsOf(intent);
  if (!written.ok) return written.message;
  return Object.entries(written.words)
    .filter(([key]) => key !== 'do')
    .map(([key, value]) => {
      const text = typeof value === 'string' ? value : JSON.stringify(value);
      return `${key}: ${text.length > 60 || text.includes('\n') ? `${text.slice(0, 60).split('\n')[0]}…` : text}`;
    })
    .join(', ');
};

const doOf = ({ intent }: Change): string => {
  const written = wordsOf(intent);
  return written.ok ? String(written.words.do) : intent.kind;
};

const markOf = ({ applied, reviewed }: Change): string =>
  applied ? `${applied.outcome} (${timeText(applied.at)})` : reviewed ? 'reviewed' : 'not reviewed';

const show = async (context: CommandContext, given: string): Promise<void> => {
  const file = await fileOf(context, given);
  const draft = draftOf(context, file);
  context.result(
    { draft: file.path, sha256: file.sha256, ...draft },
    [
      pairs([
        ['Draft', file.path],
        ['Cluster', draft.cluster],
        [
          'Drafted on',
          draft.base ? `what its nodes showed at ${timeText(draft.base.at)}` : 'nothing that is known',
        ],
        ['Changes', String(draft.changes.length)],
      ]),
      ...(draft.changes.length === 0
        ? []
        : [
            table(
              [{ title: 'ID' }, { title: 'DO' }, { title: 'STATE' }, { title: 'WHAT' }],
              draft.changes.map((each) => [
                each.id,
                doOf(each),
                markOf(each),
                `${fieldsOf(each)}${each.note === null ? '' : ` (${each.note.split('\n')[0]})`}`,
              ]),
            ),
          ]),
    ].join('\n\n'),
  );
};

const open = async (context: CommandContext, given: string): Promise<void> => {
  const file = await fileOf(context, given);
  const draft = draftOf(context, file);
  context.result(
    { draft: file.path, cluster: draft.cluster, changes: draft.changes.length },
    `${file.path} is opened: the window lists it under drafts.`,
  );
};

const close = async (context: CommandContext, given: string): Promise<void> => {
  const file = path.resolve(given);
  await context.call('draft.close', { path: file });
  context.result({ closed: file }, `${file} is no longer listed; the file stays.`);
};

const edit = async (context: CommandContext, given: string, made: DraftEdit, text: string): Promise<void> => {
  const file = await fileOf(context, given);
  draftOf(context, file);
  if (context.dryRun) {
    context.result({ draft: file.path, would: made }, `Would be done in ${file.path}: ${text}`);
    return;
  }
  const after = await context.call('draft.edit', { path: file.path, from: file.sha256, edit: made });
  context.result({ draft: after.path, changes: after.draft?.changes.map(({ id }) => id) ?? [] }, text);
};

const schema = async (context: CommandContext, options: { output?: string }): Promise<void> => {
  const document = draftJsonSchema();
  if (options.output === undefined) {
    context.terminal.out(`${JSON.stringify(document, null, 2)}\n`);
    return;
  }
  const file = path.resolve(options.output);
  await writeFile(file, `${JSON.stringify(document, null, 2)}\n`).catch((error: unknown) => {
    throw new CliError(
      exitCodes.usage,
      'file',
      `${file} can't be written: ${error instanceof Error ? error.message : String(error)}`,
    );
  });
  context.result({ schema: file }, `${file} is written.`);
};

const help = `
A draft is a YAML file of changes in the words of the command line, made to be read and reviewed like code. It is made without a
connection, on what the nodes showed last; each change builds on those before it. Comments in it stay.

Examples:
  vbdesk draft new friday --cluster prod
  vbdesk instance add -t file --disk 0:size=5G -n node1 -o none web2 --draft friday${draftEnding}
  vbdesk draft add friday${draftEnding} instance failover web1 -n node2
  vbdesk draft show friday${draftEnding}
`;

/** @param words carries out a command line, as if it had been typed */
export const addDraftCommands = (
  program: Command,
  action: Action,
  words: (given: readonly string[]) => Promise<void>,
): void => {
  const draft = program
    .command('draft')
    .description('changes that are prepared without a connection, reviewed, and applied later')
    .addHelpText('after', help);
  draft
    .command('new [file]')
    .description(`begin a draft (FILE${draftEnding}; without a name in VBDesk's own folder)`)
    .action(action(begin));
  draft
    .command('add')
    .description('add what a command would do: the words after FILE are those of the command')
    .usage('[options] FILE COMMAND...')
    .argument('<file>')
    .argument('[words...]')
    .allowUnknownOption()
    .action(async (_file: string, _words: string[], _options: unknown, command: Command) => {
      const [file = '', ...rest] = command.args;
      if (rest.length === 0)
        throw usageError('What shall be added? Name a command: vbdesk draft add FILE instance startup web1.');
      await words([...rest, '--draft', file]);
    });
  draft.command('show <file>').description('its changes, in order').action(action(show));
  draft.command('list').description('drafts that are opened on this workstation').action(action(list));
  draft.command('open <file>').description('list a draft in the window').action(action(open));
  draft.command('close <file>').description('take it off that list; the file stays').action(action(close));
  draft
    .command('remove <file> <id>')
    .description('take a change out of it')
    .action(
      action((context: CommandContext, file: string, id: string) =>
        edit(context, file, { edit: 'remove', id }, `${id} was taken out.`),
      ),
    );
  draft
    .command('move <file> <id>')
    .description('put a change elsewhere in the order: before another one, or at the end')
    .option('--before <id>', 'before this one; else at the end')
    .action(
      action((context: CommandContext, file: string, id: string, options: { before?: string }) =>
        edit(
          context,
          file,
          { edit: 'move', id, before: options.before ?? null },
          `${id} comes ${options.before === undefined ? 'last' : `before ${options.before}`} now.`,
        ),
      ),
    );
  draft
    .command('duplicate <file> <id>')
    .description('repeat a change right after itself')
    .action(
      action((context: CommandContext, file: string, id: string) =>
        edit(context, file, { edit: 'duplicate', id }, `${id} stands there twice now.`),
      ),
    );
  draft
    .command('schema')
    .description('the JSON schema of drafts, by which editors complete and check them')
    .option('--output <file>', 'write it into this file')
    .action(action(schema));
  addDraftPlan(draft, action);
  addDraftScript(draft, action);
  addDraftReview(draft, action);
  addDraftApply(draft, action);
};
