/** What every script of an OS definition of Ganeti is run with: checked before it begins, attached to loop devices, in an environment of its own. */
import { quote } from '../quote.ts';
import { anyPath, directoryOf, ownPath, RenderError, wholeNumber } from './rendered.ts';

/** An image of the folder: its place among the disks, and the bytes that it has. */
export type OsImage = { index: number; path: string; size: number };

/** The programs that Ganeti lets an OS script find. */
const scriptPath = '/sbin:/bin:/usr/sbin:/usr/bin';

/** Assignments and exports of sh: builtins, so that no value is ever an argument of a process. */
export const exports = (environment: Readonly<Record<string, string>>, indent = '  '): string =>
  Object.entries(environment)
    .map(([key, value]) => {
      if (
        !/^[A-Z][A-Z0-9_]*$/.test(key) ||
        /^(PATH|IFS|R|DISK_\d+_PATH|(IM|EX)PORT_\w+|VBDESK_ROOT)$/.test(key)
      )
        throw new RenderError(`${JSON.stringify(key)} is no variable of the OS interface.`);
      return `${indent}export ${key}=${quote(value)}\n`;
    })
    .join('');

/** The images as words of sh; they lie in this folder. */
export const imagePaths = (folder: string, images: readonly OsImage[]): string[] =>
  images.map(({ path }) => {
    if (directoryOf(path) !== folder) throw new RenderError(`${path} does not lie in ${folder}.`);
    return ownPath(path);
  });

const disk = ({ index }: OsImage): string => `disk_${wholeNumber(index)}`;

/** $folder is the run's, and the script is there and speaks that version. Sets $definition and $program. */
export const scriptIsThere = (definition: string, script: string, api: number, begun: string): string =>
  `definition=${anyPath(definition)}
program=$definition/${script}
real_folder "$folder"
made_file "$R$folder" >/dev/null || refuse "$folder is not locked by a run."
! os_noted "$R$folder" '${begun}' || fail "$program was begun by this run already, and is not run twice on the same disks."
[ -d "$R$definition" ] || refuse "There is no OS definition $definition on this node."
grep -qxE '[[:space:]]*${wholeNumber(api)}[[:space:]]*' "$R$definition/ganeti_api_version" || refuse "$definition does not speak version ${api} of the OS interface any more."
[ -f "$R$program" ] && [ -x "$R$program" ] || refuse "$program is not there, or can not be executed."
command -v losetup >/dev/null || refuse 'This node has no losetup, which attaches images for an OS script. Install util-linux.'
`;

/** @param why what is said of an image that is no raw one of its size */
export const imagesAreRaw = (images: readonly OsImage[], why: string): string =>
  `${images
    .map((image) => {
      const path = ownPath(image.path);
      return `regular_image ${path}
[ "$(size_of_image ${path} raw)" = ${wholeNumber(image.size)} ] || refuse ${path}${quote(` ${why}`)}
`;
    })
    .join('')}unused_or_leave ${images.map(({ path }) => ownPath(path)).join(' ')}
`;

/**
 * Defines os_script and end_of_output.
 * @param own further lines that set its environment
 */
export const osFunctions = (
  images: readonly OsImage[],
  environment: Readonly<Record<string, string>>,
  own: string,
): string => `${images.map((image) => `${disk(image)}=\n`).join('')}# $1 script, then its arguments: with the variables of the interface and no others, but for what a node of the practice cluster needs
os_script() (
  os_root=$R
  os_name=$1
  shift
  cd "$R$definition" || exit 126
  # a value may look like several names: then there is nothing of them to unset
  for name in $(env | sed -n 's/^\\([A-Za-z_][A-Za-z0-9_]*\\)=.*/\\1/p'); do
    case $name in VBDESK_ROOT | os_* | disk_*) ;; *) unset "$name" 2>/dev/null ;; esac
  done
  PATH=${scriptPath}
  [ -z "$os_root" ] || PATH=$os_root/bin:$PATH
  export PATH
${exports(environment)}${images
  .map((image) => `  [ -z "$${disk(image)}" ] || export DISK_${image.index}_PATH="$${disk(image)}"\n`)
  .join('')}${own}  # the files of a system are for all of its users
  umask 022
  exec "./$os_name" "$@"
)
# a job's output is a file: its end belongs to the reason
end_of_output() {
  [ ! -f "/proc/$$/fd/1" ] || { echo 'It ended with:' >&2; tail -c 4000 "/proc/$$/fd/1" | tail -n 15 >&2; }
}
`;

/** Sets disk_N of each; detach_all, which a trap calls, lets go of them. */
export const attachImages = (images: readonly OsImage[], options = ''): string =>
  images
    .map((image) => {
      const path = ownPath(image.path);
      return `said=$(losetup ${options}-f --show "$R"${path} 2>&1) || fail ${path}" can not be attached to a loop device: $said"
case $said in /dev/loop*) ${disk(image)}=$R$said ;; *) fail ${path}" was attached to no loop device: $said" ;; esac
`;
    })
    .join('');

/** After the script, whose exit code is $code: whatever it was, nothing stays attached. */
export const detachAndJudge = (images: readonly OsImage[]): string =>
  `detach_or_fail ${images.map(({ path }) => ownPath(path)).join(' ')}
if [ "$code" -ne 0 ]; then
  printf '%s failed with exit code %s. The images are detached.\\n' "$program" "$code" >&2
  end_of_output
  exit 1
fi
`;

export const sizesStayed = (images: readonly OsImage[], { sync }: { sync: boolean }): string =>
  images
    .map(({ path, size }) => {
      const at = ownPath(path);
      return `[ "$(stat -c %s "$R"${at})" = ${wholeNumber(size)} ] || fail ${at}' has another size than before the script ran.'\n${sync ? `sync "$R"${at}\n` : ''}`;
    })
    .join('');
