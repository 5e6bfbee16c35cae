/** How the desk reaches nodes: which known_hosts file, whose prompts, whose OpenSSH configuration. */
import { readFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { HostKeyMode, NodeTarget } from '../../core/cluster/schema.ts';
import type { Library } from '../library/library.ts';
import {
  type RemoteShell,
  resolveTarget,
  Session,
  type SessionOptions,
  type SshTarget,
} from '../ssh/index.ts';
import type { Prompts } from './prompts.ts';

/** A node that does not open a connection within this time counts as unreachable, ms. */
const connectTimeoutMs = 15_000;

const targetOf = ({ host, port, user, identityFiles }: NodeTarget): SshTarget => ({
  host,
  ...(port === undefined ? {} : { port }),
  ...(user === undefined ? {} : { user }),
  ...(identityFiles === undefined ? {} : { identityFiles }),
});

export class Connections {
  readonly #library: Library;
  readonly #prompts: Prompts;
  readonly #config: SessionOptions['config'];

  constructor(library: Library, prompts: Prompts, config: SessionOptions['config']) {
    this.#library = library;
    this.#prompts = prompts;
    this.#config = config;
  }

  get knownHostsFile(): string {
    return this.#library.file('known_hosts');
  }

  /** Connects at its first script. */
  open(label: string, target: NodeTarget, mode: HostKeyMode): RemoteShell {
    return new Session({
      node: label,
      target: targetOf(target),
      hostKeys: { file: this.knownHostsFile, mode },
      prompts: this.#prompts.forSessions,
      connectTimeoutMs,
      ...(this.#config ? { config: this.#config } : {}),
    });
  }

  /** The socket of the agent that this workstation could lend to the node; null where there is none. */
  async agentFor(label: string, target: NodeTarget): Promise<string | null> {
    const resolved = await resolveTarget(label, targetOf(target), this.#config ?? {});
    return resolved.agent ?? null;
  }

  /** The practice cluster knows its own keys and leaves the user's configuration alone. */
  openPractice(label: string, target: NodeTarget, knownHosts: string): RemoteShell {
    return new Session({
      node: label,
      target: {
        host: target.host,
        port: target.port ?? 22,
        user: 'root',
        identityFiles: target.identityFiles ?? [],
      },
      hostKeys: { file: knownHosts, mode: 'strict', userFiles: [] },
      config: { binary: null, environment: {} },
      connectTimeoutMs,
    });
  }
}

/** Host names that the user's OpenSSH configuration spells out; patterns are left out. Follows no Include. */
export const configuredHosts = async (): Promise<string[]> => {
  const text = await readFile(path.join(os.homedir(), '.ssh', 'config'), 'utf8').catch(() => '');
  const names = text.split('\n').flatMap((line) => {
    const match = /^\s*Host(?:\s+|\s*=\s*)(.+)$/i.exec(line);
    return match?.[1]?.trim().split(/\s+/) ?? [];
  });
  return [...new Set(names)].filter((name) => /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name)).slice(0, 200);
};
