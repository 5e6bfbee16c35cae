import type { CreateIntent } from '../plan/intent.ts';
import type { CreateArguments, Ignored, Parsed } from './arguments.ts';

/** From the arguments of a command to an intent. */

/** What the cluster supplies where the command says nothing. */
export type CreateDefaults = { storageDirectory: string; bridge: string };

/**
 * The design document's `path` is the directory of the files: both `/xen` and `/xen/instance2` for an instance2 are said of
 * it, so a last part that is the instance's name is taken for its folder.
 */
export function storageDirectoryOf(
  { path, name }: Pick<CreateArguments, 'path' | 'name'>,
  fallback: string,
): string {
  if (path === undefined) return fallback;
  const suffix = `/${name}`;
  return path.endsWith(suffix) && path.length > suffix.length ? path.slice(0, -suffix.length) : path;
}

/**
 * Makes the intent of a command. A disk of an instance that reuses its images, one that builds on a base, or one that is a copy
 * of an image, has size 0 where none was said.
 * @returns the intent and what of the command it can't carry, or every problem
 */
export function createIntentOf(create: CreateArguments, defaults: CreateDefaults): Parsed<CreateIntent> {
  const problems: string[] = [];
  const ignored: Ignored[] = [];
  const disks: CreateIntent['disks'] = [];
  for (const disk of create.disks) {
    const { index, size, vdev, mode, allocation, base, import: path } = disk;
    if (create.reuse && disk.type !== undefined)
      ignored.push({
        option: `--disk ${index}:type=${disk.type}`,
        reason: 'the type of an image that is there is told by its header.',
      });
    const type = (create.reuse ? undefined : disk.type) ?? (base === undefined ? 'raw' : 'qcow2');
    if (type !== 'raw' && type !== 'qcow2')
      problems.push(`--disk ${index}: new images are raw or qcow2, not ${type}.`);
    else
      disks.push({
        size: size ?? 0,
        type,
        mode,
        ...(vdev !== undefined && { vdev }),
        ...(allocation !== undefined && { allocation }),
        ...(base !== undefined && { base }),
        ...(path !== undefined && { import: path }),
      });
    if (disk.adopt !== undefined) {
      problems.push(
        `--disk ${index}: adopt is not for one file. Put the images into the instance's folder, named sda, sdb and so on, and say reuse; or name them one by one: vbdesk image adopt FILE… --name NAME.`,
      );
    }
    if (disk.name !== undefined)
      ignored.push({ option: `--disk ${index}:name`, reason: 'disks have no names here.' });
  }
  const nics = create.nics.map((nic) => {
    for (const key of ['ip', 'script', 'model'] as const) {
      if (nic[key] !== undefined) {
        ignored.push({
          option: `--net ${nic.index}:${key}`,
          reason: 'it is not in the record; add it to xen.cfg.',
        });
      }
    }
    return { bridge: nic.bridge ?? defaults.bridge, mac: nic.mac ?? null };
  });
  if (create.tags.length > 0) ignored.push({ option: '--tags', reason: 'instances have no tags here.' });
  if (problems.length > 0) return { ok: false, problems };
  const intent: CreateIntent = {
    kind: 'create',
    name: create.name,
    primary: create.node,
    secondary: create.secondary ?? null,
    storageDirectory: storageDirectoryOf(create, defaults.storageDirectory),
    driver: create.driver,
    reuse: create.reuse,
    disks,
    guest: create.guest,
    nics,
    os: create.os,
    ...(create.osParameters && { osParameters: create.osParameters }),
    ...(create.osSecrets && { osSecrets: create.osSecrets }),
    ...(create.osImport && { osImport: create.osImport }),
    ...(create.install === false && { install: false }),
    start: create.start,
  };
  return { ok: true, value: intent, ignored };
}
