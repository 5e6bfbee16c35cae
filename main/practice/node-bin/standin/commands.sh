# shellcheck shell=sh
# The commands of xl that change something. Sourced by xl.
# shellcheck disable=SC2034,SC2154 # shared with state.sh, create.sh, show.sh and xl

# domain_or_exit WORD [plain]: sets id.
domain_or_exit() {
  absent=0
  find_domain "$1" && return 0
  if [ "${2:-}" = plain ]; then echo "$1 is an invalid domain identifier" >&2
  else printf '%s is an invalid domain identifier (rc=-6)\n' "$1" >&2; fi
  exit 1
}

# missing_argument COMMAND NUMBER: what xl says when its arguments are not enough.
missing_argument() {
  printf "'xl %s' requires at least %d argument%s.\n\n" "$1" "$2" "$([ "$2" = 1 ] || echo s)" >&2
  help "$1"
  exit 2
}

unknown_option() {
  option=${1#-}
  printf "option \`%s' not supported.\n" "${option%"${option#?}"}" >&2
  exit 2
}

# ---- create ----

read_config() {
  read -r new_uuid < /proc/sys/kernel/random/uuid
  final_newline=1
  [ -n "$additions" ] || [ -z "$(tail -c 1 "$file" | tr '\000\n' 'x\n')" ] || final_newline=0
  { cat "$file" && [ -z "$additions" ] || printf '\n%s' "$additions"; } |
    awk -v source="$file" -v new_uuid="$new_uuid" -v final_newline=$final_newline -f "$lib/config.awk" -f "$lib/disk.awk"
}

create() {
  file='' quiet=0 paused=0 watched=1 foreground=0 additions='' expected=0
  for argument in "$@"; do
    if [ $expected = 1 ]; then file=$argument expected=0; continue; fi
    case $argument in
      -n | --dryrun) dry_run=1 ;;
      -q | --quiet) quiet=1 ;;
      -p) paused=1 ;;
      -e) watched=0 ;;
      -F) foreground=1 ;;
      -f) expected=1 ;;
      --defconfig=*) file=${argument#*=} ;;
      -c | -d | -V | -A | --vncviewer | --vncviewer-autopass | --ignore-global-affinity-masks) ;;
      -*) unknown_option "$argument" ;;
      *)
        # As in xl, a path with an equals sign in it can only come first.
        if [ -z "$file" ] && { [ "$argument" = "$1" ] && [ -e "$argument" ] || [ "${argument#*=}" = "$argument" ]; }; then
          file=$argument
        elif [ "${argument#*=}" != "$argument" ]; then
          additions="$additions$argument
"
        else help create; exit 2; fi
        ;;
    esac
  done
  if [ -z "$file" ]; then
    echo 'Config file not specified and none in save file' >&2
    exit 6
  fi
  if [ ! -e "$file" ]; then
    echo "Failed to read config file: $file: No such file or directory" >&2
    exit 3
  elif [ ! -f "$file" ]; then
    echo "libxl: error: libxl_utils.c:346:libxl_read_file_contents: $file is not a plain file: Success" >&2
    echo "Failed to read config file: $file: Inappropriate ioctl for device" >&2
    exit 3
  fi
  [ $quiet = 1 ] || echo "Parsing config from $file" >&2
  temporary=$S/.create.$$
  if ! read_config > "$temporary"; then
    rm -f "$temporary"
    exit 1
  fi
  if [ "$dry_run" = 1 ]; then
    awk -f "$lib/json.awk" < "$temporary"
    rm -f "$temporary"
    exit 0
  fi
  build_domain "$temporary"
  built=$?
  rm -f "$temporary"
  [ $built = 0 ] || exit $built
  [ $paused = 1 ] || unpause_domain "$id"
  if [ $foreground = 1 ]; then monitor "$id"; fi
  # Its arguments are only for the list of processes.
  [ $watched = 0 ] || start_monitor "$id" create "$@"
  exit 0
}

# ---- the end of a domain ----

# tell_guest ID REQUEST
tell_guest() {
  echo "$2" > "$S/dom/$1/control"
  process_of "$S/dom/$1/guest" && kill -USR1 "$pid"
}

# acknowledged ID: xl waits until the guest has taken the request, which a paused or crashed one never does.
acknowledged() {
  clock
  centiseconds "$acknowledge_timeout"
  until_then=$((now + cs))
  while [ -e "$S/dom/$1/control" ]; do
    clock
    [ "$now" -lt $until_then ] || return 1
    sleep 0.03
  done
}

