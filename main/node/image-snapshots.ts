/** The snapshots in a qcow2 image, read on demand. */
import { z } from 'zod';
import type { DiskSnapshot } from '../../core/contract.ts';
import { anyPath } from './actions/rendered.ts';
import { prelude } from './prelude.ts';
import { assemble } from './shell/assemble.ts';

/** Standalone. Reads only, also while a guest has the image open (-U): what it tells is then as of a moment ago. */
export const snapshotsScript = (path: string): string =>
  `${prelude}${assemble(`path=${anyPath(path)}
need_qemu_img 'reads snapshots'
[ -f "$R$path" ] && [ ! -L "$R$path" ] || refuse "$path is missing, or not a regular file."
[ "$(type_of_header "$(image_header "$R$path")")" = qcow2 ] || refuse "$path is no qcow2 image, and only these hold snapshots."
holds_its_data "$R$path" qcow2 "$path" || refuse "$why"
said=$(timeout -k 2 60 qemu-img info -U -f qcow2 --output=json "$R$path" 2>&1) || refuse "The snapshots of $path can not be read: $said"
printf '%s\\n' "$said"`)}`;

const info = z.object({
  snapshots: z.array(z.object({ name: z.string(), 'date-sec': z.number() })).optional(),
});

/** @throws when the text is not what qemu-img prints */
export const readSnapshots = (text: string): DiskSnapshot[] =>
  (info.parse(JSON.parse(text)).snapshots ?? []).map((each) => ({
    tag: each.name,
    at: each['date-sec'] * 1000,
  }));
