/**
 * Shell functions that several scripts share. A script gets exactly those that it names (and those that these name), so that
 * what is shown to an administrator stays short.
 */
import { chainFunctions } from './chain.ts';
import { copyFunctions } from './copy.ts';
import { diskFunctions } from './disks.ts';
import { fileFunctions } from './files.ts';
import { guestFunctions } from './guest.ts';
import { lockFunctions } from './locks.ts';
import { migrationFunctions } from './migration.ts';
import { osFunctions } from './os.ts';
import type { Toolstack } from './toolstack.ts';
import { useFunctions } from './use.ts';

/** Their bodies by name. A variable that is no answer to the caller begins with `_`, for sh has no local ones. */
export const functionsOf: Record<Toolstack, ReadonlyMap<string, string>> = {
  xl: new Map(
    Object.entries({
      ...fileFunctions,
      ...lockFunctions,
      ...useFunctions,
      ...chainFunctions,
      ...diskFunctions,
      ...copyFunctions,
      ...osFunctions,
      ...guestFunctions('xl'),
      ...migrationFunctions,
    }),
  ),
  xm: new Map(
    Object.entries({
      ...fileFunctions,
      ...lockFunctions,
      ...useFunctions,
      ...chainFunctions,
      ...diskFunctions,
      ...copyFunctions,
      ...osFunctions,
      ...guestFunctions('xm'),
    }),
  ),
};

/** A function as it stands in a script. */
export const definitionOf = (name: string, text: string): string => `${name}() {\n${text}\n}\n`;

/** The body of a script with the functions that it needs before it. `prelude` still comes first; who runs it adds that. */
export const assemble = (body: string, toolstack: Toolstack = 'xl'): string => {
  const functions = functionsOf[toolstack];
  const needed = new Set<string>();
  const visit = (text: string): void => {
    for (const [word] of text.matchAll(/[a-z_]+/g)) {
      const found = functions.get(word);
      if (found === undefined || needed.has(word)) continue;
      needed.add(word);
      visit(found);
    }
  };
  visit(body);
  const texts = [...functions]
    .filter(([name]) => needed.has(name))
    .map(([name, text]) => definitionOf(name, text));
  return `${texts.join('')}${body.trim()}\n`;
};

/** What `assemble` put together: the names of the functions before a body, and the body; for a script that gets each function once. */
export const takeApart = (
  text: string,
  toolstack: Toolstack = 'xl',
): { functions: string[]; body: string } => {
  const functions: string[] = [];
  let body = text;
  for (const [name, definition] of functionsOf[toolstack]) {
    const whole = definitionOf(name, definition);
    if (!body.startsWith(whole)) continue;
    functions.push(name);
    body = body.slice(whole.length);
  }
  return { functions, body };
};
