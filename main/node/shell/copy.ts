/**
 * The content of a file, read only where it holds data, and its way to another file (core/storage/content.ts says what the content
 * is). Which parts are stored is learnt from GNU tar, whose sparse map is what the kernel says (SEEK_HOLE); without it, or where the
 * file system reports no holes, the whole file is read, which is slower and just as right.
 */
export const zeroBlockSum = '30e14955ebf1352266dc2ff8067e68104607e750abb9d3b36582b8af909fcb58';

export const copyFunctions: Record<string, string> = {
  data_map: `# $1 physical file, $2 its length: "offset length" for each part that is stored, ascending
_map=$(tar -cS --format=posix --sparse-version=1.0 -f - -C "\${1%/*}" -- "./\${1##*/}" 2>/dev/null | {
  # a header whose records tell that a map follows, the file's own header, then the map: how many, then offset and length of each
  _first=$(dd "bs=512" "count=1" "iflag=fullblock" "status=none" | tr '\\000' ' ')
  [ "$(printf '%s' "$_first" | cut -c 157)" = x ] || exit 0
  _length=$(printf '%s' "$_first" | cut -c 125-135)
  case $_length in '' | *[!0-7]*) exit 0 ;; esac
  _records=$(dd "bs=512" "count=$(((0$_length + 511) / 512))" "iflag=fullblock" "status=none" | tr '\\000' '\\n')
  case $_records in '22 GNU.sparse.major=1'* | *'
22 GNU.sparse.major=1'*) ;; *) exit 0 ;; esac
  dd "bs=512" "count=1" "iflag=fullblock" "status=none" >/dev/null
  tr '\\000' '\\n' | awk -v "size=$2" '
    !/^[0-9]+$/ { exit }
    NR == 1 { left = $1; if (left < 1) exit; next }
    NR % 2 == 0 { from = $1; next }
    {
      if (from < end || from + $1 > size) exit
      end = from + $1
      if ($1 > 0) printf "%.0f %.0f\\n", from, $1
      if (--left == 0) { print "end"; exit }
    }'
})
case $_map in
  end) ;;
  *'
end') printf '%s\\n' "\${_map%?end}" ;;
  *) [ "$2" -eq 0 ] || printf '0 %s\\n' "$2" ;;
esac`,

  block_hashes: `# $1 physical file, $2 its length, stdin from data_map and then "end": "number hash" for each block that holds more than
# zeros, then "end". 1 when any command was ended before it was done: parts that are not known must never pass for holes.
_ranges=$(awk '
  function tell() { if (count) printf "%.0f %.0f\\n", first, count }
  $0 == "end" { whole = 1; exit }
  {
    from = int($1 / 1048576)
    to = int(($1 + $2 - 1) / 1048576)
    if (count && from < first + count) from = first + count
    if (to < from) next
    if (count && from == first + count) count += to - from + 1
    else { tell(); first = from; count = to - from + 1 }
  }
  END { if (!whole) exit 1; tell() }') || return 1
_rest=$(($2 % 1048576))
_zero_rest=$({ { head -c "$_rest" /dev/zero || echo failed >&3; } | sha256sum || echo failed; } 3>&1)
case $_zero_rest in *failed* | '') return 1 ;; esac
[ -z "$_ranges" ] || printf '%s\\n' "$_ranges" | {
  {
    printf '%s\\n' "$_ranges"
    echo '='
    while read -r _first _count; do
      dd "if=$1" "bs=1M" "skip=$_first" "count=$_count" "iflag=fullblock" "status=none" </dev/null || echo 'could not be read' >&3
    done | SHELL=/bin/sh split -b 1M --filter=sha256sum -
  } 3>&1
} | awk -v "last=$(($2 / 1048576))" -v "zero=${zeroBlockSum}" -v "zero_rest=\${_zero_rest%% *}" '
  !listed && $0 == "=" { listed = 1; at = 1; block = first[1]; next }
  !listed { n++; first[n] = $1; count[n] = $2; next }
  length($1) != 64 || $2 != "-" || at > n { failed = 1; exit }
  {
    if ($1 != (block == last ? zero_rest : zero)) { printf "%.0f %s\\n", block, $1; if (++told % 64 == 0) fflush() }
    if (++block >= first[at] + count[at]) { at++; block = first[at] }
  }
  END { if (failed || at <= n) exit 1; print "end" }'
[ -n "$_ranges" ] || echo end`,

  content_hash: `# $1 physical file, $2 its length: the content hash; 1 when it can't be read to its end
_content=$({
  {
    printf '%s\\n' "$2"
    { data_map "$1" "$2" && echo end; } | block_hashes "$1" "$2"
  } | {
    awk '$0 == "end" { whole = 1; exit } { print } END { exit !whole }' || echo failed >&3
  } | sha256sum
} 3>&1)
case $_content in *failed* | '') return 1 ;; esac
printf '%s\\n' "\${_content%% *}"`,

  file_state: `# $1 physical file: what changes when somebody writes to it, or puts another file in its place
stat -c '%s %d:%i %.9Y %.9Z' "$1"`,

  end_streams: `# $1 mark, or the run's id and ":" for all of its streams: none of their processes is left on this node afterwards
_tries=0
while _left=$(grep -lz -e "^VBDESK_COPY=$1" /proc/[0-9]*/environ 2>/dev/null | sed 's#^/proc/##; s#/environ$##') && [ -n "$_left" ]; do
  [ "$_tries" -lt 100 ] || { printf 'Processes of the copy can not be ended: %s\\n' "$(printf '%s' "$_left" | tr '\\n' ' ')" >&2; return 1; }
  printf '%s\\n' "$_left" | xargs kill -KILL 2>/dev/null
  _tries=$((_tries + 1))
  [ "$_tries" -eq 1 ] || sleep 0.1
done
return 0`,

  send_frames: `# $1 physical file, stdin: "mode offset length" lines up to "end". To stdout: each of them, with its bytes behind it
while read -r _mode _offset _bytes; do
  case $_mode in
    sparse | dense)
      printf '%s %s %s\\n' "$_mode" "$_offset" "$_bytes" || return 1
      dd "if=$1" "bs=1M" "skip=$_offset" "count=$_bytes" "iflag=fullblock,skip_bytes,count_bytes" "status=none" </dev/null || return
      printf 'sent %s\\n' "$_bytes" >&3
      ;;
    punch) printf 'punch %s %s\\n' "$_offset" "$_bytes" || return 1 ;;
    end)
      echo end
      return
      ;;
    *) return 1 ;;
  esac
done
return 1`,

  receive_frames: `# $1 physical file, $2 its logical name, stdin from send_frames
while read -r _mode _offset _bytes; do
  case $_mode in
    sparse) _said=$(dd "of=$1" "ibs=1M" "obs=4K" "seek=$_offset" "count=$_bytes" "iflag=fullblock,count_bytes" "oflag=seek_bytes" "conv=notrunc,nocreat,sparse" "status=none" 2>&1) ;;
    dense) _said=$(dd "of=$1" "bs=1M" "seek=$_offset" "count=$_bytes" "iflag=fullblock,count_bytes" "oflag=seek_bytes" "conv=notrunc,nocreat" "status=none" 2>&1) ;;
    punch) _said=$(fallocate -p -o "$_offset" -l "$_bytes" "$1" 2>&1) ;;
    end)
      _said=$(sync "$1" 2>&1) || fail "$2 could not be written to the disk: $_said"
      return 0
      ;;
    *) fail "What arrived for $2 makes no sense." ;;
  esac || fail "$2 could not be written: $_said"
done
fail "The stream to $2 was cut off."`,
};
