import { setTimeout as wait } from 'node:timers/promises';
import PQueue from 'p-queue';
import type { RememberedSecrets, SshPrompts } from './authentication.ts';
import { ChannelRefused, type Connection, connect, type StartedCommand } from './connection.ts';
import type { ConnectContext, Keepalive } from './hop.ts';
import type { HostKeyPolicy } from './host-key-check.ts';
import type {
  RemoteResult,
  RemoteShell,
  RunOptions,
  ShellState,
  StreamOptions,
  StreamResult,
} from './remote-shell.ts';
import { runScript, type ScriptRun } from './run-script.ts';
import { abortedError, closedError, type Place, resultOf, SHELL } from './script-outcome.ts';
import { asError, codeOf, messageOf, SshError } from './ssh-error.ts';
import type { SshConfigOptions, SshTarget } from './ssh-target.ts';

export type SessionOptions = {
  /** The node's label, for errors. */
  readonly node: string;
  readonly target: SshTarget;
  readonly hostKeys: HostKeyPolicy;
  /** Nobody is asked when left out. */
  readonly prompts?: SshPrompts;
  readonly config?: SshConfigOptions;
  /** 15 s, three times, when left out: a dead connection is noticed after a minute. */
  readonly keepalive?: Keepalive;
  /** For each hop; 20 s when left out. ConnectTimeout of the OpenSSH configuration wins. */
  readonly connectTimeoutMs?: number;
  /** Scripts at once; 6 when left out. sshd allows 10 (MaxSessions), and other programs may want some. */
  readonly channels?: number;
  /** See ScriptRun; 5 s when left out. */
  readonly lingerMs?: number;
};

const MAX_BYTES = 16 * 1024 * 1024;
const CHANNELS = 6;
const MAX_STREAM_ERRORS = 64 * 1024;
/** Pauses before each attempt to get a connection back that stood before, in ms. */
const RECONNECT_PAUSES = [0, 250, 1000];

/** Failures that may pass at once, as while sshd restarts. A host that does not answer at all has cost enough time. */
const BRIEF = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE']);

/**
 * Prints 0 where scripts may run as they are. A node that is a directory of this machine (practice, tests) belongs to whoever
 * runs it, who need not be root there.
 */
const WHO = 'if [ -n "${VBDESK_ROOT:-}" ]; then echo 0; else id -u; fi';

type Live = {
  readonly connection: Connection;
  /** What is started for a script. */
  readonly command: string;
  /** Scripts that use it or wait for a channel of it. */
  active: number;
  /** It has had a script. */
  served: boolean;
  /** Gets no more scripts; closed when the last one has ended. */
  retired: boolean;
};

