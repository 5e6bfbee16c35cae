# shellcheck shell=sh
# What xl says about itself: only of the commands that the stand-in knows. Sourced by xl.

usage() {
  cat <<'TEXT'
Usage xl [-vfNtT] <subcommand> [args]

xl full list of subcommands:

 create              Create a domain from config file <filename>
 list                List information about all/some domains
 destroy             Terminate a domain immediately
 shutdown            Issue a shutdown signal to a domain
 reboot              Issue a reboot signal to a domain
 pause               Pause execution of a domain
 unpause             Unpause a paused domain
 console             Attach to domain's console
 save                Save a domain state to restore later
 migrate             Migrate a domain to another host
 restore             Restore a domain from a saved state
 mem-set             Set the current memory usage for a domain
 vcpu-list           List the VCPUs for all/some domains
 vm-list             List guest domains, excluding dom0, stubdoms, etc.
 info                Get information about Xen host
 domid               Convert a domain name to domain id
 domname             Convert a domain id to domain name
 rename              Rename a domain
 dmesg               Read and/or clear dmesg buffer
 block-attach        Create a new virtual block device
 block-list          List virtual block devices for a domain
 block-detach        Destroy a domain's virtual block device
 uptime              Print uptime for all/some domains
TEXT
}

# help COMMAND: its arguments and purpose; without one, the list.
help() {
  case $1 in
    '') usage; return ;;
    create) set -- '[-vtTfN]' create '<ConfigFile> [options] [vars]' 'Create a domain from config file <filename>.' ;;
    list) set -- '[-vtT]' list '[options] [Domain]' 'List information about all/some domains.' ;;
    destroy) set -- '[-vtTf]' destroy '[options] <Domain>' 'Terminate a domain immediately.' ;;
    shutdown) set -- '[-vtTf]' shutdown '[options] <-a|Domain>' 'Issue a shutdown signal to a domain.' ;;
    reboot) set -- '[-vtTf]' reboot '[options] <-a|Domain>' 'Issue a reboot signal to a domain.' ;;
    pause) set -- '[-vtTf]' pause '<Domain>' 'Pause execution of a domain.' ;;
    unpause) set -- '[-vtTf]' unpause '<Domain>' 'Unpause a paused domain.' ;;
    console) set -- '[-vtT]' console '[options] <Domain>' "Attach to domain's console." ;;
    save) set -- '[-vtTf]' save '[options] <Domain> <CheckpointFile> [<ConfigFile>]' 'Save a domain state to restore later.' ;;
    restore) set -- '[-vtTf]' restore '[options] [<ConfigFile>] <CheckpointFile>' 'Restore a domain from a saved state.' ;;
    migrate) set -- '[-vtTf]' migrate '[options] <Domain> <host>' 'Migrate a domain to another host.' ;;
    mem-set) set -- '[-vtT]' mem-set "<Domain> <MemMB['b'[bytes]|'k'[KB]|'m'[MB]|'g'[GB]|'t'[TB]]>" 'Set the current memory usage for a domain.' ;;
    rename) set -- '[-vtTf]' rename '<Domain> <NewDomainName>' 'Rename a domain.' ;;
    block-attach) set -- '[-vtTfN]' block-attach '<Domain> <disk-spec-component(s)>...' 'Create a new virtual block device.' ;;
    block-detach) set -- '[-vtTf]' block-detach '<Domain> <DevId>' "Destroy a domain's virtual block device." ;;
    block-list) set -- '[-vtT]' block-list '<Domain(s)>' 'List virtual block devices for a domain.' ;;
    domid) set -- '[-vtT]' domid '<DomainName>' 'Convert a domain name to domain id.' ;;
    domname) set -- '[-vtT]' domname '<DomainId>' 'Convert a domain id to domain name.' ;;
    vcpu-list | info | uptime | dmesg | vm-list) set -- '[-vtT]' "$1" '[options] [Domain]' '' ;;
    *) echo "command \"$1\" not implemented"; return ;;
  esac
  printf 'Usage: xl %s %s %s\n\n%s\n\n' "$@"
}
