/**
 * Whether anything but its own header says what an image is. A guest can write any header into its raw disk: taken for what that
 * says, the disk would give the guest whatever other files the header names.
 */
import { backingIsKnown, backingOf } from '../../cluster/backing.ts';
import type { ImageFacts } from '../../cluster/snapshot.ts';
import { parseKeptName } from '../../storage/kept-names.ts';
import type { Reason } from '../reason.ts';
import { blocks, consent } from '../scene.ts';

/** `by`: who says it, as the beginning of a sentence that goes on with the type. */
export type ToldType = { type: string; by: string };

/** The type that was recorded of a file that was a disk, as the name tells under which it is kept. */
export const typeByName = (name: string): ToldType | null => {
  const type = parseKeptName(name)?.type ?? null;
  return type === null ? null : { type, by: `By its name ${name} was a disk of the type` };
};

/**
 * @param told what xen.cfg, a record or a kept name says; null: nothing does
 * @param about `ifWrong`: what a person can do about a contradiction, one sentence. `nodeLooks`: a base that is not known here is
 *   refused on the node
 */
export const typeIsTold = (
  path: string,
  file: ImageFacts,
  told: ToldType | null,
  about: { ifWrong: string; nodeLooks?: true; node: string; field: string },
): Reason[] => {
  const { ifWrong, nodeLooks, node, field } = about;
  const { type } = file;
  if (type === null || told?.type === type) return [];
  if (told !== null)
    return [
      blocks(
        'format',
        'Type',
        `${told.by} ${told.type}, and its header says ${type}: a guest can write any header into a raw disk, and would be given whatever files it names, so one of them is wrong. ${ifWrong}`,
        { node, field },
      ),
    ];
  if (type === 'raw') return [];
  const named = backingOf(file);
  const wasDisk = parseKeptName(file.name) !== null;
  if (named === null && (nodeLooks || backingIsKnown(file)) && !wasDisk) return [];
  return [
    consent(
      'type-by-header',
      'Type',
      `Nothing but its own header says that ${path} is ${type}${named === null ? '' : ` and builds on ${named}`}. A guest can write such a header into its raw disk, and would then be given what it names. Agree only if you know that this was never a raw disk of a guest.`,
      { node, field },
    ),
  ];
};
