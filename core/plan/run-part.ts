/** What the nodes showed of that which a run touches: taken before it and after it, small enough to be kept with every run. */
import { z } from 'zod';
import { instanceRecord } from '../cluster/record.ts';
import { membership } from '../cluster/schema.ts';
import {
  domain,
  folderFacts,
  imageFacts,
  type NodeFacts,
  type NodeSnapshot,
  type Snapshot,
  trashFacts,
} from '../cluster/snapshot.ts';
import type { Plan } from './plan.ts';

const nodePart = z.object({
  name: z.string(),
  /** why it did not answer; null when it did. What it had shown last is not kept then: it would say nothing of that moment */
  trouble: z.string().nullable(),
  /** workstation clock, ms, of the answer; null without one */
  seenAt: z.number().nullable(),
  folders: z.array(folderFacts),
  /** files of a storage directory that lie in no folder, by their paths */
  files: z.array(z.object({ path: z.string(), file: imageFacts })),
  domains: z.array(domain),
  /** by the path of the storage directory */
  trash: z.array(z.object({ storage: z.string(), folder: trashFacts })),
  tombstones: z.array(z.string()),
  membership: membership.nullable(),
});
export type NodePart = z.infer<typeof nodePart>;

export const runPart = z.object({
  version: z.literal(1),
  /** workstation clock, ms */
  takenAt: z.number(),
  nodes: z.array(nodePart),
});
export type RunPart = z.infer<typeof runPart>;

/** What a plan speaks of: uuids, names and paths, wherever in its intent, steps and files they stand. */
type Touched = { uuids: Set<string>; names: Set<string>; paths: Set<string>; trash: Set<string> };

const touchedBy = (plan: Plan): Touched => {
  const touched: Touched = { uuids: new Set(), names: new Set(), paths: new Set(), trash: new Set() };
  const look = (value: unknown): void => {
    if (typeof value === 'string') {
      if (!value.startsWith('/') || value.includes('\n')) return;
      touched.paths.add(value);
      const inTrash = /\/\.trash\/([^/]+)/.exec(value)?.[1];
      if (inTrash !== undefined) touched.trash.add(inTrash);
    } else if (Array.isArray(value)) for (const each of value) look(each);
    else if (typeof value === 'object' && value !== null)
      for (const [key, each] of Object.entries(value)) {
        // the directories within which an image may build on another one are no part of the run
        if (key === 'within' || key === 'directories') continue;
        if (key === 'uuid' && typeof each === 'string') touched.uuids.add(each.toLowerCase());
        const record = key === 'record' ? instanceRecord.safeParse(each).data : undefined;
        if (record) touched.names.add(record.name);
        look(each);
      }
  };
  look([plan.intent, plan.steps, plan.locks, plan.files.map((each) => each.path)]);
  const { subject, intent } = plan;
  if (subject.kind === 'instance') {
    touched.names.add(subject.name);
    if (subject.uuid !== null) touched.uuids.add(subject.uuid.toLowerCase());
  }
  if (intent.kind === 'restore') touched.trash.add(intent.trashName);
  if (intent.kind === 'purge-trash') for (const { trashName } of intent.folders) touched.trash.add(trashName);
  return touched;
};

const factsPart = (
  facts: NodeFacts,
  touched: Touched,
  ofCluster: boolean,
): Omit<NodePart, 'name' | 'trouble' | 'seenAt'> => {
  const isNamed = (path: string): boolean =>
    touched.paths.has(path) || [...touched.paths].some((each) => each.startsWith(`${path}/`));
  return {
    folders: facts.folders.filter(
      ({ path, record, replicaRecord }) =>
        isNamed(path) ||
        (record?.ok === true && touched.uuids.has(record.record.uuid.toLowerCase())) ||
        (replicaRecord?.ok === true && touched.uuids.has(replicaRecord.replica.record.uuid.toLowerCase())),
    ),
    files: facts.storages.flatMap(({ path, files = [] }) =>
      files
        .map((file) => ({ path: `${path}/${file.name}`, file }))
        .filter((each) => touched.paths.has(each.path)),
    ),
    domains: facts.domains.filter(
      ({ uuid, name }) =>
        (uuid !== null && touched.uuids.has(uuid.toLowerCase())) ||
        touched.names.has(name.split('--')[0] ?? name),
    ),
    trash: facts.storages.flatMap(({ path, trash, trashFolders = [] }) =>
      trash
        .filter((name) => touched.trash.has(name))
        .map((name) => ({
          storage: path,
          folder: trashFolders.find((each) => each.name === name) ?? { name, record: null, lock: null },
        })),
    ),
    tombstones: facts.tombstones.filter((uuid) => touched.uuids.has(uuid.toLowerCase())),
    membership: ofCluster ? facts.membership : null,
  };
};

const silentPart: Omit<NodePart, 'name' | 'trouble' | 'seenAt'> = {
  folders: [],
  files: [],
  domains: [],
  trash: [],
  tombstones: [],
  membership: null,
};

/** @param since an answer from before this moment (workstation clock, ms) says nothing of it */
export const partOf = (snapshot: Snapshot, plan: Plan, since = Number.NEGATIVE_INFINITY): RunPart => {
  const touched = touchedBy(plan);
  const nodePartOf = ({ name, trouble, seenAt, facts }: NodeSnapshot): NodePart => {
    const old = seenAt === null || seenAt < since;
    return trouble !== null || facts === null || old
      ? { name, trouble: trouble?.message ?? `${name} was not asked then.`, seenAt: null, ...silentPart }
      : { name, trouble: null, seenAt, ...factsPart(facts, touched, plan.subject.kind === 'cluster') };
  };
  return { version: 1, takenAt: snapshot.takenAt, nodes: snapshot.nodes.map(nodePartOf) };
};

/** Nodes on which a run changed something or could have: those of its changing steps. */
export const nodesTouched = (run: {
  steps: readonly { nodes: string[]; job: string; changed: boolean }[];
  undo: readonly { nodes: string[]; job: string; changed: boolean }[];
}): string[] => [
  ...new Set(
    [...run.steps, ...run.undo].flatMap(({ nodes, job, changed }) => (job !== '' || changed ? nodes : [])),
  ),
];
