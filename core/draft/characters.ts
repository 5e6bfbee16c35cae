/** Characters that texts of a draft may have: terminals, logs and lists show them, and a file has to keep them. */

const atOdds = /[\p{Cc}\p{Cs}]/u;

/** No line ends and no other control characters, and no half of a character. */
export const isOneLine = (text: string): boolean => !atOdds.test(text);
export const oneLineForm = 'It is one line, without control characters.';

/** The same, but for line ends and tabs. */
export const isProse = (text: string): boolean => !atOdds.test(text.replaceAll(/[\n\t]/g, ''));
export const proseForm = 'It is a text without control characters.';
