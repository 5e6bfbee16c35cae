/** Applying a draft, with a file in memory, a planner that says what it is told to, and runs that end as they are told to. */
import { describe, expect, it } from 'vitest';
import { type Applying, exitCodeOfApplying } from '../../../core/draft/applying.ts';
import { noCost } from '../../../core/draft/cost.ts';
import type { Applied, Change, Draft, DraftEdit, DraftFile } from '../../../core/draft/draft.ts';
import type { DraftPlan, PlannedChange } from '../../../core/draft/draft-plan.ts';
import type { Intent } from '../../../core/plan/intent.ts';
import type { Plan } from '../../../core/plan/plan.ts';
import type { Run } from '../../../core/plan/run.ts';
import { sha256 } from '../../../core/plan/sha256.ts';
import { DraftApply } from '../../../main/desk/draft-apply.ts';
import { soundCluster } from '../../support/snapshot-builder.ts';
import { waitFor } from '../../support/wait-for.ts';

const path = '/drafts/a.vbdesk.yaml';

const start = (instance: string): Intent => ({ kind: 'start', instance });
const change = (id: string, instance: string, more: Partial<Change> = {}): Change => ({
  ...{ id, intent: start(instance), accept: [], note: null, applied: null },
  reviewed: [`node1: Start ${instance}`],
  ...more,
});
const planOf = (run: string, intent: Intent): Plan => ({
  ...{ version: 1, run, cluster: 'lab', intent, approval: { accept: [], vouched: [] } },
  title: `Do ${'instance' in intent ? intent.instance : ''}`,
  subject: { kind: 'cluster', name: 'lab' },
  ...{ reasons: [], steps: [], locks: [], files: [], equivalent: null },
  effects: { newBytes: 0, memory: [], downSeconds: null },
});
const runOf = (id: string, intent: Intent, state: Run['state']): Run => ({
  ...{ version: 1, id, cluster: 'lab', title: `Run ${id}`, who: 'me', startedAt: 1, endedAt: 2 },
  ...{ plan: planOf(id, intent), direction: 'forward', steps: [], undo: [], cancelRequested: false },
  ...{ state, problem: state === 'done' ? '' : `${id} is ${state}`, holds: [] },
});

/** A workstation with one draft; `outcomes` and `ends` say what comes of each change's plan and run. */
class Bench {
  draft: Draft;
  edits: DraftEdit[] = [];
  journal = new Map<string, Run>();
  outcomes: Record<string, PlannedChange['outcome']> = {};
  ends: Record<string, Run['state']> = {};
  started: string[] = [];
  resumed: string[] = [];
  told: Applying[] = [];
  planned: string[][] = [];
  /** called before a run begins: what somebody does meanwhile */
  meanwhile: (id: string) => void = () => undefined;
  /** runs come to their end when this does */
  held: Promise<void> = Promise.resolve();
  release: () => void = () => undefined;
  readonly apply: DraftApply;
  #last = 0;

