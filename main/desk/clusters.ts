/** The clusters that this workstation knows, and the sessions of those that are in use. */
import type { Cluster } from '../../core/cluster/schema.ts';
import type { Snapshot } from '../../core/cluster/snapshot.ts';
import type { AppState } from '../../core/contract.ts';
import type { ClusterInitIntent } from '../../core/plan/intent.ts';
import type { Plan } from '../../core/plan/plan.ts';
import { writeFileAtomically } from '../library/atomic-file.ts';
import type { Library } from '../library/library.ts';
import { PracticeCluster, practiceName, practiceNodes } from '../practice/practice.ts';
import { ClusterSession } from './cluster-session.ts';
import type { Connections } from './connections.ts';
import { DeskError } from './dispatch.ts';
import { SnapshotMemory } from './snapshot-memory.ts';

/** A cluster that is only being founded has no uuid yet; the plan gives it one. */
const noUuid = '00000000-0000-4000-8000-000000000000';

export type ClustersOptions = {
  library: Library;
  connections: Connections;
  onSnapshot: (snapshot: Snapshot) => void;
  onList: (clusters: AppState['clusters']) => void;
};

export class Clusters {
  readonly #options: ClustersOptions;
  readonly #sessions = new Map<string, Promise<ClusterSession>>();
  /** sessions of clusters that are being founded, by the intent's name and nodes */
  readonly #provisional = new Map<string, ClusterSession>();
  readonly #memory: SnapshotMemory;
  #practice: Promise<PracticeCluster> | null = null;
  practice: PracticeCluster | null = null;

  constructor(options: ClustersOptions) {
    this.#options = options;
    this.#memory = new SnapshotMemory((snapshot) => options.library.saveSnapshot(snapshot));
  }

  /** Those of this workstation's files, and the practice cluster once it has been started. */
  async list(): Promise<AppState['clusters']> {
    const known = await this.#options.library.clusters();
    const listed = known.map(({ name, kind, nodes }) => ({ name, kind, nodes: nodes.length }));
    if (this.practice) listed.push({ name: practiceName, kind: 'practice', nodes: practiceNodes.length });
    return listed;
  }

  /** The session of a known cluster; the practice cluster starts by itself. */
  session(name: string): Promise<ClusterSession> {
    const known = this.#sessions.get(name);
    if (known) return known;
    const session = this.#openSession(name);
    this.#sessions.set(name, session);
    // a failure must not stick: the next call tries again
    session.catch(() => this.#sessions.delete(name));
    return session;
  }

  async #openSession(name: string): Promise<ClusterSession> {
    const { library } = this.#options;
    if (name === practiceName) {
      const practice = await this.startPractice();
      return this.#makeSession(await practice.cluster());
    }
    const cluster = await library.cluster(name);
    if (!cluster) {
      const names = (await library.clusters()).map((each) => each.name);
      throw new DeskError(
        'unknown-cluster',
        `This workstation knows no cluster ${name}. It knows ${[...names, practiceName].join(', ')}.`,
      );
    }
    return this.#makeSession(cluster);
  }

