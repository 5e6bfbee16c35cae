export type { PasswordRequest, SshPrompts } from './authentication.ts';
export type { Keepalive } from './hop.ts';
export type { HostKeyPolicy } from './host-key-check.ts';
export { forgetHostKey, trustHostKey } from './known-hosts-files.ts';
export type {
  AgentForwarding,
  RemoteResult,
  RemoteShell,
  RunOptions,
  ShellState,
  StreamOptions,
  StreamResult,
} from './remote-shell.ts';
export { resolveTarget } from './resolve-target.ts';
export { openSession, Session, type SessionOptions } from './session.ts';
export { SessionPool } from './session-pool.ts';
export { SshError, type SshErrorDetails, type SshErrorKind } from './ssh-error.ts';
export type { ResolvedTarget, SshConfigOptions, SshTarget } from './ssh-target.ts';
