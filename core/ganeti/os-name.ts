/** What `-o` says: nothing, a template image, or one of Ganeti's OS definitions with its variant. */
import { shown } from '../storage/checked.ts';

export type OsName =
  | { kind: 'none' }
  | { kind: 'template'; name: string }
  | { kind: 'definition'; name: string; variant: string | null };

/** Begins the name of a template, as in `template:debian-12.raw`. */
export const TEMPLATE_PREFIX = 'template:';

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;
const FILE_NAME = /^[A-Za-z0-9][A-Za-z0-9._+-]{0,127}$/;
const RULE = 'letters, digits, ".", "_" and "-", beginning with a letter or digit';

/** What an OS parameter may be called: it becomes the name of a variable, `OSP_` before it. */
const PARAMETER = /^[A-Za-z0-9_-]{1,64}$/;

/** @returns what is meant, or why nothing can be meant, as a sentence */
export function parseOsName(text: string): { ok: true; os: OsName } | { ok: false; message: string } {
  if (text === 'none') return { ok: true, os: { kind: 'none' } };
  if (text.startsWith(TEMPLATE_PREFIX)) {
    const name = text.slice(TEMPLATE_PREFIX.length);
    if (FILE_NAME.test(name)) return { ok: true, os: { kind: 'template', name } };
    return {
      ok: false,
      message: `${shown(name)} is not the name of a template: it is that of a file in the template directory, of ${RULE}.`,
    };
  }
  const [name = '', variant, ...more] = text.split('+');
  if (NAME.test(name) && more.length === 0 && (variant === undefined || NAME.test(variant)))
    return { ok: true, os: { kind: 'definition', name, variant: variant ?? null } };
  return {
    ok: false,
    message: `${shown(text)} is no operating system. Allowed are none, ${TEMPLATE_PREFIX}FILE, and NAME or NAME+VARIANT of an OS definition, of ${RULE}.`,
  };
}

/** Reads `name=value,…` of `-O`. */
export function parseOsParameters(
  option: string,
  parts: readonly string[],
): { values: Map<string, string>; problems: string[] } {
  const values = new Map<string, string>();
  const problems: string[] = [];
  for (const part of parts) {
    const equals = part.indexOf('=');
    const name = equals < 0 ? part : part.slice(0, equals);
    // what follows may be a secret, so only the name is told
    if (equals < 0) problems.push(`${option}: ${shown(name)} needs a value, as in NAME=VALUE.`);
    else if (!PARAMETER.test(name))
      problems.push(`${option}: ${shown(name)} is not the name of a parameter.`);
    else if (values.has(name)) problems.push(`${option}: ${name} is given twice.`);
    else values.set(name, part.slice(equals + 1));
  }
  return { values, problems };
}

export const isParameterName = (name: string): boolean => PARAMETER.test(name);

/** The variable by which a script gets a parameter. */
export const parameterVariable = (name: string): string => `OSP_${name.toUpperCase().replaceAll('-', '_')}`;
