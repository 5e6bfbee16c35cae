/** What can be drafted with an instance: what could be done with it if it still were as it was seen last. Pure. */
import { deriveInstances, type InstanceView } from '../../core/cluster/instances.ts';
import type { Snapshot } from '../../core/cluster/snapshot.ts';
import { copyActionsOf } from './copy-words.ts';
import { type Activity, actionsOf, type InstanceAction } from './instance-words.ts';

export type ActionsOf = (
  instance: InstanceView,
  handle: string,
  activity: Activity | null,
) => InstanceAction[];

/** Those of an instance as it is, the dangerous ones last. */
export const everyAction: ActionsOf = (instance, handle, activity) => {
  const all = actionsOf(instance, handle, activity);
  return [
    ...all.filter((each) => !each.danger),
    ...copyActionsOf(instance, handle, activity),
    ...all.filter((each) => each.danger),
  ];
};

const notOffline: Partial<Record<InstanceAction['id'], string>> = {
  unlock: 'A lock is broken at once or not at all: its node has to answer.',
};

/** @param upon the cluster that drafts are made upon */
export const draftedActions = (upon: Snapshot): ActionsOf => {
  const known = new Map(deriveInstances(upon).map((each) => [each.uuid, each]));
  return (instance, handle, activity) =>
    everyAction(known.get(instance.uuid) ?? instance, handle, activity).map((action) => ({
      ...action,
      impossible: notOffline[action.id] ?? action.impossible,
    }));
};
