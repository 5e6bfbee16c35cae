/** The runs of this workstation: one JSON file each, rewritten as a whole at every change of a step. */
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { type Run, run } from '../../core/plan/run.ts';
import { writeFileAtomically } from '../library/atomic-file.ts';

/** Names the process that works on a run, so that a second VBDesk on the same directory leaves it alone. */
type Owner = { pid: number; started: string };

/** Start time of a process in the kernel's words; "" when it does not run. On systems without /proc the pid has to do. */
const processStart = async (pid: number): Promise<string> => {
  try {
    const text = await readFile(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    if (process.platform === 'linux') return '';
    try {
      process.kill(pid, 0);
      return 'alive';
    } catch {
      return '';
    }
  }
};

export class Journal {
  readonly directory: string;
  readonly #writes = new Map<string, Promise<void>>();
  /** parsed runs by file name, with the modification time they were read at: most never change again */
  readonly #read = new Map<string, { at: number; value: Run }>();

  constructor(directory: string) {
    this.directory = directory;
  }

  #file(id: string, suffix: string): string {
    if (!/^[a-z0-9]{1,64}$/.test(id)) throw new Error(`"${id}" is not the id of a run.`);
    return path.join(this.directory, id + suffix);
  }

  /** Resolves when the state is on the disk; writes of one run keep their order. */
  async write(value: Run): Promise<void> {
    const text = `${JSON.stringify(value, null, 1)}\n`;
    const before = this.#writes.get(value.id) ?? Promise.resolve();
    const next = before
      .catch(() => undefined)
      .then(() => writeFileAtomically(this.#file(value.id, '.json'), text));
    this.#writes.set(value.id, next);
    await next;
  }

  async own(id: string): Promise<void> {
    const owner: Owner = { pid: process.pid, started: await processStart(process.pid) };
    await writeFileAtomically(this.#file(id, '.owner'), JSON.stringify(owner));
  }

  async disown(id: string): Promise<void> {
    await rm(this.#file(id, '.owner'), { force: true });
  }

  /** True while another living process works on the run. */
  async ownedElsewhere(id: string): Promise<boolean> {
    try {
      const owner: unknown = JSON.parse(await readFile(this.#file(id, '.owner'), 'utf8'));
      if (typeof owner !== 'object' || owner === null || !('pid' in owner) || !('started' in owner))
        return false;
      if (typeof owner.pid !== 'number' || owner.pid === process.pid) return false;
      const started = await processStart(owner.pid);
      return started !== '' && started === owner.started;
    } catch {
      return false;
    }
  }

  async read(id: string): Promise<Run | null> {
    const file = this.#file(id, '.json');
    const at = await stat(file).then(
      (found) => found.mtimeMs,
      () => null,
    );
    if (at === null) return null;
    const known = this.#read.get(id);
    if (known && known.at === at) return known.value;
    const value = run.parse(JSON.parse(await readFile(file, 'utf8')));
    this.#read.set(id, { at, value });
    return value;
  }

  /** All that can be read, newest first. A damaged file is left where it is and named in `damaged`. */
  async list(): Promise<{ runs: Run[]; damaged: string[] }> {
    const names = await readdir(this.directory).catch(() => []);
    const runs: Run[] = [];
    const damaged: string[] = [];
    for (const name of names) {
      if (!name.endsWith('.json')) continue;
      try {
        const value = await this.read(name.slice(0, -5));
        if (value) runs.push(value);
      } catch {
        damaged.push(path.join(this.directory, name));
      }
    }
    return { runs: runs.toSorted((a, b) => b.startedAt - a.startedAt), damaged };
  }
}
