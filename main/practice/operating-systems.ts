/** What a newcomer can install on the practice cluster: a template image, and an OS definition that harms nothing. */
import { existsSync } from 'node:fs';
import { chmod, mkdir, open, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { templateDirectory } from '../../core/cluster/schema.ts';

const mebibyte = 1024 ** 2;

const template = 'practice-guest.raw';

const create = `#!/bin/sh
# An OS definition of the practice cluster: writes a few lines to the first disk, where an operating system would go.
set -e
echo "Installing $OS_NAME $OS_VARIANT for $INSTANCE_NAME: $DISK_COUNT disk(s), $NIC_COUNT network card(s)."
case $OS_VARIANT in
  greeting) text=\${OSP_GREETING:-Hello from $INSTANCE_NAME} ;;
  *) text="$OS_NAME for $INSTANCE_NAME" ;;
esac
printf '%s\\n' "$text" | dd of="$DISK_0_PATH" bs=512 seek=64 conv=notrunc,sync 2>/dev/null
echo "Wrote to disk 0: $text"
`;

const exportScript = `#!/bin/sh
# Prints what import reads: the whole disk, compressed. What it says goes to the standard error, which is shown.
set -e
echo "Exporting disk $EXPORT_INDEX of $INSTANCE_NAME." >&2
exec gzip -c <"$EXPORT_DEVICE"
`;

const importScript = `#!/bin/sh
set -e
echo "Importing to disk $IMPORT_INDEX of $INSTANCE_NAME."
gzip -dc | dd of="$IMPORT_DEVICE" bs=1048576 iflag=fullblock conv=notrunc 2>/dev/null
`;

const renameScript = `#!/bin/sh
set -e
echo "Renaming $OLD_INSTANCE_NAME to $INSTANCE_NAME on disk 0."
printf '%s\\n' "$OS_NAME for $INSTANCE_NAME" | dd of="$DISK_0_PATH" bs=512 seek=64 conv=notrunc,sync 2>/dev/null
`;

const verify = `#!/bin/sh
[ "\${1:-}" = parameters ] || { echo "usage: verify parameters" >&2; exit 1; }
[ "\${#OSP_GREETING}" -le 200 ] || { echo "The greeting is longer than 200 characters." >&2; exit 1; }
`;

const files: Readonly<Record<string, { text: string; mode: number }>> = {
  ganeti_api_version: { text: '20\n15\n', mode: 0o644 },
  'variants.list': { text: '# what it writes\nplain\ngreeting\n', mode: 0o644 },
  'parameters.list': { text: 'greeting What the variant greeting writes to the disk\n', mode: 0o644 },
  create: { text: create, mode: 0o755 },
  import: { text: importScript, mode: 0o755 },
  export: { text: exportScript, mode: 0o755 },
  rename: { text: renameScript, mode: 0o755 },
  verify: { text: verify, mode: 0o755 },
};

/** @param shared the directory that is /srv/ganeti on the nodes. What is there already stays. */
export const putOperatingSystems = async (shared: string): Promise<void> => {
  const definition = path.join(shared, 'os', 'practice');
  await mkdir(definition, { recursive: true });
  for (const [name, { text, mode }] of Object.entries(files)) {
    const file = path.join(definition, name);
    if (existsSync(file)) continue;
    await writeFile(`${file}.new`, text);
    await chmod(`${file}.new`, mode);
    await rename(`${file}.new`, file);
  }
  const templates = path.join(shared, 'file-storage', templateDirectory);
  const image = path.join(templates, template);
  if (existsSync(image)) return;
  await mkdir(templates, { recursive: true });
  const handle = await open(`${image}.new`, 'w');
  try {
    await handle.truncate(64 * mebibyte);
    await handle.write('VBDesk practice guest: copied from a template.\n', 64 * 512);
  } finally {
    await handle.close();
  }
  await rename(`${image}.new`, image);
};
