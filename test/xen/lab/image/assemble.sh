#!/bin/sh
# Stage 3: the disks of a node.
#   assemble.sh TREE OUTPUT KEYS      writes OUTPUT/root.raw and OUTPUT/local.raw
# OUTPUT holds vmlinux and guest-initrd already; KEYS holds id_ed25519 and host1 … host3, each with its .pub.
# The pristine tree is copied by hard links (quick, no space), so a file is always replaced, never written through.
set -eu
TREE=$1 OUTPUT=$2 KEYS=$3
HERE=$(cd "$(dirname "$0")" && pwd)
KERNEL=$(ls "$TREE/lib/modules" | head -n 1)
WORK=$(mktemp -d "$OUTPUT/assemble.XXXXXX")
trap 'rm -rf --one-file-system "$WORK"' EXIT
ROOT=$WORK/root
cp -al "$TREE" "$ROOT"

# put FILE MODE: replaces a file of the copy by standard input.
put() {
  mkdir -p "$ROOT/$(dirname "$1")"
  rm -f "$ROOT/$1"
  cat >"$ROOT/$1"
  chmod "$2" "$ROOT/$1"
}

for rubbish in boot/initrd.img-* boot/System.map-* boot/vmlinuz-* usr/share/doc usr/share/man usr/share/locale \
  usr/share/info usr/share/lintian usr/share/common-licenses usr/share/i18n usr/share/zoneinfo var/cache/apt \
  var/lib/apt/lists lib/firmware debootstrap; do
  rm -rf --one-file-system "${ROOT:?}"/$rubbish
done
mkdir -p "$ROOT/var/cache/apt/archives/partial" "$ROOT/var/lib/apt/lists/partial"

# Only the modules that a Dom0 of the lab can need, with what they depend on.
WANTED="virtio_pci virtio_blk virtio_net virtio_rng ext4 crc32c_generic 9p 9pnet_virtio loop nbd bridge tun dummy veth
  xen-blkback xen-netback xen-gntdev xen-gntalloc xen-evtchn xen-privcmd xenfs xen-blkfront xen-netfront
  dm-mod dm-snapshot overlay fuse isofs nls_utf8"
for name in $WANTED; do chroot "$TREE" /sbin/modprobe -S "$KERNEL" --show-depends "$name" 2>/dev/null || true; done |
  awk '$1 == "insmod" { print $2 }' | sort -u >"$WORK/modules"
mv "$ROOT/lib/modules/$KERNEL" "$WORK/all-modules"
mkdir -p "$ROOT/lib/modules/$KERNEL"
while read -r file; do
  mkdir -p "$ROOT$(dirname "$file")"
  ln "$TREE$file" "$ROOT$file"
done <"$WORK/modules"
for file in modules.builtin modules.builtin.modinfo modules.order; do
  cp "$WORK/all-modules/$file" "$ROOT/lib/modules/$KERNEL/"
done
chroot "$ROOT" /sbin/depmod "$KERNEL"

(cd "$HERE/node" && find . -type f) | while read -r file; do
  mode=644
  [ ! -x "$HERE/node/$file" ] || mode=755
  put "$file" $mode <"$HERE/node/$file"
done

echo node | put etc/hostname 644
echo 0123456789abcdef0123456789abcdef | put etc/machine-id 444
mkdir -p "$ROOT/boot/xenlab" "$ROOT/etc/xenlab" "$ROOT/etc/xen/auto" "$ROOT/var/lib/xen/save" "$ROOT/var/lib/vbdesk" \
  "$ROOT/var/log/xen/console" "$ROOT/srv/ganeti/file-storage" "$ROOT/srv/ganeti/local-storage"
chmod 700 "$ROOT/root/.ssh" "$ROOT/var/lib/vbdesk"
put boot/xenlab/guest-vmlinux 644 <"$OUTPUT/vmlinux"
put boot/xenlab/guest-initrd 644 <"$OUTPUT/guest-initrd"

# One key for all: the host's way into the nodes, and the nodes' ways to each other (xl migrate goes over ssh).
put root/.ssh/authorized_keys 600 <"$KEYS/id_ed25519.pub"
put root/.ssh/id_ed25519 600 <"$KEYS/id_ed25519"
rm -f "$ROOT"/etc/ssh/ssh_host_*
for number in 1 2 3; do
  put "etc/xenlab/host$number" 600 <"$KEYS/host$number"
  put "etc/xenlab/host$number.pub" 644 <"$KEYS/host$number.pub"
  echo "node$number,10.77.0.$number $(cut -d ' ' -f 1,2 "$KEYS/host$number.pub")"
done | put etc/ssh/ssh_known_hosts 644

# xenconsoled keeps what a guest says: /var/log/xen/console/guest-NAME.log. /etc/default/xendomains stays as Debian ships
# it (it saves and restores); it has no effect until /etc/xenlab/xendomains exists.
{ cat "$TREE/etc/default/xen"; echo 'XENCONSOLED_ARGS="--log=guest"'; } | put etc/default/xen 644
(cd "$ROOT" && find etc/xen -mindepth 1 ! -type d | sed 's,^,/,' | sort) | put etc/xenlab/etc-xen.list 644
for command in reboot poweroff halt; do
  rm -f "$ROOT/usr/sbin/$command"
  printf '#!/bin/sh\nexec /bin/busybox %s "$@"\n' $command | put "usr/sbin/$command" 755
done

# Straight from the directory, nothing is mounted here. With a journal: nodes lose their power in tests.
rm -f "$OUTPUT/root.raw" "$OUTPUT/local.raw"
truncate -s 1536M "$OUTPUT/root.raw"
mke2fs -q -t ext4 -O ^metadata_csum -J size=8 -m 0 -d "$ROOT" "$OUTPUT/root.raw"
truncate -s 1G "$OUTPUT/local.raw"
mkdir "$WORK/local"
mke2fs -q -t ext4 -O ^metadata_csum -J size=8 -m 0 -L vbdesk-local -E lazy_itable_init=0 -d "$WORK/local" "$OUTPUT/local.raw"
