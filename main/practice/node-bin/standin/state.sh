# shellcheck shell=sh
# The state of the stand-in for Xen on one node root: domains, loop devices, memory. Sourced by xl, losetup and the
# processes that they start. Expects R (the node root) and lib (this directory).
#
#   dom/ID/  facts (see config.awk), name (absent once the domain dies unnamed), memory (MiB), started, and flags that
#            are there or not: creating, paused, reason (shutdown reason code), dying; guest, monitor, qemu hold pids
#   loop/N   (fields parted by US) domid|vdev|major:minor|inode|device|logical path|readonly|expires (uptime in centiseconds, 0 never)

# shellcheck disable=SC2034 # many of these are read by the sourcing scripts
S=$R/var/lib/xen-standin
TAB=$(printf '\t')
# Between the fields of a disk, a network card and a loop device: nothing that a path has.
US=$(printf '\037')

# Settings, overridden by etc/standin.conf. Memory in MiB, times in seconds.
total_memory=4096 dom0_memory=512 nr_cpus=4 xen_version=4.17.5
create_delay=0.3 shutdown_delay=0.4 destroy_delay=0.2 reboot_delay=0.5 loop_linger=1 heartbeat=1 acknowledge_timeout=60
stall_destroy=0 ignore_shutdown=0 fail_create=''
# Of a migration: seconds for the memory, and where it breaks: transfer, start (the other end does not start it), handshake.
migrate_delay=0.3 fail_migrate=''
# How long the list of everything that domains are made of takes (list -l), as when a daemon that it asks hangs.
long_list_delay=0

read_settings() {
  [ -r "$R/etc/standin.conf" ] || return 0
  while IFS='=' read -r key value || [ -n "$key" ]; do
    case $key in
      total_memory) total_memory=$value ;;
      dom0_memory) dom0_memory=$value ;;
      nr_cpus) nr_cpus=$value ;;
      xen_version) xen_version=$value ;;
      create_delay) create_delay=$value ;;
      shutdown_delay) shutdown_delay=$value ;;
      destroy_delay) destroy_delay=$value ;;
      reboot_delay) reboot_delay=$value ;;
      loop_linger) loop_linger=$value ;;
      heartbeat) heartbeat=$value ;;
      acknowledge_timeout) acknowledge_timeout=$value ;;
      stall_destroy) stall_destroy=$value ;;
      ignore_shutdown) ignore_shutdown=$value ;;
      fail_create) fail_create=$value ;;
      migrate_delay) migrate_delay=$value ;;
      fail_migrate) fail_migrate=$value ;;
      long_list_delay) long_list_delay=$value ;;
    esac
  done < "$R/etc/standin.conf"
}

# Sets now: the machine's uptime in centiseconds.
clock() {
  read -r now _ < /proc/uptime
  now=${now%.*}${now#*.}
}

# centiseconds SECONDS: sets cs. Understands one or two decimals.
centiseconds() {
  case $1 in
    *.??*) cs=${1#*.}; cs=${1%.*}${cs%"${cs#??}"} ;;
    *.?) cs=${1%.*}${1#*.}0 ;;
    *) cs=${1%.}00 ;;
  esac
  while :; do case $cs in 0?*) cs=${cs#0} ;; *) break ;; esac; done
}

lock() { exec 8> "$S/lock" && flock 8; }
unlock() { exec 8>&-; }

# A node that booted again, or the machine under it, has no domains.
open_state() {
  read -r boot < "$R/boot_id" || boot=none
  read -r machine < /proc/sys/kernel/random/boot_id
  known=
  [ -r "$S/boot" ] && read -r known < "$S/boot"
  [ "$known" = "$boot $machine" ] && return 0
  mkdir -p "$S" || exit 1
  lock
  known=
  [ -r "$S/boot" ] && read -r known < "$S/boot"
  if [ "$known" != "$boot $machine" ]; then
    rm -rf "$S/dom" "$S/loop" "$S/dom0" "$S"/ended.*
    mkdir "$S/dom" "$S/loop"
    echo 1 > "$S/next"
    echo "$boot $machine" > "$S/boot"
  fi
  unlock
}

# process_of FILE: reads "pid starttime" from FILE; true when that process lives. Sets pid and process_state.
process_of() {
  pid='' started_at=''
  read -r pid started_at < "$1" || return 1
  stat_line=
  { read -r stat_line < "/proc/$pid/stat"; } 2> /dev/null || return 1
  # shellcheck disable=SC2086 # fields
  set -- ${stat_line##*) }
  process_state=$1
  shift 19
  [ "$1" = "$started_at" ] && [ "$process_state" != Z ]
}

# record_process FILE PID: writes what process_of reads, whole or not at all. False when FILE's directory is gone.
record_process() {
  record_file=$1 record_pid=$2
  { read -r stat_line < "/proc/$record_pid/stat"; } 2> /dev/null || return 1
  # shellcheck disable=SC2086 # fields
  set -- ${stat_line##*) }
  shift 19
  echo "$record_pid $1" 2> /dev/null > "${record_file%/*}/.new.$record_pid.$$" || return 1
  mv "${record_file%/*}/.new.$record_pid.$$" "$record_file" 2> /dev/null
}

# end_holder PIDFILE: kills that process with everything that it started, and waits until it is gone, for an image
# counts as closed only then.
end_holder() {
  [ -e "$1" ] && process_of "$1" || return 0
  kill -KILL "-$pid" 2> /dev/null
  tries=0
  while process_of "$1" && [ $tries -lt 500 ]; do sleep 0.01; tries=$((tries + 1)); done
  rm -f "$1" "$1".idle*
}

# end_processes DOMAIN_DIRECTORY: the guest, its qemu, and what holds disks that were attached later.
end_processes() {
  for holder in "$1/guest" "$1/qemu" "$1"/hold.*; do
    case $holder in *.idle | *.open) ;; *) end_holder "$holder" ;; esac
  done
}

