/** Folders with their lock: made, taken, given back. */

import type { LockContent } from '../../../core/cluster/record.ts';
import { trashDirectory } from '../../../core/cluster/schema.ts';
import { quote } from '../quote.ts';
import { assemble } from '../shell/assemble.ts';
import { type ActionOf, anyPath, directoryOf, mark, ownPath, type Rendered, rendered } from './rendered.ts';

/** One line of JSON, the run first: people read it with `cat`, the scripts with sed. */
const lockText = (lock: LockContent): string => {
  const { run, ...rest } = lock;
  return JSON.stringify({ run, ...rest });
};

const takeLock = `take_lock "$folder" "$run" "$text"
case $? in
  0) ;;
  1) exit 73 ;;
  2) exit 75 ;;
  *) exit 1 ;;
esac`;

const given = (folder: string, run: string): string => `folder=${ownPath(folder)}\nrun=${mark(run)}\n`;

export const lock = (action: ActionOf<'lock'>): Rendered => {
  const head = given(action.folder, action.lock.run);
  return rendered({
    summary: `ln -T ${action.folder}/.lock.${action.lock.run} ${action.folder}/.lock`,
    act: `${head}text=${quote(lockText(action.lock))}\nreal_folder "$folder"\n${takeLock}`,
    check: `${head}holder=$(lock_run "$R$folder") || { ! is_there "$R$folder/.lock" || exit 11; }
[ "$holder" != "$run" ] || exit 0
! is_there "$R$folder/.lock.$run" || exit 11
exit 10`,
  });
};

export const unlock = (action: ActionOf<'unlock'>): Rendered => {
  const head = given(action.folder, action.run);
  return rendered({
    summary: `rm ${action.folder}/.lock   # while it reads ${action.run}`,
    act: `${head}# a folder that is gone took its lock with it
is_there "$R$folder" || exit 0
real_folder "$folder"
release_lock "$folder" "$run"`,
    check: `${head}[ "$(lock_run "$R$folder")" = "$run" ] && exit 10\nexit 0`,
  });
};

export const breakLock = (action: ActionOf<'break-lock'>): Rendered => {
  const head = given(action.folder, action.run);
  return rendered({
    summary: `rm ${action.folder}/.lock   # of the run ${action.run}, broken by hand`,
    act: `${head}real_folder "$folder"
holder=$(lock_run "$R$folder") && [ "$holder" != "$run" ] && {
  say_holder "$R$folder" "$folder" ''
  refuse "That is not the run $run, whose lock was to be broken."
}
release_lock "$folder" "$run"`,
    check: `${head}[ "$(lock_run "$R$folder")" = "$run" ] && exit 10\nexit 0`,
  });
};

export const makeFolder = (action: ActionOf<'make-folder'>): Rendered => {
  const head = given(action.folder, action.lock.run);
  const above = directoryOf(action.folder);
  const intoTrash = above.endsWith(`/${trashDirectory}`);
  return rendered({
    summary: `mkdir ${action.folder}`,
    act: `${head}text=${quote(lockText(action.lock))}
${intoTrash ? `real_storage ${anyPath(directoryOf(above))}\nis_there "$R"${anyPath(above)} || mkdir -p "$R"${anyPath(above)} || refuse "The trash can not be made."\n` : ''}real_storage ${anyPath(above)}
made=$(mkdir "$R$folder" 2>&1) || refuse "The folder $folder can not be made: $made"
sync_directory "$R"${anyPath(directoryOf(action.folder))}
real_folder "$folder"
take_lock "$folder" "$run" "$text" && exit 0
rmdir "$R$folder" 2>/dev/null && exit 73
fail "The folder $folder was made, but its lock could not be taken."`,
    check: `${head}[ "$(lock_run "$R$folder")" != "$run" ] || exit 0
is_there "$R$folder" || exit 10
# an empty folder, or one with nothing but what we were about to link: ours, not finished
[ -n "$(find "$R$folder" -mindepth 1 ! -name ".lock.$run" 2>&1 | head -n 1)" ] || exit 11
exit 10`,
  });
};

export const dropFolder = (action: ActionOf<'drop-folder'>): Rendered => {
  const head = given(action.folder, action.run);
  return rendered({
    summary: `rm ${action.folder}/.lock; rmdir ${action.folder}`,
    act: `${head}is_there "$R$folder" || exit 0
real_folder "$folder"
at=$R$folder
holder=$(lock_run "$at")
others=$(find "$at" -mindepth 1 -maxdepth 1 ! -name '.tmp.????????????????' ! -name .lock ! -name ".lock.$run" ! -name ".made.$run" ! -name ".made.$run.*" -printf '%f ' | head -c 500)
if [ "$holder" != "$run" ] && { [ -n "$holder" ] || [ -n "$others" ]; }; then
  printf '%s is not of this run and stays as it is.\\n' "$folder"
  exit 0
fi
[ -z "$others" ] || refuse "$folder is not empty and stays, with its lock: $others"
release_lock "$folder" "$run"
remove_temporary "$at"
removed=$(rmdir "$at" 2>&1) || fail "The folder $folder can not be removed: $removed"
sync_directory "$R"${anyPath(directoryOf(action.folder))}`,
    check: `${head}is_there "$R$folder" && exit 10\nexit 0`,
  });
};

/**
 * Exits 77 with a sentence unless every one of these folders' locks reads back our run: a job that wakes up late finds its lock gone
 * and does nothing. To be run after `prelude`.
 * @param locks logical paths of folders
 */
export const guardScript = (locks: string[], run: string): string =>
  assemble(
    [
      ...locks.map(
        (folder) => `run=${mark(run)}
folder=${ownPath(folder)}
if ! holder=$(lock_run "$R$folder") || [ "$holder" != "$run" ]; then
  printf 'The lock of %s is not held by this run (%s) any more, so nothing was done.\\n' "$folder" "$run" >&2
  say_holder "$R$folder" "$folder" ''
  exit 77
fi`,
      ),
      'exit 0',
    ].join('\n'),
  );
