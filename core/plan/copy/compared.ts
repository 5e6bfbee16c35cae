/** What a run that compared images found, from what its steps printed. */
import { z } from 'zod';
import { imageAt } from '../../cluster/backing.ts';
import type { Lookup } from '../../cluster/lookup.ts';
import { fileAt, storageAt } from '../../cluster/users.ts';
import type { Run } from '../run.ts';

export const comparedFile = z.strictObject({
  /** those that see this very file; the first one has read it */
  nodes: z.array(z.string()),
  path: z.string(),
  /** length of the file */
  size: z.number(),
  /** content hash; null: there is no such file */
  hash: z.string().nullable(),
  /** of the file that was read; absent in runs of an older VBDesk */
  inode: z.number().optional(),
  /** when it had been written to, ms, by the storage's clock */
  modified: z.number().optional(),
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
      const match = /^([0-9a-f]{64}|missing) (\d+)(?: (\d+) (-?\d+)\.(\d+))? (\/.*)$/.exec(line) ?? [];
      const [, hash = '', size = '', inode, seconds, fraction, path = ''] = match;
      if (path === '') return [];
      // to the millisecond as the probe tells it
      const modified = Number(seconds) * 1000 + Math.floor(Number(`0.${fraction}`) * 1000);
      return [
        {
          nodes,
          path,
          size: Number(size),
          hash: hash === 'missing' ? null : hash,
          ...(inode === undefined ? {} : { inode: Number(inode), modified }),
        },
      ];
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

/**
 * Whether a node shows now what a comparison read there. as-read: the same file, not written to since; changed: another one, or
 * written to, or one that was not there; gone: no such file; unknown: the node does not answer, or does not look there.
 */
export type Since = 'as-read' | 'changed' | 'gone' | 'unknown';

/** @param at when that comparison had ended, ms: all that tells of writes in runs of an older VBDesk */
export const sinceRead = (lookup: Lookup, node: string, file: ComparedFile, at: number | null): Since => {
  const view = lookup.byName.get(node);
  if (!view?.seen || !view.facts) return 'unknown';
  const storage = storageAt(view, file.path);
  if (storage?.state !== 'ok') return 'unknown';
  const shown = imageAt(view, file.path)?.file ?? fileAt(view.facts, storage, file.path);
  if (!shown) return file.hash === null ? 'as-read' : 'gone';
  if (file.hash === null || shown.kind !== 'file' || shown.size !== file.size) return 'changed';
  const isSame =
    file.inode === undefined
      ? at !== null && shown.modified <= at
      : shown.inode === file.inode && shown.modified === file.modified;
  return isSame ? 'as-read' : 'changed';
};
