/** A draft as a script that is run by hand. */
import path from 'node:path';
import type { Command } from 'commander';
import type { Action } from './command.ts';
import { putScript } from './script-file.ts';

export const addDraftScript = (draft: Command, action: Action): void => {
  draft
    .command('script')
    .description(
      'all changes that were not applied, as one shell script that is run by hand; nothing is done',
    )
    .argument('<file>', 'the draft')
    .action(
      action(async (context, file: string) => {
        const { text } = await context.call('draft.script', { path: path.resolve(file) });
        await putScript(context, text);
      }),
    );
};
