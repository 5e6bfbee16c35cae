/**
 * Files of drafts, wherever they lie, and the list of those that are opened on this workstation (`drafts.json`). A file that somebody
 * else changed since it was read is never overwritten.
 */
import { createHash } from 'node:crypto';
import { constants, mkdir, open, readFile, realpath, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { type DraftFile, type DraftSummary, draftEnding } from '../../core/draft/draft.ts';
import { schemaFile } from '../../core/draft/edit.ts';
import { readDraft } from '../../core/draft/read.ts';
import { draftJsonSchema } from '../../core/draft/schema.ts';
import { mostCharacters } from '../../core/draft/yaml.ts';
import { writeFileAtomically } from './atomic-file.ts';
import { withFileLock } from './file-lock.ts';

/** Why a draft's file can't be read or written. */
export class DraftFileError extends Error {
  override name = 'DraftFileError';
  readonly code: 'draft' | 'draft-changed' | 'draft-exists';

  constructor(code: DraftFileError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

const opened = z.strictObject({ version: z.literal(1), opened: z.array(z.string()).max(1000) });

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : null);
const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

export const sha256Of = (text: string): string => createHash('sha256').update(text).digest('hex');

/** @throws Error where it is no UTF-8: an edit would damage it, and two files could look alike */
const decoded = (bytes: Uint8Array): string => {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Error('it is not written in UTF-8; save it as UTF-8 in your editor');
  }
};

const fileOf = (file: string, text: string): DraftFile => {
  const read = readDraft(text);
  return {
    path: file,
    text,
    sha256: sha256Of(text),
    draft: read.ok ? read.draft : null,
    problems: read.ok ? [] : read.problems,
  };
};

/** The name of a draft is that of its file. */
const nameOf = (file: string): string => path.basename(file, draftEnding);

export class Drafts {
  readonly #directory: string;

  /** `directory`: the configuration directory. */
  constructor(directory: string) {
    this.#directory = directory;
  }

  #lock(name: string): string {
    return path.join(this.#directory, 'locks', `${sha256Of(name).slice(0, 32)}.lock`);
  }

  /** Only files that are called like drafts: no other file of this computer is read or written through these calls. */
  #checked(given: string): string {
    const file = path.resolve(given);
    if (file.endsWith(draftEnding) && path.basename(file) !== draftEnding) return file;
    throw new DraftFileError(
      'draft',
      `${file} is not called like a draft: its name ends with ${draftEnding}.`,
    );
  }

  /** A link that leads to any other file is none of a draft. */
  #checkedReal(real: string): void {
    if (!real.endsWith(draftEnding)) throw new Error(`it leads to ${real}, which is not called like a draft`);
  }

  async #text(file: string): Promise<string> {
    try {
      // a named pipe would be waited for without an end
      const handle = await open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
      try {
        const { size } = await handle.stat().then((found) => {
          if (!found.isFile()) throw new Error('it is not a file');
          return found;
        });
        if (size > 4 * mostCharacters) throw new Error('it has more than 4 MiB, and a draft has at most one');
        this.#checkedReal(await realpath(file));
        return decoded(await handle.readFile());
      } finally {
        await handle.close();
      }
    } catch (error) {
      throw new DraftFileError(
        'draft',
        codeOf(error) === 'ENOENT'
          ? `There is no file ${file}. A draft is begun with: vbdesk draft new ${file}`
          : `${file} can't be read: ${textOf(error)}.`,
      );
    }
  }

  async #opened(): Promise<string[]> {
    const text = await readFile(path.join(this.#directory, 'drafts.json'), 'utf8').catch(() => null);
    if (text === null) return [];
    try {
      return opened.parse(JSON.parse(text)).opened;
    } catch {
      // a list of what was open is no loss
      return [];
    }
  }

  #changeOpened(change: (list: readonly string[]) => string[]): Promise<void> {
    const file = path.join(this.#directory, 'drafts.json');
    return withFileLock(this.#lock(file), async () => {
      const before = await this.#opened();
      const after = change(before).slice(-1000);
      if (JSON.stringify(before) !== JSON.stringify(after))
        await writeFileAtomically(file, `${JSON.stringify({ version: 1, opened: after }, null, 2)}\n`);
    });
  }

  async #open(file: string): Promise<void> {
    if (!(await this.#opened()).includes(file))
      await this.#changeOpened((list) => (list.includes(file) ? [...list] : [...list, file]));
  }

  /** Those that are opened, as their files are now. */
  async list(): Promise<DraftSummary[]> {
    return Promise.all(
      (await this.#opened()).map(async (file) => {
        const summary = { path: file, name: nameOf(file), cluster: null, changes: 0, applied: 0 };
        try {
          const { draft, problems } = fileOf(file, await this.#text(file));
          const [first] = problems;
          if (!draft)
            return {
              ...summary,
              problem: first
                ? `Line ${first.line}, column ${first.column}: ${first.message}`
                : 'It is damaged.',
            };
          return {
            ...summary,
            cluster: draft.cluster,
            changes: draft.changes.length,
            applied: draft.changes.filter(({ applied }) => applied?.outcome === 'done').length,
            problem: null,
          };
        } catch (error) {
          return { ...summary, problem: textOf(error) };
        }
      }),
    );
  }

  /** Reads one; it is opened from now on. */
  async read(given: string): Promise<DraftFile> {
    const file = this.#checked(given);
    const text = await this.#text(file);
    await this.#open(file);
    return fileOf(file, text);
  }

  async close(given: string): Promise<void> {
    const file = path.resolve(given);
    await this.#changeOpened((list) => list.filter((each) => each !== file));
  }

  /** A new file, opened. `given` null: in the workstation's own folder, called like the cluster and the day. */
  async create(given: string | null, cluster: string, text: string, day: string): Promise<DraftFile> {
    const folder = path.join(this.#directory, 'drafts');
    if (given !== null) return this.#create(this.#checked(given), text, 0o644);
    const called = `${cluster.replaceAll(/[^A-Za-z0-9._-]/g, '-')}-${day}`;
    for (let number = 1; ; number += 1) {
      const file = path.join(folder, `${called}${number === 1 ? '' : `-${number}`}${draftEnding}`);
      try {
        return await this.#create(file, text, 0o600);
      } catch (error) {
        if (!(error instanceof DraftFileError && error.code === 'draft-exists') || number === 1000)
          throw error;
      }
    }
  }

  async #create(file: string, text: string, mode: number): Promise<DraftFile> {
    try {
      await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
      await writeFile(file, text, { flag: 'wx', mode });
    } catch (error) {
      if (codeOf(error) === 'EEXIST')
        throw new DraftFileError(
          'draft-exists',
          `${file} is there already: choose another name, or open it.`,
        );
      throw new DraftFileError('draft', `${file} can't be written: ${textOf(error)}.`);
    }
    await this.#putSchema(path.dirname(file));
    await this.#open(file);
    return fileOf(file, text);
  }

  /** The schema that new drafts refer to, so that editors complete them. Another file of that name stays. */
  async #putSchema(folder: string): Promise<void> {
    const file = path.join(folder, schemaFile);
    const text = `${JSON.stringify(draftJsonSchema(), null, 2)}\n`;
    const before = await readFile(file, 'utf8').catch(() => null);
    if (before !== null && (before === text || !before.includes('"$id": "vbdesk/v1/draft"'))) return;
    // drafts do without it
    await writeFileAtomically(file, text, 0o644).catch(() => undefined);
  }

  /**
   * Changes a file by what `change` makes of its text.
   * @param from sha256 of the text that the change was made for; with any other one nothing is written
   */
  async change(given: string, from: string, change: (text: string) => string): Promise<DraftFile> {
    const file = this.#checked(given);
    // a link stays one, and what it leads to is changed
    const real = await realpath(file).catch(() => file);
    return withFileLock(this.#lock(real), async () => {
      const before = await this.#text(real);
      if (sha256Of(before) !== from)
        throw new DraftFileError(
          'draft-changed',
          `${file} was changed by somebody else since it was read, so nothing was written. Read it again, then repeat the edit.`,
        );
      const after = change(before);
      if (after.length > mostCharacters)
        throw new DraftFileError('draft', `${file} would have more than 1 MiB, which no draft has.`);
      if (after !== before) {
        const { mode } = await stat(real);
        // it would be replaced all the same, for that takes leave to write its folder only
        if ((mode & 0o222) === 0)
          throw new DraftFileError(
            'draft',
            `${file} may only be read (mode ${(mode & 0o777).toString(8)}), so nothing was written.`,
          );
        if (sha256Of(await this.#text(real)) !== from)
          throw new DraftFileError(
            'draft-changed',
            `${file} was changed by somebody else just now: nothing was written.`,
          );
        await writeFileAtomically(real, after, mode & 0o777).catch((error: unknown) => {
          throw new DraftFileError('draft', `${file} can't be written: ${textOf(error)}.`);
        });
      }
      return fileOf(file, after);
    });
  }
}
