/** Intents as a draft has them: instances by their names, for one that an earlier change makes has no uuid yet. */
import { deriveInstances } from '../cluster/instances.ts';
import type { Snapshot } from '../cluster/snapshot.ts';
import type { Intent } from '../plan/intent.ts';

/** The same intent, with the name of its instance instead of the uuid, where only that one has the name. */
export const namedIntent = (intent: Intent, snapshot: Snapshot): Intent => {
  const views = deriveInstances(snapshot);
  const nameOf = (given: string): string => {
    const name = views.find((each) => each.uuid.toLowerCase() === given.toLowerCase())?.name;
    return name !== undefined && views.filter((each) => each.name === name).length === 1 ? name : given;
  };
  if ('instance' in intent) return { ...intent, instance: nameOf(intent.instance) };
  if (intent.kind === 'compare-images' && intent.subject.of === 'instance')
    return { ...intent, subject: { of: 'instance', instance: nameOf(intent.subject.instance) } };
  return intent;
};
