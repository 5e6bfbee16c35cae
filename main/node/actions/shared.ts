/**
 * Storage is shared when a file with a random name, written through one node, opens through the other, in both directions. Looked for
 * by opening: a listing may be old. The engine runs `write` on one node, `read` on the others, then `remove`. After `prelude`.
 */
import { assemble } from '../shell/assemble.ts';
import { anyPath, mark } from './rendered.ts';

const file = (directory: string, token: string): string =>
  `directory=${anyPath(directory)}\ntoken=${mark(token)}\nproof=$directory/.vbdesk-proof.$token\n`;

export const proveShared = {
  /** Exit 0: the file is there and on the disk. */
  write: (directory: string, token: string): string =>
    assemble(`${file(directory, token)}[ -d "$R$directory" ] || refuse "There is no directory $directory."
# what a workstation that died in the middle left behind
find "$R$directory" -maxdepth 1 -type f -name '.vbdesk-proof.*' -mtime +0 -delete 2>/dev/null
(set -C && printf '%s\\n' "$token" >"$R$proof") && sync "$R$proof" || fail "A file can not be written to $directory."`),
  /** Exit 0: it opens here and holds the token; 10: it is not there. */
  read: (directory: string, token: string): string =>
    assemble(`${file(directory, token)}if found=$(timeout -k 2 20 head -c 200 "$R$proof" 2>/dev/null); then
  [ "$found" = "$token" ] && exit 0
  echo "$proof is here, but holds something else." >&2
  exit 10
fi
echo "A file that was written through another node is not in $directory here." >&2
exit 10`),
  /** May be repeated. */
  remove: (directory: string, token: string): string =>
    assemble(`${file(directory, token)}rm -f "$R$proof" || fail "$proof can not be removed."`),
};
