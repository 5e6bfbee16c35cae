import { checkDriver, type Dialect, DRIVER_ENTRIES, type FileDriver } from '../storage/drivers.ts';
import type { SniffedFileType } from '../storage/file-types.ts';
import { validateAbsolutePath } from '../storage/paths.ts';
import { isPlainVdev, VDEV_RULE } from './vdev.ts';

/** A disk as the record has it. */
export type DiskFacts = {
  driver: FileDriver;
  fileType: SniffedFileType;
  /** Absolute path of the image on the node. */
  path: string;
  /** Such as `xvda` or `sda1`. */
  vdev: string;
  mode: 'rw' | 'ro';
};

/** A disk of a record, whose `logical_id` is driver, file type and path. */
export const diskFacts = ({
  logical_id: [driver, fileType, path],
  vdev,
  mode,
}: {
  logical_id: readonly [FileDriver, SniffedFileType, string];
  vdev: string;
  mode: 'rw' | 'ro';
}): DiskFacts => ({ driver, fileType, path, vdev, mode });

export type WrittenDisk = { ok: true; text: string } | { ok: false; message: string };

/**
 * Writes one entry of `disk = [ … ]`.
 * @param dialect `xl`: `format=…, target=/path` with the target last; `xm`: `file:/path,sda1,w`, which has no way to write a
 *   path with a comma, a colon or an equals sign, so that such a path is refused
 */
export function writeDisk(disk: DiskFacts, dialect: Dialect): WrittenDisk {
  const served = checkDriver(disk.driver, disk.fileType, dialect);
  if (!served.ok) return served;
  const path = validateAbsolutePath(disk.path);
  if (!path.ok) return path;
  if (!isPlainVdev(disk.vdev))
    return { ok: false, message: `${JSON.stringify(disk.vdev)} is no virtual device. ${VDEV_RULE}` };
  const entry = DRIVER_ENTRIES[disk.driver];
  if (dialect === 'xl') {
    const form = entry.xl[disk.fileType];
    if (!form) return { ok: false, message: `xl can't attach ${disk.fileType} with ${disk.driver}.` };
    // xl drops one comma at the very end of a target.
    if (disk.path.endsWith(','))
      return { ok: false, message: `xl can't read a path that ends in a comma: ${disk.path}` };
    const parts = [
      `format=${form.format}`,
      `vdev=${disk.vdev}`,
      `access=${disk.mode}`,
      `backendtype=${form.backendtype}`,
      `target=${disk.path}`,
    ];
    return { ok: true, text: parts.join(', ') };
  }
  const prefix = entry.xm[disk.fileType];
  if (prefix === undefined)
    return { ok: false, message: `xm can't attach ${disk.fileType} with ${disk.driver}.` };
  const special = /[,:=]/.exec(disk.path)?.[0];
  if (special !== undefined) {
    return {
      ok: false,
      message: `xm can't read a path with "${special}": ${disk.path}. Choose a directory and file names without , : and =.`,
    };
  }
  return { ok: true, text: `${prefix}${disk.path},${disk.vdev},${disk.mode === 'rw' ? 'w' : 'r'}` };
}