  constructor(changes: Change[]) {
    this.draft = { cluster: 'lab', base: null, changes };
    this.apply = new DraftApply(
      {
        files: { read: async () => this.file(), edit: async (_, from, edit) => this.#edit(from, edit) },
        look: async () => soundCluster(),
        plan: async (draft) => this.#plan(draft),
        knownIn: () => [],
        start: async (plan) => {
          const id = this.#idOf(plan.intent);
          this.started.push(id);
          // what was begun is in the file before it begins
          expect(this.mark(id)).toMatchObject({ run: plan.run, outcome: 'started' });
          this.journal.set(plan.run, runOf(plan.run, plan.intent, this.ends[id] ?? 'done'));
        },
        resume: async (run) => {
          this.resumed.push(run);
          const known = this.journal.get(run);
          if (known) this.journal.set(run, { ...known, state: this.ends[run] ?? 'done' });
        },
        cancel: async (run) => {
          const known = this.journal.get(run);
          if (known) this.journal.set(run, { ...known, state: 'undone' });
          this.release();
        },
        ended: () => this.held,
        runOf: async (run) => this.journal.get(run) ?? null,
      },
      (applying) => this.told.push(applying),
    );
  }

  file(): DraftFile {
    const text = JSON.stringify(this.draft);
    return { path, text, sha256: sha256(text), draft: structuredClone(this.draft), problems: [] };
  }
  mark(id: string): Applied | null | undefined {
    return this.draft.changes.find((each) => each.id === id)?.applied;
  }
  #idOf(intent: Intent): string {
    return (
      this.draft.changes.find((each) => JSON.stringify(each.intent) === JSON.stringify(intent))?.id ?? ''
    );
  }
  #edit(from: string, edit: DraftEdit): DraftFile {
    if (from !== this.file().sha256) throw new Error('The file is another one by now.');
    this.edits.push(edit);
    if (edit.edit !== 'set-applied') throw new Error(`${edit.edit} is no mark`);
    this.draft.changes = this.draft.changes.map((each) =>
      each.id === edit.id ? { ...each, applied: edit.applied } : each,
    );
    return this.file();
  }
  #plan(draft: Draft): DraftPlan {
    const left = draft.changes.filter((each) => each.applied?.outcome !== 'done');
    this.planned.push(left.map(({ id }) => id));
    if (left.length === 1 && left[0]) this.meanwhile(left[0].id);
    return {
      ...{ at: 1, offline: false, cost: { ...noCost, storage: [], nodes: [] } },
      changes: draft.changes.map(({ id, intent, applied }): PlannedChange => {
        this.#last += 1;
        const outcome = applied?.outcome === 'done' ? 'done-already' : (this.outcomes[id] ?? 'unchanged');
        const plan = planOf(`run${this.#last}`, intent);
        return {
          ...{ id, outcome, difference: [], unknown: [], cost: noCost },
          view: outcome === 'done-already' ? null : { plan, fingerprint: '', texts: [] },
          reasons: outcome === 'unchanged' ? [] : [`${id} is ${outcome}.`],
        };
      }),
    };
  }
  async run(
    options: { only?: string[]; onFailure?: 'stop' | 'independent' } = {},
  ): Promise<{ outcome: string; states: string[]; code: number }> {
    const { only = null, onFailure = 'stop' } = options;
    const begun = await this.apply.begin({ path, from: this.file().sha256, only, onFailure });
    await this.apply.over();
    const last = this.told.at(-1);
    return {
      outcome: begun.outcome,
      states: last?.changes.map(({ id, state }) => `${id} ${state}`) ?? [],
      code: last ? exitCodeOfApplying(last) : -1,
    };
  }
}

