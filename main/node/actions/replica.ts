/** Replicas: reopened for the next copy, described, made of a record, taken over by one. */
import { createHash } from 'node:crypto';
import type { ReplicaRecord } from '../../../core/cluster/replica.ts';
import { quote } from '../quote.ts';
import {
  type ActionOf,
  anyPath,
  baseName,
  mark,
  ownPath,
  RenderError,
  type Rendered,
  rendered,
} from './rendered.ts';

const temporaryMark = (text: string): string =>
  createHash('sha256').update(text, 'utf8').digest('hex').slice(0, 16);

/** Files of a replica: images, and nothing of ours. */
const imageWords = (files: readonly string[]): string => {
  const reserved = files.find(
    (file) => file.startsWith('.') || /^(instance|replica)\.json$|^xen\.cfg$/.test(file),
  );
  if (reserved !== undefined) throw new RenderError(`${reserved} is no image's name.`);
  return files.map(baseName).join(' ');
};

const reopened = (
  action: ActionOf<'reopen-replica'> | ActionOf<'reseal-replica'>,
): string => `folder=${ownPath(action.folder)}
run=${mark(action.run)}
at=$R$folder
# what the images were like when they were reopened: "length time-of-writing inode name"
note=$at/.made.$run.reopened
set -- ${imageWords(action.files)}
`;

export const reopenReplica = (action: ActionOf<'reopen-replica'>): Rendered => {
  const head = reopened(action);
  return rendered({
    summary: action.files
      .map((file) => `mv ${action.folder}/${file} ${file}.partial.${action.run}`)
      .join('; '),
    act: `${head}real_folder "$folder"
! is_there "$at/instance.json" || refuse "$folder holds a record: it is no replica, and its images are not written to."
[ -f "$at/replica.json" ] || refuse "$folder holds no replica.json: whose its images are is not known."
for file in "$@"; do
  for found in "$at/$file" "$at/$file".partial.*; do
    is_there "$found" || continue
    [ -f "$found" ] && [ ! -L "$found" ] || refuse "$folder/\${found##*/} is not a regular file."
  done
done
${action.files.map((file) => `! is_there "$at"/${baseName(file)} || unused_or_refuse ${anyPath(`${action.folder}/${file}`)}`).join('\n')}
if [ ! -f "$note" ]; then
  (set -C && for file in "$@"; do
    [ -f "$at/$file" ] || continue
    like=$(stat -c '%s %.9Y %i' "$at/$file") && printf '%s %s\\n' "$like" "$file" || exit 1
  done >"$note.new") || { rm -f "$note.new"; refuse "What the images of $folder are like can not be noted. Is the storage full?"; }
  sync "$note.new" && mv -fT "$note.new" "$note" || fail "What the images of $folder are like can not be noted."
fi
for file in "$@"; do
  partial=$at/$file.partial.$run
  if is_there "$at/$file"; then
    ! is_there "$partial" || fail "$folder has both $file and a copy of this run that was begun."
    mv -nT "$at/$file" "$partial" && ! is_there "$at/$file" || fail "$folder/$file can not be renamed."
  elif ! is_there "$partial"; then
    # of what earlier copies left, the newest is most like the image
    newest=
    for left in "$at/$file".partial.*; do
      [ -f "$left" ] || continue
      if [ -z "$newest" ] || [ -n "$(find "$left" -newer "$newest")" ]; then newest=$left; fi
    done
    [ -z "$newest" ] || mv -nT "$newest" "$partial" || fail "$newest can not be renamed."
  fi
  for left in "$at/$file".partial.*; do
    [ ! -f "$left" ] || [ "$left" = "$partial" ] || rm -f "$left"
  done
done
sync_directory "$at"`,
    check: `${head}[ -d "$at" ] || exit 11
here=0
for file in "$@"; do ! is_there "$at/$file" || here=$((here + 1)); done
[ "$here" -gt 0 ] || exit 0
[ -f "$note" ] || exit 10
# it may be repeated as it is
exit 10`,
  });
};

