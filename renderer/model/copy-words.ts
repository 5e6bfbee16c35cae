/** The actions on an instance that copy its images and what they copy, or that give it another name. */
import type { InstanceView } from '../../core/cluster/instances.ts';
import { replicaAgeText } from '../../core/cluster/replicas.ts';
import type { Activity, InstanceAction } from './instance-words.ts';

const stoppedFirst = (instance: InstanceView): string | null =>
  instance.status === 'running'
    ? "It runs, and what a running guest writes can't be copied at one moment: stop it first."
    : null;

/** One of those below. */
export const isCopyAction = ({ id }: InstanceAction): boolean =>
  id === 'clone' || id === 'move' || id === 'replicate' || id === 'rename';

/** Beside those of `actionsOf`: shown where there is room for them. */
export const copyActionsOf = (
  instance: InstanceView,
  handle: string,
  activity: Activity | null,
): InstanceAction[] => {
  const busy = activity ? `A run concerns it: ${activity.run.title} (${activity.text}).` : null;
  const action = (
    id: 'clone' | 'move' | 'replicate' | 'rename',
    label: string,
    impossible: string | null,
  ): InstanceAction => ({
    id,
    label,
    route: { view: 'copy', kind: id, instance: handle },
    key: null,
    danger: false,
    impossible: busy ?? impossible,
  });
  return [
    action('clone', 'Clone…', stoppedFirst(instance)),
    action('move', 'Move…', null),
    action('replicate', 'Replicate…', stoppedFirst(instance)),
    action(
      'rename',
      'Rename…',
      instance.status === 'running'
        ? 'It runs, and its domain and its disks go by its name: stop it first.'
        : null,
    ),
  ];
};

/** What the images come from: they are made anew, the target's replica is brought up to date, or it is gone on from. */
export type CopiedFrom = 'clone' | 'source' | 'replica';

/**
 * One sentence on what the target holds.
 * @param folder where the copy lies: a replica in another one is of no use to it
 */
export const replicaWords = (
  instance: InstanceView,
  target: string,
  from: CopiedFrom,
  folder: string,
): { ready: boolean; text: string } => {
  if (from === 'clone')
    return {
      ready: true,
      text: 'A clone shares nothing with what it is made of: every image is copied whole.',
    };
  const here = instance.replicas.filter((each) => each.node === target);
  const replica = here.find((each) => each.folder === folder) ?? (from === 'replica' ? here[0] : undefined);
  if (!replica)
    return {
      ready: false,
      text:
        from === 'replica'
          ? `${target} holds no replica: there is nothing to go on from.`
          : `${target} holds no replica in ${folder}: every image is copied whole.`,
    };
  if (replica.problem !== null)
    return { ready: false, text: `The replica on ${target} is not whole: ${replica.problem}` };
  return {
    ready: true,
    text: `${target} holds a replica that is ${replicaAgeText(replica.age)}${replica.current ? '; nothing was started since' : ''}.`,
  };
};
