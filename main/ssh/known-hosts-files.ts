import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import {
  findKnownHosts,
  formatKnownHost,
  type HashedNameMatcher,
  type KnownHostEntry,
  matchesHostField,
  parseKnownHosts,
} from '../../core/ssh/known-hosts.ts';
import { writeFileAtomically } from '../library/atomic-file.ts';
import { codeOf } from './ssh-error.ts';

/** Compares a name with the hashed one of a known_hosts line (HMAC-SHA1, as OpenSSH's HashKnownHosts writes it). */
export const matchesHashedName: HashedNameMatcher = (salt, hash, name) => {
  const expected = Buffer.from(hash, 'base64');
  const actual = createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest();
  return expected.length === actual.length && timingSafeEqual(expected, actual);
};

/** `SHA256:…` of a public key, as ssh-keygen shows it. */
export function fingerprintOf(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
}

async function readIfThere(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return '';
    throw error;
  }
}

/** The entries of several known_hosts files, in order. A file that does not exist is empty. */
export async function readKnownHosts(files: readonly string[]): Promise<KnownHostEntry[]> {
  const texts = await Promise.all(files.map(async (file) => parseKnownHosts(await readIfThere(file), file)));
  return texts.flatMap((text) => text.entries);
}

// Two hosts may be trusted at the same moment, and both writes read first: one after the other, for each file.
const writing = new Map<string, Promise<unknown>>();

function inTurn<T>(file: string, write: () => Promise<T>): Promise<T> {
  const previous = writing.get(file) ?? Promise.resolve();
  const next = previous.then(write, write);
  writing.set(file, next);
  return next;
}

/**
 * Adds a host key to the app's own known_hosts file. `keyLine` is the one that the error `host-key-unknown` carried.
 * The user's own files are never written.
 *
 * Errors: the line is not exactly one plain entry; or another key of that type is already noted for that name (call
 * `forgetHostKey` first, which is a decision of its own).
 */
export async function trustHostKey(file: string, keyLine: string): Promise<void> {
  const { entries, problems } = parseKnownHosts(keyLine);
  const entry = entries[0];
  if (entries.length !== 1 || problems.length > 0 || entry === undefined || entry.marker !== undefined) {
    throw new Error('A host key to trust must be one line: HOST TYPE KEY');
  }
  await inTurn(file, async () => {
    const text = await readIfThere(file);
    const known = findKnownHosts(parseKnownHosts(text, file).entries, entry.hosts, matchesHashedName).filter(
      (other) => other.marker === undefined && other.type === entry.type,
    );
    if (known.some((other) => other.key === entry.key)) return;
    const other = known[0];
    if (other !== undefined) {
      throw new Error(
        `${file} line ${other.line} already holds another ${entry.type} key of ${entry.hosts}. ` +
          'Forget that one first, if you know why it changed.',
      );
    }
    const separator = text === '' || text.endsWith('\n') ? '' : '\n';
    await writeFileAtomically(file, `${text}${separator}${formatKnownHost(entry)}\n`);
  });
}

/**
 * Removes the keys of a host from the app's own known_hosts file; revoked ones stay.
 * @param name as in known_hosts: `host` or `[host]:port`
 * @returns how many lines were removed
 */
export async function forgetHostKey(file: string, name: string): Promise<number> {
  return await inTurn(file, async () => {
    const text = await readIfThere(file);
    const doomed = new Set(
      parseKnownHosts(text, file)
        .entries.filter(
          (entry) =>
            entry.marker === undefined &&
            matchesHostField(entry.hosts, name.toLowerCase(), matchesHashedName),
        )
        .map((entry) => entry.line),
    );
    if (doomed.size === 0) return 0;
    const kept = text.split('\n').filter((_, index) => !doomed.has(index + 1));
    await writeFileAtomically(file, kept.join('\n'));
    return doomed.size;
  });
}
