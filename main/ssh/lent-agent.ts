import type { Duplex } from 'node:stream';
import ssh2, {
  type BaseAgent,
  type GetStreamCallback,
  type IdentityCallback,
  type ParsedKey,
  type SignCallback,
  type SigningRequestOptions,
} from 'ssh2';

/**
 * The agent of this workstation, as far as programs on a node may use it. A server that was once allowed to reach the agent may try
 * again as long as the connection stands; this one answers only while a script that was given it runs, and is cut off afterwards.
 */
export class LentAgent extends ssh2.BaseAgent<ParsedKey> {
  readonly #agent: BaseAgent;
  readonly #streams = new Set<Duplex>();
  #borrowers = 0;

  constructor(socket: string) {
    super();
    this.#agent = ssh2.createAgent(socket);
  }

  /** @returns what takes it back; to be called once */
  lend(): () => void {
    this.#borrowers += 1;
    let isLent = true;
    return () => {
      if (!isLent) return;
      isLent = false;
      this.#borrowers -= 1;
      if (this.#borrowers > 0) return;
      for (const stream of this.#streams) stream.destroy();
      this.#streams.clear();
    };
  }

  override getStream(callback: GetStreamCallback): void {
    if (this.#borrowers === 0 || !this.#agent.getStream) {
      callback(new Error('The agent is not lent to this node now.'));
      return;
    }
    this.#agent.getStream((error, stream) => {
      // taken back meanwhile
      if (!error && stream && this.#borrowers === 0) {
        stream.destroy();
        callback(new Error('The agent is not lent to this node now.'));
        return;
      }
      if (stream) {
        this.#streams.add(stream);
        stream.once('close', () => this.#streams.delete(stream));
      }
      callback(error, stream);
    });
  }

  /** Logging in is the business of others: this one is only lent. */
  override getIdentities(callback: IdentityCallback<ParsedKey>): void {
    callback(undefined, []);
  }

  override sign(
    _key: ParsedKey,
    _data: Buffer,
    options: SigningRequestOptions | SignCallback,
    callback?: SignCallback,
  ): void {
    const done = typeof options === 'function' ? options : callback;
    done?.(new Error('This agent signs nothing for this app.'));
  }
}
