/** Values as they stand in a draft's file, in the command line's notation: sizes such as 5G, memory such as 512M, seconds. */
import { z } from 'zod';
import { formatSizeArgument, parseMemory, parseSize } from '../../storage/sizes.ts';
import { isOneLine, oneLineForm } from '../characters.ts';

export const text = z.string().min(1).max(4096).refine(isOneLine, oneLineForm);
/** An instance by its name, or by its uuid where two have one name. */
export const instance = z
  .string()
  .min(1)
  .max(255)
  .refine(isOneLine, oneLineForm)
  .describe('Name of the instance; its uuid where several have one name.');
export const node = z.string().min(1).max(255).refine(isOneLine, oneLineForm).describe('Name of the node.');
export const path = text.describe('Absolute path on the node.');
export const storageDirectory = text.describe('Storage directory, such as /srv/ganeti/file-storage.');
export const diskNumber = z.number().int().min(0).max(25).describe('Number of the disk, from 0.');
export const flag = z.boolean();
/** Of words that copy between nodes: whether the agent of this workstation is lent for that. */
export const forwardAgentField = {
  'forward-agent': flag
    .default(false)
    .describe("true: the source's node may use the SSH agent of whoever applies it, for this copy."),
};
export const lentBy = (value: { 'forward-agent': boolean }): { forwardAgent?: true } =>
  value['forward-agent'] ? { forwardAgent: true } : {};

const sizeForm = 'A size is a number with a unit, such as 5G, 1.5G or 512M.';
const notation = z.union([z.string().max(60), z.number()], { error: sizeForm });

/** Bytes. */
export const size = notation
  .transform((value, context) => {
    const parsed = parseSize(String(value));
    if (parsed.ok) return parsed.bytes;
    context.addIssue({ code: 'custom', message: parsed.message });
    return z.NEVER;
  })
  .meta({ description: 'Size such as 5G, 1.5G or 512M; a number alone is MiB.', examples: ['5G'] });

/** Bytes, or so many more where it begins with "+". */
export const newSize = notation
  .transform((value, context) => {
    const word = String(value);
    const by = word.startsWith('+');
    const parsed = parseSize(by ? word.slice(1) : word);
    if (parsed.ok) return { size: parsed.bytes, by };
    context.addIssue({ code: 'custom', message: parsed.message });
    return z.NEVER;
  })
  .meta({
    description: 'What the disk shall have, such as 20G; or how many more, such as +5G.',
    examples: ['+5G'],
  });

const memory = z
  .union([z.string().max(60), z.number()], { error: 'Memory is a number with a unit, such as 512M or 2G.' })
  .transform((value, context) => {
    const parsed = parseMemory(String(value));
    if (parsed.ok) return parsed.mebibytes;
    context.addIssue({ code: 'custom', message: parsed.message });
    return z.NEVER;
  });

/** Seconds that a guest may take. */
export const timeout = (least: number) =>
  z
    .number()
    .int()
    .min(least)
    .max(86_400)
    .default(120)
    .describe('Seconds that the guest may take; 0 ends it at once where that is allowed.');

/** Bytes as the file has them. */
export const sizeWord = formatSizeArgument;
const memoryWord = (mebibytes: number): string => formatSizeArgument(mebibytes * 1024 ** 2);

type Defined<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

/** Without the keys that have no value. */
export const defined = <T extends object>(value: T): Defined<T> =>
  Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as Defined<T>;

const bootWords = {
  kernel: text.optional(),
  ramdisk: text.optional(),
  root: z.string().max(255).optional(),
  extra: z.string().max(2048).optional(),
  bootloader: text.optional(),
  boot: z.string().max(8).optional(),
};
const guestType = z.enum(['pv', 'pvh', 'hvm']);
const vcpus = z.number().int().min(1).max(512);
const memoryMeta = { description: 'Memory such as 512M or 2G; a number alone is MiB.', examples: ['1G'] };

/** How a guest boots, and of what it consists, whole. */
export const wholeGuest = z
  .strictObject({
    type: guestType.default('pv'),
    memory: memory.meta(memoryMeta),
    maxmem: memory.optional().describe('What it may be given at most.'),
    vcpus: vcpus.default(1),
    ...bootWords,
  })
  .transform(({ memory: memoryMib, maxmem: maxMemoryMib, ...rest }) =>
    defined({ ...rest, memoryMib, maxMemoryMib }),
  );
/** Only what is said of it. */
export const partOfGuest = z
  .strictObject({
    type: guestType.optional(),
    memory: memory.optional().meta(memoryMeta),
    maxmem: memory.optional(),
    vcpus: vcpus.optional(),
    ...bootWords,
  })
  .transform(({ memory: memoryMib, maxmem: maxMemoryMib, ...rest }) =>
    defined({ ...rest, memoryMib, maxMemoryMib }),
  );

type Guest = z.output<typeof partOfGuest>;
/** A guest as the file has it. */
export const guestWords = ({
  type,
  memoryMib,
  maxMemoryMib,
  ...rest
}: { [K in keyof Guest]: Guest[K] | undefined }) =>
  defined({
    type,
    memory: memoryMib === undefined ? undefined : memoryWord(memoryMib),
    maxmem: maxMemoryMib === undefined ? undefined : memoryWord(maxMemoryMib),
    ...rest,
  });

export const nics = z
  .array(
    z.strictObject({
      bridge: z.string().min(1).max(255).refine(isOneLine, oneLineForm),
      mac: z.string().max(32).optional().describe('Left out: one is made up.'),
    }),
  )
  .max(8)
  .transform((cards) => cards.map(({ bridge, mac }) => ({ bridge, mac: mac ?? null })));
export const nicsWords = (cards: readonly { bridge: string; mac: string | null }[]) =>
  cards.map(({ bridge, mac }) => defined({ bridge, mac: mac ?? undefined }));
