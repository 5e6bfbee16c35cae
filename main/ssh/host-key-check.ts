import type { ServerHostKeyAlgorithm } from 'ssh2';
import {
  decideHostKeyTrust,
  type HostKeyDecision,
  type HostKeyMode,
  orderHostKeyAlgorithms,
} from '../../core/ssh/host-key-policy.ts';
import { findKnownHosts, type KnownHostEntry } from '../../core/ssh/known-hosts.ts';
import { fingerprintOf, matchesHashedName, readKnownHosts, trustHostKey } from './known-hosts-files.ts';
import { messageOf, SshError } from './ssh-error.ts';
import type { ResolvedTarget } from './ssh-target.ts';
import { keyTypeOf } from './wire.ts';

export type HostKeyPolicy = {
  /** The app's own known_hosts file, the only one that is ever written. It need not exist. */
  readonly file: string;
  /** `ask` when left out; `strict` when the OpenSSH configuration says so. */
  readonly mode?: HostKeyMode;
  /** Further files to read instead of those that the OpenSSH configuration names (for tests). */
  readonly userFiles?: readonly string[];
};

const places = (entries: readonly KnownHostEntry[]): string[] =>
  entries.map((entry) => `${entry.file ?? 'known_hosts'} line ${entry.line}`);

/** Judges the host key of one server. Made anew for each connection, so that files are read afresh. */
export class HostKeyCheck {
  readonly #node: string;
  readonly #target: ResolvedTarget;
  readonly #policy: HostKeyPolicy;
  readonly #known: readonly KnownHostEntry[];
  readonly #knownWithoutPort: readonly KnownHostEntry[];
  /** Why the key was refused, once it was. */
  refusal: SshError | undefined;

  private constructor(
    node: string,
    target: ResolvedTarget,
    policy: HostKeyPolicy,
    entries: readonly KnownHostEntry[],
  ) {
    this.#node = node;
    this.#target = target;
    this.#policy = policy;
    this.#known = findKnownHosts(entries, target.hostKeyName, matchesHashedName);
    const bare = target.hostKeyNameWithoutPort;
    this.#knownWithoutPort = bare === undefined ? [] : findKnownHosts(entries, bare, matchesHashedName);
  }

  static async prepare(node: string, target: ResolvedTarget, policy: HostKeyPolicy): Promise<HostKeyCheck> {
    const files = [policy.file, ...(policy.userFiles ?? target.knownHostsFiles)];
    try {
      return new HostKeyCheck(node, target, policy, await readKnownHosts([...new Set(files)]));
    } catch (error) {
      // Without the files nobody knows which key is right, so there is nothing to fall back on.
      throw new SshError(
        'config',
        node,
        `the known_hosts files could not be read (${messageOf(error)}). Make them readable, then try again.`,
        { cause: error },
      );
    }
  }

  /** The host key algorithms to offer, those of known keys first. */
  algorithms(): ServerHostKeyAlgorithm[] {
    const known = [...this.#known, ...this.#knownWithoutPort];
    return orderHostKeyAlgorithms(SUPPORTED, known).filter(isSupported);
  }

  /** For ssh2's `hostVerifier`: nothing is sent to a server before this said yes. */
  async accepts(key: Buffer): Promise<boolean> {
    try {
      const presented = {
        type: keyTypeOf(key),
        key: key.toString('base64'),
        fingerprint: fingerprintOf(key),
      };
      const decision = decideHostKeyTrust({
        presented,
        known: this.#known,
        knownWithoutPort: this.#knownWithoutPort,
        mode: this.#target.strictHostKeys ? 'strict' : (this.#policy.mode ?? 'ask'),
      });
      const keyLine = `${this.#target.hostKeyName} ${presented.type} ${presented.key}`;
      if (decision.decision === 'trust') {
        if (decision.persist) await trustHostKey(this.#policy.file, keyLine);
        return true;
      }
      this.refusal = this.#explain(decision, { ...presented, keyLine });
    } catch (error) {
      this.refusal = new SshError(
        'config',
        this.#node,
        `the host key could not be judged: ${messageOf(error)}`,
        { cause: error },
      );
    }
    return false;
  }

  #explain(
    decision: Exclude<HostKeyDecision, { decision: 'trust' }>,
    presented: { type: string; fingerprint: string; keyLine: string },
  ): SshError {
    const { type, fingerprint, keyLine } = presented;
    const name = this.#target.hostKeyName;
    const details = { host: name, algorithm: type, fingerprint, keyLine, otherTypes: decision.otherTypes };
    const against = decision.decision === 'refuse' ? decision.against : [];
    const where = places(against);
    if (decision.decision === 'refuse' && decision.reason === 'revoked') {
      return new SshError(
        'host-key-revoked',
        this.#node,
        `${name} presented the ${type} key ${fingerprint}, which is marked as revoked (${where.join(', ')}). ` +
          'Nothing was sent. Find out who answers there before you go on.',
        { details: { ...details, places: where } },
      );
    }
    if (decision.decision === 'refuse' && decision.reason === 'changed') {
      return new SshError(
        'host-key-changed',
        this.#node,
        `${name} presented the ${type} key ${fingerprint}, but another one is known (${where.join(', ')}). ` +
          'Somebody may be standing in between, or the node was installed anew. Nothing was sent. Compare with ' +
          "`ssh-keygen -lf /etc/ssh/ssh_host_*_key.pub` on the node's own console; if it is right, forget the old key, then connect again.",
        { details: { ...details, places: where } },
      );
    }
    const others =
      decision.otherTypes.length === 0
        ? ''
        : ` It is known by keys of other types (${decision.otherTypes.join(', ')}).`;
    return new SshError(
      'host-key-unknown',
      this.#node,
      `${name} presented the ${type} key ${fingerprint}, which is not known.${others} Nothing was sent. ` +
        "Compare the fingerprint with the node's own, then trust it.",
      { details: { ...details, mayTrust: decision.decision === 'ask' } },
    );
  }
}

/** What ssh2 can verify, best first. */
const SUPPORTED: readonly ServerHostKeyAlgorithm[] = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'rsa-sha2-512',
  'rsa-sha2-256',
  'ssh-rsa',
];

function isSupported(algorithm: string): algorithm is ServerHostKeyAlgorithm {
  return SUPPORTED.some((supported) => supported === algorithm);
}
