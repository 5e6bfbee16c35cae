# shellcheck shell=sh
# Building a domain: what `xl create`, `xl restore` and a reboot have in common, its end, and xl's monitor process.
# Sourced by xl after state.sh.
# shellcheck disable=SC2154 # set by state.sh and xl

# device_number VDEV: sets number to the id that xenstore knows the disk by; false where there is none.
device_number() {
  case $1 in
    '' | *[!0-9]*) ;;
    *) number=$1; return 0 ;;
  esac
  number=$(printf '%s\n' "$1" | awk '
    function letters(s,   i, v) { v = 0; for (i = 1; i <= length(s); i++) v = v * 26 + index("abcdefghijklmnopqrstuvwxyz", substr(s, i, 1)); return v - 1 }
    {
      if (match($0, /^d[0-9]+(p[0-9]+)?$/)) { split(substr($0, 2), a, "p"); kind = "xvd"; disk = a[1]; part = a[2] + 0 }
      else if (match($0, /^(xvd|sd|hd)[a-z]+[0-9]*$/)) {
        kind = substr($0, 1, 1) == "x" ? "xvd" : substr($0, 1, 2)
        name = substr($0, length(kind) + 1)
        match(name, /[0-9]*$/); part = substr(name, RSTART) + 0
        sub(/[0-9]*$/, "", name); disk = letters(name)
      } else exit 1
      if (kind == "xvd") print disk < 16 && part < 16 ? 51712 + disk * 16 + part : 268435456 + disk * 256 + part
      else if (kind == "sd") { if (disk > 15 || part > 15) exit 1; print 2048 + disk * 16 + part }
      else { if (disk > 3 || part > 63) exit 1; print (disk < 2 ? 768 : 5632) + (disk % 2) * 64 + part }
    }')
}

# backend_of PATH BACKENDTYPE FORMAT: sets backend as libxl chooses it on Linux.
backend_of() {
  backend=$2
  [ -n "$backend" ] && return
  backend=qdisk
  [ "$3" = raw ] && { [ -f "$R$1" ] || [ -b "$R$1" ]; } && backend=phy
  return 0
}

# new_domain FACTS_FILE MESSAGE_PREFIX: takes the next id, refuses a name in use. Sets id, dir, domain_name.
new_domain() {
  domain_name=
  while IFS="$TAB" read -r key value; do
    [ "$key" = name ] && { domain_name=$value; break; }
  done < "$1"
  lock
  read -r id < "$S/next"
  echo $((id + 1)) > "$S/next"
  wanted=$id
  if find_domain_by_name "$domain_name"; then
    unlock
    id=$wanted
    printf 'libxl: error: libxl_domain.c:81:libxl__domain_rename: Domain %s:Domain with name "%s" already exists.\n' "$id" "$domain_name" >&2
    echo "libxl: error: libxl_create.c:1296:initiate_domain_create: Domain $id:cannot make domain: -6" >&2
    not_created
    return 3
  fi
  id=$wanted
  dir=$S/dom/.new.$id
  mkdir "$dir" && cp "$1" "$dir/facts" && printf '%s\n' "$domain_name" > "$dir/name" && mkfifo "$dir/events" "$dir/idle"
  : > "$dir/creating"
  echo 1 > "$dir/paused"
  clock
  echo "$now" > "$dir/started"
  mv "$dir" "$S/dom/$id"
  dir=$S/dom/$id
  unlock
}

not_created() {
  echo "libxl: error: libxl_domain.c:1183:libxl__destroy_domid: Domain $id:Non-existant domain" >&2
  echo "libxl: error: libxl_domain.c:1137:domain_destroy_callback: Domain $id:Unable to destroy guest" >&2
  echo "libxl: error: libxl_domain.c:1064:domain_destroy_cb: Domain $id:Destruction of domain failed" >&2
}

# give_up LINE...: libxl's words, then the domain goes again.
give_up() {
  printf '%s\n' "$@" >&2
  remove_domain "$id"
  not_created
  return 3
}

