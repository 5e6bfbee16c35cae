/** What the header of an image file tells: its type, what a guest sees of it, and on what it builds. */
import type { ImageFacts } from '../../core/cluster/snapshot.ts';
import { type SniffedFileType, sniffFileType } from '../../core/storage/file-types.ts';

/** Bytes that the probe reads of a file whose header goes on behind the first ones: as far as qemu-img ever puts the name of a base. */
export const LONGER_BYTES = 2048;
/** A VHD ends with a footer of so many bytes. */
export const FOOTER_BYTES = 512;
/** The longest name of a base that a header may hold. */
const longestName = 1023;

type Header = Pick<ImageFacts, 'type' | 'virtualSize' | 'backing' | 'fixedVhd'>;

/** Makes a path on a practice node's directory one on the node; on a real node it is one. */
export type Logical = (path: string) => string;

/**
 * @param root where the node keeps its files on this machine; '' on a real node
 * @param directories its storage directories: an image that another practice node made names that node's root
 */
export const logicalNames =
  (root: string, directories: readonly string[]): Logical =>
  (name) => {
    if (root === '' || !name.startsWith('/')) return name;
    if (name.startsWith(`${root}/`)) return name.slice(root.length);
    const at = Math.max(...directories.map((each) => name.lastIndexOf(`${each}/`)));
    return at > 0 ? name.slice(at) : name;
  };

const has = (head: Buffer, bytes: number): boolean => head.length >= bytes;
const sizeOf = (value: bigint): number | null => {
  const size = Number(value);
  return Number.isSafeInteger(size) ? size : null;
};

/** Bytes that a guest sees; null where these bytes don't tell. */
const virtualSizeOf = (type: SniffedFileType, head: Buffer): number | null => {
  switch (type) {
    case 'qcow':
    case 'qcow2':
      return has(head, 32) ? sizeOf(head.readBigUInt64BE(24)) : null;
    case 'vmdk':
      if (!has(head, 36)) return null;
      if (head.toString('latin1', 0, 4) === 'COWD') return head.readUInt32LE(12) * 512;
      // one part of several tells its own size; one without a description is such a part for sure
      return head.toString('latin1', 0, 4) === 'KDMV' && head.readBigUInt64LE(28) > 0n
        ? sizeOf(head.readBigUInt64LE(12) * 512n)
        : null;
    case 'vhd':
      return has(head, 56) ? sizeOf(head.readBigUInt64BE(48)) : null;
    case 'vdi':
      return has(head, 376) ? sizeOf(head.readBigUInt64LE(368)) : null;
    default:
      return null;
  }
};

/** The name of the base; null when there is none, undefined when these bytes don't tell. */
const backingOf = (type: SniffedFileType, head: Buffer, logical: Logical): string | null | undefined => {
  if ((type !== 'qcow' && type !== 'qcow2') || !has(head, 20)) return undefined;
  const at = sizeOf(head.readBigUInt64BE(8));
  const length = head.readUInt32BE(16);
  if (at === 0) return null;
  if (at === null || length === 0 || length > longestName || !has(head, at + length)) return undefined;
  const name = head.toString('utf8', at, at + length);
  // what can't be told exactly is not told
  if (/[\p{Cc}\uFFFD]/u.test(name)) return undefined;
  return logical(name);
};

/** Of the footer: what a guest sees; null for a kind of disk that has its data elsewhere, too. */
const fixedVhdSize = (footer: Buffer): number | null =>
  footer.readUInt32BE(60) === 2 ? sizeOf(footer.readBigUInt64BE(48)) : null;

/**
 * @param head the first bytes of the file, as many as were read; undefined when none were
 * @param logical of the name of a base
 * @param tail its last 512 bytes, where they were read
 */
export const readImageHeader = (head: Buffer | undefined, logical: Logical, tail?: Buffer): Header => {
  if (head === undefined) return { type: null };
  const type = sniffFileType(head);
  // known, but nothing that a record can name: shown as a file of no known type
  if (type === 'qed') return { type: null };
  // its data lie in another file, whichever its header names: no disk is ever such an image
  if (type === 'qcow2' && has(head, 80) && head.readUInt32BE(4) >= 3 && (head.readUInt8(79) & 4) !== 0)
    return { type: null };
  const fixedVhd =
    type === 'raw' && tail?.length === FOOTER_BYTES && sniffFileType(head, tail) === 'vhd'
      ? fixedVhdSize(tail)
      : null;
  const virtualSize = virtualSizeOf(type, head);
  const backing = backingOf(type, head, logical);
  return {
    type,
    ...(virtualSize !== null && { virtualSize }),
    ...(backing !== undefined && { backing }),
    ...(fixedVhd !== null && { fixedVhd }),
  };
};
