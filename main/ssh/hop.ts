import { connect as connectSocket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type Config, NodeSSH } from 'node-ssh';
import type { Client } from 'ssh2';
import { Authentication, type RememberedSecrets, type SshPrompts } from './authentication.ts';
import { Deadline } from './deadline.ts';
import { HostKeyCheck, type HostKeyPolicy } from './host-key-check.ts';
import type { LentAgent } from './lent-agent.ts';
import { asError, codeOf, messageOf, SshError } from './ssh-error.ts';
import type { ResolvedTarget, SshConfigOptions } from './ssh-target.ts';

export type Keepalive = { readonly intervalMs: number; readonly countMax: number };

/** What connecting needs besides the target. */
export type ConnectContext = {
  /** The node's label, for errors. */
  readonly node: string;
  readonly hostKeys: HostKeyPolicy;
  readonly prompts: SshPrompts;
  readonly secrets: RememberedSecrets;
  readonly config: SshConfigOptions;
  readonly keepalive: Keepalive;
  /** For each hop, without the time that questions take. */
  readonly connectTimeoutMs: number;
};

const NETWORK_HINTS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'Nothing listens there: check the port and that sshd runs on the node.',
  ENOTFOUND: 'The name is not known: check its spelling and the name server.',
  EAI_AGAIN: 'The name server does not answer: check the network of this workstation.',
  EHOSTUNREACH: 'No route leads there: check that the node is up, and the network.',
  ENETUNREACH: 'No route leads there: check the network of this workstation.',
  ETIMEDOUT: 'It does not answer: check that the node is up, and firewalls.',
  ECONNRESET: 'The connection was cut: look into the log of sshd on the node.',
};

function levelOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('level' in error)) return undefined;
  return typeof error.level === 'string' ? error.level : undefined;
}

function openSocket(target: ResolvedTarget): Duplex {
  const family = target.addressFamily === undefined ? 0 : target.addressFamily === 'inet' ? 4 : 6;
  const socket = connectSocket({ host: target.host, port: target.port, family });
  // Scripts are short and answers are waited for: collecting packets only costs time.
  socket.setNoDelay(true);
  return socket;
}

class ConnectFailure extends Error {}

function explain(
  error: unknown,
  context: ConnectContext,
  target: ResolvedTarget,
  authentication: Authentication,
): SshError {
  const { node } = context;
  const place = `${target.host} port ${target.port}`;
  const message = messageOf(error);
  if (levelOf(error) === 'client-authentication' || /too many authentication failures/i.test(message)) {
    const tried = authentication.report();
    return new SshError(
      'auth-refused',
      node,
      `${target.user}@${target.host} port ${target.port} accepted no way to log in (it offers ` +
        `${authentication.offered().join(', ') || 'nothing known'}). Tried: ${tried.join('; ') || 'nothing'}. ` +
        `Add the public key of one of these to ~/.ssh/authorized_keys of ${target.user} on the node, or name another key or user.`,
      { cause: error, details: { user: target.user, tried, offered: authentication.offered() } },
    );
  }
  if (levelOf(error) === 'handshake' && /no matching/i.test(message)) {
    return new SshError(
      'unsupported',
      node,
      `${place} and this app have no algorithm in common (${message}). ` +
        'Allow one more in sshd_config on the node, for example KexAlgorithms +curve25519-sha256.',
      { cause: error },
    );
  }
  const code = codeOf(error);
  const hint =
    (code === undefined ? undefined : NETWORK_HINTS[code]) ??
    'Check that the node is up and that an SSH server answers there.';
  return new SshError('unreachable', node, `no connection to ${place}: ${message}. ${hint}`, {
    cause: error,
    details: { host: target.host, port: target.port, ...(code === undefined ? {} : { code }) },
  });
}

/**
 * Connects to one host and logs in, over `through` (a channel of the hop before) or straight.
 * Errors: SshError of the kinds that concern connecting. On success the caller owns the client and listens to its `close` and `error`.
 */
export async function connectHop(
  target: ResolvedTarget,
  context: ConnectContext,
  { through, lent }: { through?: Duplex; lent?: LentAgent | undefined } = {},
): Promise<Client> {
  const { node } = context;
  const check = await HostKeyCheck.prepare(node, target, context.hostKeys);
  const socket = through ?? openSocket(target);
  const limit = target.connectTimeoutMs ?? context.connectTimeoutMs;
  let fail: (error: unknown) => void = () => undefined;
  const deadline = new Deadline(limit, () =>
    fail(new ConnectFailure(`no answer within ${Math.round(limit / 100) / 10} s`)),
  );
  const authentication = new Authentication(target, askWithin(context.prompts, deadline), context.secrets);

  const config: Config = {
    sock: socket,
    username: target.user,
    // Our own deadline knows when a person is thinking; ssh2's does not.
    readyTimeout: 0,
    keepaliveInterval: context.keepalive.intervalMs,
    keepaliveCountMax: context.keepalive.countMax,
    algorithms: { serverHostKey: check.algorithms() },
    hostVerifier: (key: Buffer, verify: (valid: boolean) => void) => {
      void check.accepts(key).then(verify);
    },
    authHandler: authentication.handler,
    // for channels that ask for it; logging in is the business of the handler
    ...(lent === undefined ? {} : { agent: lent }),
  };
  const ssh = new NodeSSH();
  try {
    const client = await new Promise<Client>((resolve, reject) => {
      fail = reject;
      // node-ssh gives up at an agent that fails to sign, although ssh2 goes on to the next way; so we watch ssh2 ourselves.
      ssh.connect(config).catch((error: unknown) => {
        if (levelOf(error) !== 'agent') reject(asError(error));
      });
      const { connection } = ssh;
      if (connection === null) return;
      connection.on('error', (error) => {
        if (levelOf(error) !== 'agent') reject(error);
      });
      connection.once('close', () => reject(new ConnectFailure('the connection was closed')));
      connection.once('ready', () => resolve(connection));
    });
    authentication.succeeded();
    return client;
  } catch (error) {
    ssh.dispose();
    socket.destroy();
    throw check.refusal ?? explain(error, context, target, authentication);
  } finally {
    deadline.cancel();
  }
}

function askWithin(prompts: SshPrompts, deadline: Deadline): SshPrompts {
  const { passphrase, password } = prompts;
  return {
    ...(passphrase === undefined
      ? {}
      : { passphrase: (file, attempt) => deadline.whileAsking(() => passphrase(file, attempt)) }),
    ...(password === undefined
      ? {}
      : {
          password: (request, prompt, attempt) =>
            deadline.whileAsking(() => password(request, prompt, attempt)),
        }),
  };
}
