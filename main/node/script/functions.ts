/** The shared functions that the steps of one script need, each of them once. */
import { definitionOf, functionsOf } from '../shell/assemble.ts';
import type { Toolstack } from '../shell/toolstack.ts';

export class Functions {
  readonly #needed: Record<Toolstack, Set<string>> = { xl: new Set(), xm: new Set() };

  need(names: readonly string[], toolstack: Toolstack): void {
    for (const name of names) this.#needed[toolstack].add(name);
  }

  /** Nodes of one script have different toolstacks, and functions that are different for it. */
  get isMixed(): boolean {
    return [...this.#needed.xl, ...this.#needed.xm].some((name) => this.#isOfToolstack(name));
  }

  #isOfToolstack(name: string): boolean {
    return (
      this.#needed.xm.size > 0 &&
      this.#needed.xl.size > 0 &&
      functionsOf.xl.get(name) !== functionsOf.xm.get(name)
    );
  }

  text(): string {
    const { xl, xm } = this.#needed;
    const of = (toolstack: Toolstack, wanted: (name: string) => boolean): string =>
      [...functionsOf[toolstack]]
        .filter(([name]) => wanted(name))
        .map(([name, text]) => definitionOf(name, text))
        .join('\n');
    if (xm.size === 0) return of('xl', (name) => xl.has(name));
    if (xl.size === 0) return of('xm', (name) => xm.has(name));
    const common = of('xl', (name) => (xl.has(name) || xm.has(name)) && !this.#isOfToolstack(name));
    const own = (toolstack: Toolstack): string =>
      `script_toolstack_${toolstack}() {\n:\n${of(toolstack, (name) => this.#needed[toolstack].has(name) && this.#isOfToolstack(name))}}\n`;
    return `${common}\n${own('xl')}\n${own('xm')}`;
  }
}
