/**
 * Applies a draft: its changes in order, each planned afresh of a fresh look at the nodes right before it runs, and run only while that
 * plan is the one that was reviewed. What is begun is marked in the file before it begins, so that whatever happens to this process,
 * the next one finds what it was doing.
 */

import type { Snapshot } from '../../core/cluster/snapshot.ts';
import { listText } from '../../core/cluster/status.ts';
import type { Input, Output } from '../../core/contract.ts';
import { type Applying, type ApplyingChange, isDone } from '../../core/draft/applying.ts';
import { baseAfterRun } from '../../core/draft/base-after-run.ts';
import { dependencies } from '../../core/draft/depends.ts';
import type { Base, Change, Draft } from '../../core/draft/draft.ts';
import type { DraftPlan } from '../../core/draft/draft-plan.ts';
import { markOf } from '../../core/draft/marks.ts';
import { isSame } from '../../core/draft/same.ts';
import type { Run } from '../../core/plan/run.ts';
import { DeskError } from './dispatch.ts';
import { type DraftApplyTools, type End, openConsents, resumeChange, runChange } from './draft-change.ts';
import { draftIn, keepBase, markChange } from './draft-marks.ts';

/** A change that is going to be applied, as it was confirmed, and the run that has to be gone on with instead of planning it. */
type Item = { change: Change; resumes: string | null };

/** All that the work on a draft learns as it goes on. */
type Work = { path: string; draft: Draft; items: readonly Item[] };

const isApplied = ({ applied }: Change): boolean => applied?.outcome === 'done';

/** One that was taken back is tried again as though it never was; what a person gave up half-way is not: it has to be read anew. */
const asUntried = (change: Change): Change =>
  change.applied?.outcome === 'undone' ? change : { ...change, applied: null };

export class DraftApply {
  readonly #tools: DraftApplyTools;
  readonly #onChange: (applying: Applying) => void;
  #now: Applying | null = null;
  #work: Promise<void> = Promise.resolve();
  /** between a request and the first word of progress */
  #beginning = false;
  #closing = false;

  constructor(tools: DraftApplyTools, onChange: (applying: Applying) => void) {
    this.#tools = tools;
    this.#onChange = onChange;
  }

  /** Resolves when nothing is being applied, or not any more. */
  async over(): Promise<void> {
    await this.#work;
  }

  /** Begins nothing any more. Runs are the engine's to end. */
  close(): void {
    this.#closing = true;
  }

  /** The run at work is cancelled where it still can be; nothing further is begun. */
  async stop(path: string): Promise<void> {
    const now = this.#now;
    if (!now || now.over || now.path !== path)
      throw new DeskError('not-applying', `${path} is not being applied here.`);
    this.#tell({ stopping: true });
    const current = now.changes.find((each) => each.id === now.change);
    // between two runs there is nothing to cancel
    if (current?.state === 'running' && current.run !== null) await this.#tools.cancel(current.run);
  }

  /** `changed`: something is not, or no longer, what was reviewed; nothing was begun then. */
  async begin(input: Input<'draft.apply'>): Promise<Output<'draft.apply'>> {
    if (this.#beginning || (this.#now && !this.#now.over))
      throw new DeskError(
        'applying',
        `${this.#now?.path ?? 'A draft'} is being applied now. One draft is applied at a time: wait for it, or stop it.`,
      );
    this.#beginning = true;
    try {
      return await this.#begin(input);
    } finally {
      this.#beginning = false;
    }
  }

  async #begin({ path, from, only, onFailure }: Input<'draft.apply'>): Promise<Output<'draft.apply'>> {
    const file = await this.#tools.files.read(path);
    const read = draftIn(file);
    if (file.sha256 !== from)
      throw new DeskError(
        'draft-changed',
        `${path} was changed since it was read. Look at it as it is now, then apply it.`,
      );
    const strange = (only ?? []).filter((id) => !read.changes.some((each) => each.id === id));
    if (strange.length > 0)
      throw new DeskError('bad-input', `There is no change ${listText(strange)} in ${path}.`);
    const { draft, items } = await this.#settled(path, read, only);
    const pending = items.filter(({ change }) => !isApplied(change));
    const titles = new Map<string, string>();
    // what is cut off comes first; the others are planned once that has come to its end
    if (pending.length > 0 && pending.every(({ resumes }) => resumes === null)) {
      const plan = await this.#planAll(draft, pending);
      if (!this.#isAsReviewed(plan, pending, onFailure)) return { outcome: 'changed', plan };
      for (const { id, view } of plan.changes) if (view) titles.set(id, view.plan.title);
    }
    for (const { change, resumes } of items) {
      const run = await this.#runOf(resumes ?? change.applied?.run ?? '');
      if (run && !titles.has(change.id)) titles.set(change.id, run.title);
    }
    this.#now = {
      ...{ path, cluster: draft.cluster, change: null, onFailure, stopping: false, over: false },
      ...{ done: items.length - pending.length, total: items.length },
      changes: items.map(({ change, resumes }) => ({
        id: change.id,
        title: titles.get(change.id) ?? change.id,
        state: isApplied(change) ? 'done' : 'waiting',
        run: isApplied(change) ? (change.applied?.run ?? null) : resumes,
        text: '',
      })),
    };
    this.#tell({});
    this.#work = this.#apply({ path, draft, items });
    return { outcome: 'started' };
  }

