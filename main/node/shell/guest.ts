/**
 * A guest on this node, by identity: domains by uuid, images by device:inode, xl's monitors by the log that they write to.
 * The functions expect $uuid, $name, and the logical paths of the images as arguments. "Could not tell" is never "stopped".
 */
import { namedFiles } from './named-files.ts';
import type { Toolstack } from './toolstack.ts';

/** Reads the table from the right, because a name may hold spaces; the uuid is the last word that looks like one. */
const domainsOfXl = `# a line "domid flags uuid" for each domain, "? ? ?" for one that is not understood; 1 = the toolstack does not tell
_table=$(timeout -k 5 60 xl list -v) || return 1
printf '%s\\n' "$_table" | awk '
  /^[ \\t]*$/ || /^Name +ID +Mem/ { next }
  {
    at = 0
    for (i = NF; i > 5 && !at; i--)
      if (length($i) == 36 && $i ~ /^[0-9A-Fa-f]+-[0-9A-Fa-f]+-[0-9A-Fa-f]+-[0-9A-Fa-f]+-[0-9A-Fa-f]+$/) at = i
    if (!at || $(at - 5) !~ /^[0-9]+$/ || $(at - 2) !~ /^......$/) { print "? ? ?"; next }
    if ($(at - 5) == "0") dom0 = 1
    print $(at - 5), $(at - 2), tolower($at)
  }
  # Dom0 is always there: a list without it is not the list
  END { exit !dom0 }'`;

/** `xm list` knows no uuid; its long form is one S-expression, four spaces deep for what belongs to the domain itself. */
const domainsOfXm = `# a line "domid flags uuid" for each domain; 1 = the toolstack does not tell
_table=$(timeout -k 5 60 xm list -l) || return 1
printf '%s\\n' "$_table" | awk '
  function tell() { if (id != "") print id, (flags == "" ? "------" : flags), (uuid == "" ? "?" : tolower(uuid)); if (id == "0") dom0 = 1; id = flags = uuid = "" }
  { gsub(/[()]/, " ") }
  $1 == "domain" { tell() }
  /^    [a-z ]/ && !/^      / && $1 == "domid" { id = $2 }
  /^    [a-z ]/ && !/^      / && $1 == "uuid" { uuid = $2 }
  /^    [a-z ]/ && !/^      / && $1 == "state" { flags = $2 }
  END { tell(); exit !dom0 }'`;

const monitorsOfXl = `# the numbers of xl's background processes for this guest: their output goes to xl-NAME.log, which a later start of the same name
# may have moved aside; or they were started with one of its configurations
_logs=$(realpath -m "$R/var/log/xen")
find /proc/[0-9]*/fd/1 -maxdepth 0 -printf '%p %l\\n' 2>/dev/null | LOGS=$_logs NAME=$name awk '
  BEGIN {
    n = split(ENVIRON["LOGS"] "\\n" ENVIRON["R"] "/var/log/xen", directory, "\\n")
    for (i = 1; i <= n; i++) {
      start[directory[i] "/xl-" ENVIRON["NAME"] ".log"] = 1
      start[directory[i] "/xl-" ENVIRON["NAME"] "--incoming.log"] = 1
    }
  }
  {
    link = substr($0, index($0, " ") + 1)
    sub(/ \\(deleted\\)$/, "", link)
    sub(/([.-][0-9]+)+$/, "", link)
    if (link in start) { split($1, part, "/"); print part[3] }
  }'
printf '%s\\n' "$configs" | while IFS= read -r _config_file; do
  [ -n "$_config_file" ] || continue
  grep -lzxF -e "$R$_config_file" /proc/[0-9]*/cmdline 2>/dev/null | xargs -r grep -lzxF -e create 2>/dev/null | sed 's#^/proc/##; s#/cmdline$##'
done`;

