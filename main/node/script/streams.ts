/**
 * A copy from node to node in its plain form: all that holds data is sent, by the nodes' own ssh or by hand, and what arrived is
 * the copy only when its content hash is that of the source. Both after `prelude`.
 */
import type { Action } from '../../../core/plan/action.ts';
import { guardScript } from '../actions/index.ts';
import { directoryOf, mark } from '../actions/rendered.ts';
import { findWay, partialOf, sourceFile, straightSsh } from '../copy-scripts.ts';
import { prelude } from '../prelude.ts';
import { quote } from '../quote.ts';
import { assemble } from '../shell/assemble.ts';

type Copy = Extract<Action, { do: 'copy-image' }>;

/** stdin: a line with the length, then what send_frames prints. */
const receiver = (run: string, copy: Copy, locks: string[]): string =>
  `${prelude}
(
${guardScript(locks, run)}) || exit
${assemble(`${partialOf(run, copy)}read -r length || fail 'Nothing arrived.'
case $length in '' | *[!0-9]*) fail 'What arrived makes no sense.' ;; esac
real_folder "$folder"
! is_there "$R$path" || refuse "$path exists already and is left as it is."
rm -f "$proof"
if is_there "$partial"; then
  [ -f "$partial" ] && [ ! -L "$partial" ] || refuse "$path.partial.${run} is not a regular file."
  unused_or_leave "$path.partial.${run}"
fi
said=$( { : >"$partial"; } 2>&1 && truncate -s "$length" "$partial" 2>&1) || fail "$path can not be written: $said"
receive_frames "$partial" "$path"
sync_directory "$R$folder"`)}`;

/**
 * On the source's node: reads it, sends it, and prints last "content HASH LENGTH". Where the other node is not reached, it says
 * how the file is brought there, which is no failure: the other node proves it all the same.
 * @param far how the other node is known again, null where it is the same one
 */
export const sendText = (
  run: string,
  copy: Copy,
  locks: { to: string[] },
  far: { bootId: string; peers: string[] } | null,
): string => {
  const { from, to } = copy;
  const text = receiver(run, copy, locks.to);
  const partial = `${to.path}.partial.${run}`;
  const carry =
    far === null
      ? `said=$({ printf '%s\\n' "$length"; frames | send_frames "$file"; } 3>/dev/null | /bin/sh -c "$receiver" 2>&1) || fail "$name could not be copied: $said"
`
      : `if peer=$(
${findWay(far.bootId, far.peers)}); then
  said=$({ printf '%s\\n%s' "\${#receiver}" "$receiver"; printf '%s\\n' "$length"; frames | send_frames "$file"; } 3>/dev/null |
    ${straightSsh} "$peer" ${quote(`exec /bin/sh -c 'read -r n && t=$(head -c "$n"; echo .) && exec /bin/sh -c "\${t%.}"'`)} 2>&1) || fail "$name could not be sent to $peer: $said"
  printf 'sent to %s\\n' "$peer"
else
  cat <<'BY_HAND'
ATTENTION: ssh from here does not reach the other node, so NOTHING WAS SENT. Bring the file there yourself, as root and with nothing else
writing to either, before you go on with the next part, which proves it by its content:
  from ${from.node}: ${from.path}
  to ${to.node}: ${partial}
For example on your workstation, where both are reached:
  ssh root@${from.node} "dd bs=1M status=none if=${from.path}" | ssh root@${to.node} "dd bs=1M conv=sparse of=${partial}"
BY_HAND
fi
`;
  return assemble(`${sourceFile(copy)}written=$(writers_of "$name") || refuse "Whether somebody writes to $name could not be learnt."
[ -z "$written" ] || refuse "$name is being written to, so it can not be copied: $written"
sync "$file" || refuse "$name can not be synced."
state=$(file_state "$file") || fail "$name can not be looked at."
length=\${state%% *}
hash=$(content_hash "$file" "$length") || fail "$name could not be read to its end."
receiver=${quote(text)}
frames() {
  stored=$(data_map "$file" "$length") || return 1
  [ -z "$stored" ] || printf '%s\\n' "$stored" | sed 's/^/sparse /'
  echo end
}
${carry}[ "$(file_state "$file")" = "$state" ] || fail "$name changed while it was copied. Find out who writes to it, then copy again."
folder=${quote(directoryOf(from.path))}
if [ "$(made_file "$R$folder" 2>/dev/null)" = "$R$folder/.made."${mark(run)} ]; then
  note=$R$folder/.made.${mark(run)}
  touch "$note.hashes"
  # of an attempt before this one nothing counts
  printf '%s\\n' "$state" >"$note.read.\${name##*/}" && awk -v "name=\${name##*/}" 'substr($0, 67) != name' "$note.hashes" >"$note.hashes.new" &&
    printf '%s  %s\\n' "$hash" "\${name##*/}" >>"$note.hashes.new" && mv -fT "$note.hashes.new" "$note.hashes" &&
    sync "$note.read.\${name##*/}" "$note.hashes" || fail "What $name was like can not be noted. Is the storage full?"
fi
printf 'content %s %s\\n' "$hash" "$length"`);
};

/** On the target's node, $wanted being "HASH LENGTH" of the source: the copy is proved, or it is none. */
export const proveText = (run: string, copy: Copy): string =>
  assemble(`${partialOf(run, copy)}[ -n "$wanted" ] || fail 'The word that was given does not say what was sent.'
real_folder "$folder"
[ -f "$partial" ] && [ ! -L "$partial" ] || refuse "There is no $path.partial.${run}: the file was not brought here. Repeat the part before, which says how."
unused_or_leave "$path.partial.${run}"
sync "$partial" || fail "The copy of $path can not be synced."
state=$(file_state "$partial") || fail "The copy of $path can not be looked at."
hash=$(content_hash "$(realpath -e "$partial")" "\${state%% *}") || fail "The copy of $path could not be read to its end."
[ "$hash \${state%% *}" = "$wanted" ] ||
  refuse "The copy of $path is not equal to what was sent (content and length $hash \${state%% *}, and should be $wanted). Repeat the part before, and bring the file here again."
[ "$(file_state "$partial")" = "$state" ] || fail "The copy of $path changed while it was compared."
rm -f "$proof.new"
(set -C && printf '%s\\n%s\\n' "$hash" "$state" >"$proof.new") && sync "$proof.new" && mv -fT "$proof.new" "$proof" ||
  fail "That the copy of $path was proved can not be noted. Is the storage full?"
sync_directory "$R$folder"
printf 'equal, content %s\\n' "$hash"`);