ask_guest() {
  request=$1 wait_for_it=0 all=0 domain=''
  shift
  while [ $# -gt 0 ]; do
    case $1 in
      -w | --wait) wait_for_it=1 ;;
      -F) ;;
      -a | --all) all=1 ;;
      -wF | -Fw) wait_for_it=1 ;;
      -*) unknown_option "$1" ;;
      *) domain=$1 ;;
    esac
    shift
  done
  if [ $all = 1 ]; then
    ids=
    for dir in "$S"/dom/[0-9]*; do [ -e "$dir" ] && ids="$ids ${dir##*/}"; done
  else
    if [ -z "$domain" ]; then
      printf 'You must specify -a or a domain id.\n\n' >&2
      exit 1
    fi
    domain_or_exit "$domain"
    ids=$id
  fi
  word=poweroff saying='Shutting down' count=0
  [ "$request" = shutdown ] || word=reboot saying=Rebooting
  for id in $ids; do
    echo "$saying domain $id" >&2
    if [ ! -d "$S/dom/$id" ]; then
      echo "libxl: error: libxl_dom.c:37:libxl__domain_type: unable to get domain type for domid=$id" >&2
      echo "$request failed (rc=-3)" >&2
      exit 1
    fi
    tell_guest "$id" "$word"
    acknowledged "$id" || {
      echo "libxl: error: libxl_domain.c:854:pvcontrol_cb: guest didn't acknowledge control request: -9" >&2
      echo "$request failed (rc=-9)" >&2
      exit 1
    }
    count=$((count + 1))
  done
  [ $wait_for_it = 1 ] || exit 0
  echo "Waiting for $count domains" >&2
  while [ -n "$ids" ]; do
    left=
    for id in $ids; do
      # In this order: it may end between two looks.
      reason='' there=1
      [ -d "$S/dom/$id" ] || there=0
      { read -r reason < "$S/dom/$id/reason" || read -r reason < "$S/ended.$id"; } 2> /dev/null
      if [ -n "$reason" ]; then echo "Domain $id has been shut down, reason code $reason" >&2
      elif [ $there = 0 ]; then echo "Domain $id has been destroyed" >&2
      else left="$left $id"; fi
    done
    ids=$left
    [ -z "$ids" ] || sleep 0.05
  done
  exit 0
}

do_destroy() {
  [ "${1:-}" = -f ] && shift
  [ $# -gt 0 ] || missing_argument destroy 1
  domain_or_exit "$1"
  if [ "$id" = 0 ]; then
    printf 'Not destroying domain 0; use -f to force.\nThis can only be done when using a disaggregated hardware domain and toolstack.\n\n' >&2
    exit 1
  fi
  if [ ! -d "$S/dom/$id" ]; then
    echo "libxl: error: libxl_domain.c:1183:libxl__destroy_domid: Domain $id:Non-existant domain" >&2
    echo "libxl: error: libxl_domain.c:1137:domain_destroy_callback: Domain $id:Unable to destroy guest" >&2
    echo "libxl: error: libxl_domain.c:1064:domain_destroy_cb: Domain $id:Destruction of domain failed" >&2
    echo 'destroy failed (rc=-21)' >&2
    exit 1
  fi
  destroy_domain "$id"
}

do_pause() {
  [ $# -gt 0 ] || missing_argument pause 1
  domain_or_exit "$1"
  if [ -d "$S/dom/$id" ]; then pause_domain "$id"
  else echo "libxl: error: libxl_domain.c:587:libxl_domain_pause: Domain $id:Pausing domain: No such process" >&2; fi
  exit 0
}

do_unpause() {
  [ $# -gt 0 ] || missing_argument unpause 1
  domain_or_exit "$1"
  if [ -d "$S/dom/$id" ]; then unpause_domain "$id"
  else echo "libxl: error: libxl_dom.c:37:libxl__domain_type: unable to get domain type for domid=$id" >&2; fi
  exit 0
}

do_rename() {
  [ $# -ge 2 ] || missing_argument rename 2
  domain_or_exit "$1"
  renamed=$id
  lock
  if find_domain_by_name "$2"; then
    unlock
    printf 'libxl: error: libxl_domain.c:81:libxl__domain_rename: Domain %s:Domain with name "%s" already exists.\n' "$renamed" "$2" >&2
    printf "Can't rename domain '%s'.\n" "$1" >&2
    exit 1
  fi
  printf '%s\n' "$2" > "$S/dom/$renamed/name"
  set_fact "$S/dom/$renamed" name "$2"
  unlock
}

mem_set() {
  [ $# -ge 2 ] || missing_argument mem-set 2
  domain_or_exit "$1"
  amount=${2%[kKmMgGbBtT]}
  case $amount in '' | *[!0-9]*) echo "invalid memory size: $2" >&2; exit 1 ;; esac
  case $2 in
    *[kK]) amount=$((amount / 1024)) ;;
    *[gG]) amount=$((amount * 1024)) ;;
    *[tT]) amount=$((amount * 1048576)) ;;
    *[bB]) amount=$((amount / 1048576)) ;;
  esac
  [ "$id" = 0 ] && exit 0
  lock
  echo "$amount" > "$S/dom/$id/memory"
  set_fact "$S/dom/$id" memory "$amount"
  unlock
}

