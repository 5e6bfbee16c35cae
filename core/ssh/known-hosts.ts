/** One usable line of a known_hosts file. */
export type KnownHostEntry = {
  readonly marker?: 'revoked' | 'cert-authority';
  /** The host field as written: patterns separated by commas, or one hashed name (`|1|salt|hash`). */
  readonly hosts: string;
  /** Key type, for example `ssh-ed25519`. */
  readonly type: string;
  /** The public key in base64. */
  readonly key: string;
  readonly comment?: string;
  /** 1 is the first line. */
  readonly line: number;
  /** The file it was read from, for messages. */
  readonly file?: string;
};

/** A line that was not understood and therefore neither trusts nor refuses anything. */
export type KnownHostsProblem = { readonly line: number; readonly reason: string };

export type KnownHosts = {
  readonly entries: readonly KnownHostEntry[];
  readonly problems: readonly KnownHostsProblem[];
};

/**
 * Tells whether the HMAC-SHA1 of `name` with `salt` is `hash` (both base64). Handed in, because hashing is not
 * this pure module's business.
 */
export type HashedNameMatcher = (salt: string, hash: string, name: string) => boolean;

const KEY_TYPE = /^[a-z][a-z0-9@.-]*$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const HASHED = /^\|1\|(?<salt>[A-Za-z0-9+/]+={0,2})\|(?<hash>[A-Za-z0-9+/]+={0,2})$/;

function parseLine(text: string, line: number, file: string | undefined): KnownHostEntry | string {
  const fields = text.split(/[ \t]+/);
  let marker: KnownHostEntry['marker'];
  if (fields[0]?.startsWith('@') === true) {
    const word = fields.shift();
    if (word === '@revoked') marker = 'revoked';
    else if (word === '@cert-authority') marker = 'cert-authority';
    else return `unknown marker ${word}`;
  }
  const [hosts, type, key, ...comment] = fields;
  if (hosts === undefined || type === undefined || key === undefined) return 'fewer than three fields';
  if (/^\d+$/.test(type)) return 'a key of protocol version 1';
  if (!KEY_TYPE.test(type)) return 'the key type is not one';
  if (!BASE64.test(key)) return 'the key is not base64';
  if (hosts.startsWith('|') && !HASHED.test(hosts)) return 'a hashed name in an unknown form';
  return {
    ...(marker === undefined ? {} : { marker }),
    hosts,
    type,
    key,
    ...(comment.length === 0 ? {} : { comment: comment.join(' ') }),
    line,
    ...(file === undefined ? {} : { file }),
  };
}

/** Reads the text of a known_hosts file. Blank lines and comments are skipped, other odd lines are reported. */
export function parseKnownHosts(text: string, file?: string): KnownHosts {
  const entries: KnownHostEntry[] = [];
  const problems: KnownHostsProblem[] = [];
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const parsed = parseLine(line, index + 1, file);
    if (typeof parsed === 'string') problems.push({ line: index + 1, reason: parsed });
    else entries.push(parsed);
  }
  return { entries, problems };
}

/** Writes one entry as a line, without a line break. */
export function formatKnownHost(
  entry: Pick<KnownHostEntry, 'marker' | 'hosts' | 'type' | 'key' | 'comment'>,
): string {
  return [
    ...(entry.marker === undefined ? [] : [`@${entry.marker}`]),
    entry.hosts,
    entry.type,
    entry.key,
    ...(entry.comment === undefined ? [] : [entry.comment]),
  ].join(' ');
}

/** The name under which OpenSSH stores a host: `host`, or `[host]:port` away from port 22. Lower case. */
export function knownHostName(host: string, port: number): string {
  const name = host.toLowerCase();
  return port === 22 ? name : `[${name}]:${port}`;
}

/** OpenSSH's patterns: `*` any characters, `?` one; nothing else is special. */
function matchesWildcard(pattern: string, name: string): boolean {
  // Greedy with one point to come back to: linear in practice, and no regular expression made from a foreign file.
  let patternAt = 0;
  let nameAt = 0;
  let starAt = -1;
  let resumeAt = 0;
  while (nameAt < name.length) {
    const character = pattern[patternAt];
    if (character === '*') {
      starAt = patternAt;
      resumeAt = nameAt;
      patternAt += 1;
    } else if (character !== undefined && (character === '?' || character === name[nameAt])) {
      patternAt += 1;
      nameAt += 1;
    } else if (starAt >= 0) {
      resumeAt += 1;
      nameAt = resumeAt;
      patternAt = starAt + 1;
    } else {
      return false;
    }
  }
  while (pattern[patternAt] === '*') patternAt += 1;
  return patternAt === pattern.length;
}

/** Whether the host field of an entry stands for `name` (as made by `knownHostName`). */
export function matchesHostField(hosts: string, name: string, hashed: HashedNameMatcher): boolean {
  const groups = HASHED.exec(hosts)?.groups;
  if (groups !== undefined) return hashed(groups.salt ?? '', groups.hash ?? '', name);
  let matches = false;
  for (const written of hosts.split(',')) {
    const negated = written.startsWith('!');
    const pattern = (negated ? written.slice(1) : written).toLowerCase();
    if (pattern === '' || !matchesWildcard(pattern, name)) continue;
    // One negated pattern that matches rules the whole line out, whatever else matches.
    if (negated) return false;
    matches = true;
  }
  return matches;
}

/** The entries that stand for a host name, in the order of the file. */
export function findKnownHosts(
  entries: readonly KnownHostEntry[],
  name: string,
  hashed: HashedNameMatcher,
): KnownHostEntry[] {
  return entries.filter((entry) => matchesHostField(entry.hosts, name, hashed));
}
