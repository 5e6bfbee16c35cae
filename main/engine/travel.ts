/** How the bytes of a copy travel: on one node, straight from node to node, or through this workstation; and why. */
import { findWay, introduce, type Way } from '../node/copy-scripts.ts';
import type { AgentForwarding } from '../ssh/index.ts';
import { messageOf, SshError } from '../ssh/ssh-error.ts';

/** How long one name of a node is tried, with some to spare, ms. */
const peerMs = 25_000;
const commandMs = 60_000;

/** Exit codes of ssh itself, and of a login shell that did not run what it was told. */
const sshCodes: ReadonlySet<number> = new Set([126, 127, 255]);
export const isOfSsh = (code: number): boolean => sshCodes.has(code);

/** What of a copy its way depends on. */
type Between = { from: { node: string }; to: { node: string }; forwardAgent?: true | undefined };

/** Whose keys the source's node logs in with on the target's: its own, and those that somebody lets it use. */
export const agentFor = ({ forwardAgent }: { forwardAgent?: true | undefined }): AgentForwarding =>
  forwardAgent === true ? 'yes' : 'configured';

/** Runs one short script on a node; rejects when it does not exit with 0. */
export type Command = (
  node: string,
  script: string,
  options?: { forwardAgent?: AgentForwarding; timeoutMs?: number },
) => Promise<string>;

export class Travel {
  readonly #copy: Between;
  #way: Way | null = null;
  /** why the workstation carries the bytes; empty while that is not so */
  #why = '';

  constructor(copy: Between) {
    this.#copy = copy;
  }

  /** null while it was not found yet */
  get way(): Way | null {
    return this.#way;
  }

  /** Found once. Whatever goes wrong in finding out, the workstation carries the bytes; rejects only where a node is lost. */
  async find(command: Command): Promise<void> {
    if (this.#way !== null) return;
    const { from, to } = this.#copy;
    if (from.node === to.node) {
      this.#way = { kind: 'same-node' };
      return;
    }
    try {
      const [bootId = '', ...names] = (await command(to.node, introduce)).trim().split('\n');
      const peers = [...new Set([to.node, ...names])].filter((each) =>
        /^[A-Za-z0-9:][A-Za-z0-9._:-]*$/.test(each),
      );
      const options = { forwardAgent: agentFor(this.#copy), timeoutMs: commandMs + peers.length * peerMs };
      const peer = (await command(from.node, findWay(bootId.trim(), peers), options)).trim();
      this.#way = { kind: 'straight', peer };
    } catch (error) {
      // a node that was lost meanwhile says nothing about the way between them: asked again
      if (error instanceof SshError && (error.kind === 'unreachable' || error.kind === 'outcome-unknown'))
        throw error;
      this.byWorkstation(messageOf(error));
    }
  }

  /** @param said what stands against the straight way, in whoever's words */
  byWorkstation(said: string): void {
    const { from, to } = this.#copy;
    const words = said.trim().replaceAll(/\s*\n\s*/g, '; ');
    this.#why = `${from.node} does not reach ${to.node} by ssh: ${words.slice(0, 500)}`;
    this.#way = { kind: 'workstation' };
  }

  text(): string {
    const { from, to } = this.#copy;
    switch (this.#way?.kind) {
      case 'same-node':
        return `on ${from.node} itself`;
      case 'straight':
        return `straight from ${from.node} to ${to.node}`;
      case 'workstation':
        return `from ${from.node} through this workstation to ${to.node}`;
      default:
        return '';
    }
  }

  /** The way that is taken, and why it is not the shorter one. */
  told(): string {
    return this.#way?.kind === 'workstation' ? `${this.text()}\n${this.#why}` : this.text();
  }
}
