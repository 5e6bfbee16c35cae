import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { root, runCommand } from './command.ts';

const directory = path.join(root, 'node_modules/electron');

/**
 * The path of the real Electron's binary, or null when it has not been fetched. (Importing the `electron` package
 * would answer this too, but fetches the binary while it is at it.)
 */
export function electronBinary(): string | null {
  const name = path.join(directory, 'path.txt');
  if (!existsSync(name)) return null;
  const binary = path.join(directory, 'dist', readFileSync(name, 'utf8').trim());
  return existsSync(binary) ? binary : null;
}

/**
 * Fetches the binary as Electron's own installer does. First a short knock (4 s) at the place it comes from, so that a
 * machine without a way there does not wait; then the download has ten minutes.
 * @returns null when it is there now, else the reason for people.
 */
export async function fetchElectron(): Promise<string | null> {
  const mirror = process.env.ELECTRON_MIRROR ?? process.env.npm_config_electron_mirror;
  const place = new URL(mirror ?? 'https://github.com/electron/electron/releases');
  const reason = await knock(place);
  if (reason !== null) return `${place.host} cannot be reached: ${reason}`;
  process.stdout.write('Fetching Electron (about 120 MB, once) …\n');
  const { code, text, output } = await runCommand(process.execPath, [path.join(directory, 'install.js')], {
    limit: 10 * 60_000,
  });
  if (code === 0 && electronBinary() !== null) return null;
  return `its download failed (${text}): ${output.trim().split('\n', 1)[0]}`;
}

async function knock(place: URL): Promise<string | null> {
  try {
    await fetch(place, { method: 'HEAD', signal: AbortSignal.timeout(4000) });
    return null;
  } catch (error) {
    if (!(error instanceof Error)) return String(error);
    return error.cause instanceof Error ? error.cause.message : error.message;
  }
}
