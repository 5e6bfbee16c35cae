/** One changing step: prepared, launched, looked at until its outcome is known. An unknown outcome is never success. */
import type { Action } from '../../core/plan/action.ts';
import type { RunStep } from '../../core/plan/run.ts';
import { guardScript, renderAction } from '../node/actions/index.ts';
import { secretText } from '../node/actions/os.ts';
import { SshError } from '../ssh/index.ts';
import { type JobState, launchScript, lookScript, readJobState } from './job.ts';
import { runLook } from './look.ts';
import type { Shells } from './shells.ts';

/** Exit codes by which an action says that it refused before it had changed anything; 77 is the lock's guard. */
const refusedCodes: ReadonlySet<number> = new Set([73, 75, 77]);
/** Exit codes of launchScript: the job's files could not be written and nothing began; it could not be started, as it seems. */
const notBegunCode = 90;
const notPreparedCodes: ReadonlySet<number> = new Set([notBegunCode, 91]);

const waitMs = 2000;
const maxAttempts = 5;

export type StepResult =
  | { kind: 'done' }
  /** `changed`: whether it may have changed something before it failed, at this attempt or at one before */
  | { kind: 'failed'; changed: boolean; message: string }
  /** it is known that nothing happened and nothing will, and it was not sent again */
  | { kind: 'void' }
  /** the node did not tell within the patience; nothing may be concluded */
  | { kind: 'unknown'; message: string };

export type StepInput = {
  run: string;
  entry: RunStep;
  action: Action;
  node: string;
  /** folders whose lock must be ours when the job begins */
  locks: string[];
  toolstack: 'xl' | 'xm';
  /** look: a former process launched `entry.job`; only what became of it is asked, nothing is sent */
  how: 'launch' | 'look';
  /** values of the secret variables, as far as this process knows them: they are kept nowhere */
  secrets: Readonly<Record<string, string>>;
  /** asked before each launch: false once the run is being turned round */
  mayLaunch: () => boolean;
  shells: Shells;
  /** how long a node may stay silent before the outcome counts as unknown, ms */
  patienceMs: number;
  /** keeps the entry in the journal; resolves when it is on the disk */
  save: () => Promise<void>;
  pause: (ms: number) => Promise<void>;
};

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** "7", then "7-2", "7-3": a job that is known never to have run, or to have ended, is followed by one with another name. */
const nextJob = (entry: RunStep): string => {
  if (entry.job === '') return entry.id;
  const attempt = /-(\d+)$/.exec(entry.job)?.[1];
  return `${entry.id}-${attempt ? Number(attempt) + 1 : 2}`;
};

/** Failures of a connection that time alone does not mend. */
const hopelessKinds: ReadonlySet<string> = new Set([
  'host-key-unknown',
  'host-key-changed',
  'host-key-revoked',
  'auth-refused',
  'sudo-refused',
  'config',
  'unsupported',
]);

export const isHopeless = (error: unknown): boolean =>
  error instanceof SshError && hopelessKinds.has(error.kind);

type Answer =
  | { state: JobState }
  /** `mayHaveRun`: whether the script may have begun on the node, for all that we know */
  | { state: null; error: string; mayHaveRun: boolean };

/** Asks until the node answers or patience ends. A script that is not repeatable is sent again only if it surely did not run. */
const ask = async (input: StepInput, script: string, repeatable: boolean): Promise<Answer> => {
  const began = Date.now();
  let backOff = 250;
  for (;;) {
    let failure: { state: null; error: string; mayHaveRun: boolean };
    let hopeless = false;
    try {
      const result = await input.shells(input.node).run(script, { timeoutMs: 60_000, maxBytes: 1 << 20 });
      if (notPreparedCodes.has(result.code))
        return {
          state: null,
          error: result.stderr.toString().trim() || `exit code ${result.code}`,
          mayHaveRun: result.code !== notBegunCode,
        };
      return { state: readJobState(result.stdout) };
    } catch (error) {
      const mayHaveRun = !(error instanceof SshError) || error.mayHaveRun;
      failure = { state: null, error: messageOf(error), mayHaveRun };
      hopeless = isHopeless(error);
    }
    if (hopeless || (failure.mayHaveRun && !repeatable) || Date.now() - began > input.patienceMs)
      return failure;
    await input.pause(backOff);
    backOff = Math.min(backOff * 2, 5000);
  }
};

const outputOf = (state: JobState): string =>
  'stdout' in state
    ? [state.stdout.trimEnd(), state.stderr.trimEnd()].filter((part) => part !== '').join('\n')
    : '';

