/**
 * The lock of an instance's folder (SAFETY "The lock"). Whether it is ours is told by reading it back, never by an exit code;
 * whether there is one, by trying, never by `test -e`.
 */
export const lockFunctions: Record<string, string> = {
  lock_text: `# $1 physical folder: what .lock holds. A listing in between makes an NFS client forget that it once saw no lock.
timeout 20 head -c 65536 "$1/.lock" 2>/dev/null && return 0
ls -a "$1" >/dev/null 2>&1
timeout 20 head -c 65536 "$1/.lock" 2>/dev/null`,

  lock_field: `# $1 text of a lock, $2 name of a field
printf '%s\\n' "$1" | sed -n '/"'"$2"'" *: *"[^"]*"/{ s/.*"'"$2"'" *: *"\\([^"]*\\)".*/\\1/; s/[[:cntrl:]]//g; p; q; }'`,

  lock_run: `# $1 physical folder: the run that holds it; nothing when no lock can be read
_lock=$(lock_text "$1") || return 1
lock_field "$_lock" run`,

  say_holder: `# $1 physical folder, $2 logical folder, $3 what went wrong when there is nothing to be read
if _lock=$(lock_text "$1"); then
  printf '%s is locked by run %s of %s@%s ("%s", since %s).\\n' "$2" "$(lock_field "$_lock" run)" \\
    "$(lock_field "$_lock" user)" "$(lock_field "$_lock" workstation)" "$(lock_field "$_lock" title)" "$(lock_field "$_lock" at)"
else
  printf 'The lock of %s can not be read. %s\\n' "$2" "$3"
fi >&2`,

  take_lock: `# $1 logical folder, $2 run, $3 text: returns 0 when we hold the lock, 1 when it could not be written, 2 when another has it, 3 when that can't be told
_at=$R$1
[ "$(lock_run "$_at")" != "$2" ] || return 0
rm -f "$_at/.lock.$2"
if ! { (set -C && printf '%s\\n' "$3" >"$_at/.lock.$2") && sync "$_at/.lock.$2" && [ "$(cat "$_at/.lock.$2")" = "$3" ]; }; then
  rm -f "$_at/.lock.$2"
  printf 'A lock can not be written to %s.\\n' "$1" >&2
  return 1
fi
linked=$(ln -T "$_at/.lock.$2" "$_at/.lock" 2>&1)
_holder=$(lock_run "$_at")
rm -f "$_at/.lock.$2"
if [ "$_holder" = "$2" ]; then
  sync_directory "$_at"
  return 0
fi
if [ -z "$_holder" ] && no_hard_links "$linked" && ! is_there "$_at/.lock"; then
  printf 'A lock can not be made in %s: %s (%s)\\n' "$1" "$why" "$linked" >&2
  return 1
fi
say_holder "$_at" "$1" "$linked"
# a lock that can not be read may be ours
[ -n "$_holder" ] || ! is_there "$_at/.lock" || return 3
return 2`,

  release_lock: `# $1 logical folder, $2 run: removes our lock and what only its holder may keep; another's lock stays
_at=$R$1
rm -f "$_at/.lock.$2" || fail "$1/.lock.$2 can not be removed."
if ! _holder=$(lock_run "$_at") && is_there "$_at/.lock"; then
  fail "The lock of $1 can not be read, so nobody can tell whether it is given back."
fi
[ "$_holder" = "$2" ] || return 0
rm -f "$_at/.made.$2" "$_at/.made.$2".*
remove_temporary "$_at"
rm -f "$_at/.lock" || fail "The lock of $1 can not be removed."
sync_directory "$_at"
[ "$(lock_run "$_at")" != "$2" ] || fail "The lock of $1 is still there after it was removed."`,

  made_file: `# $1 physical folder: where the run that holds it notes what it made; fails when nobody holds it
_run_of=$(lock_run "$1") || return 1
case $_run_of in '' | *[!A-Za-z0-9._-]*) return 1 ;; esac
printf '%s/.made.%s\\n' "$1" "$_run_of"`,
};
