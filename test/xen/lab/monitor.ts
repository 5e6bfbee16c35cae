import { connect } from 'node:net';
import { LabError } from './lab-error.ts';

const PROMPT = '(qemu) ';

/**
 * Runs commands at the human monitor of a QEMU process, one after another, and returns what each printed.
 * Throws a LabError where the monitor does not answer within `timeout` ms.
 */
export function monitorCommands(
  socketPath: string,
  commands: readonly string[],
  timeout = 180_000,
): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath);
    const answers: string[] = [];
    let text = '';
    let next = -1;
    const fail = (reason: string) => {
      clearTimeout(timer);
      socket.destroy();
      reject(new LabError(`QEMU's monitor ${socketPath}: ${reason}`));
    };
    const timer = setTimeout(() => fail(`no answer to '${commands[next] ?? 'hello'}' in time`), timeout);
    socket.setEncoding('utf8');
    socket.on('error', (error) => fail(error.message));
    socket.on('close', () => {
      if (next < commands.length) fail('it was closed');
    });
    socket.on('data', (chunk) => {
      text += chunk.toString();
      if (!text.endsWith(PROMPT)) return;
      // The echo of the command, full of cursor movements, is the first line.
      const lines = text.slice(0, -PROMPT.length).split(/\r?\n/);
      if (next >= 0) answers.push(lines.slice(1).join('\n').trim());
      text = '';
      next += 1;
      const command = commands[next];
      if (command === undefined) {
        clearTimeout(timer);
        socket.end();
        resolve(answers);
      } else {
        socket.write(`${command}\n`);
      }
    });
  });
}
