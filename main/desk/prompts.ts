/** Questions that stop a connection: asked one at a time in whatever shell is there, never stored. */
import { randomUUID } from 'node:crypto';
import type { AppState } from '../../core/contract.ts';
import type { SshPrompts } from '../ssh/index.ts';

type Prompt = NonNullable<AppState['prompt']>;
type Waiting = { prompt: Prompt; resolve: (answer: string | undefined) => void };

export class Prompts {
  readonly #waiting: Waiting[] = [];
  readonly #onChange: (current: Prompt | null) => void;

  constructor(onChange: (current: Prompt | null) => void) {
    this.#onChange = onChange;
  }

  #ask(kind: Prompt['kind'], text: string): Promise<string | undefined> {
    return new Promise((resolve) => {
      this.#waiting.push({ prompt: { id: randomUUID(), kind, text }, resolve });
      if (this.#waiting.length === 1) this.#tell();
    });
  }

  #tell(): void {
    this.#onChange(this.#waiting[0]?.prompt ?? null);
  }

  /** `null` declines. An answer to a question that no longer stands is ignored. */
  answer(id: string, answer: string | null): void {
    const index = this.#waiting.findIndex((each) => each.prompt.id === id);
    if (index < 0) return;
    const [found] = this.#waiting.splice(index, 1);
    found?.resolve(answer ?? undefined);
    this.#tell();
  }

  declineAll(): void {
    for (const each of this.#waiting.splice(0)) each.resolve(undefined);
    this.#tell();
  }

  readonly forSessions: SshPrompts = {
    passphrase: (file: string) => this.#ask('passphrase', `Passphrase of the key ${file}`),
    password: (target, prompt) =>
      this.#ask('password', `${target.user}@${target.host}: ${prompt.trim() || 'Password'}`),
  };
}
