import { readFile } from 'node:fs/promises';
import ssh2, { type ParsedKey } from 'ssh2';
import { fingerprintOf } from './known-hosts-files.ts';
import { codeOf, messageOf } from './ssh-error.ts';
import type { IdentityFile, ResolvedTarget } from './ssh-target.ts';
import { WireReader } from './wire.ts';

/** Hash for RSA signatures; other key types have but one. */
export type SignatureHash = 'sha1' | 'sha256' | 'sha512';

/** A key that can be offered to a server. */
export type Identity = {
  /** For people: where it comes from, its type and fingerprint. */
  readonly label: string;
  readonly publicKey: ParsedKey;
  /** Signs; may ask for a passphrase first. Rejects when there is none. */
  sign(data: Buffer, hash: SignatureHash | undefined): Promise<Buffer>;
};

export type PassphrasePrompt = (file: string, attempt: number) => Promise<string | undefined>;

export type IdentitySources = {
  readonly identities: readonly Identity[];
  /** Files and agents that gave nothing, and why; for the error if in the end nothing works. */
  readonly notes: readonly string[];
};

/** Private keys already opened, so that a reconnect asks for nothing. Lives in memory only, as long as its session. */
export type OpenedKeys = Map<string, ParsedKey>;

const PASSPHRASE_ATTEMPTS = 3;

function describe(key: ParsedKey): string {
  return `${key.type} ${fingerprintOf(key.getPublicSSH())}`;
}

function firstKey(parsed: ParsedKey | ParsedKey[] | Error): ParsedKey | Error {
  if (Array.isArray(parsed)) return parsed[0] ?? new Error('no key in it');
  return parsed;
}

