/** What the trash shows: pure, from the snapshot, the setting and the runs of this workstation. */
import type { Snapshot } from '../../../core/cluster/snapshot.ts';
import {
  expiresAt,
  type InTrash,
  isExpired,
  removedBy,
  type TrashFile,
  trashContents,
  trashOf,
} from '../../../core/cluster/trash.ts';
import type { AppState } from '../../../core/contract.ts';
import type { PurgeTrashIntent } from '../../../core/plan/intent.ts';

export type TrashRow = {
  /** as the address of its purge names it */
  key: string;
  each: InTrash;
  /** one of its nodes answers */
  seen: boolean;
  by: string | null;
  expires: number | null;
  expired: boolean;
};

export const keyOf = (each: InTrash): string => `${each.nodes[0] ?? ''}:${each.path}`;

/** From the addresses of folders, as keyOf makes them; null when there is none among them. */
export const purgeIntentOf = (keys: readonly string[]): PurgeTrashIntent | null => {
  const folders = keys.flatMap((key) => {
    const [, node, storageDirectory, trashName] = /^([^:/]+):(\/.*)\/\.trash\/([^/]+)$/.exec(key) ?? [];
    return node !== undefined && storageDirectory !== undefined && trashName !== undefined
      ? [{ storageDirectory, trashName, node }]
      : [];
  });
  return folders.length === 0 ? null : { kind: 'purge-trash', folders };
};

export const trashRows = (
  snapshot: Snapshot,
  trashDays: number,
  runs: AppState['runs'],
  now: number,
): TrashRow[] => {
  const answering = new Set(snapshot.nodes.flatMap((node) => (node.trouble === null ? [node.name] : [])));
  const ours = runs.filter((run) => run.cluster === snapshot.cluster.name);
  return trashOf(snapshot)
    .map((each) => ({
      key: keyOf(each),
      each,
      seen: each.nodes.some((node) => answering.has(node)),
      by: removedBy(each, ours),
      expires: expiresAt(each, trashDays),
      expired: isExpired(each, trashDays, now),
    }))
    .toSorted((a, b) => (a.each.removedAt ?? 0) - (b.each.removedAt ?? 0));
};

export type FileRow = { path: string; file: TrashFile; kept: boolean };

/** The files of these folders, those that the records name first. */
export const fileRows = (chosen: readonly InTrash[]): FileRow[] =>
  chosen.flatMap((each) => {
    const { named, others } = trashContents(each);
    const row = (file: TrashFile, kept: boolean): FileRow => ({
      path: `${each.path}/${file.name}`,
      file,
      kept,
    });
    return [...named.map((file) => row(file, false)), ...others.map((file) => row(file, true))];
  });
