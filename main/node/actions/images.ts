/** Image files: made, looked at, watched. */

import { createHash } from 'node:crypto';
import type { DiskRecord } from '../../../core/cluster/record.ts';
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

/** Blocks are reserved where the file system can do that, else zeros are written, which takes longer and is told. */
const reserveAll = `if ! said=$(fallocate -l "$size" "$temporary" 2>&1); then
  case $said in
    *'not supported'* | *'not found'*) ;;
    *) give_up "$size bytes can not be reserved for $path: $said" ;;
  esac
  echo "The file system of $path can not reserve space ($said), so zeros were written instead."
  said=$(head -c "$size" /dev/zero 2>&1 >"$temporary") || give_up "$size bytes can not be written for $path: $said"
fi`;

/** The base of a linked clone must stay as it is for as long as there is a clone. */
const checkBase = (base: NonNullable<ActionOf<'create-image'>['base']>): string => `base=${anyPath(base.path)}
regular_image "$base"
case $(stat -c %A "$R$base") in
  *w*) refuse "$base is not marked as read-only. What is built on it is lost when it changes: chmod a-w $base on the node, if nobody needs to write to it any more." ;;
esac
base_size=$(size_of_image "$base" ${base.type}) || refuse "$base is no ${base.type} image by its header."
[ "$base_size" -le "$size" ] || refuse "$base has $base_size bytes, which do not fit into a clone of $size bytes."
need_qemu_img 'makes qcow2 images'
parts_within "$base" ${base.type} ${base.within.map(anyPath).join(' ')} || refuse "$why"
writers=$(writers_of "$base") || refuse "Whether somebody writes to $base could not be learnt."
[ -z "$writers" ] || refuse "$base is being written to, so nothing can be built on it: $writers"
`;

export const createImage = (action: ActionOf<'create-image'>): Rendered => {
  const { path, type, base } = action;
  const full = action.allocation === 'full';
  if (base && type !== 'qcow2') throw new RenderError(`A ${type} image can not build on another one.`);
  if (full && type !== 'raw') throw new RenderError(`A ${type} image is never allocated in full.`);
  const size = wholeNumber(action.size);
  const head = `path=${ownPath(path)}\nsize=${size}\n`;
  const onBase = base ? `-b "$R$base" -F ${base.type} ` : '';
  const make =
    type === 'raw'
      ? `${
          full
            ? `(set -C && : >"$temporary") 2>/dev/null || give_up "$path can not be made."\n${reserveAll}`
            : `said=$( (set -C && : >"$temporary") 2>&1 && truncate -s "$size" "$temporary" 2>&1) || give_up "$path can not be made: $said"`
        }
sync "$temporary" && [ "$(stat -c %s "$temporary")" = "$size" ] || give_up "$path did not become $size bytes long. Is the storage full?"`
      : `command -v qemu-img >/dev/null || refuse 'This node has no qemu-img, which makes qcow2 images. Install qemu-utils, or make the disk raw.'
said=$(qemu-img create -q -f qcow2 ${onBase}"$temporary" "$size" 2>&1) || give_up "$path can not be made: $said"
header=$(image_header "$temporary")
sync "$temporary" && [ "$(type_of_header "$header")" = qcow2 ] && [ "$(qcow_size "$header")" = "$size" ] ||
  give_up "$path did not become a qcow2 image of $size bytes. Is the storage full?"`;
  return rendered({
    summary:
      type === 'raw'
        ? `${full ? 'fallocate -l' : 'truncate -s'} ${size} ${path}   # new, refused if it exists`
        : `qemu-img create -f qcow2 ${base ? `-b ${base.path} -F ${base.type} ` : ''}${path} ${size}`,
    act: `${head}folder=${ownPath(directoryOf(path))}
temporary=$(temporary_of "$R$path" ${temporaryMark(`${path}\n${type}\n${size}`)})
give_up() {
  rm -f "$temporary"
  refuse "$@"
}
real_folder "$folder"
! is_there "$R$path" || refuse "$path exists already and is left as it is."
rm -f "$temporary"
${base ? checkBase(base) : ''}${make}
note_made "$R$folder" "$temporary" "\${path##*/}" ||
  give_up "The folder of $path is not locked by a run, or its list of new files can not be written: $path was not made."
put_new "$R$path" "$temporary" || refuse "$path $linked"`,
    // The name appears only when the image is whole. Whether it was this step that made it, the run's list tells.
    check: `${head}folder=${ownPath(directoryOf(path))}
is_there "$R$path" || exit 10
it=$(made_mark "$R$path") && manifest=$(made_file "$R$folder") || exit 11
grep -qxsF -e "$it \${path##*/}" "$manifest" && exit 0
exit 10`,
  });
};

