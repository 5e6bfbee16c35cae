/** Copies of images: what proves them, gives them their name, takes them back; and what is in an image. */
import { quote } from '../quote.ts';
import {
  type ActionOf,
  anyPath,
  baseName,
  directoryOf,
  mark,
  ownPath,
  RenderError,
  type Rendered,
  rendered,
  wholeNumber,
} from './rendered.ts';

const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

export const copySummary = (action: ActionOf<'copy-image'>): string =>
  `# on ${action.from.node}: blocks of ${action.from.path} that hold data and differ, to ${action.to.node}: dd of=${action.to.path}.partial.RUN conv=notrunc,sparse; then sync, and sha256sum of the content on both${action.forwardAgent ? `; ${action.from.node} may use the SSH agent of this workstation meanwhile` : ''}`;

export const hashImages = (action: ActionOf<'hash-images'>): Rendered => {
  if (action.expect !== undefined && action.expect.length !== action.images.length)
    throw new RenderError('hash-images expects one content for each image.');
  return rendered({
    summary: `sha256sum ${action.images.join(' ')}   # of the blocks that hold data`,
    act: `wrong=0
tell_content() { # $1 logical path, $2 the content hash that it must have, or nothing
  if [ -L "$R$1" ]; then
    # what it leads to, a guest or anybody may have chosen: nothing of that is read
    echo "$1 is a symbolic link, which is never followed: what it leads to was not read. Put the file itself there." >&2
    wrong=1
    return
  fi
  if [ -n "$2" ] && [ ! -f "$R$1" ]; then
    echo "$1 is missing, or no regular file." >&2
    wrong=1
    return
  fi
  if ! is_there "$R$1"; then
    printf 'missing 0 %s\\n' "$1"
    return
  fi
  [ -f "$R$1" ] || fail "$1 is not a regular file."
  before=$(file_state "$R$1") || fail "$1 can not be looked at."
  hash=$(content_hash "$(realpath -e "$R$1")" "\${before%% *}") || fail "$1 could not be read to its end."
  if [ "$(file_state "$R$1")" != "$before" ]; then
    echo "$1 changed while it was read, so what is in it can not be said." >&2
    exit 10
  fi
  state=\${before#* }
  inode=\${state%% *}
  state=\${state#* }
  # by these a later look tells whether it is still what was read
  printf '%s %s %s %s %s\\n' "$hash" "\${before%% *}" "\${inode#*:}" "\${state%% *}" "$1"
  if [ -n "$2" ] && [ "$hash" != "$2" ]; then
    # it may be all that is left, so what can be done is said
    echo "$1 is not what was copied and proved (content $hash, and should be $2): somebody wrote to it since, or its storage lost something. Nothing is started from it. Use another replica; or, if this is all that is left, copy the images to a new folder (vbdesk image copy) and make an instance of them there (vbdesk instance add -t file:reuse)." >&2
    wrong=1
  fi
}
${action.images.map((path, index) => `tell_content ${anyPath(path)} ${quote(action.expect?.[index] ?? '')}`).join('\n')}
[ "$wrong" -eq 0 ] || exit 10`,
    check: null,
  });
};

export const verifyUnchanged = ({ images, run }: ActionOf<'verify-unchanged'>): Rendered =>
  rendered({
    summary: `stat ${images.join(' ')}   # as when they were copied`,
    act: `is_unchanged() { # $1 logical path
  noted=$(cat "$R\${1%/*}/.made."${mark(run)}".read.\${1##*/}" 2>/dev/null) || refuse "When $1 was copied was not noted by this run."
  now=$(file_state "$R$1") || refuse "$1 can not be looked at."
  [ "$noted" = "$now" ] || refuse "$1 was written to after it was copied, so the copy is not what it holds now. Take this run back, and begin again."
}
${images.map((path) => `is_unchanged ${anyPath(path)}`).join('\n')}`,
    check: null,
  });

/** Names that copies of this run have in the folder. */
const places = (path: string): string => {
  baseName(nameOf(path));
  return `path=${ownPath(path)}
folder=${ownPath(directoryOf(path))}
name=${quote(nameOf(path))}
`;
};

