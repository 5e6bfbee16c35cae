/** Images that change: grown, converted, renamed, let go; snapshots in them; and what builds on them. */
import { createHash } from 'node:crypto';
import { parseKeptName } from '../../../core/storage/kept-names.ts';
import { SECTOR_BYTES } from '../../../core/storage/sizes.ts';
import { validateSnapshotTag } from '../../../core/storage/snapshot-tags.ts';
import { quote } from '../quote.ts';
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
const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

export const checkUnused = (action: ActionOf<'check-unused'>): Rendered =>
  rendered({
    summary: `# nobody has ${action.files.join(', ')} open`,
    act: `in_use=$(files_in_use ${action.files.map(anyPath).join(' ')})
case $? in
  0) ;;
  10)
    echo "Opened on this node: $in_use" >&2
    exit 10
    ;;
  *) fail 'Whether the files are opened on this node could not be told.' ;;
esac`,
    check: null,
  });

export const checkUnwritten = (action: ActionOf<'check-unwritten'>): Rendered =>
  rendered({
    summary: `# nobody writes to ${action.files.join(', ')}`,
    act: `wrong=0
written() {
  writers=$(writers_of "$1") || fail "Whether somebody on this node writes to $1 could not be learnt."
  [ -n "$writers" ] || return 0
  printf 'Being written to on this node: %s (%s)\\n' "$1" "$writers" >&2
  wrong=1
}
${action.files.map((file) => `written ${anyPath(file)}`).join('\n')}
[ "$wrong" -eq 0 ] || exit 10`,
    check: null,
  });

export const checkNoOverlays = (action: ActionOf<'check-no-overlays'>): Rendered =>
  rendered({
    summary: `# no image in ${action.directories.join(', ')} builds on ${action.images.join(', ')}`,
    act: `wrong=0
nothing_builds_on() {
  is_there "$R$1" || return 0
  found=$(overlays_of "$@") || fail "Whether another image builds on $1 could not be told, so it counts as if one did."
  # those that are spoken of themselves go the same way
  found=$(printf '%s\\n' "$found" | grep -vxF ${[...action.images, ...(action.besides ?? [])].map((image) => `-e ${anyPath(image)}`).join(' ')})
  [ -n "$found" ] || return 0
  printf '%s builds on %s, so that may not be changed or moved.\\n' "$(printf '%s' "$found" | tr '\\n' ' ')" "$1" >&2
  wrong=1
}
${action.images.map((image) => `nothing_builds_on ${anyPath(image)} ${action.directories.map(anyPath).join(' ')}`).join('\n')}
[ "$wrong" -eq 0 ] || exit 10`,
    check: null,
  });

export const growImage = (action: ActionOf<'grow-image'>): Rendered => {
  const { path, type } = action;
  if (action.to <= action.from)
    throw new RenderError(`grow-image never shrinks: ${action.from} to ${action.to}.`);
  if (action.to % SECTOR_BYTES !== 0)
    throw new RenderError(`${action.to} bytes are no whole number of sectors.`);
  if (action.running && type !== 'raw')
    throw new RenderError(`A ${type} image is never grown while it is open.`);
  const head = `path=${ownPath(path)}\nfrom=${wholeNumber(action.from)}\nto=${wholeNumber(action.to)}\n`;
  const grow =
    type === 'raw'
      ? `said=$(truncate -s ">$to" "$R$path" 2>&1) || fail "$path could not be made $to bytes long: $said"`
      : `need_qemu_img 'resizes qcow2 images'
snapshots=$(snapshot_count "$path") || refuse "Whether $path has snapshots could not be told."
[ "$snapshots" -eq 0 ] || refuse "$path has $snapshots snapshots of its present size; reverting to one would shrink it again. Delete them first."
parts_within "$path" qcow2 ${action.within.map(anyPath).join(' ')} || refuse "$why"
said=$(qemu-img resize -q -f qcow2 "$R$path" "$to" 2>&1) || fail "$path could not be made $to bytes large: $said"`;
  return rendered({
    summary:
      type === 'raw' ? `truncate -s ${action.to} ${path}` : `qemu-img resize -f qcow2 ${path} ${action.to}`,
    act: `${head}regular_image "$path"
found=$(size_of_image "$path" ${type}) || refuse "$path is no ${type} image."
if [ "$found" = "$to" ]; then
  sync "$R$path"
  exit 0
fi
[ "$found" = "$from" ] || refuse "$path has $found bytes and not $from, as the plan was made for."
${action.running ? '' : 'unused_or_leave "$path"\n'}${grow}
sync "$R$path" || fail "$path is larger now, but could not be synced."
[ "$(size_of_image "$path" ${type})" = "$to" ] || fail "$path did not become $to bytes large."`,
    check: `${head}found=$(size_of_image "$path" ${type}) || exit 11
[ "$found" != "$to" ] || exit 0
[ "$found" != "$from" ] || exit 10
exit 11`,
  });
};

