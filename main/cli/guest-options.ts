/** Options that say something of a guest, in Ganeti's words: -B and -H. */
import type { Parsed } from '../../core/ganeti/arguments.ts';
import {
  type BackendArgument,
  type HypervisorArgument,
  parseBackendOption,
  parseHypervisorOption,
} from '../../core/ganeti/option-values.ts';
import { usageError } from './cli-error.ts';
import type { CommandContext } from './context.ts';

export type GuestOptions = { backendParameters?: string; hypervisorParameters?: string };

/** The value of an option, and what of it has no effect; every problem at once otherwise. */
export const readOption = <T>(context: CommandContext, parsed: Parsed<T>): T => {
  if (!parsed.ok) throw usageError(parsed.problems.join('\n'), 'bad-input');
  for (const { option, reason } of parsed.ignored) context.note(`${option} has no effect: ${reason}`);
  return parsed.value;
};

/** What both say together; nothing where neither is given. */
export const guestOf = (
  context: CommandContext,
  options: GuestOptions,
): BackendArgument & HypervisorArgument => ({
  ...(options.backendParameters === undefined
    ? {}
    : readOption(context, parseBackendOption(options.backendParameters))),
  ...(options.hypervisorParameters === undefined
    ? {}
    : readOption(context, parseHypervisorOption(options.hypervisorParameters))),
});
