/** What the reviews ask about an instance, and the intents that the answers come to. Pure. */
import { claimableFolders, claimantOf } from '../../../core/cluster/claimable.ts';
import type { InstanceLock, InstanceView } from '../../../core/cluster/instances.ts';
import { seenLocks } from '../../../core/cluster/seen-locks.ts';
import type { Snapshot } from '../../../core/cluster/snapshot.ts';
import type { Intent } from '../../../core/plan/intent.ts';
import type { ReviewKind } from '../../navigation/route.ts';

export type Choices = {
  /** seconds, as typed */
  timeout: string;
  then: 'force' | 'leave';
  purge: boolean;
  as: 'moved' | 'cloned';
  primary: string;
  /** the folder that is claimed */
  path: string;
};

/** Paths of folders that a claim can be about. */
export const claimablePaths = (instance: InstanceView): string[] => [
  ...new Set(claimableFolders(instance).map((each) => each.folder.path)),
];

/** What is said of that folder unless somebody says otherwise. */
export const claimOf = (instance: InstanceView, path: string): Pick<Choices, 'path' | 'as' | 'primary'> => {
  const holders = claimableFolders(instance).filter((each) => each.folder.path === path);
  return {
    path,
    // where another folder holds it too, one that lies elsewhere can only be a copy
    as:
      instance.problems.some((each) => each.code === 'copy') && holders.some((each) => !each.matchesPlace)
        ? 'cloned'
        : 'moved',
    // nodes may have folders of their own at one path: which is meant is not for us to choose
    primary: new Set(holders.map((each) => each.key)).size > 1 ? '' : claimantOf(instance, holders),
  };
};

/** @param edited what is changed: its answers are there already */
export const initialChoices = (instance: InstanceView, edited?: Intent): Choices => ({
  timeout: edited !== undefined && 'timeoutSeconds' in edited ? String(edited.timeoutSeconds) : '120',
  then: edited?.kind === 'stop' ? edited.then : 'leave',
  purge: edited?.kind === 'remove' && edited.purge,
  ...claimOf(instance, claimablePaths(instance)[0] ?? instance.folder),
});

/** A lock that its instance's page does not speak of, as an address names it: the node may have a folder of its own at that path. */
export const lockSubject = ({ node, folder }: Pick<InstanceLock, 'node' | 'folder'>): string =>
  `${node}:${folder}`;

/** The folder that such an address names, or a path alone; null for an instance. */
export const lockedFolder = (subject: string): { path: string; node: string | null } | null => {
  const at = subject.indexOf(':/');
  if (subject.startsWith('/')) return { path: subject, node: null };
  return at > 0 ? { path: subject.slice(at + 1), node: subject.slice(0, at) } : null;
};

/** The run that holds the lock of a folder; null when there is none that can be read. */
export const lockedRun = (snapshot: Snapshot, path: string, node: string | null): string | null => {
  for (const each of seenLocks(snapshot))
    if (each.path === path && (node === null || each.node === node) && each.lock.ok)
      return each.lock.lock.run;
  return null;
};

/** Seconds from 0 to a day; null when the text is no such number. */
export const secondsOf = (text: string): number | null => {
  const value = /^[0-9]{1,5}$/.test(text.trim()) ? Number(text) : Number.NaN;
  return value <= 86_400 ? value : null;
};

/** Null while an answer is missing or no number. */
export const reviewIntent = (
  kind: Exclude<ReviewKind, 'restore'>,
  handle: string,
  instance: InstanceView,
  choices: Choices,
): Intent | null => {
  const seconds = secondsOf(choices.timeout);
  switch (kind) {
    case 'start':
      return { kind, instance: handle };
    case 'stop':
      return seconds === null
        ? null
        : { kind, instance: handle, timeoutSeconds: seconds, then: choices.then };
    case 'reboot':
      return seconds === null || seconds < 1 ? null : { kind, instance: handle, timeoutSeconds: seconds };
    case 'remove':
      return seconds === null
        ? null
        : { kind, instance: handle, purge: choices.purge, timeoutSeconds: seconds };
    case 'compare':
      return { kind: 'compare-images', subject: { of: 'instance', instance: handle } };
    case 'cleanup':
      return { kind: 'migrate', instance: handle, target: null, cleanup: true };
    case 'claim':
      return choices.primary === ''
        ? null
        : { kind, instance: handle, path: choices.path, as: choices.as, primary: choices.primary };
    case 'unlock': {
      const run = instance.lock?.content?.run;
      return instance.lock === null || run === undefined
        ? null
        : { kind, path: instance.lock.folder, run, node: instance.lock.node };
    }
  }
};
