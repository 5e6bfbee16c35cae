import type { Duplex } from 'node:stream';
import type { Client, ClientChannel, ExecOptions } from 'ssh2';
import { type ConnectContext, connectHop } from './hop.ts';
import { LentAgent } from './lent-agent.ts';
import type { AgentForwarding } from './remote-shell.ts';
import { resolveTarget } from './resolve-target.ts';
import { asError, messageOf, SshError } from './ssh-error.ts';
import type { SshTarget } from './ssh-target.ts';

/** The most hosts to pass through, the last one included. */
const MAX_HOPS = 5;

/** The server opened no channel: too many are open, or it wants none. Nothing was started. */
export class ChannelRefused extends Error {}

/** A command that was started. */
export type StartedCommand = {
  readonly channel: ClientChannel;
  /** How it ended, once it has: a status, or null and the name of a signal. */
  exit?: { readonly code: number | null; readonly signal?: string };
};

/** The agent of this workstation for the node; `isConfigured`: the OpenSSH configuration says ForwardAgent yes for it. */
type AgentOffer = { readonly agent: LentAgent; readonly isConfigured: boolean };

/** A live connection to a node, jump hosts included. */
export class Connection {
  readonly #clients: readonly Client[];
  readonly #lost = new AbortController();
  /** Who logged in. */
  readonly user: string;
  /** What channels may bring along: null where there is no agent, or once the server has refused that. */
  #agent: AgentOffer | null;

  /** @param clients the hops, the node itself last */
  constructor(clients: readonly Client[], user: string, agent: AgentOffer | null) {
    this.#clients = clients;
    this.user = user;
    this.#agent = agent;
    for (const client of clients) {
      client.on('error', (error) => this.#lose(error));
      client.once('close', () => this.#lose(new Error('the connection was closed')));
    }
  }

  /** Aborted when the connection is gone; the reason is why. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  #lose(cause: Error): void {
    if (this.#lost.signal.aborted) return;
    this.#lost.abort(cause);
    // The other side may be gone for good, so nothing is said or waited for.
    for (const client of this.#clients.toReversed()) client.destroy();
  }

  /**
   * Starts a command. Errors: ChannelRefused, or the reason why the connection was lost. In either case
   * the command got no input and did nothing.
   * @param forwarding whether the agent is brought along; where the server refuses that, the command is started without
   */
  async open(command: string, forwarding: AgentForwarding = 'no'): Promise<StartedCommand> {
    const offer = this.#agent;
    if (offer === null || forwarding === 'no' || (forwarding === 'configured' && !offer.isConfigured))
      return await this.#open(command, false);
    const takeBack = offer.agent.lend();
    try {
      const started = await this.#open(command, true);
      started.channel.once('close', takeBack);
      return started;
    } catch (error) {
      takeBack();
      if (!(error instanceof ChannelRefused) || !/agent forwarding/.test(error.message)) throw error;
      this.#agent = null;
      return await this.#open(command, false);
    }
  }

  async #open(command: string, agentForward: boolean): Promise<StartedCommand> {
    const client = this.#clients.at(-1);
    if (client === undefined || this.lost.aborted) throw this.lost.reason;
    // known to ssh2, though not to its types
    const options: ExecOptions & { agentForward: boolean } = { agentForward };
    return await new Promise<StartedCommand>((resolve, reject) => {
      const onLost = (): void => reject(asError(this.lost.reason));
      this.lost.addEventListener('abort', onLost, { once: true });
      client.exec(command, options, (error, channel) => {
        this.lost.removeEventListener('abort', onLost);
        if (error !== undefined && error !== null) {
          reject(new ChannelRefused(messageOf(error), { cause: error }));
          return;
        }
        const started: StartedCommand = { channel };
        // A command that ends at once may do so within the very packet that says it was started, so this cannot wait
        // for whoever awaits us.
        channel.on('exit', (code: number | null, signal?: string) => {
          started.exit = signal === undefined ? { code } : { code, signal };
        });
        resolve(started);
      });
    });
  }

  close(): void {
    for (const client of this.#clients.toReversed()) client.end();
    if (!this.lost.aborted) this.#lost.abort(new Error('the connection was closed here'));
  }
}

function forward(from: Client, node: string, via: string, host: string, port: number): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    from.forwardOut('127.0.0.1', 0, host, port, (error, channel) => {
      if (error === undefined || error === null) {
        resolve(channel);
        return;
      }
      reject(
        new SshError(
          'unreachable',
          node,
          `the jump host ${via} gave no connection to ${host} port ${port}: ${messageOf(error)}. ` +
            'Check that the node is up, that the jump host can reach it, and AllowTcpForwarding in its sshd_config.',
          { cause: error, details: { jumpHost: via } },
        ),
      );
    });
  });
}

type Chain = { clients: Client[]; user: string; agent: AgentOffer | null };

async function connectChain(
  target: SshTarget,
  jumps: readonly SshTarget[] | undefined,
  context: ConnectContext,
  passed: readonly string[],
): Promise<Chain> {
  const { node } = context;
  const resolved = await resolveTarget(node, target, context.config);
  const name = `${resolved.user}@${resolved.host}:${resolved.port}`;
  if (passed.includes(name)) {
    throw new SshError(
      'config',
      node,
      `ProxyJump goes round in a circle: ${[...passed, name].join(' <- ')}. ` +
        'Write `ProxyJump none` for the jump host itself in ~/.ssh/config.',
    );
  }
  if (passed.length >= MAX_HOPS) {
    throw new SshError('config', node, `more than ${MAX_HOPS} hops: ${[...passed, name].join(' <- ')}.`);
  }
  const before = jumps ?? resolved.jumps;
  const last = before.at(-1);
  const told = {
    user: resolved.user,
    agent:
      resolved.agent === undefined
        ? null
        : { agent: new LentAgent(resolved.agent), isConfigured: resolved.forwardAgent },
  };
  const lent = told.agent?.agent;
  if (last === undefined) return { clients: [await connectHop(resolved, context, { lent })], ...told };

  // Of several jump hosts the first one is free to have its own; the later ones are reached through it.
  const chain = await connectChain(last, before.length > 1 ? before.slice(0, -1) : undefined, context, [
    ...passed,
    name,
  ]);
  const from = chain.clients.at(-1);
  // Whatever happens to a hop while the next one is being made shows in the next one.
  const ignore = (): void => undefined;
  for (const client of chain.clients) client.on('error', ignore);
  try {
    if (from === undefined) throw new Error('no hop to go through');
    const channel = await forward(from, node, last.host, resolved.host, resolved.port);
    return {
      clients: [...chain.clients, await connectHop(resolved, context, { lent, through: channel })],
      ...told,
    };
  } catch (error) {
    for (const client of chain.clients.toReversed()) client.end();
    throw error;
  }
}

/** Connects to a node, through its jump hosts, with every hop's host key judged. Errors: SshError. */
export async function connect(target: SshTarget, context: ConnectContext): Promise<Connection> {
  const { clients, user, agent } = await connectChain(target, undefined, context, []);
  return new Connection(clients, user, agent);
}
