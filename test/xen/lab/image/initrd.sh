#!/bin/sh
# Stage 2: the two small file systems that the kernel starts from: Dom0's and the guest's.
#   initrd.sh TREE OUTPUT      writes OUTPUT/dom0-initrd and OUTPUT/guest-initrd
# busybox and a few modules, not compressed: unpacking costs more than reading under emulation.
set -eu
TREE=$1 OUTPUT=$2
HERE=$(cd "$(dirname "$0")" && pwd)
KERNEL=$(ls "$TREE/lib/modules" | head -n 1)
WORK=$(mktemp -d "$OUTPUT/initrd.XXXXXX")
trap 'rm -rf --one-file-system "$WORK"' EXIT

skeleton() {
  for directory in bin sbin dev proc sys modules new run etc; do mkdir -p "$1/$directory"; done
  cp "$TREE/bin/busybox" "$1/bin/busybox"
  ln -s busybox "$1/bin/sh"
  mknod -m 600 "$1/dev/console" c 5 1
  mknod -m 666 "$1/dev/null" c 1 3
}

# modules TARGET NAME…: copies modules with all that they depend on; the order of loading goes to modules/order.
modules() {
  target=$1
  shift
  for name in "$@"; do chroot "$TREE" /sbin/modprobe -S "$KERNEL" --show-depends "$name"; done |
    awk '$1 == "insmod" && !seen[$2]++ { print $2 }' |
    while read -r file; do
      cp "$TREE$file" "$target/modules/"
      echo "/modules/${file##*/}"
    done >"$target/modules/order"
}

pack() { (cd "$1" && find . | LC_ALL=C sort | "$TREE/bin/busybox" cpio -o -H newc 2>/dev/null) >"$2"; }

skeleton "$WORK/dom0"
modules "$WORK/dom0" virtio_pci virtio_blk ext4 crc32c_generic
cp "$HERE/dom0/init" "$WORK/dom0/init"
pack "$WORK/dom0" "$OUTPUT/dom0-initrd"

skeleton "$WORK/guest"
modules "$WORK/guest" xen-blkfront xen-netfront
cp -R "$HERE/guest/." "$WORK/guest/"
pack "$WORK/guest" "$OUTPUT/guest-initrd"
