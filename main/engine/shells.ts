/** What the engine needs of a connection: one script, run to its end. Implemented by main/ssh, and by tests. */
import type { AgentForwarding, RemoteResult, StreamOptions, StreamResult } from '../ssh/index.ts';

export type Shell = {
  run(
    script: string,
    options?: { timeoutMs?: number; maxBytes?: number; forwardAgent?: AgentForwarding },
  ): Promise<RemoteResult>;
  /** Only copies need it. */
  stream?(script: string, options: StreamOptions): Promise<StreamResult>;
};

/** The shell of a node by its name. Connecting belongs to `run`, which rejects with an SshError when it can't. */
export type Shells = (node: string) => Shell;
