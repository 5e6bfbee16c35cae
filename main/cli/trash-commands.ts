/** `vbdesk trash list|restore|purge`: removed instances, until somebody lets them go. */
import type { Command } from 'commander';
import { listText } from '../../core/cluster/status.ts';
import {
  expiresAt,
  type InTrash,
  isExpired,
  removedBy,
  trashContents,
  trashOf,
} from '../../core/cluster/trash.ts';
import type { AppState } from '../../core/contract.ts';
import { purgedFolders } from '../../core/plan/trash/purge-trash.ts';
import { shown } from '../../core/storage/checked.ts';
import { usageError } from './cli-error.ts';
import type { Action } from './command.ts';
import type { CommandContext } from './context.ts';
import { perform } from './perform.ts';
import { chooseCluster, lookAt, mustHaveAnswered, noteSilentNodes } from './resolve.ts';
import { hintOf } from './suggest.ts';
import { shortBytes, table, timeText } from './table.ts';

const notKnown = 'not known';

/** What the setting and the runs of this workstation say beside the nodes. */
type Beside = { now: number; trashDays: number; runs: AppState['runs'] };

const isoOrNull = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());

const trashDocument = (each: InTrash, { now, trashDays, runs }: Beside) => {
  const contents = trashContents(each);
  const named = new Set(contents.named);
  return {
    storageDirectory: each.storage,
    trashName: each.name,
    path: each.path,
    nodes: each.nodes,
    instance: each.instance,
    uuid: each.uuid,
    /** images that no instance owned: where they lay */
    from: each.images?.ok ? each.images.note.from : null,
    removedAt: isoOrNull(each.removedAt),
    removedBy: removedBy(each, runs),
    ageSeconds: each.removedAt === null ? null : Math.max(0, Math.floor((now - each.removedAt) / 1000)),
    expiresAt: isoOrNull(expiresAt(each, trashDays)),
    expired: isExpired(each, trashDays, now),
    allocated: each.allocated,
    promised: each.promised,
    files:
      each.files?.map((file) => ({
        name: file.name,
        size: file.size,
        allocated: file.allocated,
        recorded: named.has(file),
      })) ?? null,
    replica: each.replica !== null,
    record: each.record === null ? null : each.record.ok ? 'ok' : each.record.error,
    lock: each.lock?.ok ? each.lock.lock : each.lock,
  };
};

