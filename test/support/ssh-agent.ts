/** A real ssh-agent of a test's own. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import { waitFor } from './wait-for.ts';

const execute = promisify(execFile);

export type TestAgent = { socket: string; stop: () => Promise<void> };

/** @param socket where it listens: a path that is short enough for a socket, and removed with its directory */
export const startAgent = async (socket: string, keys: readonly string[]): Promise<TestAgent> => {
  const agent: ChildProcess = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' });
  await waitFor('the agent', () => existsSync(socket));
  for (const key of keys)
    await execute('ssh-add', ['-q', key], { env: { ...process.env, SSH_AUTH_SOCK: socket } });
  return {
    socket,
    stop: async () => {
      const ended = once(agent, 'exit');
      agent.kill('SIGKILL');
      await ended;
    },
  };
};
