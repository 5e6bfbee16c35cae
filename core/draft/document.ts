/** What a draft's file holds beside the fields of each word, as schemas: the reader, the writer and the JSON schema share them. */
import { z } from 'zod';
import { isOneLine, oneLineForm } from './characters.ts';
import type { Applied, Base, Change } from './draft.ts';
import { applied, base, baseInstance, change, changeId } from './draft.ts';

export const apiVersion = 'vbdesk/v1';

const time = z.iso
  .datetime({ offset: true })
  .transform((text) => Date.parse(text))
  .meta({ description: 'Time such as 2026-11-26T14:00:00.000Z.' });
const timeWord = (ms: number): string => new Date(ms).toISOString();

/** A step is "node1: Create the folder …"; written without quotes that is a map of one key, so both are read. */
const stepTitle = z
  .union([z.string().max(1000), z.record(z.string().max(500), z.string().max(1000))], {
    error: 'A step of a plan is one line, such as "node1: Create the folder".',
  })
  .transform((value, context) => {
    const [[nodes, title] = ['', ''], ...more] = typeof value === 'string' ? [] : Object.entries(value);
    const line = typeof value === 'string' ? value : `${nodes}: ${title}`;
    const isStep = typeof value === 'string' || (more.length === 0 && nodes !== '' && line.length <= 1000);
    if (isStep && isOneLine(line)) return line;
    context.addIssue({
      code: 'custom',
      message: 'A step of a plan is one line, such as "node1: Create the folder".',
    });
    return z.NEVER;
  });
const stepWord = (line: string): string | Record<string, string> => {
  const [, nodes = '', title = ''] = /^([^:\n]+): (.+)$/s.exec(line) ?? [];
  return nodes === '' || nodes === '__proto__' ? line : { [nodes]: title };
};

/** What every change may say, whatever it does. */
export const commonFields = z.strictObject({
  id: changeId.optional().describe('Unique in this file; given by VBDesk where it is left out.'),
  accept: change.shape.accept.optional().describe('Codes of consents that were given.'),
  note: change.shape.note.optional().describe('A remark.'),
  plan: z
    .array(stepTitle)
    .max(2000)
    .nullable()
    .optional()
    .describe('Steps of its plan when it was last reviewed; VBDesk writes them.'),
  applied: z
    .strictObject({ ...applied.shape, at: time })
    .nullable()
    .optional()
    .describe('What became of it when it was applied; VBDesk writes it.'),
});

const baseField = z
  .strictObject({
    at: time,
    instances: z
      .record(
        z.string().min(1).max(255).refine(isOneLine, oneLineForm),
        z.strictObject({
          uuid: baseInstance.shape.uuid,
          generation: baseInstance.shape.generation,
          record: baseInstance.shape.serial,
        }),
      )
      .default({}),
  })
  .describe('What was known of the cluster when this was drafted; VBDesk writes it.');

/** The document but for its changes. */
export const header = z.strictObject({
  apiVersion: z.literal(apiVersion),
  kind: z.literal('Draft'),
  cluster: z
    .string()
    .min(1)
    .max(63)
    .refine(isOneLine, oneLineForm)
    .describe('Name of the cluster, as this workstation knows it.'),
  base: baseField.nullable().optional(),
});

export const baseOfHeader = (value: z.output<typeof header>['base']): Base | null =>
  value
    ? base.parse({
        at: value.at,
        instances: Object.fromEntries(
          Object.entries(value.instances).map(([name, { record: serial, ...rest }]) => [
            name,
            { ...rest, serial },
          ]),
        ),
      })
    : null;

export const baseWords = ({ at, instances }: Base) => ({
  at: timeWord(at),
  instances: Object.fromEntries(
    Object.entries(instances).map(([name, { uuid, generation, serial }]) => [
      name,
      { uuid, generation, record: serial },
    ]),
  ),
});

export const planWords = (reviewed: readonly string[]) => reviewed.map(stepWord);
export const appliedWords = ({ run, at, outcome }: Applied) => ({ run, at: timeWord(at), outcome });

/** A change as it is written, in the order of its keys; `fields` are those of its word. */
export const changeWords = (
  { id, accept, note, reviewed, applied: mark }: Omit<Change, 'intent'>,
  { do: what, ...fields }: Record<string, unknown>,
): Record<string, unknown> => ({
  do: what,
  id,
  ...fields,
  ...(accept.length > 0 && { accept }),
  ...(note !== null && { note }),
  ...(reviewed !== null && { plan: planWords(reviewed) }),
  ...(mark !== null && { applied: appliedWords(mark) }),
});
