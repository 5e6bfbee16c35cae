/** Images that are there and become an instance's: looked at once more, and moved into its folder. Never written to. */
import { removedImagesFile } from '../../../core/cluster/removed-images.ts';
import type { ActionOf } from './rendered.ts';
import {
  anyPath,
  baseName,
  directoryOf,
  ownPath,
  RenderError,
  type Rendered,
  rendered,
  wholeNumber,
} from './rendered.ts';

type Image = ActionOf<'verify-taken'>['images'][number];

const verifyImage = ({ path, device, inode, size, type, base, unlessVhd }: Image): string =>
  `verify_taken ${ownPath(path)} ${wholeNumber(device)}:${wholeNumber(inode)} ${wholeNumber(size)} ${type} ${base === null ? "''" : anyPath(base)}${unlessVhd ? ' unless-vhd' : ''}`;

const verifyFolder = ({ path, known }: ActionOf<'verify-taken'>['folders'][number]): string =>
  `verify_folder ${[ownPath(path), ...known.map(baseName)].join(' ')}`;

const hardLinkAdvice =
  'what is written by one of them changes the others. Where it shall be an image of its own, copy it while nothing has it open (cp --sparse=always) and put the copy in its place.';

/** A clone made by cp -al shares its images with the original: nobody but their names would tell. */
export const checkOneName = (action: ActionOf<'check-one-name'>): Rendered =>
  rendered({
    summary: `stat -c '%h %n' ${action.images.join(' ')}   # each has one name`,
    act: `wrong=0
one_name() {
  if [ -L "$R$1" ] || [ ! -f "$R$1" ]; then
    printf '%s is missing, or no regular file.\\n' "$1" >&2
    wrong=1
    return
  fi
  names=$(timeout -k 2 20 stat -c %h "$R$1") || fail "How many names $1 has could not be learnt."
  [ "$names" != 1 ] || return 0
  printf '%s has %s names (hard links): %s\\n' "$1" "$names" '${hardLinkAdvice}' >&2
  wrong=1
}
${action.images.map((image) => `one_name ${ownPath(image)}`).join('\n')}
[ "$wrong" -eq 0 ] || exit 10`,
    check: null,
  });

export const verifyTaken = (action: ActionOf<'verify-taken'>): Rendered =>
  rendered({
    summary: `stat ${action.images.map((each) => each.path).join(' ')}   # unchanged, unowned${action.running ? '' : ' and opened nowhere here'}`,
    act: `wrong=0
hard_link_advice='${hardLinkAdvice}'
mismatch() {
  printf '%s\\n' "$*" >&2
  wrong=1
}
verify_folder() { # $1 folder, then every name in it that was known
  _folder=$1
  shift
  if ! is_real_folder "$_folder"; then mismatch "$why"; return; fi
  for _own in instance.json replica.json; do
    ! is_there "$R$_folder/$_own" || mismatch "$_folder holds $_own now: it belongs to an instance."
  done
  for _entry in "$R$_folder"/*; do
    is_there "$_entry" || continue
    _name=\${_entry##*/}
    case $_name in xen.cfg | instance.json | replica.json | ${removedImagesFile}) continue ;; esac
    for _known in "$@"; do [ "$_known" != "$_name" ] || continue 2; done
    mismatch "$_folder/$_name was not there when the plan was made."
  done
}
verify_taken() { # $1 path, $2 device:inode, $3 bytes of the file, $4 type, $5 base or nothing, $6 unless-vhd
  if ! is_real_folder "\${1%/*}"; then mismatch "$why"; return; fi
  if [ -L "$R$1" ]; then mismatch "$1 is a symbolic link."; return; fi
  if [ ! -e "$R$1" ]; then mismatch "$1 is missing."; return; fi
  if [ ! -f "$R$1" ]; then mismatch "$1 is not a regular file."; return; fi
  if ! { facts=$(timeout -k 2 20 stat -c '%d:%i %s %h' "$R$1") && header=$(timeout -k 2 20 head -c 72 "$R$1" | od -An -v -tx1 | tr -d ' \\n'); }; then
    mismatch "$1 can not be read."
    return
  fi
  names=\${facts##* }
  facts=\${facts% *}
  [ "$names" = 1 ] || mismatch "$1 has $names names (hard links): \${hard_link_advice}"
  found=$(type_of_header "$header")
  printf '%s %s %s\\n' "$1" "$facts" "$found"
  [ "\${facts%% *}" = "$2" ] || mismatch "$1 is another file than the one that was shown (\${facts%% *}, it was $2)."
  [ "\${facts#* }" = "$3" ] || mismatch "$1 has \${facts#* } bytes now, it had $3."
  [ "$found" = "$4" ] || mismatch "$1 was $4, but its header says $found."
  case $found in
    raw)
      [ "$((\${facts#* } % 512))" -eq 0 ] || mismatch "$1 is not a multiple of 512 bytes long."
      # a footer in which a guest wrote the length of this very disk is left to a person
      if [ -n "\${6:-}" ] && is_fixed_vhd "$R$1" && [ "$(vhd_size "$R$1")" = "$((\${facts#* } - 512))" ]; then
        mismatch "$1 ends with the footer of a fixed-size VHD, which is no part of the disk. Bring it in as a converted copy (vbdesk image convert $1 --from vhd). If it is a raw disk all the same, say so by format=raw in an xen.cfg beside it."
      fi
      ;;
    qcow | qcow2)
      if ! backing=$(backing_name "$R$1"); then mismatch "What $1 builds on can not be read."; return; fi
      backing=\${backing#file:}
      case $backing in
        '') where= ;;
        /*) where=$(realpath -ms -- "$backing") ;;
        *) where=$(realpath -ms -- "\${1%/*}/$backing") ;;
      esac
      # a practice node's images name a directory of this machine
      if [ -n "$R" ] && [ -n "$5" ]; then case $where in *"$5") where=$5 ;; esac; fi
      if [ "$where" != "$5" ]; then mismatch "$1 builds on \${where:-nothing}, not on \${5:-nothing} as was shown."
      elif [ -n "$5" ] && { [ -L "$R$5" ] || [ ! -f "$R$5" ]; }; then mismatch "$5, on which $1 builds, is missing or no regular file."
      elif ! parts_within "$1" "$found" ${action.within.map(anyPath).join(' ')}; then mismatch "$why"
      fi
      ;;
  esac
}
${action.folders.map(verifyFolder).join('\n')}
${action.images.map(verifyImage).join('\n')}
${
  action.running
    ? ''
    : `in_use=$(files_in_use ${action.images.map((each) => anyPath(each.path)).join(' ')})
case $? in
  0) ;;
  10) mismatch "Opened on this node: $in_use" ;;
  *) mismatch 'Whether the files are opened on this node could not be told.' ;;
