/** Nodes with storage of their own as a small machine: what each action of a plan does to folders, records and domains. */
import type { InstanceRecord } from '../../../core/cluster/record.ts';
import type { ReplicaRecord } from '../../../core/cluster/replica.ts';
import type { Snapshot } from '../../../core/cluster/snapshot.ts';
import type { Action } from '../../../core/plan/action.ts';
import type { Plan } from '../../../core/plan/plan.ts';

type Folder = {
  record: InstanceRecord | null;
  replica: ReplicaRecord | null;
  /** images under their final names */
  files: Set<string>;
  partial: Set<string>;
  lock: string | null;
};
/** Key: "node /path". */
export type World = { folders: Map<string, Folder>; domains: Map<string, 'running' | 'paused'> };

const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
const directoryOf = (path: string): string => path.slice(0, path.lastIndexOf('/'));
const isOwn = (name: string): boolean => ['xen.cfg', 'instance.json', 'replica.json'].includes(name);

/** Only storage that no other node shows is understood. */
export const worldOf = (snapshot: Snapshot): World => ({
  folders: new Map(
    snapshot.nodes.flatMap(({ name, facts }) =>
      (facts?.folders ?? []).map((folder): [string, Folder] => [
        `${name} ${folder.path}`,
        {
          record: folder.record?.ok ? folder.record.record : null,
          replica: folder.replicaRecord?.ok ? folder.replicaRecord.replica : null,
          files: new Set(folder.files.map((each) => each.name)),
          partial: new Set(),
          lock: null,
        },
      ]),
    ),
  ),
  domains: new Map(
    snapshot.nodes.flatMap(({ name, facts }) =>
      (facts?.domains ?? [])
        .filter((each) => each.domid !== 0)
        .map((): [string, 'running'] => [name, 'running']),
    ),
  ),
});

const folderAt = (world: World, node: string, path: string): Folder => {
  const found = world.folders.get(`${node} ${path}`);
  if (!found) throw new Error(`${node} has no folder ${path}`);
  return found;
};

const must = (holds: boolean, what: string): void => {
  if (!holds) throw new Error(what);
};

/** As a node fills in what the run's copies proved. */
const proved = (replica: ReplicaRecord): ReplicaRecord => ({
  ...replica,
  disks: replica.disks.map((each) => ({ ...each, content: each.content ?? 'f'.repeat(64) })),
});

