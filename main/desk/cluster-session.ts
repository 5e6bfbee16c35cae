/**
 * One cluster being watched: a session to each node, one probe at a time on each, and the snapshot that comes of them.
 * What a node said last is kept, with its age, while it does not answer.
 */
import type { Cluster, Membership } from '../../core/cluster/schema.ts';
import type { NodeFacts, NodeSnapshot, NodeTrouble, Snapshot } from '../../core/cluster/snapshot.ts';
import { EngineError } from '../engine/engine.ts';
import type { Shell, Shells } from '../engine/shells.ts';
import { probeScript, readProbe } from '../node/probe.ts';
import type { RemoteShell } from '../ssh/index.ts';
import { troubleOf } from './trouble.ts';

/**
 * A node that has not answered a probe within this time is shown as not answering. Some twenty times what a probe takes on a
 * small machine: one that is under load, or emulated, is slow and not dead.
 */
const probeTimeoutMs = 45_000;
/** 5,000 instance folders with their configurations take a few MiB. */
const probeMaxBytes = 256 << 20;
/** A node that was just learnt of may name others. Whatever nodes say, a refresh ends. */
const mostRounds = 8;
/** While nodes answer one after the other the window is told at most so often, ms; */
const tellEveryMs = 250;
/** … and so many times as seldom as telling takes, for each time the whole snapshot is sent. */
const tellShare = 20;
/** What nodes said so long ago, ms, is as fresh as what they would say if they were asked again: a slow node takes longer to answer. */
const justMs = 10_000;

export type ClusterSessionOptions = {
  cluster: Cluster;
  connect: (cluster: Cluster, node: Cluster['nodes'][number]) => RemoteShell;
  /** the last snapshot, to begin with while nobody has answered yet */
  remembered: Snapshot | null;
  onSnapshot: (snapshot: Snapshot) => void;
  /** nodes that other workstations added were found in a membership file */
  onMembers: (cluster: Cluster) => void;
};

export class ClusterSession {
  #cluster: Cluster;
  readonly #options: ClusterSessionOptions;
  readonly #shells = new Map<string, RemoteShell>();
  readonly #nodes = new Map<string, NodeSnapshot>();
  readonly #probes = new Map<string, Promise<void>>();
  readonly #bootFiles = new Set<string>();
  #telling: NodeJS.Timeout | null = null;
  /** how long it took to tell it last, ms */
  #tellCost = 0;
  /** when the last refresh was over, ms of this process's own clock */
  #refreshedAt = Number.NEGATIVE_INFINITY;
  #closed = false;