# check_domain: everything that libxl finds wrong after the domain exists, in its order.
check_domain() {
  if [ -n "$fail_create" ]; then give_up "libxl: error: $fail_create"; return 3; fi
  number=0 type='' kernel='' ramdisk='' bootloader='' wanted_memory='' bad_vdev=''
  while IFS="$TAB" read -r key value; do
    case $key in
      type) type=$value ;;
      kernel) kernel=$value ;;
      ramdisk) ramdisk=$value ;;
      bootloader) bootloader=$value ;;
      memory) wanted_memory=$value ;;
      disk)
        IFS=$US read -r path vdev backend format script _ <<DISK
$value
DISK
        index=$number
        number=$((number + 1))
        case $backend in '' | phy) [ "$format" = empty ] || [ -n "$script" ] || [ -e "$R$path" ] || {
          give_up "libxl: error: libxl_device.c:455:libxl__device_disk_set_backend: Disk vdev=$vdev failed to stat: $path: No such file or directory" \
            "libxl: error: libxl_create.c:1318:initiate_domain_create: Domain $id:Unable to set disk defaults for disk $index"
          return 3
        } ;; esac
        if [ "$backend" = tap ] || { [ "$backend" = phy ] && [ "$format" != raw ]; }; then
          give_up "libxl: error: libxl_device.c:475:libxl__device_disk_set_backend: no suitable backend for disk $vdev" \
            "libxl: error: libxl_create.c:1318:initiate_domain_create: Domain $id:Unable to set disk defaults for disk $index"
          return 3
        fi
        [ -n "$bad_vdev" ] || { counted=$number; device_number "$vdev" || bad_vdev=$vdev; number=$counted; }
        ;;
    esac
  done < "$dir/facts"
  if [ "$type" = pv ] && [ -z "$bootloader" ]; then
    for file in "$kernel" "$ramdisk"; do
      [ -n "$file" ] || continue
      [ -e "$R$file" ] && continue
      what='libxl_dom.c:646:libxl__build_pv: xc_dom_kernel_file'
      [ "$file" = "$kernel" ] || what='libxl_dom.c:659:libxl__build_pv: xc_dom_ramdisk_file'
      give_up "xc: error: panic: xg_dom_core.c:205: failed to open file '$file': No such file or directory: Internal error" \
        "libxl: error: $what failed: No such file or directory" \
        "libxl: error: libxl_create.c:1640:domcreate_rebuild_done: Domain $id:cannot (re-)build domain: -3"
      return 3
    done
  fi
  : "${wanted_memory:=32}"
  if [ "$wanted_memory" -lt 16 ]; then
    give_up "xc: error: panic: xg_dom_core.c:536: xc_dom_chk_alloc_pages: segment padding too large (0x1000 > 0x800 - 0x0 pages): Out of memory" \
      "libxl: error: libxl_dom.c:594:libxl__build_dom: xc_dom_build_image failed: No such file or directory" \
      "libxl: error: libxl_create.c:1640:domcreate_rebuild_done: Domain $id:cannot (re-)build domain: -3"
    return 3
  fi
  mine=$dir
  lock
  count_memory
  dir=$mine
  enough=0
  if [ "$wanted_memory" -le "$free_memory" ]; then enough=1; echo "$wanted_memory" > "$dir/memory"; fi
  unlock
  if [ $enough = 0 ]; then
    give_up "xc: error: panic: xg_dom_boot.c:119: xc_dom_boot_mem_init: can't allocate low memory for domain: Out of memory" \
      "libxl: error: libxl_dom.c:586:libxl__build_dom: xc_dom_boot_mem_init failed: Cannot allocate memory" \
      "libxl: error: libxl_create.c:1640:domcreate_rebuild_done: Domain $id:cannot (re-)build domain: -3"
    return 3
  fi
  if [ -n "$bad_vdev" ]; then
    give_up "libxl: error: libxl_disk.c:214:libxl__device_from_disk: Domain $id:Invalid or unsupported virtual disk identifier $bad_vdev" \
      "libxl: error: libxl_disk.c:335:device_disk_add: Domain $id:Invalid or unsupported virtual disk identifier $bad_vdev" \
      "libxl: error: libxl_create.c:1672:domcreate_launch_dm: Domain $id:unable to add disk devices"
    return 3
  fi
}

# wait_for FILE PIDFILE: until FILE is there or the process of PIDFILE has ended.
wait_for() { until [ -e "$1" ] || ! process_of "$2"; do sleep 0.01; done; }

