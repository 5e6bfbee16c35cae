/** The runs of this workstation: one JSON file each, rewritten as a whole at every change of a step. */
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type Run, run } from '../../core/plan/run.ts';
import { writeFileAtomically } from '../library/atomic-file.ts';

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
    } catch (error) {
      return codeOf(error) === 'EPERM' ? 'alive' : '';
    }
  }
};

const codeOf = (error: unknown): unknown =>
  error instanceof Error && 'code' in error ? error.code : undefined;

/** `then` for a file that is not there; every other error is told. */
const unlessMissing =
  <T>(then: T) =>
  (error: unknown): T => {
    if (codeOf(error) === 'ENOENT') return then;
    throw error;
  };

/** A file of the journal that can't be read or is not a run: it stays where it is. */
export class JournalError extends Error {
  override name = 'JournalError';
}

export class Journal {
  readonly directory: string;
  readonly #writes = new Map<string, Promise<void>>();
  /** parsed runs, with the state of the file that they were read from: most never change again */
  readonly #read = new Map<string, { state: string; value: Run }>();
  /** tells this journal from another one of the same process */
  readonly #token = randomBytes(8).toString('hex');

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
      .then(() => writeFileAtomically(this.#file(value.id, '.json'), text))
      .finally(() => this.#read.delete(value.id));
    this.#writes.set(value.id, next);
    await next;
  }

  /**
   * Makes this process the one that works on the run; false when another living one does. A file for each claimant, made
   * before the others are looked at: of two at the same time never both get it (it may be that neither does).
   */
  async claim(id: string): Promise<boolean> {
    await mkdir(this.directory, { recursive: true, mode: 0o700 });
    await writeFile(await this.#ownerFile(id), '', { mode: 0o600 });
    if (!(await this.ownedElsewhere(id))) return true;
    await this.disown(id);
    return false;
  }

  async disown(id: string): Promise<void> {
    await rm(await this.#ownerFile(id), { force: true });
  }

  async #ownerFile(id: string): Promise<string> {
    return this.#file(id, `.owner.${process.pid}.${await processStart(process.pid)}.${this.#token}`);
  }

  /** True while somebody else works on the run: another living process, or another journal of this one. */
  async ownedElsewhere(id: string): Promise<boolean> {
    const prefix = path.basename(this.#file(id, '.owner.'));
    const names = await readdir(this.directory).catch(unlessMissing<string[]>([]));
    for (const name of names) {
      const [pid, started, token] = name.startsWith(prefix) ? name.slice(prefix.length).split('.') : [];
      if (pid === undefined || token === undefined || token === this.#token) continue;
      if (started !== '' && (await processStart(Number(pid))) === started) return true;
      await rm(path.join(this.directory, name), { force: true });
    }
    return false;
  }

  /** Null when there is no such run. Throws a JournalError that names the file when it can't be read. */
  async read(id: string): Promise<Run | null> {
    const file = this.#file(id, '.json');
    try {
      const found = await stat(file).catch(unlessMissing(null));
      if (found === null) return null;
      const state = `${found.ino} ${found.mtimeMs} ${found.size}`;
      const known = this.#read.get(id);
      if (known?.state === state) return known.value;
      const value = run.parse(JSON.parse(await readFile(file, 'utf8')));
      this.#read.set(id, { state, value });
      return value;
    } catch (error) {
      throw new JournalError(
        `${file} is damaged, or not what VBDesk writes (${error instanceof Error ? error.message.slice(0, 300) : error}).`,
      );
    }
  }

  /** All that can be read, newest first. A damaged file is left where it is and named in `damaged`. */
  async list(): Promise<{ runs: Run[]; damaged: string[] }> {
    const names = await readdir(this.directory).catch(unlessMissing<string[]>([]));
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
