/** Files of a folder and of the node's own state: written whole or not at all, removed only when this run made them. */
import { createHash } from 'node:crypto';
import { membershipPath, nodeStateDirectory, storageIdFile } from '../../../core/cluster/schema.ts';
import { quote } from '../quote.ts';
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
  uuidWord,
} from './rendered.ts';

const sha256 = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex');
/** Of a temporary file: the same at each attempt of the same step, so that an attempt removes what the one before it left. */
const temporaryMark = (text: string): string => sha256(text).slice(0, 16);

const notesNothing =
  'refuse "The folder of $path is not locked by a run, or its list of new files can not be written: $path was not made."';

export const writeFile = (action: ActionOf<'write-file'>): Rendered => {
  const { path, content, expect } = action;
  if (expect !== 'absent' && !/^[0-9a-f]{64}$/.test(expect))
    throw new RenderError(`write-file expects ${expect}`);
  const sum = sha256(content);
  const head = `path=${ownPath(path)}\nsum=${sum}\nexpect=${expect}\n`;
  const place =
    expect === 'absent'
      ? `note_made "$R$folder" "$temporary" "\${path##*/}" || { rm -f "$temporary"; ${notesNothing}; }
put_new "$R$path" "$temporary" || refuse "$path $linked"`
      : `moved=$(mv -fT "$temporary" "$R$path" 2>&1) || { rm -f "$temporary"; refuse "$path can not be replaced: $moved"; }
sync_directory "$R$folder"`;
  return rendered({
    summary: `write ${path} (${Buffer.byteLength(content)} bytes${expect === 'absent' ? ', new' : ''})`,
    act: `${head}folder=${ownPath(directoryOf(path))}
temporary=$(temporary_of "$R$path" ${temporaryMark(`${path}\n${content}`)})
content() { printf '%s' ${quote(content)}; }
real_folder "$folder"
found=$(file_sum "$R$path")
if [ "$found" = "$sum" ]; then
  rm -f "$temporary"
  exit 0
fi
[ "$found" = "$expect" ] || refuse "$path is not what it was when the plan was made (expected: $expect, found: $found)."
write_beside "$temporary" || refuse "$path could not be written whole, so the old one stays. Is the storage full?"
${place}
[ "$(file_sum "$R$path")" = "$sum" ] || fail "$path does not read back as it was written."`,
    check: `${head}found=$(file_sum "$R$path")
[ "$found" != "$sum" ] || exit 0
[ "$found" != "$expect" ] || exit 10
exit 11`,
  });
};

export const removeFile = (action: ActionOf<'remove-file'>): Rendered => {
  const { path } = action;
  const name = path.slice(path.lastIndexOf('/') + 1);
  baseName(name);
  const head = `path=${ownPath(path)}\n`;
  return rendered({
    summary: `rm ${path}   # only if this run made it`,
    act: `${head}folder=${ownPath(directoryOf(path))}
is_there "$R$path" || exit 0
real_folder "$folder"
[ -f "$R$path" ] && [ ! -L "$R$path" ] || refuse "$path is not a regular file and stays."
it=$(made_mark "$R$path") || refuse "$path can not be looked at."
if ! { manifest=$(made_file "$R$folder") && grep -qxsF -e "$it \${path##*/}" "$manifest"; }; then
  refuse "$path was not made by this run, so it stays."
fi
unused_or_refuse "$path"
rm -f "$R$path" || fail "$path can not be removed."
sync_directory "$R$folder"`,
    check: `${head}is_there "$R$path" && exit 10\nexit 0`,
  });
};

export const writeRecord = (action: ActionOf<'write-record'>): Rendered => {
  const { folder, record, expectId } = action;
  mark(record.id);
  if (expectId !== null) mark(expectId);
  const text = `${JSON.stringify(record, null, 2)}\n`;
  // The folder's inode is known only on the node when the folder is made by the same run.
  // At this depth only the place has an inode, and no string of JSON holds a line break.
  const start = '\n    "inode": ';
  const at = text.indexOf(start) + start.length;
  const [before, after] = [text.slice(0, at), text.slice(at + String(record.place.inode).length)];
  const head = `folder=${ownPath(folder)}\nid=${quote(record.id)}\nexpect=${quote(expectId ?? '')}\n`;
  return rendered({
    summary: `write ${folder}/instance.json (generation ${record.generation}, primary ${record.primary ?? 'none'})`,
    act: `${head}inode=${record.place.inode}
path=$folder/instance.json
temporary=$(temporary_of "$R$path" ${temporaryMark(text)})
content() { printf '%s' ${quote(before)} "$inode" ${quote(after)}; }
real_folder "$folder"
really=$(stat -c %i "$R$folder") || refuse "$folder can not be looked at."
[ "$inode" -ne 0 ] || inode=$really
[ "$inode" = "$really" ] || refuse "$folder has the inode $really and not $inode: it is not the folder that the plan was made for."
found=$(record_id "$R$path") || refuse "$path is there, but its id can not be read."
if [ "$found" = "$id" ]; then
  rm -f "$temporary"
  exit 0
fi
[ "$found" = "$expect" ] || refuse "The record of $folder changed since the plan was made (expected id: \${expect:-none}, found: \${found:-none})."
sum=$(content | sha256sum) && sum=\${sum%% *}
write_beside "$temporary" || refuse "$path could not be written whole, so the old one stays. Is the storage full?"
${
  expectId === null
    ? `note_made "$R$folder" "$temporary" instance.json || { rm -f "$temporary"; ${notesNothing}; }
put_new "$R$path" "$temporary" || refuse "$path $linked"`
    : `moved=$(mv -fT "$temporary" "$R$path" 2>&1) || { rm -f "$temporary"; refuse "$path can not be replaced: $moved"; }
sync_directory "$R$folder"`
}
[ "$(file_sum "$R$path")" = "$sum" ] || fail "$path does not read back as it was written."`,
    check: `${head}found=$(record_id "$R$folder/instance.json") || exit 11
[ "$found" != "$id" ] || exit 0
[ "$found" != "$expect" ] || exit 10
exit 11`,
  });
};