export const resealReplica = (action: ActionOf<'reseal-replica'>): Rendered => {
  const head = reopened(action);
  return rendered({
    summary: action.files
      .map(
        (file) =>
          `mv ${action.folder}/${file}.partial.${action.run} ${file}   # if nothing was written to it`,
      )
      .join('; '),
    act: `${head}is_there "$at" || exit 0
real_folder "$folder"
# a copy that was cut off may still be writing
end_streams "$run:" || exit 1
[ -f "$note" ] || exit 0
# the replica is described anew by this run: what lies here is that, and only the note was not yet taken away
if grep -qsF -e '"run": "'"$run"'"' "$at/replica.json"; then
  rm -f "$note"
  exit 0
fi
same() { # $1 file, $2 its path: it is as it was when it was reopened
  now=$(stat -c '%s %.9Y %i' "$2") && grep -qxF -e "$now $1" "$note"
}
for file in "$@"; do
  if is_there "$at/$file"; then found=$at/$file; else found=$at/$file.partial.$run; fi
  if ! [ -f "$found" ] || ! same "$file" "$found"; then
    printf '%s was written to, or was not whole before: the copy that was begun stays, and the next one goes on with it.\\n' "$folder/$file"
    # an image that was accepted since is not what replica.json speaks of: under its own name it would pass for that
    for accepted in "$@"; do
      ! is_there "$at/$accepted" || is_there "$at/$accepted.partial.$run" ||
        mv -nT "$at/$accepted" "$at/$accepted.partial.$run" || fail "$folder/$accepted can not be renamed."
    done
    rm -f "$note"
    sync_directory "$at"
    exit 0
  fi
done
for file in "$@"; do
  is_there "$at/$file" || mv -nT "$at/$file.partial.$run" "$at/$file" || fail "$folder/$file can not get its name back."
done
rm -f "$note"
sync_directory "$at"`,
    check: `${head}[ -f "$note" ] || exit 0
exit 10`,
  });
};

const headOf = (folder: string, replica: ReplicaRecord, expect: string): string => `folder=${ownPath(folder)}
copy=${mark(replica.copy)}
expect=${quote(expect)}
at=$R$folder
path=$folder/replica.json
`;

/**
 * The new text in $temporary, its hash in $sum. Hashes of images that are not known are filled in from what this run's copies
 * proved ("hash  name", in a note of the run): the line of an image's hash is the only one at this depth.
 */
const prepared = (replica: ReplicaRecord): string => {
  const text = `${JSON.stringify(replica, null, 2)}\n`;
  const unknown = replica.disks.filter((each) => each.content === null).map((each) => each.file);
  for (const file of unknown) baseName(file);
  return `proofs=$([ ! -f "$notes.hashes" ] || cat "$notes.hashes")
hashes=$(printf '%s\\n' "$proofs" | FILES=${quote(unknown.join('\n'))} awk '
  { proved[substr($0, 67)] = substr($0, 1, 64) }
  END {
    count = split(ENVIRON["FILES"], file, "\\n")
    for (i = 1; i <= count; i++) print (proved[file[i]] ~ /^[0-9a-f]+$/ ? proved[file[i]] : "null")
  }')
content() {
  printf '%s' ${quote(text)} | HASHES=$hashes awk '
    BEGIN { split(ENVIRON["HASHES"], hash, "\\n") }
    /^      "content": null,?$/ { n++; if (hash[n] != "null" && hash[n] != "") sub(/null/, "\\"" hash[n] "\\"") }
    { print }'
}
sum=$(content | sha256sum) && sum=\${sum%% *}
write_beside "$temporary" || refuse "$path could not be written whole, so nothing was changed. Is the storage full?"`;
};

/** Names that the writing needs, beside `headOf`. */
const names = (replica: ReplicaRecord): string => `notes=$at/.made.${mark(replica.written.run)}
temporary=$(temporary_of "$R$path" ${temporaryMark(JSON.stringify(replica))})
`;

