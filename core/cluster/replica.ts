/**
 * `replica.json`, in place of a record: the images beside it are a copy of an instance on storage that is not shared, and
 * nothing here may start (SAFETY "The record: who may start it").
 */
import { z } from 'zod';
import { fileType, instanceRecord } from './record.ts';

export const replicaRecord = z.strictObject({
  version: z.literal(1),
  /** random at each write */
  copy: z.string(),
  /** the node whose images were copied, or which left these behind when it handed over */
  source: z.string(),
  /**
   * The record under which the images were last written, with the paths that they have here. Whoever takes over from the replica
   * names its id as an ancestor: the branch that went on from there has another id, and shows as a fork.
   */
  record: instanceRecord,
  /** content hash (core/storage/content.ts) of each image as it was proved; null where nobody has read it since it was the instance's own */
  disks: z
    .array(
      z.strictObject({
        file: z.string().min(1).max(255),
        type: fileType,
        /** size that the guest sees, bytes */
        size: z.number().int().min(512),
        content: z
          .string()
          .regex(/^[0-9a-f]{64}$/)
          .nullable(),
      }),
    )
    .max(26),
  /** ISO 8601: when the guest had last been stopped for it, at the latest */
  when: z.string(),
  written: z.strictObject({ by: z.string(), run: z.string() }),
});
export type ReplicaRecord = z.infer<typeof replicaRecord>;
