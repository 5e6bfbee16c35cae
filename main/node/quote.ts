/** The one way in which text enters a shell script. */

/**
 * One shell word that is exactly `text`, whatever it holds: quotes, `$(…)`, newlines, a leading `-`.
 * @throws TypeError for NUL, which no shell can carry, and for half a surrogate pair, which has no UTF-8 form
 */
export const quote = (text: string): string => {
  if (text.includes('\0')) throw new TypeError('A text with a NUL character can not be given to a shell.');
  if (!text.isWellFormed())
    throw new TypeError('A text with half a surrogate pair can not be given to a shell.');
  return `'${text.replaceAll("'", "'\\''")}'`;
};
