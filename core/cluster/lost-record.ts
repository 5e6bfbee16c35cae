/** An instance of which no node that answers shows the record: what is known of it, and why the record is not to be seen. */
import { directoryOf } from '../storage/paths.ts';
import type { Lookup } from './lookup.ts';
import { storageOf } from './lookup.ts';
import type { InstanceRecord } from './record.ts';

/** Why a node that answers shows no record, as the end of a sentence that begins with the node. */
export const lostText = (lookup: Lookup, node: string, { place }: Pick<InstanceRecord, 'place'>): string => {
  const view = lookup.byName.get(node);
  // what was left behind by a hand-over tells where it lay before, and not where it lies on the node that got it
  const owners = lookup.nodes.filter((each) => each.facts?.storages.some(({ id }) => id === place.storage));
  if (owners.length > 0 && !owners.some((each) => each.name === node)) return 'it shows no folder of it';
  const directory = directoryOf(place.path);
  const storage = storageOf(view, directory);
  if (storage?.state === 'not-answering') return `its storage ${directory} hangs`;
  if (storage === null || storage.state !== 'ok') return `its storage ${directory} is not there`;
  if (storage.id !== place.storage) return `${directory} there is another storage than before`;
  const folder = view?.facts?.folders.find((each) => each.path === place.path);
  if (!folder) return `it shows no folder ${place.path} any more`;
  if (folder.record?.ok === false) return `the record in ${place.path} can't be read: ${folder.record.error}`;
  return `${place.path} there holds no record of it`;
};
