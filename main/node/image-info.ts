/** What `qemu-img info` says of an image and of all on which it builds, read on demand. */
import { z } from 'zod';
import type { ImageFacts } from '../../core/cluster/snapshot.ts';
import type { ImageInfo } from '../../core/contract.ts';
import { anyPath } from './actions/rendered.ts';
import { logicalNames } from './image-header.ts';
import { prelude } from './prelude.ts';
import { quote } from './quote.ts';
import { assemble } from './shell/assemble.ts';

/**
 * Standalone. Reads only, also while a guest has the image open (-U): what it tells is then as of a moment ago.
 *
 * The chain is walked here and not by qemu-img: a guest can write any header into a raw disk, and one that names a base such as
 * `nbd:…` would make qemu-img open it. For the same reason no image is opened that keeps its data in another file, no base that is
 * not a regular file below a storage directory, and none in another format than raw or one that its own first bytes tell.
 * @param type by its record; null: as its header says
 * @param loose it lies in the storage directory itself, in no folder
 * @param directories the cluster's storage directories: bases may lie in any of them
 */
export const imageInfoScript = (
  path: string,
  type: ImageFacts['type'],
  loose: boolean,
  directories: readonly string[],
): string =>
  `${prelude}${assemble(`path=${anyPath(path)}
type=${quote(type ?? '')}
need_qemu_img 'tells about images'
${loose ? `real_storage "\${path%/*}"` : `is_real_folder "\${path%/*}" || refuse "$why"`}
[ -f "$R$path" ] && [ ! -L "$R$path" ] || refuse "$path is missing, or not a regular file."
image=$R$path
printf 'root %s\\n' "$R"
depth=0
while [ "$depth" -lt 64 ]; do
  depth=$((depth + 1))
  shown=\${image#"$R"}
  header=$(image_header "$image") || refuse "$shown can not be read."
  [ -n "$type" ] || type=$(type_of_header "$header")
  case $type in
    vhd) type=vpc ;;
  esac
  holds_its_data "$image" "$type" "$shown" || refuse "$why"
  # of a VHD its size is the one in its footer, as a conversion takes it
  if [ "$type" = vpc ]; then set -- --image-opts "$(image_options "$image" vpc)"; else set -- -f "$type" "$image"; fi
  said=$(timeout -k 2 60 qemu-img info -U --output=json "$@" 2>&1) || refuse "What qemu-img says of $shown: $said"
  printf 'image %s\\n%s\\n' "$shown" "$said"
  case $type in qcow | qcow2) ;; *) echo whole; exit 0 ;; esac
  backing=$(backing_name "$image") || refuse "On what $shown builds can not be read."
  case $backing in
    '') echo whole; exit 0 ;;
    file:*) backing=\${backing#file:} ;;
  esac
  case $backing in
    /*) where=$backing; [ -z "$R" ] || [ -e "$where" ] || where=$R$backing ;;
    [a-z]*:*) echo elsewhere; exit 0 ;;
    *) where=\${image%/*}/$backing ;;
  esac
  if [ ! -f "$where" ]; then echo missing; exit 0; fi
  image=$where
  really=$(realpath -e -- "$where") || { echo missing; exit 0; }
  inside=
  for directory in ${directories.map((each) => anyPath(each)).join(' ')}; do
    top=$(realpath -e -- "$R$directory" 2>/dev/null) || continue
    case $really in "$top"/*) inside=1 ;; esac
  done
  [ -n "$inside" ] || { echo outside; exit 0; }
  # what the overlay says of its format is the word of whoever wrote it: only "raw" is taken, which reads no header
  if printf '%s\\n' "$said" | grep -q '^ *"backing-filename-format": "raw"'; then type=raw; else
    header=$(image_header "$image") || refuse "\${image#"$R"} can not be read."
    type=$(type_of_header "$header")
    case $type in raw | qcow | qcow2) ;; *) echo foreign; exit 0 ;; esac
  fi
done
echo endless`)}`;

const part = z.object({
  format: z.string(),
  'virtual-size': z.number(),
  'actual-size': z.number().optional(),
  'cluster-size': z.number().optional(),
  'backing-filename': z.string().optional(),
  'backing-filename-format': z.string().optional(),
  encrypted: z.boolean().optional(),
  'dirty-flag': z.boolean().optional(),
  'format-specific': z
    .object({ data: z.object({ corrupt: z.boolean().optional() }).optional() })
    .optional()
    .catch(undefined),
  snapshots: z.array(z.object({ name: z.string(), 'date-sec': z.number() })).optional(),
});

const problemOf = (end: string, last: string): string | null => {
  switch (end) {
    case 'whole':
      return null;
    case 'elsewhere':
      return `${last} builds on what is no file of this node; it was not opened.`;
    case 'outside':
      return `${last} builds on a file that does not lie below a storage directory; it was not opened.`;
    case 'foreign':
      return `${last} builds on a file that is no raw or qcow2 image; it was not opened.`;
    case 'missing':
      return `${last} builds on a file that is missing on this node: without it the image can't be read.`;
    case 'endless':
      return `The chain of bases does not end within 64 images: it may build on itself.`;
    default:
      throw new Error('The answer was cut off.');
  }
};

/**
 * @param directories the cluster's storage directories
 * @throws when the text is not what the script prints
 */
export const readImageInfo = (text: string, node: string, directories: readonly string[]): ImageInfo => {
  const logical = logicalNames(/^root (.*)$/m.exec(text)?.[1] ?? '', directories);
  const end = text.trimEnd().split('\n').at(-1) ?? '';
  const chain = text
    .slice(0, text.trimEnd().length - end.length)
    // qemu-img's own lines begin with a brace or a space
    .split(/^image (?=\/)/m)
    .slice(1)
    .map((each) => {
      const at = each.indexOf('\n');
      const said = part.parse(JSON.parse(each.slice(at)));
      return {
        path: logical(each.slice(0, at)),
        format: said.format,
        virtualSize: said['virtual-size'],
        allocated: said['actual-size'] ?? 0,
        clusterSize: said['cluster-size'] ?? null,
        backing: said['backing-filename'] === undefined ? null : logical(said['backing-filename']),
        backingFormat: said['backing-filename-format'] ?? null,
        encrypted: said.encrypted === true,
        dirty: said['dirty-flag'] === true,
        corrupt: said['format-specific']?.data?.corrupt === true,
        snapshots: (said.snapshots ?? []).map((one) => ({ tag: one.name, at: one['date-sec'] * 1000 })),
      };
    });
  return { node, chain, problem: problemOf(end, chain.at(-1)?.path ?? '') };
};
