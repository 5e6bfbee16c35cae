/** The JSON schema of drafts takes what the reader takes, and finds the slips that people make. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { editDraft, newDraft } from '../../../core/draft/edit.ts';
import { readDraft } from '../../../core/draft/read.ts';
import { draftJsonSchema } from '../../../core/draft/schema.ts';
import { anyIntent } from './arbitrary-intent.ts';

type Json = Record<string, unknown>;
const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const schemasIn = (value: unknown): Json[] => (Array.isArray(value) ? value.filter(isObject) : []);

const isOfType = (type: unknown, value: unknown): boolean => {
  switch (type) {
    case 'null':
      return value === null;
    case 'array':
      return Array.isArray(value);
    case 'object':
      return isObject(value);
    case 'integer':
      return Number.isInteger(value);
    default:
      return typeof value === type;
  }
};

const known = new Set(
  '$schema $id title description examples default type const enum properties required additionalProperties propertyNames items minItems maxItems minLength maxLength minimum maximum pattern format anyOf oneOf allOf if then'.split(
    ' ',
  ),
);

/** As much of draft-07 as the schema uses; a word that is not known here fails. */
const fits = (schema: Json, value: unknown): boolean => {
  for (const word of Object.keys(schema))
    if (!known.has(word)) throw new Error(`${word} is not known to this test`);
  const number = (word: string, otherwise: number): number =>
    typeof schema[word] === 'number' ? schema[word] : otherwise;
  if (schema.type !== undefined && ![schema.type].flat().some((type) => isOfType(type, value))) return false;
  if ('const' in schema && schema.const !== value) return false;
  if (Array.isArray(schema.enum) && !schema.enum.includes(value)) return false;
  if (Array.isArray(schema.anyOf) && !schemasIn(schema.anyOf).some((each) => fits(each, value))) return false;
  if (Array.isArray(schema.oneOf) && schemasIn(schema.oneOf).filter((each) => fits(each, value)).length !== 1)
    return false;
  if (!schemasIn(schema.allOf).every((each) => fits(each, value))) return false;
  if (isObject(schema.if) && isObject(schema.then) && fits(schema.if, value) && !fits(schema.then, value))
    return false;
  if (typeof value === 'string') {
    if (value.length < number('minLength', 0) || value.length > number('maxLength', Number.POSITIVE_INFINITY))
      return false;
    if (typeof schema.pattern === 'string' && !new RegExp(schema.pattern, 'u').test(value)) return false;
  }
  if (
    typeof value === 'number' &&
    (value < number('minimum', -Infinity) || value > number('maximum', Infinity))
  )
    return false;
  if (Array.isArray(value)) {
    if (value.length < number('minItems', 0) || value.length > number('maxItems', Infinity)) return false;
    const { items } = schema;
    if (isObject(items) && !value.every((each) => fits(items, each))) return false;
  }
  if (isObject(value)) {
    const properties = isObject(schema.properties) ? schema.properties : {};
    if (Array.isArray(schema.required) && !schema.required.every((key) => Object.hasOwn(value, String(key))))
      return false;
    for (const [key, each] of Object.entries(value)) {
      const own = Object.hasOwn(properties, key) ? properties[key] : undefined;
      const { additionalProperties: others, propertyNames: names } = schema;
      if (isObject(names) && !fits(names, key)) return false;
      if (isObject(own) ? !fits(own, each) : others === false || (isObject(others) && !fits(others, each)))
        return false;
    }
  }
  return true;
};

const schema = draftJsonSchema();
const head = 'apiVersion: vbdesk/v1\nkind: Draft\ncluster: lab\n';

describe('the JSON schema', () => {
  it('takes every draft that VBDesk writes', () => {
    fc.assert(
      fc.property(anyIntent, (intent) => {
        const added = editDraft(
          newDraft('lab'),
          { edit: 'add', intent, accept: ['a:b'], note: 'why' },
          { at: 1e12, instances: { web1: { uuid: 'u', generation: 1, serial: 's' } } },
        );
        if (!added.ok) throw new Error(added.message);
        const marked = editDraft(added.text, {
          edit: 'set-reviewed',
          changes: [{ id: 'c1', steps: ['node1: Look'] }],
        });
        if (!marked.ok) throw new Error(marked.message);
        expect(fits(schema, parse(marked.text))).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  it.each([
    'changes: []\n',
    'changes:\n',
    'changes:\n  - do: startup\n    instance: web1\n',
    'changes:\n  - do: add\n    id: c1\n    instance: web2\n    node: node1\n    path: /srv\n    disks: [{ size: 5G }, { size: 512, mode: ro }]\n    guest: { memory: 1G }\n    nics: [{ bridge: xenbr0 }]\n',
  ])('takes what the reader takes: %j', (text) => {
    expect(readDraft(head + text).ok).toBe(true);
    expect(fits(schema, parse(head + text))).toBe(true);
  });

  it.each([
    'changes: 5\n',
    'change: []\n',
    'changes:\n  - do: startpu\n    instance: web1\n',
    'changes:\n  - do: startup\n',
    'changes:\n  - do: startup\n    instance: 12\n',
    'changes:\n  - do: startup\n    instance: web1\n    node: node2\n',
    'changes:\n  - { do: convert, instance: web1, disk: 0, to: qcow }\n',
    'changes:\n  - { do: grow, instance: web1, disk: 99, size: 5G }\n',
    'base: { at: today }\nchanges: []\n',
  ])('finds what the reader refuses: %j', (text) => {
    expect(readDraft(head + text).ok).toBe(false);
    expect(fits(schema, parse(head + text))).toBe(false);
  });
});
