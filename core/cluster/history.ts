/** What the ids of two records of one uuid tell of each other: the one place where "older" is decided. */
import type { InstanceRecord } from './record.ts';

/**
 * `same`: one write; `before`: the first is a state on the way to the second; `after`: the other way round; `aside`: both went on
 * from a common one; `unknown`: they have no id in common. Former ids are kept for so many writes only, so that is a state of which
 * the other one forgot that it came from there, or another branch that is as long: ids can't tell which.
 */
export type History = 'same' | 'before' | 'after' | 'aside' | 'unknown';

type Ids = Pick<InstanceRecord, 'id' | 'ancestors'>;

export const historyOf = (one: Ids, other: Ids): History => {
  if (one.id === other.id) return 'same';
  if (other.ancestors.includes(one.id)) return 'before';
  if (one.ancestors.includes(other.id)) return 'after';
  return one.ancestors.some((each) => other.ancestors.includes(each)) ? 'aside' : 'unknown';
};