  constructor(options: ClusterSessionOptions) {
    this.#options = options;
    this.#cluster = options.cluster;
    for (const { name } of options.cluster.nodes) {
      const known = options.remembered?.nodes.find((each) => each.name === name);
      this.#nodes.set(name, {
        name,
        trouble: { kind: 'not-asked', message: `${name} was not asked yet.` },
        seenAt: known?.seenAt ?? null,
        facts: known?.facts ?? null,
      });
    }
  }

  get cluster(): Cluster {
    return this.#cluster;
  }

  /** True once any node has answered in this session. */
  hasAnswered(): boolean {
    return [...this.#nodes.values()].some((node) => node.trouble === null);
  }

  /** True when every node was asked a moment ago, about these files as well. */
  wasJustAsked(bootFiles: readonly string[]): boolean {
    return (
      performance.now() - this.#refreshedAt < justMs && bootFiles.every((file) => this.#bootFiles.has(file))
    );
  }

  snapshot(): Snapshot {
    const nodes = this.#cluster.nodes.flatMap(({ name }) => this.#nodes.get(name) ?? []);
    return { cluster: this.#cluster, takenAt: Date.now(), nodes: markSameMachines(nodes) };
  }

  /** A connection by the node's name. A node that another workstation's run names but this one does not know is an error. */
  readonly shells: Shells = (node: string): Shell => ({
    run: (script, options) => this.#shell(node).run(script, options),
    stream: (script, options) => this.#shell(node).stream(script, options),
  });

  /** Never a guess: a script for the other toolstack could not tell what runs. */
  readonly toolstack = (node: string): 'xl' | 'xm' => {
    const facts = this.#nodes.get(node)?.facts;
    if (facts) return facts.toolstack ?? 'xl';
    throw new EngineError(
      `${node} has not answered yet, so it is not known whether it has xl or xm, and nothing is sent to it: ${this.#nodes.get(node)?.trouble?.message ?? 'it was not asked.'} Resume the run when ${node} answers.`,
    );
  };

  /** Probes those of these nodes of which nothing is known, not even a last answer. */
  async ask(nodes: readonly string[]): Promise<void> {
    await Promise.all(
      nodes.filter((node) => this.#nodes.get(node)?.facts === null).map((node) => this.#probe(node)),
    );
  }

  /** Resolves when no node is being probed. */
  async idle(): Promise<void> {
    await Promise.all(this.#probes.values());
  }

  /** Probes these nodes anew, and waits no longer than so many ms: whoever is silent till then is silent. */
  async askAgain(nodes: readonly string[], atMostMs: number): Promise<Snapshot> {
    const known = this.#cluster.nodes.map(({ name }) => name).filter((name) => nodes.includes(name));
    await Promise.race([
      Promise.all(known.map((name) => this.#probe(name))),
      new Promise((resolve) => setTimeout(resolve, atMostMs).unref()),
    ]);
    return this.snapshot();
  }

  /** The same, but an answer that was already under way when this was asked for does not count: it may be older. */
  async askAfresh(nodes: readonly string[], atMostMs: number): Promise<Snapshot> {
    await Promise.race([
      Promise.all(nodes.flatMap((name) => this.#probes.get(name) ?? [])),
      new Promise((resolve) => setTimeout(resolve, atMostMs).unref()),
    ]);
    return this.askAgain(nodes, atMostMs);
  }

  #shell(node: string): RemoteShell {
    const known = this.#shells.get(node);
    if (known && known.state !== 'closed') return known;
    // whoever asks late must not open a connection that nobody would close
    if (this.#closed) throw new Error(`The connection to ${node} is closed for good.`);
    const found = this.#cluster.nodes.find((each) => each.name === node);
    if (!found) throw new Error(`${node} is not a node of ${this.#cluster.name} on this workstation.`);
    const shell = this.#options.connect(this.#cluster, found);
    this.#shells.set(node, shell);
    return shell;
  }

  /**
   * One probe of every node, also of those that another's membership file names; resolves when all have answered or failed.
   * `bootFiles`: paths whose existence matters now.
   */
  async refresh(bootFiles: readonly string[] = []): Promise<Snapshot> {
    const asked = bootFiles.filter((file) => !this.#bootFiles.has(file));
    for (const file of asked) this.#bootFiles.add(file);
    // a probe under way was begun before these files were known
    if (asked.length > 0) await Promise.all(this.#probes.values());
    const done = new Set<string>();
    for (let round = 0; round < mostRounds; round += 1) {
      const due = this.#cluster.nodes.map(({ name }) => name).filter((name) => !done.has(name));
      if (due.length === 0) break;
      await Promise.all(due.map((name) => this.#probe(name)));
      for (const name of due) done.add(name);
      // a plan is made of what this comes to: nodes and directories that were just learnt of are asked, too
      if (this.#mergeMembers()) {
        await Promise.all(this.#probes.values());
        done.clear();
      }
    }
    this.#refreshedAt = performance.now();
    const snapshot = this.snapshot();
    this.#tell(true);
    return snapshot;
  }

  #probe(node: string): Promise<void> {
    const running = this.#probes.get(node);
    if (running) return running;
    const probe = this.#ask(node).finally(() => this.#probes.delete(node));
    this.#probes.set(node, probe);
    return probe;
  }

  async #ask(node: string): Promise<void> {
    const input = {
      storageDirectories: this.#cluster.storageDirectories,
      templateDirectory: this.#cluster.templateDirectory,
      bootFiles: [...this.#bootFiles],
    };
    const before = this.#nodes.get(node);
    let now: NodeSnapshot;
    try {
      const result = await this.#shell(node).run(probeScript(input), {
        timeoutMs: probeTimeoutMs,
        maxBytes: probeMaxBytes,
      });
      const facts: NodeFacts = readProbe(result.stdout, input);
      now = { name: node, trouble: null, seenAt: Date.now(), facts };
    } catch (error) {
      const trouble: NodeTrouble = troubleOf(error, node);
      now = { name: node, trouble, seenAt: before?.seenAt ?? null, facts: before?.facts ?? null };
    }
    this.#nodes.set(node, now);
    this.#tell(false);
  }

  #tell(now: boolean): void {
    if (this.#closed) return;
    if (now) {
      if (this.#telling) clearTimeout(this.#telling);
      this.#telling = null;
      const began = performance.now();
      this.#options.onSnapshot(this.snapshot());
      this.#tellCost = performance.now() - began;
    } else {
      const pause = Math.max(tellEveryMs, this.#tellCost * tellShare);
      this.#telling ??= setTimeout(() => this.#tell(true), pause);
    }
  }

  /**
   * "All nodes" never means "those that this workstation happens to know" (SAFETY): newer membership files add nodes. True when
   * there are other directories to look into than the probes knew of.
   */
  #mergeMembers(): boolean {
    const files = [...this.#nodes.values()].flatMap(({ facts, trouble }) =>
      trouble === null && facts?.membership ? [facts.membership] : [],
    );
    const newest = files
      .filter((file) => file.uuid === this.#cluster.uuid)
      .reduce<Membership | null>(
        (best, file) => (best && best.generation >= file.generation ? best : file),
        null,
      );
    if (!newest) return false;
    const login = this.#cluster.nodes[0]?.target;
    const added = newest.nodes
      .filter((member) => !this.#cluster.nodes.some(({ name }) => name === member.name))
      .map(({ name, host, port }) => ({
        name,
        target: {
          host,
          ...(port === undefined ? {} : { port }),
          ...(login?.user === undefined ? {} : { user: login.user }),
          ...(login?.identityFiles === undefined ? {} : { identityFiles: login.identityFiles }),
        },
      }));
    const directories = newest.storageDirectories.filter(
      (each) => !this.#cluster.storageDirectories.includes(each),
    );
    const { templateDirectory, ...cluster } = this.#cluster;
    const isMoved = newest.templateDirectory !== templateDirectory;
    if (added.length === 0 && directories.length === 0 && !isMoved) return false;
    for (const { name } of added)
      this.#nodes.set(name, {
        name,
        trouble: {
          kind: 'not-asked',
          message: `${name} was found in the cluster's membership file and was not asked yet.`,
        },
        seenAt: null,
        facts: null,
      });
    this.#cluster = {
      ...cluster,
      ...(newest.templateDirectory !== undefined && { templateDirectory: newest.templateDirectory }),
      nodes: [...this.#cluster.nodes, ...added],
      storageDirectories: [...this.#cluster.storageDirectories, ...directories],
    };
    this.#options.onMembers(this.#cluster);
    return directories.length > 0 || isMoved;
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#telling) clearTimeout(this.#telling);
    await Promise.all([...this.#shells.values()].map((shell) => shell.close()));
  }
}

/** Two addresses with one boot_id are one machine; the later one is refused (SAFETY "Who is in the cluster"). */
const markSameMachines = (nodes: readonly NodeSnapshot[]): NodeSnapshot[] => {
  const owners = new Map<string, string>();
  return nodes.map((node) => {
    if (node.trouble !== null || !node.facts) return node;
    const owner = owners.get(node.facts.bootId);
    if (owner === undefined) {
      owners.set(node.facts.bootId, node.name);
      return node;
    }
    return {
      ...node,
      trouble: {
        kind: 'same-machine',
        message: `${node.name} and ${owner} are one machine: both say boot id ${node.facts.bootId}. A cluster needs each machine once; take one of the two addresses out.`,
      },
    };
  });
};
