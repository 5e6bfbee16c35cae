/** File types of images: which there are, what speaks for and against them, and how their header gives them away. */

/** Types that a disk of ours may have. vmdk is served only by the old xm tools; elsewhere it must be converted. */
export const FILE_TYPES = ['raw', 'qcow', 'qcow2', 'vmdk'] as const;
export type FileType = (typeof FILE_TYPES)[number];

/** Types that are recognised so that they can be converted, never attached. */
export const FOREIGN_FILE_TYPES = ['vhd', 'vhdx', 'vdi', 'qed'] as const;
export type ForeignFileType = (typeof FOREIGN_FILE_TYPES)[number];

export type SniffedFileType = FileType | ForeignFileType;

export type FileTypeEntry = {
  name: FileType;
  title: string;
  /** For the place where it is chosen. */
  advantages: readonly string[];
  disadvantages: readonly string[];
};

export const FILE_TYPE_ENTRIES: Record<FileType, FileTypeEntry> = {
  raw: {
    name: 'raw',
    title: 'Raw disk image',
    advantages: [
      'Can be resized',
      'Takes only the space that is written, where the file system supports holes',
      'Simple, and easily exported: the file is the disk, byte for byte',
    ],
    disadvantages: ['Needs a file system that supports sparse files, else all of it is allocated (most do)'],
  },
  qcow: {
    name: 'qcow',
    title: 'QCOW disk image (version 1)',
    advantages: [
      'Small file even on file systems without holes',
      'Can hold only the changes made to another image',
      'Optional zlib compression and AES encryption inside the format',
    ],
    disadvantages: [
      'Superseded by qcow2; kept for images that exist',
      'Slower than raw, because every access looks up a table',
    ],
  },
  qcow2: {
    name: 'qcow2',
    title: 'QCOW2 disk image',
    advantages: [
      'Small file even on file systems without holes',
      'Snapshots; can hold only the changes made to another image',
      'Served by QEMU, which current Xen brings along',
    ],
    disadvantages: [
      'Slower than raw, because every access looks up a table',
      'Attached as raw by mistake, its data is destroyed',
    ],
  },
  vmdk: {
    name: 'vmdk',
    title: 'VMware disk image',
    advantages: ['Images made by VMware products can be brought along'],
    disadvantages: [
      'xl does not attach it: it is converted to raw or qcow2 before use',
      'Slow where it is served, because the driver is synchronous',
    ],
  },
};

/** How many bytes from the start of a file are read: 72 for {@link sniffFileType}, 80 for what a qcow2 image demands of its reader. */
export const SNIFF_BYTES = 80;

function startsWith(bytes: Uint8Array, text: string, at = 0): boolean {
  if (bytes.length < at + text.length) return false;
  for (let index = 0; index < text.length; index += 1) {
    if (bytes[at + index] !== text.charCodeAt(index)) return false;
  }
  return true;
}

/**
 * Tells a file's type by its header. A file without a known header is raw: raw has none.
 *
 * A guest can write any header into its raw disk. So an image that has a recorded type keeps it, and a header that says
 * otherwise is a disagreement to be shown, not a reason to change the record.
 * @param bytes the first {@link SNIFF_BYTES} or more bytes (fewer if the file is shorter)
 * @param tail the last 512 bytes, if they were read: a fixed-size VHD has its mark only there
 */
export function sniffFileType(bytes: Uint8Array, tail?: Uint8Array): SniffedFileType {
  if (startsWith(bytes, 'QFI\u00fb') && bytes.length >= 8) {
    const version = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(4);
    if (version === 1) return 'qcow';
    if (version >= 2) return 'qcow2';
  }
  if (startsWith(bytes, 'KDMV') || startsWith(bytes, 'COWD') || startsWith(bytes, '# Disk DescriptorFile'))
    return 'vmdk';
  if (startsWith(bytes, 'conectix')) return 'vhd';
  if (startsWith(bytes, 'vhdxfile')) return 'vhdx';
  if (startsWith(bytes, '\u007f\u0010\u00da\u00be', 64)) return 'vdi';
  if (startsWith(bytes, 'QED\0')) return 'qed';
  if (tail && tail.length >= 512 && startsWith(tail, 'conectix', tail.length - 512)) return 'vhd';
  return 'raw';
}
