import type { KnownHostEntry } from './known-hosts.ts';

/** The key that a server presented. */
export type PresentedHostKey = {
  /** Key type, for example `ssh-ed25519`. */
  readonly type: string;
  /** The public key in base64. */
  readonly key: string;
  /** `SHA256:…`, as ssh-keygen shows it. */
  readonly fingerprint: string;
};

/**
 * - `strict`: only keys that are already known.
 * - `ask`: an unknown key is put before a person.
 * - `accept-new`: the first key of a host that is wholly unknown is accepted and kept.
 */
export type HostKeyMode = 'strict' | 'ask' | 'accept-new';

export type HostKeyRequest = {
  readonly presented: PresentedHostKey;
  /** Entries whose host field matches the host, from all files. */
  readonly known: readonly KnownHostEntry[];
  /**
   * Entries that match the bare host name although the port is not 22. As in OpenSSH they can vouch for a key, never
   * speak against one, because another server may answer at another port. A revoked key counts here as well.
   */
  readonly knownWithoutPort?: readonly KnownHostEntry[];
  readonly mode: HostKeyMode;
};

export type HostKeyDecision =
  | { readonly decision: 'trust' /** Write it down: it is new. */; readonly persist: boolean }
  | { readonly decision: 'ask'; readonly fingerprint: string; readonly otherTypes: readonly string[] }
  | {
      readonly decision: 'refuse';
      readonly reason: 'revoked' | 'changed' | 'unknown';
      /** The entries that speak against the key; empty when it is merely unknown. */
      readonly against: readonly KnownHostEntry[];
      readonly otherTypes: readonly string[];
    };

const sameKey = (entry: KnownHostEntry, presented: PresentedHostKey): boolean =>
  entry.type === presented.type && entry.key === presented.key;

/**
 * Decides about the key of a server.
 *
 * A revoked key is refused whatever else is written. A key is *changed* when another key of the same type is known for
 * the host and this one is not; no mode and no question gets past that. `@cert-authority` lines are left
 * aside, since certificates of hosts are not understood here: such a host counts as unknown.
 */
export function decideHostKeyTrust(request: HostKeyRequest): HostKeyDecision {
  const { presented, mode } = request;
  const withoutPort = request.knownWithoutPort ?? [];
  const revoked = [...request.known, ...withoutPort].filter(
    (entry) => entry.marker === 'revoked' && sameKey(entry, presented),
  );
  if (revoked.length > 0) return { decision: 'refuse', reason: 'revoked', against: revoked, otherTypes: [] };

  const known = request.known.filter((entry) => entry.marker === undefined);
  if (known.some((entry) => sameKey(entry, presented))) return { decision: 'trust', persist: false };

  const changed = known.filter((entry) => entry.type === presented.type);
  if (changed.length > 0) return { decision: 'refuse', reason: 'changed', against: changed, otherTypes: [] };

  if (withoutPort.some((entry) => entry.marker === undefined && sameKey(entry, presented))) {
    return { decision: 'trust', persist: false };
  }

  const otherTypes = [...new Set(known.map((entry) => entry.type))];
  if (mode === 'strict') return { decision: 'refuse', reason: 'unknown', against: [], otherTypes };
  // A host known by a key of another type may have got a second one, or somebody stands in between who does not hold
  // the known one: a person must look.
  if (mode === 'accept-new' && otherTypes.length === 0) return { decision: 'trust', persist: true };
  return { decision: 'ask', fingerprint: presented.fingerprint, otherTypes };
}

const SIGNATURES_OF_TYPE: Readonly<Record<string, readonly string[]>> = {
  'ssh-rsa': ['rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa'],
};

/**
 * Orders the host key algorithms to offer so that those of already known keys come first, as OpenSSH does: otherwise
 * a server with several keys would present an unknown one and look like a stranger.
 */
export function orderHostKeyAlgorithms(
  supported: readonly string[],
  known: readonly KnownHostEntry[],
): readonly string[] {
  const preferred = known
    .filter((entry) => entry.marker === undefined)
    .flatMap((entry) => SIGNATURES_OF_TYPE[entry.type] ?? [entry.type]);
  return [...new Set([...preferred.filter((algorithm) => supported.includes(algorithm)), ...supported])];
}
