/**
 * A copy: the source is read, what the partial file lacks is sent, then the partial file is read and compared by its content hash.
 * It may be cut off anywhere: the next attempt goes on from what arrived. It is proved only in the end, and named by a job of its own.
 */
import { PassThrough } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { Action } from '../../core/plan/action.ts';
import type { RunStep } from '../../core/plan/run.ts';
import { bytesOf, type Frame, framesBetween } from '../../core/storage/content.ts';
import { formatBytes } from '../../core/storage/sizes.ts';
import { guardScript } from '../node/actions/index.ts';
import {
  endStream,
  noteProof,
  noteSourceProof,
  preparePartial,
  receiveStream,
  sendStream,
  stateOfSource,
  streamMark,
  surveyPartial,
  surveySource,
} from '../node/copy-scripts.ts';
import { prelude } from '../node/prelude.ts';
import type { AgentForwarding } from '../ssh/index.ts';
import { asError, messageOf, SshError } from '../ssh/ssh-error.ts';
import { Meter } from './meter.ts';
import type { Shells } from './shells.ts';
import { isHopeless, type StepResult } from './step.ts';
import { contentHash, type Survey, SurveyReader } from './survey.ts';
import { agentFor, isOfSsh, Travel } from './travel.ts';

export type StreamInput = {
  run: string;
  entry: RunStep;
  copy: Extract<Action, { do: 'copy-image' }>;
  /** folders whose lock each side must see as the run's own */
  locks: { from: string[]; to: string[] };
  shells: Shells;
  /** breaks it off: cancelled, or the app ends */
  signal: AbortSignal;
  /** how long, ms, it is tried without any progress */
  patienceMs: number;
  /** the entry has changed, for whoever watches */
  tell: () => void;
  pause: (ms: number) => Promise<void>;
};

/** It can't be done, however often it is tried. */
class CopyFailed extends Error {}
/** It was cut off: trying again goes on from there. */
class CutOff extends Error {}

/** After so many bytes of room there is still some for the file system itself. */
const spareBytes = 1 << 20;
const commandMs = 60_000;
/** So often the same point is tried where the connection stands, but something else goes wrong. */
const maxCutOffs = 5;

type Streamed = { code: number; stderr: string };

class Copying {
  readonly #input: StreamInput;
  readonly #mark: string;
  readonly #meter: Meter;
  #source: Survey | null = null;
  readonly #travel: Travel;
  #sentBytes = 0;

  constructor(input: StreamInput) {
    this.#input = input;
    this.#mark = streamMark(input.run, input.entry.id);
    this.#meter = new Meter(input.entry, input.tell);
    this.#travel = new Travel(input.copy);
  }

  /** Counts up with every progress that is made. */
  get ticks(): number {
    return this.#meter.ticks;
  }

