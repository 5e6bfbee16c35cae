/** Live migration (xl only): the way to the other node, and what a broken one leaves. Expect what `guest.ts` expects. */

/** How xl, and who tests the way for it, call ssh: nobody is asked anything, and a silent peer is given up after two minutes. */
export const sshCommand =
  'ssh -o BatchMode=yes -o StrictHostKeyChecking=yes -o ConnectTimeout=20 -o ServerAliveInterval=15 -o ServerAliveCountMax=8';

export const migrationFunctions: Record<string, string> = {
  reach_machine: `# $1 boot id, $2 and on: names. Prints the first name by which ssh reaches that very machine, and xl there; else 1, with the
# outcome of each on stderr
_boot_wanted=$1
shift
for _peer in "$@"; do
  _answer=$(timeout -k 5 60 ${sshCommand} -n "$_peer" "exec /bin/sh -c 'cat \\"\\\${VBDESK_ROOT:-/proc/sys/kernel/random}/boot_id\\"; command -v xl'" 2>&1)
  if ! printf '%s\\n' "$_answer" | grep -qxE '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}'; then
    printf 'As %s it is not reached: %s\\n' "$_peer" "$(printf '%s' "$_answer" | tail -n 3 | tr '\\n' ' ')" >&2
  elif ! printf '%s\\n' "$_answer" | grep -qxF -e "$_boot_wanted"; then
    printf 'As %s another machine answers (boot id %s).\\n' "$_peer" "$(printf '%s\\n' "$_answer" | grep -xE '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}' | head -n 1)" >&2
  elif ! printf '%s\\n' "$_answer" | grep -qE '^/.*/xl$'; then
    printf 'As %s it answers, but commands sent by ssh do not find xl there.\\n' "$_peer" >&2
  else
    printf '%s\\n' "$_peer"
    return 0
  fi
done
return 1`,

  only_leftovers: `# every domain of this guest here is what a broken migration left: it has such a name, and does not run. Else 1, with the reason
_all_of_it=$(our_domains) || return 1
printf '%s\\n' "$_all_of_it" | while read -r _number _letters; do
  case $_letters in
    '' | *d) continue ;;
  esac
  _called=$(xl domname "$_number" 2>/dev/null)
  case $_called in
    *--incoming | *--migratedaway) ;;
    *)
      printf 'The domain %s is called %s (state %s): no migration left it, so nothing is ended here.\\n' "$_number" "\${_called:-(nothing)}" "$_letters" >&2
      exit 1
      ;;
  esac
  case $_letters in
    ??p* | ???s*) ;;
    *)
      printf 'The domain %s (%s) runs (state %s), so nothing is ended here.\\n' "$_number" "$_called" "$_letters" >&2
      exit 1
      ;;
  esac
done`,
};
