import { defineConfig } from 'vitest/config';

/**
 * The rings of tests, each its own project: `vitest run --project node`, or just name the files.
 * Rings, from the quickest to the slowest: pure, node (real sshd), cli, window (Chromium), long (walks of a minute; killed, cut off
 * and unplugged at every step: *.long.test.ts), xen (QEMU).
 */
const long = '**/*.long.test.ts';
const ring = (name: string, include: string[], settings: { globalSetup?: string[] } = {}) => ({
  extends: true as const,
  test: { name, include, exclude: name === 'long' ? [] : [long], ...settings },
});

export default defineConfig({
  test: {
    environment: 'node',
    pool: 'forks',
    // Most of a test is waiting: for guests, for processes, for a page.
    maxWorkers: 3,
    retry: 0,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    teardownTimeout: 30_000,
    // A ring without tests is an error, here and in scripts/test.mjs.
    passWithNoTests: false,
    allowOnly: false,
    projects: [
      ring('pure', [
        'test/core/**/*.test.{ts,tsx}',
        'test/scripts/**/*.test.ts',
        'test/renderer/**/*.test.{ts,tsx}',
      ]),
      ring('node', ['test/main/**/*.test.ts']),
      ring('cli', ['test/cli/**/*.test.ts']),
      ring('window', ['test/e2e/**/*.test.ts', 'test/window/**/*.test.ts', 'test/support/**/*.test.ts'], {
        globalSetup: ['test/window/fixture/build-once.ts'],
      }),
      ring('long', [`test/${long}`]),
      {
        extends: true as const,
        test: {
          name: 'xen',
          include: ['test/xen/**/*.test.ts'],
          // One lab, two emulated nodes: the files share them, so one after another, and slowly.
          fileParallelism: false,
          maxWorkers: 1,
          testTimeout: 15 * 60_000,
          hookTimeout: 30 * 60_000,
        },
      },
    ],
  },
});