/** Replaces a file of the node's own state directory, whatever was there. */
const replaceState = `mkdir -p "$R$folder" || refuse "$folder can not be made."
write_beside "$temporary" || refuse "$path could not be written whole, so the old one stays. Is the file system full?"
moved=$(mv -fT "$temporary" "$R$path" 2>&1) || { rm -f "$temporary"; refuse "$path can not be replaced: $moved"; }
sync_directory "$R$folder"
[ "$(file_sum "$R$path")" = "$sum" ] || fail "$path does not read back as it was written."`;

const stateFile = (path: string, content: string): string => `path=${anyPath(path)}
folder=${anyPath(directoryOf(path))}
sum=${sha256(content)}
content() { printf '%s' ${quote(content)}; }
temporary=$(temporary_of "$R$path" ${temporaryMark(`${path}\n${content}`)})
`;

const tombstonePath = (uuid: string): string => `${nodeStateDirectory}/removed/${uuid.toLowerCase()}`;

export const writeTombstone = (action: ActionOf<'write-tombstone'>): Rendered => {
  uuidWord(action.uuid);
  const path = tombstonePath(action.uuid);
  const content = `${JSON.stringify({ uuid: action.uuid.toLowerCase(), name: action.name, at: action.at })}\n`;
  return rendered({
    summary: `write ${path}`,
    act: `${stateFile(path, content)}${replaceState}`,
    check: `path=${anyPath(path)}\nis_there "$R$path" && exit 0\nexit 10`,
  });
};

export const removeTombstone = (action: ActionOf<'remove-tombstone'>): Rendered => {
  uuidWord(action.uuid);
  const path = tombstonePath(action.uuid);
  const head = `path=${anyPath(path)}\n`;
  return rendered({
    summary: `rm -f ${path}`,
    act: `${head}is_there "$R$path" || exit 0
rm -f "$R$path" || fail "$path can not be removed."
sync_directory "$R"${anyPath(directoryOf(path))}`,
    check: `${head}is_there "$R$path" && exit 10\nexit 0`,
  });
};

const membershipText = (value: ActionOf<'write-membership'>['membership']): string =>
  `${JSON.stringify(value, null, 2)}\n`;

export const removeMembership = (action: ActionOf<'remove-membership'>): Rendered => {
  const { membership } = action;
  const head = `path=${anyPath(membershipPath)}\nsum=${sha256(membershipText(membership))}\n`;
  return rendered({
    summary: `rm ${membershipPath}   # only if it is this one: cluster ${membership.cluster}, generation ${membership.generation}`,
    act: `${head}found=$(file_sum "$R$path")
[ "$found" != absent ] || exit 0
if [ "$found" != "$sum" ]; then
  printf '%s is not as this run wrote it, so it stays.\\n' "$path"
  exit 0
fi
rm -f "$R$path" || fail "$path can not be removed."
sync_directory "$R"${anyPath(directoryOf(membershipPath))}`,
    check: `${head}[ "$(file_sum "$R$path")" = "$sum" ] && exit 10\nexit 0`,
  });
};

export const writeMembership = (action: ActionOf<'write-membership'>): Rendered => {
  const { membership, replaces } = action;
  const content = membershipText(membership);
  const own = `${uuidWord(membership.uuid).slice(1, -1)} ${membership.generation}`;
  const former = replaces === null ? '' : `${uuidWord(replaces.uuid).slice(1, -1)} ${replaces.generation}`;
  return rendered({
    summary: `write ${membershipPath} (cluster ${membership.cluster}, generation ${membership.generation}, ${membership.nodes.map((node) => node.name).join(', ')})`,
    act: `${stateFile(membershipPath, content)}own=${quote(own)}
former=${quote(former)}
found=$(file_sum "$R$path")
[ "$found" != "$sum" ] || exit 0
if [ "$found" != absent ]; then
  known=$(membership_of "$R$path") || refuse "$path is there, but can not be understood. Look at it before anything is changed."
  if [ "$known" != "$former" ]; then
    [ "\${known% *}" = "\${own% *}" ] || refuse "This node belongs to another cluster (uuid \${known% *}, in $path)."
    [ "\${known#* }" -lt "\${own#* }" ] || refuse "Somebody else changed the cluster: $path has generation \${known#* }, this would be \${own#* }."
  fi
fi
${replaceState}`,
    check: `path=${anyPath(membershipPath)}
found=$(file_sum "$R$path")
[ "$found" = ${sha256(content)} ] && exit 0
exit 10`,
  });
};

