/**
 * The probe: one script, one round trip, everything that is asked of a node. Its time does not depend on the number of instances in
 * processes: each pass over a storage directory is one `find`, each pass over contents one `head` (or a few, by `xargs`).
 *
 * Whatever may hang (storage, processes with files on it) is asked by a worker in the background that writes to a file. A worker that
 * does not come back is left alone and remembered, so that the next probe does not start another one.
 */
import { createHash, randomBytes } from 'node:crypto';
import { removedImagesFile } from '../../core/cluster/removed-images.ts';
import {
  membershipPath,
  nodeStateDirectory,
  storageIdFile,
  templateDirectory,
  trashDirectory,
} from '../../core/cluster/schema.ts';
import { SNIFF_BYTES } from '../../core/storage/file-types.ts';
import { anyPath } from './actions/rendered.ts';
import { FOOTER_BYTES, LONGER_BYTES } from './image-header.ts';
import { prelude } from './prelude.ts';
import { guestsWorker } from './probe-guests.ts';
import { osWorker } from './probe-os.ts';
import { lookedInto, type ProbeInput } from './probe-sections.ts';
import { quote } from './quote.ts';
import { assemble } from './shell/assemble.ts';

export { readProbe } from './probe-reader.ts';
export { ProbeError, type ProbeInput } from './probe-sections.ts';

/** Commands whose presence is told. */
const commands = [
  'xl',
  'xm',
  'qemu-img',
  'qemu-nbd',
  'losetup',
  'flock',
  'setsid',
  'systemd-run',
  'findmnt',
  'sha256sum',
  'timeout',
  'realpath',
  'truncate',
  'blkdiscard',
  'rsync',
  'zstd',
  'gzip',
  'fence_node',
  'ipmitool',
  'sudo',
  'kpartx',
  'debootstrap',
];

/** What a storage worker does; $1 its number, $2 the logical path. Each file that it writes is complete once `done` is there. */
const scan = `if [ -L "$R$2" ] || { [ -z "$R" ] && [ -e "$2" ] && [ "$(realpath -e "$2")" != "$2" ]; }; then echo symlink
elif [ -d "$R$2" ]; then
  echo ok
  stat -c %d "$R$2"
  stat -f -c '%S %b %a %d %c' "$R$2"
  findmnt -n -o FSTYPE,OPTIONS -T "$R$2" 2>/dev/null || stat -f -c %T "$R$2"
  id=$(head -c 200 "$R$2/${storageIdFile}" 2>/dev/null)
  [ -z "$id" ] || printf '%s\\n' "\${id%%"$newline"*}"
elif [ -e "$R$2" ]; then echo not-a-directory
else echo missing
fi >"$t/$1.state"
: >"$t/$1.alive"
if [ -d "$R$2" ] && [ ! -L "$R$2" ] && cd "$R$2"; then
  exec 2>"$t/$1.problems"
  find . -xdev -mindepth 1 -maxdepth 2 -printf '%y %D %i %s %b %n %T@ %P\\0' -type f -size +1024c ! -path '*
*' -fprintf "$t/$1.lengths" '%s %p\\n' >"$t/$1.list"
  find . -xdev -mindepth 2 -maxdepth 2 -type f '(' -name instance.json -o -name replica.json -o -name .lock -o -name xen.cfg ')' ! -path './.*/*' ! -path '*
*' -size -262145c -print0 2>/dev/null | xargs -0 -r head -v -c 262144 >"$t/$1.text"
  find . -xdev -mindepth 1 -maxdepth 2 -type f ! -name instance.json ! -name replica.json ! -name xen.cfg ! -name '.lock*' \\
    ! -name '.tmp.*' ! -name '.made.*' '(' ! -path './.*' -o -path './${templateDirectory}/*' ')' ! -path '*
*' -size +511c -print0 2>/dev/null | xargs -0 -r head -v -c ${SNIFF_BYTES} >"$t/$1.magic"
  if [ -d ${trashDirectory} ] && [ ! -L ${trashDirectory} ]; then
    find ./${trashDirectory} -xdev -mindepth 2 -maxdepth 2 -type f ! -name '*.json' ! -name xen.cfg ! -name '.*' ! -path '*
*' -size +511c -print0 2>/dev/null | xargs -0 -r head -v -c ${SNIFF_BYTES} >>"$t/$1.magic"
  fi
  longer=
  [ ! -s "$t/$1.magic" ] || longer=$(longer_headers <"$t/$1.magic")
  [ -z "$longer" ] || printf '%s\\n' "$longer" | READ='head -v -c ${LONGER_BYTES}' xargs -d '\\n' sh -c "$read_named" sh >"$t/$1.longer"
  # a fixed-size VHD has its mark at its end only: looked for where the length is none of a raw disk's, or the name says so: they are few
  odd=
  [ ! -s "$t/$1.lengths" ] || odd=$(awk '$1 % 512 == 0 && ($1 % 1048576 != 0 || tolower($0) ~ /\\.(vhd|vpc)$/) { print substr($0, index($0, " ") + 1) }' "$t/$1.lengths")
  [ -z "$odd" ] || printf '%s\\n' "$odd" | READ='tail -v -c ${FOOTER_BYTES}' xargs -d '\\n' sh -c "$read_named" sh >"$t/$1.tail"
  # what lies in the trash, what a removal that was cut off left locked, and the records of what may be restored
  if [ -d ${trashDirectory} ] && [ ! -L ${trashDirectory} ]; then
    find ./${trashDirectory} -xdev -mindepth 2 -maxdepth 2 ! -path '*
*' -printf '%y %D %i %s %b %n %T@ ${trashDirectory}/%P\\0' >>"$t/$1.list"
    find ./${trashDirectory} -xdev -mindepth 2 -maxdepth 2 -type f '(' -name instance.json -o -name replica.json -o -name ${removedImagesFile} -o -name .lock ')' ! -path '*
*' -size -262145c -print0 2>/dev/null | xargs -0 -r head -v -c 262144 >>"$t/$1.text"
  fi
fi
: >"$t/$1.done"`;

