import ssh2, {
  type AnyAuthMethod,
  type IdentityCallback,
  type NextAuthHandler,
  type ParsedKey,
  type Prompt,
  type SignCallback,
  type SigningRequestOptions,
} from 'ssh2';
import { gatherIdentities, type Identity, type OpenedKeys, type PassphrasePrompt } from './identity.ts';
import { messageOf } from './ssh-error.ts';
import type { ResolvedTarget } from './ssh-target.ts';

/** Who is asked for a password, for the person to see. */
export type PasswordRequest = { readonly user: string; readonly host: string; readonly port: number };

/**
 * Questions for a person. Both may be left out (then nothing is asked) and may answer undefined (then the next way is
 * tried). `attempt` counts from 1. Answers are kept in memory for reconnects, nowhere else.
 */
export type SshPrompts = {
  readonly passphrase?: PassphrasePrompt;
  readonly password?: (
    target: PasswordRequest,
    prompt: string,
    attempt: number,
  ) => Promise<string | undefined>;
};

/** What a session remembers between reconnects, in memory only. */
export type RememberedSecrets = {
  readonly keys: OpenedKeys;
  /** By `user@host:port` and the server's question. */
  readonly passwords: Map<string, string>;
};

const PASSWORD_ATTEMPTS = 3;

/**
 * One key as an ssh2 agent. By this road ssh2 asks the server about the public key first and wants a signature only for a key
 * that the server would take, so nobody is asked for the passphrase of a key that is of no use.
 */
class OneKeyAgent extends ssh2.BaseAgent<ParsedKey> {
  readonly #identity: Identity;
  readonly #onSign: (outcome: string) => void;

  constructor(identity: Identity, onSign: (outcome: string) => void) {
    super();
    this.#identity = identity;
    this.#onSign = onSign;
  }

  override getIdentities(callback: IdentityCallback<ParsedKey>): void {
    callback(undefined, [this.#identity.publicKey]);
  }

  override sign(
    _key: ParsedKey,
    data: Buffer,
    options: SigningRequestOptions | SignCallback,
    callback?: SignCallback,
  ): void {
    const done = typeof options === 'function' ? options : callback;
    const hash = typeof options === 'function' ? undefined : options.hash;
    this.#identity.sign(data, hash).then(
      (signature) => {
        this.#onSign('the server wanted more than this key, or refused its signature');
        done?.(undefined, signature);
      },
      (error: unknown) => {
        this.#onSign(messageOf(error));
        done?.(error instanceof Error ? error : new Error(messageOf(error)));
      },
    );
  }
}

type Step = (left: ReadonlySet<string> | undefined) => Promise<AnyAuthMethod | undefined>;

/**
 * The ways to log in, one after the other, as ssh2 asks for them: keys, keyboard-interactive, password.
 * `report()` lists what was tried and what came of it.
 */
export class Authentication {
  readonly #target: ResolvedTarget;
  readonly #prompts: SshPrompts;
  readonly #secrets: RememberedSecrets;
  readonly #tried: { label: string; outcome: string }[] = [];
  readonly #notes: string[] = [];
  #askedForOffer = false;
  #steps: Step[] | undefined;
  #declined = false;
  #keySigned = false;
  #methods: ReadonlySet<string> | undefined;
  readonly #answered = new Map<string, string>();

  constructor(target: ResolvedTarget, prompts: SshPrompts, secrets: RememberedSecrets) {
    this.#target = target;
    this.#prompts = prompts;
    this.#secrets = secrets;
  }

