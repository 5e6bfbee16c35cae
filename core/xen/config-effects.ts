/** What changed between two configurations, and what of it needs a restart before a running guest has it. */
import { effectOfKey, type KeyEffect, kindOfKey } from './config-keys.ts';
import { type ConfigTree, getNumber, getSetting, keysOf } from './config-syntax.ts';
import { sameValue } from './config-values.ts';

export type KeyChange = {
  key: string;
  effect: KeyEffect;
  /** The command of xl by which a running domain gets it without a restart; null where there is none. */
  command: string | null;
};

/** Memory and processors change in a running domain only up to what it was started with. */
const LIMITS: Record<string, string> = { memory: 'maxmem', vcpus: 'maxvcpus' };

const isBeyond = (before: ConfigTree, after: ConfigTree, key: string): boolean => {
  const limit = Object.hasOwn(LIMITS, key) ? LIMITS[key] : undefined;
  if (limit === undefined) return false;
  const wanted = getNumber(after, key);
  const most = getNumber(before, limit) ?? getNumber(before, key);
  return wanted === null || most === null || wanted > most;
};

/** Every key whose value differs, those of `after` first. Layout, comments and notation make no difference. */
export const changedKeys = (before: ConfigTree, after: ConfigTree): KeyChange[] =>
  [...new Set([...keysOf(after), ...keysOf(before)])].flatMap((key) => {
    const one = getSetting(before, key);
    const other = getSetting(after, key);
    // xl passes over a number behind "+=", so the same digits say something else
    const seen = kindOfKey(key) !== 'number' || getNumber(before, key) === getNumber(after, key);
    if (seen && one !== undefined && other !== undefined && sameValue(one, other)) return [];
    const { effect, command } = effectOfKey(key);
    return isBeyond(before, after, key)
      ? [{ key, effect: 'restart' as const, command: null }]
      : [{ key, effect, command }];
  });
