import type { RemoteShell } from './remote-shell.ts';
import { Session, type SessionOptions } from './session.ts';
import type { SshTarget } from './ssh-target.ts';

/** One session for each node, made when it is first wanted. */
export class SessionPool {
  readonly #shared: Omit<SessionOptions, 'node' | 'target'>;
  readonly #sessions = new Map<string, { readonly target: string; readonly session: Session }>();

  /** @param shared what all sessions have in common */
  constructor(shared: Omit<SessionOptions, 'node' | 'target'>) {
    this.#shared = shared;
  }

  /**
   * The shell of a node; it connects at its first `run`. The same node gets the same one, until its target is
   * another: then the old one is closed.
   */
  shell(node: string, target: SshTarget): RemoteShell {
    const wanted = JSON.stringify([target.host, target.port, target.user, target.identityFiles]);
    const found = this.#sessions.get(node);
    if (found !== undefined && found.target === wanted && found.session.state !== 'closed')
      return found.session;
    void found?.session.close();
    const session = new Session({ ...this.#shared, node, target });
    this.#sessions.set(node, { target: wanted, session });
    return session;
  }

  /** Closes the session of a node, if there is one; `shell` makes a new one. */
  async close(node: string): Promise<void> {
    const found = this.#sessions.get(node);
    this.#sessions.delete(node);
    await found?.session.close();
  }

  /** Closes all sessions. */
  async closeAll(): Promise<void> {
    const nodes = [...this.#sessions.keys()];
    await Promise.all(nodes.map((node) => this.close(node)));
  }
}
