/** Passwords in a configuration: they stand in the file, and in no sentence about it. */
import { SECRET_KEYS } from './config-keys.ts';
import { type ConfigTree, getSetting } from './config-syntax.ts';
import type { PlainValue } from './config-values.ts';
import { partOf } from './entry-parts.ts';

/** What stands in the place of a value that is not shown. */
export const HIDDEN = '(hidden)';

const textsIn = (value: PlainValue | undefined): string[] =>
  value === undefined ? [] : Array.isArray(value) ? value.flatMap(textsIn) : [String(value)];

/** Shorter ones are found in any text by chance, and what they would hide has to be read. */
const shortest = 4;

/** @returns takes the passwords of a configuration out of a text, wherever they stand again */
export const hidesSecrets = (tree: ConfigTree): ((text: string) => string) => {
  const secrets = [
    ...[...SECRET_KEYS].flatMap((key) => textsIn(getSetting(tree, key))),
    ...textsIn(getSetting(tree, 'vfb')).flatMap((entry) => partOf(entry, 'vncpasswd') ?? []),
  ].filter((value) => value.length >= shortest);
  // and as it stands in a sentence that quotes it
  const values = secrets.flatMap((value) => [JSON.stringify(value).slice(1, -1), value]);
  return (text) => values.reduce((hidden, value) => hidden.replaceAll(value, HIDDEN), text);
};