/** Carries one action out, as the shell text does, or throws where that would refuse. */
export const apply = (world: World, node: string, action: Action, run: string): void => {
  const { folders, domains } = world;
  switch (action.do) {
    case 'lock': {
      const folder = folderAt(world, node, action.folder);
      must(folder.lock === null, `${action.folder} on ${node} is locked`);
      folder.lock = run;
      return;
    }
    case 'unlock': {
      const folder = folders.get(`${node} ${action.folder}`);
      if (folder) folder.lock = null;
      return;
    }
    case 'make-folder':
      must(!folders.has(`${node} ${action.folder}`), `${action.folder} exists on ${node}`);
      folders.set(`${node} ${action.folder}`, {
        record: null,
        replica: null,
        files: new Set(),
        partial: new Set(),
        lock: run,
      });
      return;
    case 'drop-folder': {
      const folder = folders.get(`${node} ${action.folder}`);
      if (!folder) return;
      must(
        folder.files.size + folder.partial.size === 0 && !folder.record && !folder.replica,
        `${action.folder} on ${node} is not empty`,
      );
      folders.delete(`${node} ${action.folder}`);
      return;
    }
    case 'write-file':
      folderAt(world, node, directoryOf(action.path)).files.add(baseName(action.path));
      return;
    case 'remove-file': {
      const folder = folderAt(world, node, directoryOf(action.path));
      if (baseName(action.path) === 'instance.json') folder.record = null;
      else if (baseName(action.path) === 'replica.json') folder.replica = null;
      else folder.files.delete(baseName(action.path));
      return;
    }
    case 'write-record': {
      const folder = folderAt(world, node, action.folder);
      if (folder.record?.id === action.record.id) return;
      must((folder.record?.id ?? null) === action.expectId, `another record in ${action.folder} on ${node}`);
      must(folder.lock === run, `${action.folder} on ${node} is not locked`);
      folder.record = action.record;
      return;
    }
    case 'reopen-replica': {
      const folder = folderAt(world, node, action.folder);
      must(folder.record === null && folder.replica !== null, `${action.folder} is no replica`);
      for (const file of action.files) if (folder.files.delete(file)) folder.partial.add(file);
      return;
    }
    case 'reseal-replica':
      // whether a copy wrote to them is not known here: they stay as they are
      return;
    case 'copy-image': {
      const from = folderAt(world, action.from.node, directoryOf(action.from.path));
      const to = folderAt(world, action.to.node, directoryOf(action.to.path));
      must(from.files.has(baseName(action.from.path)), `${action.from.path} is not there`);
      must(from.lock === run && to.lock === run, 'a copy without both locks');
      must(!to.files.has(baseName(action.to.path)), `a copy onto ${action.to.path}`);
      must(domains.size === 0, 'copied while it runs');
      to.partial.add(baseName(action.to.path));
      return;
    }
    case 'drop-partial':
      folderAt(world, node, directoryOf(action.path)).partial.delete(baseName(action.path));
      return;
    case 'accept-copy': {
      const folder = folderAt(world, node, directoryOf(action.path));
      must(folder.partial.delete(baseName(action.path)), `${action.path} was not copied`);
      folder.files.add(baseName(action.path));
      return;
    }
    case 'write-replica': {
      const folder = folderAt(world, node, action.folder);
      must(folder.record === null, `${action.folder} on ${node} holds a record`);
      must(folder.partial.size === 0, 'a replica that is not whole is described');
      folder.replica = proved(action.replica);
      return;
    }
    case 'demote-record': {
      const folder = folderAt(world, node, action.folder);
      must(folder.record?.id === action.expectId, `another record in ${action.folder} on ${node}`);
      folder.record = null;
      folder.replica = proved(action.replica);
      return;
    }
    case 'drop-replica': {
      const folder = folderAt(world, node, action.folder);
      must(folder.record?.id === action.recordId, `another record in ${action.folder} on ${node}`);
      folder.replica = null;
      return;
    }
    case 'move-folder': {
      const folder = folderAt(world, node, action.from);
      folders.delete(`${node} ${action.from}`);
      folders.set(`${node} ${action.to}`, folder);
      return;
    }
    case 'shut-down':
      return;
    case 'end-domain':
      domains.delete(node);
      return;
    case 'let-go-on':
      return;
    case 'put-back':
      must(
        [...domains.keys()].every((each) => each === node),
        `put back on ${node} while it is elsewhere`,
      );
      domains.set(node, 'running');
      return;
    case 'start-domain': {
      must(domains.size === 0, `started on ${node} while it is elsewhere`);
      domains.set(node, action.paused ? 'paused' : 'running');
      return;
    }
    case 'unpause-domain':
      domains.set(node, 'running');
      return;
    case 'verdict':
      must(!domains.has(node), `it runs on ${node}`);
      return;
    case 'verify-unchanged':
      return;
    case 'hash-images':
      for (const path of action.images)
        must(
          folderAt(world, node, directoryOf(path)).files.has(baseName(path)),
          `${path} is missing on ${node}`,
        );
      return;
    case 'verify-files': {
      const folder = folderAt(world, node, action.folder);
      must(
        action.recordId === null || folder.record?.id === action.recordId,
        `another record in ${action.folder} on ${node}`,
      );
      for (const disk of action.disks)
        must(folder.files.has(baseName(disk.logical_id[2])), `${disk.logical_id[2]} is missing on ${node}`);
      return;
    }
    case 'check-config':
      must(
        folderAt(world, node, directoryOf(action.config)).files.has('xen.cfg') ||
          folderAt(world, node, directoryOf(action.config)).record !== null ||
          folderAt(world, node, directoryOf(action.config)).replica !== null,
        'no xen.cfg',
      );
      return;
    default:
      throw new Error(`no plan of a copy has ${action.do}`);
  }
};

/** "node /folder" of every record that lets its node start the instance. `.trash` is no place to start from. */
export const startable = (world: World, uuid: string): string[] =>
  [...world.folders].flatMap(([key, { record }]) =>
    record?.uuid === uuid && record.primary === key.split(' ')[0] && !key.includes('/.trash/') ? [key] : [],
  );

/** Nodes with a replica that no record names which may start it: silent, they would not be asked for. */
export const unnamedHolders = (world: World, uuid: string): string[] => {
  const records = startable(world, uuid).flatMap((key) => world.folders.get(key)?.record ?? []);
  return [...world.folders].flatMap(([key, { replica }]) => {
    const node = key.slice(0, key.indexOf(' '));
    const isNamed = records.every((record) =>
      [record.primary, ...record.formerPrimaries, ...(record.replicaNodes ?? [])].includes(node),
    );
    return replica?.record.uuid === uuid && !isNamed ? [node] : [];
  });
};

/** Everything but the ids of records: taking a write back is a write. */
export const withoutIds = (world: World): unknown => ({
  domains: [...world.domains],
  folders: [...world.folders].map(([key, { record, ...rest }]) => {
    const { id: _, ancestors: _known, written: _by, ...said } = record ?? {};
    return [key, rest, said];
  }),
});

/** Images of an instance that lie whole under their names in a folder. */
export const wholeImages = (world: World, key: string): string[] =>
  [...(world.folders.get(key)?.files ?? [])].filter((each) => !isOwn(each)).toSorted();

/**
 * Carries out the first `count` steps, then, when none of them is the commit, takes them back in reverse. `look` sees the world
 * after every single action.
 */
export const carryOut = (
  snapshot: Snapshot,
  made: Plan,
  count: number,
  look: (world: World, action: Action) => void,
): World => {
  const world = worldOf(snapshot);
  const done = made.steps.slice(0, count);
  const each = (nodes: readonly string[], action: Action): void => {
    for (const node of nodes) apply(world, node, action, made.run);
    look(world, action);
  };
  for (const step of done) each(step.nodes, step.action);
  if (!done.some((step) => step.commit) && count < made.steps.length)
    for (const step of done.toReversed()) for (const undo of step.undo) each(undo.nodes, undo.action);
  return world;
};
