/** Why a node does not answer, in the snapshot's words. */
import type { NodeTrouble } from '../../core/cluster/snapshot.ts';
import { SshError } from '../ssh/index.ts';

const kinds: Readonly<Partial<Record<SshError['kind'], NodeTrouble['kind']>>> = {
  unreachable: 'unreachable',
  'outcome-unknown': 'unreachable',
  'host-key-unknown': 'host-key-unknown',
  'host-key-changed': 'host-key-changed',
  'host-key-revoked': 'host-key-changed',
  'auth-refused': 'auth-refused',
  timeout: 'timeout',
  'sudo-refused': 'sudo-refused',
};

export const troubleOf = (error: unknown, node: string): NodeTrouble => {
  if (!(error instanceof SshError))
    return { kind: 'other', message: `${node}: ${error instanceof Error ? error.message : String(error)}` };
  const { algorithm, fingerprint, keyLine } = error.details;
  const hostKey =
    typeof algorithm === 'string' && typeof fingerprint === 'string' && typeof keyLine === 'string'
      ? { algorithm, fingerprint, line: keyLine }
      : undefined;
  return { kind: kinds[error.kind] ?? 'other', message: error.message, ...(hostKey ? { hostKey } : {}) };
};