  #stream(
    node: string,
    script: string,
    options: {
      input?: AsyncIterable<Uint8Array>;
      output?: (chunk: Buffer) => void | Promise<void>;
      signal?: AbortSignal;
      forwardAgent?: AgentForwarding;
    },
  ): Promise<Streamed> {
    const shell = this.#input.shells(node);
    if (!shell.stream) throw new Error(`the shell of ${node} carries no streams`);
    return shell
      .stream(script, { signal: this.#input.signal, ...options })
      .then(({ code, stderr }) => ({ code, stderr: stderr.toString().trim() }));
  }

  /** One short script. Throws CopyFailed with what it said when it does not exit with 0. */
  async #command(
    node: string,
    script: string,
    {
      forwardAgent = 'no',
      timeoutMs = commandMs,
    }: { forwardAgent?: AgentForwarding; timeoutMs?: number } = {},
  ): Promise<string> {
    this.#input.signal.throwIfAborted();
    const result = await this.#input
      .shells(node)
      .run(`${prelude}\n${script}`, { timeoutMs, maxBytes: 1 << 20, forwardAgent });
    if (result.code !== 0)
      throw new CopyFailed(
        `${node}: ${result.stderr.toString().trim() || result.stdout.toString().trim() || `exit code ${result.code}`}`,
      );
    return result.stdout.toString();
  }

  #guard(side: 'from' | 'to'): Promise<string> {
    const { locks, run, copy } = this.#input;
    return this.#command(copy[side].node, `(\n${guardScript(locks[side], run)})`);
  }

  /** Nothing of an attempt before this one is left, and the lock is ours. */
  #begin(side: 'from' | 'to'): Promise<string> {
    const { locks, run, copy } = this.#input;
    return this.#command(copy[side].node, `${endStream(this.#mark)}(\n${guardScript(locks[side], run)})`);
  }

  /** Ends whatever the stream may have left on the nodes. Told when a node does not answer; nothing is awaited for ever. */
  async end(): Promise<void> {
    const { from, to } = this.#input.copy;
    await Promise.all(
      [...new Set([from.node, to.node])].map(async (node) => {
        const result = await this.#input
          .shells(node)
          .run(`${prelude}\n${endStream(this.#mark)}`, { timeoutMs: commandMs });
        if (result.code !== 0) throw new CopyFailed(`${node}: ${result.stderr.toString().trim()}`);
      }),
    );
  }

  async #survey(node: string, script: string, phase: 'reading' | 'comparing', what: string): Promise<Survey> {
    const reader = new SurveyReader((done, total) => this.#meter.show(phase, done, total));
    const { code, stderr } = await this.#stream(node, script, { output: (chunk) => reader.push(chunk) });
    if (code === 73) throw new CopyFailed(`${node}: ${stderr}`);
    if (code > 128) throw new CutOff(`${node}: reading ${what} was broken off (signal ${code - 128}).`);
    if (code !== 0) throw new CutOff(`${node}: ${what} could not be read. ${stderr || `Exit code ${code}.`}`);
    try {
      return reader.end();
    } catch (error) {
      throw new CutOff(`${node}: ${what} could not be read: ${messageOf(error)}. ${stderr}`.trim());
    }
  }

  async #sourceState(): Promise<string> {
    const { copy } = this.#input;
    return (await this.#command(copy.from.node, stateOfSource(copy))).trim();
  }

  async #send(frames: readonly Frame[]): Promise<void> {
    const way = this.#travel.way ?? { kind: 'workstation' };
    const { run, copy } = this.#input;
    const total = bytesOf(frames);
    let done = 0;
    const sent = (bytes: number): void => {
      // the lines between the bytes are not worth telling
      done = Math.min(done + bytes, total);
      this.#meter.show('sending', done, total);
    };
    const script = sendStream(this.#mark, run, copy, way);
    const outcomes =
      way.kind === 'workstation'
        ? await this.#relay(script, frames, sent)
        : [{ node: `${copy.from.node} to ${copy.to.node}`, ...(await this.#straight(script, frames, sent)) }];
    const failed = outcomes.filter((each) => each.code !== 0);
    this.#sentBytes += failed.length === 0 ? total : done;
    if (failed.length === 0) return;
    const said = failed.map((each) => `${each.node}: ${each.stderr || `exit code ${each.code}`}`).join('\n');
    // ssh's own words, or a shell there that is none: nothing of them is about the storage, whatever they sound like
    if (way.kind === 'straight' && failed.every((each) => isOfSsh(each.code))) {
      this.#travel.byWorkstation(said);
      throw new CutOff(said);
    }
    if (failed.some((each) => /No space left|Disk quota/.test(each.stderr)))
      throw new CopyFailed(`${said}\nMake room on ${copy.to.node}, then copy again.`);
    if (
      failed.some((each) =>
        /Permission denied|Read-only file system|Operation not permitted/.test(each.stderr),
      )
    )
      throw new CopyFailed(said);
    // a process that was killed
    if (way.kind === 'straight') this.#travel.byWorkstation(said);
    throw new CutOff(said);
  }

  async #straight(
    script: string,
    frames: readonly Frame[],
    sent: (bytes: number) => void,
  ): Promise<Streamed> {
    let rest = '';
    return this.#stream(this.#input.copy.from.node, script, {
      input: commands(frames),
      forwardAgent: agentFor(this.#input.copy),
      output: (chunk) => {
        const lines = (rest + chunk.toString('latin1')).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) sent(Number(/^sent (\d+)$/.exec(line)?.[1] ?? 0));
      },
    });
  }

  /** Out of one channel, into the other, no faster than the slower of them; at most some MiB are on this workstation. */
  async #relay(
    script: string,
    frames: readonly Frame[],
    sent: (bytes: number) => void,
  ): Promise<(Streamed & { node: string })[]> {
    const { run, copy, signal } = this.#input;
    const pipe = new PassThrough({ highWaterMark: 1 << 20 });
    const breaking = new AbortController();
    const either = AbortSignal.any([signal, breaking.signal]);
    const broken = finished(pipe, { signal: either }).catch(() => undefined);
    const source = this.#stream(copy.from.node, script, {
      input: commands(frames),
      signal: either,
      output: async (chunk) => {
        sent(chunk.length);
        if (pipe.destroyed) throw new CutOff('The other side has ended.');
        if (!pipe.write(chunk)) await Promise.race([drainOf(pipe), broken]);
      },
    }).finally(() => pipe.end());
    const target = this.#stream(copy.to.node, receiveStream(this.#mark, run, copy), {
      input: pipe,
      signal: either,
    })
      // a receiver that has ended has said why; who still sends to it is broken off
      .finally(() => {
        if (!pipe.writableFinished) breaking.abort(new CutOff('The other side has ended.'));
        pipe.destroy();
      });
    const [from, to] = await Promise.allSettled([source, target]);
    signal.throwIfAborted();
    const outcomes: (Streamed & { node: string })[] = [];
    if (to.status === 'fulfilled') outcomes.push({ node: copy.to.node, ...to.value });
    if (from.status === 'fulfilled') outcomes.push({ node: copy.from.node, ...from.value });
    if (outcomes.some((each) => each.code !== 0)) return outcomes;
    if (to.status === 'rejected') throw asError(to.reason);
    if (from.status === 'rejected') throw asError(from.reason);
    return outcomes;
  }

  async attempt(): Promise<void> {
    const { copy, run, entry } = this.#input;
    const { from, to } = copy;
    await Promise.all([this.#begin('from'), this.#begin('to')]);
    // asked while the source is read; what goes wrong is told when it is needed
    const found = this.#travel.find((node, script, options) => this.#command(node, script, options));
    found.catch(() => undefined);
    if (this.#source === null || (await this.#sourceState()) !== this.#source.state)
      this.#source = await this.#survey(
        from.node,
        surveySource(this.#mark, this.#input.run, copy),
        'reading',
        from.path,
      );
    const source = this.#source;
    const facts = new Map(
      (await this.#command(to.node, preparePartial(run, copy, source.size)))
        .split('\n')
        .map((line) => line.split(' '))
        .map(([name = '', value = '']) => [name, value]),
    );
    const had = Number(facts.get('allocated'));
    const there =
      had === 0 || source.size === 0
        ? new Map<number, string>()
        : (
            await this.#survey(
              to.node,
              surveyPartial(this.#mark, run, copy),
              'reading',
              `what was copied to ${to.path} before`,
            )
          ).blocks;
    const frames = framesBetween(source, there, facts.get('punch') === 'yes');
    const needed = source.extents.reduce((sum, each) => sum + each.length, 0) - had;
    const free = Number(facts.get('free'));
    if (frames.length > 0 && needed + spareBytes > free)
      throw new CopyFailed(
        `${to.node}: ${to.path} needs ${formatBytes(needed)} more, and only ${formatBytes(free)} are free there. Make room, then copy again.`,
      );
    if (frames.length > 0) {
      await found;
      this.#meter.way = this.#travel.text();
      entry.output = this.#travel.told();
      this.#input.tell();
      await this.#send(frames);
    }
    const copied = await this.#survey(
      to.node,
      surveyPartial(this.#mark, run, copy),
      'comparing',
      `the copy of ${to.path}`,
    );
    const state = await this.#sourceState();
    if (state !== source.state)
      throw new CopyFailed(
        `${from.node}: ${from.path} changed while it was copied (before: ${source.state}; after: ${state}; these are length, inode, times of writing). Find out who writes to it, then copy again.`,
      );
    const hash = contentHash(source);
    if (copied.size !== source.size || contentHash(copied) !== hash)
      throw new CutOff(
        `${to.node}: the copy of ${from.path} is not equal to it (content ${contentHash(copied)}, and should be ${hash}).`,
      );
    await this.#command(from.node, noteSourceProof(run, copy, { hash, state }));
    await this.#guard('to');
    await this.#command(to.node, noteProof(run, copy, { hash, state: copied.state }));
    entry.output = [
      `${formatBytes(this.#sentBytes)} sent ${this.#travel.told() || '(all of it was there)'}`,
      `content ${hash}, ${source.size} bytes, equal on both sides`,
      `allocated ${formatBytes(source.allocated)} on ${from.node}, ${formatBytes(copied.allocated)} on ${to.node}`,
    ].join('\n');
  }
}

const drainOf = (pipe: PassThrough): Promise<void> => new Promise((resolve) => pipe.once('drain', resolve));

async function* commands(frames: readonly Frame[]): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < frames.length; at += 256)
    yield Buffer.from(
      frames
        .slice(at, at + 256)
        .map(({ mode, offset, length }) => `${mode} ${offset} ${length}\n`)
        .join(''),
    );
  yield Buffer.from('end\n');
}

/** Brings the copy to a known state. `void`: it was broken off on request. `unknown`: cut off, and to be gone on with. */
export const runStream = async (input: StreamInput): Promise<StepResult> => {
  const copying = new Copying(input);
  const { from, to } = input.copy;
  let ticks = 0;
  let cutOffs = 0;
  let began = Date.now();
  let backOff = 250;
  for (;;) {
    let failure: Error;
    try {
      await copying.attempt();
      return { kind: 'done' };
    } catch (error) {
      failure = asError(error);
    }
    if (input.signal.aborted) {
      // the nodes may be gone as well; what is left there is ended by the next attempt, or by what takes it back
      await copying.end().catch(() => undefined);
      return { kind: 'void' };
    }
    const isLost = failure instanceof SshError && !isHopeless(failure);
    if (failure instanceof CopyFailed || !(isLost || failure instanceof CutOff)) {
      await copying.end().catch(() => undefined);
      return { kind: 'failed', changed: true, message: failure.message };
    }
    if (copying.ticks !== ticks) {
      ticks = copying.ticks;
      began = Date.now();
      backOff = 250;
    }
    if (failure instanceof CutOff) cutOffs += 1;
    if (cutOffs >= maxCutOffs || Date.now() - began > input.patienceMs) {
      await copying.end().catch(() => undefined);
      return {
        kind: 'unknown',
        message: `The copy from ${from.node} to ${to.node} was cut off: ${failure.message} What arrived is kept beside ${to.path}, which does not exist yet. Resume the run, and the copy goes on from there.`,
      };
    }
    await input.pause(backOff);
    backOff = Math.min(backOff * 2, 5000);
  }
};
