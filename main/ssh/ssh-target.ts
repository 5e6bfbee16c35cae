/** Where a node is. `host` may be an alias of ~/.ssh/config; what stands here wins over what stands there. */
export type SshTarget = {
  readonly host: string;
  readonly port?: number;
  readonly user?: string;
  /** Private key files, tried before all others. `~` is understood. */
  readonly identityFiles?: readonly string[];
};

/** How the user's OpenSSH is consulted; the defaults are right outside of tests. */
export type SshConfigOptions = {
  /** The program, `ssh` by default; null does without it and its configuration. */
  readonly binary?: string | null;
  /** Read this file instead of ~/.ssh/config and /etc/ssh/ssh_config (`ssh -F`). */
  readonly file?: string;
  /** Environment for SSH_AUTH_SOCK, HOME and the like; `process.env` by default. */
  readonly environment?: NodeJS.ProcessEnv;
};

export type IdentityFile = {
  readonly path: string;
  /** Named by a person, in the target or in a configuration; otherwise it is one of the default names. */
  readonly explicit: boolean;
};

/** A target with everything looked up. Names of files are absolute. */
export type ResolvedTarget = {
  /** As given. */
  readonly alias: string;
  /** What to connect to. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly identityFiles: readonly IdentityFile[];
  readonly identitiesOnly: boolean;
  /** The agent's socket (or named pipe), if there is one. */
  readonly agent?: string;
  /** The configuration lets programs on the host use the agent (ForwardAgent yes). */
  readonly forwardAgent: boolean;
  /** Jump hosts, first one first. */
  readonly jumps: readonly SshTarget[];
  /** The name to look up in known_hosts. */
  readonly hostKeyName: string;
  /** The same without the port, which may vouch but not contradict; absent on port 22 or with HostKeyAlias. */
  readonly hostKeyNameWithoutPort?: string;
  readonly knownHostsFiles: readonly string[];
  /** The configuration demands that only known keys are accepted. */
  readonly strictHostKeys: boolean;
  readonly connectTimeoutMs?: number;
  readonly addressFamily?: 'inet' | 'inet6';
};
