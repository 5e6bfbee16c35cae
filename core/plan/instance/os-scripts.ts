/** Changes by the scripts import, export and rename of an OS definition. */
import { z } from 'zod';

const path = z.string().startsWith('/');

export const osScripts = [
  /**
   * Runs another script of an OS definition, on raw images of a folder that the run has locked, each attached to a loop device for so
   * long: `import` writes the content of `file` to the disk of that index, `export` makes `file` of it (and gets the disk read-only),
   * `rename` tells the system in the images its new name. Variables as for run-os-create. Each at most once in a run. Undone by
   * detach-images, of an export by drop-export.
   */
  z.strictObject({
    do: z.literal('run-os-script'),
    folder: path,
    images: z.array(z.strictObject({ index: z.number().int().min(0), path, size: z.number().int() })).min(1),
    definition: path,
    api: z.number().int(),
    environment: z.record(z.string().regex(/^[A-Z][A-Z0-9_]*$/), z.string()),
    script: z.discriminatedUnion('name', [
      z.strictObject({ name: z.literal('rename') }),
      z.strictObject({ name: z.enum(['import', 'export']), index: z.number().int().min(0), file: path }),
    ]),
  }),
  /** Ends the loop device of an export of this run, and removes what it made, finished or not. */
  z.strictObject({ do: z.literal('drop-export'), folder: path, image: path, file: path }),
] as const;
