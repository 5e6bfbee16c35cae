/** Closing a run that can neither go on nor be taken back: somebody went on without it, or its locks were broken. */
import type { Snapshot } from '../cluster/snapshot.ts';
import { listText } from '../cluster/status.ts';
import { trashOf } from '../cluster/trash.ts';
import { isLook } from './action.ts';
import { overtakenText } from './overtaken.ts';
import { isEnded, type Run } from './run.ts';

/** Either why it stays open, or what giving it up means: sentences. */
export type GivingUp = { mayBe: false; why: string } | { mayBe: true; text: string };

/** Folders on nodes that answer whose lock is this run's, "/srv/x/web1 on node1". */
const ownLocks = (run: Run, snapshot: Snapshot): string[] => [
  ...snapshot.nodes.flatMap(({ name, trouble, facts }) =>
    trouble === null
      ? (facts?.folders ?? [])
          .filter(({ lock }) => lock?.ok && lock.lock.run === run.id)
          .map(({ path }) => `${path} on ${name}`)
      : [],
  ),
  ...trashOf(snapshot, true)
    .filter(({ lock }) => lock?.ok && lock.lock.run === run.id)
    .map(({ path, nodes }) => `${path} on ${nodes[0] ?? ''}`),
];

/** Why it can't be told that none of its locks is there any more; null when it can. */
const lockDoubt = (run: Run, snapshot: Snapshot): string | null => {
  const taking = run.plan.steps.flatMap(({ action, nodes: [node = ''] }, index) => {
    const entry = run.steps[index];
    return entry && !isLook(action) && (action.do === 'lock' || action.do === 'make-folder')
      ? [{ node, folder: action.folder, entry }]
      : [];
  });
  const open = taking.find(({ entry }) => entry.state === 'running' || entry.state === 'unknown');
  if (open) return `whether “${open.entry.title}” was done on ${open.node} is not known`;
  const taken = taking.filter(({ entry }) => entry.state === 'done' || entry.changed);
  if (taken.length === 0) return 'it has taken no lock yet, so nobody broke one';
  for (const { node, folder } of taken) {
    const view = snapshot.nodes.find((each) => each.name === node);
    if (!view || view.trouble !== null || view.facts === null)
      return `${node}, on which it locked ${folder}, does not answer`;
    const storage = view.facts.storages.find((each) => folder.startsWith(`${each.path}/`));
    if (storage?.state !== 'ok') return `the storage of ${folder} can't be read on ${node}`;
    const unread = [...view.facts.folders, ...trashOf(snapshot, true)].find(
      (each) => each.lock?.ok === false && each.path.startsWith(`${storage.path}/`),
    );
    if (unread) return `the lock in ${unread.path} can't be read`;
  }
  return null;
};

/** @param snapshot a fresh one of the run's cluster */
export const giveUpOf = (run: Run, snapshot: Snapshot): GivingUp => {
  const no = (why: string): GivingUp => ({ mayBe: false, why });
  if (isEnded(run)) return no(`The run ${run.id} has ended: ${run.state}. Nothing is left to give up.`);
  if (run.state === 'running') return no(`The run ${run.id} is at work. Wait for it, or cancel it.`);
  const overtaken = overtakenText(run, snapshot);
  const own = ownLocks(run, snapshot);
  if (overtaken === null) {
    const resumed = `So it is not given up: it can still be resumed, or taken back before its point of no return. Where it can't, break its locks first (vbdesk instance unlock).`;
    if (own.length > 0) return no(`The run ${run.id} holds its lock: ${listText(own)}. ${resumed}`);
    const doubt = lockDoubt(run, snapshot);
    if (doubt !== null)
      return no(`Whether the run ${run.id} still holds a lock can't be told: ${doubt}. ${resumed}`);
  }
  const stays = run.holds.filter((each) => each.subject !== 'Lock');
  return {
    mayBe: true,
    text: [
      overtaken ??
        `None of the locks of the run ${run.id} is its own any more, so none of its steps can be done or taken back.`,
      'Given up, it is closed on this workstation and can never be resumed or undone; no node is touched.',
      own.length > 0
        ? `Its locks stay until they are broken (vbdesk instance unlock): ${listText(own)}.`
        : '',
      stays.length > 0
        ? `What it left stays as it is, unless somebody changed it since: ${stays.map(({ subject, text }) => `${subject}: ${text}`).join('; ')}.`
        : 'What it left, if anything, stays as it is.',
    ]
      .filter((each) => each !== '')
      .join(' '),
  };
};
