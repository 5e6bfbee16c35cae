# shellcheck shell=sh
# Blocks of 512 bytes of a guest's disk, for the guest alone. A raw image is written in place; of a qcow2 the first
# guest cluster is found, and allocated where it is not yet there, so that `qemu-img` reads what the guest wrote and
# finds nothing to complain of. Other formats, and qcow2 images with a backing file, compression, encryption, an
# external data file or unusual reference counts, are held open but not written.
# shellcheck disable=SC2034
# /proc/…/fd is written instead of the path, which may be renamed while the guest runs.

# be WIDTH OFFSET: sets number from a big-endian integer of the image.
be() {
  number=0
  for byte in $(dd if="$image" bs=1 skip="$2" count="$1" 2> /dev/null | od -An -v -tu1); do
    number=$((number * 256 + byte))
  done
}

# put_be WIDTH OFFSET VALUE
put_be() {
  text='' left=$1 rest=$3
  while [ "$left" -gt 0 ]; do
    text="\\0$(printf '%03o' $((rest & 255)))$text"
    rest=$((rest >> 8)) left=$((left - 1))
  done
  printf '%b' "$text" | dd of="$image" bs=1 seek="$2" conv=notrunc 2> /dev/null
}

# new_cluster: appends one zeroed cluster and counts it. Sets cluster (its offset in the file).
new_cluster() {
  cluster=$((($(stat -L -c %s "$image") + size - 1) / size * size))
  index=$((cluster / size))
  # One block of reference counts serves size/2 clusters; a second block is never needed by a practice image.
  [ $index -lt $((size / 2)) ] || return 1
  dd if=/dev/zero of="$image" bs="$size" seek=$index count=1 conv=notrunc 2> /dev/null
  put_be 2 $((counts + index * 2)) 1
}

locate_qcow2() {
  be 4 0; [ $number = 1363560955 ] || return
  be 4 4; version=$number
  be 8 8; [ $number = 0 ] || return
  be 4 20; size=$((1 << number))
  [ $size -ge 16384 ] && [ $size -le 2097152 ] || return
  be 4 32; [ $number = 0 ] || return
  be 4 36; [ $number -ge 1 ] || return
  be 8 40; table=$number
  be 8 48; be 8 $((number)); counts=$number
  [ $counts != 0 ] || return
  if [ "$version" -ge 3 ]; then
    # Any incompatible feature (dirty, corrupt, external data, …) or another width of counts: hands off.
    be 8 72; [ $number = 0 ] || return
    be 4 96; [ $number = 4 ] || return
  fi
  mask=$(((1 << 56) - 512)) copied=$((1 << 63))
  be 8 "$table"; second=$((number & mask))
  if [ $second = 0 ]; then
    new_cluster || return
    second=$cluster
    put_be 8 "$table" $((second | copied))
  elif [ $((number & copied)) = 0 ]; then
    return # shared with an internal snapshot
  fi
  be 8 $second
  [ $((number & (1 << 62))) = 0 ] || return
  first=$((number & mask))
  if [ $first = 0 ] || [ $((number & 1)) = 1 ]; then
    new_cluster || return
    first=$cluster
    put_be 8 $second $((first | copied))
  elif [ $((number & copied)) = 0 ]; then
    return
  fi
  start=$((first / 512))
}

# locate_blocks FD FORMAT: sets start (in blocks), empty where nothing can be written.
locate_blocks() {
  image=/proc/$$/fd/$1
  start=
  case $2 in
    raw) [ "$(stat -L -c %s "$image")" -ge 8704 ] && start=0 ;;
    qcow2) locate_qcow2 ;;
  esac
}

# read_block NUMBER: sets block to the line that it holds.
read_block() {
  block=
  [ -n "$start" ] || return
  block=$(dd if="$image" bs=512 skip=$((start + $1)) count=1 2> /dev/null | tr -d '\0' | sed -n 1p)
}

# write_block NUMBER TEXT
write_block() {
  [ -n "$start" ] || return
  printf '%s\n' "$2" | dd of="$image" bs=512 seek=$((start + $1)) conv=notrunc,sync 2> /dev/null
}
