/** Whole folders: moved by one rename, purged file by file. Never a tree. */
import { removedImagesFile } from '../../../core/cluster/removed-images.ts';
import { trashDirectory } from '../../../core/cluster/schema.ts';
import {
  type ActionOf,
  anyPath,
  baseName,
  directoryOf,
  mark,
  ownPath,
  RenderError,
  type Rendered,
  rendered,
  wholeNumber,
} from './rendered.ts';

export const moveFolder = (action: ActionOf<'move-folder'>): Rendered => {
  const { from, to, run } = action;
  const head = `from=${ownPath(from)}
to=${ownPath(to)}
inode=${wholeNumber(action.expectInode)}
is_moved() { [ "$inode" -eq 0 ] || [ "$(stat -c %i "$R$1" 2>/dev/null)" = "$inode" ]; }
`;
  const above = directoryOf(to);
  const intoTrash = above.endsWith(`/${trashDirectory}`);
  return rendered({
    summary: `mv -T ${from} ${to}`,
    act: `${head}above=${anyPath(above)}
if ! is_there "$R$from" && [ -d "$R$to" ] && is_moved "$to"; then
  sync_directory "$R$above"
  exit 0
fi
real_folder "$from"
is_moved "$from" || refuse "$from is not the folder that the plan was made for (its inode is $(stat -c %i "$R$from"), not $inode)."
${
  run === undefined
    ? ''
    : `[ "$(lock_run "$R$from")" = ${mark(run)} ] || { say_holder "$R$from" "$from" 'Nothing was moved.'; exit 77; }\n`
}inode=$(stat -c %i "$R$from") || refuse "$from can not be looked at."
${intoTrash ? `real_storage ${anyPath(directoryOf(above))}\nis_there "$R$above" || mkdir -p "$R$above" || refuse "$above can not be made."\nreal_folder "$above"` : 'real_storage "$above"'}
! is_there "$R$to" || refuse "$to exists already."
[ "$(stat -c %d "$R$from")" = "$(stat -c %d "$R$above")" ] ||
  refuse "$from and $above are not on the same file system, so it can not be moved in one rename."
said=$(mv -nT "$R$from" "$R$to" 2>&1)
if is_moved "$to" && ! is_there "$R$from"; then
  sync_directory "$R$above"
  sync_directory "$R"${anyPath(directoryOf(from))}
  exit 0
fi
! is_moved "$from" || refuse "$from could not be moved and is where it was: $said"
fail "$from was to be moved to $to. Neither of them is as it should be: $said"`,
    check: `${head}if is_there "$R$to"; then
  if is_moved "$to" && ! is_there "$R$from"; then exit 0; fi
elif is_there "$R$from" && is_moved "$from"; then exit 10
fi
exit 11`,
  });
};

/** Files of ours in a folder, beside the images that the record names. */
const ownNames = [
  'instance.json',
  'replica.json',
  removedImagesFile,
  'xen.cfg',
  '.lock',
  '.lock.*',
  '.made.*',
  '.tmp.*',
];

