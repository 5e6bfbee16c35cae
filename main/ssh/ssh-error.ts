/**
 * What went wrong between this workstation and a node:
 * - `unreachable`: no connection, so the script surely did not run
 * - `host-key-unknown` `host-key-changed` `host-key-revoked`: the server's key is not (or no longer) trusted
 * - `auth-refused`: the server accepted none of our keys and passwords
 * - `timeout` `outcome-unknown`: the script may have started, may still run, may have ended; nobody knows
 * - `sudo-refused`: logged in, but not as root, and sudo wants a password or says no
 * - `config`: the target or the OpenSSH configuration makes no sense
 * - `unsupported`: something that this client cannot do
 * - `closed`: the session was closed by us; `aborted`: the caller gave up
 */
export type SshErrorKind =
  | 'unreachable'
  | 'host-key-unknown'
  | 'host-key-changed'
  | 'host-key-revoked'
  | 'auth-refused'
  | 'timeout'
  | 'outcome-unknown'
  | 'sudo-refused'
  | 'config'
  | 'closed'
  | 'unsupported'
  | 'aborted';

/** JSON-safe facts about an error; never a secret, never the text of a script. */
export type SshErrorDetails = Readonly<Record<string, string | number | boolean | readonly string[]>>;

export class SshError extends Error {
  readonly kind: SshErrorKind;
  /** The node's label. */
  readonly node: string;
  /**
   * Whether the script may have started on the node. When false it surely did not run and may be tried again; when true
   * look at the node before anything else.
   */
  readonly mayHaveRun: boolean;
  readonly details: SshErrorDetails;

  constructor(
    kind: SshErrorKind,
    node: string,
    message: string,
    options: { cause?: unknown; mayHaveRun?: boolean; details?: SshErrorDetails } = {},
  ) {
    super(`${node}: ${message}`, options.cause === undefined ? {} : { cause: options.cause });
    this.name = 'SshError';
    this.kind = kind;
    this.node = node;
    this.mayHaveRun = options.mayHaveRun ?? false;
    this.details = options.details ?? {};
  }
}

/** The message of whatever was thrown. */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') {
    // What Node throws when a name has several addresses and none answers.
    return error.errors.map(messageOf).join('; ');
  }
  return error instanceof Error ? error.message : String(error);
}

/** The `code` of a system error (`ECONNREFUSED`, …). */
export function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** Whatever was thrown, as an Error; an Error stays itself. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown), { cause: thrown });
}