# notify DOMAIN_DIRECTORY EVENT: tells the domain's monitor; nobody need be listening.
notify() { [ -p "$1/events" ] && echo "$2" 1<> "$1/events"; }

# Takes a domain out of the list; its loop devices linger for a moment as on real Xen.
remove_domain() {
  end_processes "$S/dom/$1"
  clock
  centiseconds "$loop_linger"
  for entry in "$S"/loop/*; do
    [ -e "$entry" ] || continue
    IFS=$US read -r owner loop_rest < "$entry" || continue
    [ "$owner" = "$1" ] && release_loop "$entry" $((now + cs))
  done
  # For who waits for its shutdown and comes too late to see it.
  [ -e "$S/dom/$1/reason" ] && cp "$S/dom/$1/reason" "$S/ended.$1"
  notify "$S/dom/$1" death
  mv "$S/dom/$1" "$S/dom/.gone.$1.$$" 2> /dev/null && rm -rf "$S/dom/.gone.$1.$$"
}

# release_loop ENTRY EXPIRES: only the last field changes.
release_loop() {
  IFS= read -r loop_line < "$1" || return
  # who looks at the same moment may take the same domain out: each has a name of its own, and the last one counts
  loop_new=${1%/*}/.new.${1##*/}.$$
  printf '%s\n' "${loop_line%"$US"*}$US$2" > "$loop_new" && mv "$loop_new" "$1"
}

# Domains whose guest process was ended from outside are gone, as after a power loss.
reap() {
  for dir in "$S"/dom/[0-9]*; do
    [ -e "$dir/guest" ] || continue
    process_of "$dir/guest" && continue
    # It may have ended properly between the two looks.
    [ -e "$dir/guest" ] && remove_domain "${dir##*/}"
  done
}

purge_loops() {
  clock
  for entry in "$S"/loop/[0-9]*; do
    [ -e "$entry" ] || continue
    IFS= read -r loop_line < "$entry" || continue
    expires=${loop_line##*"$US"}
    [ "$expires" != 0 ] && [ "$expires" -le "$now" ] && rm -f "$entry"
  done
  return 0
}

# attach_loop DOMID VDEV LOGICAL_PATH READONLY: takes the lowest free number. Sets loop_number.
attach_loop() {
  # shellcheck disable=SC2046 # three words
  set -- "$1" "$2" "$3" "$4" $(stat -L -c '%d %i' "$R$3")
  [ $# = 6 ] || return 1
  major=$((($5 >> 8) & 0xfff | ($5 >> 32) & ~0xfff))
  minor=$(($5 & 0xff | ($5 >> 12) & ~0xff))
  lock
  purge_loops
  loop_number=0
  while [ -e "$S/loop/$loop_number" ]; do loop_number=$((loop_number + 1)); done
  printf "%s$US%s$US%d:%d$US%s$US%04d$US%s$US%s${US}0\\n" "$1" "$2" "$major" "$minor" "$6" "$5" "$3" "$4" > "$S/loop/$loop_number"
  unlock
}

# find_domain NAME_OR_ID: sets id; domain 0 is Domain-0. False when there is none.
find_domain() {
  id=
  case $1 in
    '') return 1 ;;
    *[!0-9]*) ;;
    *) id=$1; [ "$1" = 0 ] || [ -d "$S/dom/$1" ] || absent=1; return 0 ;;
  esac
  find_domain_by_name "$1"
}

find_domain_by_name() {
  [ "$1" = Domain-0 ] && { id=0; return 0; }
  for dir in "$S"/dom/[0-9]*; do
    name=
    { read -r name < "$dir/name"; } 2> /dev/null || continue
    [ "$name" = "$1" ] && { id=${dir##*/}; return 0; }
  done
  return 1
}

# fact DOMAIN_DIRECTORY KEY: sets value to the first fact of that name.
fact() {
  value=
  while IFS="$TAB" read -r key value; do
    [ "$key" = "$2" ] && return 0
  done < "$1/facts"
  value=
  return 1
}

# set_fact DOMAIN_DIRECTORY KEY VALUE: replaces the facts of that name by one.
set_fact() {
  new_key=$2 new_value=$3 awk -F "$TAB" '
    $1 != ENVIRON["new_key"] { print; next }
    !done { print $1 FS ENVIRON["new_value"]; done = 1 }
  ' "$1/facts" > "$1/facts.new" && mv "$1/facts.new" "$1/facts"
}

# Sets free_memory in MiB. 23 MiB are the hypervisor's own, as seen on a small real node.
count_memory() {
  free_memory=$((total_memory - dom0_memory - 23))
  for dir in "$S"/dom/[0-9]*; do
    memory=0
    { read -r memory < "$dir/memory"; } 2> /dev/null || continue
    free_memory=$((free_memory - memory))
  done
  [ $free_memory -ge 0 ] || free_memory=0
}