export const purgeFolder = (action: ActionOf<'purge-folder'>): Rendered => {
  const { folder, files, keep = [], run } = action;
  const reserved = files.find((file) => file.startsWith('.') || ownNames.includes(file));
  if (reserved !== undefined) throw new RenderError(`purge-folder: ${reserved} is no image's name.`);
  const both = files.find((file) => keep.includes(file));
  if (both !== undefined) throw new RenderError(`purge-folder: ${both} can't be deleted and kept.`);
  const words = files.map((file) => baseName(file));
  const head = `folder=${ownPath(folder)}
run=${mark(run)}
${
  keep.length === 0
    ? ''
    : `# nothing of it is left but what is kept
is_purged() {
  for file in ${['.lock', 'instance.json', 'replica.json', removedImagesFile, 'xen.cfg', ...words].join(' ')}; do
    ! is_there "$R$folder/$file" || return 1
  done
}
`
}`;
  return rendered({
    summary: `rm ${[...files, 'instance.json', 'xen.cfg'].map((file) => `${folder}/${file}`).join(' ')}; ${keep.length === 0 ? `rmdir ${folder}` : `# kept: ${keep.join(', ')}`}`,
    act: `${head}is_there "$R$folder" || exit 0
real_folder "$folder"
at=$R$folder
if [ "$(lock_run "$at")" != "$run" ]; then
  # the lock goes last: without it there is nothing but an empty folder, or this is not ours
  rmdir "$at" 2>/dev/null && exit 0${keep.length === 0 ? '' : '\n  is_purged && exit 0'}
  say_holder "$at" "$folder" ''
  exit 77
fi
set -- ${words.join(' ')}
leftovers=$(find "$at" -mindepth 1 -maxdepth 1 -printf '%y %f\\n' | while IFS= read -r entry; do
  kind=\${entry%% *}
  entry=\${entry#* }
  known=
  for file in "$@" ${ownNames.filter((name) => !name.endsWith('*')).join(' ')}; do [ "$entry" != "$file" ] || known=1; done
  case $entry in .lock.* | .made.* | .tmp.*) known=1 ;; esac${
    keep.length === 0
      ? ''
      : `
  kept=
  for file in ${keep.map((file) => baseName(file)).join(' ')}; do [ "$entry" != "$file" ] || kept=1; done
  [ -z "$kept" ] || continue`
  }
  [ -n "$known" ] && [ "$kind" = f ] || printf '%s ' "$entry"
done)
[ -z "$leftovers" ] || refuse "$folder holds what its record does not name, or what is no regular file: $leftovers. Nothing was deleted. Move it away first."
${
  words.length === 0
    ? ''
    : `unused_or_refuse ${files.map((file) => anyPath(`${folder}/${file}`)).join(' ')}
for file in "$@"; do
  rm -f "$at/$file" || fail "$folder/$file can not be deleted. What is left: $(find "$at" -mindepth 1 -printf '%P ')"
done
`
}for file in "$at/instance.json" "$at/replica.json" "$at/${removedImagesFile}" "$at/xen.cfg" "$at"/.tmp.* "$at"/.made.* "$at"/.lock.*; do
  rm -f "$file" || fail "$folder is not empty yet: $(find "$at" -mindepth 1 -printf '%P ')"
done
sync_directory "$at"
${
  keep.length === 0
    ? `rm -f "$at/.lock" && rmdir "$at" || fail "$folder is not empty: $(find "$at" -mindepth 1 -printf '%P ')"`
    : `rm -f "$at/.lock" || fail "The lock of $folder can not be removed."
rmdir "$at" 2>/dev/null || printf 'Kept in %s: %s\\n' "$folder" "$(find "$at" -mindepth 1 -maxdepth 1 -printf '%f ')"`
}
sync_directory "$R"${anyPath(directoryOf(folder))}`,
    check: `${head}is_there "$R$folder" || exit 0${keep.length === 0 ? '' : '\nis_purged && exit 0'}
# it may be repeated as it is
exit 10`,
  });
};

export const dropNote = (action: ActionOf<'drop-note'>): Rendered => {
  const head = `folder=${ownPath(action.folder)}
run=${mark(action.run)}
note=$R$folder/${removedImagesFile}
`;
  return rendered({
    summary: `rm ${action.folder}/${removedImagesFile}`,
    act: `${head}real_folder "$folder"
is_there "$note" || exit 0
[ "$(lock_run "$R$folder")" = "$run" ] || { say_holder "$R$folder" "$folder" ''; exit 77; }
[ -f "$note" ] && [ ! -L "$note" ] || refuse "$folder/${removedImagesFile} is not a regular file and stays."
rm -f "$note" || fail "$folder/${removedImagesFile} can not be removed."
sync_directory "$R$folder"`,
    check: `${head}is_there "$note" && exit 10\nexit 0`,
  });
};
