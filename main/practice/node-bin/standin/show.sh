# shellcheck shell=sh
# The commands of xl that only show something. Sourced by xl.
# shellcheck disable=SC2154 # set by state.sh and xl

# domain_state ID: sets name, memory, vcpus, letters, seconds (with a decimal), reason, uuid.
domain_state() {
  clock
  if [ "$1" = 0 ]; then
    name=Domain-0 memory=$dom0_memory vcpus=$nr_cpus letters=r----- reason='' uuid=00000000-0000-0000-0000-000000000000
    seconds=$((now / 10))
  else
    dir=$S/dom/$1
    name='(null)' memory=0 vcpus=1 reason='' started=$now uuid=''
    { read -r name < "$dir/name"; read -r memory < "$dir/memory"; read -r reason < "$dir/reason"
      read -r started < "$dir/started"; } 2> /dev/null
    [ -n "$name" ] || name='(null)'
    while IFS="$TAB" read -r key value; do
      case $key in vcpus) vcpus=${value:-1} ;; uuid) uuid=$value ;; esac
    done < "$dir/facts"
    paused=- stopped=- why=- dying=- blocked=b
    [ -e "$dir/paused" ] && paused=p
    [ -e "$dir/dying" ] && dying=d
    case $reason in
      '') ;;
      1) stopped=s why=r ;;
      2) stopped=s why=s ;;
      3) stopped=s why=c ;;
      *) stopped=s ;;
    esac
    [ $((now - started)) -gt 30 ] && [ $paused$stopped$dying = --- ] || blocked=-
    letters=-$blocked$paused$stopped$why$dying
    seconds=$(((now - started) / 50))
    [ -e "$dir/booted" ] || seconds=0
  fi
}

all_ids() {
  ids=0
  count=0
  for dir in "$S"/dom/[0-9]*; do [ -e "$dir" ] && ids="$ids ${dir##*/}" count=$((count + 1)); done
  # shellcheck disable=SC2086 # numbers
  [ $count -lt 2 ] || ids=$(printf '%s\n' $ids | sort -n)
}

show_list() {
  long=0 verbose=0 domain=''
  for argument in "$@"; do
    case $argument in
      -l | --long) long=1 ;;
      -v | --verbose) verbose=1 ;;
      -lv | -vl) long=1 verbose=1 ;;
      -Z | --context | -c | --cpupool | -n | --numa) ;;
      -*) unknown_option "$argument" ;;
      *) domain=$argument ;;
    esac
  done
  if [ -n "$domain" ]; then
    domain_or_exit "$domain"
    if [ "$absent" = 1 ]; then
      echo "Error: Domain '$domain' does not exist." >&2
      exit 1
    fi
    ids=$id
  else
    all_ids
  fi
  if [ $long = 1 ]; then
    [ "$long_list_delay" = 0 ] || sleep "$long_list_delay"
    separator=''
    printf '['
    for id in $ids; do
      [ "$id" = 0 ] || [ -e "$S/dom/$id/name" ] || continue
      printf '%s\n' "$separator"
      separator=,
      warn_detached "$id"
      if [ "$id" = 0 ]; then long_dom0
      else
        domain_state "$id"
        awk -v stored=1 -v base=1 -v domid="$id" -v memory="$memory" -f "$lib/json.awk" < "$S/dom/$id/facts"
      fi
    done
    printf '\n]\n\n'
    exit 0
  fi
  printf 'Name                                        ID   Mem VCPUs\tState\tTime(s)'
  [ $verbose = 0 ] || printf '   UUID                            Reason-Code\tSecurity Label'
  printf '\n'
  for id in $ids; do
    [ "$id" = 0 ] || [ -e "$S/dom/$id/facts" ] || continue
    domain_state "$id"
    printf '%-40s %5d %5d %5d     %s  %6d.%d' "$name" "$id" "$memory" "$vcpus" "$letters" $((seconds / 10)) $((seconds % 10))
    [ $verbose = 0 ] || printf ' %s %8s %16s' "$uuid" "${reason:--}" -
    printf '\n'
  done
  exit 0
}

