import { execFile } from 'node:child_process';
import { homedir, userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { knownHostName } from '../../core/ssh/known-hosts.ts';
import {
  expandSshPath,
  isHostName,
  isPort,
  isUserName,
  type OpensshConfig,
  type PathTokens,
  parseHostSpecification,
  parseOpensshConfig,
} from '../../core/ssh/openssh-config.ts';
import { codeOf, messageOf, SshError } from './ssh-error.ts';
import type { IdentityFile, ResolvedTarget, SshConfigOptions, SshTarget } from './ssh-target.ts';

const execute = promisify(execFile);

/** Tried where neither the target nor a configuration names a key; without those that ssh2 cannot use. */
const DEFAULT_IDENTITIES = ['id_ed25519', 'id_ecdsa', 'id_rsa'];

/** OpenSSH's own defaults, which `ssh -G` prints as if somebody had asked for them. */
const OPENSSH_DEFAULT_IDENTITY = /^~\/\.ssh\/id_(?:rsa|dsa|ecdsa|ecdsa_sk|ed25519|ed25519_sk|xmss|mldsa\w*)$/;

const WINDOWS_AGENT = '\\\\.\\pipe\\openssh-ssh-agent';

function checkTarget(node: string, target: SshTarget): void {
  const fail = (message: string): never => {
    throw new SshError('config', node, message);
  };
  // A name that begins with `-` would be an option for ssh, and one with other characters has no business in a command.
  if (!isHostName(target.host)) {
    fail(
      `${JSON.stringify(target.host)} is not a host name. Use a name, an address or an alias of ~/.ssh/config.`,
    );
  }
  if (target.user !== undefined && !isUserName(target.user)) {
    fail(`${JSON.stringify(target.user)} is not a login name. Correct the node's user.`);
  }
  if (target.port !== undefined && !isPort(target.port)) {
    fail(`${target.port} is not a port. Use a number from 1 to 65535.`);
  }
}

async function readConfig(
  node: string,
  target: SshTarget,
  options: SshConfigOptions,
): Promise<OpensshConfig | undefined> {
  const binary = options.binary === undefined ? 'ssh' : options.binary;
  if (binary === null) return undefined;
  // User and port are handed over so that `Match user …` sees them.
  const args = [
    '-G',
    '-T',
    ...(options.file === undefined ? [] : ['-F', options.file]),
    ...(target.user === undefined ? [] : ['-l', target.user]),
    ...(target.port === undefined ? [] : ['-p', String(target.port)]),
    '--',
    target.host,
  ];
  try {
    const { stdout } = await execute(binary, args, {
      env: options.environment ?? process.env,
      timeout: 20_000,
      maxBuffer: 1024 * 1024,
    });
    return parseOpensshConfig(stdout);
  } catch (error) {
    if (codeOf(error) === 'ENOENT' && options.file === undefined) return undefined;
    throw new SshError(
      'config',
      node,
      `the OpenSSH configuration for ${target.host} could not be read. ` +
        `Run \`ssh -G ${target.host}\` in a terminal and correct what it complains about. It said: ${messageOf(error)}`,
      { cause: error },
    );
  }
}

function parseJump(node: string, text: string): SshTarget {
  const jump = parseHostSpecification(text);
  if (jump !== undefined) return jump;
  throw new SshError(
    'config',
    node,
    `ProxyJump ${JSON.stringify(text)} is not [user@]host[:port]. Correct ~/.ssh/config.`,
  );
}

function agentSocket(written: string | undefined, tokens: PathTokens): string | undefined {
  const fromEnvironment = tokens.environment.SSH_AUTH_SOCK;
  const usual = fromEnvironment ?? (process.platform === 'win32' ? WINDOWS_AGENT : undefined);
  if (written === undefined || written === 'SSH_AUTH_SOCK') return usual === '' ? undefined : usual;
  if (written.toLowerCase() === 'none') return undefined;
  if (written.startsWith('$') && !written.startsWith('${')) return tokens.environment[written.slice(1)];
  return expandSshPath(written, tokens);
}

function identities(
  target: SshTarget,
  config: OpensshConfig | undefined,
  tokens: PathTokens,
): IdentityFile[] {
  const absolute = (path: string): string => resolve(tokens.home, expandSshPath(path, tokens));
  const named = [
    ...(target.identityFiles ?? []),
    ...(config?.identityFiles.filter((file) => !OPENSSH_DEFAULT_IDENTITY.test(file)) ?? []),
  ].map((file) => ({ path: absolute(file), explicit: true }));
  // As in OpenSSH, the default names are not tried where a configuration names keys.
  const configured = config?.identityFiles.some((file) => !OPENSSH_DEFAULT_IDENTITY.test(file)) ?? false;
  const defaults = configured
    ? []
    : DEFAULT_IDENTITIES.map((name) => ({ path: join(tokens.home, '.ssh', name), explicit: false }));
  const seen = new Set<string>();
  return [...named, ...defaults].filter(({ path }) => !seen.has(path) && seen.add(path));
}

/**
 * Looks up everything about a target with the user's own `ssh -G`, so that Include, Match, ProxyJump and the rest mean
 * exactly what they mean in a terminal. Where there is no ssh program, OpenSSH's defaults hold.
 * Errors: SshError `config`, and `unsupported` for ProxyCommand.
 */
export async function resolveTarget(
  node: string,
  target: SshTarget,
  options: SshConfigOptions = {},
): Promise<ResolvedTarget> {
  checkTarget(node, target);
  const environment = options.environment ?? process.env;
  const config = await readConfig(node, target, options);
  if (config?.proxyCommand !== undefined) {
    throw new SshError(
      'unsupported',
      node,
      `the OpenSSH configuration reaches ${target.host} with ProxyCommand, which this app does not run. ` +
        'If it only passes through another host (`ssh -W`, `nc`), write `ProxyJump HOST` in its place.',
    );
  }

  const host = config?.hostName ?? target.host;
  const port = target.port ?? config?.port ?? 22;
  const user = target.user ?? config?.user ?? userInfo().username;
  if (!isHostName(host)) {
    throw new SshError(
      'config',
      node,
      `HostName ${JSON.stringify(host)} is not a host name. Correct ~/.ssh/config.`,
    );
  }
  const tokens: PathTokens = {
    home: (process.platform === 'win32' ? undefined : environment.HOME) ?? homedir(),
    host,
    port,
    alias: target.host,
    remoteUser: user,
    localUser: userInfo().username,
    environment,
  };
  const absolute = (path: string): string => resolve(tokens.home, expandSshPath(path, tokens));

  const alias = config?.hostKeyAlias?.toLowerCase();
  const knownHostsFiles =
    config === undefined
      ? ['~/.ssh/known_hosts', '~/.ssh/known_hosts2', '/etc/ssh/ssh_known_hosts', '/etc/ssh/ssh_known_hosts2']
      : [...config.userKnownHostsFiles, ...config.globalKnownHostsFiles];
  const agent = agentSocket(config?.identityAgent, tokens);
  const timeout = config?.connectTimeout;
  return {
    alias: target.host,
    host,
    port,
    user,
    identityFiles: identities(target, config, tokens),
    identitiesOnly: config?.identitiesOnly ?? false,
    ...(agent === undefined ? {} : { agent }),
    forwardAgent: config?.forwardAgent ?? false,
    jumps: config?.proxyJump.map((jump) => parseJump(node, jump)) ?? [],
    hostKeyName: alias ?? knownHostName(host, port),
    ...(alias !== undefined || port === 22 ? {} : { hostKeyNameWithoutPort: knownHostName(host, 22) }),
    knownHostsFiles: knownHostsFiles.map(absolute),
    strictHostKeys: config?.strictHostKeyChecking === 'true' || config?.strictHostKeyChecking === 'yes',
    ...(timeout === undefined || timeout === 0 ? {} : { connectTimeoutMs: timeout * 1000 }),
    ...(config?.addressFamily === undefined ? {} : { addressFamily: config.addressFamily }),
  };
}