  /**
   * The changes that are meant, each with what the journal knows of the run that its mark names; a mark of a run that came to its end
   * meanwhile is brought up to date.
   */
  async #settled(
    path: string,
    read: Draft,
    only: readonly string[] | null,
  ): Promise<{ draft: Draft; items: Item[] }> {
    const items: Item[] = [];
    let { base } = read;
    const changes: Change[] = [];
    for (const change of read.changes) {
      const isMeant = only === null || only.includes(change.id);
      const run = isApplied(change) ? null : await this.#runOf(change.applied?.run ?? '');
      const mark = markOf(change, read.cluster, run);
      // one that is at work means that somebody applies this very draft
      if (mark.is === 'refused' && (isMeant || run?.state === 'running'))
        throw new DeskError('refused', mark.text);
      let now = change;
      if ((mark.is === 'open' || mark.is === 'done') && !isSame(mark.mark, change.applied)) {
        await markChange(this.#tools.files, path, change, mark.mark);
        now = { ...change, applied: mark.mark };
        if (run?.state === 'done' || run?.state === 'undone')
          base = await this.#learn(path, { ...read, base }, run, null, await this.#look(read, [change]));
      }
      changes.push(now);
      if (isMeant) items.push({ change: now, resumes: mark.is === 'to-resume' ? mark.run : null });
    }
    return { draft: { ...read, base, changes }, items };
  }

  async #runOf(id: string): Promise<Run | null> {
    // a file may say anything; what can't be the id of a run is none
    return /^[a-z0-9]{1,64}$/.test(id) ? this.#tools.runOf(id) : null;
  }

  #look(draft: Draft, changes: readonly Change[]): Promise<Snapshot> {
    return this.#tools.look(
      draft.cluster,
      changes.map(({ intent }) => intent),
    );
  }

  /** Those that were applied count as done, whatever else is in the draft is left out. */
  #withOnly(draft: Draft, changes: readonly Change[]): Draft {
    const ids = new Set(changes.map(({ id }) => id));
    return {
      ...draft,
      changes: draft.changes.flatMap((each) =>
        ids.has(each.id) ? [asUntried(each)] : isApplied(each) ? [each] : [],
      ),
    };
  }

  async #planAll(draft: Draft, pending: readonly Item[]): Promise<DraftPlan> {
    const changes = pending.map(({ change }) => change);
    const plan = await this.#tools.plan(this.#withOnly(draft, changes), await this.#look(draft, changes));
    if (plan.offline)
      throw new DeskError('no-node-answers', `No node of ${draft.cluster} answers: nothing was begun.`);
    return plan;
  }

  /** False when somebody has to read something first, or nothing of it could be done. */
  #isAsReviewed(plan: DraftPlan, pending: readonly Item[], onFailure: Applying['onFailure']): boolean {
    let possible = 0;
    for (const { change } of pending) {
      const planned = plan.changes.find(({ id }) => id === change.id);
      if (planned?.outcome === 'impossible' && onFailure === 'independent') continue;
      if (planned?.outcome === 'impossible' || planned?.outcome === 'changed' || !planned) return false;
      if (planned.outcome === 'unchanged' && change.reviewed === null) return false;
      const open = openConsents(planned);
      if (open !== null) throw new DeskError('refused', `${change.id}: ${open}`);
      possible += 1;
    }
    return possible > 0;
  }

  async #apply({ path, draft: begun, items }: Work): Promise<void> {
    let draft = begun;
    let rests: Map<string, Set<string>> | null = null;
    const notDone = new Set<string>();
    for (const { change, resumes } of items) {
      if (isApplied(change)) continue;
      if (this.#closing || this.#now?.stopping) break;
      let end: End;
      let before: Snapshot | null = null;
      try {
        if (resumes !== null) {
          this.#begun(change.id, resumes);
          end = await resumeChange(this.#tools, path, change, resumes);
        } else {
          const asked = items.map((each) => each.change);
          before = await this.#look(draft, asked);
          rests ??= dependencies(asked, this.#tools.knownIn(before));
          const missing = [...(rests.get(change.id) ?? [])].filter((id) => notDone.has(id));
          end =
            missing.length > 0
              ? {
                  ...{ state: 'left-out', run: null, mark: change.applied },
                  text: `Nothing was done for it: it rests on ${listText(missing)}.`,
                }
              : await this.#runOne(path, draft, change, before);
        }
      } catch (error) {
        end = {
          ...{ state: 'failed', run: resumes, mark: change.applied },
          text: error instanceof Error ? error.message : String(error),
        };
      }
      if (this.#closing) return;
      draft = {
        ...draft,
        changes: draft.changes.map((each) => (each.id === change.id ? { ...each, applied: end.mark } : each)),
      };
      if ((end.state === 'done' || end.state === 'undone') && end.run !== null)
        draft = await this.#learnt(path, draft, end, before);
      this.#ended(change.id, end);
      if (isDone(end)) continue;
      notDone.add(change.id);
      if (this.#now?.onFailure === 'stop') break;
    }
    this.#tell({ change: null, over: true });
  }

  #runOne(path: string, draft: Draft, change: Change, snapshot: Snapshot): Promise<End> {
    this.#begun(change.id, null);
    return runChange(
      this.#tools,
      path,
      { draft: this.#withOnly(draft, [change]), change, snapshot, now: Date.now() },
      (run, title) => this.#begun(change.id, run, title),
    );
  }

  /** What the run did to its instances is no news to the changes after it. */
  async #learnt(path: string, draft: Draft, { run: id }: End, before: Snapshot | null): Promise<Draft> {
    const run = await this.#runOf(id ?? '').catch(() => null);
    if (!run) return draft;
    try {
      const after = await this.#look(draft, []);
      return { ...draft, base: await this.#learn(path, draft, run, before, after) };
    } catch {
      // what is not learnt is shown as changed before anything is written over it
      return draft;
    }
  }

  async #learn(
    path: string,
    draft: Draft,
    run: Run,
    before: Snapshot | null,
    after: Snapshot,
  ): Promise<Base | null> {
    const base = baseAfterRun(draft.base, run.plan, before, after);
    if (base !== null && !isSame(base, draft.base)) await keepBase(this.#tools.files, path, base);
    return base;
  }

  #begun(id: string, run: string | null, title?: string): void {
    this.#set(id, { state: 'running', run, text: '', ...(title === undefined ? {} : { title }) });
    this.#tell({ change: id });
    // asked to stop while this was being begun
    if (run !== null && this.#now?.stopping) void this.#tools.cancel(run).catch(() => undefined);
  }

  #ended(id: string, { state, run, text }: End): void {
    this.#set(id, { state, run, text });
    this.#tell({ change: null });
  }

  #set(id: string, changed: Partial<ApplyingChange>): void {
    if (!this.#now) return;
    const changes = this.#now.changes.map((each) => (each.id === id ? { ...each, ...changed } : each));
    this.#now = { ...this.#now, changes, done: changes.filter(isDone).length };
  }

  #tell(changed: Partial<Applying>): void {
    if (!this.#now) return;
    this.#now = { ...this.#now, ...changed };
    try {
      this.#onChange(structuredClone(this.#now));
    } catch {
      // whoever only watches can't end it
    }
  }
}