export const convertImage = (action: ActionOf<'convert-image'>): Rendered => {
  const { from, to } = action;
  const folder = directoryOf(to.path);
  const size =
    action.size === null
      ? ''
      : `[ "$(size_of_image_file "$temporary")" = ${wholeNumber(action.size)} ] || give_up "$to is not of the recorded size (${wholeNumber(action.size)} bytes)."\n`;
  const vhd = from.type === 'vhd';
  const how = vhd ? '--image-opts driver=vpc,force_size_calc=current_size' : `-f ${qemuName(from.type)}`;
  const vhdSize = vhd
    ? `[ "$(size_of_image_file "$temporary")" = "$vhd_bytes" ] || give_up "$to is not of the size that the footer of $from tells ($vhd_bytes bytes), so it was thrown away."\n`
    : '';
  const compared = vhd
    ? `--image-opts "$source" "$(image_options "$temporary" ${to.type})"`
    : `-f ${qemuName(from.type)} -F ${to.type} "$R$from" "$temporary"`;
  return rendered({
    summary: `qemu-img convert ${how} -O ${to.type} ${from.path} ${to.path}; qemu-img compare`,
    act: `from=${anyPath(from.path)}
to=${ownPath(to.path)}
folder=${ownPath(folder)}
temporary=$(temporary_of "$R$to" ${temporaryMark(`${from.path}\n${to.path}\n${to.type}`)})
give_up() {
  rm -f "$temporary"
  refuse "$@"
}
size_of_image_file() {
  header=$(image_header "$1")
  case $(type_of_header "$header") in qcow2) qcow_size "$header" ;; *) stat -c %s "$1" ;; esac
}
regular_image "$from"
real_folder "$folder"
need_qemu_img 'converts images'
! is_there "$R$to" || refuse "$to exists already and is left as it is."
{ ${hasType(from.type)}; } || refuse "$from is no ${from.type} image by its header."
unused_or_leave "$from"
parts_within "$from" ${qemuName(from.type)} ${action.within.map(anyPath).join(' ')} || refuse "$why"
before=$(parts_state) || refuse "$from, or what it builds on, can not be looked at."
${
  vhd
    ? `vhd_bytes=$(vhd_size "$R$from") || refuse "The size of $from can not be read from its footer."
source=$(image_options "$R$from" vpc)
`
    : ''
}rm -f "$temporary"
said=$(qemu-img convert -q ${vhd ? '--image-opts' : how} -O ${to.type} ${vhd ? '"$source"' : '"$R$from"'} "$temporary" 2>&1) || give_up "$from could not be converted: $said"
sync "$temporary" || give_up "$to could not be written whole. Is the storage full?"
${size}${vhdSize}said=$(qemu-img compare -q ${compared} 2>&1)
case $? in
  0) ;;
  1) give_up "The copy of $from is not equal to it, so it was thrown away: $said" ;;
  *) give_up "The copy of $from could not be compared with it, so it was thrown away: $said" ;;
esac
[ "$(parts_state)" = "$before" ] || give_up "$from, or what it builds on, was changed while it was copied, so the copy was thrown away."
note_made "$R$folder" "$temporary" "\${to##*/}" ||
  give_up "The folder of $to is not locked by a run, or its list of new files can not be written: $to was not made."
put_new "$R$to" "$temporary" || refuse "$to $linked"
stat -c '%n: %s bytes, %b blocks, equal to its source' "$R$to"`,
    check: `to=${ownPath(to.path)}
folder=${ownPath(folder)}
is_there "$R$to" || exit 10
it=$(made_mark "$R$to") && manifest=$(made_file "$R$folder") || exit 11
grep -qxsF -e "$it \${to##*/}" "$manifest" && exit 0
exit 10`,
  });
};

