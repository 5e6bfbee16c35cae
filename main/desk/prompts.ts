/** Questions that stop a connection: asked one at a time in whatever shell is there, never written anywhere. */
import { randomUUID } from 'node:crypto';
import type { AppState } from '../../core/contract.ts';
import type { SshPrompts } from '../ssh/index.ts';

type Prompt = NonNullable<AppState['prompt']>;
type Waiting = { prompt: Prompt; resolve: ((answer: string | undefined) => void)[] };

/** So long a passphrase is kept, in memory only, for the other nodes behind the same key. */
const passphraseKeptMs = 30_000;

export class Prompts {
  readonly #waiting: Waiting[] = [];
  /** answers of a moment ago, by key file */
  readonly #passphrases = new Map<string, { answer: string }>();
  readonly #onChange: (current: Prompt | null) => void;

  constructor(onChange: (current: Prompt | null) => void) {
    this.#onChange = onChange;
  }

  #ask(kind: Prompt['kind'], text: string): Promise<string | undefined> {
    return new Promise((resolve) => {
      // a hundred nodes behind one key are one question
      const same = this.#waiting.find((each) => each.prompt.kind === kind && each.prompt.text === text);
      if (same) return void same.resolve.push(resolve);
      this.#waiting.push({ prompt: { id: randomUUID(), kind, text }, resolve: [resolve] });
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
    for (const resolve of found?.resolve ?? []) resolve(answer ?? undefined);
    this.#tell();
  }

  declineAll(): void {
    for (const each of this.#waiting.splice(0)) for (const resolve of each.resolve) resolve(undefined);
    this.#tell();
  }

  /** All nodes behind one key connect at about the same time: they are asked for once, unless the answer was wrong. */
  async #passphraseOf(file: string, attempt: number): Promise<string | undefined> {
    const known = this.#passphrases.get(file);
    if (known !== undefined && attempt === 1) return known.answer;
    this.#passphrases.delete(file);
    const answer = await this.#ask('passphrase', `Passphrase of the key ${file}`);
    if (answer !== undefined) {
      const kept = { answer };
      this.#passphrases.set(file, kept);
      // a wrong answer of before does not take the right one along
      const forget = () => this.#passphrases.get(file) === kept && this.#passphrases.delete(file);
      setTimeout(forget, passphraseKeptMs).unref();
    }
    return answer;
  }

  readonly forSessions: SshPrompts = {
    passphrase: (file, attempt) => this.#passphraseOf(file, attempt),
    password: (target, prompt) =>
      this.#ask('password', `${target.user}@${target.host}: ${prompt.trim() || 'Password'}`),
  };
}
