/** Folders of an instance of which a person may say what they are: found elsewhere than their record says, or with only the record against them. */
import type { InstanceFolder, InstanceView, ProblemCode } from './instance-view.ts';

/** What a claim can be about although the folder lies where its record says: the record is the only thing that stands against it. */
const standing: readonly ProblemCode[] = ['removed', 'hand-over', 'record-unseen', 'superseded'];

/** As nodes that answer show them. One that lies elsewhere than its record says goes before one in its place. */
export const claimableFolders = (view: InstanceView): InstanceFolder[] => {
  const seen = view.folders.filter((each) => each.seen);
  const elsewhere = seen.filter((each) => !each.matchesPlace);
  if (elsewhere.length > 0) return elsewhere;
  return view.problems.some((each) => standing.includes(each.code)) ? seen : [];
};

/** Who may start a folder that is claimed, where nobody says: its primary, if that shows it, else the first that does. */
export const claimantOf = (view: InstanceView, holders: readonly InstanceFolder[]): string => {
  const nodes = holders.map((each) => each.node);
  return view.primary !== null && nodes.includes(view.primary) ? view.primary : (nodes[0] ?? '');
};
