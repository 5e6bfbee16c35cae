/**
 * Files of this workstation, replaced as a whole or not at all. Node's own writeFile loops over short writes, so that a
 * full disk is an error before the rename and never a half file under the final name.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import path from 'node:path';

/** Written beside, synced, renamed, directory synced. Mode 0600, where none is said: nothing here is anybody else's business. */
export const writeFileAtomically = async (
  file: string,
  content: string | Buffer,
  mode = 0o600,
): Promise<void> => {
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
  const temporary = `${file}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`;
  try {
    const handle = await open(temporary, 'wx', 0o600);
    try {
      // not held back by the umask: a file keeps the mode that it had
      if (mode !== 0o600) await handle.chmod(mode);
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  // Windows can't open a directory; there the rename alone has to do.
  if (process.platform === 'win32') return;
  const directory = await open(path.dirname(file), 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
};
