/** Files and folders: real ones only, written whole or not at all. */
export const fileFunctions: Record<string, string> = {
  fail: `printf '%s\\n' "$*" >&2
exit 1`,

  refuse: `# nothing was changed
printf '%s\\n' "$*" >&2
exit 73`,

  sync_directory: `# not every file system can sync a directory alone
sync "$1" 2>/dev/null || sync`,

  is_there: `# also a symbolic link that leads nowhere
[ -e "$1" ] || [ -L "$1" ]`,

  is_real_folder: `# $1 logical folder. Else 1, with the reason in $why. Nothing is done through a symbolic link: it could lead anywhere.
_above=\${1%/*}
if [ -L "$R$1" ]; then why="$1 is a symbolic link, not a folder."; return 1; fi
if [ ! -d "$R$1" ]; then why="There is no folder $1."; return 1; fi
if [ -L "$R$_above" ]; then why="$_above is a symbolic link, not a storage directory."; return 1; fi
if ! { _really=$(realpath -e "$R$1") && _really_above=$(realpath -e "$R$_above"); }; then why="$1 can not be resolved."; return 1; fi
if [ -z "$R" ] && [ "$_really_above" != "$_above" ]; then
  why="$_above is reached through a symbolic link and really is $_really_above. Use the real path as the storage directory."
  return 1
fi
[ "$_really" = "$_really_above/\${1##*/}" ] && return 0
why="$1 really is $_really."
return 1`,

  real_folder: `is_real_folder "$1" || refuse "$why"`,

  real_storage: `# $1 logical directory that folders lie in
[ -d "$R$1" ] || refuse "There is no storage directory $1."
[ ! -L "$R$1" ] || refuse "$1 is a symbolic link, not a storage directory."
if [ -z "$R" ] && [ "$(realpath -e "$1")" != "$1" ]; then
  refuse "$1 is reached through a symbolic link and really is $(realpath -e "$1"). Use the real path as the storage directory."
fi`,

  file_sum: `# $1 physical path: the SHA-256 of a regular file, "absent", or "other" for everything else
if [ -L "$1" ]; then echo other; return; fi
if [ ! -e "$1" ]; then echo absent; return; fi
if [ ! -f "$1" ]; then echo other; return; fi
_sum_line=$(sha256sum <"$1") && printf '%s\\n' "\${_sum_line%% *}" || echo other`,

  temporary_of: `# $1 physical path, $2 mark: a name beside it that only this step uses
printf '%s/.tmp.%s\\n' "\${1%/*}" "$2"`,

  remove_temporary: `# $1 physical folder: what steps that were cut off left behind
find "$1" -maxdepth 1 -type f -name '.tmp.????????????????' -exec rm -f {} +`,

  write_beside: `# $1 temporary file: writes what content() prints, syncs it, reads it back; $sum is what it must come to
rm -f "$1"
if (set -C && content >"$1") && sync "$1" && [ "$(file_sum "$1")" = "$sum" ]; then return 0; fi
rm -f "$1"
return 1`,

  made_mark: `# $1 physical path: which file it is. Its number alone may be given again; when it was born tells more, where that is known.
stat -c %i:%W "$1"`,

  note_made: `# $1 physical folder, $2 file in it, $3 base name that it will have: so that undo removes this file and no other
_manifest=$(made_file "$1") || return 1
_note=$(made_mark "$2") && printf '%s %s\\n' "$_note" "$3" >>"$_manifest" && sync "$_manifest"`,

  put_new: `# $1 physical path that must not exist, $2 temporary file that becomes it. A link never replaces anything. Else 1, and $linked
# goes on from the path's name: that it exists, or why it could not be made.
_made_inode=$(stat -c %d:%i "$2") || return 1
linked=$(ln -T "$2" "$1" 2>&1)
if [ "$(stat -c %d:%i "$1" 2>/dev/null)" != "$_made_inode" ]; then
  if is_there "$1"; then linked="exists already: $linked"
  elif no_hard_links "$linked"; then linked="can not be made: $why ($linked)"
  else linked="could not be put in its place: $linked"
  fi
  rm -f "$2"
  return 1
fi
rm -f "$2"
sync_directory "\${1%/*}"`,

  no_hard_links: `# $1 what ln said: 0 when the file system makes no hard links, and $why says so
why='its file system makes no hard links, by which VBDesk takes locks and makes files that replace nothing. Put the storage directory on one that does (ext4, XFS, Btrfs, NFS).'
case $1 in *'Operation not permitted' | *'not supported' | *'Function not implemented' | *'not implemented') return 0 ;; esac
return 1`,

  record_id: `# $1 physical path of instance.json: its id; nothing when there is no record; 1 when there is one that has not exactly one id
if ! is_there "$1"; then return 0; fi
[ -f "$1" ] && [ ! -L "$1" ] || return 1
_ids=$(timeout 20 head -c 1048576 "$1" | grep -aoE '"id"[[:space:]]*:[[:space:]]*"[^"]*"' | sed 's/^"id"[[:space:]]*:[[:space:]]*"//; s/"$//')
case $_ids in
  '' | *'
'*) return 1 ;;
esac
printf '%s\\n' "$_ids"`,

  replica_copy: `# $1 physical path of replica.json: the id of that writing; nothing when there is none; 1 when it has not exactly one
if ! is_there "$1"; then return 0; fi
[ -f "$1" ] && [ ! -L "$1" ] || return 1
_copies=$(timeout 20 head -c 1048576 "$1" | grep -aoE '"copy"[[:space:]]*:[[:space:]]*"[^"]*"' | sed 's/^"copy"[[:space:]]*:[[:space:]]*"//; s/"$//')
case $_copies in
  '' | *'
'*) return 1 ;;
esac
printf '%s\\n' "$_copies"`,

  membership_of: `# $1 physical path of cluster.json: "uuid generation"
_uuid_of=$(head -c 1048576 "$1" | grep -aoE '"uuid"[[:space:]]*:[[:space:]]*"[0-9A-Fa-f-]{36}"' | grep -oE '[0-9A-Fa-f-]{36}' | tr 'A-F' 'a-f')
_generation_of=$(head -c 1048576 "$1" | grep -aoE '"generation"[[:space:]]*:[[:space:]]*[0-9]{1,15}' | grep -oE '[0-9]+$')
case "$_uuid_of $_generation_of" in
  *[!0-9a-f-]*' '* | ' '* | *' ' | *'
'*) return 1 ;;
esac
printf '%s %s\\n' "$_uuid_of" "$_generation_of"`,

  image_header: `# $1 physical path: its first 72 bytes as hex digits
head -c 72 "$1" | od -An -v -tx1 | tr -d ' \\n'`,

  type_of_header: `case $1 in
  514649fb00000001*) echo qcow ;;
  514649fb0000000[2-9]*) echo qcow2 ;;
  4b444d56* | 434f5744* | 23204469736b2044657363726970746f7246696c65*) echo vmdk ;;
  636f6e6563746978*) echo vhd ;;
  7668647866696c65*) echo vhdx ;;
  51454400*) echo qed ;;
  ????????????????????????????????????????????????????????????????????????????????????????????????????????????????????????????????7f10dabe*) echo vdi ;;
  *) echo raw ;;
esac`,

  qcow_size: `# $1 header of a qcow or qcow2 image: the size that the guest sees
printf '%d\\n' "0x$(printf '%s' "$1" | cut -c 49-64)"`,
};
