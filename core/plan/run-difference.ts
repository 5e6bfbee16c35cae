/** Two looks at what a run touches, compared: each fact that is another one, as a row of a table and as a sentence. */
import { z } from 'zod';
import type { InstanceRecord } from '../cluster/record.ts';
import type { FolderFacts } from '../cluster/snapshot.ts';
import { listText } from '../cluster/status.ts';
import { formatBytes } from '../storage/sizes.ts';
import type { NodePart, RunPart } from './run-part.ts';

export const differenceRow = z.strictObject({
  /** all that show the same */
  nodes: z.array(z.string()),
  /** a path, or a domain by its name */
  subject: z.string(),
  /** "primary", "xen.cfg", "image sda" */
  what: z.string(),
  /** null: there was none; and there is none */
  before: z.string().nullable(),
  after: z.string().nullable(),
});
export type DifferenceRow = z.infer<typeof differenceRow>;

export type RunDifference = {
  rows: DifferenceRow[];
  /** what can't be said, and why: sentences */
  unknown: string[];
};

type Fact = { subject: string; what: string; value: string };

const mib = (value: number): string => `${value} MiB`;

const recordFacts = (subject: string, record: InstanceRecord): Fact[] => {
  const { guest } = record;
  const say = (what: string, value: string | number | null | undefined): Fact[] =>
    value === undefined ? [] : [{ subject, what, value: value === null ? 'none' : String(value) }];
  return [
    ...say('instance', `${record.name} (${record.uuid})`),
    ...say('primary', record.primary),
    ...say('secondary', record.secondary),
    ...say('migration to', record.next),
    ...say('generation', record.generation),
    ...say('shall run', record.adminState === 'up' ? 'yes' : 'no'),
    ...say('replicas on', record.replicaNodes?.length ? listText(record.replicaNodes) : undefined),
    ...say('operating system', record.os),
    ...say('guest type', guest.type),
    ...say('memory', mib(guest.memoryMib)),
    ...say('memory at most', guest.maxMemoryMib === undefined ? undefined : mib(guest.maxMemoryMib)),
    ...say('processors', guest.vcpus),
    ...say('kernel', guest.kernel),
    ...say('ramdisk', guest.ramdisk),
    ...say('root device', guest.root),
    ...say('kernel arguments', guest.extra),
    ...say('bootloader', guest.bootloader),
    ...say('boot order', guest.boot),
    ...record.disks.flatMap(({ logical_id: [driver, type, path], vdev, mode, size }, index) =>
      say(`disk ${index}`, `${vdev}, ${type} (${driver}), ${mode}, ${formatBytes(size)}, ${path}`),
    ),
    ...record.nics.flatMap(({ mac, bridge }, index) => say(`network card ${index}`, `${mac} on ${bridge}`)),
  ];
};

const folderFactsOf = (folder: FolderFacts): Fact[] => {
  const subject = folder.path;
  const say = (what: string, value: string): Fact => ({ subject, what, value });
  const { record, replicaRecord, lock, config } = folder;
  return [
    say('folder', 'there'),
    ...(record === null
      ? []
      : record.ok
        ? recordFacts(subject, record.record)
        : [say('record', `can't be read: ${record.error}`)]),
    ...(replicaRecord === undefined
      ? []
      : [
          say(
            'replica',
            replicaRecord.ok
              ? `of ${replicaRecord.replica.record.name}, generation ${replicaRecord.replica.record.generation}, copied ${replicaRecord.replica.when}`
              : `can't be read: ${replicaRecord.error}`,
          ),
        ]),
    ...(lock === null
      ? []
      : [
          say(
            'lock',
            lock.ok
              ? `run ${lock.lock.run} of ${lock.lock.user}@${lock.lock.workstation}: ${lock.lock.title}`
              : `can't be read: ${lock.error}`,
          ),
        ]),
    ...(config === null ? [] : [say('xen.cfg', config)]),
    ...folder.files.map((file) =>
      say(
        `image ${file.name}`,
        [
          file.type ?? 'type not known',
          formatBytes(file.virtualSize ?? file.size),
          ...(file.backing ? [`builds on ${file.backing}`] : []),
        ].join(', '),
      ),
    ),
  ];
};