/** The action's own read-only check: done, not done at all, or something between. */
const check = async (input: StepInput): Promise<'done' | 'not-done' | 'partial' | 'no-answer'> => {
  const { check: script } = renderAction(input.action, input.toolstack);
  if (script === null) return 'partial';
  const began = Date.now();
  for (;;) {
    try {
      const outcome = await runLook(input.shells, input.node, script);
      if (outcome.exitCode === 0) return 'done';
      return outcome.exitCode === 10 ? 'not-done' : 'partial';
    } catch {
      if (Date.now() - began > input.patienceMs) return 'no-answer';
      await input.pause(1000);
    }
  }
};

const unknown = (input: StepInput, error: string): StepResult => ({
  kind: 'unknown',
  message: `${input.node} did not tell what became of “${input.entry.title}”: ${error} The step may still be running there. Resume the run when ${input.node} answers again; it is looked at first, never repeated blindly.`,
});

/** Brings the step to a known outcome, or says that it can't. Rejects only when the journal can't be written. */
export const runChange = async (input: StepInput): Promise<StepResult> => {
  const { entry } = input;
  const rendered = renderAction(input.action, input.toolstack);
  const guard = guardScript(input.locks, input.run);
  const { action } = input;
  const needsSecrets = action.do === 'run-os-create' && action.secret.length > 0;
  const secret = needsSecrets ? secretText(action, input.secrets) : null;
  let launch = input.how === 'launch';
  let attempts = 0;
  let complaint = '';
  for (;;) {
    let state: JobState | null = null;
    if (launch) {
      if (!input.mayLaunch()) return { kind: 'void' };
      if (needsSecrets && secret === null)
        return {
          kind: 'failed',
          changed: entry.changed,
          message: `The values of its secret parameters were known only to the VBDesk that began this run, which has ended, so the step can't be sent to ${input.node}. Begin anew once this run is taken back.`,
        };
      attempts += 1;
      if (attempts > maxAttempts)
        return {
          kind: 'failed',
          changed: entry.changed,
          message:
            `${input.node} never began this step, though it was sent ${maxAttempts} times. ${complaint}`.trim(),
        };
      entry.job = nextJob(entry);
      entry.output = '';
      entry.exitCode = null;
      // on the disk before it is sent: a process that dies now knows what to look for
      await input.save();
      const job = { script: rendered.act, guard, secret };
      const answer = await ask(input, launchScript({ run: input.run, job: entry.job }, job, waitMs), false);
      if (answer.state === null) {
        if (!answer.mayHaveRun)
          return {
            kind: 'failed',
            changed: entry.changed,
            message: `It was not begun on ${input.node}: ${answer.error}`,
          };
        complaint = answer.error;
      } else state = answer.state;
      launch = false;
    }
    if (state === null || state.state === 'running') {
      if (state) {
        entry.output = outputOf(state);
        await input.save();
      }
      const answer = await ask(input, lookScript({ run: input.run, job: entry.job }, waitMs), true);
      if (answer.state === null) return unknown(input, answer.error);
      state = answer.state;
      if (state.state === 'running') {
        entry.output = outputOf(state);
        await input.save();
        continue;
      }
    }
    if (state.state === 'ended') {
      entry.output = outputOf(state);
      entry.exitCode = state.code;
      if (state.code === 0) return { kind: 'done' };
      const message = state.stderr.trim() || state.stdout.trim() || `exit code ${state.code}`;
      const refused = refusedCodes.has(state.code);
      // refused, and never tried before: nothing can have changed
      if (refused && !entry.changed) return { kind: 'failed', changed: false, message };
      const found = await check(input);
      // refused because an earlier attempt, which seemed to fail, had done it; or a guest that runs as it was to run, whatever the
      // toolstack complained of: it may be in use
      if (found === 'done' && (refused || input.action.do === 'start-domain')) return { kind: 'done' };
      // a guest that can't be asked after is not ended for that
      if (found === 'no-answer' && input.action.do === 'start-domain')
        return unknown(input, `it failed (${message}), and what it left could not be looked at.`);
      return { kind: 'failed', changed: found !== 'not-done', message };
    }
    if (state.state === 'interrupted') {
      entry.output = outputOf(state);
      const found = await check(input);
      if (found === 'no-answer') return unknown(input, 'no answer.');
      if (found === 'done') return { kind: 'done' };
      if (found === 'partial')
        return {
          kind: 'failed',
          changed: true,
          message: `The step was interrupted on ${input.node} (the node restarted, or the job was killed) and is half done.`,
        };
    }
    // void, or interrupted before it had done anything
    if (input.how === 'look') return { kind: 'void' };
    launch = true;
  }
};
