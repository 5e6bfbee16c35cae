/** One line in the node's own system log for each run that has come to rest: who did what, how it ended, and the run's id. */
import type { Run } from '../../core/plan/run.ts';
import { quote } from './quote.ts';

const outcomes: Record<Run['state'], string> = {
  running: 'running',
  'cut-off': 'cut off',
  done: 'done',
  undone: 'failed or cancelled, and taken back',
  stuck: 'failed, needs a person',
  unknown: 'outcome unknown',
  'given-up': 'given up half-way',
};

/** A log has one line for one message, and some cut it at 1 KiB. */
const longest = 500;

/** "mara@adm1: Stop web1: done (run abc)"; whatever a name holds, it can't make a line of its own. */
export const systemLogLine = ({
  who,
  title,
  state,
  id,
}: Pick<Run, 'who' | 'title' | 'state' | 'id'>): string => {
  const what = `${who}: ${title}`
    // control and format characters, and halves of surrogate pairs, which no shell carries
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]+/gu, ' ')
    .slice(0, longest)
    .toWellFormed();
  return `${what}: ${outcomes[state]} (run ${id})`;
};

/** Never fails, and never waits for long: a node without logger, or whose log hangs, is none the worse for it. */
export const systemLogScript = (run: Pick<Run, 'who' | 'title' | 'state' | 'id'>): string =>
  `command -v logger >/dev/null 2>&1 && timeout 5 logger -t vbdesk -- ${quote(systemLogLine(run))} </dev/null >/dev/null 2>&1\n`;
