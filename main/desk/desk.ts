/**
 * The application: implements the contract over the rooms. Three shells (Electron, served, CLI) stand before it, all through
 * `dispatch`.
 */
import os from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import type { Cluster } from '../../core/cluster/schema.ts';
import type { Snapshot } from '../../core/cluster/snapshot.ts';
import type {
  AppEvent,
  AppState,
  CallName,
  Desk,
  Input,
  Output,
  PlanView,
  Result,
} from '../../core/contract.ts';
import { asLastSeen } from '../../core/draft/offline.ts';
import type { Approval, Intent } from '../../core/plan/intent.ts';
import { openReasons } from '../../core/plan/plan.ts';
import { returnedNodesOf } from '../../core/plan/returned-nodes.ts';
import { isCommitted, type Run } from '../../core/plan/run.ts';
import { Engine } from '../engine/engine.ts';
import { Journal } from '../engine/journal.ts';
import { Drafts } from '../library/drafts.ts';
import { Library } from '../library/library.ts';
import { practiceExamples } from '../practice/examples.ts';
import { practiceName } from '../practice/practice.ts';
import type { SshConfigOptions } from '../ssh/index.ts';
import { bootFilesOf } from './boot-files.ts';
import { clusterCalls } from './cluster-calls.ts';
import { Clusters } from './clusters.ts';
import { Connections, configuredHosts } from './connections.ts';
import { DeskError, dispatch, type Handlers } from './dispatch.ts';
import { DraftApply } from './draft-apply.ts';
import { draftPlanHandlers } from './draft-plan.ts';
import { applyHandlers, draftApplyTools } from './draft-tools.ts';
import { draftHandlers } from './drafts.ts';
import { infoOfImage } from './info-of-image.ts';
import { Pictures } from './pictures.ts';
import { Plans } from './plans.ts';
import { Prompts } from './prompts.ts';
import { refuseReturnedNodes } from './returned-nodes.ts';
import { runCalls } from './run-calls.ts';
import { runControls } from './run-controls.ts';
import { Runs } from './runs.ts';
import { scriptHandlers } from './scripts.ts';
import { snapshotsOfDisk } from './snapshots-of-disk.ts';
import { StateStore } from './state.ts';
import { wayOfCopy } from './way-of-copy.ts';

export type DeskOptions = {
  configDirectory: string;
  version?: string;
  /** how the user's OpenSSH is consulted; left out outside of tests */
  sshConfig?: SshConfigOptions;
  /** ms that a node may be silent in the middle of a step before its outcome counts as unknown */
  patienceMs?: number;
};

export type AppDesk = Desk & {
  /** the door for shells whose callers are not typed */
  dispatch(name: unknown, input: unknown): Promise<Result<unknown>>;
  /** resolves when the run has come to rest in this process, and what follows from it (a cluster that it founded) is kept */
  ended(run: string): Promise<void>;
  /** resolves when no draft is being applied in this process, or not any more */
  applied(): Promise<void>;
  /** starts the practice cluster; a new one has its examples when this resolves */
  preparePractice(): Promise<void>;
  runs(): Promise<Run[]>;
  close(): Promise<void>;
};

/** Nodes of the steps that a run still has before it. */
const nodesAhead = (run: Run): string[] => [
  ...new Set(
    (run.direction === 'forward' ? run.steps : run.undo).flatMap(({ state, nodes }) =>
      state === 'done' || state === 'skipped' ? [] : nodes,
    ),
  ),
];

/** How long a node that was vouched down gets to say, before a guest is let run, that it is not: ms. */
const vouchedAgainMs = 10_000;

