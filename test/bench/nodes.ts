/** Nodes to measure on: real sshd on loopback, each over a root of its own, and a session over all of them. */
import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import PQueue from 'p-queue';
import { type Cluster, storageIdFile } from '../../core/cluster/schema.ts';
import { ClusterSession } from '../../main/desk/cluster-session.ts';
import { LOCAL_STORAGE, makeNodeRoot, SHARED_STORAGE, stopNodeRoot } from '../../main/practice/node-root.ts';
import { type RemoteShell, Session, type SessionOptions } from '../../main/ssh/index.ts';
import { type Sshd, startSshd } from '../support/sshd.ts';

/** Stands in the shared storage directory; a node's own storage has the node's name. */
export const sharedStorageId = 'shared';

export type BenchNode = { name: string; root: string; sshd: Sshd };

/** `count` nodes below `directory`, started a few at a time. */
export const startNodes = async (directory: string, count: number): Promise<BenchNode[]> => {
  const nodes: BenchNode[] = [];
  const names = Array.from({ length: count }, (_, index) => `node${index + 1}`);
  const startOne = async (name: string): Promise<BenchNode> => {
    const root = path.join(directory, name);
    await makeNodeRoot({ root, name, sharedStorage: path.join(directory, 'shared'), totalMemory: 65536 });
    for (const [storage, id] of [
      [SHARED_STORAGE, sharedStorageId],
      [LOCAL_STORAGE, name],
    ] as const)
      await writeFile(path.join(root, storage, storageIdFile), `${id}\n`);
    return { name, root, sshd: await startSshd({ name, root }) };
  };
  for (let at = 0; at < names.length; at += 4)
    nodes.push(...(await Promise.all(names.slice(at, at + 4).map(startOne))));
  return nodes;
};

export const stopNodes = async (nodes: readonly BenchNode[]): Promise<void> => {
  for (const { root, sshd } of nodes) {
    await sshd.stop();
    await stopNodeRoot(root);
  }
};

export const clusterOf = (nodes: readonly BenchNode[], storageDirectories: string[]): Cluster => ({
  version: 1,
  name: 'bench',
  uuid: randomUUID(),
  kind: 'real',
  nodes: nodes.map(({ name, sshd }) => ({
    name,
    target: { host: sshd.host, port: sshd.port, user: sshd.user, identityFiles: [sshd.clientKeyFile] },
  })),
  storageDirectories,
  hostKeys: 'strict',
});

export const writeKnownHosts = async (file: string, nodes: readonly BenchNode[]): Promise<void> => {
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, nodes.map(({ sshd }) => `${sshd.hostKeyLine}\n`).join(''));
};

/**
 * So many nodes are asked at once: all of them are processes of this machine, and more would only measure how it switches
 * between them. (Every probe looks at all processes, so a hundred at once would cost each other far more than a hundred.)
 */
const atOnce = 6;

const counted = (onBytes: (bytes: number) => void, options: SessionOptions, queue: PQueue): RemoteShell => {
  const session = new Session(options);
  return {
    get state() {
      return session.state;
    },
    run: async (script, runOptions) => {
      const result = await queue.add(() => session.run(script, runOptions));
      onBytes(result.stdout.length);
      return result;
    },
    stream: (script, streamOptions) => session.stream(script, streamOptions),
    onState: (listener) => session.onState(listener),
    close: () => session.close(),
  };
};

/** What the desk watches a cluster with, without the desk around it. `onBytes`: how much a node answered. */
export const watchNodes = (
  cluster: Cluster,
  knownHosts: string,
  onBytes: (bytes: number) => void,
): ClusterSession => {
  const queue = new PQueue({ concurrency: atOnce });
  return new ClusterSession({
    cluster,
    connect: (_cluster, node) => {
      const options: SessionOptions = {
        node: node.name,
        target: {
          host: node.target.host,
          ...(node.target.port === undefined ? {} : { port: node.target.port }),
          ...(node.target.user === undefined ? {} : { user: node.target.user }),
          identityFiles: node.target.identityFiles ?? [],
        },
        hostKeys: { file: knownHosts, mode: 'strict', userFiles: [] },
        config: { binary: null, environment: {} },
        connectTimeoutMs: 60_000,
      };
      return counted(onBytes, options, queue);
    },
    remembered: null,
    onSnapshot: () => undefined,
    onMembers: () => undefined,
  });
};
