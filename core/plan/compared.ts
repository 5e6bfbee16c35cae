/** What a run that compared images found, from what its steps printed. */
import { z } from 'zod';
import type { Run } from './run.ts';

export const comparedFile = z.strictObject({
  /** those that see this very file; the first one has read it */
  nodes: z.array(z.string()),
  path: z.string(),
  /** length of the file */
  size: z.number(),
  /** content hash; null: there is no such file */
  hash: z.string().nullable(),
});
export type ComparedFile = z.infer<typeof comparedFile>;

export type Compared = {
  /** base name of the image */
  name: string;
  /** shared: every node that has it sees the very same file; only: one node has it. Then there is nothing to compare. */
  verdict: 'shared' | 'same' | 'differs' | 'missing' | 'only';
  files: ComparedFile[];
};

/** Workstation clock, ms, of when a step had read its images; null for a run that did not come so far. */
export const comparedAt = (run: Run): number | null =>
  run.plan.intent.kind === 'compare-images' && run.state === 'done' ? run.endedAt : null;

const filesOf = (run: Run): ComparedFile[] =>
  run.plan.steps.flatMap((step, index) => {
    const entry = run.steps[index];
    const { action } = step;
    if (action.do !== 'hash-images' || action.expect !== undefined || entry?.state !== 'done') return [];
    const nodes = [...step.nodes, ...(action.alsoOn ?? [])];
    return entry.output.split('\n').flatMap((line) => {
      const [, hash = '', size = '', path = ''] = /^([0-9a-f]{64}|missing) (\d+) (\/.*)$/.exec(line) ?? [];
      return path === '' ? [] : [{ nodes, path, size: Number(size), hash: hash === 'missing' ? null : hash }];
    });
  });

/** By image, in the order in which they were read first. */
export const comparedIn = (run: Run): Compared[] => {
  const byName = new Map<string, ComparedFile[]>();
  for (const file of filesOf(run)) {
    const name = file.path.slice(file.path.lastIndexOf('/') + 1);
    byName.set(name, [...(byName.get(name) ?? []), file]);
  }
  return [...byName].map(([name, files]) => {
    const hashes = new Set(files.flatMap((each) => each.hash ?? []));
    const verdict =
      hashes.size > 1
        ? 'differs'
        : files.some((each) => each.hash === null)
          ? 'missing'
          : files.length === 1
            ? (files[0]?.nodes.length ?? 0) > 1
              ? 'shared'
              : 'only'
            : 'same';
    return { name, verdict, files };
  });
};
