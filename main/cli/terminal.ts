/** Where the command line reads and writes. Results go to stdout; whatever is said besides, and every question, to stderr. */
import process from 'node:process';
import { createInterface } from 'node:readline';

export type Terminal = {
  /** writes to stdout as it stands */
  out(text: string): void;
  /** writes to stderr as it stands */
  say(text: string): void;
  /** somebody can be asked: stdin and stderr are a terminal */
  isInteractive: boolean;
  /** a line that is being shown may be replaced */
  isLive: boolean;
  colors: { out: boolean; say: boolean };
  /** One line of an answer; null at end of input or Ctrl C. `hidden` shows nothing of what is typed. */
  ask(question: string, hidden?: boolean): Promise<string | null>;
  /** Calls back at each Ctrl C (instead of ending the process) until the returned function is called. */
  onInterrupt(listener: () => void): () => void;
};

type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow';
const styles: Readonly<Record<Style, [number, number]>> = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
};

/** Text in a style where that is wanted, else as it is. */
export const styled =
  (colors: boolean) =>
  (style: Style, text: string): string => {
    const [on, off] = styles[style];
    return colors && text !== '' ? `\u001b[${on}m${text}\u001b[${off}m` : text;
  };

// A node's output must not steer the terminal: of escape sequences only colours pass, and they harm nobody.
const unsafe =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  /\u001b(?!\[[0-9;]*m)|[\u0000-\u0008\u000b-\u001a\u001c-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

/** Replaces what a terminal would act upon. Line ends and tabs pass. */
export const printable = (text: string): string => text.replaceAll('\r\n', '\n').replaceAll(unsafe, '\ufffd');

const ask = (question: string, hidden: boolean): Promise<string | null> =>
  new Promise((resolve) => {
    const lines = createInterface({ input: process.stdin, output: process.stderr, terminal: true });
    let answer: string | null = null;
    lines.question(question, (text) => {
      answer = text;
      lines.close();
    });
    if (hidden) {
      // readline echoes by writing to its output; from here on only line ends pass
      const write = process.stderr.write.bind(process.stderr);
      process.stderr.write = () => true;
      lines.once('close', () => {
        process.stderr.write = write;
        process.stderr.write('\n');
      });
    }
    lines.on('SIGINT', () => lines.close());
    lines.once('close', () => resolve(answer));
  });

export const processTerminal = (): Terminal => {
  // `vbdesk instance list | head -1`: nobody reads any more, which is no failure of ours
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  const wantsColor = (stream: NodeJS.WriteStream): boolean =>
    stream.isTTY && !process.env.NO_COLOR && process.env.TERM !== 'dumb';
  return {
    out: (text) => void process.stdout.write(text),
    say: (text) => void process.stderr.write(text),
    isInteractive: process.stdin.isTTY && process.stderr.isTTY,
    isLive: process.stderr.isTTY && process.env.TERM !== 'dumb',
    colors: { out: wantsColor(process.stdout), say: wantsColor(process.stderr) },
    ask: (question, hidden = false) => ask(question, hidden),
    onInterrupt: (listener) => {
      process.on('SIGINT', listener);
      return () => void process.off('SIGINT', listener);
    },
  };
};
