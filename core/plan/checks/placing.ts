/** Where a new instance shall run, and of what it boots. */
import { storageOf } from '../../cluster/lookup.ts';
import type { GuestSettings } from '../../cluster/record.ts';
import type { Reason } from '../reason.ts';
import { blocks, passed, type Scene, warning } from '../scene.ts';
import { mustAnswer } from './nodes.ts';

export const secondaryFits = (
  scene: Scene,
  intent: { primary: string; secondary: string | null; storageDirectory: string },
): Reason[] => {
  const { primary, secondary, storageDirectory } = intent;
  if (secondary === null)
    return [
      warning(
        'no-secondary',
        'Secondary',
        'There is no secondary: a failover will have to name its target.',
        { field: 'secondary' },
      ),
    ];
  if (secondary === primary)
    return [
      blocks('same-node', 'Secondary', `${secondary} is the primary already: choose another node, or none.`, {
        field: 'secondary',
      }),
    ];
  const view = scene.lookup.byName.get(secondary);
  if (!view) return mustAnswer(scene, secondary, 'Secondary', 'secondary');
  if (!view.facts)
    return [
      warning(
        'secondary-unseen',
        'Secondary',
        `${secondary} was never seen, so whether it can take the instance over is not known.`,
        { node: secondary, field: 'secondary' },
      ),
    ];
  const here = storageOf(scene.lookup.byName.get(primary), storageDirectory);
  const there = storageOf(view, storageDirectory);
  return here?.id && there?.id === here.id
    ? [
        passed('secondary', 'Secondary', `${secondary} sees the same storage as ${primary}.`, {
          node: secondary,
        }),
      ]
    : [
        warning(
          'secondary-storage',
          'Secondary',
          `${secondary} does not see ${storageDirectory} of ${primary}, so a failover needs a copy of the images.`,
          { node: secondary, field: 'secondary' },
        ),
      ];
};

/** A guest that is no HVM one needs something to boot. */
export const bootIsSaid = (guest: Pick<GuestSettings, 'type' | 'kernel' | 'bootloader'>): Reason[] =>
  guest.type !== 'hvm' && !guest.kernel && !guest.bootloader
    ? [
        blocks(
          'no-boot',
          'Boot',
          `A ${guest.type} guest needs a kernel, or a bootloader such as pygrub: -H kernel=/boot/vmlinuz-… or -H bootloader=pygrub.`,
          { field: 'guest.kernel' },
        ),
      ]
    : [];
