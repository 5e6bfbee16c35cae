/** What a script printed and how it ended. */
export type RemoteResult = {
  /** The exit status; 128 + n when signal n ended it. */
  readonly code: number;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  /** Part of the output is missing: it was more than `maxBytes`, or the end of it did not arrive. */
  readonly truncated: boolean;
};

/** `configured`: where the OpenSSH configuration says ForwardAgent yes for the node; `yes`: a person said so for this once. */
export type AgentForwarding = 'no' | 'configured' | 'yes';

export type RunOptions = {
  /** From the moment a connection stands; none when left out. Beyond it the outcome is unknown (SshError `timeout`). */
  readonly timeoutMs?: number;
  /** The most that is kept of stdout and of stderr, in bytes each; 16 MiB when left out. What is beyond is read and dropped. */
  readonly maxBytes?: number;
  /** Gives up waiting (SshError `aborted`). A script that has begun goes on running on the node. */
  readonly signal?: AbortSignal;
  /** Every piece of stdout as it arrives, without any limit. What it throws rejects the run once the script has ended. */
  readonly onStdout?: (chunk: Buffer) => void;
  /** Whether the script may use the agent of this workstation; 'no' when left out. */
  readonly forwardAgent?: AgentForwarding;
};

export type StreamOptions = {
  /** Sent to the script's stdin once it has begun, no faster than it is read; then its end. An empty stdin when left out. */
  readonly input?: AsyncIterable<Uint8Array>;
  /** Each piece of stdout. While what it returns is pending nothing more is read from the node. What it throws ends the stream. */
  readonly output?: (chunk: Buffer) => void | Promise<void>;
  /** Gives up waiting (SshError `aborted`), and closes the channel. */
  readonly signal?: AbortSignal;
  /** As in RunOptions. */
  readonly forwardAgent?: AgentForwarding;
};

export type StreamResult = { readonly code: number; readonly stderr: Buffer };

/**
 * - `connecting`: being made
 * - `ready`: logged in
 * - `lost`: not connected, be it not yet or no longer; the next `run` connects
 * - `closed`: for good
 */
export type ShellState = 'connecting' | 'ready' | 'lost' | 'closed';

/** A POSIX shell on a node, as root (on a practice or test node, as whoever runs it). */
export interface RemoteShell {
  /**
   * Runs `/bin/sh -s` on the node (through `sudo -n` when not root) with `script` on stdin; the script's own stdin is empty.
   * The script is taken whole or not at all. Resolves with any exit code; rejects with SshError, whose
   * `mayHaveRun` tells whether the script may have begun, or with what `onStdout` threw.
   */
  run(script: string, options?: RunOptions): Promise<RemoteResult>;
  /**
   * Runs a script as `run` does, with bytes of any number on its stdin and stdout. It has no time limit, and does not count among
   * the scripts that run at once.
   */
  stream(script: string, options: StreamOptions): Promise<StreamResult>;
  readonly state: ShellState;
  /** @returns a function that ends the subscription */
  onState(listener: (state: ShellState) => void): () => void;
  /** Closes for good. Scripts that are running go on; their runs reject. */
  close(): Promise<void>;
}