const helpers = `newline='
'
section() { printf '\\n%s %s\\n' "$token" "$1"; }
problem() { printf '%s\\n' "$*" >>"$t/problems"; }
start_time() { sed 's/^.*) //' "/proc/$1/stat" 2>/dev/null | cut -d ' ' -f 20; }
# paths of images that tell more behind the first bytes: the name of a base, and the size of a vdi image. Input: head -v. A guest may
# have written the headings as well, so these are only wishes.
longer_headers() {
  # mawk can't stand NUL
  tr '\\000\\001' '\\001\\002' | awk '
    index($0, "==> ./") == 1 && substr($0, length($0) - 3) == " <==" { path = substr($0, 5, length($0) - 8); next }
    path == "" { next }
    index($0, "QFI\\373\\001\\001\\001") == 1 && substr($0, 9, 8) != "\\001\\001\\001\\001\\001\\001\\001\\001" { print path }
    /^<<< .*Disk Image >>>$/ { print path }
    { path = "" }'
}
read_named='for file do
  shift
  case $file in ./${templateDirectory}/*/*) continue ;; ./${templateDirectory}/*) ;;
    */../* | ./${trashDirectory}/*/*/*) continue ;; ./${trashDirectory}/*/*) [ ! -L ./${trashDirectory} ] || continue ;; ./.* | */../* | ./*/*/*) continue ;; esac
  if [ -f "$file" ] && [ ! -L "$file" ] && [ ! -L "\${file%/*}" ]; then set -- "$@" "$file"; fi
done
[ $# -eq 0 ] || $READ "$@"'
scan() (
${scan}
)
open_files_worker() {
  answer=$t/$1
  node_processes >"$t/members"
  # this probe is one of them: an empty list is no answer
  [ -s "$t/members" ] || return
  if [ -z "$R" ]; then set -- /proc/[0-9]*/fd
  else
    # what else runs on the machine of which this node is a directory may be much, and is none of its business
    set --
    while read -r pid; do set -- "$@" "/proc/$pid/fd"; done <"$t/members"
  fi
  : >"$answer.out"
  [ $# -eq 0 ] || find -L "$@" -maxdepth 1 -type f -printf '%D:%i %p\\n' >"$answer.out" 2>/dev/null
  : >"$answer.done"
}
${osWorker}${guestsWorker}boot_files_worker() { # $2 a path on each line
  printf '%s\\n' "$2" | while IFS= read -r file; do
    found=0
    case $file in
      '') continue ;;
      /*) [ ! -e "$R$file" ] || found=1 ;;
      *)
        # a bootloader without a path is looked for where Xen keeps its programs
        for place in "$R"/usr/lib/xen*/bin "$R"/usr/libexec/xen/bin "$R"/usr/local/lib/xen/bin "$R"/usr/bin "$R"/usr/sbin; do
          [ ! -e "$place/$file" ] || found=1
        done
        ;;
    esac
    printf '%s %s\\n' "$found" "$file"
  done >"$t/$1.out"
  : >"$t/$1.done"
}
long_worker() {
  timeout -k 1 8 xl list -l >"$t/$1.out" 2>"$t/$1.errors"
  printf '%s\\n' "$?" >"$t/$1.code"
  : >"$t/$1.done"
}
# begin NAME KEY FUNCTION ARGUMENT…: a worker, unless the one of an earlier probe still hangs
begin() {
  worker=$1
  key=$2
  shift 2
  if [ -e "$run/vbdesk-hung.$key" ] && read -r pid since <"$run/vbdesk-hung.$key" && [ -n "$since" ] && [ "$(start_time "$pid")" = "$since" ]; then
    : >"$t/$worker.hung"
    return
  fi
  [ ! -e "$run/vbdesk-hung.$key" ] || rm -f "$run/vbdesk-hung.$key"
  function=$1
  shift
  (
    # exec, because a shell keeps copies of what it redirects for one command: the answer's pipe and the lock would stay open
    exec </dev/null >/dev/null 2>&1 9>&-
    "$function" "$worker" "$@"
  ) &
  printf '%s %s\\n' "$!" "$key" >"$t/$worker.pid"
}
# finish NAME TWENTIETHS: waits for it; 1 = it hangs, and is remembered. The limit counts from the start of the probe, but for the
# first moments: most have ended already, or do at once.
finish() {
  moments=0
  while [ ! -e "$t/$1.done" ]; do
    [ ! -e "$t/$1.hung" ] || return 1
    if [ "$turns" -ge "$2" ] || { [ "$turns" -ge 100 ] && [ -e "$t/$1.state" ] && [ ! -e "$t/$1.alive" ]; }; then
      read -r pid key <"$t/$1.pid"
      printf '%s %s\\n' "$pid" "$(start_time "$pid")" >"$run/vbdesk-hung.$key"
      return 1
    fi
    # a nap is a process, which costs more than the waiting where processes are dear
    if [ "$moments" -lt 2 ]; then
      sleep 0.01
      moments=$((moments + 1))
    elif [ "$moments" -lt 4 ]; then
      sleep 0.05
      moments=$((moments + 1))
      turns=$((turns + 1))
    else
      sleep 0.2
      turns=$((turns + 4))
    fi
  done
}
# ask NAME COMMAND…: a section with its output, then one with its exit code and its errors
ask() {
  asked=$1
  shift
  section "$asked"
  timeout -k 1 8 "$@" </dev/null 2>"$t/errors" 9>&-
  code=$?
  section "$asked-end"
  printf '%s\\n' "$code"
  [ ! -s "$t/errors" ] || cat "$t/errors"
}
# anything_in DIRECTORY: looked at by the shell itself, for most are empty
anything_in() {
  for any in "$1"/* "$1"/.[!.]* "$1"/..?*; do
    if [ -e "$any" ] || [ -L "$any" ]; then return 0; fi
  done
  return 1
}
tell_file() {
  section "$1"
  [ ! -s "$t/$2" ] || cat "$t/$2"
}
# tell_files NUMBER WORD=KIND…: sections of a storage directory, by one process
tell_files() {
  told=$1
  shift
  for part do
    printf '\\n%s %s %s\\n' "$token" "\${part%=*}" "$told" >"$t/$told.\${part%=*}.head"
    set -- "$@" "$t/$told.\${part%=*}.head"
    [ ! -s "$t/$told.\${part#*=}" ] || set -- "$@" "$t/$told.\${part#*=}"
    shift
  done
  cat "$@"
}
`;

