/** One draft: its file and what its changes come to now, both asked for again when they may be others. */
import { useCallback, useEffect, useRef, useState } from 'react';
import type { Failure, Input, Result } from '../../core/contract.ts';
import type { DraftEdit, DraftFile } from '../../core/draft/draft.ts';
import type { DraftPlan } from '../../core/draft/draft-plan.ts';
import { useApp, useDesk } from '../desk/desk-context.tsx';
import { answering } from '../model/node-words.ts';
import { useDrafting } from './drafting.tsx';

export type OpenedDraft = {
  file: DraftFile | null;
  /** why it can't be read */
  failure: Failure | null;
  plan: DraftPlan | null;
  /** the shown plan is of the shown file */
  planned: boolean;
  planning: boolean;
  planFailure: Failure | null;
  /** the nodes are read first */
  planAfresh: () => void;
  editing: boolean;
  editFailure: Failure | null;
  /** true when it was done */
  edit: (edit: DraftEdit) => Promise<boolean>;
  write: (text: string) => Promise<boolean>;
};

export const useDraft = (path: string): OpenedDraft => {
  const desk = useDesk();
  const app = useApp();
  const { offline } = useDrafting();
  const [file, setFile] = useState<DraftFile | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  const [plan, setPlan] = useState<{ plan: DraftPlan; of: string } | null>(null);
  const [planning, setPlanning] = useState(false);
  const [planFailure, setPlanFailure] = useState<Failure | null>(null);
  const [editing, setEditing] = useState(false);
  const [editFailure, setEditFailure] = useState<Failure | null>(null);
  const turn = useRef(0);

  // what the list says of it changes when the file does, here or in an editor beside
  const summary = JSON.stringify(app.drafts.find((each) => each.path === path) ?? null);
  const read = useCallback(async () => {
    const answer = await desk.call('draft.read', { path });
    setFailure(answer.ok ? null : answer.error);
    if (answer.ok) setFile((old) => (old?.sha256 === answer.value.sha256 ? old : answer.value));
  }, [desk, path]);
  // … and with each change that is applied
  const { applying } = app;
  const busy = applying !== null && applying.path === path && !applying.over;
  const progress =
    applying?.path === path ? `${applying.change ?? ''} ${applying.done} ${applying.over}` : '';
  useEffect(() => {
    void summary;
    void progress;
    void read();
    const again = () => void read();
    window.addEventListener('focus', again);
    return () => window.removeEventListener('focus', again);
  }, [read, summary, progress]);

  const make = useCallback(
    async (of: string, fresh: boolean) => {
      turn.current += 1;
      const mine = turn.current;
      setPlanning(true);
      const answer = await desk.call('draft.plan', { path, fresh });
      if (turn.current !== mine) return;
      setPlanning(false);
      setPlanFailure(answer.ok ? null : answer.error);
      if (answer.ok) setPlan({ plan: answer.value, of });
    },
    [desk, path],
  );
  const sha256 = file?.draft ? file.sha256 : null;
  // a run that ended has changed what the rest comes to
  const ended = app.runs.filter((each) => each.state !== 'running').length;
  // … and so has a node that answers now, or does not any more
  const seen = app.snapshot ? answering(app.snapshot) : 0;
  const wanted = sha256 === null ? null : `${sha256} ${ended} ${seen} ${offline}`;
  useEffect(() => {
    // while it is applied, each change is planned when its turn comes
    if (wanted !== null && !busy) void make(wanted, false);
  }, [make, wanted, busy]);

  const save = useCallback(
    async (call: () => Promise<Result<DraftFile>>): Promise<boolean> => {
      setEditing(true);
      setEditFailure(null);
      const answer = await call();
      setEditing(false);
      if (answer.ok) setFile(answer.value);
      else {
        setEditFailure(answer.error);
        // most likely somebody else wrote it: what is shown is what there is
        void read();
      }
      return answer.ok;
    },
    [read],
  );
  const from = file?.sha256 ?? '';
  const edit = useCallback(
    (what: Input<'draft.edit'>['edit']) => save(() => desk.call('draft.edit', { path, from, edit: what })),
    [save, desk, path, from],
  );
  const write = useCallback(
    (text: string) => save(() => desk.call('draft.write', { path, text, from })),
    [save, desk, path, from],
  );

  return {
    file,
    failure,
    plan: plan?.plan ?? null,
    planned: plan !== null && plan.of === wanted && !planning,
    planning,
    planFailure,
    planAfresh: useCallback(() => {
      if (wanted !== null) void make(wanted, true);
    }, [make, wanted]),
    editing,
    editFailure,
    edit,
    write,
  };
};

/**
 * What the chosen changes come to without the others: one that rests on another which is left out may be impossible. Null while all
 * that can be are chosen, and while it is being planned.
 */
export const useChosenPlan = (
  path: string,
  sha256: string | null,
  only: readonly string[] | null,
): DraftPlan | null => {
  const desk = useDesk();
  const key = sha256 === null || only === null ? null : JSON.stringify([sha256, only]);
  const [made, setMade] = useState<{ key: string; plan: DraftPlan } | null>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key holds what is chosen
  useEffect(() => {
    if (key === null || only === null) return undefined;
    let current = true;
    const ask = async () => {
      const answer = await desk.call('draft.plan', { path, fresh: false, only: [...only] });
      if (current && answer.ok) setMade({ key, plan: answer.value });
    };
    // several ticks in a row are one question
    const timer = setTimeout(() => void ask(), 200);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [desk, path, key]);
  return made !== null && made.key === key ? made.plan : null;
};
