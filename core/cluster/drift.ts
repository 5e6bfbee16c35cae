/** What is not as the record says, each as one sentence: an instance's drift. */
import { baseName, directoryOf } from '../storage/paths.ts';
import type { Sorted } from './groups.ts';
import { cutOffText } from './hand-over-text.ts';
import type { InstanceDisk, InstanceProblem, InstanceStatus } from './instance-view.ts';
import { autostartPath, type DomainSight, isMigrationLeftover, type Lookup } from './lookup.ts';
import type { InstanceRecord } from './record.ts';
import { runningDrift } from './running-drift.ts';
import type { FolderFacts } from './snapshot.ts';
import { listText } from './status.ts';

const diskProblem = (
  record: InstanceRecord['disks'][number],
  folder: FolderFacts,
  found: FolderFacts['files'][number] | undefined,
): string | null => {
  const [, type, path] = record.logical_id;
  if (directoryOf(path) !== folder.path) return `${path} does not lie in its folder ${folder.path}.`;
  if (!found) return `${path} is missing.`;
  if (found.kind !== 'file') return `${path} is not a regular file but a ${found.kind}.`;
  if (found.type === null) return `${path} could not be read.`;
  if (found.type !== type) return `${path} is recorded as ${type}, but its header says ${found.type}.`;
  if (type === 'raw' && found.size !== record.size)
    return `${path} has ${found.size} bytes, its record says ${record.size}.`;
  return null;
};

/** The record's disks as the given folder holds them. */
export const disksOf = (record: InstanceRecord, folder: FolderFacts): InstanceDisk[] => {
  const files = new Map(folder.files.map((each) => [each.name, each]));
  return record.disks.map((disk, index) => {
    const [driver, type, path] = disk.logical_id;
    const found = directoryOf(path) === folder.path ? files.get(baseName(path)) : undefined;
    return {
      index,
      path,
      vdev: disk.vdev,
      mode: disk.mode,
      driver,
      type,
      size: disk.size,
      apparent: found?.size ?? null,
      allocated: found?.allocated ?? null,
      foundType: found?.type ?? null,
      problem: diskProblem(disk, folder, found),
    };
  });
};

type Known = {
  record: InstanceRecord;
  folder: FolderFacts;
  /** the node that shows the folder */
  node: string;
  sorted: Sorted;
  domains: readonly DomainSight[];
  disks: readonly InstanceDisk[];
  status: InstanceStatus;
  lookup: Lookup;
  /** sentences about record against xen.cfg */
  config: InstanceProblem[];
};

const aboutFolders = ({ record, folder, sorted }: Known): InstanceProblem[] => {
  const problems: InstanceProblem[] = [];
  const where = (group: Sorted['main']): string =>
    `${group.sights[0]?.folder.path ?? ''} (${listText(group.sights.map((each) => each.node))})`;
  if (!sorted.main.matchesPlace)
    problems.push({
      code: 'place',
      text: `The folder ${folder.path} is not where its record was written (${record.place.path}): it was moved or copied. Say which before it is started.`,
    });
  for (const group of sorted.copies)
    problems.push({ code: 'copy', text: `${where(group)} is a copy of it: say whether it is a clone.` });
  for (const group of sorted.superseded)
    problems.push({ code: 'superseded', text: `${where(group)} holds an older state of it.` });
  for (const group of sorted.forks)
    problems.push({
      code: 'fork',
      text: `${where(group)} holds a record of the same uuid with another history: nothing starts until a person has chosen.`,
    });
  if (sorted.main.torn)
    problems.push({
      code: 'fork',
      text: `Nodes read different records in ${folder.path}: nothing starts until they agree.`,
    });
  return problems;
};

const aboutRestarts = ({ record, lookup }: Known): InstanceProblem[] => [
  ...(lookup.savesByName.get(record.name) ?? []).map((each) => ({
    code: 'save' as const,
    node: each.node,
    text: `${each.node} would restore it by itself at boot: /var/lib/xen/save/${each.file} is a saved state of it.`,
  })),
  ...(lookup.autostartsByName.get(record.name) ?? []).map((each) => ({
    code: 'autostart' as const,
    node: each.node,
    text: `${each.node} would start it by itself at boot: ${autostartPath(each)}.`,
  })),
];