# start_holder PIDFILE IMAGES ARGUMENT...: a process named like QEMU that holds IMAGES open.
start_holder() {
  holder=$1 images=$2
  shift 2
  rm -f "$holder.idle.open"
  [ -p "$holder.idle" ] || mkfifo "$holder.idle"
  XEN_STANDIN_IMAGES=$images XEN_STANDIN_IDLE=$holder.idle setsid /bin/sh "$lib/xen-qemu-system-i386" "$@" \
    < /dev/null > /dev/null 2>&1 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&- &
  record_process "$holder" $!
  wait_for "$holder.idle.open" "$holder"
}

# serves PATH FORMAT VDEV: can QEMU open it? If not the guest lacks a disk, and only QEMU's log says so.
serves() {
  if [ ! -e "$R$1" ]; then
    complaint="Could not stat file '$1': No such file or directory"
  elif [ "$2" = qcow2 ] && [ "$(head -c 4 "$R$1" | od -An -tx1)" != ' 51 46 49 fb' ]; then
    complaint='Image is not in qcow2 format'
  else
    return 0
  fi
  device_number "$3"
  echo "xen-qemu-system-i386: failed to create 'qdisk' device '$number': failed to create drive: $complaint" >> "$dm_log"
  return 1
}

# attach_disks: loop devices for what the kernel serves, one QEMU for all the rest.
attach_disks() {
  images='' qdisks=0 dm_log=$R/var/log/xen/qemu-dm-$domain_name.log
  while IFS="$TAB" read -r key value; do
    [ "$key" = disk ] || continue
    IFS=$US read -r path vdev backend format _ _ readwrite _ <<DISK
$value
DISK
    [ "$format" = empty ] && continue
    backend_of "$path" "$backend" "$format"
    if [ "$backend" = phy ]; then
      [ -b "$R$path" ] || attach_loop "$id" "$vdev" "$path" $((1 - readwrite))
      continue
    fi
    [ $qdisks = 1 ] || rotate "$dm_log"
    qdisks=1
    if serves "$path" "$format" "$vdev"; then
      mode=r; [ "$readwrite" = 1 ] && mode=w
      images="$images$mode|$R$path
"
    fi
  done < "$dir/facts"
  [ "$qdisks" = 0 ] || start_holder "$dir/qemu" "$images" -xen-domid "$id" -no-shutdown \
    -chardev "socket,id=libxl-cmd,path=/var/run/xen/qmp-libxl-$id,server=on,wait=off" -nodefaults -no-user-config \
    -xen-attach -name "$domain_name" -vnc none -display none -nographic -machine xenpv
}

# start_guest: the guest of the domain in dir, paused.
start_guest() {
  rm -f "$dir/ready" "$dir/booted"
  setsid /bin/sh "$lib/guest" "$id" < /dev/null >> "$R/var/log/xen/console/guest-$domain_name.log" 2>&1 \
    3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&- &
  record_process "$dir/guest" $!
  wait_for "$dir/ready" "$dir/guest"
}

# build_domain FACTS_FILE [RESUME]: from nothing to a paused domain. Sets id, dir, domain_name.
build_domain() {
  new_domain "$1" || return
  check_domain || return
  complete_domain "${2:-}"
}

# complete_domain [RESUME]: disks and guest of a domain that has its memory.
complete_domain() {
  [ -z "$1" ] || echo "$1" > "$dir/resume"
  attach_disks
  start_guest
  sleep "$create_delay"
  rm -f "$dir/creating"
}

# change_pauses ID STEP: a domain runs when it was unpaused as often as it was paused. Sets pauses.
change_pauses() {
  lock
  pauses=0
  { read -r pauses < "$S/dom/$1/paused"; } 2> /dev/null
  pauses_before=$pauses pauses=$((pauses + $2))
  if [ $pauses -gt 0 ]; then echo "$pauses" > "$S/dom/$1/paused"; else rm -f "$S/dom/$1/paused"; fi
  unlock
}

pause_domain() {
  change_pauses "$1" 1
  process_of "$S/dom/$1/guest" && kill -STOP "-$pid"
  return 0
}

