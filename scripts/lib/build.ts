import { createHash } from 'node:crypto';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { root, runCommand } from './command.ts';

const sourceDirectories = ['core', 'main', 'preload', 'renderer'];
const sourceFiles = ['electron.vite.config.ts', 'package-lock.json', 'tsconfig.json'];
const products = ['out/main/electron.js', 'out/preload/index.cjs', 'out/renderer/index.html'];
const stamp = path.join(root, 'out/.built-from');

/** One hash over every file that the build reads, and the names of these files. */
async function hashOfSources(): Promise<string> {
  const files = [...sourceFiles];
  for (const directory of sourceDirectories) {
    const entries = await readdir(path.join(root, directory), { recursive: true, withFileTypes: true });
    for (const entry of entries) {
      if (entry.isFile()) files.push(path.relative(root, path.join(entry.parentPath, entry.name)));
    }
  }
  const hash = createHash('sha256');
  for (const file of files.sort()) {
    hash.update(file).update('\0');
    hash.update(await readFile(path.join(root, file))).update('\0');
  }
  return hash.digest('hex');
}

/** Whether `out/` holds what the sources would be built to. */
export async function isBuildCurrent(): Promise<boolean> {
  try {
    await Promise.all(products.map((product) => readFile(path.join(root, product))));
    return (await readFile(stamp, 'utf8')) === (await hashOfSources());
  } catch {
    return false;
  }
}

/** Builds main, preload and renderer into `out/`. Throws with what electron-vite printed when that fails. */
export async function build(): Promise<void> {
  const hash = await hashOfSources();
  await rm(stamp, { force: true });
  const { code, text, output } = await runCommand('electron-vite', ['build', '--logLevel', 'warn'], {
    limit: 10 * 60_000,
  });
  if (code !== 0)
    throw new Error(`electron-vite build failed (${text}):\n${stripVTControlCharacters(output)}`);
  await Promise.all(products.map((product) => readFile(path.join(root, product))));
  await writeFile(stamp, hash);
}

/** The same for commands: what went wrong is printed, without a stack of ours, and the process ends. */
export async function buildOrExit(): Promise<void> {
  try {
    await build();
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  }
}