  /** What was tried, in order, and where no key came from. Holds no secrets. */
  report(): string[] {
    return [...this.#tried.map(({ label, outcome }) => `${label}: ${outcome}`), ...this.#notes];
  }

  /** The methods that the server offers, as it told. */
  offered(): string[] {
    return [...(this.#methods ?? [])];
  }

  /** To be called when logged in: keeps the answers that worked. */
  succeeded(): void {
    for (const [question, answer] of this.#answered) this.#secrets.passwords.set(question, answer);
  }

  /** For ssh2's `authHandler`. */
  readonly handler = (left: string[] | null, _partial: boolean | null, next: NextAuthHandler): void => {
    if (left !== null && left !== undefined) this.#methods = new Set(left);
    this.#next(next).catch((error: unknown) => {
      this.#notes.push(messageOf(error));
      giveUp(next);
    });
  };

  async #next(next: NextAuthHandler): Promise<void> {
    if (!this.#askedForOffer) {
      this.#askedForOffer = true;
      // Asks what is on offer, as OpenSSH does; a few servers even let one in.
      next({ type: 'none', username: this.#target.user });
      return;
    }
    this.#steps ??= await this.#plan();
    for (let step = this.#steps.shift(); step !== undefined; step = this.#steps.shift()) {
      const method = await step(this.#methods);
      if (method !== undefined) {
        next(method);
        return;
      }
    }
    giveUp(next);
  }

  async #plan(): Promise<Step[]> {
    const steps: Step[] = [];
    if (this.#methods === undefined || this.#methods.has('publickey')) {
      const found = await gatherIdentities(this.#target, this.#secrets.keys, this.#prompts.passphrase);
      this.#notes.push(...found.notes);
      steps.push(...found.identities.map((identity) => () => this.#key(identity)));
    }
    for (let attempt = 1; attempt <= PASSWORD_ATTEMPTS; attempt += 1) {
      steps.push((left) => this.#keyboard(left, attempt));
    }
    for (let attempt = 1; attempt <= PASSWORD_ATTEMPTS; attempt += 1) {
      steps.push((left) => this.#password(left, attempt));
    }
    return steps;
  }

  async #key(identity: Identity): Promise<AnyAuthMethod> {
    const entry = { label: identity.label, outcome: 'not accepted by the server' };
    this.#tried.push(entry);
    const agent = new OneKeyAgent(identity, (outcome) => {
      entry.outcome = outcome;
      this.#keySigned = true;
    });
    return { type: 'agent', username: this.#target.user, agent };
  }

  /** ssh2 does not pass on what is left after a key was taken as one of two factors, so then anything may be. */
  #mayTry(method: string, left: ReadonlySet<string> | undefined): boolean {
    return left === undefined || left.has(method) || this.#keySigned;
  }

  async #ask(prompt: string, attempt: number): Promise<string | undefined> {
    const { user, host, port } = this.#target;
    const question = `${user}@${host}:${port} ${prompt}`;
    const remembered = attempt === 1 ? this.#secrets.passwords.get(question) : undefined;
    const answer = remembered ?? (await this.#prompts.password?.({ user, host, port }, prompt, attempt));
    if (answer === undefined) this.#declined = true;
    else this.#answered.set(question, answer);
    return answer;
  }

  async #password(
    left: ReadonlySet<string> | undefined,
    attempt: number,
  ): Promise<AnyAuthMethod | undefined> {
    if (!this.#mayTry('password', left) || this.#declined) return undefined;
    const password = await this.#ask('Password', attempt);
    if (password === undefined) {
      if (this.#prompts.password !== undefined) this.#notes.push('password: none was given');
      return undefined;
    }
    this.#tried.push({ label: 'password', outcome: 'refused' });
    return { type: 'password', username: this.#target.user, password };
  }

  async #keyboard(
    left: ReadonlySet<string> | undefined,
    attempt: number,
  ): Promise<AnyAuthMethod | undefined> {
    if (!this.#mayTry('keyboard-interactive', left) || this.#declined) return undefined;
    if (this.#prompts.password === undefined && this.#secrets.passwords.size === 0) return undefined;
    this.#tried.push({ label: 'keyboard-interactive', outcome: 'refused' });
    return {
      type: 'keyboard-interactive',
      username: this.#target.user,
      prompt: (_name, _instructions, _language, prompts, finish) => {
        this.#answer(prompts, attempt).then(finish, () => finish(prompts.map(() => '')));
      },
    };
  }

  async #answer(prompts: readonly Prompt[], attempt: number): Promise<string[]> {
    const answers: string[] = [];
    for (const { prompt } of prompts) {
      answers.push(this.#declined ? '' : ((await this.#ask(prompt.trim(), attempt)) ?? ''));
    }
    return answers;
  }
}

/** ssh2 takes `false` for "no more ways", which its types do not know. */
function giveUp(next: NextAuthHandler): void {
  const untyped: (method: unknown) => void = next as (method: unknown) => void;
  untyped(false);
}
