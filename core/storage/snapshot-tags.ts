import { accepted, type Checked, refused, shown } from './checked.ts';

export const SNAPSHOT_TAG_RULE =
  'A snapshot is called by a letter or digit and then up to 63 letters, digits, dots, underscores and hyphens, with at least one that is no digit, such as before-upgrade.';

/** Checks the tag of a snapshot. qemu-img takes a number for a snapshot's id, so that one alone could mean another snapshot. */
export function validateSnapshotTag(text: string): Checked {
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(text) && !/^[0-9]+$/.test(text)
    ? accepted(text)
    : refused(`${shown(text)} can't be the tag of a snapshot. ${SNAPSHOT_TAG_RULE}`);
}