/** Whether "$from" is of that type by its header; a VHD of fixed size has its mark in the last sector instead. */
const hasType = (type: ActionOf<'convert-image'>['from']['type']): string =>
  `${type === 'vhd' ? 'is_fixed_vhd "$R$from" || ' : ''}[ "$(type_of_header "$(image_header "$R$from")")" = ${type} ]`;

/** qemu calls VHD by the name of the product that it came from. */
const qemuName = (type: ActionOf<'convert-image'>['from']['type']): string => (type === 'vhd' ? 'vpc' : type);

export const renameImage = (action: ActionOf<'rename-image'>): Rendered => {
  const { from, to } = action;
  if (directoryOf(from) !== directoryOf(to) || from === to)
    throw new RenderError(`rename-image renames in one folder: ${from} to ${to}.`);
  for (const path of [from, to])
    if (nameOf(path).startsWith('.')) throw new RenderError(`${path} is no image's name.`);
  const head = `from=${ownPath(from)}\nto=${ownPath(to)}\nfolder=${ownPath(directoryOf(from))}\n`;
  return rendered({
    summary: `mv -nT ${from} ${to}`,
    act: `${head}real_folder "$folder"
if ! is_there "$R$from" && [ -f "$R$to" ]; then
  sync_directory "$R$folder"
  exit 0
fi
regular_image "$from"
! is_there "$R$to" || refuse "$to exists already, so $from keeps its name."
unused_or_leave "$from"
it=$(made_mark "$R$from") && inode=$(stat -c %i "$R$from") || refuse "$from can not be looked at."
said=$(mv -nT "$R$from" "$R$to" 2>&1)
if ! is_there "$R$from" && [ "$(stat -c %i "$R$to")" = "$inode" ]; then
  # undo knows the files of this run by their inode, birth and name
  if manifest=$(made_file "$R$folder") && grep -qxsF -e "$it \${from##*/}" "$manifest"; then
    note_made "$R$folder" "$R$to" "\${to##*/}"
  fi
  sync_directory "$R$folder"
  exit 0
fi
[ "$(stat -c %i "$R$from")" != "$inode" ] || refuse "$from could not be renamed and is where it was: $said"
fail "$from was to be called $to. Neither of them is as it should be: $said"`,
    check: `${head}if is_there "$R$from"; then
  is_there "$R$to" && exit 11
  exit 10
fi
is_there "$R$to" && exit 0
exit 11`,
  });
};

export const deleteKept = (action: ActionOf<'delete-kept'>): Rendered => {
  const { path } = action;
  if (parseKeptName(nameOf(path)) === null)
    throw new RenderError(`${path} is no file that was kept, so it is not deleted.`);
  const head = `path=${ownPath(path)}\n`;
  return rendered({
    summary: `rm ${path}`,
    act: `${head}is_there "$R$path" || exit 0
regular_image "$path"
unused_or_refuse "$path"
rm -f "$R$path" || fail "$path can not be deleted."
sync_directory "$R"${anyPath(directoryOf(path))}`,
    check: `${head}is_there "$R$path" && exit 10\nexit 0`,
  });
};

