/** What to do about a hand-over that was cut off after RELEASE: said wherever that state is shown or refused. */
import type { InstanceView } from './instance-view.ts';
import type { InstanceRecord } from './record.ts';

/** Where the record lies that names no primary. */
type At = { node: string; folder: string };

/** As one word of a shell. */
const word = (text: string): string =>
  /^[A-Za-z0-9_/.:@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;

/** The command that says of a folder as one node shows it what it is. */
export const claimCommand = (name: string, { node, folder }: At, as: 'moved' | 'cloned' = 'moved'): string =>
  `vbdesk instance claim ${word(name)} --as ${as} --path ${word(folder)} -n ${node}`;

const wayOn = (name: string, next: string | undefined, run: string): string =>
  `Resume the run ${run} where it was begun.${next === undefined ? '' : ` When that workstation is lost, break the run's locks (vbdesk instance unlock ${word(name)}); then a failover (vbdesk instance failover ${word(name)}) finishes it from the copy on ${next}.`}`;

const wayBack = (name: string, next: string | undefined, at: At): string =>
  `Only if ${next ?? 'the node that was to have it'}, or the copy on it, is lost for good: ${claimCommand(name, at)} makes it startable on ${at.node} again, in the state that was released.`;

/** The way back to the source alone, for a plan that says why there is no way on. */
export const wayBackText = (view: InstanceView): string => {
  const at = sourceOf(view);
  return at ? wayBack(view.name, view.record.next, at) : '';
};

/** Sentences for a record that names no primary. */
export const cutOffText = (record: InstanceRecord, at: At | null): string => {
  const { name, next } = record;
  return [
    `A hand-over of ${name}${next === undefined ? '' : ` to ${next}`} was cut off after its release, so its record names no primary and no node may start it.`,
    wayOn(name, next, record.written.run),
    ...(at ? [wayBack(name, next, at)] : []),
  ].join(' ');
};

const sourceOf = ({ folders }: InstanceView): At | null => {
  const found = folders.find((each) => each.current && each.seen) ?? folders.find((each) => each.current);
  return found ? { node: found.node, folder: found.folder.path } : null;
};

export const cutOffTextOf = (view: InstanceView): string => cutOffText(view.record, sourceOf(view));
