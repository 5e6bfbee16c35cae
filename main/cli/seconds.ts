/** Seconds, as Ganeti's --timeout takes them. */
import { shown } from '../../core/storage/checked.ts';
import { usageError } from './cli-error.ts';

const longestTimeout = 86_400;

export const secondsOf = (option: string, text: string, least: number): number => {
  const seconds = /^[0-9]{1,6}$/.test(text) ? Number(text) : Number.NaN;
  if (!(seconds >= least && seconds <= longestTimeout))
    throw usageError(
      `${option} ${shown(text)}: a whole number of seconds from ${least} to ${longestTimeout} is needed.`,
      'bad-input',
    );
  return seconds;
};
