/** A run on stderr while it works: one line a step; on a terminal the step that is under way is shown as well. */
import { progressText } from '../../core/plan/progress-text.ts';
import type { Run, RunStep } from '../../core/plan/run.ts';
import { indented } from './table.ts';
import { printable, styled, type Terminal } from './terminal.ts';

const secondsText = (entry: RunStep, now: number): string => {
  if (entry.startedAt === null) return '';
  const ms = (entry.endedAt ?? now) - entry.startedAt;
  return ms < 100 ? '' : ` (${(ms / 1000).toFixed(1)} s)`;
};

const words: Readonly<Record<RunStep['state'], string>> = {
  waiting: 'waiting',
  running: '…',
  done: 'done',
  failed: 'failed',
  unknown: 'outcome unknown',
  skipped: 'skipped',
};

const hasEnded = (entry: RunStep): boolean => entry.state !== 'waiting' && entry.state !== 'running';

/** Between two looks at the clock of the step that is under way, ms. */
const tickMs = 1000;

export class Progress {
  readonly #terminal: Terminal;
  readonly #paint;
  readonly #quiet: boolean;
  /** steps whose end was told, with their state: a resumed run may try one again */
  readonly #told = new Map<string, string>();
  /** lines of a script's output that were told */
  readonly #lines = new Map<string, number>();
  #turned = false;
  #live = '';
  #current: { entry: RunStep; place: string } | null = null;
  readonly #timer: NodeJS.Timeout | null = null;

  /** `before`: the run as it was when it is gone on with; what had ended then is not told again. */
  constructor(terminal: Terminal, quiet: boolean, before: Run | null) {
    this.#terminal = terminal;
    this.#paint = styled(terminal.colors.say);
    this.#quiet = quiet;
    if (before) {
      this.#turned = before.direction === 'undo';
      for (const entry of [...before.steps, ...before.undo])
        if (entry.state === 'done' || entry.state === 'skipped') this.#told.set(entry.id, this.#key(entry));
    }
    if (terminal.isLive && !quiet) this.#timer = setInterval(() => this.#drawCurrent(), tickMs);
  }

  #key(entry: RunStep): string {
    return `${entry.state} ${entry.job}`;
  }

  show(run: Run): void {
    if (this.#quiet) return;
    this.#tellScripts(run);
    this.#list(run.steps, '');
    if (run.direction === 'undo' && !this.#turned) {
      this.#turned = true;
      this.line(this.#paint('yellow', printable(run.problem)));
      if (run.undo.length > 0) this.line('What was done is taken back:');
    }
    this.#list(run.undo, 'undo ');
    const entries = run.direction === 'forward' ? run.steps : run.undo;
    const index = entries.findIndex((entry) => entry.state === 'running');
    const entry = entries[index];
    this.#current = entry
      ? { entry, place: `${run.direction === 'undo' ? 'undo ' : ''}${this.#place(index, entries.length)}` }
      : null;
    this.#drawCurrent();
  }

  /** What a script of others prints is of interest while it runs: it may take long. */
  #tellScripts(run: Run): void {
    for (const [index, entry] of run.steps.entries()) {
      const action = run.plan.steps[index]?.action.do;
      if ((action !== 'run-os-create' && action !== 'run-os-script') || entry.output === '') continue;
      // of a step that failed, its reason is told with its end
      const text =
        entry.message !== '' && entry.output.endsWith(entry.message)
          ? entry.output.slice(0, -entry.message.length)
          : entry.output;
      const lines = text.trimEnd().split('\n');
      if (entry.state === 'running') lines.pop();
      const key = `${entry.id} ${entry.job}`;
      const told = this.#lines.get(key) ?? 0;
      for (const line of lines.slice(told)) this.line(`      ${printable(line)}`);
      this.#lines.set(key, Math.max(told, lines.length));
    }
  }

  #place(index: number, total: number): string {
    return `[${String(index + 1).padStart(String(total).length)}/${total}]`;
  }

  #list(entries: readonly RunStep[], prefix: string): void {
    for (const [index, entry] of entries.entries()) {
      if (!hasEnded(entry) || this.#told.get(entry.id) === this.#key(entry)) continue;
      this.#told.set(entry.id, this.#key(entry));
      if (entry.state === 'skipped') continue;
      const color = entry.state === 'done' ? 'green' : 'red';
      this.line(
        `${prefix}${this.#place(index, entries.length)} ${entry.nodes.join(', ')}: ${entry.title} ${this.#paint(color, words[entry.state])}${secondsText(entry, Date.now())}`,
      );
      if (entry.state !== 'done' && entry.message !== '')
        this.line(indented(printable(entry.message).trimEnd(), 6));
    }
  }

  #drawCurrent(): void {
    if (!this.#terminal.isLive || this.#quiet) return;
    const text = this.#current
      ? printable(
          `${this.#current.place} ${this.#current.entry.nodes.join(', ')}: ${this.#current.entry.title} …${secondsText(this.#current.entry, Date.now())}${this.#current.entry.progress ? ` ${progressText(this.#current.entry.progress)}` : ''}`,
        )
      : '';
    const width = process.stderr.columns || 80;
    const short = text.length >= width ? `${text.slice(0, width - 2)}…` : text;
    this.#terminal.say(`\r\u001b[K${short}`);
    this.#live = short;
  }

  /** A whole line, above the one of the step that is under way. */
  line(text: string): void {
    if (this.#live !== '') this.#terminal.say('\r\u001b[K');
    this.#terminal.say(`${printable(text)}\n${this.#live}`);
  }

  end(): void {
    if (this.#timer) clearInterval(this.#timer);
    this.#current = null;
    if (this.#live !== '') this.#terminal.say('\r\u001b[K');
    this.#live = '';
  }
}
