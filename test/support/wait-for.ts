import { setTimeout as wait } from 'node:timers/promises';

/**
 * Waits until `condition` gives something other than undefined, null and false. The limit is generous, because it only matters
 * when the test fails anyway.
 */
export async function waitFor<T>(
  what: string,
  condition: () => T | Promise<T>,
  limitMs = 55_000,
): Promise<Exclude<T, undefined | null | false>> {
  const start = performance.now();
  for (;;) {
    const value = await condition();
    if (isThere(value)) return value;
    if (performance.now() - start > limitMs) throw new Error(`Waited ${limitMs} ms in vain for: ${what}`);
    await wait(20);
  }
}

function isThere<T>(value: T): value is Exclude<T, undefined | null | false> {
  return value !== undefined && value !== null && value !== false;
}
