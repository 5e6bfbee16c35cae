#!/bin/sh
# Stage 1 of the image: a pristine Debian 12 tree with Xen in it.
#   bootstrap.sh TREE PACKAGE_CACHE LOG
# The archive is whichever this machine's apt already uses for Debian 12, with apt's proxy; no host is named here.
set -eu
TREE=$1 CACHE=$2 LOG=$3
SUITE=bookworm

ARCHIVE=$(apt-get indextargets --format '$(REPO_URI) $(CODENAME) $(COMPONENT)' 'Created-By: Packages' |
  awk -v suite="$SUITE" '$2 == suite && $3 == "main" { print $1; exit }')
if [ -z "$ARCHIVE" ]; then
  echo "apt on this machine has no source for Debian 12 ($SUITE main): add one, run apt-get update, try again" >&2
  exit 1
fi
if [ -z "${http_proxy:-}" ]; then
  eval "$(apt-config shell PROXY Acquire::http::Proxy)"
  case ${PROXY:-} in '' | DIRECT) ;; *) export http_proxy="$PROXY" https_proxy="$PROXY" ;; esac
fi

# What xl, sshd and the lab's own scripts need; no Python, no mail, no documentation.
PACKAGES=linux-image-amd64,xen-hypervisor-4.17-amd64,xen-utils-4.17,xen-utils-common,xen-hypervisor-common
PACKAGES=$PACKAGES,xenstore-utils,qemu-system-xen,qemu-utils,openssh-server,openssh-client,systemd-sysv,udev,kmod
PACKAGES=$PACKAGES,e2fsprogs,iproute2,bridge-utils,rsync,busybox-static,procps

mkdir -p "$CACHE"
rm -rf --one-file-system "$TREE"
# Without --verbose debootstrap's I: lines are few enough to be shown as progress and complete enough to explain a failure.
debootstrap --variant=minbase --cache-dir="$CACHE" --include="$PACKAGES" "$SUITE" "$TREE" "$ARCHIVE" >"$LOG" 2>&1 || {
  status=$?
  echo "debootstrap failed (exit $status); the end of $LOG:" >&2
  tail -n 15 "$LOG" >&2
  [ ! -f "$TREE/debootstrap/debootstrap.log" ] || tail -n 15 "$TREE/debootstrap/debootstrap.log" >&2
  exit 1
}
