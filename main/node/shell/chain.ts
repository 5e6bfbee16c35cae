/**
 * What an image consists of and builds on, read from the headers. qemu-img would open all of it before it told, as root, and an
 * image from elsewhere (or a guest that wrote a header into its raw disk) may name any file, device or server there.
 */
export const chainFunctions: Record<string, string> = {
  text_at: `# $1 physical path, $2 offset, $3 bytes: the text there as qemu reads it, to its first NUL; 1 when it holds control characters
_text=$(tail -c "+$(($2 + 1))" "$1" | head -c "$3" | tr '\\n\\000' '\\001\\n' | head -n 1)
[ "$(printf '%s' "$_text" | tr -d '\\001-\\037\\177')" = "$_text" ] || return 1
printf '%s' "$_text"`,

  backing_name: `# $1 physical path of a qcow or qcow2 image: the name of its backing file as its header has it; nothing when it has none
_head=$(head -c 20 "$1" | od -An -v -tx1 | tr -d ' \\n') || return 1
case $_head in
  514649fb0000000?*) ;;
  *) return 0 ;;
esac
_name_at=$(printf '%d' "0x$(printf '%s' "$_head" | cut -c 17-32)") && _name_length=$(printf '%d' "0x$(printf '%s' "$_head" | cut -c 33-40)") || return 1
[ "$_name_at" -gt 0 ] || return 0
[ "$_name_length" -gt 0 ] && [ "$_name_length" -le 1023 ] || return 1
text_at "$1" "$_name_at" "$_name_length"`,

  backing_format: `# $1 physical path of a qcow or qcow2 image: the format of its backing file as its header has it; nothing when qemu has to guess it
_head=$(head -c 104 "$1" | od -An -v -tx1 | tr -d ' \\n') || return 1
case $_head in
  514649fb00000001*) return 0 ;;
  514649fb00000002*) _at=72 ;;
  514649fb*) _at=$(printf '%d' "0x$(printf '%s' "$_head" | cut -c 201-208)") || return 1 ;;
  *) return 0 ;;
esac
_end=$(printf '%d' "0x$(printf '%s' "$_head" | cut -c 17-32)") || return 1
_said=
_turns=0
while [ "$_at" -lt "$_end" ]; do
  _turns=$((_turns + 1))
  [ "$_turns" -le 32 ] || return 1
  _extension=$(tail -c "+$((_at + 1))" "$1" | head -c 8 | od -An -v -tx1 | tr -d ' \\n')
  _length=$(printf '%d' "0x$(printf '%s' "$_extension" | cut -c 9-16)") || return 1
  case $_extension in
    00000000*) break ;;
    e2792aca*)
      [ "$_length" -lt 16 ] || return 1
      _said=$(text_at "$1" "$((_at + 8))" "$_length") || return 1
      ;;
  esac
  _at=$((_at + 8 + (_length + 7) / 8 * 8))
done
printf '%s' "$_said"`,

  holds_its_data: `# $1 physical path of an image, $2 its format as qemu-img calls it, $3 its path as it is told: 1, with the reason in $why, when
# its data lie in other files, which qemu-img would open with it
_bytes=$(head -c 80 "$1" | od -An -v -tx1 | tr -d ' \\n') || { why="$3 can not be read."; return 1; }
case $2:$_bytes in
  # a text, or a header without an extent of its own, is a list of other files
  vmdk:4b444d56????????????????0000000000000000*) ;;
  vmdk:4b444d56* | vmdk:434f5744*) return 0 ;;
  vmdk:*) ;;
  qcow2:514649fb00000002*) return 0 ;;
  qcow2:*)
    # the last of the incompatible features' bytes, which version 2 has none of
    case $(printf '%s' "$_bytes" | cut -c 160) in
      [4-7c-f])
        why="$3 keeps its data in another file, which is not supported; such an image is not opened here."
        return 1
        ;;
    esac
    return 0
    ;;
  *) return 0 ;;
esac
why="$3 is a VMDK descriptor, which only names other files: it is not opened here."
return 1`,

  is_fixed_vhd: `# $1 physical path: whether it ends with the footer of a VHD of fixed size, which has no header
case $(tail -c 512 "$1" | head -c 64 | od -An -v -tx1 | tr -d ' \\n') in 636f6e6563746978*00000002) return 0 ;; esac
return 1`,

  parts_state: `# after parts_within: what changes when somebody writes to a part of it, or puts another file in its place
printf '%s' "$_parts" | while IFS= read -r _each; do file_state "$_each" || exit 1; done`,

  vhd_size: `# $1 physical path of a VHD: bytes that a guest sees of it, by its header, or by its footer where it has no header
_bytes=$(head -c 56 "$1" | od -An -v -tx1 | tr -d ' \\n')
case $_bytes in 636f6e6563746978*) ;; *) _bytes=$(tail -c 512 "$1" | head -c 56 | od -An -v -tx1 | tr -d ' \\n') ;; esac
case $_bytes in 636f6e6563746978*) ;; *) return 1 ;; esac
printf '%d' "0x$(printf '%s' "$_bytes" | cut -c 97-112)" 2>/dev/null`,

  image_options: `# $1 physical path, $2 its format as qemu-img calls it: the same as options of qemu-img, in which a comma is doubled
_more=
# of a VHD that it did not make qemu takes the geometry, which may be smaller than the disk
[ "$2" != vpc ] || _more=,force_size_calc=current_size
printf 'driver=%s%s,file.driver=file,file.filename=%s' "$2" "$_more" "$(printf '%s' "$1" | sed 's/,/,,/g')"`,

  is_whole_foreign: `# $1 physical path of an image that is no qcow or qcow2 one, $2 its format, $3 its path as it is told: 1, with the reason in
# $why, when it builds on another one
case $2 in
  vmdk)
    # a header names the sector of its descriptor, and qemu takes the usual one: the parent may stand in either
    case $(head -c 4 "$1" | od -An -v -tx1 | tr -d ' \\n') in
      4b444d56)
        _sector=$(head -c 36 "$1" | tail -c 8 | od -An -v -tx1 | {
          read -r _a _b _c _d _e _f _g _h && printf '%d' "0x$_h$_g$_f$_e$_d$_c$_b$_a" 2>/dev/null
        }) && [ "$_sector" -ge 0 ] && [ "$_sector" -lt $((($(stat -L -c %s "$1") + 511) / 512)) ] || {
          why="$3 says that its descriptor lies where the file has nothing; it is not opened here."
          return 1
        }
        ;;
      *) _sector=0 ;;
    esac
    { head -c 16384 "$1"; tail -c "+$((_sector * 512 + 1))" "$1" | head -c 10240; } | LC_ALL=C grep -qa parentFileNameHint || return 0
    ;;
  vpc)
    # the kind of disk: 4 is a difference to another one
    case $(head -c 64 "$1" | od -An -v -tx1 | tr -d ' \\n') in 636f6e6563746978*00000004) ;; *) return 0 ;; esac
    ;;
  *) return 0 ;;
esac
why="$3 builds on another image, which is not supported for its type; it is not opened here."
return 1`,

  parts_within: `# $1 logical path of an image, $2 its format as qemu-img calls it, then logical directories: fails, with the reason in $why, unless
# everything that it consists of or builds on lies below one of them, is a regular file, and is in no format that only a name tells
_part=$R$1
_format=$2
shift 2
_named=\${_part#"$R"}
_guessed=
_parts=
_passed=' '
_depth=0
while :; do
  _depth=$((_depth + 1))
  _shown=\${_part#"$R"}
  _which=$(stat -L -c %d:%i "$_part" 2>/dev/null)
  case $_depth$_passed in
    65* | *" \${_which:-no file} "*)
      why="What $_named builds on does not end at $_shown: it builds on itself, or on more than 64 images."
      return 1
      ;;
  esac
  _passed="$_passed$_which "
  _really=$(realpath -e -- "$_part" 2>/dev/null) || { why="$_shown, which $_named consists of, is missing."; return 1; }
  _parts="$_parts$_really
"
  _found=
  for _directory in "$@"; do
    _top=$(realpath -e "$R$_directory" 2>/dev/null) || continue
    case $_really in "$_top"/*) _found=1 ;; esac
  done
  if [ -z "$_found" ]; then
    why="$_named takes its data from what does not lie below a storage directory: $_shown"
    return 1
  fi
  [ -f "$_really" ] || { why="$_shown, on which $_named builds, is not a regular file."; return 1; }
  # who writes to it could write another header at any moment
  if [ "$_depth" -gt 1 ] && [ "$_format$_guessed" != raw ]; then
    _writers=$(writers_of "$_shown") || { why="Whether somebody writes to $_shown, on which $_named builds, could not be learnt."; return 1; }
    [ -z "$_writers" ] || { why="$_shown, on which $_named builds, is being written to: $_writers"; return 1; }
  fi
  case $_format in
    raw) return 0 ;;
    qcow | qcow2)
      if [ "$(type_of_header "$(image_header "$_part")")" != "$_format" ]; then
        why="$_shown is no $_format image by its header, as $_named says."
        return 1
      fi
      ;;
  esac
  holds_its_data "$_part" "$_format" "$_shown" || return 1
  case $_format in qcow | qcow2) ;; *) is_whole_foreign "$_part" "$_format" "$_shown"; return ;; esac
  _backing=$(backing_name "$_part") || { why="On what $_shown builds can not be read."; return 1; }
  _format=$(backing_format "$_part") || { why="On what $_shown builds can not be read."; return 1; }
  case $_backing in
    '') return 0 ;;
    file:/*) _part=\${_backing#file:} ;;
    /*) _part=$_backing ;;
    *)
      # a colon before any slash is a protocol to qemu, whichever
      case \${_backing%%/*} in
        *:*)
          why="$_named takes its data from what does not lie below a storage directory: $_backing"
          return 1
          ;;
      esac
      _part=\${_part%/*}/$_backing
      ;;
  esac
  # on a node that is a directory of this machine a name may be one on the node
  [ -z "$R" ] || [ -e "$_part" ] || _part=$R$_part
  _guessed=
  if [ -z "$_format" ] && [ -f "$_part" ]; then
    _guessed=' by qemu'
    _format=$(type_of_header "$(image_header "$_part")")
  fi
  case $_format in
    '' | raw | qcow | qcow2) ;;
    *)
      why="\${_part#"$R"}, on which $_named builds, is taken for $_format; only raw and qcow2 images are built on here."
      return 1
      ;;
  esac
done`,
};
