import type { RemoteResult } from './remote-shell.ts';
import type { ScriptEnd } from './run-script.ts';
import { messageOf, SshError } from './ssh-error.ts';

/** The command of every channel: words that any login shell takes as they are, be it csh or fish. */
export const SHELL = '/bin/sh -s';

/** Where a script was to run. */
export type Place = {
  /** The node's label. */
  readonly node: string;
  readonly user: string;
  /** What was started to read the script. */
  readonly command: string;
};

export function abortedError(node: string, cause: unknown, mayHaveRun: boolean): SshError {
  const what = mayHaveRun
    ? 'waiting was given up; the script goes on running on the node. Look there before you do it again.'
    : 'given up before the script was sent. It did not run.';
  return new SshError('aborted', node, what, { cause, mayHaveRun });
}

export function closedError(node: string): SshError {
  return new SshError('closed', node, 'this session is closed. The script did not run; open a new one.');
}

function notBegunError({ node, user, command }: Place, end: { code: number; printed: string }): SshError {
  const said = end.printed === '' ? 'It printed nothing.' : `It printed: ${end.printed.slice(-1000)}`;
  const details = { user, command, code: end.code, printed: end.printed };
  if (command !== SHELL && /sudo/i.test(end.printed)) {
    return new SshError(
      'sudo-refused',
      node,
      `logged in as ${user}, who may not become root without a password. Nothing ran. On the node, with ` +
        `\`visudo -f /etc/sudoers.d/vbdesk\`, add the line \`${user} ALL=(root) NOPASSWD: ${SHELL}\`; or log in as root. ${said}`,
      { details },
    );
  }
  return new SshError(
    'unsupported',
    node,
    `\`${command}\` ended with code ${end.code} before it began the script, of which nothing ran. ${said} ` +
      `Check that \`ssh ${user}@… ${command}\` gives a POSIX shell on the node.`,
    { details },
  );
}

/** The result of a run that ended with an exit status. Throws SshError for every other end. */
export function resultOf(end: ScriptEnd, place: Place, timeoutMs: number | undefined): RemoteResult {
  if (end.end === 'exit') {
    const { code, stdout, stderr, truncated } = end;
    return { code, stdout, stderr, truncated };
  }
  if (end.end === 'not-begun') throw notBegunError(place, end);
  if (end.end === 'aborted') throw abortedError(place.node, end.cause, true);

  const details = { stdoutBytes: end.stdout.length, stderr: end.stderr.subarray(-2000).toString('utf8') };
  const look = 'It may still be running or have ended: look at the node before you do it again.';
  if (end.end === 'timeout') {
    throw new SshError('timeout', place.node, `no end within ${timeoutMs} ms. ${look}`, {
      cause: end.cause,
      mayHaveRun: true,
      details,
    });
  }
  throw new SshError(
    'outcome-unknown',
    place.node,
    `the connection was lost while the script ran (${messageOf(end.cause)}). ${look}`,
    { cause: end.cause, mayHaveRun: true, details },
  );
}
