/** Sizes of disks and memory. Inside they are whole bytes (or whole MiB for memory); nothing is ever rounded. */

export const KIBIBYTE = 1024;
export const MEBIBYTE = 1024 ** 2;
export const GIBIBYTE = 1024 ** 3;
export const TEBIBYTE = 1024 ** 4;
export const PEBIBYTE = 1024 ** 5;

/** A disk is made of sectors of this many bytes. */
export const SECTOR_BYTES = 512;

/** The largest size: the last whole sector that a JavaScript number holds exactly, just under 8 PiB. */
export const MAXIMUM_SIZE_BYTES = Number.MAX_SAFE_INTEGER + 1 - SECTOR_BYTES;

export type SizeResult = { ok: true; bytes: number } | { ok: false; message: string };
export type MemoryResult = { ok: true; mebibytes: number } | { ok: false; message: string };

const UNIT_BYTES: Record<string, bigint> = {
  b: 1n,
  k: 1024n,
  m: 1024n ** 2n,
  g: 1024n ** 3n,
  t: 1024n ** 4n,
  p: 1024n ** 5n,
};

const NUMBER_AND_UNIT = /^([0-9]{1,20})(?:\.([0-9]{1,20}))?[ ]?(?:(b)|(?:([kmgtp])(?:i?b)?))?$/i;

const SIZE_RULE =
  'A size is a number above 0 with B, K, M, G, T or P (powers of 1024), such as 5G, 1.5G or 512M; ' +
  'a number alone is MiB; it must be a whole number of 512-byte sectors and less than 8 PiB.';

const MEMORY_RULE =
  'Memory is a whole number of MiB above 0, such as 512M or 2G (powers of 1024); a number alone is MiB.';

type Exact = { ok: true; bytes: bigint } | { ok: false; problem: string };

function exactBytes(text: string): Exact {
  const match = NUMBER_AND_UNIT.exec(text);
  if (!match) return { ok: false, problem: `${JSON.stringify(text.slice(0, 60))} is not a size.` };
  const whole = match[1] ?? '0';
  const fraction = match[2] ?? '';
  const letter = (match[3] ?? match[4] ?? 'm').toLowerCase();
  const unit = UNIT_BYTES[letter] ?? 1n;
  const scale = 10n ** BigInt(fraction.length);
  const scaled = BigInt(whole + fraction) * unit;
  if (scaled % scale !== 0n) return { ok: false, problem: `${text} is not a whole number of bytes.` };
  return { ok: true, bytes: scaled / scale };
}

/**
 * Reads the size of a disk.
 * @param text such as `5G`, `512 MiB`, `1.5g`, `4096B`; a bare number is MiB, as in Ganeti
 * @returns whole bytes, a multiple of 512, or a sentence that says what is allowed
 */
export function parseSize(text: string): SizeResult {
  const exact = exactBytes(text.trim());
  if (!exact.ok) return { ok: false, message: `${exact.problem} ${SIZE_RULE}` };
  if (exact.bytes === 0n) return { ok: false, message: `A disk of size 0 can hold nothing. ${SIZE_RULE}` };
  if (exact.bytes > BigInt(MAXIMUM_SIZE_BYTES))
    return { ok: false, message: `${text} is too large. ${SIZE_RULE}` };
  if (exact.bytes % BigInt(SECTOR_BYTES) !== 0n) {
    return { ok: false, message: `${text} is not a whole number of sectors. ${SIZE_RULE}` };
  }
  return { ok: true, bytes: Number(exact.bytes) };
}

/** Reads an amount of memory, in the same notation as sizes. Returns whole MiB, at most 16 TiB. */
export function parseMemory(text: string): MemoryResult {
  const exact = exactBytes(text.trim());
  if (!exact.ok) return { ok: false, message: `${exact.problem} ${MEMORY_RULE}` };
  if (exact.bytes === 0n) return { ok: false, message: `A domain can't live in no memory. ${MEMORY_RULE}` };
  if (exact.bytes % BigInt(MEBIBYTE) !== 0n) {
    return { ok: false, message: `${text} is not a whole number of MiB. ${MEMORY_RULE}` };
  }
  if (exact.bytes > 16n * BigInt(TEBIBYTE)) {
    return { ok: false, message: `${text} is more than the 16 TiB that Xen can manage. ${MEMORY_RULE}` };
  }
  return { ok: true, mebibytes: Number(exact.bytes / BigInt(MEBIBYTE)) };
}

const UNITS = [
  { name: 'PiB', letter: 'P', bytes: PEBIBYTE },
  { name: 'TiB', letter: 'T', bytes: TEBIBYTE },
  { name: 'GiB', letter: 'G', bytes: GIBIBYTE },
  { name: 'MiB', letter: 'M', bytes: MEBIBYTE },
  { name: 'KiB', letter: 'K', bytes: KIBIBYTE },
] as const;

/**
 * Shows bytes to a person without losing any: `5 GiB`, `1.5 GiB`, `1537 MiB`, else
 * `5.00 GiB (5368709121 bytes)`.
 * @param bytes a whole number from 0 up
 */
export function formatBytes(bytes: number): string {
  const first = UNITS.findIndex((unit) => bytes >= unit.bytes);
  if (first < 0) return `${bytes} ${bytes === 1 ? 'byte' : 'bytes'}`;
  const largest = UNITS[first];
  const next = UNITS[first + 1];
  if (!largest) return `${bytes} bytes`;
  // Division by a power of two is exact, so this asks truly whether two decimals say it all.
  const hundredths = (bytes / largest.bytes) * 100;
  if (Number.isInteger(hundredths) && (hundredths / 100) * largest.bytes === bytes) {
    return `${hundredths / 100} ${largest.name}`;
  }
  if (next && bytes % next.bytes === 0 && bytes / next.bytes < 10 * 1024) {
    return `${bytes / next.bytes} ${next.name}`;
  }
  return `${(bytes / largest.bytes).toFixed(2)} ${largest.name} (${bytes} bytes)`;
}

/** Shows MiB to a person: `512 MiB`, `2 GiB`. */
export function formatMebibytes(mebibytes: number): string {
  return formatBytes(mebibytes * MEBIBYTE);
}

/** Writes bytes so that {@link parseSize} reads the same number again, as short as can be: `5G`, `1537M`, `1536B`. */
export function formatSizeArgument(bytes: number): string {
  for (const unit of UNITS) {
    if (bytes > 0 && bytes % unit.bytes === 0) return `${bytes / unit.bytes}${unit.letter}`;
  }
  return `${bytes}B`;
}
