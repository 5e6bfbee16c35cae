/** The draft that a command names, read from its file. */
import path from 'node:path';
import type { Draft, DraftFile } from '../../core/draft/draft.ts';
import { usageError } from './cli-error.ts';
import type { CommandContext } from './context.ts';

export const fileOf = (context: CommandContext, given: string): Promise<DraftFile> =>
  context.call('draft.read', { path: path.resolve(given) });

/** @throws CliError with every problem, each with its line and column; or when another cluster is meant */
export const draftOf = (context: CommandContext, { path: file, draft, problems }: DraftFile): Draft => {
  if (!draft)
    throw usageError(
      problems.map(({ line, column, message }) => `${file}:${line}:${column}: ${message}`).join('\n'),
      'draft',
    );
  const { cluster } = context.options;
  if (cluster !== undefined && cluster !== draft.cluster)
    throw usageError(`${file} is a draft of the cluster ${draft.cluster}, not of ${cluster}.`);
  return draft;
};
