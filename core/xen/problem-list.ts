/** The mistakes of a configuration, each with its place. */

/** One mistake. Lines and columns count from 1, offsets from 0; the end is behind the last character. */
export type ConfigProblem = {
  /** `error`: the guest does not start, or not as the text says. `warning`: it starts, but this is hardly meant. */
  severity: 'error' | 'warning';
  /** `xl create -n` refuses the file for it; else xl goes on, and a start fails later or the value is passed over. */
  refused: boolean;
  /** The key that it is about, where there is one. */
  key: string | null;
  /** Whole sentences. */
  message: string;
  start: number;
  end: number;
  line: number;
  column: number;
  endLine: number;
  endColumn: number;
};

/** Where a mistake stands. */
export type Range = { start: number; end: number };

/** Collects mistakes; the rules of each part of a configuration report to it. */
export class ProblemList {
  readonly problems: ConfigProblem[] = [];
  /** Offset at which each line begins. */
  private readonly lines: number[] = [0];

  constructor(text: string) {
    for (let newline = text.indexOf('\n'); newline >= 0; newline = text.indexOf('\n', newline + 1))
      this.lines.push(newline + 1);
  }

  private placeOf(offset: number): { line: number; column: number } {
    let low = 0;
    let high = this.lines.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.lines[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - (this.lines[low] ?? 0) + 1 };
  }

  private add(
    severity: ConfigProblem['severity'],
    refused: boolean,
    key: string | null,
    { start, end }: Range,
    message: string,
  ): void {
    const from = this.placeOf(start);
    const to = this.placeOf(end);
    this.problems.push({
      severity,
      refused,
      key,
      message,
      start,
      end,
      line: from.line,
      column: from.column,
      endLine: to.line,
      endColumn: to.column,
    });
  }

  /** xl refuses the file. */
  refuse(key: string | null, range: Range, message: string): void {
    this.add('error', true, key, range, message);
  }

  /** xl reads the file, and the guest does not start, or not as the text says. */
  error(key: string | null, range: Range, message: string): void {
    this.add('error', false, key, range, message);
  }

  warn(key: string | null, range: Range, message: string): void {
    this.add('warning', false, key, range, message);
  }
}
