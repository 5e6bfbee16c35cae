/** Could this instance be failed over to that node right now: for tables, one answer with its reasons. */
import { cutOffTextOf } from '../cluster/hand-over-text.ts';
import type { InstanceView } from '../cluster/instances.ts';
import { replicaAgeText } from '../cluster/replicas.ts';
import type { Snapshot } from '../cluster/snapshot.ts';
import { failoverReasons, failoverWay } from '../plan/checks/failover.ts';
import { replicaOn } from '../plan/hand-over/take-over.ts';
import type { Reason } from '../plan/reason.ts';
import { blocks, makeScene, type Scene } from '../plan/scene.ts';
import { sortReasons } from '../plan/step-list.ts';

export type Readiness = {
  /**
   * ready; consent: somebody must say a word; warning: it can be moved there while its primary answers, and would be lost with it;
   * not: something blocks; unknown: the target can't be asked
   */
  verdict: 'ready' | 'consent' | 'warning' | 'not' | 'unknown';
  /** "ready", "not: node1 is 2.0 GiB short: …" : the first reason, for a table */
  text: string;
  /** blocks first */
  reasons: Reason[];
};

const nobody = { accept: [], vouched: [] };

/** What a sentence says up to its first stop. A label of a word or two ("Disk 0: …") says nothing without what follows. */
export const firstClause = (text: string): string =>
  (/^(?:\S+(?: \S+)?: )?.*?(?=[:.;](?:\s|$)|$)/s.exec(text)?.[0] ?? text).trim();

/**
 * What is true of a target to which the images would be copied now, and which holds no whole replica: today it can take the
 * instance, and once the primary is lost it can't. Null of every other target. Tables, pages and dialogs all say this sentence.
 */
export const onlyWhileText = (view: InstanceView, target: string, snapshot: Snapshot): string | null =>
  onlyWhile(sceneOf(snapshot), view, target);

/** For judging: nothing was accepted and nobody vouched for. */
export const sceneOf = (snapshot: Snapshot): Scene =>
  makeScene(snapshot, nobody, {
    now: snapshot.takenAt,
    who: '',
    run: '',
    random: () => '0'.repeat(32),
  });

const onlyWhile = (scene: Scene, view: InstanceView, target: string): string | null => {
  const { primary } = view;
  if (primary === null || failoverWay(scene, view, primary, target) !== 'copy') return null;
  const replica = replicaOn(view, target);
  if (replica !== null && replica.problem === null) return null;
  return `only while ${primary} answers: its images are copied then, for ${target} holds no ${replica ? 'whole ' : ''}replica`;
};

/** Makes no plan, so that thousands of rows are quick. */
export const readinessOf = (view: InstanceView, target: string, snapshot: Snapshot): Readiness => {
  const scene = sceneOf(snapshot);
  const { primary } = view;
  if (primary === null) {
    const cut = blocks('hand-over', 'Primary', cutOffTextOf(view));
    return { verdict: 'not', text: 'not: a hand-over was cut off', reasons: [cut] };
  }
  const reasons = sortReasons(failoverReasons(scene, view, primary, target).reasons);
  const [first] = reasons;
  const node = scene.lookup.byName.get(target);
  if (node && !node.seen) return { verdict: 'unknown', text: `unknown: ${target} does not answer`, reasons };
  if (first?.severity === 'blocks')
    return { verdict: 'not', text: `not: ${firstClause(first.text)}`, reasons };
  const only = onlyWhile(scene, view, target);
  if (only !== null) return { verdict: 'warning', text: only, reasons };
  const copied = failoverWay(scene, view, primary, target) === 'copy';
  const replica = copied ? replicaOn(view, target) : null;
  if (first?.severity === 'consent') return { verdict: 'consent', text: `consent: ${first.title}`, reasons };
  const text = replica ? `ready: replica ${replicaAgeText(replica.age)}` : 'ready';
  return { verdict: 'ready', text, reasons };
};
