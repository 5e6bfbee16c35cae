/** A script that is run by hand: into a new file, or to stdout. */
import { writeFile } from 'node:fs/promises';
import { CliError, exitCodes } from './cli-error.ts';
import type { CommandContext } from './context.ts';

/** Into the file that `--script` names, which must not exist; without a name to stdout. */
export const putScript = async (
  context: CommandContext,
  text: string,
  file: string | true | undefined = context.options.script,
): Promise<void> => {
  if (typeof file !== 'string' || file === '-') {
    if (context.json) context.result({ script: text }, '');
    else context.terminal.out(text);
    return;
  }
  try {
    await writeFile(file, text, { flag: 'wx', mode: 0o700 });
  } catch (error) {
    const exists = error instanceof Error && 'code' in error && error.code === 'EEXIST';
    throw new CliError(
      exitCodes.usage,
      'script-file',
      exists
        ? `${file} exists already, and a script replaces nothing: name another file. Nothing was done.`
        : `${file} can't be written: ${error instanceof Error ? error.message : String(error)} Nothing was done.`,
    );
  }
  context.result(
    { script: file },
    `Written to ${file}; nothing was done. Its first lines say how it is run: head -n 40 ${file}`,
  );
};
