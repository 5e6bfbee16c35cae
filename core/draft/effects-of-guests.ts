/** What actions on domains leave behind: who runs where, with which memory, and has which images open. */
import { baseDomainName, isMigrationLeftover } from '../cluster/lookup.ts';
import type { DomainFacts, NodeFacts, OpenFacts } from '../cluster/snapshot.ts';
import type { Action } from '../plan/action.ts';
import { changeDomains, changeFacts, factsOf, fileAt, guess, type World } from './world.ts';

type Guest = { uuid: string; name: string; images: readonly string[] };

const isOf =
  (uuid: string) =>
  (each: Pick<DomainFacts, 'uuid'>): boolean =>
    each.uuid?.toLowerCase() === uuid.toLowerCase();

/** Memory that a new guest takes: first what is free, then what Dom0 gives back. */
const takeMemory = (facts: NodeFacts, mib: number): Partial<NodeFacts> => {
  const fromFree = Math.min(mib, Math.max(0, facts.freeMemoryMib));
  const fromDom0 = Math.min(mib - fromFree, facts.reclaimableMib);
  return {
    // a shortage shows as one
    freeMemoryMib: facts.freeMemoryMib - (mib - fromDom0),
    reclaimableMib: facts.reclaimableMib - fromDom0,
  };
};

/** The record in any folder that the node shows; for a copy that is not recorded yet, that of any other. */
const recordOf = (world: World, node: string, uuid: string) => {
  for (const name of [node, ...world.start.nodes.map((each) => each.name)])
    for (const { record, replicaRecord } of factsOf(world, name)?.folders ?? []) {
      const found = record?.ok ? record.record : replicaRecord?.ok ? replicaRecord.replica.record : null;
      if (found && isOf(uuid)(found)) return found;
    }
  return null;
};

const opened = (world: World, node: string, { name, images, uuid }: Guest): OpenFacts[] => {
  const disks = recordOf(world, node, uuid)?.disks ?? [];
  return images.flatMap((path) => {
    const file = fileAt(world, node, path);
    const driver = disks.find((each) => each.logical_id[2].endsWith(path.slice(path.lastIndexOf('/'))))
      ?.logical_id[0];
    return file
      ? [
          {
            device: file.device,
            inode: file.inode,
            by: `${driver === 'loop' ? 'loop' : 'backend'} of ${name}`,
          },
        ]
      : [];
  });
};

const start = (world: World, node: string, guest: Guest, paused: boolean): void => {
  const facts = factsOf(world, node);
  if (!facts) return;
  const record = recordOf(world, node, guest.uuid);
  const memoryMib = record?.guest.memoryMib ?? 0;
  const open = opened(world, node, guest);
  changeFacts(world, node, (before) => ({
    ...takeMemory(before, memoryMib),
    domains: [
      ...before.domains,
      {
        name: guest.name,
        domid: Math.max(0, ...before.domains.map((each) => each.domid)) + 1,
        uuid: guest.uuid,
        memoryMib,
        vcpus: record?.guest.vcpus ?? 1,
        state: paused ? 'paused' : 'running',
        flags: paused ? '--p---' : '-b----',
        cpuSeconds: 0,
      },
    ],
    open: [...before.open, ...open],
    ...(before.toolstack === 'xl' && { monitors: [...before.monitors, { pid: 1, name: guest.name }] }),
  }));
};

/** Its domains are gone, its monitor, and whatever has its images open. */
const end = (
  world: World,
  node: string,
  { uuid, name, images }: Guest,
  which: (domain: DomainFacts) => boolean = () => true,
): void => {
  const files = images.flatMap((path) => fileAt(world, node, path) ?? []);
  changeFacts(world, node, (before) => {
    const gone = before.domains.filter((each) => isOf(uuid)(each) && which(each));
    const left = before.domains.filter((each) => !gone.includes(each));
    // one that arrived by a migration is watched under the name that it had meanwhile
    const names = new Set([name, ...gone.map((each) => each.name)].map(baseDomainName));
    if (left.some(isOf(uuid))) return { domains: left };
    return {
      domains: left,
      freeMemoryMib: before.freeMemoryMib + gone.reduce((sum, each) => sum + each.memoryMib, 0),
      monitors: before.monitors.filter((each) => !names.has(baseDomainName(each.name))),
      open: before.open.filter(
        (each) => !files.some((file) => file.device === each.device && file.inode === each.inode),
      ),
    };
  });
};

const changeState = (
  world: World,
  node: string,
  uuid: string,
  change: (domain: DomainFacts, all: readonly DomainFacts[]) => Partial<DomainFacts>,
): void =>
  changeDomains(world, node, (domains) =>
    domains.map((each) => (isOf(uuid)(each) ? { ...each, ...change(each, domains) } : each)),
  );

/** What it is made of goes with it, whatever the record says by now. */
const migrate = (world: World, node: string, { bootId, ...guest }: Guest & { bootId: string }): void => {
  const target = world.start.nodes.find((each) => each.facts?.bootId === bootId)?.name;
  const domain = factsOf(world, node)?.domains.find(isOf(guest.uuid));
  end(world, node, guest);
  if (target === undefined || !domain) return;
  start(world, target, guest, false);
  changeState(world, target, guest.uuid, (made) => ({ ...domain, domid: made.domid }));
  const counted = recordOf(world, target, guest.uuid)?.guest.memoryMib ?? 0;
  changeFacts(world, target, (facts) => takeMemory(facts, domain.memoryMib - counted));
};

export const effectOnGuests = (world: World, node: string, action: Action): boolean => {
  switch (action.do) {
    case 'shut-down':
      changeState(world, node, action.uuid, () => ({ state: 'shutdown', flags: '---s--' }));
      return true;
    case 'end-domain':
      end(world, node, action);
      return true;
    case 'end-leftovers':
      end(world, node, action, (each) => isMigrationLeftover(each.name));
      return true;
    case 'start-domain':
      start(world, node, action, action.paused);
      return true;
    // a guest that a step before it stopped
    case 'put-back':
      if (!factsOf(world, node)?.domains.some(isOf(action.uuid))) start(world, node, action, false);
      else changeState(world, node, action.uuid, () => ({ state: 'running', flags: '-b----' }));
      return true;
    case 'unpause-domain':
      changeState(world, node, action.uuid, () => ({ state: 'running', flags: '-b----' }));
      return true;
    case 'reboot-domain':
      changeState(world, node, action.uuid, (_, all) => ({
        domid: Math.max(0, ...all.map((each) => each.domid)) + 1,
      }));
      guess(
        world,
        node,
        action.images[0] ?? action.name,
        `Whether the guest of ${action.name} comes back from its reboot is in its own hands; it is taken to run on.`,
      );
      return true;
    case 'migrate-domain':
      migrate(world, node, action);
      return true;
    case 'let-go-on':
    case 'detach-images':
      return true;
    default:
      return false;
  }
};