/** A shell on one node over one connection, which is made at the first run and made again when it was lost. */
export class Session implements RemoteShell {
  readonly #options: SessionOptions;
  readonly #context: ConnectContext;
  readonly #queue: PQueue;
  readonly #listeners = new Set<(state: ShellState) => void>();
  readonly #all = new Set<Live>();
  readonly #closing = new AbortController();
  #state: ShellState = 'lost';
  #live: Live | undefined;
  #connecting: Promise<Live> | undefined;
  #wasReady = false;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#queue = new PQueue({ concurrency: options.channels ?? CHANNELS });
    const secrets: RememberedSecrets = { keys: new Map(), passwords: new Map() };
    this.#context = {
      node: options.node,
      hostKeys: options.hostKeys,
      prompts: options.prompts ?? {},
      secrets,
      config: options.config ?? {},
      keepalive: options.keepalive ?? { intervalMs: 15_000, countMax: 3 },
      connectTimeoutMs: options.connectTimeoutMs ?? 20_000,
    };
  }

  get state(): ShellState {
    return this.#state;
  }

  onState(listener: (state: ShellState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #become(state: ShellState): void {
    if (this.#state === state || this.#state === 'closed') return;
    this.#state = state;
    for (const listener of [...this.#listeners]) listener(state);
  }

  /** Connects unless connected. Errors: SshError. */
  async connect(): Promise<void> {
    await this.#connected();
  }

  run(script: string, options: RunOptions = {}): Promise<RemoteResult> {
    return new Promise((resolve, reject) => {
      let begun = false;
      const abort = (): void => {
        if (!begun) reject(abortedError(this.#options.node, options.signal?.reason, false));
      };
      if (this.#state === 'closed') reject(closedError(this.#options.node));
      else if (options.signal?.aborted === true) abort();
      else {
        options.signal?.addEventListener('abort', abort, { once: true });
        const begin = (): void => {
          begun = true;
        };
        void this.#queue.add(async () => {
          try {
            resolve(await this.#attempt(script, options, begin));
          } catch (error) {
            reject(asError(error));
          } finally {
            options.signal?.removeEventListener('abort', abort);
          }
        });
      }
    });
  }

  async stream(script: string, options: StreamOptions): Promise<StreamResult> {
    if (this.#state === 'closed') throw closedError(this.#options.node);
    const { input, output, signal, forwardAgent } = options;
    const { code, stderr } = await this.#attempt(
      script,
      {
        maxBytes: MAX_STREAM_ERRORS,
        ...(signal === undefined ? {} : { signal }),
        ...(forwardAgent === undefined ? {} : { forwardAgent }),
      },
      () => undefined,
      {
        ...(input === undefined ? {} : { input }),
        ...(output === undefined ? {} : { output }),
      },
    );
    return { code, stderr };
  }

  async close(): Promise<void> {
    this.#become('closed');
    this.#closing.abort();
    this.#live = undefined;
    for (const { connection } of this.#all) connection.close();
    // What is queued finds the session closed; what runs finds its connection closed.
    await this.#queue.onIdle();
    this.#listeners.clear();
    this.#context.secrets.keys.clear();
    this.#context.secrets.passwords.clear();
  }

  async #attempt(
    script: string,
    options: RunOptions,
    begin: () => void,
    stream?: ScriptRun['stream'],
  ): Promise<RemoteResult> {
    // A connection that refuses a channel is set aside and another one gets the script: channels of scripts that we gave
    // up waiting for still count for the server. It goes on as long as each connection serves at least one script.
    for (let patience = 5; ; ) {
      this.#checkWanted(options);
      const live = await this.#connected();
      // Given up while we connected.
      this.#checkWanted(options);
      live.active += 1;
      try {
        const started = await this.#open(live, options);
        live.served = true;
        begin();
        const end = await runScript(started, {
          script,
          maxBytes: options.maxBytes ?? MAX_BYTES,
          ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
          ...(options.signal === undefined ? {} : { signal: options.signal }),
          ...(options.onStdout === undefined ? {} : { onStdout: options.onStdout }),
          ...(stream === undefined ? {} : { stream }),
          lost: live.connection.lost,
          lingerMs: this.#options.lingerMs ?? 5000,
        });
        return resultOf(end, this.#place(live), options.timeoutMs);
      } catch (error) {
        if (!(error instanceof ChannelRefused)) throw error;
        if (!live.served && live.active === 1 && patience > 0) {
          // sshd counts a channel a little beyond its end, and on a new connection that is the one which asked who we are.
          await wait(50 * 2 ** (5 - patience));
          patience -= 1;
          continue;
        }
        this.#retire(live);
        if (live.served || live.active > 1) continue;
        throw new SshError(
          'unreachable',
          this.#options.node,
          `the server opened no channel (${error.message}). The script did not run. Raise MaxSessions in sshd_config on the node, ` +
            'or see what keeps its sessions busy.',
          { cause: error },
        );
      } finally {
        live.active -= 1;
        if (live.retired && live.active === 0) live.connection.close();
      }
    }
  }

  /** Opens a channel within the time limit and unless the caller gives up; nothing runs before we have it. */
  async #open(live: Live, options: RunOptions): Promise<StartedCommand> {
    const { node } = this.#options;
    return await new Promise((resolve, reject) => {
      let waiting = true;
      const stop = (error: Error): void => {
        waiting = false;
        clearTimeout(timer);
        options.signal?.removeEventListener('abort', onAbort);
        reject(error);
      };
      const onAbort = (): void => stop(abortedError(this.#options.node, options.signal?.reason, false));
      options.signal?.addEventListener('abort', onAbort, { once: true });
      const timer =
        options.timeoutMs === undefined
          ? undefined
          : setTimeout(() => {
              stop(
                new SshError(
                  'unreachable',
                  node,
                  `the server opened no channel within ${options.timeoutMs} ms. The script did not run. ` +
                    'Check that the node is not hanging, then try again.',
                ),
              );
            }, options.timeoutMs);
      live.connection.open(live.command, options.forwardAgent).then(
        (started) => {
          // Given up meanwhile: the shell on the other side gets no input and ends.
          if (!waiting) started.channel.close();
          clearTimeout(timer);
          options.signal?.removeEventListener('abort', onAbort);
          resolve(started);
        },
        (error: unknown) => {
          if (error instanceof ChannelRefused) stop(error);
          else if (this.#state === 'closed') stop(closedError(this.#options.node));
          else {
            stop(
              new SshError(
                'unreachable',
                node,
                `the connection was lost before the script was sent (${messageOf(error)}). It did not run; try again.`,
                { cause: error },
              ),
            );
          }
        },
      );
    });
  }

  async #connected(): Promise<Live> {
    if (this.#state === 'closed') throw closedError(this.#options.node);
    if (this.#live !== undefined) return this.#live;
    this.#connecting ??= this.#establish().finally(() => {
      this.#connecting = undefined;
    });
    // A connection under way is not waited for when the session is closed; it is dropped when it stands.
    return await unlessAborted(this.#connecting, this.#closing.signal, () => closedError(this.#options.node));
  }

  async #establish(): Promise<Live> {
    this.#become('connecting');
    const pauses = this.#wasReady ? RECONNECT_PAUSES : [0];
    for (const [attempt, pause] of pauses.entries()) {
      if (pause > 0) await wait(pause);
      try {
        return await this.#connectOnce();
      } catch (error) {
        const brief = error instanceof SshError && BRIEF.has(codeOf(error.cause) ?? '');
        if (brief && attempt < pauses.length - 1 && this.#state !== 'closed') continue;
        this.#become('lost');
        throw error;
      }
    }
    throw new Error('no attempt was made');
  }

  async #connectOnce(): Promise<Live> {
    const { node, target } = this.#options;
    if (this.#state === 'closed') throw closedError(this.#options.node);
    const connection = await connect(target, this.#context);
    const plain: Live = { connection, command: SHELL, active: 0, served: false, retired: false };
    this.#all.add(plain);
    let live = plain;
    connection.lost.addEventListener('abort', () => {
      this.#all.delete(plain);
      if (this.#live === live) {
        this.#live = undefined;
        this.#become('lost');
      }
    });
    try {
      // Closed while we were connecting.
      if (this.#isClosed()) throw closedError(this.#options.node);
      if ((await this.#ask(plain, WHO)) !== '0') {
        live = { ...plain, command: `sudo -n ${SHELL}` };
        const user = await this.#ask(live, WHO);
        if (user !== '0') {
          throw new SshError(
            'sudo-refused',
            node,
            `sudo gives user ${user} instead of root. Correct its rule on the node.`,
          );
        }
      }
      if (this.#isClosed()) throw closedError(this.#options.node);
      if (connection.lost.aborted) throw connection.lost.reason;
    } catch (error) {
      connection.close();
      if (error instanceof SshError && error.kind !== 'outcome-unknown') throw error;
      throw new SshError(
        'unreachable',
        node,
        `the connection was lost right after logging in (${messageOf(error)}). Look into the log of sshd on the node.`,
        { cause: error },
      );
    }
    this.#live = live;
    this.#wasReady = true;
    this.#become('ready');
    return live;
  }

  /** A question to a connection that is not yet in use. */
  async #ask(live: Live, script: string): Promise<string> {
    const options = { timeoutMs: this.#context.connectTimeoutMs };
    const started = await this.#open(live, options);
    const end = await runScript(started, {
      script,
      maxBytes: 1024,
      timeoutMs: options.timeoutMs,
      lost: live.connection.lost,
      lingerMs: this.#options.lingerMs ?? 5000,
    });
    return resultOf(end, this.#place(live), options.timeoutMs).stdout.toString('utf8').trim();
  }

  #place(live: Live): Place {
    return { node: this.#options.node, user: live.connection.user, command: live.command };
  }

  #checkWanted({ signal }: RunOptions): void {
    if (signal?.aborted === true) throw abortedError(this.#options.node, signal.reason, false);
  }

  #isClosed(): boolean {
    return this.#state === 'closed';
  }

  #retire(live: Live): void {
    live.retired = true;
    if (this.#live === live) this.#live = undefined;
  }
}

function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal, reason: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(reason());
    signal.addEventListener('abort', stop, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}

/** Connects to a node. Errors: SshError; nothing is left open then. */
export async function openSession(options: SessionOptions): Promise<RemoteShell> {
  const session = new Session(options);
  try {
    await session.connect();
  } catch (error) {
    await session.close();
    throw error;
  }
  return session;
}
