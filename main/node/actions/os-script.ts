/** The scripts import, export and rename of one of Ganeti's OS definitions, on images that are there. */
import { exports, scriptPath } from './os.ts';
import {
  type ActionOf,
  anyPath,
  directoryOf,
  ownPath,
  RenderError,
  type Rendered,
  rendered,
  wholeNumber,
} from './rendered.ts';

type Action = ActionOf<'run-os-script'>;

/** What the run's list of notes calls it. */
const keyOf = ({ script }: Action): string =>
  script.name === 'rename' ? 'rename' : `${script.name} ${wholeNumber(script.index)}`;

/** Where an export is written until it is whole: beside its name, and told by the run. $file and $folder are set. */
const partial = `temporary=$R$file.partial.$(lock_run "$R$folder")\n`;

/** What is looked at of the file that is read or made, before anything is begun. */
const fileChecks = ({ script }: Action): string => {
  if (script.name === 'rename') return '';
  if (script.name === 'import')
    return `file=${anyPath(script.file)}
[ -e "$R$file" ] || refuse "$file is missing on this node."
[ -f "$R$file" ] && [ ! -L "$R$file" ] || refuse "$file is not a regular file, so nothing is imported from it."
writers=$(writers_of "$file") || refuse "Whether somebody writes to $file could not be learnt."
[ -z "$writers" ] || refuse "$file is being written to, so what is imported would be of no moment: $writers"
`;
  return `file=${ownPath(script.file)}
above=${anyPath(directoryOf(script.file))}
[ -d "$R$above" ] || refuse "There is no directory $above on this node."
[ ! -L "$R$above" ] && { [ -n "$R" ] || [ "$(realpath -e "$above")" = "$above" ]; } ||
  refuse "$above is reached through a symbolic link. Name the real path."
! is_there "$R$file" || refuse "$file exists already and is left as it is."
${partial}`;
};

const deviceOf = ({ script }: Action): string => {
  if (script.name === 'rename') return '';
  const before = script.name === 'import' ? 'IMPORT' : 'EXPORT';
  const disk = `disk_${wholeNumber(script.index)}`;
  return `  export ${before}_DEVICE="$${disk}" ${before}_DISK_PATH="$${disk}" ${before}_INDEX=${wholeNumber(script.index)}\n`;
};

/** How the script is run, with what it reads and writes. */
const callOf = ({ script }: Action): string => {
  switch (script.name) {
    case 'rename':
      return 'os_script rename </dev/null 2>&1';
    case 'import':
      return 'os_script import <"$R$file" 2>&1';
    case 'export':
      // what it prints beside the content is what is shown
      return 'os_script export </dev/null 2>&1 >"$temporary"';
  }
};

/** What is done with what it made. */
const keepOf = ({ script }: Action): string =>
  script.name !== 'export'
    ? ''
    : `sync "$temporary" || fail "$file can not be written whole. Is the file system full?"
bytes=$(stat -c %s "$temporary") && it=$(made_mark "$temporary") || fail "What was exported to $file can not be looked at."
os_note "$R$folder" "export $it" || fail "That $file is made can not be noted in $folder. Is the storage full?"
put_new "$R$file" "$temporary" || fail "$file $linked"
printf '%s has %s bytes.\\n' "$file" "$bytes"
`;

