/** Words about an instance that is there. */
import { z } from 'zod';
import {
  defined,
  flag,
  forwardAgentField,
  instance,
  lentBy,
  node,
  path,
  storageDirectory,
  text,
  timeout,
} from './fields.ts';
import { word } from './word.ts';

const startup = word({
  do: 'startup',
  kind: 'start',
  title: 'Start an instance on its primary node',
  fields: z.strictObject({ instance }),
  intent: (value) => value,
  words: (intent) => ({ instance: intent.instance }),
});

const shutdown = word({
  do: 'shutdown',
  kind: 'stop',
  title: 'Shut its guest down',
  fields: z.strictObject({
    instance,
    timeout: timeout(0),
    force: flag.default(true).describe('After that time: end it. false: let it run, and report.'),
  }),
  intent: (value) => ({
    instance: value.instance,
    timeoutSeconds: value.timeout,
    // biome-ignore lint/suspicious/noThenProperty: a word of the intent, never a function
    then: value.force ? ('force' as const) : ('leave' as const),
  }),
  words: (intent) =>
    defined({
      instance: intent.instance,
      timeout: intent.timeoutSeconds,
      force: intent.then === 'force' ? undefined : false,
    }),
});

const reboot = word({
  do: 'reboot',
  kind: 'reboot',
  title: 'Let its guest restart',
  fields: z.strictObject({ instance, timeout: timeout(1) }),
  intent: (value) => ({ instance: value.instance, timeoutSeconds: value.timeout }),
  words: (intent) => ({ instance: intent.instance, timeout: intent.timeoutSeconds }),
});

const failover = word({
  do: 'failover',
  kind: 'failover',
  title: 'Stop it on its primary node, and start it on another',
  fields: z.strictObject({
    instance,
    node: node.optional().describe('Where to; left out: its secondary.'),
    timeout: timeout(0),
    ...forwardAgentField,
  }),
  intent: (value) => ({
    instance: value.instance,
    target: value.node ?? null,
    timeoutSeconds: value.timeout,
    ...lentBy(value),
  }),
  words: (intent) =>
    defined({
      instance: intent.instance,
      node: intent.target ?? undefined,
      timeout: intent.timeoutSeconds,
      'forward-agent': intent.forwardAgent,
    }),
});

const migrate = word({
  do: 'migrate',
  kind: 'migrate',
  title: 'Move it to another node while it runs',
  fields: z.strictObject({
    instance,
    node: node.optional().describe('Where to; left out: its secondary.'),
    cleanup: flag.optional().describe('Move nothing: end what a broken migration left.'),
  }),
  intent: (value) =>
    defined({ instance: value.instance, target: value.node ?? null, cleanup: value.cleanup }),
  words: (intent) =>
    defined({
      instance: intent.instance,
      node: intent.target ?? undefined,
      cleanup: intent.cleanup,
    }),
});

const remove = word({
  do: 'remove',
  kind: 'remove',
  title: 'Stop it, and move its folder into the trash',
  fields: z.strictObject({
    instance,
    purge: flag.default(false).describe('true: delete its files for good.'),
    timeout: timeout(0),
  }),
  intent: (value) => ({
    instance: value.instance,
    purge: value.purge,
    timeoutSeconds: value.timeout,
  }),
  words: (intent) =>
    defined({
      instance: intent.instance,
      purge: intent.purge ? true : undefined,
      timeout: intent.timeoutSeconds,
    }),
});

const move = word({
  do: 'move',
  kind: 'move',
  title: 'Move it to another storage directory, or a node that does not see the same files',
  fields: z.strictObject({
    instance,
    node: node.optional(),
    path: storageDirectory.optional(),
    'remove-source': flag.default(false).describe('true: what is left goes into the trash.'),
    timeout: timeout(0),
    ...forwardAgentField,
  }),
  intent: (value) => ({
    instance: value.instance,
    node: value.node ?? null,
    storageDirectory: value.path ?? null,
    removeSource: value['remove-source'],
    timeoutSeconds: value.timeout,
    ...lentBy(value),
  }),
  words: (intent) =>
    defined({
      instance: intent.instance,
      node: intent.node ?? undefined,
      path: intent.storageDirectory ?? undefined,
      'remove-source': intent.removeSource ? true : undefined,
      timeout: intent.timeoutSeconds,
      'forward-agent': intent.forwardAgent,
    }),
});

const rename = word({
  do: 'rename',
  kind: 'rename',
  title: 'Give a stopped instance another name',
  fields: z.strictObject({
    instance,
    name: text.max(255).describe('The new name; changes after this one use it.'),
    'os-rename': flag.default(false).describe('Let the script rename of its OS definition run.'),
  }),
  intent: (value) =>
    defined({
      instance: value.instance,
      name: value.name,
      osRename: value['os-rename'] ? (true as const) : undefined,
    }),
  words: (intent) => defined({ instance: intent.instance, name: intent.name, 'os-rename': intent.osRename }),
});

const replicate = word({
  do: 'replicate',
  kind: 'replicate',
  title: 'Copy a stopped instance to a node that does not see its files',
  fields: z.strictObject({
    instance,
    node: node.optional().describe('Left out: its secondary.'),
    ...forwardAgentField,
  }),
  intent: (value) => ({ instance: value.instance, node: value.node ?? null, ...lentBy(value) }),
  words: (intent) =>
    defined({
      instance: intent.instance,
      node: intent.node ?? undefined,
      'forward-agent': intent.forwardAgent,
    }),
});

const discard = word({
  do: 'discard',
  kind: 'discard',
  title: 'Move a replica or an older state of it into the trash',
  fields: z.strictObject({ instance, node, path }),
  intent: (value) => value,
  words: ({ instance: name, node: on, path: folder }) => ({ instance: name, node: on, path: folder }),
});

const claim = word({
  do: 'claim',
  kind: 'claim',
  title: 'Say of a folder elsewhere whether it was moved or is a clone',
  fields: z.strictObject({ instance, path, as: z.enum(['moved', 'cloned']), node }),
  intent: ({ node: primary, ...rest }) => ({ ...rest, primary }),
  words: (intent) => ({
    instance: intent.instance,
    path: intent.path,
    as: intent.as,
    node: intent.primary,
  }),
});

const configText = z.string().max(262_144);
const configure = word({
  do: 'configure',
  kind: 'configure',
  title: 'Write its xen.cfg',
  fields: z.strictObject({
    instance,
    text: configText.describe('The whole xen.cfg.'),
    from: configText
      .nullable()
      .describe('The xen.cfg of which it was made (null: none); another one by then is not overwritten.'),
  }),
  intent: (value) => value,
  words: ({ instance: name, text: after, from }) => ({ instance: name, text: after, from }),
});

const osExport = word({
  do: 'os-export',
  kind: 'os-export',
  title: 'Let the export script of its OS definition write a disk to a file',
  fields: z.strictObject({
    instance,
    disk: z.number().int().min(0).max(25).default(0),
    output: path,
  }),
  intent: (value) => value,
  words: ({ instance: name, disk, output }) => ({ instance: name, disk, output }),
});

export const instanceWords = [
  startup,
  shutdown,
  reboot,
  failover,
  migrate,
  remove,
  move,
  rename,
  replicate,
  discard,
  claim,
  configure,
  osExport,
];
