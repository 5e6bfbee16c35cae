/**
 * Image files beyond raw: what builds on what, and the snapshots in them. qemu-img opens an image only where nobody else has it
 * open, and is always told the type: a guest may write any header into a raw disk.
 */
export const diskFunctions: Record<string, string> = {
  need_qemu_img: `command -v qemu-img >/dev/null || refuse "This node has no qemu-img, which $1. Install qemu-utils there."`,

  unused_or_leave: `# $@ logical paths of files that are about to be changed
_in_use=$(files_in_use "$@")
case $? in
  0) ;;
  10) refuse "In use, so it stays as it is: $_in_use" ;;
  *) refuse 'Whether somebody uses the files could not be learnt, so they stay as they are.' ;;
esac`,

  writers_of: `# $1 logical path: a line for each loop device on it, and for each process that has it open for writing; 2 = could not tell
_written=$(file_ids "$1") || return 2
loops_using "$_written" || return 2
_open=$(open_files "$_written")
if printf '%s\\n' "$_open" | grep -qxF '?'; then return 2; fi
printf '%s\\n' "$_open" | grep -F -e "\${_written%% *} " | while read -r _ _link; do
  # the last octal digit of the flags: 0 reads only
  case $(sed -n 's/^flags:[[:space:]]*[0-7]*\\([0-7]\\)$/\\1/p' "\${_link%/fd/*}/fdinfo/\${_link##*/}" 2>/dev/null) in
    0 | 4) ;;
    '') [ ! -e "$_link" ] || printf '%s has it open\\n' "$_link" ;;
    *) printf 'process %s writes to it\\n' "$(printf '%s' "$_link" | cut -d / -f 3)" ;;
  esac
done`,

  regular_image: `# $1 logical path
real_folder "\${1%/*}"
is_there "$R$1" || refuse "$1 is missing."
[ -f "$R$1" ] && [ ! -L "$R$1" ] || refuse "$1 is not a regular file, so it stays as it is."`,

  size_of_image: `# $1 logical path, $2 its type: bytes that the guest sees; 1 when the header says another type
_header=$(image_header "$R$1") || return 1
[ "$(type_of_header "$_header")" = "$2" ] || return 1
case $2 in
  raw) stat -c %s "$R$1" ;;
  qcow | qcow2) qcow_size "$_header" ;;
  *) return 1 ;;
esac`,

  snapshot_count: `# $1 logical path of a qcow2 image: how many snapshots are in it
_header=$(image_header "$R$1") && printf '%d\\n' "0x$(printf '%s' "$_header" | cut -c 121-128)"`,

  snapshot_tags: `# $1 logical path of a qcow2 image: a tag on each line
_snapshots=$(qemu-img snapshot -l "$R$1" 2>&1) || { printf '%s\\n' "$_snapshots" >&2; return 1; }
printf '%s\\n' "$_snapshots" | awk '$1 ~ /^[0-9]+$/ { print $2 }'`,

  qcow_files: `# $@ logical directories: the physical paths of all qcow and qcow2 images in them, in their folders and in the trash; 2 = could not tell
# a file goes away meanwhile (another folder is purged), or a network file system still lists one that is gone: then all is looked at again
_tries=1
while :; do
  if [ "$_tries" -lt 4 ]; then exec 3> /dev/null; else exec 3>&2; fi
  if _files=$(for _directory in "$@"; do
    [ -d "$R$_directory" ] || continue
    timeout -k 2 60 find "$R$_directory" -mindepth 1 -maxdepth 3 -type f -size +511c ! -path '*
*' || exit 2
  done 2>&3); then
    [ -n "$_files" ] || return 0
    # one pass: the first four bytes of every file, in the order of the names
    _marks=$(printf '%s\\n' "$_files" | timeout -k 2 120 xargs -r -d '\\n' head -q -c 4 -- 2>&3 | od -An -v -w4 -tx1 | tr -d ' ')
    [ "$(printf '%s\\n' "$_marks" | wc -l)" -ne "$(printf '%s\\n' "$_files" | wc -l)" ] || break
  fi
  [ "$_tries" -lt 4 ] || return 2
  _tries=$((_tries + 1))
  sleep 1
done
{
  printf '%s\\n' "$_marks"
  echo '=='
  printf '%s\\n' "$_files"
} | awk '/^==$/ && !names { names = 1; next } !names { mark[++n] = $0; next } mark[++i] == "514649fb"'`,

  recorded_raw: `# $1 physical path of an image: whether the record beside it, or the name under which it is kept, says that it is raw
case \${1##*/} in *.before-*.raw | *.removed-*.raw) return 0 ;; esac
[ -f "\${1%/*}/instance.json" ] && [ ! -L "\${1%/*}/instance.json" ] || return 1
head -c 1048576 "\${1%/*}/instance.json" | tr -d ' \\t\\n' | grep -qF -e "\\"raw\\",\\"$(printf '%s' "\${1#"$R"}" | tr -d ' \\t\\n')\\"]"`,

  overlays_of: `# $1 logical path of an image, then logical directories: the images that build on it, a path on each line; 2 = could not tell
_base=$1
shift
_base_id=$(stat -L -c %d:%i "$R$_base") || return 2
_images=$(qcow_files "$@") || return 2
[ -n "$_images" ] || return 0
printf '%s\\n' "$_images" | while IFS= read -r _image; do
  # what is recorded as raw has no header: its guest wrote it
  ! recorded_raw "$_image" || continue
  _backing=$(backing_name "$_image") || { echo "On what \${_image#"$R"} builds can not be told by its header." >&2; exit 2; }
  case $_backing in
    '') continue ;;
    json:*)
      # where it leads can't be told from here: the name of the file in it is enough to be careful
      case $_backing in *"/\${_base##*/}\\""* | *"\\"\${_base##*/}\\""*) printf '%s\\n' "\${_image#"$R"}" ;; esac
      continue
      ;;
    file:*) _backing=\${_backing#file:} ;;
  esac
  case $_backing in
    /*) _where=$_backing ;;
    *) _where=\${_image%/*}/$_backing ;;
  esac
  # what lies in the trash lay one level higher
  case $_image in
    */.trash/*/*) case $_backing in /*) ;; *) [ -e "$_where" ] || _where=\${_image%/*/*}/$_backing ;; esac ;;
  esac
  # a name that leads nowhere builds on nothing that is here
  _backing_id=$(stat -L -c %d:%i "$_where" 2>/dev/null) || _backing_id=$(stat -L -c %d:%i "$R$_where" 2>/dev/null) || continue
  [ "$_backing_id" != "$_base_id" ] || printf '%s\\n' "\${_image#"$R"}"
done`,
};
