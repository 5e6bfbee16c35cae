/** Seeded identifiers: pure, so that a plan made again from the same facts carries the same ones. */

/** FNV-1a over the text, 32 bits. */
const hash = (text: string, basis: number): number => {
  let value = basis >>> 0;
  for (let index = 0; index < text.length; index += 1)
    value = Math.imul(value ^ text.charCodeAt(index), 16777619) >>> 0;
  // final avalanche (murmur3), so that close labels give distant values
  value = Math.imul(value ^ (value >>> 16), 2246822507) >>> 0;
  value = Math.imul(value ^ (value >>> 13), 3266489909) >>> 0;
  return (value ^ (value >>> 16)) >>> 0;
};

/**
 * `seed` holds the real randomness (at least 128 bits of it, as text); the result is 32 hex digits for each label.
 * Each of its four words mixes the whole seed, so two seeds collide on all of them with probability 2^-128.
 */
export const seededRandom =
  (seed: string) =>
  (label: string): string =>
    [0x811c9dc5, 0x1b873593, 0xcc9e2d51, 0x85ebca6b]
      .map((basis) => hash(`${seed}\n${label}`, basis).toString(16).padStart(8, '0'))
      .join('');

/** A version-4 UUID from 32 hex digits. */
export const uuidFrom = (hex: string): string => {
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 3) | 8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
};
