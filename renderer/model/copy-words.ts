/** The actions on an instance that copy its images, or give it another name. */
import type { InstanceView } from '../../core/cluster/instances.ts';
import type { Activity, InstanceAction } from './instance-words.ts';

const stoppedFirst = (instance: InstanceView): string | null =>
  instance.status === 'running'
    ? "It runs, and what a running guest writes can't be copied at one moment: stop it first."
    : null;

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
