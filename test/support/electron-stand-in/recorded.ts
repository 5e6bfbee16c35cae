/** What the app did to the world outside of its windows, for tests to look at. */
export interface Recorded {
  /** For example `shell.openExternal`, `notification`, `navigation-refused`, `window-refused`, `request-refused`. */
  readonly what: string;
  readonly detail: unknown;
}

export const recorded: Recorded[] = [];

export function record(what: string, detail: unknown): void {
  recorded.push({ what, detail });
}