/** Nothing starts by them unasked, but whoever starts them by hand starts a second guest on the same images. */
const aboutOtherConfigs = ({ record, folder, lookup }: Known): InstanceProblem[] =>
  (lookup.guestConfigs.byUuid.get(record.uuid.toLowerCase()) ?? [])
    .filter(({ config }) => !config.atBoot && config.leadsTo !== `${folder.path}/xen.cfg`)
    .map(({ node, config }) => ({
      code: 'other-config' as const,
      node,
      text: `${config.path} on ${node} has its uuid or attaches its images: whoever starts that starts a second guest on them. Take it away there once it is not needed any more.`,
    }));

const aboutDomains = ({ record, domains, status, lookup }: Known): InstanceProblem[] => {
  const problems: InstanceProblem[] = [];
  const uuid = record.uuid.toLowerCase();
  for (const { node, seen, domain } of domains) {
    if (!seen && status !== 'not-seen')
      problems.push({
        code: 'stale-domain',
        node,
        text: `${node}, which does not answer, showed a domain of it last.`,
      });
    else if (isMigrationLeftover(domain.name))
      problems.push({
        code: 'migration-leftover',
        node,
        text: `${node} has the domain ${domain.name}, left over from a migration.`,
      });
    else if (domain.name !== record.name)
      problems.push({ code: 'domain-name', node, text: `Its domain on ${node} is called ${domain.name}.` });
  }
  for (const { node, domain } of lookup.domainsByName.get(record.name) ?? [])
    if (domain.uuid !== null && domain.uuid.toLowerCase() !== uuid)
      problems.push({
        code: 'name-taken',
        node,
        text: `Another domain (uuid ${domain.uuid}) on ${node} has its name ${domain.name}.`,
      });
  if (status === 'stopped' && record.adminState === 'up')
    problems.push({ code: 'admin-up', text: 'It should be running, but it is stopped.' });
  if ((status === 'running' || status === 'wrong-node') && record.adminState === 'down')
    problems.push({ code: 'admin-down', text: 'It should be stopped, but it runs.' });
  return problems;
};

export const problemsOf = (known: Known): InstanceProblem[] => {
  const { record, folder, lookup, disks, config } = known;
  const problems = aboutFolders(known);
  const removed = lookup.tombstones.get(record.uuid.toLowerCase());
  if (removed)
    problems.push({
      code: 'removed',
      text: `It was removed (so says ${listText(removed)}), but its folder is there again.`,
    });
  if (record.primary === null)
    problems.push({ code: 'hand-over', text: cutOffText(record, { node: known.node, folder: folder.path }) });
  else if (!lookup.byName.has(record.primary))
    problems.push({
      code: 'primary-unknown',
      text: `Its primary ${record.primary} is not a node of this cluster.`,
    });
  // while a run holds the lock it is under way
  if (record.next !== undefined && record.primary !== null && folder.lock === null)
    problems.push({
      code: 'migration-cut-off',
      text: `A live migration to ${record.next} was begun, and how it ended was not recorded: ${record.next} may run it as well as ${record.primary} may. Clean up after the migration (vbdesk instance migrate ${record.name} --cleanup), which records where it runs.`,
    });
  problems.push(...config);
  // while a run holds the lock the two may differ for a moment
  if (folder.lock === null) problems.push(...runningDrift(record, folder.config, known.domains));
  for (const disk of disks)
    if (disk.problem !== null) problems.push({ code: 'disk', text: `Disk ${disk.index}: ${disk.problem}` });
  if (folder.lock?.ok === false)
    problems.push({ code: 'lock-broken', text: `Its lock can't be read: ${folder.lock.error}` });
  problems.push(...aboutDomains(known), ...aboutRestarts(known), ...aboutOtherConfigs(known));
  return problems;
};
