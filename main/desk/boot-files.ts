import type { Intent } from '../../core/plan/intent.ts';

/** Files that a plan needs to know of, beside those that the configurations name. */
export const bootFilesOf = (intent: Intent): string[] =>
  intent.kind === 'create' || intent.kind === 'adopt'
    ? [intent.guest.kernel, intent.guest.ramdisk, intent.guest.bootloader].filter(
        (file): file is string => file?.startsWith('/') === true,
      )
    : [];