  async #makeSession(cluster: Cluster): Promise<ClusterSession> {
    const { library, connections } = this.#options;
    const isPractice = cluster.kind === 'practice';
    return new ClusterSession({
      cluster,
      connect: (current, node) =>
        isPractice
          ? connections.openPractice(node.name, node.target, library.file('practice', 'known_hosts'))
          : connections.open(node.name, node.target, current.hostKeys),
      remembered: isPractice ? null : await library.snapshot(cluster.name),
      onSnapshot: (snapshot) => {
        this.#options.onSnapshot(snapshot);
        if (!isPractice && snapshot.nodes.some((node) => node.trouble === null)) this.#memory.keep(snapshot);
      },
      onMembers: (changed) => {
        if (!isPractice) void library.saveCluster(changed).catch(() => undefined);
      },
    });
  }

  /** A session over the nodes that an intent names, while there is no such cluster yet (or fewer nodes of it). */
  async provisional(intent: ClusterInitIntent): Promise<ClusterSession> {
    const key = JSON.stringify([intent.name, intent.nodes, intent.storageDirectories, intent.hostKeys]);
    const known = this.#provisional.get(key);
    if (known) return known;
    if (intent.nodes.length === 0)
      throw new DeskError('bad-input', 'A cluster needs at least one node: --node [NAME=]HOST[:PORT].');
    const { library, connections } = this.#options;
    const existing = await library.cluster(intent.name);
    const session = new ClusterSession({
      cluster: {
        version: 1,
        name: intent.name,
        uuid: existing?.uuid ?? noUuid,
        kind: 'real',
        nodes: intent.nodes,
        storageDirectories: intent.storageDirectories,
        hostKeys: intent.hostKeys,
      },
      connect: (current, node) => connections.open(node.name, node.target, current.hostKeys),
      remembered: null,
      onSnapshot: () => undefined,
      onMembers: () => undefined,
    });
    this.#provisional.set(key, session);
    return session;
  }

  /** The session through which a plan runs, also when it founds the cluster. */
  sessionFor(plan: Plan): Promise<ClusterSession> {
    return plan.intent.kind === 'cluster-init' ? this.provisional(plan.intent) : this.session(plan.cluster);
  }

  /** The plan that founds (or enlarges) a cluster has run: this workstation knows it from now on. */
  async founded(plan: Plan): Promise<void> {
    if (plan.intent.kind !== 'cluster-init') return;
    const { name, nodes, storageDirectories, hostKeys } = plan.intent;
    const written = plan.steps.find((step) => step.action.do === 'write-membership')?.action;
    const existing = await this.#options.library.cluster(name);
    const uuid = written?.do === 'write-membership' ? written.membership.uuid : existing?.uuid;
    const templateDirectory =
      written?.do === 'write-membership' ? written.membership.templateDirectory : existing?.templateDirectory;
    if (!uuid) throw new DeskError('internal', `The plan for ${name} gave the cluster no uuid.`);
    await this.#options.library.saveCluster({
      version: 1,
      name,
      uuid,
      kind: 'real',
      nodes,
      storageDirectories,
      ...(templateDirectory !== undefined && { templateDirectory }),
      hostKeys,
    });
    const old = this.#sessions.get(name);
    this.#sessions.delete(name);
    await old?.then((session) => session.close()).catch(() => undefined);
    this.#options.onList(await this.list());
  }

  async forget(name: string): Promise<void> {
    const session = this.#sessions.get(name);
    this.#sessions.delete(name);
    await session?.then((each) => each.close()).catch(() => undefined);
    await this.#memory.forget(name);
    await this.#options.library.forgetCluster(name);
    this.#options.onList(await this.list());
  }

  startPractice(): Promise<PracticeCluster> {
    this.#practice ??= (async () => {
      const practice = await PracticeCluster.start(this.#options.library.file('practice'));
      await writeFileAtomically(
        this.#options.library.file('practice', 'known_hosts'),
        `${practice.hostKeyLines().join('\n')}\n`,
      );
      this.practice = practice;
      this.#options.onList(await this.list());
      return practice;
    })();
    this.#practice.catch(() => {
      this.#practice = null;
    });
    return this.#practice;
  }

  async openPractice(): Promise<Cluster> {
    return (await this.session(practiceName)).cluster;
  }

  async resetPractice(): Promise<void> {
    const practice = await this.startPractice();
    const session = this.#sessions.get(practiceName);
    this.#sessions.delete(practiceName);
    await session?.then((each) => each.close()).catch(() => undefined);
    await practice.destroy();
    this.practice = null;
    this.#practice = null;
    this.#options.onList(await this.list());
  }

  async close(): Promise<void> {
    const sessions = await Promise.allSettled(this.#sessions.values());
    const open = sessions.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
    await Promise.all([...open, ...this.#provisional.values()].map((session) => session.close()));
    await this.#memory.flush();
    await this.practice?.stop();
  }
}
