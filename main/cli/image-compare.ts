/** `vbdesk image compare`: what is in the images of an instance, or at one path, on every node that has them. */
import type { Command } from 'commander';
import { type Compared, comparedAt, comparedIn } from '../../core/plan/compared.ts';
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

const words: Record<Compared['verdict'], string> = {
  same: 'same',
  differs: 'differs',
  missing: 'missing somewhere',
  shared: 'shared',
  only: 'on one node only',
};

const documentOf = (run: Run) => ({ run: run.id, at: comparedAt(run), images: comparedIn(run) });

const textOf = (run: Run): string => {
  const rows = documentOf(run).images.flatMap((image) =>
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
    tell(context, last);
    return;
  }
  await perform(context, cluster, { kind: 'compare-images', subject }, false, tell);
};

const compareHelp = `
Every image is read where it lies, only what is stored of it, and not while somebody writes to it. Nodes that see the very same folder
are one place. CONTENT says whether the content hashes are equal; HASH is the beginning of each (--json has all of it).
--last shows what was found the last time, without reading anything.

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
