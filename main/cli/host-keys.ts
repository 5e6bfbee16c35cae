/** Unknown host keys: shown with their fingerprint, and trusted only by a person's word. */
import type { NodeTarget } from '../../core/cluster/schema.ts';
import type { CommandContext } from './context.ts';

export type UnknownKey = {
  name: string;
  target: NodeTarget;
  hostKey: { algorithm: string; fingerprint: string; line: string };
};

export const addressOf = ({ user, host, port }: NodeTarget): string =>
  `${user === undefined ? '' : `${user}@`}${host.includes(':') ? `[${host}]` : host}${port === undefined ? '' : `:${port}`}`;

/** Asks for each on the terminal. True when any was trusted. */
export const askForHostKeys = async (
  context: CommandContext,
  unknown: readonly UnknownKey[],
): Promise<boolean> => {
  let trusted = false;
  for (const { name, target, hostKey } of unknown) {
    context.say(
      `The host key of ${name} (${addressOf(target)}) is not known:\n  ${hostKey.algorithm} ${hostKey.fingerprint}\nCompare it with the node's own: ssh-keygen -lf /etc/ssh/ssh_host_*_key.pub`,
    );
    const answer = await context.terminal.ask(`Trust it and connect to ${name}? [y/N] `);
    if (!/^y(es)?$/i.test(answer?.trim() ?? '')) continue;
    await context.call('node.trust', { target, line: hostKey.line });
    trusted = true;
  }
  return trusted;
};
