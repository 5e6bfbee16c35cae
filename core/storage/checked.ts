import { z } from 'zod';

/** Outcome of checking one text: the value to use, or one sentence that says what is wrong and what is allowed. */
export type Checked = { ok: true; value: string } | { ok: false; message: string };

/** A function that checks one text that a person or a file gave us. It never throws. */
export type Check = (text: string) => Checked;

export const accepted = (value: string): Checked => ({ ok: true, value });
export const refused = (message: string): Checked => ({ ok: false, message });

/** Makes a zod schema of a check, so that schemas and forms speak with the same sentences. Yields the checked value. */
export function checkedText(check: Check) {
  return z.string().transform((text, context) => {
    const outcome = check(text);
    if (outcome.ok) return outcome.value;
    context.addIssue({ code: 'custom', message: outcome.message });
    return z.NEVER;
  });
}

/** Shows a text inside a sentence: quoted, control characters made visible, cut at 60 characters. */
export function shown(text: string): string {
  const short = text.length > 60 ? `${text.slice(0, 60)}…` : text;
  return JSON.stringify(short);
}
