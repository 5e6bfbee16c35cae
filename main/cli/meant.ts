/** Which folder is meant by what a person typed to put an instance right again. */
import { claimableFolders, claimantOf } from '../../core/cluster/claimable.ts';
import { findInstances, orphanFolders } from '../../core/cluster/instances.ts';
import { locksOfInstance, seenLocks } from '../../core/cluster/seen-locks.ts';
import type { Snapshot } from '../../core/cluster/snapshot.ts';
import { trashOf } from '../../core/cluster/trash.ts';
import { shown } from '../../core/storage/checked.ts';
import { usageError } from './cli-error.ts';
import { knownInstance, knownNode } from './resolve.ts';
import { calledInTrash } from './trash-commands.ts';

/**
 * The folder that `instance claim` is about, and who may start it from then on. One that lies elsewhere than its record says goes before
 * one in its place.
 */
export const claimMeant = (
  snapshot: Snapshot,
  name: string,
  given: { path?: string | undefined; node?: string | undefined },
): { instance: string; path: string; primary: string } => {
  const view = knownInstance(snapshot, name);
  const node = given.node === undefined ? undefined : knownNode(snapshot, given.node);
  const seen = view.folders.filter((each) => each.seen);
  const claimable = claimableFolders(view);
  const paths = [...new Set(claimable.map((each) => each.folder.path))];
  const path = given.path ?? (paths.length === 1 ? paths[0] : undefined);
  if (path === undefined)
    throw usageError(
      paths.length > 0
        ? `Which folder? --path is one of ${paths.join(', ')}.`
        : seen.length === 0
          ? `No node that answers shows a folder with a record of ${view.name}.`
          : `Every folder of ${view.name} is where its record was written: nothing has to be claimed.`,
      'bad-input',
    );
  const holders = [claimable, seen]
    .map((among) => among.filter((each) => each.folder.path === path))
    .find((among) => among.length > 0);
  if (node !== undefined) return { instance: view.uuid, path, primary: node };
  if (holders === undefined)
    throw usageError(`No node shows ${shown(path)}. Name the node with -n.`, 'bad-input');
  const nodes = holders.map((each) => each.node);
  if (new Set(holders.map((each) => each.key)).size > 1)
    throw usageError(
      `Which node's? ${nodes.join(', ')} each have a folder ${shown(path)} of their own: name one with -n.`,
      'bad-input',
    );
  return { instance: view.uuid, path, primary: claimantOf(view, holders) };
};

type Held = { node: string; path: string; run: string };

/** The one that is meant; nodes may have folders of one path that different runs hold. */
const oneOf = (held: readonly Held[], name: string): Held | undefined => {
  if (new Set(held.map((each) => each.run)).size < 2) return held[0];
  throw usageError(
    `Several runs hold folders of ${shown(name)}: ${held.map((each) => `${each.run} ${each.path} on ${each.node}`).join(', ')}. Name one by its path, with -n NODE where several nodes have one of that path.`,
    'ambiguous-instance',
  );
};

/** What an instance holds: the lock of the folder that counts, unless a node is named; else those of its other folders and copies. */
const lockOfInstance = (snapshot: Snapshot, name: string, node: string | undefined): Held => {
  const view = knownInstance(snapshot, name);
  const locks = locksOfInstance(snapshot, view).filter((each) => node === undefined || each.node === node);
  const first = locks.find((each) => each.node === view.lock?.node && each.folder === view.lock.folder);
  const held = (first?.content ? [first] : locks).flatMap((each) =>
    each.content ? [{ node: each.node, path: each.folder, run: each.content.run }] : [],
  );
  const found = oneOf(held, view.name);
  if (found) return found;
  const [unread] = locks;
  throw usageError(
    unread
      ? `The lock of ${view.name} can't be read (${unread.error ?? ''}): look at ${unread.folder}/.lock on ${unread.node}.`
      : `${view.name} is not locked${node === undefined ? '' : ` on ${node}`}.`,
    'not-locked',
  );
};

/** Whatever lies at that path on the nodes. */
const lockAt = (snapshot: Snapshot, path: string, node: string | undefined): Held | undefined => {
  const held = seenLocks(snapshot).flatMap((each) =>
    each.path === path && each.lock.ok && (node === undefined || each.node === node)
      ? [{ node: each.node, path, run: each.lock.lock.run }]
      : [],
  );
  return oneOf(held, path);
};

/** The folder that `instance unlock` is about, and the run that holds it. */
export const lockMeant = (snapshot: Snapshot, name: string, node: string | undefined): Held => {
  if (findInstances(snapshot, name).length > 0) return lockOfInstance(snapshot, name, node);
  // a creation that was cut off has a folder and a lock, but no record yet
  const orphan = orphanFolders(snapshot).find((each) => each.name === name);
  const found = lockAt(snapshot, orphan?.path ?? name, node);
  if (found) return found;
  // and a removal that was cut off behind its rename holds its lock inside the trash
  const removed = calledInTrash(trashOf(snapshot, true), name);
  const [held, ...more] = removed.flatMap(({ path, lock, nodes }) => (lock ? [{ path, lock, nodes }] : []));
  if (held && more.length > 0)
    throw usageError(
      `Several are locked in the trash: ${[held, ...more].map((each) => each.path).join(', ')}. Name one by its path.`,
      'ambiguous-instance',
    );
  if (held?.lock.ok) return { path: held.path, run: held.lock.lock.run, node: held.nodes[0] ?? '' };
  const unread = seenLocks(snapshot).find((each) => each.path === (held?.path ?? name) && !each.lock.ok);
  if (unread && !unread.lock.ok)
    throw usageError(
      `The lock of ${unread.path} can't be read (${unread.lock.error}): look at it on ${unread.node}.`,
      'not-locked',
    );
  const isKnown = snapshot.nodes.some((each) => each.facts?.folders.some(({ path }) => path === name));
  if (removed.length === 0 && !isKnown) knownInstance(snapshot, name);
  throw usageError(`${shown(name)} is not locked.`, 'not-locked');
};
