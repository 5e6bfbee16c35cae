/** Which views show the cluster as it was seen last, or as a draft would leave it. */
import type { ViewName } from '../navigation/route.ts';
import type { Drafting } from './drafting.tsx';

/** What an intent is made in. */
const dialogs: ReadonlySet<ViewName> = new Set([
  'create',
  'adopt',
  'adopt-guest',
  'failover',
  'copy',
  'config',
  'disk',
  'review',
  'image',
  'remove-image',
  'purge',
]);

/** What shows the cluster, and leads to dialogs: with its age offline, and as a draft would leave it while one is worked in. */
const lists: ReadonlySet<ViewName> = new Set(['overview', 'instances', 'instance', 'images', 'trash']);

export const showsDraft = (view: ViewName, { on, work }: Pick<Drafting, 'on' | 'work'>): boolean =>
  dialogs.has(view) ? on : lists.has(view) && work !== null;
