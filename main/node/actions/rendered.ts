/** What an action comes to on a node, and the checks that every text passes before it becomes part of a script. */
import type { Action, ActionName } from '../../../core/plan/action.ts';
import { forbiddenDirectoryOf } from '../../../core/storage/paths.ts';
import { quote } from '../quote.ts';
import { assemble } from '../shell/assemble.ts';
import type { Toolstack } from '../shell/toolstack.ts';

export type { Toolstack } from '../shell/toolstack.ts';

export type Rendered = {
  /** one or few lines to show: the essential command, with logical paths */
  summary: string;
  /**
   * POSIX sh, to be run after `prelude`. Exit codes: 0 done; 73 refused or failed, and nothing was changed; 75 another run holds
   * the lock, and nothing was changed; 10 (looks) it is not so; anything else failed. The reason is on stderr, as a sentence.
   */
  act: string;
  /**
   * Read-only sh, run after `prelude` when a job was interrupted: 0 done, 10 not done at all (the step may simply be run again),
   * 11 partial, anything else: could not tell. Null for looks.
   */
  check: string | null;
};

export type ActionOf<Name extends ActionName> = Extract<Action, { do: Name }>;

/** Thrown for text that no planner makes: it never gets near a shell. */
export class RenderError extends Error {}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const control = /[\u0000-\u001f\u007f]/;

/** A logical path as one shell word: absolute, normalised, printable. Wherever it points; see `ownPath` for what is changed. */
export const anyPath = (path: string): string => {
  const parts = path.split('/').slice(1);
  if (!path.startsWith('/') || parts.some((part) => part === '' || part === '.' || part === '..'))
    throw new RenderError(`${JSON.stringify(path)} is not an absolute, normalised path.`);
  if (control.test(path))
    throw new RenderError(`The path ${JSON.stringify(path)} holds a control character.`);
  return quote(path);
};

/** A logical path that an action may create, change or remove: never in a directory of the system, never a directory of the root. */
export const ownPath = (path: string): string => {
  const word = anyPath(path);
  const forbidden = forbiddenDirectoryOf(path);
  if (forbidden !== undefined)
    throw new RenderError(`${path} lies in ${forbidden}, a directory of the system.`);
  if (path.lastIndexOf('/') === 0) throw new RenderError(`${path} is a directory of the root file system.`);
  return word;
};

/** The base name of a file in a folder, as one shell word. */
export const baseName = (name: string): string => {
  if (name === '' || name === '.' || name === '..' || name.includes('/') || control.test(name))
    throw new RenderError(`${JSON.stringify(name)} is not the name of a file.`);
  return quote(name);
};

/** A run's id or another mark of ours, which is also part of file names. */
export const mark = (text: string): string => {
  if (!/^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$/.test(text))
    throw new RenderError(`${JSON.stringify(text)} is not an id.`);
  return quote(text);
};

export const wholeNumber = (value: number): string => {
  if (!Number.isSafeInteger(value) || value < 0) throw new RenderError(`${value} is not a whole number.`);
  return String(value);
};

export const directoryOf = (path: string): string => path.slice(0, path.lastIndexOf('/'));

export const uuidWord = (uuid: string): string => {
  if (!/^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/.test(uuid))
    throw new RenderError(`${JSON.stringify(uuid)} is not a uuid.`);
  return quote(uuid.toLowerCase());
};

type Parts = { summary: string; act: string; check: string | null };

/** Puts the functions before act and check. */
export const rendered = (parts: Parts, toolstack: Toolstack = 'xl'): Rendered => ({
  summary: parts.summary,
  act: assemble(parts.act, toolstack),
  check: parts.check === null ? null : assemble(parts.check, toolstack),
});
