/** Marks in a draft's file: what was begun is written there before it begins, and what became of it afterwards. */
import type { Applied, Base, Change, Draft, DraftEdit, DraftFile } from '../../core/draft/draft.ts';
import { isSame } from '../../core/draft/same.ts';
import { DeskError } from './dispatch.ts';

/** How drafts are read and edited; an edit is refused when the file is no longer the one that it was made from. */
export type DraftFiles = {
  read: (path: string) => Promise<DraftFile>;
  edit: (path: string, from: string, edit: DraftEdit) => Promise<DraftFile>;
};

/** How often a file that others write to at the same time is read again. */
const attempts = 5;

/** @throws DeskError when it can't be understood */
export const draftIn = ({ path, draft, problems }: DraftFile): Draft => {
  if (draft) return draft;
  const [first] = problems;
  throw new DeskError(
    'draft',
    `${path} can't be understood${first ? `: line ${first.line}, column ${first.column}: ${first.message}` : '.'}`,
  );
};

/** What was confirmed of a change: somebody who alters it in the file meanwhile has not confirmed what he wrote. */
export const isStillConfirmed = (confirmed: Change, now: Change): boolean =>
  isSame([confirmed.intent, confirmed.accept, confirmed.reviewed], [now.intent, now.accept, now.reviewed]);

/** Edits the file as it is by then; `check` is asked of each reading of it and throws what stands against the edit. */
const editLatest = async (
  files: DraftFiles,
  path: string,
  edit: DraftEdit,
  check: (draft: Draft) => void,
): Promise<DraftFile> => {
  for (let attempt = 1; ; attempt += 1) {
    const file = await files.read(path);
    check(draftIn(file));
    try {
      return await files.edit(path, file.sha256, edit);
    } catch (error) {
      const now = await files.read(path);
      if (now.sha256 === file.sha256 || attempt === attempts) throw error;
    }
  }
};

/**
 * Marks a change. `expect`: the mark that it must still have, so that of two who apply one file only one begins.
 * @throws DeskError when the change is another by now
 */
export const markChange = (
  files: DraftFiles,
  path: string,
  change: Change,
  applied: Applied | null,
): Promise<DraftFile> =>
  editLatest(files, path, { edit: 'set-applied', id: change.id, applied }, (draft) => {
    const now = draft.changes.find(({ id }) => id === change.id);
    if (!now || !isSame(now.intent, change.intent))
      throw new DeskError(
        'draft-changed',
        `The change ${change.id} is no longer in ${path} as it was when it was applied.`,
      );
    if (!isSame(now.applied, change.applied))
      throw new DeskError(
        'draft-changed',
        `The change ${change.id} in ${path} was marked by somebody else meanwhile${now.applied ? ` (run ${now.applied.run}, ${now.applied.outcome})` : ''}: it may be at work.`,
      );
  });

/** Keeps what is known of the instances; nothing else of the draft is touched. */
export const keepBase = (files: DraftFiles, path: string, base: Base): Promise<DraftFile> =>
  editLatest(files, path, { edit: 'set-reviewed', changes: [], base }, () => undefined);
