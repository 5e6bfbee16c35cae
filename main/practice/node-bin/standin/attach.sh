# shellcheck shell=sh
# Disks that come and go while a domain lives, Domain-0 included. Sourced by xl.
# shellcheck disable=SC2154 # set by state.sh, create.sh and xl

# Domain-0 keeps its disks in dom0/facts; what holds them is dom0/hold.VDEV, for a guest dom/ID/hold.VDEV.
place_of() {
  if [ "$id" = 0 ]; then
    place=$S/dom0
    mkdir -p "$place"
    [ -e "$place/facts" ] || : > "$place/facts"
  else
    place=$S/dom/$id
  fi
}

not_attached() {
  printf '%s\n' "$@" 'libxl: error: libxl_device.c:1486:device_addrm_aocomplete: unable to add device' 'libxl_device_disk_add failed.' >&2
  exit 1
}

# disk_fact VDEV_NUMBER: sets value to the disk of that number.
disk_fact() {
  while IFS="$TAB" read -r key value; do
    [ "$key" = disk ] || continue
    vdev=${value#*"$US"} vdev=${vdev%%"$US"*}
    device_number "$vdev" && [ "$number" = "$1" ] && return 0
  done < "$place/facts"
  return 1
}

block_attach() {
  [ $# -ge 2 ] || missing_argument block-attach 2
  domain_or_exit "$1" plain
  shift
  spec=$(IFS=,; printf '%s' "$*")
  new_disk=$(printf '%s\n' "$spec" | awk -v lone_disk=1 -v final_newline=1 -v source='command line' -f "$lib/config.awk" -f "$lib/disk.awk") || exit 1
  new_disk=${new_disk#*"$TAB"}
  if [ "$dry_run" = 1 ]; then exit 0; fi
  place_of
  IFS=$US read -r path vdev backend format _ _ readwrite _ <<DISK
$new_disk
DISK
  device_number "$vdev" || not_attached "libxl: error: libxl_disk.c:214:libxl__device_from_disk: Invalid or unsupported virtual disk identifier $vdev" \
    "libxl: error: libxl_disk.c:335:device_disk_add: Invalid or unsupported virtual disk identifier $vdev"
  wanted=$number new_vdev=$vdev
  case $backend in
    '' | phy) [ -e "$R$path" ] || not_attached "libxl: error: libxl_device.c:455:libxl__device_disk_set_backend: Disk vdev=$vdev failed to stat: $path: No such file or directory" ;;
  esac
  ! disk_fact "$wanted" || not_attached 'libxl: error: libxl_disk.c:343:device_disk_add: device already exists in xenstore'
  backend_of "$path" "$backend" "$format"
  mode=r; [ "$readwrite" = 1 ] && mode=w
  # A guest that was created without a disk of QEMU's has no QEMU that could serve this one: nothing happens.
  if [ "$id" = 0 ] || [ "$backend" = phy ] || [ -e "$place/qemu" ]; then
    start_holder "$place/hold.$wanted" "$mode|$R$path" -xen-domid "$id" -xen-attach -name attached -nographic -M xenpv
  fi
  [ "$backend" != phy ] || attach_loop "$id" "$new_vdev" "$path" $((1 - readwrite))
  printf "disk\\t%s${US}hot\\n" "$new_disk" >> "$place/facts"
  # In Domain-0 the disk appears as a device; a qcow2 attached read-only never does.
  if [ "$id" = 0 ] && [ "$backend" = phy ]; then
    mkdir -p "$R/dev"
    ln -sf "$R$path" "$R/dev/$new_vdev"
  fi
}

block_detach() {
  [ "${1:-}" = --force ] && shift
  [ $# -ge 2 ] || missing_argument block-detach 2
  domain_or_exit "$1" plain
  place_of
  if ! device_number "$2" || ! wanted=$number || ! disk_fact "$wanted"; then
    echo "libxl: error: libxl_disk.c:516:libxl__disk_from_xenstore: disk /libxl/$id/device/vbd/${wanted:-$2} does not exist (no backend path" >&2
    echo "Error: Device $2 not connected." >&2
    exit 1
  fi
  IFS=$US read -r path vdev backend format _ _ readwrite _ <<DISK
$value
DISK
  backend_of "$path" "$backend" "$format"
  if [ "$backend" = qdisk ] && { [ "$id" = 0 ] && [ "$readwrite" = 0 ] || [ "$id" != 0 ] && [ ! -e "$place/qemu" ]; }; then
    whose=
    [ "$id" = 0 ] || whose="Domain $id:"
    echo "libxl: error: libxl_device.c:1181:device_backend_callback: ${whose}unable to remove device with path /local/domain/0/backend/qdisk/$id/$wanted" >&2
    echo "libxl: error: libxl_device.c:1481:device_addrm_aocomplete: ${whose}Unable to remove vbd with id $wanted" >&2
    echo 'libxl_device_disk_safe_remove failed.' >&2
    exit 1
  fi
  end_holder "$place/hold.$wanted"
  for entry in "$S"/loop/[0-9]*; do
    IFS=$US read -r owner loop_vdev _ < "$entry" || continue
    [ "$owner" = "$id" ] && [ "$loop_vdev" = "$vdev" ] && rm -f "$entry"
  done
  gone_disk=$value awk '$0 != "disk\t" ENVIRON["gone_disk"]' "$place/facts" > "$place/facts.new" && mv "$place/facts.new" "$place/facts"
  [ "$id" = 0 ] && rm -f "$R/dev/$vdev"
  : > "$place/detached"
  exit 0
}