export const createDesk = async (options: DeskOptions): Promise<AppDesk> => {
  const library = new Library(options.configDirectory);
  await library.prepare();
  const who = `${os.userInfo().username}@${os.hostname()}`;
  const settings = await library.settings();
  const state = new StateStore({
    version: options.version ?? '0.1.0',
    settings,
    clusters: [],
    open: null,
    snapshot: null,
    refreshing: false,
    runs: [],
    unplugged: [],
    drafts: [],
    applying: null,
    prompt: null,
  });
  const prompts = new Prompts((prompt) => state.change({ prompt }));
  const connections = new Connections(library, prompts, options.sshConfig);
  const clusters = new Clusters({
    library,
    connections,
    onSnapshot: (snapshot) => {
      if (state.current.open === snapshot.cluster.name) state.change({ snapshot });
    },
    onList: (list) => state.change({ clusters: list }),
  });
  const journal = new Journal(library.file('runs'));
  const pictures = new Pictures(library.file('runs'));
  const plans = new Plans();

  const settling = new Map<string, Promise<void>>();
  const onRun = (run: Run): void => {
    state.tell({ event: 'run', run });
    const others = state.current.runs.filter(({ id }) => id !== run.id);
    state.change({ runs: [runs.summaryOf(run), ...others].toSorted((a, b) => b.startedAt - a.startedAt) });
    // told twice at the end: once with its last step, once when the engine has let go of it
    if (run.state === 'running' || engine.active(run.id)) return;
    // what the run did shows at once, and a cluster that was just founded is known from now on
    settling.set(
      run.id,
      afterRun(run)
        .catch(() => undefined)
        .finally(() => settling.delete(run.id)),
    );
  };
  const engine = new Engine({
    journal,
    access: async (run) => {
      const session = await clusters.sessionFor(run.plan);
      // resumed without anything remembered of a node: which toolstack it has is asked, never guessed
      await session.ask(nodesAhead(run));
      return {
        toolstack: session.toolstack,
        // asked for each script: in the middle of a step the cluster may get another session
        shells: (node) => ({
          run: async (script, options) =>
            (await clusters.sessionFor(run.plan)).shells(node).run(script, options),
          stream: async (script, options) => {
            const shell = (await clusters.sessionFor(run.plan)).shells(node);
            if (!shell.stream) throw new Error(`the connection to ${node} carries no streams`);
            return shell.stream(script, options);
          },
        }),
      };
    },
    onChange: onRun,
    beforeStart: async (plan) => pictures.before(plan, (await clusters.sessionFor(plan)).snapshot()),
    objection: async (run) => {
      const session = await clusters.sessionFor(run.plan);
      const vouched = run.plan.approval.vouched.map((each) => each.node);
      const returned = returnedNodesOf(run, await session.askAgain(vouched, vouchedAgainMs));
      return returned?.stops ? (isCommitted(run) ? returned.text : returned.why) : null;
    },
    ...(options.patienceMs === undefined ? {} : { patienceMs: options.patienceMs }),
  });
  const runs = new Runs(journal, engine, (name) =>
    state.current.snapshot?.cluster.name === name ? state.current.snapshot : null,
  );
  const afterRun = async (run: Run): Promise<void> => {
    if (run.plan.intent.kind === 'cluster-init' && run.state === 'done') await clusters.founded(run.plan);
    if (state.current.open !== run.cluster) {
      pictures.after(run, async (nodes, atMostMs) =>
        (await clusters.sessionFor(run.plan)).askAfresh(nodes, atMostMs),
      );
      return;
    }
    const session = await clusters.session(run.cluster);
    // an answer that was under way when the run ended may be older than its end
    await session.idle();
    const snapshot = await session.refresh();
    pictures.after(run, async () => snapshot);
  };

  let closed = false;
  let watching = 0;
  /** Probes the open cluster again and again, a pause after each answer, until another one is opened. */
  const watch = async (name: string): Promise<void> => {
    watching += 1;
    const mine = watching;
    while (!closed && mine === watching && state.current.open === name) {
      try {
        const session = await clusters.session(name);
        state.change({ refreshing: true });
        await session.refresh();
        state.change({ refreshing: false, runs: await runs.summaries() });
      } catch {
        state.change({ refreshing: false });
      }
      await wait(state.current.settings.refreshSeconds * 1000, undefined, { ref: false });
    }
  };

  const open = async (cluster: Cluster): Promise<Cluster> => {
    const session = await clusters.session(cluster.name);
    state.change({
      open: cluster.name,
      snapshot: session.snapshot(),
      runs: await runs.summaries(),
      unplugged: clusters.practice?.unplugged() ?? [],
    });
    void watch(cluster.name);
    return session.cluster;
  };

  /** By which the nodes of a plan that was just made are known. */
  const snapshotFor = async (cluster: string, intent: Intent | null): Promise<Snapshot> =>
    (intent?.kind === 'cluster-init'
      ? await clusters.provisional(intent)
      : await clusters.session(cluster)
    ).snapshot();

  const makePlan = async (
    request: { cluster: string; intent: Intent; approval: Approval },
    fresh: boolean | 'unless-just-asked',
    run?: string,
  ): Promise<PlanView> => {
    const session =
      request.intent.kind === 'cluster-init'
        ? await clusters.provisional(request.intent)
        : await clusters.session(request.cluster);
    const files = bootFilesOf(request.intent);
    const known =
      fresh === 'unless-just-asked' ? session.wasJustAsked(files) : !fresh && session.hasAnswered();
    const snapshot: Snapshot = known ? session.snapshot() : await session.refresh(files);
    // the journal is this machine's own and quickly read: also where the nodes were asked a moment ago
    if (fresh !== false) await runs.list();
    return plans.make(snapshot, request.intent, request.approval, {
      who,
      run,
      returned: runs.onWord(snapshot),
    });
  };

  /** On what the nodes showed last, and on what a draft makes of it: to be read and kept, never run as it is. */
  const planForDraft = async (
    { cluster, intent, approval }: { cluster: string; intent: Intent; approval: Approval },
    upon: Input<'plan.make'>['upon'],
  ): Promise<PlanView> => {
    const snapshot = upon
      ? await handlers['draft.snapshot']({
          path: upon.path,
          fresh: false,
          ...(upon.before !== null && { before: upon.before }),
        })
      : (await clusters.session(cluster)).snapshot();
    return plans.make(asLastSeen(snapshot), intent, approval, { who });
  };

  let filling: Promise<void> = Promise.resolve();
  /** A new practice cluster is filled like any other: by plans, one of which fails aloud if it must. */
  const preparePractice = async (): Promise<void> => {
    const cluster = await clusters.openPractice();
    const practice = await clusters.startPractice();
    if (practice.isNew) {
      practice.isNew = false;
      filling = fillPractice(cluster).catch((error: unknown) => {
        console.error(
          `The practice cluster's examples could not be made: ${error instanceof Error ? error.message : String(error)}`,
        );
      });
    }
    await filling;
  };
  const openPractice = async (): Promise<Cluster> => {
    const cluster = await clusters.openPractice();
    const opened = await open(cluster);
    void preparePractice();
    return opened;
  };
  const fillPractice = async (cluster: Cluster): Promise<void> => {
    const runs: Promise<void>[] = [];
    for (const intent of practiceExamples) {
      const { plan } = await makePlan(
        { cluster: cluster.name, intent, approval: { accept: [], vouched: [] } },
        true,
      );
      if (openReasons(plan).length > 0) continue;
      await engine.start(plan, who);
      runs.push(engine.ended(plan.run));
    }
    await Promise.all(runs);
  };

  const drafts = new Drafts(options.configDirectory);
  const draftCalls = draftHandlers({
    drafts,
    lastSeen: (name) =>
      clusters.session(name).then(
        (session) => session.snapshot(),
        () => null,
      ),
    onList: (list) => state.change({ drafts: list }),
  });
  const resume = async (run: string): Promise<void> => {
    const stored = await runs.get(run);
    if (stored)
      await refuseReturnedNodes(stored, async () => (await clusters.sessionFor(stored.plan)).refresh());
    await engine.resume(run, 'onward');
  };
  const ended = async (run: string): Promise<void> => {
    await engine.ended(run);
    await settling.get(run);
  };
  const draftApply = new DraftApply(
    draftApplyTools({ calls: draftCalls, clusters, engine, plans, runs, resume, ended, who }),
    (applying) => state.change({ applying }),
  );

  const handlers: Handlers = {
    'state.get': async () => state.current,
    'settings.set': async (input) => {
      await library.saveSettings(input);
      state.change({ settings: input });
      return input;
    },
    'cluster.list': () => library.clusters(),
    'cluster.open': async ({ name }) => open((await clusters.session(name)).cluster),
    'cluster.close': async () => {
      watching += 1;
      state.change({ open: null, snapshot: null, refreshing: false });
      return {};
    },
    'cluster.refresh': async ({ name }) => (await clusters.session(name)).refresh(),
    ...clusterCalls({ clusters, runs, connections, isOpen: (name) => state.current.open === name }),
    'ssh.hosts': () => configuredHosts(),
    'prompt.answer': async ({ id, answer }) => {
      prompts.answer(id, answer);
      return {};
    },
    'plan.make': ({ fresh, lastSeen, upon, ...request }) =>
      lastSeen ? planForDraft(request, upon) : makePlan(request, fresh),
    'run.start': async ({ run, fingerprint, unreviewed, ...request }) => {
      const view = await makePlan(request, unreviewed ? 'unless-just-asked' : true, run);
      if (view.fingerprint !== fingerprint) return { outcome: 'changed', view };
      const open = openReasons(view.plan);
      if (open.length > 0)
        throw new DeskError('refused', open.map((reason) => `${reason.title}: ${reason.text}`).join('\n'));
      await engine.start(view.plan, who);
      return { outcome: 'started', run };
    },
    'disk.snapshots': async ({ cluster, instance, disk }) =>
      snapshotsOfDisk(await clusters.session(cluster), instance, disk),
    'image.info': async ({ cluster, node, path }) => infoOfImage(await clusters.session(cluster), node, path),
    'copy.way': async ({ cluster, ...pair }) => wayOfCopy(await clusters.session(cluster), pair, connections),
    ...runCalls({
      runs,
      pictures,
      sessionFor: (run) => clusters.sessionFor(run.plan),
      planOf: (cluster, intent) =>
        makePlan({ cluster, intent, approval: { accept: [], vouched: [] } }, false),
    }),
    ...runControls({ runs, engine, who, resume, sessionFor: (run) => clusters.sessionFor(run.plan) }),
    ...draftCalls,
    ...scriptHandlers({
      makePlan,
      snapshotFor,
      planDraft: (asked) => handlers['draft.plan'](asked),
      readDraft: (asked) => handlers['draft.read'](asked),
    }),
    ...applyHandlers(draftApply),
    'practice.open': () => openPractice(),
    'practice.plug': async ({ node, plugged }) => {
      const practice = await clusters.startPractice();
      await practice.plug(node, plugged);
      state.change({ unplugged: practice.unplugged() });
      await clusters.session(practiceName).then((session) => session.refresh());
      return {};
    },
    'practice.reset': async () => {
      const wasOpen = state.current.open === practiceName;
      watching += 1;
      if (wasOpen) state.change({ open: null, snapshot: null });
      await clusters.resetPractice();
      if (wasOpen) await openPractice();
      return {};
    },
    ...draftPlanHandlers({
      read: (path) => handlers['draft.read']({ path }),
      session: (name) => clusters.session(name),
      ...{ plans, who, bootFilesOf },
      onWord: async (snapshot) => {
        await runs.list();
        return runs.onWord(snapshot);
      },
    }),
  };

  state.change({
    clusters: await clusters.list(),
    runs: await runs.summaries(),
  });
  // they may lie on a disk that does not answer: nothing waits for them
  void drafts.list().then(
    (list) => state.change({ drafts: list }),
    () => undefined,
  );
  return {
    call: <K extends CallName>(name: K, input: Input<K>) =>
      dispatch(handlers, name, input) as Promise<Result<Output<K>>>,
    dispatch: (name, input) => dispatch(handlers, name, input),
    onEvent: (listener: (value: AppEvent) => void) => state.onEvent(listener),
    ended,
    applied: () => draftApply.over(),
    preparePractice,
    runs: () => runs.list(),
    close: async () => {
      closed = true;
      draftApply.close();
      prompts.declineAll();
      // runs stop where they are; what waits for an answer gets none once the sessions are closed
      const stopped = engine.close();
      await pictures.settled();
      await clusters.close();
      await stopped;
      await draftApply.over();
    },
  };
};

export type { AppState };
