/** `vbdesk image compare`: what is in the images of an instance, or at one path, on every node that has them. */
import type { Command } from 'commander';
import { lookupOf } from '../../core/cluster/lookup.ts';
import type { Snapshot } from '../../core/cluster/snapshot.ts';
import {
  type Compared,
  type ComparedFile,
  comparedAt,
  comparedIn,
  type Since,
  sinceRead,
} from '../../core/plan/copy/compared.ts';
import type { CompareImagesIntent } from '../../core/plan/image-intents.ts';
import { exitCodeOf, type Run } from '../../core/plan/run.ts';
import { formatBytes } from '../../core/storage/sizes.ts';
import { CliError, exitCodes } from './cli-error.ts';
import type { Action } from './command.ts';
import type { CommandContext } from './context.ts';
import { tellEnd } from './follow.ts';
import { imageCommand } from './image-command.ts';
import { perform } from './perform.ts';
import { chooseCluster, knownInstance, lookAt } from './resolve.ts';
import { table, timeText } from './table.ts';

const words: Record<Compared['verdict'] | 'stale', string> = {
  stale: 'not known now',
  same: 'same',
  differs: 'differs',
  missing: 'missing somewhere',
  shared: 'shared',
  only: 'on one node only',
};

/** @param snapshot with it, each file says whether it is still what was read, and a word about content counts only then */
const documentOf = (run: Run, snapshot: Snapshot | null = null) => {
  const at = comparedAt(run);
  const images = comparedIn(run).map((image) => {
    if (snapshot === null) return image;
    const lookup = lookupOf(snapshot);
    const files = image.files.map((file) => ({
      ...file,
      since: Object.fromEntries(file.nodes.map((node) => [node, sinceRead(lookup, node, file, at)])),
    }));
    const stale = files.some((file) => Object.values(file.since).some((each) => each !== 'as-read'));
    return { ...image, files, verdict: stale ? ('stale' as const) : image.verdict };
  });
  return { run: run.id, at, images };
};

const sinceWords = (file: ComparedFile & { since?: Record<string, Since> }): string[] =>
  Object.entries(file.since ?? {}).flatMap(([node, since]) =>
    since === 'as-read'
      ? []
      : [
          since === 'unknown'
            ? `${file.path} on ${node} can't be looked at now.`
            : since === 'gone'
              ? `${file.path} on ${node} is gone since.`
              : `${file.path} on ${node} was written to, or is another file, since.`,
        ],
  );

const textOf = (run: Run, snapshot: Snapshot | null = null): string => {
  const { images } = documentOf(run, snapshot);
  const rows = images.flatMap((image) =>
    image.files.map((file, index) => [
      index === 0 ? image.name : '',
      index === 0 ? words[image.verdict] : '',
      file.nodes.join(', '),
      file.path,
      file.hash === null ? '' : formatBytes(file.size),
      file.hash === null ? 'missing' : file.hash.slice(0, 16),
    ]),
  );
  const at = comparedAt(run);
  return [
    table(
      [
        { title: 'IMAGE' },
        { title: 'CONTENT' },
        { title: 'NODES' },
        { title: 'PATH' },
        { title: 'LENGTH', right: true },
        { title: 'HASH' },
      ],
      rows,
    ),
    ...images.flatMap((image) => image.files.flatMap(sinceWords)),
    ...(at === null ? [] : [`Read ${timeText(at)} (run ${run.id}).`]),
  ].join('\n');
};

const tell = (context: CommandContext, run: Run): void => {
  if (exitCodeOf(run) !== 0) tellEnd(context, run);
  context.result(documentOf(run), textOf(run));
};

const isAbout = (run: Run, cluster: string, subject: CompareImagesIntent['subject']): boolean =>
  run.cluster === cluster &&
  run.plan.intent.kind === 'compare-images' &&
  JSON.stringify(run.plan.intent.subject) === JSON.stringify(subject);

const compare = async (
  context: CommandContext,
  given: string,
  options: { last?: boolean },
): Promise<void> => {
  const cluster = await chooseCluster(context);
  const snapshot = await lookAt(context, cluster);
  const subject: CompareImagesIntent['subject'] = given.startsWith('/')
    ? { of: 'path', path: given }
    : { of: 'instance', instance: knownInstance(snapshot, given).uuid };
  if (options.last === true) {
    const last = (await (await context.desk()).runs()).find(
      (run) => isAbout(run, cluster, subject) && comparedAt(run) !== null,
    );
    if (!last)
      throw new CliError(
        exitCodes.failed,
        'never-compared',
        `${given} was never compared from this workstation.`,
      );
    if (exitCodeOf(last) !== 0) tellEnd(context, last);
    context.result(documentOf(last, snapshot), textOf(last, snapshot));
    return;
  }
  await perform(context, cluster, { kind: 'compare-images', subject }, false, tell);
};

const compareHelp = `
Every image is read where it lies, only what is stored of it, and not while somebody writes to it. Nodes that see the very same folder
are one place. CONTENT says whether the content hashes are equal; HASH is the beginning of each (--json has all of it).
--last shows what was found the last time, without reading anything, and says where that does not hold any more.

Examples:
  vbdesk image compare web1.example.org
  vbdesk image compare /srv/ganeti/file-storage/templates/debian.img --last
`;

export const addImageCompare = (program: Command, action: Action): void => {
  imageCommand(program)
    .command('compare <instance|path>')
    .description('compare the content of images between the nodes that have them')
    .option('--last', 'what was found the last time, and when')
    .addHelpText('after', compareHelp)
    .action(action(compare));
};
