/** Looks: actions that change nothing. They run on all their nodes at once and may be repeated. */
import { randomBytes } from 'node:crypto';
import type { Action } from '../../core/plan/action.ts';
import { proveShared, renderAction } from '../node/actions/index.ts';
import { prelude } from '../node/prelude.ts';
import { jobsEndedScript } from './job.ts';
import type { Shells } from './shells.ts';

export type Outcome = { ok: boolean; output: string; exitCode: number | null; message: string };

/** How long a look may take, ms: storage that hangs must not hang the run for ever. */
const lookTimeoutMs = 120_000;

/** Characters of a look's output that are kept in the journal. */
const outputLimit = 65536;

/** One script on one node, told as an outcome. An error of the connection rejects. */
export const runLook = async (
  shells: Shells,
  node: string,
  script: string,
  timeoutMs = lookTimeoutMs,
): Promise<Outcome> => {
  const result = await shells(node).run(`${prelude}\n${script}`, { timeoutMs, maxBytes: 1 << 20 });
  const stdout = result.stdout.toString().trimEnd();
  const stderr = result.stderr.toString().trimEnd();
  return {
    ok: result.code === 0,
    exitCode: result.code,
    output: [stdout, stderr].filter((part) => part !== '').join('\n'),
    message: result.code === 0 ? '' : stderr || stdout || `exit code ${result.code}`,
  };
};

/** A file with a random name, written through each node, opens through all the others: the same storage, in both directions. */
const lookWhetherShared = async (
  shells: Shells,
  nodes: readonly string[],
  directory: string,
): Promise<Outcome> => {
  const lines: string[] = [];
  for (const writer of nodes) {
    const token = randomBytes(16).toString('hex');
    const readers = nodes.filter((node) => node !== writer);
    const written = await runLook(shells, writer, proveShared.write(directory, token));
    if (!written.ok)
      return {
        ...written,
        message: `${writer} can't write a probe file in ${directory}: ${written.message}`,
      };
    let read: Outcome[];
    try {
      read = await Promise.all(
        readers.map((node) => runLook(shells, node, proveShared.read(directory, token))),
      );
    } finally {
      // a probe file that stays behind harms nobody
      await runLook(shells, writer, proveShared.remove(directory, token)).catch(() => undefined);
    }
    const blind = read.findIndex((each) => !each.ok);
    if (blind >= 0) {
      const message = `${directory} is not shared: a file written through ${writer} does not open through ${readers[blind]}. ${read[blind]?.message ?? ''}`;
      return {
        ok: false,
        exitCode: read[blind]?.exitCode ?? null,
        output: [...lines, message].join('\n'),
        message,
      };
    }
    lines.push(`written through ${writer}, opened through ${readers.join(', ')}`);
  }
  return { ok: true, exitCode: 0, output: lines.join('\n'), message: '' };
};

/** Runs a look on its nodes; ok only when every node says so. */
export const look = async (
  shells: Shells,
  nodes: readonly string[],
  action: Action,
  toolstack: (node: string) => 'xl' | 'xm',
): Promise<Outcome> => {
  if (action.do === 'prove-shared') return lookWhetherShared(shells, nodes, action.directory);
  const script = (node: string): string =>
    action.do === 'jobs-ended' ? jobsEndedScript(action.run) : renderAction(action, toolstack(node)).act;
  const timeoutMs = action.do === 'watch-images' ? lookTimeoutMs + action.seconds * 1000 : lookTimeoutMs;
  const outcomes = await Promise.all(nodes.map((node) => runLook(shells, node, script(node), timeoutMs)));
  const failed = outcomes.findIndex((each) => !each.ok);
  return {
    ok: failed < 0,
    exitCode: outcomes[Math.max(failed, 0)]?.exitCode ?? null,
    output: outcomes
      .map((each, index) => `${nodes.length > 1 ? `${nodes[index]}: ` : ''}${each.output || 'ok'}`)
      .join('\n')
      .slice(0, outputLimit),
    message: outcomes
      .flatMap((each, index) => (each.ok ? [] : [`${nodes[index]}: ${each.message}`]))
      .join('\n'),
  };
};