export const makeStorage = (action: ActionOf<'make-storage'>): Rendered => {
  const { path, id } = action;
  const head = `storage=${ownPath(path)}\n`;
  return rendered({
    summary: `mkdir -p ${path}; write ${path}/${storageIdFile}`,
    act: `${head}path=$storage/${storageIdFile}
sum=${sha256(`${id}\n`)}
content() { printf '%s\\n' ${mark(id)}; }
temporary=$(temporary_of "$R$path" ${temporaryMark(`${path}\n${id}`)})
(umask 022 && mkdir -p "$R"${anyPath(directoryOf(path))}) || refuse "The directory above $storage can not be made."
mkdir -p "$R$storage" || refuse "$storage can not be made."
real_storage "$storage"
[ ! -s "$R$path" ] || exit 0
write_beside "$temporary" || refuse "$path could not be written whole. Is the storage full?"
# of two nodes that do this at once on the same storage, the first one's id stays
put_new "$R$path" "$temporary" || { [ -s "$R$path" ] || fail "$path holds no id, and $linked"; }
sync_directory "$R$storage"`,
    check: `${head}[ -s "$R$storage/${storageIdFile}" ] && exit 0\nexit 10`,
  });
};

export const removeStorageId = (action: ActionOf<'remove-storage-id'>): Rendered => {
  const { path, id } = action;
  const head = `storage=${ownPath(path)}
path=$storage/${storageIdFile}
id=${mark(id)}
is_ours() { [ -f "$R$path" ] && [ ! -L "$R$path" ] && [ "$(head -c 200 "$R$path")" = "$id" ]; }
# a record of whoever was quicker names the storage by this id
is_named() { find "$R$storage" -mindepth 2 -maxdepth 3 -type f -name instance.json -exec grep -lF -e "$id" {} + 2>/dev/null | grep -q .; }
`;
  return rendered({
    summary: `rm ${path}/${storageIdFile}   # only if it is this run's and no record names it`,
    act: `${head}is_there "$R$path" || exit 0
real_storage "$storage"
if ! is_ours || is_named; then
  printf '%s is not of this run, or a record names the storage by it, so it stays.\\n' "$path"
  exit 0
fi
rm -f "$R$path" || fail "$path can not be removed."
sync_directory "$R$storage"`,
    check: `${head}is_ours || exit 0\nis_named && exit 0\nexit 10`,
  });
};

const configuration = /^\/etc\/xen\/(auto\/)?[^/]+$/;

/** The name goes, the file stays: a second name first, so that nothing is replaced and a cut leaves it under one of both. */
export const setAside = (action: ActionOf<'set-aside'>): Rendered => {
  const { from, to, sum } = action;
  if (!configuration.test(from) || !configuration.test(to))
    throw new RenderError(`set-aside renames within /etc/xen: ${from} to ${to}.`);
  if (sum !== null && !/^[0-9a-f]{64}$/.test(sum)) throw new RenderError(`set-aside expects ${sum}`);
  const head = `from=${anyPath(from)}\nto=${anyPath(to)}\n`;
  return rendered({
    summary: `mv -nT ${from} ${to}   # nobody starts a guest by it any more`,
    act: `${head}if ! is_there "$R$from" && is_there "$R$to"; then exit 0; fi
is_there "$R$from" || refuse "$from is not there any more."
! is_there "$R$to" || refuse "$to is there already, so $from stays."
${
  sum === null
    ? '[ -L "$R$from" ] || refuse "$from is no symbolic link any more, so it stays."'
    : `{ [ -f "$R$from" ] && [ ! -L "$R$from" ]; } || refuse "$from is no regular file any more, so it stays."
[ "$(awk 1 "$R$from" | sha256sum | cut -d ' ' -f 1)" = ${sum} ] || refuse "$from is not what it was when the plan was made, so it stays."`
}
said=$(mv -nT -- "$R$from" "$R$to" 2>&1)
{ ! is_there "$R$from" && is_there "$R$to"; } || refuse "$from could not be set aside: $said"
sync_directory "$R\${from%/*}"
sync_directory "$R\${to%/*}"`,
    check: `${head}if ! is_there "$R$from" && is_there "$R$to"; then exit 0; fi
is_there "$R$from" && ! is_there "$R$to" && exit 10
exit 11`,
  });
};
