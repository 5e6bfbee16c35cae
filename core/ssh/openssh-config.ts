/**
 * What `ssh -G HOST` prints, as far as it matters here. Names of files are still unexpanded (`~`, `%d`, …).
 */
export type OpensshConfig = {
  readonly hostName?: string;
  readonly port?: number;
  readonly user?: string;
  readonly identityFiles: readonly string[];
  /** A socket, `SSH_AUTH_SOCK`, `$NAME`, or `none`. */
  readonly identityAgent?: string;
  readonly identitiesOnly: boolean;
  /** Programs on the host may use the agent here. Only a plain yes counts, no other agent's name. */
  readonly forwardAgent: boolean;
  /** Jump hosts in the order in which they are passed; empty for none. */
  readonly proxyJump: readonly string[];
  readonly proxyCommand?: string;
  readonly userKnownHostsFiles: readonly string[];
  readonly globalKnownHostsFiles: readonly string[];
  readonly hostKeyAlias?: string;
  readonly strictHostKeyChecking?: string;
  /** Seconds. */
  readonly connectTimeout?: number;
  readonly addressFamily?: 'inet' | 'inet6';
};

/** A host to connect to as a person writes it: `[user@]host[:port]`. */
export type HostSpecification = { readonly host: string; readonly port?: number; readonly user?: string };

/** Reads the output of `ssh -G`. Unknown keys are skipped, since every release of OpenSSH adds some. */
export function parseOpensshConfig(text: string): OpensshConfig {
  const values = new Map<string, string[]>();
  for (const line of text.split(/\r?\n/)) {
    const space = line.indexOf(' ');
    if (space <= 0) continue;
    const key = line.slice(0, space).toLowerCase();
    values.set(key, [...(values.get(key) ?? []), line.slice(space + 1).trim()]);
  }
  const one = (key: string): string | undefined => values.get(key)?.[0];
  const given = (key: string): string | undefined => {
    const value = one(key);
    return value === undefined || value.toLowerCase() === 'none' ? undefined : value;
  };
  const number = (key: string): number | undefined => {
    const value = one(key);
    return value !== undefined && /^\d+$/.test(value) ? Number(value) : undefined;
  };
  const files = (key: string): string[] => given(key)?.split(/\s+/) ?? [];

  const family = one('addressfamily');
  const addressFamily: 'inet' | 'inet6' | undefined =
    family === 'inet' || family === 'inet6' ? family : undefined;
  const optional = {
    hostName: one('hostname'),
    port: number('port'),
    user: one('user'),
    identityAgent: one('identityagent'),
    proxyCommand: given('proxycommand'),
    hostKeyAlias: given('hostkeyalias'),
    strictHostKeyChecking: one('stricthostkeychecking'),
    connectTimeout: number('connecttimeout'),
    addressFamily,
  };
  return {
    ...withoutUndefined(optional),
    identityFiles: (values.get('identityfile') ?? []).filter((file) => file.toLowerCase() !== 'none'),
    identitiesOnly: one('identitiesonly') === 'yes',
    forwardAgent: one('forwardagent') === 'yes',
    proxyJump:
      given('proxyjump')
        ?.split(',')
        .filter((jump) => jump !== '') ?? [],
    userKnownHostsFiles: files('userknownhostsfile'),
    globalKnownHostsFiles: files('globalknownhostsfile'),
  };
}

type Present<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** Drops members that are undefined, so that a spread never overwrites something with nothing. */
function withoutUndefined<T extends object>(value: T): Present<T>;
function withoutUndefined(value: object): object {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined));
}

const HOST = /^[A-Za-z0-9_](?:[A-Za-z0-9_.:%-]*[A-Za-z0-9_.:])?$/;
const IPV6 = /^[0-9A-Fa-f:.]+(?:%[A-Za-z0-9_.-]+)?$/;
const USER = /^[A-Za-z0-9_.@+\\][A-Za-z0-9_.@+\\-]*\$?$/;

/** Whether a host name, address or alias is harmless as an argument of a program. It never begins with `-`. */
export function isHostName(text: string): boolean {
  return text.length <= 255 && (HOST.test(text) || (text.includes(':') && IPV6.test(text)));
}

/** Whether a login name is harmless as an argument of a program. */
export function isUserName(text: string): boolean {
  return text.length <= 255 && USER.test(text);
}

export function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 1 && port <= 65_535;
}

/**
 * Reads `[user@]host[:port]`, `[user@][address]:port` or `ssh://…`, as ProxyJump has it. Undefined when it is none of these.
 */
export function parseHostSpecification(text: string): HostSpecification | undefined {
  let rest = text.trim();
  if (rest.startsWith('ssh://')) rest = rest.slice('ssh://'.length).replace(/\/$/, '');
  const at = rest.lastIndexOf('@');
  const user = at >= 0 ? rest.slice(0, at) : undefined;
  rest = rest.slice(at + 1);
  const groups =
    /^\[(?<host>[^\]]+)\](?::(?<port>\d{1,5}))?$/.exec(rest)?.groups ??
    /^(?<host>[^:]+):(?<port>\d{1,5})$/.exec(rest)?.groups;
  const host = groups?.host ?? rest;
  const port = groups?.port === undefined ? undefined : Number(groups.port);
  if (!isHostName(host)) return undefined;
  if (user !== undefined && !isUserName(user)) return undefined;
  if (port !== undefined && !isPort(port)) return undefined;
  return { host, ...(user === undefined ? {} : { user }), ...(port === undefined ? {} : { port }) };
}

/** Values for the tokens that OpenSSH knows in names of files. */
export type PathTokens = {
  readonly home: string;
  readonly host: string;
  readonly port: number;
  /** The name as it was given, before HostName. */
  readonly alias: string;
  readonly remoteUser: string;
  readonly localUser: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
};

/** Expands `~`, `%d %h %n %p %r %u %%` and `${NAME}` in the name of a file, as OpenSSH does. */
export function expandSshPath(path: string, tokens: PathTokens): string {
  const values: Readonly<Record<string, string>> = {
    '%%': '%',
    '%d': tokens.home,
    '%h': tokens.host,
    '%n': tokens.alias,
    '%p': String(tokens.port),
    '%r': tokens.remoteUser,
    '%u': tokens.localUser,
  };
  return path
    .replace(/^~(?=[/\\]|$)/, () => tokens.home)
    .replace(/%[%a-zA-Z]/g, (token) => values[token] ?? token)
    .replace(/\$\{(\w+)\}/g, (whole, name: string) => tokens.environment[name] ?? whole);
}