export const runOsScript = (action: Action): Rendered => {
  const { folder, definition, images, script } = action;
  const paths = images.map((each) => {
    if (directoryOf(each.path) !== folder) throw new RenderError(`${each.path} does not lie in ${folder}.`);
    return ownPath(each.path);
  });
  if (script.name !== 'rename' && !images.some((each) => each.index === script.index))
    throw new RenderError(`Disk ${script.index} is not among the images.`);
  const key = keyOf(action);
  const readOnly = script.name === 'export' ? '-r ' : '';
  const drop = script.name === 'export' ? '; drop_partial' : '';
  const head = `folder=${ownPath(folder)}\n`;
  return rendered({
    summary: [
      ...images.map((each) => `losetup ${readOnly}-f --show ${each.path}`),
      `cd ${definition}; env -i … OS_API_VERSION=${action.api} … ./${script.name}${script.name === 'import' ? ` <${script.file}` : script.name === 'export' ? ` >${script.file}   # new, refused if it exists` : ''}`,
      'losetup -d …',
    ].join('; '),
    act: `${head}definition=${anyPath(definition)}
program=$definition/${script.name}
real_folder "$folder"
made_file "$R$folder" >/dev/null || refuse "$folder is not locked by a run."
! os_noted "$R$folder" 'begun ${key}' || fail "$program was begun by this run already, and is not run twice on the same disks."
[ -d "$R$definition" ] || refuse "There is no OS definition $definition on this node."
grep -qxE '[[:space:]]*${wholeNumber(action.api)}[[:space:]]*' "$R$definition/ganeti_api_version" || refuse "$definition does not speak version ${action.api} of the OS interface any more."
[ -f "$R$program" ] && [ -x "$R$program" ] || refuse "$program is not there, or can not be executed."
command -v losetup >/dev/null || refuse 'This node has no losetup, which attaches images for an OS script. Install util-linux.'
${fileChecks(action)}${paths
  .map(
    (path, index) => `regular_image ${path}
[ "$(size_of_image ${path} raw)" = ${wholeNumber(images[index]?.size ?? 0)} ] || refuse ${path}' is not the raw image that the plan was made for.'
`,
  )
  .join('')}unused_or_leave ${paths.join(' ')}
${images.map((each) => `disk_${wholeNumber(each.index)}=\n`).join('')}# $1 script: with the variables of the interface and no others, but for what a node of the practice cluster needs
os_script() (
  os_root=$R
  os_name=$1
  cd "$R$definition" || exit 126
  for name in $(env | sed -n 's/^\\([A-Za-z_][A-Za-z0-9_]*\\)=.*/\\1/p'); do
    case $name in VBDESK_ROOT | os_* | disk_*) ;; *) unset "$name" 2>/dev/null ;; esac
  done
  PATH=${scriptPath}
  [ -z "$os_root" ] || PATH=$os_root/bin:$PATH
  export PATH
${exports(action.environment)}${images.map((each) => `  export DISK_${each.index}_PATH="$disk_${each.index}"\n`).join('')}${deviceOf(action)}  # the files of a system are for all of its users
  umask 022
  exec "./$os_name"
)
# a job's output is a file: its end belongs to the reason
end_of_output() {
  [ ! -f "/proc/$$/fd/1" ] || { echo 'It ended with:' >&2; tail -c 4000 "/proc/$$/fd/1" | tail -n 15 >&2; }
}
{ os_note "$R$folder" begun && os_note "$R$folder" 'begun ${key}'; } || refuse "That the script begins can not be noted in $folder, so it was not begun. Is the storage full?"
${script.name === 'export' ? 'drop_partial() { rm -f "$temporary"; }\n' : ''}detach_all() { detach_images ${paths.join(' ')} >/dev/null 2>&1${drop}; }
trap detach_all EXIT
trap 'exit 143' HUP INT TERM
${
  script.name === 'export'
    ? `rm -f "$temporary"
made=$( (umask 077; set -C; : >"$temporary") 2>&1) || fail "$file can not be made: $made"
`
    : ''
}${paths
  .map(
    (
      path,
      index,
    ) => `said=$(losetup ${readOnly}-f --show "$R"${path} 2>&1) || fail ${path}" can not be attached to a loop device: $said"
case $said in /dev/loop*) disk_${images[index]?.index ?? 0}=$R$said ;; *) fail ${path}" was attached to no loop device: $said" ;; esac
`,
  )
  .join('')}printf '%s, version %s of the OS interface\\n' "$program" ${action.api}
${callOf(action)}
code=$?
${script.name === 'export' ? 'trap drop_partial EXIT' : 'trap - EXIT'}
detach_or_fail ${paths.join(' ')}
if [ "$code" -ne 0 ]; then
  printf '%s failed with exit code %s. The images are detached.\\n' "$program" "$code" >&2
  end_of_output
  exit 1
fi
${paths
  .map(
    (path, index) =>
      `[ "$(stat -c %s "$R"${path})" = ${wholeNumber(images[index]?.size ?? 0)} ] || fail ${path}' has another size than before the script ran.'\n${script.name === 'export' ? '' : `sync "$R"${path}\n`}`,
  )
  .join(
    '',
  )}${keepOf(action)}os_note "$R$folder" 'finished ${key}' || fail "That the script is done can not be noted in $folder. Is the storage full?"`,
    check: `${head}made_file "$R$folder" >/dev/null || exit 11
os_noted "$R$folder" 'finished ${key}' && exit 0
os_noted "$R$folder" 'begun ${key}' && exit 11
exit 10`,
  });
};

export const dropExport = (action: ActionOf<'drop-export'>): Rendered => {
  const image = ownPath(action.image);
  const head = `folder=${ownPath(action.folder)}
file=${ownPath(action.file)}
${partial}is_ours() { is_there "$R$file" && it=$(made_mark "$R$file") && os_noted "$R$folder" "export $it"; }
`;
  return rendered({
    summary: `losetup -d …; rm ${action.file}   # only what this run made`,
    act: `${head}os_noted "$R$folder" begun || exit 0
! is_there "$R"${image} || detach_or_fail ${image}
rm -f "$temporary" || fail "$file.partial can not be removed."
! is_ours || rm -f "$R$file" || fail "$file can not be removed."
sync_directory "$R"${anyPath(directoryOf(action.file))}`,
    check: `${head}os_noted "$R$folder" begun || exit 0
if is_there "$temporary" || is_ours; then exit 10; fi
is_there "$R"${image} || exit 0
ids=$(file_ids ${image}) && left=$(loops_using "$ids") || exit 11
[ -z "$left" ] || exit 10
exit 0`,
  });
};
