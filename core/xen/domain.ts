import { z } from 'zod';

/** What a domain is doing. `dying` still holds its devices; `unknown` is a line that could not be read. */
const domainStateSchema = z.enum(['running', 'paused', 'shutdown', 'crashed', 'dying', 'unknown']);
export type DomainState = z.infer<typeof domainStateSchema>;

const shutdownReasonSchema = z.enum([
  'poweroff',
  'reboot',
  'suspend',
  'crash',
  'watchdog',
  'soft-reset',
  'other',
]);
export type ShutdownReason = z.infer<typeof shutdownReasonSchema>;

/** One line of `xl list`. */
export const domainSchema = z.object({
  /** As xl shows it; `(null)` for a dying domain whose name is already gone. */
  name: z.string(),
  /** -1 where the line could not be read. */
  domid: z.int(),
  memoryMib: z.int(),
  vcpus: z.int(),
  state: domainStateSchema,
  /** The six letters as printed, such as `-b----`; empty where there were none. */
  flags: z.string(),
  cpuSeconds: z.number(),
  /** Only from `xl list -v`. */
  uuid: z.string().optional(),
  /** Only of a domain that has shut down. */
  shutdownReason: shutdownReasonSchema.optional(),
  /** The line as printed. */
  raw: z.string(),
});
export type Domain = z.infer<typeof domainSchema>;

const FLAGS = /^[r-][b-][p-][s-][rscwS?-][d-]$/;

const REASON_OF_LETTER: Record<string, ShutdownReason> = {
  '-': 'poweroff',
  r: 'reboot',
  s: 'suspend',
  c: 'crash',
  w: 'watchdog',
  S: 'soft-reset',
};

/** The reason that the letters give, or undefined where the domain has not shut down. */
export function shutdownReasonOf(flags: string): ShutdownReason | undefined {
  if (!FLAGS.test(flags)) return undefined;
  const letter = flags[4] ?? '-';
  if (flags[3] !== 's' && letter === '-') return undefined;
  return REASON_OF_LETTER[letter] ?? 'other';
}

/**
 * Decodes the six letters of `xl list` (running, blocked, paused, shutdown, reason, dying).
 *
 * A domain that reboots or is being saved or migrated (`sr`, `ss`) counts as running: it comes back by itself.
 * No letter at all (`------`) is a domain that waits for a processor, so it runs, too.
 */
export function decodeFlags(flags: string): DomainState {
  if (!FLAGS.test(flags)) return 'unknown';
  if (flags[5] === 'd') return 'dying';
  const reason = shutdownReasonOf(flags);
  if (reason === 'crash') return 'crashed';
  if (reason === 'reboot' || reason === 'suspend' || reason === 'soft-reset') return 'running';
  if (flags[3] === 's') return 'shutdown';
  if (flags[2] === 'p') return 'paused';
  return 'running';
}
