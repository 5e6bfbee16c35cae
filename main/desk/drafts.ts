/** The calls about drafts' files. */
import type { Snapshot } from '../../core/cluster/snapshot.ts';
import { baseOf } from '../../core/draft/base.ts';
import type { DraftEdit, DraftSummary } from '../../core/draft/draft.ts';
import { editDraft, newDraft, touchedBy } from '../../core/draft/edit.ts';
import { namedIntent } from '../../core/draft/named.ts';
import { DraftFileError, type Drafts } from '../library/drafts.ts';
import { DeskError, type Handlers } from './dispatch.ts';

/** Those about files; what a draft comes to, does and is as a script is answered elsewhere. */
type DraftCall = `draft.${'list' | 'read' | 'create' | 'write' | 'edit' | 'close'}`;

export type DraftTools = {
  drafts: Drafts;
  /** what a cluster's nodes showed last; null where nothing is known of it */
  lastSeen: (cluster: string) => Promise<Snapshot | null>;
  onList: (list: DraftSummary[]) => void;
};

/** Failures of the files as failures of the calls. */
const asked = async <T>(work: Promise<T>): Promise<T> => {
  try {
    return await work;
  } catch (error) {
    if (error instanceof DraftFileError) throw new DeskError(error.code, error.message);
    throw error;
  }
};

const withNames = (edit: DraftEdit, snapshot: Snapshot | null): DraftEdit =>
  snapshot !== null && (edit.edit === 'add' || edit.edit === 'replace')
    ? { ...edit, intent: namedIntent(edit.intent, snapshot) }
    : edit;

/** @returns what the desk answers to each call about drafts' files */
export const draftHandlers = ({ drafts, lastSeen, onList }: DraftTools): Pick<Handlers, DraftCall> => {
  const telling = async <T>(work: Promise<T>): Promise<T> => {
    const value = await asked(work);
    onList(await drafts.list());
    return value;
  };
  return {
    'draft.list': async () => {
      const list = await drafts.list();
      onList(list);
      return list;
    },
    'draft.read': ({ path }) => telling(drafts.read(path)),
    'draft.create': ({ path, cluster }) =>
      telling(drafts.create(path, cluster, newDraft(cluster), new Date().toISOString().slice(0, 10))),
    'draft.write': ({ path, text, from }) => telling(drafts.change(path, from, () => text)),
    'draft.edit': async ({ path, from, edit }) => {
      const touches = edit.edit === 'add' || edit.edit === 'replace';
      const cluster = touches ? (await asked(drafts.read(path))).draft?.cluster : undefined;
      const snapshot = cluster === undefined ? null : await lastSeen(cluster);
      const named = withNames(edit, snapshot);
      return telling(
        drafts.change(path, from, (text) => {
          // an instance that an earlier change makes, or renames, was never seen under that name
          const known = snapshot === null ? null : baseOf(snapshot, touchedBy(named));
          const edited = editDraft(text, named, known);
          if (!edited.ok) throw new DraftFileError('draft', edited.message);
          return edited.text;
        }),
      );
    },
    'draft.close': async ({ path }) => {
      await telling(drafts.close(path));
      return {};
    },
  };
};