const verifyDisk = ({ logical_id: [, type, path], size }: DiskRecord): string =>
  `verify_disk ${anyPath(path)} ${type} ${wholeNumber(size)}`;

export const verifyFiles = (action: ActionOf<'verify-files'>): Rendered => {
  const paths = action.disks.map((disk) => anyPath(disk.logical_id[2]));
  return rendered({
    summary: `stat ${action.disks.map((disk) => disk.logical_id[2]).join(' ') || action.folder}`,
    act: `folder=${ownPath(action.folder)}
wrong=0
mismatch() {
  printf '%s\\n' "$*" >&2
  wrong=1
}
verify_disk() { # $1 path, $2 recorded type, $3 recorded size
  if [ -L "$R$1" ]; then mismatch "$1 is a symbolic link."; return; fi
  if [ ! -e "$R$1" ]; then mismatch "$1 is missing."; return; fi
  if [ ! -f "$R$1" ]; then mismatch "$1 is not a regular file."; return; fi
  if ! { facts=$(timeout -k 2 20 stat -c '%s %b %B %i' "$R$1") && header=$(timeout -k 2 20 head -c 72 "$R$1" | od -An -v -tx1 | tr -d ' \\n'); }; then
    mismatch "$1 can not be read."
    return
  fi
  found=$(type_of_header "$header")
  length=\${facts%% *}
  blocks=\${facts#* }
  inode=\${blocks##* }
  block=\${blocks#* }
  printf '%s %s %s %s %s\\n' "$1" "$length" "$((\${blocks%% *} * \${block%% *}))" "$inode" "$found"
  [ "$found" = "$2" ] || mismatch "$1 is recorded as $2, but its header says $found."
  case $found in
    qcow | qcow2)
      length=$(qcow_size "$header")
${
  action.within === undefined
    ? ''
    : `      parts_within "$1" "$found" ${action.within.map(anyPath).join(' ')} || mismatch "$why"\n`
}      ;;
    raw) ;;
    *) return ;;
  esac
  [ "$length" = "$3" ] || mismatch "$1 is recorded with $3 bytes, but has $length."
}
if ! is_real_folder "$folder"; then mismatch "$why"; fi
${
  action.recordId === null
    ? ''
    : `expected=${quote(action.recordId)}
if ! found=$(record_id "$R$folder/instance.json"); then mismatch "The id of $folder/instance.json can not be read."
elif [ "$found" != "$expected" ]; then mismatch "The record of $folder is not the one that was expected (id \${found:-none}, expected $expected)."; fi
`
}${action.disks.map(verifyDisk).join('\n')}
${
  paths.length === 0
    ? ''
    : `in_use=$(files_in_use ${paths.join(' ')})
case $? in
  0) ;;
  10) mismatch "Opened on this node: $in_use" ;;
  *) mismatch 'Whether the files are opened on this node could not be told.' ;;
esac`
}
[ "$wrong" -eq 0 ] || exit 10`,
    check: null,
  });
};

export const watchImages = (action: ActionOf<'watch-images'>): Rendered => {
  const paths = action.images.map(anyPath);
  const seconds = wholeNumber(action.seconds);
  return rendered({
    summary: `stat ${action.images.join(' ')}; sleep ${seconds}; stat again`,
    act: `traces() {
  for image in ${paths.join(' ') || '""'}; do
    [ -n "$image" ] || continue
    timeout -k 2 20 stat -L -c '%s bytes, %b blocks, written %.9Y: %n' "$R$image" || return 1
  done
}
before=$(traces) || fail 'An image can not be looked at.'
sleep ${seconds}
after=$(traces) || fail 'An image can not be looked at.'
if [ "$before" = "$after" ]; then
  printf 'unchanged for ${seconds} s\\n%s\\n' "$after"
  exit 0
fi
printf 'Somebody writes. Before:\\n%s\\nafter ${seconds} s:\\n%s\\n' "$before" "$after" >&2
exit 10`,
    check: null,
  });
};

export const checkAbsent = (action: ActionOf<'check-absent'>): Rendered =>
  rendered({
    summary: `test ! -e ${action.paths.join(' ')}`,
    act: `wrong=0
absent() {
  above=\${1%/*}
  if is_there "$R$1"; then echo "$1 exists." >&2; wrong=1
  ${
    action.evenAbove === true
      ? ''
      : `elif [ ! -d "$R$above" ]; then echo "The directory $above does not exist." >&2; wrong=1
  `
  }fi
}
${action.paths.map((path) => `absent ${anyPath(path)}`).join('\n')}
[ "$wrong" -eq 0 ] || exit 10`,
    check: null,
  });