/** Finishes the workers: storage first. Its number is its place in the input. */
const gather = (count: number): string => `number=0
while [ "$number" -lt ${count} ]; do
  if finish "$number" 180; then
    tell_files "$number" state=state list=list text=text magic=magic longer=longer tail=tail complaints=problems
    { read -r line && read -r line && printf '%s\\n' "$line"; } <"$t/$number.state" >>"$t/devices"
  else
    section "state $number"
    echo not-answering
  fi
  number=$((number + 1))
done
`;

const everythingElse = `section facts
name=
boot=none
release=
own=
if [ -n "$R" ]; then read -r name <"$R/etc/hostname"; read -r boot <"$R/boot_id"
else read -r name </proc/sys/kernel/hostname; read -r boot </proc/sys/kernel/random/boot_id; fi
read -r release </proc/sys/kernel/osrelease
while read -r key own _ && [ "$key" != Uid: ]; do :; done </proc/self/status
[ -z "$R" ] || printf 'root %s\\n' "$R"
printf 'hostname %s\\nbootId %s\\nclock %s\\nkernel %s\\nuid %s\\n' "$name" "$boot" "$(date +%s%3N)" "$release" "$own"
# what another node says about its memory is nothing to this one's root
set -- /proc/cpuinfo
[ -n "$R" ] || set -- "$@" /proc/meminfo
[ ! -e "$R/etc/xen/xl.conf" ] || set -- "$@" "$R/etc/xen/xl.conf"
awk '
  FILENAME == "/proc/cpuinfo" {
    if (/^processor[ \t]*:/) cpus++
    else if (/^model name/ && model == "") { model = $0; sub(/^[^:]*: */, "", model) }
    next
  }
  /^MemAvailable: *[0-9]+ kB$/ { print "memAvailableKib " $2; next }
  /^[ \t]*autoballoon[ \t]*=/ {
    value = $0
    sub(/^[^=]*=[ \t]*"?/, "", value)
    if (match(value, /^[A-Za-z0-9]+/)) print "autoballoon " substr(value, 1, RLENGTH)
  }
  END {
    print "cpus " cpus + 0
    if (model != "") print "cpuModel " model
  }
' "$@" 2>/dev/null
for place in jobs . ..; do
  [ -d "$R${nodeStateDirectory}/$place" ] && stat -f -c 'jobSpace %S %a %d %c' "$R${nodeStateDirectory}/$place" && break
done
for name in ${commands.join(' ')}; do command -v "$name" >/dev/null && printf 'command %s\\n' "$name"; done
for bridge in "$R"/sys/class/net/*/bridge; do
  [ -d "$bridge" ] || continue
  bridge=\${bridge%/bridge}
  printf 'bridge %s\\n' "\${bridge##*/}"
done
if command -v xl >/dev/null; then
  ask xl-info xl info
  ask xl-list xl list -v
  # beside everything else, and only where Xen answers: one that hangs would cost as much once more
  [ "$code" != 0 ] || begin long long long_worker
elif command -v xm >/dev/null; then
  ask xl-info xm info
  ask xm-list xm list
  ask xm-list-long xm list -l
fi
ask loops losetup -l -n -O NAME,BACK-INO,BACK-MAJ:MIN,BACK-FILE
section membership
[ ! -e "$R${membershipPath}" ] || head -c 1048576 "$R${membershipPath}" 2>/dev/null
section saves
! anything_in "$R/var/lib/xen/save" || find "$R/var/lib/xen/save" -mindepth 1 -maxdepth 1 -printf '%f\\0' 2>/dev/null
section saved
# named after the domain, which may have been renamed: the configuration at the head of the file names its uuid
for file in "$R"/var/lib/xen/save/*; do
  [ -f "$file" ] || continue
  uuid=$(timeout -k 1 8 head -c 65536 "$file" 2>/dev/null | grep -aoiE "uuid[\\"']?[[:space:]]*[:=][[:space:]]*[\\"'][0-9a-f-]{36}[\\"']" | head -n 1 | grep -oiE '[0-9a-f-]{36}')
  [ -z "$uuid" ] || printf '%s %s\\0' "$uuid" "\${file##*/}"
done
section autostarts
! anything_in "$R/etc/xen/auto" || find "$R/etc/xen/auto" -mindepth 1 -maxdepth 1 -printf '%f\\t%l\\0' 2>/dev/null
section tombstones
! anything_in "$R${nodeStateDirectory}/removed" || find "$R${nodeStateDirectory}/removed" -mindepth 1 -maxdepth 1 -type f -printf '%f\\0' 2>/dev/null
section monitors
LOGS=$(cd "$R/var/log/xen" 2>/dev/null && pwd -P) || LOGS=$R/var/log/xen
export R LOGS
find /proc/[0-9]*/fd/1 -maxdepth 0 -printf '%p %l\\n' 2>/dev/null | awk '
  {
    link = substr($0, index($0, " ") + 1)
    split($1, part, "/")
    sub(/ \\(deleted\\)$/, "", link)
    sub(/([.-][0-9]+)+$/, "", link)
    for (i = 1; i <= 2; i++) {
      start = (i == 1 ? ENVIRON["LOGS"] : ENVIRON["R"] "/var/log/xen") "/xl-"
      if (index(link, start) == 1 && link ~ /\\.log$/) {
        print part[3] " " substr(link, length(start) + 1, length(link) - length(start) - 4)
        break
      }
    }
  }'
`;