const ageText = (ms: number): string => {
  const hours = Math.floor(Math.max(0, ms) / 3_600_000);
  if (hours < 1) return `${Math.floor(Math.max(0, ms) / 60_000)} min`;
  return hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} d`;
};

const remarkOf = (each: InTrash, beside: Beside): string => {
  const { lock } = each;
  if (lock) return lock.ok ? `locked by the run ${lock.lock.run}` : "locked, and the lock can't be read";
  if (each.record?.ok === false) return "its record can't be read";
  if (each.images?.ok === false) return "its note can't be read";
  const expires = expiresAt(each, beside.trashDays);
  if (expires === null) return '';
  return expires <= beside.now ? 'expired' : `until ${timeText(expires).slice(0, 16)}`;
};

const trashTable = (found: readonly InTrash[], beside: Beside): string =>
  table(
    [
      { title: 'IN TRASH' },
      { title: 'STORAGE DIRECTORY' },
      { title: 'NODES' },
      { title: 'UUID' },
      { title: 'REMOVED' },
      { title: 'AGE', right: true },
      { title: 'BY' },
      { title: 'ON DISK', right: true },
      { title: 'PROMISED', right: true },
      { title: 'KEPT' },
    ],
    found.map((each) => [
      each.name,
      each.storage,
      each.nodes.join(', '),
      each.uuid ?? notKnown,
      each.removedAt === null ? notKnown : timeText(each.removedAt),
      each.removedAt === null ? notKnown : ageText(beside.now - each.removedAt),
      removedBy(each, beside.runs) ?? notKnown,
      each.allocated === null ? notKnown : shortBytes(each.allocated),
      each.promised === null ? notKnown : shortBytes(each.promised),
      remarkOf(each, beside),
    ]),
  );

const look = async (context: CommandContext) => {
  const cluster = await chooseCluster(context);
  const snapshot = await lookAt(context, cluster);
  const { settings, runs } = await context.call('state.get', {});
  const beside: Beside = {
    now: snapshot.takenAt,
    trashDays: settings.trashDays,
    runs: runs.filter((run) => run.cluster === cluster),
  };
  return { cluster, snapshot, beside, found: trashOf(snapshot, true) };
};

/** Everything in the trash, as a table or as JSON. */
export const listTrash = async (context: CommandContext, options: { expired?: boolean }): Promise<void> => {
  const { snapshot, beside, found } = await look(context);
  noteSilentNodes(context, snapshot);
  mustHaveAnswered(snapshot);
  const { now, trashDays } = beside;
  const wanted = options.expired === true ? found.filter((each) => isExpired(each, trashDays, now)) : found;
  const expired = wanted.filter((each) => isExpired(each, trashDays, now)).length;
  context.note(
    wanted.length === 0
      ? options.expired === true && found.length > 0
        ? `Nothing in the trash is older than ${trashDays} days.`
        : 'Nothing is in the trash.'
      : `Kept for ${trashDays} days, then marked as expired; nothing deletes itself.${expired === 0 ? '' : ` Expired: ${expired}, which vbdesk trash purge --expired deletes.`}`,
  );
  context.result(
    wanted.map((each) => trashDocument(each, beside)),
    wanted.length === 0 ? '' : trashTable(wanted, beside),
  );
};

/** Its name there is the instance's and something that makes it unique. */
export const calledInTrash = (inTrash: readonly InTrash[], name: string): InTrash[] => {
  const exact = inTrash.filter((each) => each.name === name || each.path === name);
  return exact.length > 0
    ? exact
    : inTrash.filter(
        (each) =>
          each.uuid === name ||
          (/^[^A-Za-z0-9]/.test(each.name.slice(name.length)) && each.name.startsWith(name)),
      );
};

type PlaceOptions = { storageDir?: string };

/** The one folder that is meant. */
const oneCalled = (cluster: string, inTrash: readonly InTrash[], name: string): InTrash => {
  const found = calledInTrash(inTrash, name);
  const [only, ...more] = found;
  if (!only)
    throw usageError(
      `Nothing called ${shown(name)} is in the trash of ${cluster}. ${hintOf(
        name,
        inTrash.map((each) => each.name),
        'It is empty.',
      )}`,
      'unknown-instance',
    );
  if (more.length > 0)
    throw usageError(
      `Several are in the trash: ${found.map((each) => `${each.path} on ${listText(each.nodes)}`).join(', ')}. Name one by its whole name there, or give --storage-dir or -n.`,
      'ambiguous-instance',
    );
  return only;
};

const inDirectory = (found: readonly InTrash[], { storageDir }: PlaceOptions): InTrash[] =>
  found.filter((each) => storageDir === undefined || each.storage === storageDir);

/** Takes one back out of the trash, by its name or its name there. */
export const restoreFromTrash = async (
  context: CommandContext,
  name: string,
  options: PlaceOptions,
): Promise<void> => {
  const cluster = await chooseCluster(context);
  const inTrash = inDirectory(trashOf(await lookAt(context, cluster), true), options);
  const { storage, name: trashName } = oneCalled(cluster, inTrash, name);
  await perform(context, cluster, { kind: 'restore', storageDirectory: storage, trashName }, false);
};

type PurgeOptions = PlaceOptions & { expired?: boolean; node?: string };

const purge = async (
  context: CommandContext,
  names: readonly string[],
  options: PurgeOptions,
): Promise<void> => {
  if ((options.expired === true) === names.length > 0)
    throw usageError('Name what is to be purged, or give --expired for all that is expired.', 'bad-input');
  const { cluster, snapshot, beside, found } = await look(context);
  const { node } = options;
  const inTrash = inDirectory(found, options).filter(
    (each) => node === undefined || each.nodes.includes(node),
  );
  const chosen =
    options.expired === true
      ? inTrash.filter((each) => isExpired(each, beside.trashDays, beside.now))
      : names.map((name) => oneCalled(cluster, inTrash, name));
  if (chosen.length === 0) {
    mustHaveAnswered(snapshot);
    noteSilentNodes(context, snapshot);
    context.note(`Nothing in the trash is older than ${beside.trashDays} days.`);
    context.result([], '');
    return;
  }
  await perform(context, cluster, { kind: 'purge-trash', folders: purgedFolders(chosen, found) }, false);
};

const storageOption = ['--storage-dir <directory>', 'the storage directory in whose trash it lies'] as const;

export const addTrashCommands = (program: Command, action: Action): void => {
  const trash = program
    .command('trash')
    .description('removed instances and images: restore them, or delete them for good');
  trash
    .command('list')
    .description('what lies in the trash: of whom, since when, how large, until when it is kept')
    .option('--expired', 'only what is older than the days of the setting (7, if it was never changed)')
    .action(action(listTrash));
  trash
    .command('restore <name>')
    .description('take a removed instance back out of the trash, by its name or its name there')
    .option(...storageOption)
    .action(action(restoreFromTrash));
  trash
    .command('purge [names...]')
    .description('delete exactly the files that their records name; they can not be restored')
    .option('--expired', 'all that is older than the days of the setting')
    .option(...storageOption)
    .option('-n, --node <node>', 'the node, where several have one of that path')
    .addHelpText(
      'after',
      `
Files that a record does not name are kept, and so is their folder. Nothing ever deletes itself. The name of what is deleted
for good is typed once more: with --accept purge:NAME, or when it is asked for; of several folders how many they are.

Examples:
  vbdesk trash purge web1.example.org --dry-run
  vbdesk trash purge web1.example.org --accept purge:web1.example.org
  vbdesk trash purge --expired --accept purge:3-folders
`,
    )
    .action(action(purge));
};
