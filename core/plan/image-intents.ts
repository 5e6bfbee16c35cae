/** Intents about image files, whoever owns them. */
import { z } from 'zod';

const place = z.strictObject({ node: z.string().min(1).max(255), path: z.string().max(4096) });

/** The agent of this workstation may be used by the source's node, to log in on the target's; absent: as the OpenSSH configuration says. */
export const forwardAgent = z.literal(true);

/** One image, to another folder or node; its source is not in use, and there is no such target yet. */
export const copyImageIntent = z.strictObject({
  kind: z.literal('copy-image'),
  from: place,
  to: place,
  forwardAgent: forwardAgent.optional(),
});
/** An image that is no instance's disk, in another file type beside it or elsewhere; the image itself stays as it is. */
export const convertFileIntent = z.strictObject({
  kind: z.literal('convert-file'),
  node: place.shape.node,
  path: place.shape.path,
  type: z.enum(['raw', 'qcow2']),
  /** path of the new image, on the same node; absent: beside it, with the ending of its type */
  target: z.string().max(4096).optional(),
  /** what it is read as, for the one type whose mark is at the end of the file: a VHD of fixed size */
  from: z.literal('vhd').optional(),
});
/** The content of images on every node that has them. Of an instance, or of one path. */
export const compareImagesIntent = z.strictObject({
  kind: z.literal('compare-images'),
  subject: z.discriminatedUnion('of', [
    z.strictObject({ of: z.literal('instance'), instance: z.string().min(1).max(255) }),
    z.strictObject({ of: z.literal('path'), path: z.string().max(4096) }),
  ]),
});

/** An image that no instance owns, or a folder of them, goes into the trash. */
export const removeImageIntent = z.strictObject({
  kind: z.literal('remove-image'),
  node: z.string().min(1).max(255),
  path: z.string().max(4096),
});

export type CopyImageIntent = z.infer<typeof copyImageIntent>;
export type ConvertFileIntent = z.infer<typeof convertFileIntent>;
export type RemoveImageIntent = z.infer<typeof removeImageIntent>;
export type CompareImagesIntent = z.infer<typeof compareImagesIntent>;
