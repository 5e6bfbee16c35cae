/** The images of an instance on loop devices, for as long as an OS script works on them. */
export const osFunctions: Record<string, string> = {
  detach_images: `# $@ logical paths: ends every loop device on them. 1 = one stays, which $why names; 2 = could not tell
_attached=$(file_ids "$@") || return 2
_turns=0
while :; do
  why=$(loops_using "$_attached") || return 2
  [ -n "$why" ] || return 0
  [ "$_turns" -lt 100 ] || return 1
  printf '%s\\n' "$why" | awk '{ print $3 }' | sort -u | while IFS= read -r _device; do
    losetup -d "$_device" 2>/dev/null
  done
  # one that somebody still has open goes only when they are done with it
  [ "$_turns" -eq 0 ] || sleep 0.1
  _turns=$((_turns + 1))
done`,

  detach_or_fail: `# $@ logical paths
detach_images "$@"
case $? in
  0) ;;
  1) fail "The images are still attached, because something has them open: a mount or a mapping (kpartx) that the OS script left, or a process of it. $why. End it on the node, then: losetup -d DEVICE." ;;
  *) fail 'Whether the images are still attached to a loop device could not be told: losetup -l on the node shows it.' ;;
esac`,

  os_note: `# $1 physical folder, $2 what: how far the OS script of this run is
_notes=$(made_file "$1") || return 1
printf 'os %s\\n' "$2" >>"$_notes" && sync "$_notes"`,

  os_noted: `# $1 physical folder, $2 what
_notes=$(made_file "$1") && grep -qxF "os $2" "$_notes" 2>/dev/null`,
};