# warn_detached ID: what libxl says of a domain that a disk was detached from, and ever after.
warn_detached() {
  whose="Domain $1:" source=$S/dom/$1
  [ "$1" != 0 ] || whose='' source=$S/dom0
  [ ! -e "$source/detached" ] ||
    echo "libxl: warning: libxl_domain.c:2603:retrieve_domain_configuration_end: ${whose}Device present in JSON but not in xenstore, ignored" >&2
}

long_dom0() {
  cat <<JSON
    {
        "domid": 0,
        "config": {
            "c_info": {
                "type": "pv",
                "name": "Domain-0"
            },
            "b_info": {
                "max_memkb": $((dom0_memory * 1024)),
                "target_memkb": $((dom0_memory * 1024 - 1)),
                "sched_params": {
                    "sched": "credit2",
                    "weight": 256,
                    "cap": 0
                },
                "type.pv": {

                },
                "arch_arm": {

                },
                "arch_x86": {

                }
            }
        }
JSON
  printf '    }'
}

show_info() {
  numa=0 wanted=''
  for argument in "$@"; do
    case $argument in
      -n | --numa) numa=1 ;;
      -*) unknown_option "$argument" ;;
      *) wanted=$argument ;;
    esac
  done
  lock
  count_memory
  unlock
  host=node
  [ -r "$R/etc/hostname" ] && read -r host < "$R/etc/hostname"
  kernel=$(uname -r -v)
  facts=$(cat <<INFO
host                   : $host
release                : ${kernel%% *}
version                : ${kernel#* }
machine                : x86_64
nr_cpus                : $nr_cpus
max_cpu_id             : $((nr_cpus - 1))
nr_nodes               : 1
cores_per_socket       : $nr_cpus
threads_per_core       : 1
cpu_mhz                : 2596.136
hw_caps                : 078bf3fd:c0982201:20100800:00000001:00000000:00000001:00000000:00000000
virt_caps              : pv shadow gnttab-v1 gnttab-v2
total_memory           : $total_memory
free_memory            : $free_memory
sharing_freed_memory   : 0
sharing_used_memory    : 0
outstanding_claims     : 0
free_cpus              : 0
INFO
)
  if [ $numa = 1 ]; then
    facts=$(printf '%s\n%s\n' "$facts" "cpu_topology           :
cpu:    core    socket     node
device topology        :
device           node
No device topology data available
numa_info              :
node:    memsize    memfree    distances
   0:      $total_memory       $free_memory      10")
  fi
  version=${xen_version%%-*}
  extra=${version#*.*.}
  [ "$extra" = "$version" ] && extra='' || extra=.$extra
  minor=${version#*.}
  facts=$(printf '%s\n%s\n' "$facts" "xen_major              : ${version%%.*}
xen_minor              : ${minor%%.*}
xen_extra              : $extra
xen_version            : $version
xen_caps               : xen-3.0-x86_64 
xen_scheduler          : credit2
xen_pagesize           : 4096
platform_params        : virt_start=0xffff800000000000
xen_changeset          : 
xen_commandline        : dom0_mem=${dom0_memory}M,max:${dom0_memory}M (practice cluster, no hypervisor)
cc_compiler            : none
cc_compile_by          : vbdesk
cc_compile_domain      : practice
cc_compile_date        : none
build_id               : 0000000000000000000000000000000000000000
xend_config_format     : 4")
  if [ -z "$wanted" ]; then printf '%s\n' "$facts"
  else printf '%s\n' "$facts" | awk -v wanted="$wanted" '$1 == wanted { sub(/^[^:]*: ?/, ""); print }'; fi
}

show_domid() {
  [ $# -gt 0 ] || missing_argument domid 1
  if ! find_domain_by_name "${1:-}"; then
    printf "Can't get domid of domain name '%s', maybe this domain does not exist.\n" "${1:-}" >&2
    exit 1
  fi
  echo "$id"
}

show_domname() {
  [ $# -gt 0 ] || missing_argument domname 1
  case $1 in
    '' | *[!0-9]*) printf 'Invalid domain id.\n\n' >&2; exit 1 ;;
    0) echo Domain-0; exit 0 ;;
  esac
  name=
  { read -r name < "$S/dom/$1/name"; } 2> /dev/null
  if [ -z "$name" ]; then
    printf "Can't get domain name of domain id '%s', maybe this domain does not exist.\n" "$1" >&2
    exit 1
  fi
  printf '%s\n' "$name"
}

show_uptime() {
  short=0 domain=''
  for argument in "$@"; do
    case $argument in -s | --short) short=1 ;; *) domain=$argument ;; esac
  done
  if [ -n "$domain" ]; then domain_or_exit "$domain"; ids=$id; else all_ids; fi
  [ $short = 1 ] || echo 'Name                                ID Uptime'
  for id in $ids; do
    domain_state "$id"
    if [ "$id" = 0 ]; then passed=$((now / 100)); else passed=$(((now - started) / 100)); fi
    if [ $short = 1 ]; then
      printf ' %s up %2d:%02d, %s (%d)\n' "$(date +%H:%M:%S)" $((passed / 3600)) $((passed / 60 % 60)) "$name" "$id"
    else
      printf '%-32s %5d %2d:%02d:%02d\n' "$name" "$id" $((passed / 3600)) $((passed / 60 % 60)) $((passed % 60))
    fi
  done
}

show_vcpu_list() {
  if [ -n "${1:-}" ]; then domain_or_exit "$1"; ids=$id; else all_ids; fi
  echo 'Name                                ID  VCPU   CPU State   Time(s) Affinity (Hard / Soft)'
  for id in $ids; do
    domain_state "$id"
    number=0
    while [ $number -lt "$vcpus" ]; do
      printf '%-32s %5d %5d %4d   %s %8d.%d  all / all\n' "$name" "$id" $number $((number % nr_cpus)) \
        "$(printf '%s' "$letters" | cut -c 1-3)" $((seconds / 10)) $((seconds % 10))
      number=$((number + 1))
    done
  done
}

show_vm_list() {
  all_ids
  echo 'UUID                                  ID    name'
  for id in $ids; do
    domain_state "$id"
    printf '%s  %d    %-30s\n' "$uuid" "$id" "$name"
  done
}

show_block_list() {
  [ $# -gt 0 ] || missing_argument block-list 1
  echo 'Vdev  BE  handle state evt-ch ring-ref BE-path                       '
  for argument in "$@"; do
    if ! find_domain "$argument"; then
      printf '%s is an invalid domain identifier\n' "$argument" >&2
      continue
    fi
    if [ "$id" = 0 ]; then source=$S/dom0/facts; else source=$S/dom/$id/facts; fi
    [ -r "$source" ] || continue
    channel=8
    while IFS="$TAB" read -r key value; do
      [ "$key" = disk ] || continue
      IFS=$US read -r path vdev backend format _ <<DISK
$value
DISK
      device_number "$vdev" || continue
      backend_of "$path" "$backend" "$format"
      kind=vbd; [ "$backend" = phy ] || kind=qdisk
      # Not connected: the guest has not come so far, or nobody serves the disk.
      link=4 seen=$channel
      if [ "$id" != 0 ] && [ ! -e "$S/dom/$id/booted" ]; then link=1 seen=-1
      elif [ "$kind" = qdisk ] && [ "$id" != 0 ] && [ ! -e "$S/dom/$id/qemu" ]; then link=1 seen=-1
      elif [ ! -e "$R$path" ]; then link=1 seen=-1
      elif [ "$format" = qcow2 ] && [ "$(head -c 4 "$R$path" | od -An -tx1)" != ' 51 46 49 fb' ]; then link=1 seen=-1; fi
      printf '%-5s %-3s %-6s %-5s %-6s %-8s %s\n' "$number" 0 "$id" $link $seen $seen "/local/domain/0/backend/$kind/$id/$number"
      channel=$((channel + 1))
    done < "$source"
  done
  exit 0
}

show_console() {
  while :; do case ${1:-} in -t | -n) shift 2 ;; -*) shift ;; *) break ;; esac; done
  [ $# -gt 0 ] || missing_argument console 1
  domain_or_exit "$1"
  fact "$S/dom/$id" name
  exec tail -n 20 -f "$R/var/log/xen/console/guest-$value.log"
}

show_dmesg() { echo "(XEN) Xen version $xen_version: the practice cluster's stand-in, there is no hypervisor"; }
