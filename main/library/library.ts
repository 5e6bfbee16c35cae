/**
 * This workstation's files below the configuration directory:
 *
 *     settings.json  clusters/NAME.json  snapshots/NAME.json  runs/ID.json  known_hosts
 *
 * Each is parsed by its schema; one that is damaged is reported by name, never silently replaced.
 */
import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { z } from 'zod';
import { type Cluster, cluster } from '../../core/cluster/schema.ts';
import { type Snapshot, snapshot } from '../../core/cluster/snapshot.ts';
import { type Settings, settings } from '../../core/contract.ts';
import { writeFileAtomically } from './atomic-file.ts';

/** Where VBDesk keeps its files when nobody says otherwise, after each system's custom. */
export const defaultConfigDirectory = (): string => {
  if (process.env.VBDESK_CONFIG_DIR) return path.resolve(process.env.VBDESK_CONFIG_DIR);
  if (process.platform === 'darwin')
    return path.join(os.homedir(), 'Library', 'Application Support', 'vbdesk');
  if (process.platform === 'win32') return path.join(process.env.APPDATA ?? os.homedir(), 'vbdesk');
  return path.join(process.env.XDG_CONFIG_HOME ?? path.join(os.homedir(), '.config'), 'vbdesk');
};

/** A file of the library that can't be used, by name and with the reason. */
export class LibraryError extends Error {
  override name = 'LibraryError';
}

const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ENOENT';

const readJson = async <T>(file: string, schema: z.ZodType<T>): Promise<T | null> => {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (isMissing(error)) return null;
    throw new LibraryError(
      `${file} can't be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new LibraryError(
      `${file} is not JSON (${error instanceof Error ? error.message : error}). Mend it, or move it away and start again.`,
    );
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const first = parsed.error.issues[0];
  throw new LibraryError(
    `${file} is not what VBDesk writes: ${first ? `${first.path.join('.')}: ${first.message}` : 'unknown reason'}. Mend it, or move it away and start again.`,
  );
};

const writeJson = (file: string, value: unknown): Promise<void> =>
  writeFileAtomically(file, `${JSON.stringify(value, null, 2)}\n`);

/** Names of clusters become file names: letters, digits, dot, hyphen, underscore; nothing that leads elsewhere. */
const safeName = (name: string): string => {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(name))
    throw new LibraryError(
      `"${name}" can't be the name of a cluster: letters, digits, ".", "-" and "_" are allowed, beginning with a letter or digit.`,
    );
  return name;
};

export class Library {
  readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
  }

  file(...parts: string[]): string {
    return path.join(this.directory, ...parts);
  }

  async prepare(): Promise<void> {
    for (const each of ['clusters', 'snapshots', 'runs'])
      await mkdir(this.file(each), { recursive: true, mode: 0o700 });
  }

  async settings(): Promise<Settings> {
    return (
      (await readJson(this.file('settings.json'), settings)) ?? {
        theme: 'system',
        refreshSeconds: 10,
        trashDays: 7,
      }
    );
  }

  async saveSettings(value: Settings): Promise<void> {
    await writeJson(this.file('settings.json'), value);
  }

  async clusters(): Promise<Cluster[]> {
    const names = await readdir(this.file('clusters')).catch(() => []);
    const found: Cluster[] = [];
    for (const name of names.filter((each) => each.endsWith('.json')).toSorted()) {
      const value = await readJson(this.file('clusters', name), cluster);
      if (value) found.push(value);
    }
    return found;
  }

  async cluster(name: string): Promise<Cluster | null> {
    return readJson(this.file('clusters', `${safeName(name)}.json`), cluster);
  }

  async saveCluster(value: Cluster): Promise<void> {
    await writeJson(this.file('clusters', `${safeName(value.name)}.json`), value);
  }

  async forgetCluster(name: string): Promise<void> {
    await rm(this.file('clusters', `${safeName(name)}.json`), { force: true });
    await rm(this.file('snapshots', `${safeName(name)}.json`), { force: true });
  }

  /** The last snapshot, for working without a connection; a damaged one is as good as none. */
  async snapshot(name: string): Promise<Snapshot | null> {
    return readJson(this.file('snapshots', `${safeName(name)}.json`), snapshot).catch(() => null);
  }

  async saveSnapshot(value: Snapshot): Promise<void> {
    // without line breaks: of a large cluster it is many megabytes, and nobody reads it
    await writeFileAtomically(
      this.file('snapshots', `${safeName(value.cluster.name)}.json`),
      JSON.stringify(value),
    );
  }

  async exists(...parts: string[]): Promise<boolean> {
    return stat(this.file(...parts)).then(
      () => true,
      () => false,
    );
  }
}
