/**
 * The practice cluster: three nodes on this computer, each an SSH server over a root of its own, sharing one storage
 * directory and each with one of its own. Its state is kept between calls, below `practice/` in the configuration directory;
 * the ports are new at each start.
 */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import ssh2 from 'ssh2';
import {
  type Cluster,
  type Membership,
  membership,
  membershipPath,
  storageIdFile,
} from '../../core/cluster/schema.ts';
import { writeFileAtomically } from '../library/atomic-file.ts';
import { LOCAL_STORAGE, makeNodeRoot, SHARED_STORAGE, stopNodeRoot, writePeers } from './node-root.ts';
import { putOperatingSystems } from './operating-systems.ts';
import { PracticeServer } from './server.ts';

export const practiceName = 'practice';
export const practiceNodes = ['node1', 'node2', 'node3'] as const;

type Node = { name: string; root: string; server: PracticeServer; hostKeyLine: string };

const readOrMake = async (file: string, make: () => string): Promise<string> => {
  const known = await readFile(file, 'utf8').catch(() => null);
  if (known !== null) return known;
  const text = make();
  await writeFileAtomically(file, text);
  return text;
};

/** Null where there is none, or none that can be understood: it is written anew. */
const readMembership = async (file: string): Promise<Membership | null> => {
  try {
    return membership.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch {
    return null;
  }
};

const parsedKey = (text: string): ssh2.ParsedKey => {
  const key = ssh2.utils.parseKey(text);
  if (key instanceof Error) throw key;
  return key;
};

/** ssh2 drops leading zero bytes of about one key in 250, which then can't be read by anybody: such a key is made again. */
const newKey = (): string => {
  for (;;) {
    const { private: key } = ssh2.utils.generateKeyPairSync('ed25519');
    if (!(ssh2.utils.parseKey(key) instanceof Error)) return key;
  }
};

export class PracticeCluster {
  readonly #directory: string;
  /** true until the examples were made: only then is this a new cluster */
  isNew = false;
  #nodes: Node[] = [];

  private constructor(directory: string) {
    this.#directory = directory;
  }

  /** Makes what is missing and starts the three servers. */
  static async start(directory: string): Promise<PracticeCluster> {
    const practice = new PracticeCluster(directory);
    practice.isNew = !existsSync(path.join(directory, 'uuid'));
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const key = (name: string) => readOrMake(path.join(directory, `${name}.key`), newKey);
    const client = parsedKey(await key('client'));
    const authorizedKey = `${client.type} ${client.getPublicSSH().toString('base64')}`;
    for (const name of practiceNodes) {
      const root = path.join(directory, name);
      await makeNodeRoot({ root, name, sharedStorage: path.join(directory, 'shared-storage') });
      const hostKey = await key(name);
      const parsed = parsedKey(hostKey);
      const server = new PracticeServer({
        root,
        hostKey,
        authorizedKey,
        isUnplugged: () => practice.#isUnplugged(name),
      });
      await server.listen();
      practice.#nodes.push({
        name,
        root,
        server,
        hostKeyLine: `[127.0.0.1]:${server.port} ${parsed.type} ${parsed.getPublicSSH().toString('base64')}`,
      });
    }
    await practice.#found();
    if (practice.isNew) await putOperatingSystems(path.join(directory, 'shared-storage'));
    return practice;
  }

  /** What founding a cluster writes on each node: the storages' ids, and who is in it (with this start's ports). */
  async #found(): Promise<void> {
    const { uuid, nodes, storageDirectories, name } = await this.cluster();
    // settings of the cluster outlive a start; a node that was unplugged when they changed knows only older ones
    const known = await Promise.all(
      this.#nodes.map(({ root }) => readMembership(path.join(root, membershipPath))),
    );
    const before = known.reduce(
      (best, each) => ((each?.generation ?? 0) > (best?.generation ?? 0) ? each : best),
      null,
    );
    const content: Membership = {
      version: 1,
      cluster: name,
      uuid,
      generation: (before?.generation ?? 0) + 1,
      nodes: nodes.map((node) => ({
        name: node.name,
        host: node.target.host,
        ...(node.target.port === undefined ? {} : { port: node.target.port }),
      })),
      storageDirectories,
      ...(before?.templateDirectory !== undefined && { templateDirectory: before.templateDirectory }),
    };
    const peers = this.#nodes.map((node) => ({
      name: node.name,
      root: node.root,
      down: this.#plugFile(node.name),
    }));
    for (const { root } of this.#nodes) {
      await writePeers(root, peers);
      for (const storage of storageDirectories)
        await readOrMake(path.join(root, storage, storageIdFile), () => `${randomUUID()}\n`);
      await writeFileAtomically(path.join(root, membershipPath), `${JSON.stringify(content, null, 2)}\n`);
    }
  }

  /** The cluster as the desk opens it. Its uuid is kept, its ports are this start's. */
  async cluster(): Promise<Cluster> {
    const uuid = await readOrMake(path.join(this.#directory, 'uuid'), () => randomUUID());
    return {
      version: 1,
      name: practiceName,
      uuid: uuid.trim(),
      kind: 'practice',
      nodes: this.#nodes.map(({ name, server }) => ({
        name,
        target: {
          host: '127.0.0.1',
          port: server.port,
          user: 'root',
          identityFiles: [path.join(this.#directory, 'client.key')],
        },
      })),
      storageDirectories: [SHARED_STORAGE, LOCAL_STORAGE],
      hostKeys: 'strict',
    };
  }

  /** known_hosts lines of the three nodes: made here, so they need no question. */
  hostKeyLines(): string[] {
    return this.#nodes.map((node) => node.hostKeyLine);
  }

  /**
   * A pulled plug is a file, so that it stays pulled from one call of the command line to the next, and another process that
   * serves the same nodes sees it too.
   */
  #plugFile(name: string): string {
    return path.join(this.#directory, `${name}.unplugged`);
  }

  #isUnplugged(name: string): boolean {
    return existsSync(this.#plugFile(name));
  }

  unplugged(): string[] {
    return practiceNodes.filter((name) => this.#isUnplugged(name));
  }

  /** Power: pulled, the node and its guests are gone at once; plugged in, it boots without them. */
  async plug(name: string, plugged: boolean): Promise<void> {
    const node = this.#nodes.find((each) => each.name === name);
    if (!node)
      throw new Error(`The practice cluster has no node ${name}; it has ${practiceNodes.join(', ')}.`);
    if (plugged === !this.#isUnplugged(name)) return;
    if (plugged) {
      await writeFileAtomically(path.join(node.root, 'boot_id'), `${randomUUID()}\n`);
      await rm(this.#plugFile(name), { force: true });
    } else {
      await writeFileAtomically(this.#plugFile(name), '');
      node.server.disconnect();
      await stopNodeRoot(node.root);
    }
  }

  /** Ends the servers; the guests go on, as they would without this computer's VBDesk. */
  async stop(): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node.server.close()));
  }

  /** Ends everything and deletes it: the next start is a new cluster. */
  async destroy(): Promise<void> {
    await this.stop();
    await Promise.all(this.#nodes.map((node) => stopNodeRoot(node.root)));
    this.#nodes = [];
    await rm(this.#directory, { recursive: true, force: true });
  }
}
