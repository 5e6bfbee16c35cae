/** Puts what a dialog planned into a draft: as a new change, or in the place of the one that is edited. */
import { useCallback, useMemo, useState } from 'react';
import type { Failure, Result } from '../../core/contract.ts';
import type { DraftFile, DraftSummary } from '../../core/draft/draft.ts';
import { titlesOf } from '../../core/draft/titles.ts';
import type { Intent } from '../../core/plan/intent.ts';
import { useApp, useDesk } from '../desk/desk-context.tsx';
import { useNavigator } from '../navigation/navigator.tsx';
import type { Review } from '../plan/use-review.ts';
import { useDrafting } from './drafting.tsx';

/** A draft that is made when the change is put into it. */
export const newDraft = 'new';

/** What has its own place beside drafts: founding a cluster comes before there is one, and a lock is broken at once or not at all. */
const outsideOfDrafts: ReadonlySet<Intent['kind']> = new Set(['cluster-init', 'unlock']);

/** The draft that was put into last, by cluster: the next change most likely goes there, too. */
const lastUsed = new Map<string, string>();

export type DraftSave = {
  /** it can be put into a draft at all */
  possible: boolean;
  /** the change that it goes in place of; null: it becomes a new one */
  editing: string | null;
  /** those of this cluster that can be written to */
  drafts: readonly DraftSummary[];
  /** path of the chosen one, or `newDraft` */
  target: string;
  choose: (target: string) => void;
  busy: boolean;
  failure: Failure | null;
  save: () => void;
};

export const useDraftSave = (review: Review): DraftSave => {
  const desk = useDesk();
  const app = useApp();
  const drafting = useDrafting();
  const { go } = useNavigator();
  const [chosen, setChosen] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<Failure | null>(null);
  const { intent, cluster, approval, view, current } = review;
  const drafts = useMemo(
    () => app.drafts.filter((each) => each.cluster === cluster && each.problem === null),
    [app.drafts, cluster],
  );
  const wanted = chosen ?? drafting.work ?? lastUsed.get(cluster) ?? drafts[0]?.path;
  // one that was closed meanwhile is no place any more
  const target =
    drafting.work !== null && chosen === null
      ? drafting.work
      : (drafts.find((each) => each.path === wanted)?.path ?? newDraft);
  const { editing, enter, offline } = drafting;

  const save = useCallback(() => {
    if (!intent || busy) return;
    const put = async (): Promise<Result<DraftFile>> => {
      const file =
        target === newDraft
          ? await desk.call('draft.create', { path: null, cluster })
          : await desk.call('draft.read', { path: target });
      if (!file.ok) return file;
      const { path } = file.value;
      const accept = approval.accept;
      const known = new Set(file.value.draft?.changes.map((each) => each.id));
      let edited = await desk.call('draft.edit', {
        path,
        from: file.value.sha256,
        edit: editing
          ? { edit: 'replace', id: editing.id, intent }
          : { edit: 'add', intent, ...(accept.length > 0 && { accept }) },
      });
      const id =
        editing?.id ??
        (edited.ok ? edited.value.draft?.changes.find((each) => !known.has(each.id))?.id : undefined);
      if (edited.ok && editing && JSON.stringify(editing.accept) !== JSON.stringify(accept))
        edited = await desk.call('draft.edit', {
          path,
          from: edited.value.sha256,
          edit: { edit: 'set-accept', id: editing.id, accept },
        });
      // the plan that stood beside the button is the one that was read
      if (edited.ok && id !== undefined && view && current && view.plan.steps.length > 0)
        edited = await desk.call('draft.edit', {
          path,
          from: edited.value.sha256,
          edit: {
            edit: 'set-reviewed',
            changes: [{ id, steps: titlesOf({ ...view.plan, approval: { accept, vouched: [] } }) }],
          },
        });
      return edited;
    };
    setBusy(true);
    setFailure(null);
    void put().then((answer) => {
      setBusy(false);
      if (!answer.ok) {
        setFailure(answer.error);
        return;
      }
      const { path } = answer.value;
      lastUsed.set(cluster, path);
      // what is drafted next is planned upon this
      if (offline) enter(path);
      go({ view: 'draft', path });
    });
  }, [intent, busy, target, desk, cluster, approval, view, current, editing, offline, enter, go]);

  return {
    possible: intent === null || !outsideOfDrafts.has(intent.kind),
    editing: editing?.id ?? null,
    drafts,
    target,
    choose: setChosen,
    busy,
    failure,
    save,
  };
};