const snapshotHead = ({ path, tag, within }: { path: string; tag: string; within: string[] }): string => {
  if (!validateSnapshotTag(tag).ok)
    throw new RenderError(`${JSON.stringify(tag)} is not the tag of a snapshot.`);
  return `path=${ownPath(path)}
tag=${quote(tag)}
has_tag() { # 2 = can't be told
  parts_within "$path" qcow2 ${within.map(anyPath).join(' ')} || return 2
  tags=$(snapshot_tags "$path") || return 2
  printf '%s\\n' "$tags" | grep -qxF -e "$tag"
}
`;
};
/** Whether this run made the snapshot: it notes that before it does. */
const noteHead = ({ path }: { path: string }): string => `folder=${ownPath(directoryOf(path))}
note="snapshot \${path##*/} $tag"
is_noted() { manifest=$(made_file "$R$folder") && grep -qxsF -e "$note" "$manifest"; }
`;
const openForSnapshot = `regular_image "$path"
need_qemu_img 'keeps snapshots'
size_of_image "$path" qcow2 >/dev/null || refuse "$path is no qcow2 image, and only these hold snapshots."
unused_or_leave "$path"
why="The snapshots of $path can not be read."
`;
const thereAre = `\${tags:+ There are: $(printf '%s' "$tags" | tr '\\n' ' ')}`;

export const makeSnapshot = (action: ActionOf<'make-snapshot'>): Rendered => {
  const head = snapshotHead(action) + noteHead(action);
  return rendered({
    summary: `qemu-img snapshot -c ${action.tag} ${action.path}`,
    act: `${head}${openForSnapshot}has_tag
case $? in
  0)
    ! is_noted || exit 0
    refuse "$path has a snapshot $tag already: choose another tag, or delete that one first."
    ;;
  1) ;;
  *) refuse "$why" ;;
esac
# undo takes back only what is noted here
manifest=$(made_file "$R$folder") && printf '%s\\n' "$note" >>"$manifest" && sync "$manifest" ||
  refuse "The folder of $path is not locked by a run, or its list can not be written: no snapshot was made."
said=$(qemu-img snapshot -q -c "$tag" "$R$path" 2>&1) || fail "The snapshot $tag of $path could not be made: $said"
sync "$R$path"
has_tag || fail "$path has no snapshot $tag after it was made."`,
    check: `${head}has_tag
case $? in
  0) is_noted && exit 0 ;;
  1) ;;
  *) exit 11 ;;
esac
exit 10`,
  });
};

export const dropSnapshot = (action: ActionOf<'drop-snapshot'>): Rendered => {
  const head = snapshotHead(action);
  return rendered({
    summary: `qemu-img snapshot -d ${action.tag} ${action.path}`,
    act: `${head}${action.own ? `${noteHead(action)}is_noted || exit 0\n` : ''}${openForSnapshot}has_tag
case $? in
  0) ;;
  1) ${action.own ? 'exit 0' : `refuse "$path has no snapshot $tag.${thereAre}"`} ;;
  *) refuse "$why" ;;
esac
said=$(qemu-img snapshot -q -d "$tag" "$R$path" 2>&1) || fail "The snapshot $tag of $path could not be deleted: $said"
sync "$R$path"
! has_tag || fail "$path still has a snapshot $tag after it was deleted."`,
    check: `${head}has_tag
case $? in
  0) exit 10 ;;
  1) exit 0 ;;
  *) exit 11 ;;
esac`,
  });
};

export const revertSnapshot = (action: ActionOf<'revert-snapshot'>): Rendered => {
  const head = snapshotHead(action);
  return rendered({
    summary: `qemu-img snapshot -a ${action.tag} ${action.path}`,
    act: `${head}size=${wholeNumber(action.size)}
${openForSnapshot}has_tag
case $? in
  0) ;;
  1) refuse "$path has no snapshot $tag.${thereAre}" ;;
  *) refuse "$why" ;;
esac
said=$(qemu-img snapshot -q -a "$tag" "$R$path" 2>&1) || fail "$path could not be taken back to $tag: $said"
sync "$R$path"
found=$(size_of_image "$path" qcow2)
[ "$found" = "$size" ] || fail "$path is what it was at $tag, but that had $found bytes, and the record says $size. Grow it, or correct the record, before it is started."`,
    // nothing in the image tells to which snapshot it was taken back
    check: `path=${ownPath(action.path)}\nexit 11`,
  });
};
