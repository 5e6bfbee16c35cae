import { SshError } from '../../main/ssh/index.ts';

/** The SshError with which a promise rejects; anything else fails the test. */
export async function failure(promise: Promise<unknown>): Promise<SshError> {
  const error = await promise.then(
    () => new Error('It succeeded where an SshError was expected'),
    (reason: unknown) => reason,
  );
  if (error instanceof SshError) return error;
  throw error;
}
