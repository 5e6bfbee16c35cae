/** What is wrong with a value in a draft's file, as a sentence. */
import type { z } from 'zod';
import { listText } from '../cluster/status.ts';
import { shown } from '../storage/checked.ts';

/** "disks[0].size" */
export const fieldName = (path: readonly PropertyKey[]): string =>
  path
    .map((part, index) =>
      typeof part === 'number' ? `[${part}]` : `${index === 0 ? '' : '.'}${String(part)}`,
    )
    .join('');

const nouns: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map of fields',
  record: 'a map',
  null: 'nothing',
};

const kindOf = (value: unknown): string => {
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a map';
  return typeof value === 'string' ? shown(value) : JSON.stringify(value);
};

const orText = (values: readonly unknown[]): string => {
  const texts = values.map((each) =>
    each === null ? 'nothing' : typeof each === 'string' ? each : JSON.stringify(each),
  );
  const last = texts.pop() ?? '';
  return texts.length === 0 ? last : `${texts.join(', ')} or ${last}`;
};

/** Letters to be changed, put in or left out to come from one word to the other. */
const distance = (a: string, b: string): number => {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1)
      next.push(
        Math.min(
          (row[j] ?? 0) + 1,
          (next[j - 1] ?? 0) + 1,
          (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1),
        ),
      );
    row = next;
  }
  return row[b.length] ?? 0;
};

/** " Did you mean add?", or nothing. */
export const suggestion = (given: string, known: readonly string[]): string => {
  if (given.length > 40) return '';
  const [best] = known
    .map((each) => ({ each, far: distance(given.toLowerCase(), each) }))
    .toSorted((a, b) => a.far - b.far);
  return best && best.far <= Math.max(1, Math.floor(given.length / 3)) ? ` Did you mean ${best.each}?` : '';
};

/**
 * @param value what stands there; undefined: nothing does
 * @param known fields of the map in which an unknown one stands
 */
export const sentenceOf = (issue: z.core.$ZodIssue, value: unknown, known: readonly string[]): string => {
  const name = fieldName(issue.path);
  const it = name === '' ? 'This' : shown(name);
  switch (issue.code) {
    case 'unrecognized_keys': {
      const [key = ''] = issue.keys;
      return `${shown(key)} is no field that is known here.${suggestion(key, known)}${known.length > 0 ? ` There are ${listText([...known])}.` : ''}`;
    }
    case 'invalid_type':
      return value === undefined
        ? `${it} is missing.`
        : `${it} is ${nouns[issue.expected] ?? issue.expected}, not ${kindOf(value)}.${issue.expected === 'string' && (typeof value === 'number' || typeof value === 'boolean') ? ' Put it in quotes.' : ''}`;
    case 'invalid_value':
      return value === undefined
        ? `${it} is missing.`
        : `${it} is ${orText(issue.values)}, not ${kindOf(value)}.${typeof value === 'string' ? suggestion(value, issue.values.map(String)) : ''}`;
    case 'too_big':
    case 'too_small': {
      const least = issue.code === 'too_small';
      const limit = String(least ? issue.minimum : issue.maximum);
      const bound = `at ${least ? 'least' : 'most'} ${limit}`;
      if (issue.origin === 'string')
        return `${it} has ${bound} ${limit === '1' ? 'character' : 'characters'}.`;
      if (issue.origin === 'array') return `${it} has ${bound} ${limit === '1' ? 'entry' : 'entries'}.`;
      return `${it} is ${bound}.`;
    }
    case 'invalid_format':
      return issue.format === 'datetime'
        ? `${it} is a time such as 2026-11-26T14:00:00.000Z, not ${kindOf(value)}.`
        : `${it} is made of letters, digits, ".", "_" and "-", and not ${kindOf(value)}.`;
    case 'invalid_key':
      return `${it} is no name that can stand here.`;
    default:
      return value === undefined && issue.code === 'invalid_union'
        ? `${it} is missing. ${issue.message}`
        : name === ''
          ? issue.message
          : `${it}: ${issue.message}`;
  }
};