/** Everything that says or does something about a guest, for one toolstack. */
export const guestFunctions = (toolstack: Toolstack): Record<string, string> => ({
  domains: toolstack === 'xl' ? domainsOfXl : domainsOfXm,

  our_domains: `# a line "domid flags" for each domain of this guest, dying ones too; 1 = could not tell
_everything=$(domains) || {
  echo 'The list of domains could not be read, so nothing can be said about this guest.' >&2
  return 1
}
printf '%s\\n' "$_everything" | UUID=$uuid awk '$3 == ENVIRON["UUID"] { print $1, $2 }'`,

  our_monitors:
    toolstack === 'xl'
      ? `export R\n{ ${'\n'}${monitorsOfXl}\n} | sort -un`
      : '# xend itself watches over domains; it has no process for each\n:',

  process_state: `# $1 process: one letter; nothing when it is gone
sed 's/^.*) //' "/proc/$1/stat" 2>/dev/null | cut -c 1`,

  nap: `# $1 how long, but for the first times, when what is waited for often comes at once; _naps=0 before the loop
_naps=$((_naps + 1))
if [ "$_naps" -le 4 ]; then sleep 0.03; else sleep "$1"; fi`,

  halt_monitors: `# SIGSTOP: a guest that ends or restarts now stays as it is. 1 when a monitor does not stop.
_turns=0
_naps=0
while :; do
  _moving=
  for _monitor in $(our_monitors); do
    case $(process_state "$_monitor") in
      '' | T | t | Z) ;;
      *)
        _moving="$_moving $_monitor"
        kill -STOP "$_monitor" 2>/dev/null
        ;;
    esac
  done
  [ -n "$_moving" ] || return 0
  _turns=$((_turns + 1))
  [ "$_turns" -lt 100 ] || break
  nap 0.1
done
printf 'The monitor of %s (process%s) does not stop.\\n' "$name" "$_moving" >&2
return 1`,

  continue_monitors: `for _monitor in $(our_monitors); do kill -CONT "$_monitor" 2>/dev/null; done`,

  kill_monitors: `# SIGKILL, and waits until they are gone
_turns=0
_naps=0
while :; do
  _living=
  for _monitor in $(our_monitors); do
    case $(process_state "$_monitor") in
      '' | Z) ;;
      *)
        _living="$_living $_monitor"
        kill -KILL "$_monitor" 2>/dev/null
        ;;
    esac
  done
  [ -n "$_living" ] || return 0
  _turns=$((_turns + 1))
  [ "$_turns" -lt 100 ] || break
  nap 0.1
done
printf 'The monitor of %s (process%s) can not be killed.\\n' "$name" "$_living" >&2
return 1`,

  still_runs: `# $@ images: prints what of the guest is still here; 0 = stopped, 10 = not stopped, 2 = could not tell
_known=$(domains) || {
  echo 'The list of domains could not be read, so nobody can tell whether the guest is stopped.' >&2
  return 2
}
_findings=$(
  printf '%s\\n' "$_known" | UUID=$uuid awk '
    $3 == ENVIRON["UUID"] { print "domain " $1 " of this guest, in state " $2; next }
    $1 == "?" { print "domain that the toolstack shows in a form that is not understood"; next }
    $1 != "0" && $2 ~ /d$/ && ($3 == "?" || $3 == "00000000-0000-0000-0000-000000000000") {
      print "domain " $1 " is dying, and nobody can tell whose it is"
    }'
  for _monitor in $(our_monitors); do printf 'monitor process %s (%s)\\n' "$_monitor" "$(cat "/proc/$_monitor/comm" 2>/dev/null)"; done
)
_users=
if [ $# -gt 0 ]; then
  _users=$(files_in_use "$@")
  case $? in 0 | 10) ;; *) return 2 ;; esac
fi
[ -n "$_findings$_users" ] || return 0
printf '%s\\n%s\\n' "$_findings" "$_users" | grep .
return 10`,

  names_an_image: `# $1 physical path of a guest's configuration, then logical images: 0 when it names one of them, under whatever name
_config=$1
shift
_named=$(timeout -k 2 20 head -c 262144 "$_config" 2>/dev/null | awk '${namedFiles}
  { named_in($0) }' | sed 's/^[a-z]* //' | sort -u)
[ -n "$_named" ] || return 1
for _image in "$@"; do
  printf '%s\\n' "$_named" | grep -qxF -e "$_image" && return 0
done
_ids_named=$(printf '%s\\n' "$_named" | while IFS= read -r _name; do timeout -k 2 20 stat -L -c %d:%i "$R$_name" 2>/dev/null; done)
[ -n "$_ids_named" ] || return 1
for _image in "$@"; do
  _image_id=$(timeout -k 2 20 stat -L -c %d:%i "$R$_image" 2>/dev/null) || continue
  printf '%s\\n' "$_ids_named" | grep -qxF -e "$_image_id" && return 0
done
return 1`,

  starts_unasked: `# $@ its images. What would start this guest without being asked: a save file, an entry in /etc/xen/auto or of libvirt
for _entry in "$R"/var/lib/xen/save/*; do
  is_there "$_entry" || continue
  _base=\${_entry##*/}
  # named after the domain, which may have been renamed; its configuration is at the head of the file
  if [ "$_base" != "$name" ]; then
    [ -f "$_entry" ] || continue
    timeout -k 2 20 head -c 1 "$_entry" >/dev/null 2>&1 || {
      printf 'save file /var/lib/xen/save/%s can not be read, so nobody knows whose state it is\\n' "$_base"
      continue
    }
    _head=$(timeout -k 2 20 head -c 65536 "$_entry" 2>/dev/null | tr -d '\\000')
    _told=
    printf '%s\\n' "$_head" | grep -qaiF -e "$uuid" && _told=1
    for _image in "$@"; do printf '%s\\n' "$_head" | grep -qaF -e "\\"$_image\\"" && _told=1; done
    [ -n "$_told" ] || continue
  fi
  printf 'save file /var/lib/xen/save/%s would be restored when this node boots\\n' "$_base"
done
for _entry in "$R"/etc/xen/auto/* "$R"/etc/libvirt/libxl/autostart/*; do
  is_there "$_entry" || continue
  _base=\${_entry##*/}
  _target=$(readlink "$_entry")
  _told=
  case $_base in "$name" | "$name.cfg" | "$name.sxp") _told=1 ;; esac
  grep -qsiF -e "$uuid" "$_entry" && _told=1
  [ -n "$_target" ] && printf '%s\\n' "$configs" | grep -qxF -e "$_target" && _told=1
  [ -n "$_told" ] || [ $# -eq 0 ] || ! names_an_image "$_entry" "$@" || _told=1
  [ -z "$_told" ] || printf 'auto entry %s starts it when this node boots\\n' "\${_entry#"$R"}"
done`,

  free_to_start: `# $@ images: SAFETY "Stopped, and therefore free to start". 0 = it is, 10 = not, with findings, 2 = could not tell
_running=$(still_runs "$@")
case $? in 0 | 10) ;; *) return 2 ;; esac
_unasked=$(starts_unasked "$@")
[ -n "$_running$_unasked" ] || return 0
printf '%s\\n%s\\n' "$_running" "$_unasked" | grep .
return 10`,

  destroy_domains: `# until none is left, dying ones included; names the state of one that stays
_limit=$(($(date +%s) + 60))
_naps=0
while :; do
  _left=$(our_domains) || fail 'Whether the domain is gone can not be told. Look at the node.'
  [ -n "$_left" ] || return 0
  if [ "$(date +%s)" -ge "$_limit" ]; then
    fail "The domain does not go: number and state $(printf '%s' "$_left" | tr '\\n' ','). It may still write to its images (stalled storage keeps a dying domain); nothing may start them elsewhere."
  fi
  printf '%s\\n' "$_left" | while read -r domid flags; do
    case $flags in *d) ;; *) ${toolstack} destroy "$domid" </dev/null ;; esac
  done
  nap 0.3
done`,

  settle: `# $@ images: waits up to 90 s for the last loop device to go; on an idle node it is gone in about ten
_limit=$(($(date +%s) + 90))
_naps=0
while :; do
  _found=$(still_runs "$@")
  case $? in
    0) return 0 ;;
    10) ;;
    *) fail 'Whether the guest is stopped could not be told.' ;;
  esac
  [ "$(date +%s)" -lt "$_limit" ] || fail "The guest is not stopped: $_found"
  nap 0.3
done`,

  end_domain: `# $@ images: whatever is left of the guest ends, and its images are on the disk
halt_monitors || fail "Nothing was destroyed. Look at that process."
destroy_domains
kill_monitors || fail 'The domain is gone, but its monitor could create it again.'
# a monitor that was creating the domain when it was halted may have got so far
destroy_domains
for _image in "$@"; do
  [ ! -e "$R$_image" ] || sync "$R$_image" || fail "$_image can not be synced: its last writes may be lost."
done
settle "$@"`,

  carries_uuid: `# $1 logical path of a configuration
grep -qsiE "(^|;)[[:space:]]*uuid[[:space:]]*=[[:space:]]*[\\"']\${uuid}[\\"']" "$R$1"`,

  as_reviewed: `# $1 logical path of a configuration, $2 its SHA-256 when the plan was made, or nothing where that is not known
[ -f "$R$1" ] || refuse "There is no configuration $1."
[ -n "$2" ] || refuse "What $1 has to say was not noted when this was planned (it was missing or disagreed with the record, or an older VBDesk made the plan), so nothing is started from it. Plan again."
[ "$(file_sum "$R$1")" = "$2" ] || refuse "$1 is not what was reviewed: it has changed since the plan was made, so nothing is started from it. Look at it, and plan again."`,

  create_domain: `# $1 configuration, $2 its SHA-256, $3 -p or nothing: exactly one domain of this uuid must come of it, in the right state
# once more, for whatever came before may have taken a while
as_reviewed "$1" "$2"
carries_uuid "$1" || refuse "$1 does not carry the uuid $uuid, so nobody could tell later whether the guest runs."
${toolstack} create \${3:+"$3"} "$R$1"
_created=$?
_now=$(our_domains) || fail 'It was started, but the list of domains could not be read afterwards.'
if [ "$_created" -ne 0 ]; then
  [ -z "$_now" ] || destroy_domains
  fail "${toolstack} create failed with exit code $_created."
fi
_turns=0
while :; do
  case $_now in
    '') fail "${toolstack} create reported success, but there is no domain with the uuid $uuid: the guest ended at once. Its console log says why." ;;
    *'
'*) fail "There are several domains with the uuid $uuid: $(printf '%s' "$_now" | tr '\\n' ',')." ;;
  esac
  flags=\${_now#* }
  case $flags in
    *d | ???s??) fail "The guest ended at once (state $flags). Its console log says why." ;;
    ??p*) [ -z "$3" ] || return 0 ;;
    *) [ -n "$3" ] || return 0 ;;
  esac
  _turns=$((_turns + 1))
  [ "$_turns" -lt 20 ] || fail "The domain is in state $flags, which is not what was asked."
  sleep 0.3
  _now=$(our_domains) || fail 'It was started, but the list of domains could not be read afterwards.'
done`,

  one_domain: `# the only living domain of this guest, in $domid and $flags; else 1 with the reason in $why
_found_domains=$(our_domains) || {
  why='The list of domains could not be read.'
  return 1
}
case $_found_domains in
  '') why="No domain with the uuid $uuid runs here." ;;
  *'
'*) why="There are several domains with the uuid $uuid: $(printf '%s' "$_found_domains" | tr '\\n' ',')." ;;
  *)
    domid=\${_found_domains%% *}
    flags=\${_found_domains#* }
    case $flags in
      *d) why="The domain $domid is dying (state $flags)." ;;
      ???s??) why="The guest in domain $domid has ended (state $flags)." ;;
      *) return 0 ;;
    esac
    ;;
esac
return 1`,
});
