/** Where the text of a draft is wrong, in the editor's way of counting. Pure. */
import type { DraftProblem } from '../../core/draft/draft.ts';
import { readDraft } from '../../core/draft/read.ts';

export const problemsOf = (text: string): DraftProblem[] => {
  const read = readDraft(text);
  return read.ok ? [] : read.problems;
};

export type Mark = { from: number; to: number; severity: 'error'; text: string };

/** A problem has one place; the word that begins there is marked, or at least one character. */
export const draftMarks = (text: string): Mark[] => {
  const lines = text.split('\n');
  const starts: number[] = [];
  let at = 0;
  for (const line of lines) {
    starts.push(at);
    at += line.length + 1;
  }
  return problemsOf(text).map(({ line, column, message }) => {
    const index = Math.min(Math.max(0, line - 1), lines.length - 1);
    const content = lines[index] ?? '';
    const begin = Math.min(Math.max(0, column - 1), content.length);
    const word = /^[^\s,:\]}]+/.exec(content.slice(begin))?.[0].length ?? 1;
    const from = (starts[index] ?? 0) + begin;
    return {
      from,
      to: Math.min(text.length, from + word),
      severity: 'error',
      text: `Line ${line}, column ${column}: ${message}`,
    };
  });
};
