/** The scripts of a stream, which the engine runs on the nodes of a copy: looked at, prepared, carried, proved, ended. */
import type { Action } from '../../core/plan/action.ts';
import { anyPath, directoryOf, mark, ownPath, RenderError, wholeNumber } from './actions/rendered.ts';
import { prelude } from './prelude.ts';
import { quote } from './quote.ts';
import { assemble } from './shell/assemble.ts';

type Copy = Extract<Action, { do: 'copy-image' }>;

/** Names the processes of one stream of one step, on whichever node. */
export const streamMark = (run: string, step: string): string => {
  if (!/^[a-z0-9]{1,64}$/.test(run) || !/^[a-z0-9.]{1,16}$/.test(step))
    throw new RenderError(`${run}:${step} is no step of a run.`);
  return `${run}:${step}:`;
};

/** Everything that the script starts carries the mark in its environment, so that all of it can be found and ended. */
const marked = (name: string, body: string): string => markedScript(name, assemble(body));

/** A whole script under a mark, so that it can be ended from the outside. */
export const markedScript = (name: string, script: string): string =>
  `exec env VBDESK_COPY=${quote(name)} /bin/sh -c ${quote(`${prelude}\n${script}`)}\n`;

/** Sets $path, $folder, $partial and $proof of a copy's target. */
export const partialOf = (run: string, copy: Copy): string =>
  `path=${ownPath(copy.to.path)}
folder=${ownPath(directoryOf(copy.to.path))}
partial=$R$path.partial.${mark(run)}
proof=$R$folder/.made.${mark(run)}.proved.\${path##*/}
`;

/** What is printed of a file: "state …", "allocated …", "map" and its parts, "blocks" and their hashes, "end". */
const survey = `state=$(file_state "$file") || fail "$name can not be looked at."
size=\${state%% *}
printf 'state %s\\nallocated %s\\nmap\\n' "$state" "$(($(stat -c '%b * %B' "$file")))"
parts=$(data_map "$file" "$size") || fail "$name could not be read."
[ -z "$parts" ] || printf '%s\\n' "$parts"
echo blocks
[ -z "$parts" ] || parts="$parts
"
printf '%send\\n' "$parts" | block_hashes "$file" "$size"`;

/** Sets $name and $file of a copy's source, once it is what the plan was made for. */
export const sourceFile = (copy: Copy): string => {
  const { type, from } = copy;
  const size = copy.size === null ? null : wholeNumber(copy.size);
  const right =
    size !== null && (type === 'raw' || type === 'qcow' || type === 'qcow2')
      ? `found=$(size_of_image "$name" ${type}) || refuse "$name is no ${type} image by its header."
[ "$found" = ${size} ] || refuse "$name has $found bytes and not ${size}, as the plan was made for."`
      : `[ "$(type_of_header "$(image_header "$R$name")")" = ${type} ] || refuse "$name is no ${type} image by its header."`;
  return `name=${anyPath(from.path)}
regular_image "$name"
file=$(realpath -e "$R$name") || refuse "$name can not be resolved."
${right}
`;
};

/**
 * Reads the source. Refused (73) where it is not what the plan was made for, or somebody writes to it. Where the run holds the
 * source's folder, what the image was like is noted there, so that the run can see later that it still is (verify-unchanged).
 */
export const surveySource = (name: string, run: string, copy: Copy): string =>
  marked(
    name,
    `${sourceFile(copy)}written=$(writers_of "$name") || refuse "Whether somebody writes to $name could not be learnt."
[ -z "$written" ] || refuse "$name is being written to, so it can not be copied: $written"
sync "$file" || refuse "$name can not be synced."
${survey} || exit 1
folder=${anyPath(directoryOf(copy.from.path))}
if [ "$(made_file "$R$folder" 2>/dev/null)" = "$R$folder/.made."${mark(run)} ]; then
  note=$R$folder/.made.${mark(run)}.read.\${name##*/}
  printf '%s\\n' "$state" >"$note" && sync "$note" || fail "What $name was like can not be noted. Is the storage full?"
fi`,
  );

