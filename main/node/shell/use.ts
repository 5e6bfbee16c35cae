/**
 * Who uses a file: by device:inode, so that a hard link, a bind mount or a rename hides nobody; by path as well for a file that is
 * gone. "Could not tell" is never "nobody": every function here returns 2 then.
 */
export const useFunctions: Record<string, string> = {
  file_ids: `# $@ logical paths of files: a line "device:inode path" for each, "gone path" for one that is not there; 2 = could not tell
for _file in "$@"; do
  if _id=$(timeout -k 2 20 stat -L -c %d:%i "$R$_file" 2>&1); then
    printf '%s %s\\n' "$_id" "$_file"
  else
    case $_id in
      *'No such file or directory' | *'Not a directory') printf 'gone %s\\n' "$_file" ;;
      *)
        printf 'No answer about %s: %s\\n' "$_file" "$_id" >&2
        return 2
        ;;
    esac
  fi
done`,

  loops_using: `# $1 lines of file_ids: a line "loop…" for each loop device on one of the files
export R
_listing=$(timeout -k 2 20 losetup -l -n -O NAME,BACK-INO,BACK-MAJ:MIN,BACK-FILE) || {
  echo 'losetup does not tell which loop devices there are.' >&2
  return 2
}
_kernel=$(for _backing in "$R"/sys/block/loop*/loop/backing_file; do
  [ -r "$_backing" ] && IFS= read -r _line <"$_backing" && _device=\${_backing%/loop/backing_file} && printf '/dev/%s - - %s\\n' "\${_device##*/}" "$_line"
done)
printf '%s\\n%s\\n' "$_listing" "$_kernel" | FILES=$1 awk '
  BEGIN {
    n = split(ENVIRON["FILES"], line, "\\n")
    for (i = 1; i <= n; i++) {
      at = index(line[i], " ")
      path = substr(line[i], at + 1)
      if (split(substr(line[i], 1, at - 1), id, ":") == 2) {
        # device number to major:minor, as the kernel packs it
        minor = id[1] % 256 + int(id[1] / 1048576) * 256
        major = int(id[1] / 256) % 4096
        by_id[major ":" minor ":" id[2]] = path
      }
      by_path[path] = by_path[ENVIRON["R"] path] = path
    }
  }
  NF >= 3 {
    name = $1; inode = $2; device = $3
    text = $0
    sub(/^[ \\t]*[^ \\t]+[ \\t]+[^ \\t]+[ \\t]+[^ \\t]+[ \\t]*/, "", text)
    sub(/ \\(deleted\\)$/, "", text)
    path = ""
    if ((device ":" inode) in by_id) path = by_id[device ":" inode]
    else if (text in by_path) path = by_path[text]
    if (path != "" && !((name, path) in seen)) {
      seen[name, path] = 1
      print "loop device " name " is on " path
    }
  }'`,

  node_processes: `# on a node that is a directory of this machine: the numbers of its processes; else "all"
if [ -z "$R" ]; then
  echo all
else
  grep -lzxF -- "VBDESK_ROOT=$R" /proc/[0-9]*/environ 2>/dev/null | sed 's#^/proc/##; s#/environ$##'
fi`,

  open_files: `# $1 lines of file_ids: "device:inode link" for every open file of every process; for files that are gone, which have no
# number any more, "= link path" as well; "?" when it took too long. A process with a file on hanging storage hangs whoever follows.
timeout -k 2 30 find -L /proc/[0-9]*/fd -maxdepth 1 -type f -printf '%D:%i %p\\n' 2>/dev/null
case $? in 124 | 137) echo '?' ;; esac
if printf '%s\\n' "$1" | grep -q '^gone '; then
  timeout -k 2 30 find /proc/[0-9]*/fd -maxdepth 1 -type l -printf '= %p %l\\n' 2>/dev/null
  case $? in 124 | 137) echo '?' ;; esac
fi`,

  processes_using: `# $1 lines of file_ids: a line "process…" for each process that has one of the files open
if [ -z "$R" ] && [ "$(id -u)" -ne 0 ]; then
  echo 'Only root sees which files the processes of others have open.' >&2
  return 2
fi
export R
_opened=$(open_files "$1" | FILES=$1 MEMBERS=$(node_processes) awk '
  BEGIN {
    n = split(ENVIRON["FILES"], line, "\\n")
    for (i = 1; i <= n; i++) {
      at = index(line[i], " ")
      path = substr(line[i], at + 1)
      by_id[substr(line[i], 1, at - 1)] = path
      by_path[ENVIRON["R"] path] = path
      by_path[ENVIRON["R"] path " (deleted)"] = path
    }
    everybody = ENVIRON["MEMBERS"] == "all"
    n = split(ENVIRON["MEMBERS"], line, "\\n")
    for (i = 1; i <= n; i++) member[line[i]] = 1
  }
  $1 == "?" { print "?"; next }
  {
    text = $1 == "=" ? substr($0, length($2) + 4) : ""
    path = ""
    if ($1 == "=" && (text in by_path)) path = by_path[text]
    if ($1 != "=" && ($1 in by_id)) path = by_id[$1]
    split($2, part, "/")
    if (path == "" || !(everybody || (part[3] in member)) || ((part[3], path) in seen)) next
    seen[part[3], path] = 1
    print part[3] " " path
  }')
printf '%s\\n' "$_opened" | while read -r _pid _file; do
  case $_pid in
    '') continue ;;
    '?')
      echo 'Looking through the open files of all processes took too long.' >&2
      exit 2
      ;;
  esac
  printf 'process %s (%s) has %s open\\n' "$_pid" "$(cat "/proc/$_pid/comm" 2>/dev/null)" "$_file"
done`,

  files_in_use: `# $@ logical paths: prints who uses them; 0 = nobody, 10 = somebody, 2 = could not tell
_ids=$(file_ids "$@") || return 2
_loops=$(loops_using "$_ids") || return 2
_processes=$(processes_using "$_ids") || return 2
[ -n "$_loops$_processes" ] || return 0
printf '%s\\n%s\\n' "$_loops" "$_processes" | grep .
return 10`,

  unused_or_refuse: `# $@ logical paths of files that are about to be removed
_in_use=$(files_in_use "$@")
case $? in
  0) ;;
  10) refuse "In use, so nothing is removed: $_in_use" ;;
  *) refuse 'Whether somebody uses the files could not be learnt, so nothing is removed.' ;;
esac`,
};