const last = (bootFiles: string[]): string => `section open
if finish open 180; then
  : >>"$t/devices"
  awk '
    FILENAME ~ /members$/ { if ($1 == "all") everybody = 1; else member[$1] = 1; next }
    FILENAME ~ /devices$/ { device[$1] = 1; next }
    {
      split($1, id, ":")
      split($2, part, "/")
      if (!(id[1] in device) || !(everybody || (part[3] in member)) || ((part[3], $1) in seen)) next
      seen[part[3], $1] = 1
      comm = ""
      getline comm <("/proc/" part[3] "/comm")
      close("/proc/" part[3] "/comm")
      print id[1], id[2], part[3], comm
    }' "$t/members" "$t/devices" "$t/open.out"
else
  echo '?'
  problem 'Which files the processes of this node have open could not be learnt: looking hangs, probably on storage that does not answer.'
fi
if finish os 180; then tell_file os os.out; else problem 'Which OS definitions there are could not be learnt: looking hangs.'; fi
if finish guests 180; then tell_file guests guests.out; else problem 'Which guests the configurations in /etc/xen and /etc/xen/auto would start could not be learnt: reading them hangs.'; fi
if [ -e "$t/long.pid" ] || [ -e "$t/long.hung" ]; then
  if finish long 180; then
    tell_file xl-list-long long.out
    section xl-list-long-end
    cat "$t/long.code" "$t/long.errors"
  else
    section xl-list-long-end
    echo 124
  fi
fi
section bootFiles
files=$({
  printf '%s\\n' ${bootFiles.map((file) => quote(file)).join(' ') || "''"}
  sed -nE "/^[[:space:]]*(kernel|ramdisk|bootloader)[[:space:]]*=/s/^[^=]*=[[:space:]]*[\\"']([^\\"']*)[\\"'].*/\\1/p" "$t"/[0-9]*.text 2>/dev/null
} | sort -u)
begin boot boot boot_files_worker "$files"
if finish boot 200; then cat "$t/boot.out"; else problem 'Whether the files that guests boot from are there could not be learnt: looking hangs.'; fi
tell_file problems problems
section end
`;

