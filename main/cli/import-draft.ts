/** `vbdesk import ganeti … --draft FILE`: each adoption is a change of the draft; no node need answer. */
import type { DraftFile } from '../../core/draft/draft.ts';
import { wordsOf } from '../../core/draft/words.ts';
import type { AdoptIntent } from '../../core/plan/intent.ts';
import { planWithoutSecrets } from '../../core/plan/secrets.ts';
import { CliError, exitCodes, usageError } from './cli-error.ts';
import type { CommandContext } from './context.ts';
import { draftOf, fileOf } from './draft-file.ts';
import { added, asSeen, changeText, refuseConfirmDown } from './drafting.ts';
import { readAccepted } from './import-accept.ts';
import { practiceCluster } from './resolve.ts';
import { indented } from './table.ts';

/** An instance, and what is to be done, or why nothing can be. */
export type Placed = { name: string } & (
  | { intent: AdoptIntent; why: readonly string[] }
  | { intent: null; why: readonly string[] }
);

type Addition = { name: string; intent: AdoptIntent; words: Record<string, unknown>; accept: string[] };

/** All of them, in the words of a draft. @throws CliError with every reason against any: then none is written */
const additionsOf = (
  context: CommandContext,
  file: string,
  placed: readonly Placed[],
  all: readonly string[],
): Addition[] => {
  const names = placed.map((each) => each.name);
  const accepted = readAccepted(context.accept, all, names);
  // offline nobody can tell who will ask for it: a code alone is clear for one alone
  if (accepted.bare.length > 0 && names.length > 1)
    throw usageError(
      `Nothing was added to ${file}. ${accepted.bare.map((code) => `--accept ${code}`).join(', ')}: say for which instance, as in --accept ${names[0] ?? 'NAME'}:${accepted.bare[0] ?? 'CODE'}, or --accept-all ${accepted.bare[0] ?? 'CODE'} for all ${names.length}.`,
      'bad-input',
    );
  const additions: Addition[] = [];
  const against: { name: string; why: string[] }[] = [];
  for (const { name, intent, why } of placed) {
    const written = intent && wordsOf(intent);
    if (!intent || !written?.ok) {
      against.push({ name, why: written && !written.ok ? [written.message] : [...why] });
      continue;
    }
    const accept = [...new Set([...all, ...(accepted.named.get(name) ?? []), ...accepted.bare])];
    additions.push({ name, intent, words: written.words, accept });
  }
  if (against.length > 0)
    throw new CliError(
      exitCodes.refused,
      'refused',
      `${against.map(({ name, why }) => `${name} can't be adopted:\n${indented(why.join('\n'))}`).join('\n')}\nNothing was added to ${file}: ${against.length} of ${placed.length} can't be adopted like this. Leave them out, or see to what stands against them.`,
      { extra: { refused: against } },
    );
  return additions;
};

/** Writes one after the other; each is on the disk before the next. */
const write = async (
  context: CommandContext,
  begun: DraftFile,
  additions: readonly Addition[],
): Promise<Map<string, string>> => {
  const ids = new Map<string, string>();
  let file = begun;
  for (const { name, intent, accept } of additions) {
    const after = await context
      .call('draft.edit', { path: file.path, from: file.sha256, edit: { edit: 'add', intent, accept } })
      .catch((error: unknown) => {
        if (!(error instanceof CliError) || ids.size === 0) throw error;
        throw new CliError(
          error.exitCode,
          error.code,
          `${error.message}\nThat was ${name}. Added to ${file.path} before it: ${[...ids].map(([before, id]) => `${before} (${id})`).join(', ')}.`,
          { extra: { ...error.extra, added: Object.fromEntries(ids) } },
        );
      });
    ids.set(name, added(file, after));
    file = after;
  }
  return ids;
};

/**
 * Adds all of them to the draft, or none where something stands against one, and shows the plan of each.
 * @param all codes of --accept-all
 */
export const addAdoptions = async (
  context: CommandContext,
  given: string,
  placed: readonly Placed[],
  all: readonly string[],
): Promise<void> => {
  refuseConfirmDown(context);
  const file = await fileOf(context, given);
  const { cluster } = draftOf(context, file);
  const additions = additionsOf(context, file.path, placed, all);
  if (context.dryRun) {
    context.result(
      { draft: file.path, wouldAdd: additions.map(({ words, accept }) => ({ ...words, accept })) },
      `Would add to ${file.path}:\n${indented(additions.map(({ words }) => JSON.stringify(words)).join('\n'))}`,
    );
    return;
  }
  const ids = await write(context, file, additions);
  const { at, offline, changes } = await context.call('draft.plan', {
    path: file.path,
    fresh: cluster === practiceCluster,
  });
  const planned = additions.map(({ name, words, accept }) => {
    const id = ids.get(name) ?? '';
    return { name, id, words, accept, change: changes.find((each) => each.id === id) };
  });
  for (const { name, accept, change } of planned)
    for (const code of accept)
      if (change?.view && !change.view.plan.reasons.some((each) => each.code === code))
        context.say(`As far as is known now, nothing in the plan of ${name} asks for ${code}.`);
  context.note(
    `${planned.map(({ name, id }) => `${name} (${id})`).join(', ')} ${planned.length === 1 ? 'was' : 'were'} added to ${file.path}; nothing was run. This is what the draft would do, ${asSeen(at)}:`,
  );
  context.result(
    {
      draft: file.path,
      at,
      offline,
      added: planned.map(({ name, id, words, accept, change }) => ({
        name,
        id,
        added: words,
        accept,
        change: change && {
          ...change,
          view: change.view && { ...change.view, plan: planWithoutSecrets(change.view.plan) },
        },
      })),
    },
    planned
      .map(
        ({ name, id, change }) => `${id}, ${name}:\n${change ? indented(changeText(context, change)) : ''}`,
      )
      .join('\n\n'),
  );
};