/** Prints the state of the source, to be compared with the one before. */
export const stateOfSource = (copy: Copy): string =>
  assemble(`${sourceFile(copy)}file_state "$file" || fail "$name can not be looked at."`);

/** Makes the partial file, or finds what came before. Prints "free BYTES", "allocated BYTES", "punch yes" or "punch no". */
export const preparePartial = (run: string, copy: Copy, length: number): string =>
  assemble(`${partialOf(run, copy)}real_folder "$folder"
! is_there "$R$path" || refuse "$path exists already and is left as it is."
rm -f "$proof"
if is_there "$partial"; then
  [ -f "$partial" ] && [ ! -L "$partial" ] || refuse "$path.partial.${run} is not a regular file."
  unused_or_leave "$path.partial.${run}"
else
  said=$( (set -C && : >"$partial") 2>&1) || refuse "$path can not be written: $said"
fi
# what already has its length stays untouched, also its time: so a replica of which nothing was written is still known as whole
if [ "$(stat -c %s "$partial")" -ne ${wholeNumber(length)} ]; then
  said=$(truncate -s ${wholeNumber(length)} "$partial" 2>&1) || fail "$path can not be made ${wholeNumber(length)} bytes long: $said"
fi
sync "$partial" || fail "$path can not be synced."
sync_directory "$R$folder"
trial=$R$folder/.made.${run}.trial
punch=no
if head -c 65536 "$trial" >/dev/null 2>&1 || head -c 65536 /dev/zero >"$trial"; then
  ! fallocate -p -o 0 -l 65536 "$trial" 2>/dev/null || punch=yes
fi
rm -f "$trial"
space=$(stat -f -c '%a %S' "$R$folder") || fail "How much space is left in $folder could not be learnt."
printf 'free %s\\nallocated %s\\npunch %s\\n' "$((\${space% *} * \${space#* }))" "$(($(stat -c '%b * %B' "$partial")))" "$punch"`);

export const surveyPartial = (name: string, run: string, copy: Copy): string =>
  marked(
    name,
    `${partialOf(run, copy)}name=$path.partial.${run}
file=$(realpath -e "$partial") || fail "$name is gone."
${survey}`,
  );

const receive = (run: string, copy: Copy): string =>
  `${partialOf(run, copy)}[ -f "$partial" ] || fail "$path.partial.${run} is gone."
receive_frames "$partial" "$path"`;

/** stdin: what `send` prints. */
export const receiveStream = (name: string, run: string, copy: Copy): string =>
  marked(name, receive(run, copy));

/** Where the bytes go: out of the script, to be carried by the workstation; into a file of the same node; by ssh to the other. */
export type Way = { kind: 'workstation' } | { kind: 'same-node' } | { kind: 'straight'; peer: string };

/** How the source's node calls ssh. The first value that is given for an option counts. */
export const straightSsh =
  'ssh -o ConnectTimeout=5 -o BatchMode=yes -o StrictHostKeyChecking=yes -o ServerAliveInterval=15 -o ServerAliveCountMax=4';

/**
 * Sends what it is told by frames on stdin. Straight or on the same node it prints "sent BYTES" as it goes; the receiver's text
 * goes first through the pipe, for no login shell has to understand it then.
 */
export const sendStream = (name: string, run: string, copy: Copy, way: Way): string => {
  const source = `name=${anyPath(copy.from.path)}
file=$R$name
`;
  if (way.kind === 'workstation')
    return marked(
      name,
      `${source}exec 3>/dev/null
send_frames "$file" || fail "$name could not be read to its end."`,
    );
  const text = `${prelude}\n${assemble(receive(run, copy))}`;
  const receiver = `env VBDESK_COPY=${name} /bin/sh -c`;
  const [before, to] =
    way.kind === 'same-node'
      ? ['', `${receiver} "$receiver"`]
      : [
          `printf '%s\\n%s' "\${#receiver}" "$receiver" && `,
          `${straightSsh} ${quote(way.peer)} ${quote(`exec /bin/sh -c 'read -r n && t=$(head -c "$n"; echo .) && exec ${receiver} "\${t%.}"'`)}`,
        ];
  return marked(
    name,
    `${source}receiver=${quote(text)}
exec 3>&1
# who reads no more has said why: then the sender is ended by a signal
{ ${before}send_frames "$file" || [ $? -gt 128 ] || echo "$name could not be read to its end." >&2; } | ${to} >&2 3>&-`,
  );
};