function parseKey(text: string | Buffer, passphrase?: string): ParsedKey | Error {
  try {
    return firstKey(ssh2.utils.parseKey(text, passphrase));
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

const OPENSSH_KEY = /-----BEGIN OPENSSH PRIVATE KEY-----([A-Za-z0-9+/=\s]+)-----END OPENSSH PRIVATE KEY-----/;

/** The public half of a key in OpenSSH's format, which is readable even when the private half is encrypted. */
export function publicHalfOf(text: string): ParsedKey | undefined {
  const body = OPENSSH_KEY.exec(text)?.[1];
  if (body === undefined) return undefined;
  const bytes = Buffer.from(body, 'base64');
  const magic = 'openssh-key-v1\0';
  if (bytes.subarray(0, magic.length).toString('latin1') !== magic) return undefined;
  try {
    const reader = new WireReader(bytes.subarray(magic.length));
    reader.string(); // cipher
    reader.string(); // key derivation
    reader.string(); // its options
    reader.number(); // number of keys
    const key = reader.string();
    const type = new WireReader(key).string().toString('latin1');
    const parsed = parseKey(`${type} ${key.toString('base64')}`);
    return parsed instanceof Error ? undefined : parsed;
  } catch {
    return undefined;
  }
}

async function readText(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

const NEEDS_PASSPHRASE = /no passphrase given|bad passphrase|integrity check failed|bad decrypt/i;

type FileKey = { readonly path: string; readonly text: string };

/** Opens a private key, asking for its passphrase as often as OpenSSH does. */
async function openPrivateKey(
  { path, text }: FileKey,
  opened: OpenedKeys,
  passphrase: PassphrasePrompt | undefined,
): Promise<ParsedKey> {
  const before = opened.get(path);
  if (before !== undefined) return before;
  let parsed = parseKey(text);
  for (let attempt = 1; parsed instanceof Error && attempt <= PASSPHRASE_ATTEMPTS; attempt += 1) {
    if (!NEEDS_PASSPHRASE.test(parsed.message)) break;
    if (passphrase === undefined) throw new Error('has a passphrase, and nobody could be asked for it');
    const answer = await passphrase(path, attempt);
    if (answer === undefined) throw new Error('has a passphrase, which was not given');
    parsed = parseKey(text, answer);
  }
  if (parsed instanceof Error) {
    throw new Error(NEEDS_PASSPHRASE.test(parsed.message) ? 'wrong passphrase' : parsed.message);
  }
  opened.set(path, parsed);
  return parsed;
}

function signWith(key: ParsedKey, data: Buffer, hash: SignatureHash | undefined): Buffer {
  const signature: Buffer | Error = key.sign(data, hash);
  if (signature instanceof Error) throw signature;
  return signature;
}

async function fileIdentity(
  file: IdentityFile,
  opened: OpenedKeys,
  passphrase: PassphrasePrompt | undefined,
): Promise<Identity | string | undefined> {
  let text: string | undefined;
  try {
    text = await readText(file.path);
  } catch (error) {
    return `${file.path}: ${messageOf(error)}`;
  }
  const beside = await readText(`${file.path}.pub`).catch(() => undefined);
  if (text === undefined && beside === undefined)
    return file.explicit ? `${file.path}: no such file` : undefined;

  // In order of cost: what is readable without a passphrase first.
  let publicKey: ParsedKey | undefined = opened.get(file.path);
  if (text !== undefined) publicKey ??= publicHalfOf(text);
  if (publicKey === undefined && beside !== undefined) {
    const parsed = parseKey(beside);
    if (!(parsed instanceof Error)) publicKey = parsed;
  }
  if (publicKey === undefined && text !== undefined) {
    // The old PEM format, or a .pub file that was named instead of the key (which then only the agent can use).
    const parsed = parseKey(text);
    if (!(parsed instanceof Error)) {
      publicKey = parsed;
    } else if (NEEDS_PASSPHRASE.test(parsed.message)) {
      try {
        publicKey = await openPrivateKey({ path: file.path, text }, opened, passphrase);
      } catch (error) {
        return `${file.path}: ${messageOf(error)}`;
      }
    } else {
      return `${file.path}: not a key that this app can use (${parsed.message})`;
    }
  }
  if (publicKey === undefined) return `${file.path}: not a key that this app can use`;
  return {
    label: `${file.path} (${describe(publicKey)})`,
    publicKey,
    async sign(data, hash) {
      if (text === undefined) throw new Error('the private key is neither in a file nor in the agent');
      return signWith(await openPrivateKey({ path: file.path, text }, opened, passphrase), data, hash);
    },
  };
}

async function agentIdentities(socket: string): Promise<Identity[]> {
  const agent = ssh2.createAgent(socket);
  const keys = await new Promise<unknown[]>((resolve, reject) => {
    agent.getIdentities((error, found) => {
      if (error) reject(error);
      else resolve(found ?? []);
    });
  });
  return keys.filter(isParsedKey).map((publicKey) => ({
    label: `agent key ${publicKey.comment} (${describe(publicKey)})`,
    publicKey,
    sign: (data, hash) =>
      new Promise((resolve, reject) => {
        agent.sign(publicKey, data, hash === undefined ? {} : { hash }, (error, signature) => {
          if (signature !== undefined) resolve(signature);
          else reject(error ?? new Error('the agent gave no signature'));
        });
      }),
  }));
}

function isParsedKey(value: unknown): value is ParsedKey {
  return typeof value === 'object' && value !== null && 'getPublicSSH' in value && 'sign' in value;
}

const sameKey = (one: Identity, other: Identity): boolean =>
  one.publicKey.getPublicSSH().equals(other.publicKey.getPublicSSH());

/**
 * Gathers the keys to offer, in this order: files that somebody named (by way of the agent where it holds them, which
 * spares the passphrase), the agent's other keys unless IdentitiesOnly, files with default names. Named keys come first because
 * a server hangs up after a handful of refused keys.
 */
export async function gatherIdentities(
  target: Pick<ResolvedTarget, 'identityFiles' | 'identitiesOnly' | 'agent'>,
  opened: OpenedKeys,
  passphrase: PassphrasePrompt | undefined,
): Promise<IdentitySources> {
  const notes: string[] = [];
  let fromAgent: Identity[] = [];
  if (target.agent !== undefined) {
    try {
      fromAgent = await agentIdentities(target.agent);
      if (fromAgent.length === 0) notes.push('ssh-agent: holds no key (add one with ssh-add)');
    } catch (error) {
      notes.push(`ssh-agent at ${target.agent}: ${messageOf(error)}`);
    }
  } else {
    notes.push('ssh-agent: none is running for this app (SSH_AUTH_SOCK is not set)');
  }

  const named: Identity[] = [];
  const usual: Identity[] = [];
  for (const file of target.identityFiles) {
    const identity = await fileIdentity(file, opened, passphrase);
    if (typeof identity === 'string') notes.push(identity);
    else if (identity !== undefined) (file.explicit ? named : usual).push(identity);
  }
  const preferAgent = (identity: Identity): Identity =>
    fromAgent.find((candidate) => sameKey(candidate, identity)) ?? identity;
  const ordered = [
    ...named.map(preferAgent),
    ...(target.identitiesOnly ? [] : fromAgent),
    ...usual.map(preferAgent),
  ];
  const identities = ordered.filter(
    (identity, index) => ordered.findIndex((other) => sameKey(other, identity)) === index,
  );
  return { identities, notes };
}