/**
 * Standalone: the prelude is in it. Prints the sections that `readProbe` understands, framed by a token that no file can know.
 * @param waitSeconds for another probe of this node, which may be waiting for storage that hangs
 */
export const probeScript = (input: ProbeInput, waitSeconds = 25): string => {
  const token = randomBytes(16).toString('hex');
  const keyOf = (path: string): string => createHash('sha256').update(path).digest('hex').slice(0, 16);
  const directories = lookedInto(input);
  const bootFiles = input.bootFiles.filter((file) => !file.includes('\n'));
  const body = `printf 'vbdesk-probe %s\\n' "$token"
run=$R/run
[ -d "$run" ] || mkdir -p "$run" 2>/dev/null
if ! { [ -w "$run" ] && exec 9>"$run/vbdesk-probe.lock"; }; then
  # not root: nothing of other users can be locked out anyway
  run=$(mktemp -d) || exit 1
  exec 9>"$run/vbdesk-probe.lock"
  trap 'rm -rf "$run"' EXIT
fi
if ! flock -w ${waitSeconds} 9; then
  section busy
  exit 0
fi
# what a probe that was cut off left behind
for left in "$run"/vbdesk-probe.??????; do [ ! -e "$left" ] || rm -rf "$left"; done
t=$(mktemp -d "$run/vbdesk-probe.XXXXXX") || exit 1
trap 'rm -rf "$t"' EXIT
turns=0
${directories.map((path, number) => `begin ${number} ${keyOf(path)} scan ${anyPath(path)}\n`).join('')}begin os os os_worker
begin guests guests guests_worker
begin open open open_files_worker
${everythingElse}${gather(directories.length)}${last(bootFiles)}`;
  return `${prelude}token=${token}\n${assemble(`${helpers}${body}`)}`;
};
