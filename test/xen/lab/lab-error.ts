/** Something the lab cannot do, in words for the person before the terminal: what, where, and what to do next. */
export class LabError extends Error {
  override readonly name = 'LabError';
}

/** The text of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
