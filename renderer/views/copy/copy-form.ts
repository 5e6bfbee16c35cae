/** What the copy dialogs ask, and the intents that the answers come to. Pure. */
import type { InstanceView } from '../../../core/cluster/instances.ts';
import type { Snapshot } from '../../../core/cluster/snapshot.ts';
import type { Intent } from '../../../core/plan/intent.ts';
import type { CopyKind } from '../../navigation/route.ts';
import { secondsOf } from '../review/intents.ts';

export type CopyForm = {
  /** of the clone, or the new one */
  name: string;
  /** the script of its OS definition is run as well */
  osRename: boolean;
  node: string;
  directory: string;
  removeSource: boolean;
  /** the agent of this workstation is lent to the node that is read */
  forwardAgent: boolean;
  /** seconds, as typed */
  timeout: string;
  /** "node /folder" of what is discarded */
  discarded: string;
  /** the name, typed once more */
  typed: string;
};

export type Discardable = { key: string; node: string; path: string; what: 'replica' | 'state' };

/** Replicas and folders of another state: what can go without the instance itself. */
export const discardables = (instance: InstanceView): Discardable[] => [
  ...instance.replicas.map((each) => ({
    key: `${each.node} ${each.folder}`,
    node: each.node,
    path: each.folder,
    what: 'replica' as const,
  })),
  ...instance.folders
    // of two histories either may be chosen
    .filter((each) => !each.current || instance.problems.some((problem) => problem.code === 'fork'))
    .map((each) => ({
      key: `${each.node} ${each.folder.path}`,
      node: each.node,
      path: each.folder.path,
      what: 'state' as const,
    })),
];

/** Storage directories that a node showed, else those of the cluster. */
export const directoriesOf = (snapshot: Snapshot, node: string): string[] => {
  const shown = snapshot.nodes
    .find((each) => each.name === node)
    ?.facts?.storages.filter((each) => each.state === 'ok')
    .map((each) => each.path);
  return shown && shown.length > 0 ? shown : snapshot.cluster.storageDirectories;
};

/** @param edited what is changed: its answers are there already */
export const initialCopyForm = (
  kind: CopyKind,
  snapshot: Snapshot,
  instance: InstanceView,
  edited?: Intent,
): CopyForm => {
  const others = snapshot.nodes.map((each) => each.name).filter((each) => each !== instance.primary);
  const node =
    kind === 'clone' ? (instance.primary ?? '') : (instance.secondary ?? others[0] ?? instance.primary ?? '');
  const given = edited?.kind === kind ? edited : undefined;
  return {
    name: given?.kind === 'clone' || given?.kind === 'rename' ? given.name : '',
    osRename: given?.kind === 'rename' && given.osRename === true,
    node:
      given?.kind === 'clone' || given?.kind === 'move' || given?.kind === 'replicate'
        ? (given.node ?? (given.kind === 'move' ? (instance.primary ?? '') : node))
        : node,
    directory:
      ((given?.kind === 'clone' || given?.kind === 'move') && given.storageDirectory) || instance.storage,
    removeSource: given?.kind === 'move' && given.removeSource,
    forwardAgent: given !== undefined && 'forwardAgent' in given && given.forwardAgent === true,
    timeout: given?.kind === 'move' ? String(given.timeoutSeconds) : '120',
    discarded: discardables(instance)[0]?.key ?? '',
    typed: '',
  };
};

/** Null while an answer is missing or no number. */
export const copyIntent = (
  kind: CopyKind,
  handle: string,
  instance: InstanceView,
  form: CopyForm,
): Intent | null => {
  const node = form.node === '' ? null : form.node;
  const lent = form.forwardAgent ? { forwardAgent: true as const } : {};
  switch (kind) {
    case 'clone':
      return form.name.trim() === ''
        ? null
        : {
            kind,
            instance: handle,
            name: form.name.trim(),
            node,
            storageDirectory: form.directory,
            ...lent,
          };
    case 'move': {
      const timeoutSeconds = secondsOf(form.timeout);
      return timeoutSeconds === null
        ? null
        : {
            kind,
            instance: handle,
            node,
            storageDirectory: form.directory,
            removeSource: form.removeSource,
            timeoutSeconds,
            ...lent,
          };
    }
    case 'replicate':
      return { kind, instance: handle, node, ...lent };
    case 'rename':
      return form.name.trim() === ''
        ? null
        : {
            kind,
            instance: handle,
            name: form.name.trim(),
            ...(form.osRename ? { osRename: true as const } : {}),
          };
    case 'discard': {
      const chosen = discardables(instance).find((each) => each.key === form.discarded);
      return chosen ? { kind, instance: handle, node: chosen.node, path: chosen.path } : null;
    }
  }
};
