/** Is it running, and where: from all nodes' answers, by uuid and never by name alone. */
import type { InstanceFolder, InstanceStatus } from './instance-view.ts';
import { type DomainSight, isMigrationLeftover, type Lookup, openersOf } from './lookup.ts';
import type { InstanceRecord } from './record.ts';
import type { DomainFacts } from './snapshot.ts';

type Said = { status: InstanceStatus; statusText: string };

/** A time span for people: "40 s", "5 min", "3 h", "2 days". `ms` below zero counts as none. */
export const ageText = (ms: number): string => {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 90) return `${seconds} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} days`;
};

/** "node1", "node1 and node2", "node1, node2 and node3". */
export const listText = (items: readonly string[]): string =>
  items.length < 2 ? (items[0] ?? 'none') : `${items.slice(0, -1).join(', ')} and ${items.at(-1) ?? ''}`;

/** How long ago a node that does not answer was seen, as part of a sentence. */
export const lastSeenText = (lookup: Lookup, node: string): string => {
  const at = lookup.byName.get(node)?.snapshot?.seenAt ?? null;
  return at === null
    ? 'it has never answered here'
    : `last seen ${ageText(lookup.snapshot.takenAt - at)} ago`;
};

const oneDomain = (record: InstanceRecord, node: string, domain: DomainFacts): Said => {
  if (record.primary !== node)
    return {
      status: 'wrong-node',
      statusText: `It runs on ${node}, but its record gives it to ${record.primary ?? 'no node (a hand-over was cut off)'}.`,
    };
  switch (domain.state) {
    case 'running':
      return { status: 'running', statusText: `Running on ${node}.` };
    case 'paused':
      return { status: 'paused', statusText: `Its domain is paused on ${node}.` };
    case 'crashed':
      return { status: 'crashed', statusText: `The guest crashed on ${node}; its domain is kept.` };
    case 'shutdown':
      return {
        status: 'stopped',
        statusText: `The guest has shut down; its domain is still kept on ${node}.`,
      };
    case 'dying':
      return {
        status: 'unknown',
        statusText: `Its domain is being taken down on ${node} and may still write.`,
      };
    case 'unknown':
      return {
        status: 'unknown',
        statusText: `${node} shows its domain in a state that is not understood (${domain.flags}).`,
      };
  }
};

const withoutDomain = (
  record: InstanceRecord,
  folders: InstanceFolder[],
  imageNames: ReadonlySet<string>,
  lookup: Lookup,
): Said => {
  const { primary } = record;
  if (primary === null)
    return { status: 'unknown', statusText: 'A hand-over was cut off: no node may start it now.' };
  const holder = lookup.byName.get(primary);
  if (!holder)
    return {
      status: 'unknown',
      statusText: `Its record gives it to ${primary}, which is not in this cluster.`,
    };
  if (!holder.seen) {
    const last = lookup.domainsByUuid.get(record.uuid.toLowerCase())?.some((each) => each.node === primary);
    const then = holder.facts === null ? '' : last ? ' It ran there then.' : ' It did not run there then.';
    return {
      status: 'not-seen',
      statusText: `${primary} does not answer (${lastSeenText(lookup, primary)}).${then}`,
    };
  }
  const anonymous = lookup.domainsByName
    .get(record.name)
    ?.find((each) => each.seen && each.domain.uuid === null);
  if (anonymous)
    return {
      status: 'unknown',
      statusText: `A domain of its name on ${anonymous.node} tells no uuid, so it may be this instance.`,
    };
  const monitor = lookup.monitorsByName.get(record.name)?.find((each) => each.seen);
  if (monitor)
    return {
      status: 'unknown',
      statusText: `No domain, but xl's monitor of it is alive on ${monitor.node}: it may be rebooting.`,
    };
  for (const sight of folders) {
    if (!sight.seen || !sight.current || !lookup.open.has(sight.node)) continue;
    for (const file of sight.folder.files) {
      const [opener] = imageNames.has(file.name) ? openersOf(lookup, sight.node, file) : [];
      if (opener !== undefined)
        return {
          status: 'unknown',
          statusText: `No domain, but ${opener} has ${file.name} open on ${sight.node}.`,
        };
    }
  }
  return { status: 'stopped', statusText: `Stopped; ${primary} may start it.` };
};

/** The status and its sentence. `domains` are those with the instance's uuid. */
export const statusOf = (
  record: InstanceRecord,
  domains: readonly DomainSight[],
  folders: InstanceFolder[],
  imageNames: ReadonlySet<string>,
  lookup: Lookup,
): Said => {
  const seen = domains.filter((each) => each.seen);
  const settled = seen.filter((each) => !isMigrationLeftover(each.domain.name));
  const considered = settled.length > 0 ? settled : seen;
  const live = considered.filter((each) => each.domain.state !== 'shutdown');
  if (live.length > 1) {
    const where = [...new Set(live.map((each) => each.node))];
    return {
      status: 'running-twice',
      statusText:
        where.length > 1
          ? `It runs on ${listText(where)} at once on the same images: stop all but one now.`
          : `${live.length} domains of it run on ${where[0] ?? ''} at once on the same images: stop all but one now.`,
    };
  }
  const only = live[0] ?? considered.find((each) => each.node === record.primary) ?? considered[0];
  if (only) {
    if (only.domain.state === 'shutdown' && only.node !== record.primary)
      return {
        status: 'stopped',
        statusText: `Stopped; a domain that has shut down is still kept on ${only.node}.`,
      };
    return oneDomain(record, only.node, only.domain);
  }
  return withoutDomain(record, folders, imageNames, lookup);
};
