/** Looks that read whole images: they may take hours, so they can be broken off, and then nothing of them is left on the nodes. */
import type { Action } from '../../core/plan/action.ts';
import { renderAction } from '../node/actions/index.ts';
import { endStream, markedScript, streamMark } from '../node/copy-scripts.ts';
import { prelude } from '../node/prelude.ts';
import type { Outcome } from './look.ts';
import type { Shell, Shells } from './shells.ts';

const outputLimit = 65536;

const readOn = async (shell: Shell, mark: string, script: string, signal: AbortSignal): Promise<Outcome> => {
  if (!shell.stream) throw new Error('this shell carries no streams');
  let stdout = '';
  try {
    const { code, stderr } = await shell.stream(markedScript(mark, script), {
      signal,
      output: (chunk) => {
        stdout = (stdout + chunk.toString()).slice(0, outputLimit);
      },
    });
    const said = stderr.toString().trimEnd();
    const told = stdout.trimEnd();
    return {
      ok: code === 0,
      exitCode: code,
      output: [told, said].filter((part) => part !== '').join('\n'),
      message: code === 0 ? '' : said || told || `exit code ${code}`,
    };
  } catch (error) {
    // whether it was given up or the connection is gone: nobody waits for it any more
    await shell.run(`${prelude}\n${endStream(mark)}`, { timeoutMs: 60_000 }).catch(() => undefined);
    throw error;
  }
};

/** ok only when every node says so. Rejects when it was broken off, or a node does not answer. */
export const readImages = async (
  shells: Shells,
  step: { run: string; id: string; nodes: readonly string[] },
  action: Action,
  signal: AbortSignal,
): Promise<Outcome> => {
  const mark = streamMark(step.run, step.id);
  const script = renderAction(action, 'xl').act;
  const outcomes = await Promise.all(step.nodes.map((node) => readOn(shells(node), mark, script, signal)));
  const [first] = outcomes;
  if (outcomes.length === 1 && first) return first;
  const failed = outcomes.findIndex((each) => !each.ok);
  return {
    ok: failed < 0,
    exitCode: outcomes[Math.max(failed, 0)]?.exitCode ?? null,
    output: outcomes
      .map((each, index) => `${step.nodes[index]}: ${each.output}`)
      .join('\n')
      .slice(0, outputLimit),
    message: outcomes
      .flatMap((each, index) => (each.ok ? [] : [`${step.nodes[index]}: ${each.message}`]))
      .join('\n'),
  };
};
