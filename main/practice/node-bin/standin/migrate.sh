# shellcheck shell=sh
# Live migration between two node roots, with the words and the handshake of the real xl, so that it can break where that one
# breaks. The other end is reached by ssh, for which bin/ssh stands in. Sourced by xl.
# shellcheck disable=SC2034,SC2154 # shared with state.sh, create.sh, commands.sh and xl

receiver_banner='Xen migration receiver ready, send binary domain data.'
receiver_ready='domain received, ready to unpause'
permission_to_go='domain is yours, you are cleared to unpause'
result_follows='my copy unpause results are as follows'

rename_domain() {
  printf '%s\n' "$2" > "$S/dom/$1/name"
  set_fact "$S/dom/$1" name "$2"
}

# resume_domain ID: a guest that was suspended goes on here. Nobody watches over it: its monitor left when it was suspended.
resume_domain() {
  dir=$S/dom/$1 id=$1
  if [ ! -e "$dir/suspended" ]; then
    echo "xc: error: Dom $id not suspended: (shutdown 0, reason 255): Internal error" >&2
    echo "libxl: error: libxl_dom_suspend.c:666:domain_resume_done: Domain $id:xc_domain_resume failed: Invalid argument" >&2
    return 0
  fi
  domain_name=
  read -r domain_name < "$dir/name"
  lock
  # under another name, so that nobody who looks meanwhile takes the domain for ended
  mv "$dir/guest" "$dir/suspended_guest"
  end_holder "$dir/suspended_guest"
  cp "$dir/suspended" "$dir/resume"
  rm -f "$dir/suspended" "$dir/reason" "$dir/control"
  start_guest
  unlock
  tries=0
  while process_of "$dir/guest" && [ ! -e "$dir/booted" ] && [ $tries -lt 500 ]; do
    kill -CONT "-$pid" 2> /dev/null
    tries=$((tries + 1))
    sleep 0.01
  done
}

# Waits for the other end, whose last words come before ours, and tells its exit status when that is a failure's.
end_transport() {
  exec 6>&-
  cat <&7 > /dev/null
  exec 7<&-
  wait "$transport"
  transport_code=$?
  [ $transport_code = 0 ] ||
    echo "libxl: info: libxl_exec.c:117:libxl_report_child_exitstatus: migration transport process [$transport] exited with error status $transport_code" >&2
}

failed_resume() {
  [ $# = 0 ] || echo "$1" >&2
  end_transport
  echo 'Migration failed, resuming at sender.' >&2
  resume_domain "$id"
  exit 1
}

failed_badly() {
  end_transport
  cat >&2 <<'TEXT'
** Migration failed during final handshake **
Domain state is now undefined !
Please CHECK AT BOTH ENDS for running instances, before renaming and
 resuming at most one instance.  Two simultaneous instances of the domain
 would probably result in SEVERE DATA LOSS and it is now your
 responsibility to avoid that.  Sorry.
TEXT
  exit 1
}

# The memory takes as long as the settings say, also when they are changed meanwhile.
transfer_memory() {
  clock
  transfer_began=$now
  while :; do
    read_settings
    centiseconds "$migrate_delay"
    clock
    [ $((now - transfer_began)) -lt "$cs" ] || return 0
    sleep 0.03
  done
}

do_migrate() {
  ssh_command=ssh
  while :; do
    case ${1:-} in
      -s) ssh_command=$2; shift 2 ;;
      -C) shift 2 ;;
      -e | --live | --debug) shift ;;
      -*) unknown_option "$1" ;;
      *) break ;;
    esac
  done
  [ $# -ge 2 ] || missing_argument migrate 2
  domain_or_exit "$1"
  if [ "$id" = 0 ] || [ ! -d "$S/dom/$id" ]; then
    echo "libxl: error: libxl_domain.c:2495:libxl_retrieve_domain_configuration: fail to get domain configuration for domain $id" >&2
    echo 'unable to retrieve domain configuration' >&2
    exit 1
  fi
  dir=$S/dom/$id
  fact "$dir" name
  original_name=$value
  pipes=$S/.migrate.$$
  mkdir "$pipes" && mkfifo "$pipes/out" "$pipes/in" || exit 1
  sh -c "exec $ssh_command $2 xl migrate-receive" < "$pipes/out" > "$pipes/in" &
  transport=$!
  exec 6> "$pipes/out" 7< "$pipes/in"
  rm -r "$pipes"
  trap '' PIPE
  line=
  read -r line <&7
  if [ "$line" != "$receiver_banner" ]; then
    echo 'libxl: error: libxl_utils.c:505:libxl_read_exactly: file/stream truncated reading banner from migration receiver stream' >&2
    end_transport
    exit 1
  fi
  echo 'Saving to migration stream new xl format (info 0x3/0x0/1095)' >&2
  { cat "$dir/facts" && echo '--- memory'; } 2> /dev/null >&6
  echo "xc: info: Saving domain $id, type x86 PV" >&2
  transfer_memory
  if [ "$fail_migrate" = transfer ]; then
    echo "libxl: error: libxl_utils.c:505:libxl_read_exactly: file/stream truncated reading ipc msg header from domain $id save/restore helper stdout pipe" >&2
    failed_resume 'migration sender: libxl_domain_suspend failed (rc=-3)'
  fi
  tell_guest "$id" suspend
  if ! acknowledged "$id"; then
    rm -f "$dir/control"
    echo "libxl: error: libxl_dom_suspend.c:318:domain_suspend_common_pvcontrol_suspending: Domain $id:guest didn't acknowledge suspend request, giving up" >&2
    echo 'migration sender: libxl_domain_suspend failed (rc=-8)' >&2
    end_transport
    echo 'Migration failed, failed to suspend at sender.' >&2
    exit 1
  fi
  until [ -e "$dir/suspended" ] || [ ! -d "$dir" ]; do sleep 0.02; done
  cat "$dir/suspended" 2> /dev/null >&6
  line=
  read -r line <&7
  [ "$line" = "$receiver_ready" ] || failed_resume
  echo 'migration sender: Target has acknowledged transfer.' >&2
  rename_domain "$id" "$original_name--migratedaway"
  echo 'migration sender: Giving target permission to start.' >&2
  [ "$fail_migrate" != handshake ] || failed_badly
  echo "$permission_to_go" 2> /dev/null >&6 || failed_badly
  line=
  read -r line <&7
  [ "$line" = "$result_follows" ] || failed_badly
  read -r code <&7 || failed_badly
  if [ "$code" != 0 ]; then
    echo "migration sender: Target reports startup failure (status code $code)." >&2
    read -r line <&7
    [ "$line" = "$permission_to_go" ] || failed_badly
    end_transport
    echo 'migration sender: Trying to resume at our end.' >&2
    rename_domain "$id" "$original_name"
    resume_domain "$id"
    echo 'migration sender: Resumed OK.' >&2
    echo 'Migration failed due to problems at target.' >&2
    exit 1
  fi
  echo 'migration sender: Target reports successful startup.' >&2
  destroy_domain "$id"
  end_transport
  echo 'Migration successful.' >&2
  exit 0
}

