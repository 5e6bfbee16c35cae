/** "What holds now": the newest facts of a run, one sentence for each subject, from the steps that are done. */
import { formatBytes } from '../storage/sizes.ts';
import { type Action, isLook } from './action.ts';
import type { UndoStep } from './plan.ts';
import type { Run, RunStep } from './run.ts';

type Hold = { subject: string; text: string };

const sentence = (action: Action, node: string): Hold | null => {
  switch (action.do) {
    case 'lock':
    case 'make-folder':
      return { subject: 'Lock', text: `held by this run in ${action.folder}` };
    case 'unlock':
    case 'drop-folder':
      return { subject: 'Lock', text: 'released' };
    case 'shut-down':
      return {
        subject: `${action.name} on ${node}`,
        text: 'asked to shut down; its domain is kept from restarting',
      };
    case 'end-domain':
      return { subject: `${action.name} on ${node}`, text: 'stopped, proved by uuid and by its image files' };
    case 'let-go-on':
      return {
        subject: `${action.name} on ${node}`,
        text: 'let go on: it runs if its guest had not ended before',
      };
    case 'put-back':
      return { subject: `${action.name} on ${node}`, text: 'running, as before' };
    case 'start-domain':
      return { subject: `${action.name} on ${node}`, text: action.paused ? 'created, paused' : 'running' };
    case 'migrate-domain':
      return { subject: `${action.name} on ${node}`, text: 'migrated away' };
    case 'end-leftovers':
      return { subject: `Leftovers on ${node}`, text: 'none' };
    case 'check-running':
    case 'unpause-domain':
    case 'reboot-domain':
      return { subject: `${action.name} on ${node}`, text: 'running' };
    case 'write-record':
      return {
        subject: 'Record',
        text: `primary ${action.record.primary ?? 'nobody'}, generation ${action.record.generation}`,
      };
    case 'move-folder':
      return { subject: 'Folder', text: action.to };
    case 'purge-folder':
      return { subject: 'Folder', text: 'deleted' };
    case 'create-image':
      return { subject: action.path, text: 'created' };
    case 'copy-template':
      return { subject: action.path, text: `a copy of ${action.from}` };
    case 'run-os-create':
      return { subject: 'Operating system', text: `installed by ${action.definition}/create` };
    case 'run-os-script':
      switch (action.script.name) {
        case 'rename':
          return { subject: 'Operating system', text: `renamed by ${action.definition}/rename` };
        case 'import':
          return { subject: `Disk ${action.script.index}`, text: `holds what ${action.script.file} held` };
        case 'export':
          return { subject: action.script.file, text: `what ${action.definition}/export made of the disk` };
      }
      break;
    case 'drop-export':
      return { subject: action.file, text: 'not made, or removed again' };
    case 'detach-images':
      return { subject: 'Operating system', text: 'the images are attached to no loop device' };
    case 'grow-image':
      return { subject: action.path, text: `has ${formatBytes(action.to)}` };
    case 'convert-image':
      return { subject: action.to.path, text: `made as ${action.to.type}, equal to ${action.from.path}` };
    case 'copy-image':
      return {
        subject: `Image ${action.to.path} on ${action.to.node}`,
        text: 'copied, without its name yet',
      };
    case 'accept-copy':
      return { subject: `Image ${action.path} on ${node}`, text: 'copied, equal to its source by content' };
    case 'drop-partial':
      return { subject: `Image ${action.path} on ${node}`, text: 'the copy that was begun is removed' };
    case 'rename-image':
    case 'take-image':
      return { subject: action.to, text: `what was ${action.from}` };
    case 'set-aside':
      return { subject: action.from, text: `set aside as ${action.to}` };
    case 'delete-kept':
      return { subject: action.path, text: 'deleted' };
    case 'make-snapshot':
      return { subject: `Snapshot ${action.tag} of ${action.path}`, text: 'made' };
    case 'drop-snapshot':
      return { subject: `Snapshot ${action.tag} of ${action.path}`, text: 'deleted' };
    case 'revert-snapshot':
      return { subject: action.path, text: `as it was when ${action.tag} was made` };
    case 'write-replica':
      return { subject: `Replica on ${node}`, text: `whole, copied from ${action.replica.source}` };
    case 'reopen-replica':
      return { subject: `Replica on ${node}`, text: 'being written, so it can not be used' };
    case 'reseal-replica':
      return {
        subject: `Replica on ${node}`,
        text: 'as it was before; where bytes had arrived already, begun and to be refreshed',
      };
    case 'demote-record':
      return { subject: `Folder on ${node}`, text: 'a replica now' };
    case 'remove-file':
      return {
        subject: action.path.endsWith('/instance.json') ? 'Record' : action.path,
        text: 'removed again',
      };
    case 'break-lock':
      return { subject: 'Lock', text: `broken in ${action.folder}` };
    case 'make-storage':
      return { subject: `${action.path} on ${node}`, text: 'ready as a storage directory' };
    case 'remove-storage-id':
      return { subject: `${action.path} on ${node}`, text: 'the directory stays, without an id of this run' };
    case 'remove-membership':
      return { subject: `Membership on ${node}`, text: 'none of this run' };
    case 'write-membership':
      return {
        subject: `Membership on ${node}`,
        text: `cluster ${action.membership.cluster}, generation ${action.membership.generation}`,
      };
    default:
      return null;
  }
};

