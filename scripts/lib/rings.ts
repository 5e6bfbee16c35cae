import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { root, runCommand } from './command.ts';
import { type Part, runPart } from './part.ts';
import { type Tally, tallyOfReport } from './report.ts';

/** A ring of tests: a project of vitest.config.ts, and how long it may take at most, in ms. */
interface Ring {
  readonly name: string;
  readonly heading: string;
  readonly limit: number;
}

const minute = 60_000;

/** What `npm test` runs, from the quickest to the slowest. The limits only end a run that hangs. */
export const quickRings: readonly Ring[] = [
  { name: 'pure', heading: 'the domain, the scripts and the views, without I/O', limit: 5 * minute },
  {
    name: 'node',
    heading: 'SSH, engine, library and practice cluster, against real sshd',
    limit: 15 * minute,
  },
  { name: 'cli', heading: 'the command line', limit: 15 * minute },
  { name: 'window', heading: 'the window, in Chromium', limit: 15 * minute },
];

/** What takes minutes, for `npm test -- long` and CI: long walks, and every step cut off once. */
export const longRing: Ring = {
  name: 'long',
  heading: 'long walks; killed, cut off and unplugged at every step',
  limit: 20 * minute,
};

export const xenRing: Ring = { name: 'xen', heading: 'two real Xen nodes in QEMU', limit: 75 * minute };

/** Runs one ring and counts its tests. */
export function runRing(ring: Ring, filters: readonly string[] = []): Promise<Part> {
  return runPart(ring.name, ring.heading, () => vitest(ring, filters));
}

async function vitest(ring: Ring, filters: readonly string[]): Promise<Tally> {
  const directory = await mkdtemp(path.join(tmpdir(), 'vbdesk-ring-'));
  const report = path.join(directory, 'report.json');
  try {
    const { code, text } = await runCommand(
      process.execPath,
      [
        'node_modules/vitest/vitest.mjs',
        'run',
        `--project=${ring.name}`,
        '--reporter=default',
        '--reporter=json',
        `--outputFile.json=${report}`,
        ...filters,
      ],
      { inherit: true, limit: ring.limit },
    );
    const json = await readFile(report, 'utf8').catch(() => null);
    if (json === null) throw new Error(`vitest ended (${text}) without a report: no tests, or it was ended`);
    const tally = tallyOfReport(ring.name, json, root);
    if (code !== 0 && tally.failed === 0) {
      const failures = [`${ring.name}: vitest ended with ${text} although every test passed`];
      return { ...tally, failed: 1, failures };
    }
    return tally;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
