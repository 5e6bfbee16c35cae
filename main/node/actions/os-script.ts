/** The scripts import, export and rename of one of Ganeti's OS definitions, on images that are there. */
import {
  attachImages,
  detachAndJudge,
  imagePaths,
  imagesAreRaw,
  osFunctions,
  scriptIsThere,
  sizesStayed,
} from './os-shell.ts';
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
  const paths = imagePaths(folder, images);
  if (script.name !== 'rename' && !images.some((each) => each.index === script.index))
    throw new RenderError(`Disk ${script.index} is not among the images.`);
  const key = keyOf(action);
  const isExport = script.name === 'export';
  const readOnly = isExport ? '-r ' : '';
  const head = `folder=${ownPath(folder)}\n`;
  return rendered({
    summary: [
      ...images.map((each) => `losetup ${readOnly}-f --show ${each.path}`),
      `cd ${definition}; env -i … OS_API_VERSION=${action.api} … ./${script.name}${script.name === 'import' ? ` <${script.file}` : script.name === 'export' ? ` >${script.file}   # new, refused if it exists` : ''}`,
      'losetup -d …',
    ].join('; '),
    act: `${head}${scriptIsThere(definition, script.name, action.api, `begun ${key}`)}${fileChecks(action)}${imagesAreRaw(
      images,
      'is not the raw image that the plan was made for.',
    )}${osFunctions(images, action.environment, deviceOf(action))}{ os_note "$R$folder" begun && os_note "$R$folder" 'begun ${key}'; } || refuse "That the script begins can not be noted in $folder, so it was not begun. Is the storage full?"
${isExport ? 'drop_partial() { rm -f "$temporary"; }\n' : ''}detach_all() { detach_images ${paths.join(' ')} >/dev/null 2>&1${isExport ? '; drop_partial' : ''}; }
trap detach_all EXIT
trap 'exit 143' HUP INT TERM
${
  isExport
    ? `rm -f "$temporary"
made=$( (umask 077; set -C; : >"$temporary") 2>&1) || fail "$file can not be made: $made"
`
    : ''
}${attachImages(images, readOnly)}printf '%s, version %s of the OS interface\\n' "$program" ${action.api}
${callOf(action)}
code=$?
${isExport ? 'trap drop_partial EXIT' : 'trap - EXIT'}
${detachAndJudge(images)}${sizesStayed(images, { sync: !isExport })}${keepOf(action)}os_note "$R$folder" 'finished ${key}' || fail "That the script is done can not be noted in $folder. Is the storage full?"`,
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