describe('applying a draft', () => {
  it('runs its changes in order, and marks each before it begins and when it has ended', async () => {
    const bench = new Bench([change('c1', 'web1'), change('c2', 'web2'), change('c3', 'web3')]);
    expect(await bench.run()).toEqual({
      outcome: 'started',
      states: ['c1 done', 'c2 done', 'c3 done'],
      code: 0,
    });
    expect(bench.started).toEqual(['c1', 'c2', 'c3']);
    expect(bench.edits.map((each) => each.edit === 'set-applied' && each.applied?.outcome)).toEqual([
      ...['started', 'done', 'started', 'done', 'started', 'done'],
    ]);
    // all of it before anything is begun, then each by itself right before it runs
    expect(bench.planned).toEqual([['c1', 'c2', 'c3'], ['c1'], ['c2'], ['c3']]);
    expect(bench.told.at(-1)).toMatchObject({ done: 3, total: 3, over: true, change: null });
  });

  it('runs only what was chosen, and nothing twice', async () => {
    const bench = new Bench([change('c1', 'web1'), change('c2', 'web2')]);
    await bench.run({ only: ['c2'] });
    expect(bench.started).toEqual(['c2']);
    expect(await bench.run()).toMatchObject({ states: ['c1 done', 'c2 done'], code: 0 });
    expect(bench.started).toEqual(['c2', 'c1']);
    await expect(bench.run({ only: ['c7'] })).rejects.toThrow('no change c7');
  });

  it('begins nothing while something is not what was reviewed', async () => {
    for (const outcome of ['changed', 'impossible'] as const) {
      const bench = new Bench([change('c1', 'web1'), change('c2', 'web2')]);
      bench.outcomes = { c2: outcome };
      expect(await bench.run()).toMatchObject({ outcome: 'changed' });
      expect([...bench.started, ...bench.edits]).toEqual([]);
    }
    const unread = new Bench([change('c1', 'web1', { reviewed: null })]);
    expect(await unread.run()).toMatchObject({ outcome: 'changed' });
    expect(unread.started).toEqual([]);
  });

  it('refuses a file that is another one by now, and one that is being applied', async () => {
    const bench = new Bench([change('c1', 'web1')]);
    const from = sha256('another');
    await expect(bench.apply.begin({ path, from, only: null, onFailure: 'stop' })).rejects.toMatchObject({
      code: 'draft-changed',
    });
    const running = bench.run();
    await expect(bench.run()).rejects.toMatchObject({ code: 'applying' });
    expect(await running).toMatchObject({ code: 0 });
  });

  it('skips and marks what is done already', async () => {
    const bench = new Bench([change('c1', 'web1'), change('c2', 'web2')]);
    bench.outcomes = { c1: 'done-already' };
    expect(await bench.run()).toMatchObject({ states: ['c1 done-already', 'c2 done'], code: 0 });
    expect(bench.started).toEqual(['c2']);
    expect(bench.mark('c1')).toMatchObject({ run: 'none', outcome: 'done' });
  });

  it('stops at the first failure', async () => {
    const bench = new Bench([change('c1', 'web1'), change('c2', 'web2'), change('c3', 'web3')]);
    bench.ends = { c2: 'undone' };
    expect(await bench.run()).toMatchObject({ states: ['c1 done', 'c2 undone', 'c3 waiting'], code: 1 });
    expect(bench.mark('c2')).toMatchObject({ outcome: 'undone' });
    expect(bench.mark('c3')).toBe(null);
    // once its cause is mended it is tried again
    bench.ends = {};
    expect(await bench.run()).toMatchObject({ states: ['c1 done', 'c2 done', 'c3 done'], code: 0 });
  });

  it('or goes on with what does not rest on it', async () => {
    const bench = new Bench([
      ...[change('c1', 'web1'), change('c2', 'web2')],
      change('c3', 'web1', { intent: { kind: 'reboot', instance: 'web1', timeoutSeconds: 60 } }),
      change('c4', 'web4'),
    ]);
    bench.ends = { c1: 'stuck' };
    bench.outcomes = { c2: 'impossible' };
    expect(await bench.run({ onFailure: 'independent' })).toMatchObject({
      states: ['c1 failed', 'c2 impossible', 'c3 left-out', 'c4 done'],
      code: 4,
    });
    expect(bench.started).toEqual(['c1', 'c4']);
  });

  it('does not run what became another change on the nodes, or in the file, after it was confirmed', async () => {
    const nodes = new Bench([change('c1', 'web1'), change('c2', 'web2')]);
    nodes.meanwhile = (id) => {
      if (id === 'c2') nodes.outcomes = { c2: 'changed' };
    };
    expect(await nodes.run()).toMatchObject({ states: ['c1 done', 'c2 changed'], code: 3 });
    expect(nodes.started).toEqual(['c1']);
    const file = new Bench([change('c1', 'web1'), change('c2', 'web2')]);
    file.meanwhile = (id) => {
      const [first, second] = file.draft.changes;
      if (id === 'c1' && first && second) file.draft.changes = [first, { ...second, accept: ['force'] }];
    };
    expect(await file.run()).toMatchObject({ states: ['c1 done', 'c2 changed'], code: 3 });
    expect(file.started).toEqual(['c1']);
  });

  it('begins only one of two that apply the same file', async () => {
    const bench = new Bench([change('c1', 'web1')]);
    const theirs: Applied = { run: 'theirs', at: 1, outcome: 'started' };
    bench.meanwhile = (id) => {
      bench.draft.changes = bench.draft.changes.map((each) =>
        each.id === id && bench.planned.length > 1 ? { ...each, applied: theirs } : each,
      );
    };
    expect(await bench.run()).toMatchObject({ states: ['c1 failed'], code: 1 });
    expect(bench.started).toEqual([]);
    expect(bench.mark('c1')).toEqual(theirs);
    bench.journal.set('theirs', runOf('theirs', start('web1'), 'running'));
    await expect(bench.run()).rejects.toThrow('at work now, in run theirs');
  });
});

