/** What ends a command early: a sentence, a stable code for scripts, and the exit code. */

/**
 * Exit codes of the command line. `failed`: nothing of it stands (it was taken back, or never began); `usage`: bad words or bad
 * input; `refused`: the pre-flight says no, or the plan changed since its review; `needsPerson`: it stopped half way and
 * can't go on by itself; `unknown`: an outcome could not be learnt, or the run still goes on.
 */
export const exitCodes = {
  done: 0,
  failed: 1,
  usage: 2,
  refused: 3,
  needsPerson: 4,
  unknown: 5,
} as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** Why a run's exit code is not 0, as `error.code` in JSON. */
export const runErrorCodes: Readonly<Record<1 | 4 | 5, string>> = {
  1: 'undone',
  4: 'stuck',
  5: 'unknown',
};

export class CliError extends Error {
  override name = 'CliError';
  readonly code: string;
  readonly exitCode: ExitCode;
  /** Further members of the JSON document beside `error`. */
  readonly extra: Readonly<Record<string, unknown>>;
  /** The process ends at once, without closing connections: a run is still at work in it. */
  readonly abrupt: boolean;

  constructor(
    exitCode: ExitCode,
    code: string,
    message: string,
    options: { extra?: Readonly<Record<string, unknown>>; abrupt?: boolean } = {},
  ) {
    super(message);
    this.exitCode = exitCode;
    this.code = code;
    this.extra = options.extra ?? {};
    this.abrupt = options.abrupt ?? false;
  }
}

export const usageError = (message: string, code = 'usage'): CliError =>
  new CliError(exitCodes.usage, code, message);

/**
 * Exit codes for failures of the desk by their code; what is not here is a plain failure, before which nothing was begun: no
 * connection, no login. A script that may have run without our learning how it ended is never that.
 */
const ofDesk: ReadonlyMap<string, ExitCode> = new Map<string, ExitCode>([
  ['bad-input', exitCodes.usage],
  ['unknown-cluster', exitCodes.usage],
  ['unknown-run', exitCodes.usage],
  ['library', exitCodes.usage],
  ['config', exitCodes.usage],
  ['draft', exitCodes.usage],
  ['draft-exists', exitCodes.usage],
  ['draft-changed', exitCodes.refused],
  ['applying', exitCodes.refused],
  ['refused', exitCodes.refused],
  ['run', exitCodes.refused],
  ['open', exitCodes.refused],
  ['vouched-node-answers', exitCodes.refused],
  ['overtaken', exitCodes.refused],
  ['run-open', exitCodes.refused],
  ['host-key-unknown', exitCodes.refused],
  ['host-key-changed', exitCodes.refused],
  ['host-key-revoked', exitCodes.refused],
  ['outcome-unknown', exitCodes.unknown],
  ['timeout', exitCodes.unknown],
  ['closed', exitCodes.unknown],
  ['aborted', exitCodes.unknown],
  ['internal', exitCodes.unknown],
]);

export const errorOfDesk = (failure: { code: string; message: string }): CliError =>
  new CliError(ofDesk.get(failure.code) ?? exitCodes.failed, failure.code, failure.message);