# ---- save and restore ----

# The file holds the configuration as JSON, as the real one does, so that a uuid can be searched for; then what the
# stand-in needs.
do_save() {
  while :; do case ${1:-} in -c | -p) shift ;; *) break ;; esac; done
  [ $# -ge 2 ] || missing_argument save 2
  domain_or_exit "$1"
  target=$2 dir=$S/dom/$id
  read -r memory < "$dir/memory"
  if ! (: > "$target") 2> /dev/null; then
    echo "Failed to open temp file $target for writing" >&2
    exit 1
  fi
  warn_detached "$id"
  echo "Saving to $target new xl format (info 0x3/0x0/1003)" >&2
  echo "xc: info: Saving domain $id, type x86 PV" >&2
  tell_guest "$id" suspend
  if ! acknowledged "$id"; then
    rm -f "$target"
    echo "libxl: error: libxl_dom_suspend.c:318:domain_suspend_common_pvcontrol_suspending: Domain $id:guest didn't acknowledge suspend request, giving up" >&2
    echo 'Failed to save domain, resuming domain' >&2
    exit 3
  fi
  until [ -e "$dir/suspended" ] || [ ! -d "$dir" ]; do sleep 0.02; done
  {
    printf 'Xen saved domain, xl format\n \n'
    awk -v stored=1 -v domid="$id" -v memory="$memory" -f "$lib/json.awk" < "$dir/facts"
    printf '\n--- stand-in\n'
    cat "$dir/facts"
    printf 'resume\t%s\n' "$(cat "$dir/suspended")"
  } > "$target"
  echo "xc: progress: Frames: $((memory * 256))/$((memory * 256))  100%" >&2
  echo 'xc: progress: End of stream: 0/0    0%' >&2
  destroy_domain "$id"
  exit 0
}

do_restore() {
  paused=0 file=''
  for argument in "$@"; do
    case $argument in
      -p) paused=1 ;;
      -*) ;;
      *) file=$argument ;;
    esac
  done
  [ -n "$file" ] || missing_argument restore 1
  if [ ! -f "$file" ]; then
    echo "Can't open restore file: No such file or directory" >&2
    exit 1
  fi
  read -r magic < "$file"
  if [ "$magic" != 'Xen saved domain, xl format' ]; then
    echo 'File has wrong magic number - corrupt or for a different tool?' >&2
    exit 1
  fi
  printf 'Loading new save file %s (new xl fmt info 0x3/0x0/1003)\n Savefile contains xl domain config in JSON format\nParsing config from <saved>\n' "$file" >&2
  temporary=$S/.create.$$
  sed '1,/^--- stand-in$/d' "$file" > "$temporary"
  resume=$(sed -n "s/^resume$TAB//p" "$temporary")
  sed -i "/^resume$TAB/d" "$temporary"
  echo 'xc: info: Found x86 PV domain from Xen 4.17' >&2
  echo 'xc: info: Restoring domain' >&2
  build_domain "$temporary" "$resume"
  built=$?
  rm -f "$temporary"
  [ $built = 0 ] || exit $built
  echo 'xc: info: Restore successful' >&2
  [ $paused = 1 ] || unpause_domain "$id"
  start_monitor "$id" restore "$@"
  exit 0
}
