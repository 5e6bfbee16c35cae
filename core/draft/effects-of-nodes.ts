/** What actions on a node's own files leave behind: storage ids, membership, notes of removals, configurations in /etc/xen. */
import type { Membership } from '../cluster/schema.ts';
import type { Action } from '../plan/action.ts';
import { baseName } from '../storage/paths.ts';
import { changeFacts, factsOf, guess, type World } from './world.ts';

const joined = (world: World, node: string, membership: Membership): void => {
  const { templateDirectory, storageDirectories, nodes } = membership;
  const { templateDirectory: _, ...cluster } = world.cluster;
  world.cluster = {
    ...cluster,
    ...(templateDirectory !== undefined && { templateDirectory }),
    storageDirectories: [...new Set([...cluster.storageDirectories, ...storageDirectories])],
  };
  for (const { name } of nodes)
    if (!world.start.nodes.some((each) => each.name === name))
      guess(world, name, name, `Nothing is known of ${name} before it was asked for the first time.`);
  const facts = factsOf(world, node);
  if (!facts) return;
  const { templates, ...rest } = facts;
  const stays = templates !== undefined && templates.path === templateDirectory;
  world.facts.set(node, { ...rest, membership, ...(stays && { templates }) });
  if (templateDirectory !== undefined && !stays)
    guess(
      world,
      node,
      templateDirectory,
      `Which templates ${node} has in ${templateDirectory} is known once it was asked for that directory.`,
    );
};

const storageMade = (world: World, node: string, path: string, id: string): void => {
  const known = factsOf(world, node)?.storages.some((each) => each.path === path) === true;
  changeFacts(world, node, ({ storages }) => ({
    storages: known
      ? storages.map((each) =>
          each.path === path ? { ...each, id: each.id ?? id, state: 'ok' as const } : each,
        )
      : [
          ...storages,
          {
            ...{ path, id, state: 'ok' as const, device: 0, filesystem: '', trash: [] },
            ...{ totalBytes: 0, freeBytes: 0, freeInodes: 0 },
          },
        ],
  }));
  if (!known)
    guess(world, node, path, `How much room ${path} on ${node} has is known once ${node} was asked for it.`);
};

export const effectOnNodes = (world: World, node: string, action: Action): boolean => {
  switch (action.do) {
    case 'write-tombstone':
      changeFacts(world, node, ({ tombstones }) => ({
        tombstones: [...new Set([...tombstones, action.uuid])],
      }));
      return true;
    case 'remove-tombstone':
      changeFacts(world, node, ({ tombstones }) => ({
        tombstones: tombstones.filter((each) => each.toLowerCase() !== action.uuid.toLowerCase()),
      }));
      return true;
    case 'set-aside':
      changeFacts(world, node, ({ guestConfigs, autostarts }) => ({
        ...(guestConfigs && { guestConfigs: guestConfigs.filter((each) => each.path !== action.from) }),
        autostarts: action.from.startsWith('/etc/xen/auto/')
          ? autostarts.filter((each) => each !== baseName(action.from))
          : autostarts,
      }));
      return true;
    case 'make-storage':
      storageMade(world, node, action.path, action.id);
      return true;
    case 'remove-storage-id':
      changeFacts(world, node, ({ storages }) => ({
        storages: storages.map((each) =>
          each.path === action.path && each.id === action.id ? { ...each, id: null } : each,
        ),
      }));
      return true;
    case 'write-membership':
      joined(world, node, action.membership);
      return true;
    case 'remove-membership':
      changeFacts(world, node, () => ({ membership: null }));
      return true;
    default:
      return false;
  }
};
