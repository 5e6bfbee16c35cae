/** An operating system on new disks: a template that is copied, or the script of one of Ganeti's OS definitions. */
import { createHash } from 'node:crypto';
import {
  attachImages,
  detachAndJudge,
  exports,
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

const temporaryMark = (text: string): string =>
  createHash('sha256').update(text, 'utf8').digest('hex').slice(0, 16);

/** A qcow2 image says itself whether a part of it lies elsewhere. */
const checkQcow2 = (
  within: readonly string[],
): string => `need_qemu_img 'looks into qcow2 images and makes them larger'
backing=$(backing_name "$R$from") || refuse "On what $from builds can not be read."
[ -z "$backing" ] || refuse "$from builds on $backing, so a copy of it would as well. A template is an image of its own."
parts_within "$from" qcow2 ${within.map(anyPath).join(' ')} || refuse "$why"
`;

export const copyTemplate = (action: ActionOf<'copy-template'>): Rendered => {
  const { path, type, from, within } = action;
  if (path === from) throw new RenderError(`${path} can't become a copy of itself.`);
  const size = wholeNumber(action.size);
  const head = `path=${ownPath(path)}\nfolder=${ownPath(directoryOf(path))}\n`;
  const grow =
    type === 'raw' ? 'truncate -s "$size" "$temporary"' : 'qemu-img resize -q -f qcow2 "$temporary" "$size"';
  return rendered({
    summary: `cp --sparse=always --reflink=auto ${from} ${path}; cmp; ${type === 'raw' ? `truncate -s ${size}` : `qemu-img resize -f qcow2 … ${size}`}   # new, refused if it exists`,
    act: `${head}from=${anyPath(from)}
size=${size}
temporary=$(temporary_of "$R$path" ${temporaryMark(`${path}\n${from}\n${size}`)})
give_up() {
  rm -f "$temporary"
  refuse "$@"
}
# which file it is and whether it was written to
trace() { stat -c '%d %i %s %.9Y %.9Z' "$R$from"; }
real_folder "$folder"
! is_there "$R$path" || refuse "$path exists already and is left as it is."
rm -f "$temporary"
regular_image "$from"
before=$(trace) || refuse "$from can not be looked at."
from_size=$(size_of_image "$from" ${type}) || refuse "$from is no ${type} image by its header."
[ "$from_size" -le "$size" ] || refuse "$from has $from_size bytes, which do not fit into an image of $size bytes."
${type === 'qcow2' ? checkQcow2(within) : ''}writers=$(writers_of "$from") || refuse "Whether somebody writes to $from could not be learnt."
[ -z "$writers" ] || refuse "$from is being written to, so a copy would be of no moment: $writers"
said=$(cp --sparse=always --reflink=auto -- "$R$from" "$temporary" 2>&1 && chmod 600 "$temporary" 2>&1) || give_up "$from can not be copied to $path: $said"
said=$(sync "$temporary" 2>&1 && cmp -- "$R$from" "$temporary" 2>&1) || give_up "The copy of $from is not equal to it, so it was removed: $said"
[ "$(trace)" = "$before" ] || give_up "$from was changed while it was copied, so the copy was removed."
${
  type === 'raw'
    ? '# a file that ends within a sector is filled up to the next one\n[ "$from_size" -eq "$size" ]'
    : '[ "$from_size" -eq "$size" ]'
} || said=$(${grow} 2>&1) || give_up "The copy of $from can not be made $size bytes large: $said"
sync "$temporary" || give_up "The copy of $from can not be written. Is the storage full?"
header=$(image_header "$temporary")
[ "$(type_of_header "$header")" = ${type} ] && [ "$(${type === 'raw' ? 'stat -c %s "$temporary"' : 'qcow_size "$header"'})" = "$size" ] ||
  give_up "$path did not become a ${type} image of $size bytes. Is the storage full?"
note_made "$R$folder" "$temporary" "\${path##*/}" ||
  give_up "The folder of $path is not locked by a run, or its list of new files can not be written: $path was not made."
put_new "$R$path" "$temporary" || refuse "$path $linked"
printf '%s is a copy of %s, equal to it in every byte, and has %s bytes.\\n' "$path" "$from" "$size"`,
    // as create-image: the name appears only when the image is whole, and the run's list tells whether this step made it
    check: `${head}is_there "$R$path" || exit 10
it=$(made_mark "$R$path") && manifest=$(made_file "$R$folder") || exit 11
grep -qxsF -e "$it \${path##*/}" "$manifest" && exit 0
exit 10`,
  });
};

/** The text by which the job of a run-os-create gets the values of its secrets; null when it has none, or a value is not known. */
export const secretText = (
  action: ActionOf<'run-os-create'>,
  values: Readonly<Record<string, string>>,
): string | null => {
  const known = Object.fromEntries(
    action.secret.flatMap((key) => (values[key] === undefined ? [] : [[key, values[key]]])),
  );
  return action.secret.length > 0 && Object.keys(known).length === action.secret.length
    ? exports(known, '')
    : null;
};

/** Read into a variable that no process inherits, and gone before anything else is done. */
const takeSecrets = `[ -n "\${VBDESK_SECRET:-}" ] && [ -f "$VBDESK_SECRET" ] || refuse 'The values of the secret parameters did not arrive with this step, so nothing was begun.'
os_secrets=$(cat "$VBDESK_SECRET") && rm -f "$VBDESK_SECRET" || refuse 'The values of the secret parameters can not be read, or not be removed.'
unset VBDESK_SECRET
`;

export const runOsCreate = (action: ActionOf<'run-os-create'>): Rendered => {
  const { folder, definition } = action;
  const images = action.images.map((each, index) => ({ ...each, index }));
  const paths = imagePaths(folder, images);
  const head = `folder=${ownPath(folder)}\n`;
  const secret = new Set(action.secret);
  // runs that an older VBDesk recorded hold the values as well
  const open = Object.fromEntries(Object.entries(action.environment).filter(([key]) => !secret.has(key)));
  return rendered({
    summary: [
      ...images.map((each) => `losetup -f --show ${each.path}`),
      `cd ${definition}; env -i … OS_API_VERSION=${action.api} … ./create`,
      'losetup -d …',
    ].join('; '),
    act: `${action.secret.length === 0 ? '' : takeSecrets}${head}${scriptIsThere(definition, 'create', action.api, 'begun')}${imagesAreRaw(
      images,
      'is not the raw image that was made, so nothing is installed on it.',
    )}${osFunctions(images, open, action.secret.length === 0 ? '' : '  eval "$os_secrets"\n')}${
      action.verify
        ? `os_script verify parameters </dev/null 2>&1 || { printf '%s/verify does not accept the parameters; what it says is shown above. Nothing was installed.\\n' "$definition" >&2; end_of_output; exit 73; }
`
        : ''
    }os_note "$R$folder" begun || refuse "That the script begins can not be noted in $folder, so it was not begun. Is the storage full?"
detach_all() { detach_images ${paths.join(' ')} >/dev/null 2>&1; }
trap detach_all EXIT
trap 'exit 143' HUP INT TERM
${attachImages(images)}printf '%s, version %s of the OS interface\\n' "$program" ${action.api}
os_script create </dev/null 2>&1
code=$?
trap - EXIT
${detachAndJudge(images)}${sizesStayed(images, { sync: true })}os_note "$R$folder" finished || fail "That the script is done can not be noted in $folder. Is the storage full?"`,
    check: `${head}made_file "$R$folder" >/dev/null || exit 11
os_noted "$R$folder" finished && exit 0
os_noted "$R$folder" begun && exit 11
exit 10`,
  });
};

export const detachImages = (action: ActionOf<'detach-images'>): Rendered => {
  const paths = action.images.map(ownPath);
  const head = `folder=${ownPath(action.folder)}\n`;
  return rendered({
    summary: `losetup -j ${action.images.join(' ')}; losetup -d …   # only what this run attached`,
    act: `${head}os_noted "$R$folder" begun || exit 0
set --
for image in ${paths.join(' ')}; do
  ! is_there "$R$image" || set -- "$@" "$image"
done
[ $# -eq 0 ] || detach_or_fail "$@"`,
    check: `${head}os_noted "$R$folder" begun || exit 0
set --
for image in ${paths.join(' ')}; do
  ! is_there "$R$image" || set -- "$@" "$image"
done
[ $# -gt 0 ] || exit 0
ids=$(file_ids "$@") && left=$(loops_using "$ids") || exit 11
[ -z "$left" ] || exit 10
exit 0`,
  });
};