describe('stopping', () => {
  it('cancels the run at work, and begins nothing further', async () => {
    const bench = new Bench([change('c1', 'web1'), change('c2', 'web2')]);
    await expect(bench.apply.stop(path)).rejects.toMatchObject({ code: 'not-applying' });
    bench.held = new Promise((resolve) => {
      bench.release = resolve;
    });
    const over = bench.run({ onFailure: 'independent' });
    await waitFor('c1 at work', () => bench.told.at(-1)?.changes[0]?.run);
    await bench.apply.stop(path);
    expect(await over).toMatchObject({ states: ['c1 undone', 'c2 waiting'], code: 1 });
    expect(bench.started).toEqual(['c1']);
    expect(bench.told.at(-1)).toMatchObject({ stopping: true, over: true });
  });
});

describe('applying a draft again that was cut off', () => {
  const begun = (run: string): Partial<Change> => ({ applied: { run, at: 1, outcome: 'started' } });

  it('plans afresh what was never begun', async () => {
    const bench = new Bench([change('c1', 'web1', begun('lost'))]);
    expect(await bench.run()).toMatchObject({ states: ['c1 done'], code: 0 });
    expect([bench.started, bench.resumed]).toEqual([['c1'], []]);
  });

  it('goes on with a run first, and only then with what comes after it', async () => {
    for (const state of ['cut-off', 'stuck', 'unknown'] as const) {
      const bench = new Bench([change('c1', 'web1', begun('half')), change('c2', 'web2')]);
      bench.journal.set('half', runOf('half', start('web1'), state));
      expect(await bench.run()).toMatchObject({ states: ['c1 done', 'c2 done'], code: 0 });
      expect([bench.resumed, bench.started]).toEqual([['half'], ['c2']]);
      expect(bench.mark('c1')).toMatchObject({ run: 'half', outcome: 'done' });
    }
  });

  it('marks what came to its end meanwhile', async () => {
    const bench = new Bench([
      ...[change('c1', 'web1', begun('good')), change('c2', 'web2', begun('back'))],
      change('c3', 'web3', { applied: { run: 'gone', at: 1, outcome: 'failed' } }),
    ]);
    bench.journal.set('good', runOf('good', start('web1'), 'done'));
    bench.journal.set('back', runOf('back', start('web2'), 'undone'));
    bench.journal.set('gone', runOf('gone', start('web3'), 'given-up'));
    expect(await bench.run()).toMatchObject({ states: ['c1 done', 'c2 done', 'c3 done'], code: 0 });
    expect([bench.resumed, bench.started]).toEqual([[], ['c2', 'c3']]);
  });

  it('stops where the run does not come to a good end', async () => {
    const bench = new Bench([change('c1', 'web1', begun('half')), change('c2', 'web2')]);
    bench.journal.set('half', runOf('half', start('web1'), 'cut-off'));
    bench.ends = { half: 'stuck' };
    expect(await bench.run()).toMatchObject({ states: ['c1 failed', 'c2 waiting'], code: 4 });
    expect(bench.mark('c1')).toMatchObject({ run: 'half', outcome: 'failed' });
  });

  it('refuses a mark that is the run of another change', async () => {
    const bench = new Bench([change('c1', 'web1', begun('other'))]);
    bench.journal.set('other', runOf('other', start('web9'), 'cut-off'));
    await expect(bench.run()).rejects.toThrow('the run of another change');
    expect([bench.started, bench.resumed, bench.edits]).toEqual([[], [], []]);
  });
});