const ownRun = `manifest=$(made_file "$R$folder") || refuse "$folder is not locked by a run, so whose copies are in it can not be told."
run=\${manifest##*/.made.}
partial=$R$path.partial.$run
proof=$manifest.proved.$name
`;

/** What the file was like when it got its name, noted as verify-unchanged asks for it. The proof goes when that is done. */
const tellState = `note=$manifest.read.$name
tell_state() {
  [ -f "$note" ] && return 0
  { read -r hash && read -r state; } <"$proof" || fail "The copy of $path was not proved."
  now=$(file_state "$R$path") || fail "$path can not be looked at."
  # a second name changes nothing of a file but the last of its times
  [ "\${now% *}" = "\${state% *}" ] || fail "The copy of $path changed after it was proved."
  printf '%s\\n' "$now" >"$note.new" && sync "$note.new" && mv -fT "$note.new" "$note" || fail "What $path was like can not be noted. Is the storage full?"
  rm -f "$proof"
}
`;

export const acceptCopy = (action: ActionOf<'accept-copy'>): Rendered => {
  const { path, type } = action;
  const head = places(path);
  const size = action.size === null ? null : wholeNumber(action.size);
  const right =
    size !== null && (type === 'raw' || type === 'qcow' || type === 'qcow2')
      ? `[ "$(size_of_image "$path.partial.$run" ${type})" = ${size} ] || refuse "The copy of $path is no ${type} image of ${size} bytes."`
      : `[ "$(type_of_header "$(image_header "$partial")")" = ${type} ] || refuse "The copy of $path is no ${type} image."`;
  return rendered({
    summary: `mv -nT ${path}.partial.RUN ${path}   # once its content was proved`,
    act: `${head}real_folder "$folder"
${ownRun}${tellState}if is_there "$R$path"; then
  it=$(made_mark "$R$path") && grep -qxsF -e "$it $name" "$manifest" ||
    refuse "$path exists already and is left as it is."
  # it got its name, and only the other one was not yet taken away
  [ "$(made_mark "$partial" 2>/dev/null)" != "$it" ] || rm -f "$partial"
  tell_state
  sync_directory "$R$folder"
  exit 0
fi
[ -f "$partial" ] && [ ! -L "$partial" ] || refuse "There is no copy of $path that this run made."
{ read -r hash && read -r state; } <"$proof" || refuse "The copy of $path was not proved, so it gets no name."
[ "$(file_state "$partial")" = "$state" ] || refuse "The copy of $path changed after it was proved, so it gets no name."
${right}
printf '%s  %s\\n' "$hash" "$name" >>"$manifest.hashes" && sync "$manifest.hashes" || refuse "The content hash of $path can not be noted. Is the storage full?"
note_made "$R$folder" "$partial" "$name" || refuse "The list of new files in $folder can not be written: $path was not made."
put_new "$R$path" "$partial" || refuse "$path $linked"
tell_state
printf '%s  %s\\n' "$hash" "$path"`,
    check: `${head}is_there "$R$path" || exit 10
it=$(made_mark "$R$path") && manifest=$(made_file "$R$folder") || exit 11
grep -qxsF -e "$it $name" "$manifest" || exit 10
# cut off between the two names: the other one is still to go
[ "$(made_mark "$R$path.partial.\${manifest##*/.made.}" 2>/dev/null)" = "$it" ] && exit 10
# its name it has, but what it was like then was not noted
[ -f "$manifest.read.$name" ] || exit 11
exit 0`,
  });
};

export const dropPartial = (action: ActionOf<'drop-partial'>): Rendered => {
  const { path } = action;
  const head = places(path);
  return rendered({
    summary: `rm ${path}.partial.RUN   # of this run`,
    act: `${head}is_there "$R$folder" || exit 0
real_folder "$folder"
${ownRun}end_streams "$run:" || exit 1
rm -f "$proof"
is_there "$partial" || exit 0
[ -f "$partial" ] && [ ! -L "$partial" ] || refuse "$partial is not a regular file and stays."
removed=$(rm -f "$partial" 2>&1) || fail "$path.partial.$run can not be removed: $removed"
sync_directory "$R$folder"`,
    check: `${head}is_there "$R$folder" || exit 0
${ownRun}is_there "$partial" && exit 10
exit 0`,
  });
};
