/** The one door between a shell and the desk: the name and the payload of every call are checked before a handler sees them. */
import {
  type CallName,
  calls,
  type Failure,
  type Input,
  type Output,
  type Result,
} from '../../core/contract.ts';
import { EngineError } from '../engine/engine.ts';
import { LibraryError } from '../library/library.ts';
import { SshError } from '../ssh/index.ts';

/** A call that can't be done, as the caller will read it. */
export class DeskError extends Error {
  override name = 'DeskError';
  readonly code: string;
  readonly node: string | undefined;

  constructor(code: string, message: string, node?: string) {
    super(message);
    this.code = code;
    this.node = node;
  }
}

export type Handlers = { [K in CallName]: (input: Input<K>) => Promise<Output<K>> };

/** Only whitelisted fields cross the boundary, so that nothing unclonable or secret does. */
export const failureOf = (error: unknown): Failure => {
  if (error instanceof DeskError)
    return { code: error.code, message: error.message, ...(error.node ? { node: error.node } : {}) };
  if (error instanceof SshError) return { code: error.kind, message: error.message };
  if (error instanceof LibraryError) return { code: 'library', message: error.message };
  if (error instanceof EngineError) return { code: 'run', message: error.message };
  return { code: 'internal', message: error instanceof Error ? error.message : String(error) };
};

const isCall = (name: unknown): name is CallName => typeof name === 'string' && Object.hasOwn(calls, name);

const handle = async <K extends CallName>(
  handlers: Handlers,
  name: K,
  input: unknown,
): Promise<Result<Output<K>>> => {
  const parsed = calls[name].input.safeParse(input);
  if (!parsed.success) {
    const first = parsed.error.issues[0];
    return {
      ok: false,
      error: {
        code: 'bad-input',
        message: `${name}: ${first ? `${first.path.join('.') || 'the input'}: ${first.message}` : 'the input does not fit'}.`,
      },
    };
  }
  try {
    // the schema that was picked by this very name parsed it
    return { ok: true, value: await handlers[name](parsed.data as Input<K>) };
  } catch (error) {
    return { ok: false, error: failureOf(error) };
  }
};

export const dispatch = async (
  handlers: Handlers,
  name: unknown,
  input: unknown,
): Promise<Result<unknown>> => {
  if (!isCall(name)) return { ok: false, error: { code: 'bad-input', message: 'There is no such call.' } };
  return handle(handlers, name, input);
};
