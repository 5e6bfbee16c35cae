/** What the files of commands share: how an action is made, and options that may be repeated. */
import type { CommandContext } from './context.ts';

/** Makes a command's action: `work` gets a context with the options that were given. */
export type Action = <A extends unknown[]>(
  work: (context: CommandContext, ...given: A) => Promise<void>,
) => (...given: A) => Promise<void>;

/** For an option that may be given several times. */
export const collect = (value: string, before: string[] = []): string[] => [...before, value];