/**
 * The copy was compared: notes on the source's side, too, what was proved of the image, so that what is left there after a hand-over
 * can be told from what somebody wrote to since. Only where the run holds that folder, and while the image is what was read.
 */
export const noteSourceProof = (run: string, copy: Copy, proved: { hash: string; state: string }): string => {
  checkProof(proved);
  return assemble(`${sourceFile(copy)}folder=${anyPath(directoryOf(copy.from.path))}
[ "$(made_file "$R$folder" 2>/dev/null)" = "$R$folder/.made."${mark(run)} ] || exit 0
[ "$(file_state "$file")" = ${quote(proved.state)} ] || refuse "$name changed after it was copied."
note=$R$folder/.made.${mark(run)}.hashes
printf '%s  %s\\n' ${proved.hash} "\${name##*/}" >>"$note" && sync "$note" || fail "What $name was like can not be noted. Is the storage full?"`);
};

const checkProof = (proved: { hash: string; state: string }): void => {
  if (!/^[0-9a-f]{64}$/.test(proved.hash) || !/^[0-9]+ [0-9:]+ [0-9.]+ [0-9.]+$/.test(proved.state))
    throw new RenderError('This is no proof of a copy.');
};

/** The copy was compared: notes its hash, as long as it is the file that was compared. */
export const noteProof = (run: string, copy: Copy, proved: { hash: string; state: string }): string => {
  checkProof(proved);
  return assemble(`${partialOf(run, copy)}state=${quote(proved.state)}
real_folder "$folder"
[ "$(file_state "$partial")" = "$state" ] || refuse "The copy of $path changed after it was compared."
rm -f "$proof.new"
(set -C && printf '%s\\n%s\\n' ${proved.hash} "$state" >"$proof.new") && sync "$proof.new" && mv -fT "$proof.new" "$proof" ||
  fail "That the copy of $path was proved can not be noted. Is the storage full?"
sync_directory "$R$folder"`);
};

/** Afterwards nothing of the stream is left on the node. */
export const endStream = (name: string): string => assemble(`end_streams ${quote(name)} || exit 1`);

/** Prints the node's boot id, then names by which another node may reach it. */
export const introduce = `if [ -n "$R" ]; then cat "$R/boot_id"; else cat /proc/sys/kernel/random/boot_id; fi
uname -n
printf '%s\\n' "$SSH_CONNECTION" | cut -d ' ' -f 3 | grep . || :
`;

/** Prints the first of the names by which ssh from here reaches that machine, as root; 10 when none does, and why not, by name. */
export const findWay = (bootId: string, peers: readonly string[]): string => {
  mark(bootId);
  return assemble(`for peer in ${peers.map(quote).join(' ')}; do
  answer=$(timeout -k 2 20 ${straightSsh} -n "$peer" ${quote(`exec /bin/sh -c 'cat "\${VBDESK_ROOT:-/proc/sys/kernel/random}/boot_id"; if [ -n "$VBDESK_ROOT" ]; then echo 0; else id -u; fi'`)} </dev/null 2>&1) || { printf '%s: %s\\n' "$peer" "$(printf '%s' "$answer" | tr '\\r\\n' '  ' | head -c 200)" >&2; continue; }
  # an ssh that says something besides goes before what was asked
  case $answer in
    "${bootId}
0" | *"
${bootId}
0") ;;
    *) echo "$peer: what answers there is another machine, or not root." >&2; continue ;;
  esac
  printf '%s\\n' "$peer"
  exit 0
done
exit 10`);
};