const replaced = `moved=$(mv -fT "$temporary" "$R$path" 2>&1) || { rm -f "$temporary"; refuse "$path can not be written: $moved"; }
sync_directory "$at"`;

export const writeReplica = (action: ActionOf<'write-replica'>): Rendered => {
  const { folder, replica, expectCopy } = action;
  if (expectCopy !== null) mark(expectCopy);
  const head = headOf(folder, replica, expectCopy ?? '');
  return rendered({
    summary: `write ${folder}/replica.json (copied from ${replica.source})`,
    act: `${head}${names(replica)}real_folder "$folder"
! is_there "$at/instance.json" || refuse "$folder holds a record, so it is no replica."
found=$(replica_copy "$R$path") || refuse "$path is there, but what it says can not be read."
if [ "$found" = "$copy" ]; then
  rm -f "$temporary" "$notes.reopened"
  exit 0
fi
[ "$found" = "$expect" ] || refuse "The replica in $folder changed since the plan was made (expected: \${expect:-none}, found: \${found:-none})."
${prepared(replica)}
${
  expectCopy === null
    ? `note_made "$at" "$temporary" replica.json || { rm -f "$temporary"; refuse "$folder is not locked by a run, or its list of new files can not be written: $path was not made."; }
put_new "$R$path" "$temporary" || refuse "$path exists already: $linked"`
    : replaced
}
[ "$(file_sum "$R$path")" = "$sum" ] || fail "$path does not read back as it was written."
rm -f "$notes.reopened"`,
    check: `${head}found=$(replica_copy "$R$path") || exit 11
[ "$found" != "$copy" ] || exit 0
[ "$found" != "$expect" ] || exit 10
exit 11`,
  });
};

export const demoteRecord = (action: ActionOf<'demote-record'>): Rendered => {
  const { folder, replica, expectId } = action;
  mark(expectId);
  const head = headOf(folder, replica, expectId);
  return rendered({
    summary: `write ${folder}/replica.json; rm ${folder}/instance.json   # while its id is ${expectId}`,
    act: `${head}${names(replica)}real_folder "$folder"
found=$(record_id "$at/instance.json") || refuse "The id of $folder/instance.json can not be read."
if [ -z "$found" ]; then
  [ "$(replica_copy "$R$path")" = "$copy" ] || refuse "$folder holds no record."
  exit 0
fi
[ "$found" = "$expect" ] || refuse "The record of $folder changed since the plan was made (expected id: $expect, found: $found)."
${prepared(replica)}
${replaced}
[ "$(file_sum "$R$path")" = "$sum" ] || fail "$path does not read back as it was written."
# until here the record counts, whatever lies beside it
removed=$(rm -f "$at/instance.json" 2>&1) || fail "$folder/instance.json can not be removed: $removed"
sync_directory "$at"`,
    check: `${head}found=$(record_id "$at/instance.json") || exit 11
[ "$found" != "$expect" ] || exit 10
[ -z "$found" ] && [ "$(replica_copy "$R$path")" = "$copy" ] && exit 0
exit 11`,
  });
};

export const dropReplica = (action: ActionOf<'drop-replica'>): Rendered => {
  const head = `folder=${ownPath(action.folder)}\nid=${mark(action.recordId)}\nat=$R$folder\n`;
  return rendered({
    summary: `rm ${action.folder}/replica.json   # beside the record ${action.recordId}`,
    act: `${head}real_folder "$folder"
is_there "$at/replica.json" || exit 0
found=$(record_id "$at/instance.json") || refuse "The id of $folder/instance.json can not be read."
[ "$found" = "$id" ] || refuse "The record of $folder is not the one that took over (expected id: $id, found: \${found:-none})."
removed=$(rm -f "$at/replica.json" 2>&1) || fail "$folder/replica.json can not be removed: $removed"
sync_directory "$at"`,
    check: `${head}is_there "$at/replica.json" || exit 0\nexit 10`,
  });
};