const nodeFacts = (part: NodePart): Fact[] => [
  ...part.folders.flatMap(folderFactsOf),
  ...part.files.map(({ path, file }) => ({
    subject: path,
    what: 'file',
    value: `${file.type ?? 'type not known'}, ${formatBytes(file.virtualSize ?? file.size)}`,
  })),
  ...part.domains.map((each) => ({
    subject: each.name,
    what: 'domain',
    // a guest is idle or on a processor from one moment to the next: that is no change
    value: `${each.state}, number ${each.domid}, ${mib(each.memoryMib)}, ${each.vcpus} ${each.vcpus === 1 ? 'processor' : 'processors'}`,
  })),
  ...part.trash.map(({ storage, folder }) => ({
    subject: `${storage}/.trash/${folder.name}`,
    what: 'in the trash',
    value: 'there',
  })),
  ...part.tombstones.map((uuid) => ({ subject: uuid, what: 'noted as removed', value: 'yes' })),
  ...(part.membership === null
    ? []
    : [
        {
          subject: 'cluster',
          what: 'nodes',
          value: listText(part.membership.nodes.map((each) => each.name)),
        },
        {
          subject: 'cluster',
          what: 'storage directories',
          value: listText(part.membership.storageDirectories),
        },
        {
          subject: 'cluster',
          what: 'template directory',
          value: part.membership.templateDirectory ?? 'in each storage directory',
        },
        { subject: 'cluster', what: 'membership generation', value: String(part.membership.generation) },
      ]),
];

const keyOf = ({ subject, what }: Pick<Fact, 'subject' | 'what'>): string => JSON.stringify([subject, what]);

const folderKey = (subject: string): string => keyOf({ subject, what: 'folder' });

/** Facts that only one of the looks has, or that it has otherwise; the same on several nodes is one row. */
export const compareParts = (before: RunPart, after: RunPart): RunDifference => {
  const rows = new Map<string, DifferenceRow>();
  const unknown: string[] = [];
  const names = [...new Set([...before.nodes, ...after.nodes].map((each) => each.name))];
  for (const name of names) {
    const [was, is] = [before, after].map((part) => part.nodes.find((each) => each.name === name));
    // a node that was not asked, since the run did nothing there
    if (!was || !is) continue;
    const silent = [...(was.trouble === null ? [] : ['before']), ...(is.trouble === null ? [] : ['after'])];
    if (silent.length > 0) {
      unknown.push(`${name} was not seen ${listText(silent)}, so what changed there is not known.`);
      continue;
    }
    const [old, now] = [was, is].map((part) => new Map(nodeFacts(part).map((fact) => [keyOf(fact), fact])));
    for (const key of new Set([...(old?.keys() ?? []), ...(now?.keys() ?? [])])) {
      const [one, other] = [old?.get(key), now?.get(key)];
      const fact = one ?? other;
      if (fact === undefined || one?.value === other?.value) continue;
      // of a folder that is gone its files say enough: what its record said went with it
      const isGone =
        other === undefined && old?.has(folderKey(fact.subject)) && !now?.has(folderKey(fact.subject));
      if (isGone && !/^(folder|replica|image .*)$/.test(fact.what)) continue;
      const row: DifferenceRow = {
        nodes: [],
        subject: fact.subject,
        what: fact.what,
        before: one?.value ?? null,
        after: other?.value ?? null,
      };
      const same = JSON.stringify(row);
      const known = rows.get(same) ?? row;
      known.nodes.push(name);
      rows.set(same, known);
    }
  }
  return { rows: [...rows.values()], unknown };
};

/** True for a fact of several lines, which is better shown line by line. */
export const isText = ({ before, after }: Pick<DifferenceRow, 'before' | 'after'>): boolean =>
  (before ?? '').includes('\n') || (after ?? '').includes('\n');

/** "/srv/x/web1 on node1: primary node1 -> node2" */
export const sentenceOf = (row: DifferenceRow): string => {
  const where = row.nodes.length > 0 ? ` on ${listText(row.nodes)}` : '';
  const { before, after, what } = row;
  const change =
    before === null
      ? isText(row) || after === 'there'
        ? `${what} is new`
        : `${what} ${after ?? ''} is new`
      : after === null
        ? isText(row) || before === 'there'
          ? `${what} is gone`
          : `${what} ${before} is gone`
        : isText(row)
          ? `${what} is another text`
          : `${what} ${before} -> ${after}`;
  return `${row.subject}${where}: ${change}.`;
};
