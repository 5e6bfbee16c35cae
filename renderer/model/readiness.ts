/** Failover readiness of an instance in one sign and one sentence. */
import type { InstanceView } from '../../core/cluster/instances.ts';
import type { Snapshot } from '../../core/cluster/snapshot.ts';
import type { VerdictSignName } from '../parts/signs.tsx';

export type ReadinessWords = {
  verdict: VerdictSignName;
  /** "ready", "not: files only on node1" */
  text: string;
};

export const readinessWords = (_snapshot: Snapshot, instance: InstanceView): ReadinessWords =>
  instance.shared
    ? { verdict: 'ready', text: 'ready' }
    : { verdict: 'not', text: `not: files only on ${instance.primary ?? 'one node'}` };
