import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { root, runCommand } from './command.ts';
import { type Part, runPart } from './part.ts';
import { type Tally, tallyOfOne } from './report.ts';

/** The rooms of the house. A check that does not see one of them would pass for the wrong reason. */
const rooms = ['core', 'main', 'preload', 'renderer', 'bin', 'scripts', 'test'];

interface Check {
  readonly name: string;
  readonly heading: string;
  readonly work: () => Promise<Tally>;
}

const checks: readonly Check[] = [
  {
    name: 'rooms',
    heading: `${rooms.join(', ')} are there`,
    work: async () => {
      const missing = rooms.filter((room) => sourcesOf(room).length === 0);
      if (missing.length > 0) throw new Error(`No sources in ${missing.join(', ')}`);
      return tallyOfOne('rooms', true);
    },
  },
  command('types', 'tsc, strict', 'tsc', ['--noEmit', '-p', 'tsconfig.json']),
  command('style', 'biome: format, lint, order of imports', 'biome', [
    'check',
    '--error-on-warnings',
    '--diagnostic-level=warn',
    '--max-diagnostics=50',
    '.',
  ]),
  command('promises', 'oxlint with types: no promise is left floating, nothing is any', 'oxlint', [
    '--type-aware',
    '--deny-warnings',
  ]),
  { name: 'imports', heading: 'dependency-cruiser: direction of imports', work: checkImports },
  command('leftovers', 'knip: unused files, exports and packages', 'knip', ['--no-progress']),
];

/**
 * Runs the static checks, two at a time, and prints each one's output when it is over.
 */
export async function runChecks(): Promise<Part[]> {
  const parts: Part[] = [];
  const waiting = [...checks];
  const worker = async () => {
    for (let check = waiting.shift(); check; check = waiting.shift()) {
      parts.push(await runPart(check.name, check.heading, check.work));
    }
  };
  await Promise.all([worker(), worker()]);
  const order = checks.map((check) => check.name);
  return parts.sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name));
}

/** A check that is one command: it passes when the command ends with 0, and its output is shown when not. */
function command(name: string, heading: string, program: string, args: readonly string[]): Check {
  const work = async () => {
    const { code, text, output } = await runCommand(program, args, { limit: 5 * 60_000 });
    if (code !== 0) process.stdout.write(`\n-- ${name} (${program}, ${text})\n${output}\n`);
    return tallyOfOne(`${name}: ${program}, ${text}`, code === 0);
  };
  return { name, heading, work };
}

const cruise = z.object({
  modules: z.array(z.object({ source: z.string() })),
  summary: z.object({
    violations: z.array(
      z.object({
        from: z.string(),
        to: z.string(),
        rule: z.object({ name: z.string(), severity: z.string() }),
      }),
    ),
  }),
});

/**
 * Direction of imports. dependency-cruiser that cannot read TypeScript says "no violations" of no modules, so every
 * source file of the checkout must be among those it saw.
 */
async function checkImports(): Promise<Tally> {
  const present = rooms.filter((room) => existsSync(path.join(root, room)));
  const { code, stdout, output } = await runCommand('depcruise', [...present, '--output-type', 'json'], {
    limit: 5 * 60_000,
  });
  if (!stdout.startsWith('{')) throw new Error(`depcruise failed (exit code ${code}):\n${output}`);
  const result = cruise.parse(JSON.parse(stdout));
  const seen = new Set(result.modules.map((module) => module.source));
  const unseen = present.flatMap(sourcesOf).filter((file) => !seen.has(file));
  if (unseen.length > 0) throw new Error(`dependency-cruiser did not see ${unseen.join(', ')}`);
  const problems = result.summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} -> ${to}`);
  if (problems.length > 0) throw new Error(`Imports that must not be:\n   ${problems.join('\n   ')}`);
  process.stdout.write(`   ${seen.size} modules seen\n`);
  return tallyOfOne('imports', true);
}

/** The source files of a room, as paths from the checkout's root. */
function sourcesOf(room: string): string[] {
  const directory = path.join(root, room);
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(ts|tsx|mjs)$/.test(entry.name))
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)));
}
