/**
 * A VBDesk that stays: carries out one command line after the other, as its parent asks, each with a desk and a terminal of its own.
 * What a process of its own would do besides is only to start and to end.
 */
import process from 'node:process';
import { runCommandLine } from '../../../main/cli/program.ts';
import { type Reply, request } from './protocol.ts';

const carryOut = async (words: readonly string[]): Promise<Reply> => {
  let stdout = '';
  let stderr = '';
  const code = await runCommandLine(words, {
    out: (text) => {
      stdout += text;
    },
    say: (text) => {
      stderr += text;
    },
    isInteractive: false,
    isLive: false,
    colors: { out: false, say: false },
    ask: () => Promise.resolve(null),
    onInterrupt: () => () => undefined,
  });
  return { code, stdout, stderr };
};

process.on('message', (message) => {
  void carryOut(request.parse(message)).then((reply) => process.send?.(reply));
});
// whoever asked is gone
process.on('disconnect', () => process.exit());