unpause_domain() {
  change_pauses "$1" -1
  if [ "$pauses_before" -le 0 ]; then
    echo "libxl: error: libxl_domain.c:688:domain_unpause_done: Domain $1:Unpausing domain: Invalid argument" >&2
    return 0
  fi
  [ "$pauses" -le 0 ] || return 0
  tries=0
  while process_of "$S/dom/$1/guest"; do
    kill -CONT "-$pid" 2> /dev/null
    [ -e "$S/dom/$1/booted" ] && break
    tries=$((tries + 1))
    [ $tries -lt 500 ] || break
    sleep 0.01
  done
}

# destroy_domain ID: true also when it is on its way already.
destroy_domain() {
  gone=$S/dom/$1
  [ -e "$gone/dying" ] && return 0
  stall=$stall_destroy
  if fact "$gone" cmdline; then
    for word in $value; do
      case $word in guest.stall_destroy=*) stall=${word#*=} ;; esac
    done
  fi
  change_pauses "$1" 1
  if [ "$stall" != 0 ]; then
    process_of "$gone/guest" && kill -STOP "-$pid"
    : > "$gone/dying"
    rm -f "$gone/name"
    notify "$gone" death
    setsid /bin/sh "$lib/stalled" "$1" "$stall" < /dev/null > /dev/null 2>&1 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&- &
    return 0
  fi
  sleep "$destroy_delay"
  remove_domain "$1"
}

# rotate FILE: an older log is moved aside, ten at most.
rotate() {
  [ -s "$1" ] || return 0
  number=9
  while [ $number -ge 1 ]; do
    [ -e "$1.$number" ] && mv "$1.$number" "$1.$((number + 1))"
    number=$((number - 1))
  done
  mv "$1" "$1.1"
}

# start_monitor ID ARGUMENT...: xl in the background, as it looks after `xl create` has returned.
start_monitor() {
  monitored=$1
  shift
  log="$R/var/log/xen/xl-$domain_name.log"
  rotate "$log"
  XEN_STANDIN_MONITOR=$monitored setsid /bin/sh "$self" "$@" < /dev/null >> "$log" 2>&1 \
    3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&- &
  record_process "$S/dom/$monitored/monitor" $!
  wait_for "$S/dom/$monitored/monitored" "$S/dom/$monitored/monitor"
}

# monitor ID: waits for the domain's end and does what its configuration says then.
monitor() {
  id=$1 dir=$S/dom/$1
  cd / || exit 1
  while :; do
    if [ ! -p "$dir/events" ]; then echo "Domain $id has been destroyed."; exit 0; fi
    exec 9<> "$dir/events"
    domain_name=
    { read -r domain_name < "$dir/name"; } 2> /dev/null
    echo "Waiting for domain $domain_name (domid $id) to die [pid $$]"
    : > "$dir/monitored"
    event=
    until [ -e "$dir/reason" ] || [ "$event" = death ]; do read -r event <&9; done
    reason=
    [ -e "$dir/reason" ] && read -r reason < "$dir/reason"
    if [ -z "$reason" ] || [ -e "$dir/dying" ]; then
      echo "Domain $id has been destroyed."
      exit 0
    fi
    printf 'Domain %d has shut down, reason code %d 0x%x\n' "$id" "$reason" "$reason"
    case $reason in
      0) fact "$dir" on_poweroff ;;
      1) fact "$dir" on_reboot ;;
      2) echo 'Domain has suspended.'; echo 'Done. Exiting now'; exit 0 ;;
      3) fact "$dir" on_crash ;;
      *) value=destroy ;;
    esac
    action=$value
    echo "Action for shutdown reason code $reason is $action" | tr _ -
    case $action in
      preserve) echo 'Done. Exiting now'; exit 0 ;;
    esac
    echo "Domain $id needs to be cleaned up: destroying the domain"
    fresh=$S/.restart.$$
    cp "$dir/facts" "$fresh"
    destroy_domain "$id"
    case $action in
      *restart*) ;;
      *) rm -f "$fresh"; echo 'Done. Exiting now'; exit 0 ;;
    esac
    echo 'Done. Rebooting now'
    sleep "$reboot_delay"
    build_domain "$fresh"
    built=$?
    rm -f "$fresh"
    [ $built = 0 ] || exit 1
    record_process "$dir/monitor" $$
    unpause_domain "$id"
  done
}
