import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openSession, type SessionOptions } from '../../main/ssh/index.ts';
import type { Sshd } from './sshd.ts';

/** Everything a session needs to reach a test server, and nothing of whoever runs the test: no agent, no configuration. */
export function sessionOptions(sshd: Sshd, overrides: Partial<SessionOptions> = {}): SessionOptions {
  const file = join(sshd.directory, 'app_known_hosts');
  writeFileSync(file, `${sshd.hostKeyLine}\n`);
  return {
    node: sshd.name,
    target: { host: sshd.host, port: sshd.port, user: sshd.user, identityFiles: [sshd.clientKeyFile] },
    hostKeys: { file, userFiles: [] },
    config: { binary: null, environment: { HOME: join(sshd.directory, 'home-of-the-client') } },
    ...overrides,
  };
}

/** A connected shell on a test server; the caller closes it. */
export const openShell = (sshd: Sshd, overrides: Partial<SessionOptions> = {}) =>
  openSession(sessionOptions(sshd, overrides));
