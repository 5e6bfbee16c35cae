import { accepted, type Checked, refused, shown } from './checked.ts';

/** Where instance folders lie unless the administrator says otherwise. */
export const DEFAULT_STORAGE_DIRECTORY = '/srv/ganeti/file-storage';

/**
 * Directories that never hold images, even when somebody allows them. Ganeti's list, and what it forgot:
 * /usr as a whole, /run, the state of this application and of Xen itself.
 */
export const FORBIDDEN_DIRECTORIES: readonly string[] = [
  '/bin',
  '/boot',
  '/dev',
  '/etc',
  '/home',
  '/lib',
  '/lib32',
  '/lib64',
  '/libx32',
  '/proc',
  '/root',
  '/run',
  '/sbin',
  '/sys',
  '/usr',
  '/var/lib/vbdesk',
  '/var/lib/xen',
  '/var/lock',
  '/var/run',
];

const MAXIMUM_PATH = 1024;
const MAXIMUM_COMPONENT = 255;
// What a path may hold so that it passes every tool between here and the hypervisor: an xl disk line can't
// escape quotes, and nobody can read a control character.
const COMPONENT = /^[A-Za-z0-9._+:@=,~%# -]+$/;

const PATH_RULE =
  'A path is absolute and normalised (no "..", no "//", no "." alone), of letters, digits, spaces and . _ - + : @ = , ~ % #, ' +
  `at most ${MAXIMUM_PATH} characters long, such as ${DEFAULT_STORAGE_DIRECTORY}.`;

const DIRECTORY_RULE =
  `A storage directory may be any directory but / and those of the system (${FORBIDDEN_DIRECTORIES.join(', ')}) ` +
  'and what lies in or around them.';

/** True when `path` lies strictly below `directory`. Purely lexical: both must be normalised. */
export function isBelow(path: string, directory: string): boolean {
  return path.length > directory.length + 1 && path.startsWith(directory === '/' ? '/' : `${directory}/`);
}

/** The last part of a path. */
export const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** What holds the file or directory at this absolute path. */
export const directoryOf = (path: string): string => path.slice(0, Math.max(1, path.lastIndexOf('/')));

/** The forbidden directory that holds this path or is this path, or undefined. */
export function forbiddenDirectoryOf(path: string): string | undefined {
  const known = FORBIDDEN_DIRECTORIES.find((directory) => path === directory || isBelow(path, directory));
  if (known) return known;
  // Any /lib* and /lib*/… : distributions have more of them than anybody can list.
  return /^\/lib[^/]*/.exec(path)?.[0];
}

function problemOfForm(path: string): string | undefined {
  if (path === '') return 'The path is empty.';
  if (!path.startsWith('/')) return `The path ${shown(path)} is not absolute.`;
  if (path.length > MAXIMUM_PATH) return `The path ${shown(path)} is too long.`;
  for (const part of path.slice(1).split('/')) {
    if (part === '') return `The path ${shown(path)} has an empty part.`;
    if (part === '.' || part === '..')
      return `The path ${shown(path)} is not normalised: it has the part "${part}".`;
    if (!COMPONENT.test(part)) return `The path ${shown(path)} holds a character that is not allowed.`;
    if (part.length > MAXIMUM_COMPONENT)
      return `A part of the path ${shown(path)} is longer than 255 characters.`;
    if (part !== part.trim()) return `A part of the path ${shown(path)} begins or ends with a space.`;
  }
  return undefined;
}

/** Checks any absolute path by its form alone, wherever it points (a kernel, a boot loader). */
export function validateAbsolutePath(path: string): Checked {
  const problem = problemOfForm(path);
  return problem ? refused(`${problem} ${PATH_RULE}`) : accepted(path);
}

/**
 * Checks a directory that shall hold instance folders. Lexical only: the node resolves symbolic links and checks the
 * resolved path again.
 * @returns the path, without a trailing slash
 */
export function validateStorageDirectory(path: string): Checked {
  if (/^\/+$/.test(path))
    return refused(`The whole file system can't be a storage directory. ${DIRECTORY_RULE}`);
  const directory = path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
  const problem = problemOfForm(directory);
  if (problem) return refused(`${problem} ${PATH_RULE}`);
  const forbidden = forbiddenDirectoryOf(directory);
  if (forbidden) {
    const place = directory === forbidden ? 'is' : `lies below ${forbidden}, which is`;
    return refused(`${directory} ${place} a directory of the system. ${DIRECTORY_RULE}`);
  }
  const inside = FORBIDDEN_DIRECTORIES.find((other) => isBelow(other, directory));
  if (inside) return refused(`${directory} holds ${inside}, a directory of the system. ${DIRECTORY_RULE}`);
  return accepted(directory);
}

/**
 * Checks the path of an image (or of an instance's folder): normalised, strictly below an allowed directory, and not
 * below a forbidden one even if that is allowed.
 * @param allowedDirectories storage directories of the cluster
 */
export function validateImagePath(path: string, allowedDirectories: readonly string[]): Checked {
  const problem = problemOfForm(path);
  if (problem) return refused(`${problem} ${PATH_RULE}`);
  const forbidden = forbiddenDirectoryOf(path);
  if (forbidden) {
    return refused(
      `${path} lies in ${forbidden}, a directory of the system, where no image may be. ${DIRECTORY_RULE}`,
    );
  }
  const usable = allowedDirectories.filter((directory) => validateStorageDirectory(directory).ok);
  if (usable.some((directory) => isBelow(path, directory.replace(/\/$/, '')))) return accepted(path);
  const where = usable.length > 0 ? usable.join(', ') : 'none yet: allow a storage directory first';
  return refused(`${path} does not lie below an allowed storage directory (${where}).`);
}