/**
 * What a run that was taken back leaves, each as part of a sentence: steps that nothing takes back (which do no harm, or they would
 * have been a point of no return), and directories, of which nobody can tell whether they were there before.
 */
export const leftAfterUndo = (run: Run): string[] =>
  run.plan.steps.flatMap((step, index) => {
    const entry = run.steps[index];
    const { action, nodes } = step;
    if (!entry || isLook(action) || (entry.state !== 'done' && !entry.changed)) return [];
    if (action.do === 'make-storage') return [`the directory ${action.path} on ${nodes.join(', ')}`];
    return step.undo.length === 0 ? [`what “${step.title}” did on ${nodes.join(', ')}`] : [];
  });

/**
 * What a run that was taken back may have left inside of images, sentences: nothing takes back what a script of an OS definition
 * wrote there, and how far it came before it failed nobody knows but the script.
 */
export const insideAfterUndo = (run: Run): string[] =>
  run.plan.steps.flatMap(({ action, nodes }, index) => {
    const entry = run.steps[index];
    return action.do === 'run-os-script' &&
      action.script.name === 'rename' &&
      entry &&
      (entry.state === 'done' || entry.changed)
      ? [
          `${action.definition}/rename was begun on ${nodes.join(', ')}, and what it wrote into the images stays: the system in them may go by the new name, the old one, or partly by both. Look at its host name and addresses once it runs.`,
        ]
      : [];
  });

export const holdsOf = (run: Run): Hold[] => {
  const found = new Map<string, string>();
  const note = (planned: UndoStep, entry: RunStep): void => {
    const { action } = planned;
    const hold = sentence(action, planned.nodes[0] ?? '');
    if (!hold) return;
    const isDone = entry.state === 'done';
    // what was so before may not be so any more
    const isOpen = entry.changed && (entry.state === 'failed' || entry.state === 'unknown');
    if (!isDone && !isOpen) return;
    // the lock went with its folder
    if (isDone && action.do === 'purge-folder') found.delete('Lock');
    found.delete(hold.subject);
    found.set(
      hold.subject,
      isDone
        ? hold.text
        : `not certain: “${entry.title}” ${entry.state === 'failed' ? 'failed half way' : 'has an unknown outcome'}`,
    );
  };
  for (const [index, step] of run.plan.steps.entries()) {
    const entry = run.steps[index];
    if (entry) note(step, entry);
  }
  const undoActions = new Map<string, UndoStep>(
    run.plan.steps.flatMap((step) =>
      step.undo.map((undo, index) => [`u${step.id}.${index + 1}`, undo] as const),
    ),
  );
  for (const entry of run.undo) {
    const undo = undoActions.get(entry.id);
    if (undo) note(undo, entry);
  }
  return [...found].map(([subject, text]) => ({ subject, text }));
};