esac`
}
[ "$wrong" -eq 0 ] || exit 10`,
    check: null,
  });

/** Hidden names are VBDesk's own, and so are the configuration and the note. */
export const verifyUnowned = (action: ActionOf<'verify-unowned'>): Rendered => {
  const { folder, files, alone } = action;
  return rendered({
    summary: `ls -i ${folder}   # ${files.map(({ name }) => name).join(', ') || 'nothing'}, unchanged and nobody's`,
    act: `folder=${ownPath(folder)}
wrong=0
mismatch() {
  printf '%s\\n' "$*" >&2
  wrong=1
}
verify_file() { # $1 name, $2 inode, $3 size
  if [ -L "$R$folder/$1" ] || [ ! -f "$R$folder/$1" ]; then mismatch "$folder/$1 is missing, or no regular file any more."
  elif [ "$(timeout -k 2 20 stat -c '%i %s' "$R$folder/$1")" != "$2 $3" ]; then mismatch "$folder/$1 is not as it was when the plan was made."
  fi
}
is_real_folder "$folder" || fail "$why"
for own in instance.json replica.json; do
  ! is_there "$R$folder/$own" || mismatch "$folder holds $own now: it belongs to an instance."
done
${files.map(({ name, inode, size }) => `verify_file ${baseName(name)} ${wholeNumber(inode)} ${wholeNumber(size)}`).join('\n')}
${
  alone
    ? `set -- ${files.map(({ name }) => baseName(name)).join(' ')}
for entry in "$R$folder"/* "$R$folder"/.[!.]* "$R$folder"/..?*; do
  is_there "$entry" || continue
  entry=\${entry##*/}
  case $entry in xen.cfg | instance.json | replica.json | ${removedImagesFile} | .lock | .lock.* | .made.* | .tmp.*) continue ;; esac
  for known in "$@"; do [ "$known" != "$entry" ] || continue 2; done
  mismatch "$folder/$entry was not there when the plan was made, or is no file that the probe shows."
done`
    : ''
}
[ "$wrong" -eq 0 ] || exit 10`,
    check: null,
  });
};

const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** By a second name and then the removal of the first: mv would copy where it can't rename, and replace what is in its way. */
export const takeImage = (action: ActionOf<'take-image'>): Rendered => {
  const { from, to } = action;
  if (directoryOf(from) === directoryOf(to))
    throw new RenderError(`take-image moves between folders: ${from} to ${to}.`);
  for (const path of [from, to])
    if (nameOf(path).startsWith('.')) throw new RenderError(`${path} is no image's name.`);
  const head = `from=${ownPath(from)}
to=${ownPath(to)}
inode=${wholeNumber(action.inode)}
inode_of() { stat -c %i "$R$1" 2>/dev/null; }
`;
  return rendered({
    summary: `ln -T ${from} ${to} && rm ${from}   # the file itself moves, nothing is copied`,
    act: `${head}real_folder "\${from%/*}"
real_folder "\${to%/*}"
if ! is_there "$R$from" && [ "$(inode_of "$to")" = "$inode" ]; then
  sync_directory "$R\${to%/*}"
  exit 0
fi
regular_image "$from"
[ "$(inode_of "$from")" = "$inode" ] || refuse "$from is another file than the one that was shown, so it stays where it is."
[ "$(stat -c %d "$R\${from%/*}")" = "$(stat -c %d "$R\${to%/*}")" ] ||
  refuse "\${from%/*} and \${to%/*} are on different file systems: $from would have to be copied."
unused_or_leave "$from"
if [ "$(inode_of "$to")" != "$inode" ]; then
  ! is_there "$R$to" || refuse "$to exists already, so $from stays where it is."
  said=$(ln -T "$R$from" "$R$to" 2>&1)
  [ "$(inode_of "$to")" = "$inode" ] || refuse "$from could not be moved and is where it was: $said"
fi
sync_directory "$R\${to%/*}"
rm -f "$R$from" || fail "$from is now also called $to, but its old name could not be removed."
sync_directory "$R\${from%/*}"${
      action.alone
        ? `
[ "$(stat -c %h "$R$to")" = 1 ] || fail "$to has another name as well: it may have been taken by somebody else at the same moment. Undo this."`
        : ''
    }`,
    check: `${head}if is_there "$R$from"; then
  is_there "$R$to" && exit 11
  [ "$(inode_of "$from")" = "$inode" ] || exit 11
  exit 10
fi
[ "$(inode_of "$to")" = "$inode" ] && exit 0
exit 11`,
  });
};