# The other end: xl migrate-receive, on ssh's pipes.
migrate_receive() {
  trap '' PIPE
  echo 'migration target: Ready to receive domain.' >&2
  echo "$receiver_banner"
  temporary=$S/.create.$$
  complete=0
  while IFS= read -r line; do
    if [ "$line" = '--- memory' ]; then complete=1; break; fi
    printf '%s\n' "$line"
  done > "$temporary"
  fact_name=$(sed -n "s/^name$TAB//p" "$temporary" | head -n 1)
  if [ $complete = 0 ] || [ -z "$fact_name" ]; then
    rm -f "$temporary"
    echo 'migration target: Domain creation failed (code -3).' >&2
    exit 1
  fi
  printf 'Loading new save file <incoming migration stream> (new xl fmt info 0x3/0x0/1095)\n Savefile contains xl domain config in JSON format\nParsing config from <saved>\n' >&2
  sed -i "s/^name$TAB.*/name$TAB$fact_name--incoming/" "$temporary"
  new_domain "$temporary" && check_domain
  built=$?
  rm -f "$temporary"
  if [ $built != 0 ]; then
    echo "migration target: Domain creation failed (code -$built)." >&2
    exit 1
  fi
  echo 'xc: info: Found x86 PV domain from Xen 4.17' >&2
  echo 'xc: info: Restoring domain' >&2
  resume=
  if ! read -r resume || [ -z "$resume" ]; then
    remove_domain "$id"
    echo 'migration target: Domain creation failed (code -3).' >&2
    exit 1
  fi
  complete_domain "$resume"
  echo 'xc: info: Restore successful' >&2
  start_monitor "$id" migrate-receive
  echo 'migration target: Transfer complete, requesting permission to start domain.' >&2
  echo "$receiver_ready"
  line=
  read -r line
  # Nobody is there any more to hear about it: the domain stays, paused.
  [ "$line" = "$permission_to_go" ] || exit 1
  echo 'migration target: Got permission, starting domain.' >&2
  if [ "$fail_migrate" = start ]; then
    echo "$result_follows"
    echo 3
    echo 'migration target: Failure, destroying our copy.' >&2
    destroy_domain "$id"
    echo 'migration target: Cleanup OK, granting sender permission to resume.' >&2
    echo "$permission_to_go"
    exit 1
  fi
  rename_domain "$id" "$fact_name"
  unpause_domain "$id"
  echo 'migration target: Domain started successsfully.' >&2
  echo "$result_follows"
  echo 0
  exit 0
}
