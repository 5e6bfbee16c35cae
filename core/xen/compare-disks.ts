import { disksOfConfig, readInstanceConfig } from './config-reader.ts';
import { type DiskSpec, driverOf, mayBeFile, plainPath } from './disk-spec.ts';
import type { DiskFacts } from './disk-writer.ts';

/** One disagreement between a record and its xen.cfg, as one sentence. `index` is the disk's in the record, -1 for none. */
export type DiskDifference = {
  code:
    | 'unreadable'
    | 'missing-in-config'
    | 'missing-in-record'
    | 'path'
    | 'type'
    | 'driver'
    | 'vdev'
    | 'mode'
    | 'twice';
  index: number;
  message: string;
};

function compareOne(index: number, record: DiskFacts, config: DiskSpec): DiskDifference[] {
  const differences: DiskDifference[] = [];
  const differ = (code: DiskDifference['code'], what: string, ours: string, theirs: string) => {
    differences.push({
      code,
      index,
      message: `Disk ${index} (${record.path}): the record says ${what} ${ours}, xen.cfg says ${theirs}.`,
    });
  };
  if (config.target !== record.path) differ('path', 'path', record.path, config.target || 'none');
  if (config.vdev !== record.vdev) differ('vdev', 'device', record.vdev, config.vdev);
  if (config.format !== record.fileType) differ('type', 'type', record.fileType, config.format);
  const driver = driverOf(config);
  // A wrong type brings a wrong driver along; one sentence is enough.
  if (driver !== record.driver && config.format === record.fileType) {
    differ('driver', 'driver', record.driver, driver ?? 'none of the file drivers');
  }
  if (config.access !== record.mode) differ('mode', 'access', record.mode, config.access);
  return differences;
}

/** Files that a replicated disk (COLO) opens besides its image, to write to them. */
const besides = ({ options }: DiskSpec): string[] =>
  options.flatMap((each) => {
    const file = /^(?:active|hidden)-disk=(.+)$/.exec(each)?.[1];
    return file === undefined || plainPath(file).startsWith('/dev/') ? [] : [file];
  });

/**
 * Compares the disks of a record with those of its xen.cfg, by path first and then by device. CD drives and disks of xen.cfg that
 * can't be image files are left alone, unless they hold a device of the record.
 * @param recordDisks in the order of the record
 * @param text of xen.cfg
 * @returns every disagreement; none when a start would attach exactly what the record says. Never throws.
 */
export function compareDisks(recordDisks: readonly DiskFacts[], text: string): DiskDifference[] {
  return compareDisksRead(recordDisks, readInstanceConfig(text));
}

/** The same, of an xen.cfg that was read already. */
export function compareDisksRead(
  recordDisks: readonly DiskFacts[],
  reading: ReturnType<typeof readInstanceConfig>,
): DiskDifference[] {
  if (!reading.ok) {
    const { message, line, column } = reading.error;
    return [
      {
        code: 'unreadable',
        index: -1,
        message: `xen.cfg can't be read at line ${line}, column ${column}: ${message}`,
      },
    ];
  }
  const { config } = reading;
  const differences: DiskDifference[] = config.diskProblems.map((message) => ({
    code: 'unreadable',
    index: -1,
    message: `xen.cfg: ${message}`,
  }));
  const left = new Set(disksOfConfig(config));
  const take = (fits: (disk: DiskSpec) => boolean): DiskSpec | undefined => {
    for (const disk of left) {
      if (!fits(disk)) continue;
      left.delete(disk);
      return disk;
    }
    return undefined;
  };
  const byPath = recordDisks.map((record) => take((disk) => disk.target === record.path));
  for (const [index, record] of recordDisks.entries()) {
    const disk = byPath[index] ?? take((other) => other.vdev === record.vdev);
    if (disk) differences.push(...compareOne(index, record, disk));
    else {
      differences.push({
        code: 'missing-in-config',
        index,
        message: `Disk ${index} (${record.path}) is in the record, but not in xen.cfg.`,
      });
    }
  }
  const own = recordDisks.map((record) => plainPath(record.path));
  const stranger = (path: string, device: string): DiskDifference => ({
    code: 'missing-in-record',
    index: -1,
    message: `xen.cfg attaches ${path || 'an image without a path'} as ${device}, but the record has no such disk.`,
  });
  for (const disk of left) {
    const twice = disk.target === '' ? -1 : own.indexOf(plainPath(disk.target));
    if (twice >= 0) {
      differences.push({
        code: 'twice',
        index: twice,
        message: `xen.cfg attaches ${disk.target} twice, again as ${disk.vdev}.`,
      });
    } else if (!disk.cdrom && mayBeFile(disk)) differences.push(stranger(disk.target, disk.vdev));
  }
  for (const disk of disksOfConfig(config))
    differences.push(...besides(disk).map((file) => stranger(file, `a part of ${disk.vdev}`)));
  return differences;
}
