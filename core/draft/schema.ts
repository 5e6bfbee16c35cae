/** The JSON schema of a draft's file, made of the very schemas that read it, so that editors complete and check it. */
import { z } from 'zod';
import { commonFields, header } from './document.ts';
import { mostChanges } from './draft.ts';
import { words } from './words.ts';

type Json = Record<string, unknown>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const made = (schema: z.ZodType): Json => {
  const { $schema: _draft, ...rest } = z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
    target: 'draft-7',
  });
  return rest;
};

const propertiesOf = (schema: Json): Json => (isObject(schema.properties) ? schema.properties : {});
const requiredOf = (schema: Json): unknown[] => (Array.isArray(schema.required) ? schema.required : []);

/** Of a whole file. */
export const draftJsonSchema = (): Json => {
  const head = made(header);
  const common = propertiesOf(made(commonFields));
  const changes = words.map((word) => {
    const fields = made(word.fields);
    return {
      if: { properties: { do: { const: word.do } }, required: ['do'] },
      // biome-ignore lint/suspicious/noThenProperty: a word of JSON schema
      then: {
        title: word.title,
        type: 'object',
        properties: { do: { const: word.do, description: word.title }, ...propertiesOf(fields), ...common },
        required: ['do', ...requiredOf(fields)],
        additionalProperties: false,
      },
    };
  });
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    $id: 'vbdesk/v1/draft',
    title: 'A draft of VBDesk: changes to a Xen cluster, prepared to be reviewed and applied',
    type: 'object',
    properties: {
      ...propertiesOf(head),
      changes: {
        description: 'What is to be done, in this order; each change builds on those before it.',
        type: ['array', 'null'],
        maxItems: mostChanges,
        items: {
          type: 'object',
          properties: {
            do: {
              description: 'What it does, in the words of the command line.',
              oneOf: words.map((word) => ({ const: word.do, description: word.title })),
            },
          },
          required: ['do'],
          allOf: changes,
        },
      },
    },
    required: [...requiredOf(head), 'changes'],
    additionalProperties: false,
  };
};
