import { FILE_TYPES, type FileType, type SniffedFileType } from './file-types.ts';

/** The registry of file drivers: a new one is one entry here. */

export const FILE_DRIVERS = ['loop', 'blktap', 'ublkback'] as const;
export type FileDriver = (typeof FILE_DRIVERS)[number];

/** The two languages of disk lines: `xl` of every current Xen, `xm` of Xen up to 4.4 and of the design document. */
export const DIALECTS = ['xl', 'xm'] as const;
export type Dialect = (typeof DIALECTS)[number];

/** How xl is told to serve a file type: its `format=` and `backendtype=`. */
export type XlForm = { format: 'raw' | 'qcow' | 'qcow2'; backendtype: 'phy' | 'qdisk' };

export type DriverEntry = {
  name: FileDriver;
  title: string;
  /** Why it can't be chosen; absent when it can. */
  unavailable?: string;
  /** One line on what it is on a current Xen. */
  today: string;
  /** Per file type, what stands in the disk line. A type that is absent is not served in that dialect. */
  xl: Partial<Record<SniffedFileType, XlForm>>;
  /** Per file type, the prefix of the path, such as `tap:aio:`. */
  xm: Partial<Record<SniffedFileType, string>>;
  /** What a node must have. */
  needs: readonly string[];
  advantages: readonly string[];
  disadvantages: readonly string[];
};

export const DRIVER_ENTRIES: Record<FileDriver, DriverEntry> = {
  loop: {
    name: 'loop',
    title: 'Loopback driver',
    today:
      'The kernel of Dom0 makes a block device of the file; this is what xl does with raw files by itself.',
    xl: { raw: { format: 'raw', backendtype: 'phy' } },
    xm: { raw: 'file:' },
    needs: ['the kernel module loop and a free loop device', "Xen's block hotplug script"],
    advantages: [
      'In nearly every kernel',
      'Stable: it has been in the kernel for a long time',
      'Easy to set up',
    ],
    disadvantages: [
      'Buffers writes very aggressively, which can hurt the guest file system when the host crashes',
      'Heavy writing can exhaust the memory of Dom0',
      'Slows down much under heavy I/O',
      'Old kernels offer only 8 loop devices by default',
      'Serves raw files only, no QCOW',
    ],
  },
  blktap: {
    name: 'blktap',
    title: 'blktap driver',
    today:
      'Current Xen has no blktap of its own any more; QEMU (qdisk) does its work: asynchronous, and with QCOW.',
    xl: {
      raw: { format: 'raw', backendtype: 'qdisk' },
      qcow: { format: 'qcow', backendtype: 'qdisk' },
      qcow2: { format: 'qcow2', backendtype: 'qdisk' },
    },
    xm: { raw: 'tap:aio:', qcow: 'tap:qcow:', qcow2: 'tap:qcow2:', vmdk: 'tap:vmdk:' },
    needs: ["QEMU as Xen's disk backend (xl), or the blktap kernel module and tapdisk (xm)"],
    advantages: [
      'Faster than the loopback driver, because it is asynchronous',
      'Scales better',
      "Safer for the guest's data: no cache of Dom0 stands between",
      'Recommended by the Xen developers, and part of Xen',
      'Serves QCOW files',
    ],
    disadvantages: [
      'The original is not enabled in most ready-made kernels',
      'Stable, but less tested than the loopback driver',
      'One QEMU process for every domain on current Xen',
    ],
  },
  ublkback: {
    name: 'ublkback',
    title: 'ublkback driver',
    unavailable:
      'No released Xen has ublkback: it was announced on the Xen roadmap when the design document was written and never came. ' +
      'Choose blktap, which serves the same file types.',
    today: 'Not available in any released Xen.',
    xl: {},
    xm: {},
    needs: ['a Xen that has it; there is none'],
    advantages: ['Would have served every file type that QEMU knows'],
    disadvantages: ['Does not exist'],
  },
};

export type DriverCheck = { ok: true } | { ok: false; message: string };

/** The file types that a driver serves in a dialect, in the order of the registry. */
export function fileTypesOf(driver: FileDriver, dialect: Dialect): FileType[] {
  const served = DRIVER_ENTRIES[driver][dialect];
  return FILE_TYPES.filter((type) => served[type] !== undefined);
}

/** Says whether a driver serves a file type in a dialect, and if not, what to do instead. */
export function checkDriver(driver: FileDriver, fileType: SniffedFileType, dialect: Dialect): DriverCheck {
  const entry = DRIVER_ENTRIES[driver];
  if (entry.unavailable) return { ok: false, message: entry.unavailable };
  if (entry[dialect][fileType] !== undefined) return { ok: true };
  const others = FILE_DRIVERS.filter((other) => DRIVER_ENTRIES[other][dialect][fileType] !== undefined);
  if (others.length === 0) {
    return {
      ok: false,
      message: `${dialect} can't attach ${fileType} images. Only a converted copy of the image can be a disk: vbdesk instance disk add INSTANCE import=PATH.`,
    };
  }
  const served = fileTypesOf(driver, dialect).join(', ');
  return {
    ok: false,
    message:
      `The driver ${driver} serves ${served} images, not ${fileType}. ` +
      `Choose the driver ${others.join(' or ')}, or a raw image.`,
  };
}
