/**
 * Files that a guest needs beside its disks: what is in its CD drives, its kernel and its ramdisk. They may lie in a storage directory
 * as images do, where no record names them.
 */
import { disksOfConfig, readInstanceConfig } from '../xen/config-reader.ts';
import { type Lookup, recordOf } from './lookup.ts';
import { fileKey } from './other-configs.ts';

export type BootFile = { instance: string; uuid: string; as: 'cd' | 'kernel' | 'ramdisk' };

// Parsing is dear, and a text seldom changes between two probes.
const remembered = new Map<string, { path: string; as: BootFile['as'] }[]>();
const atMost = 20_000;

const namedIn = (config: string): { path: string; as: BootFile['as'] }[] => {
  // most name a kernel of the node and no CD: that is told without reading them whole
  if (!/cdrom|^[ \t]*(?:kernel|ramdisk)\b/m.test(config)) return [];
  const known = remembered.get(config);
  if (known) return known;
  const reading = readInstanceConfig(config);
  const found = reading.ok
    ? [
        ...disksOfConfig(reading.config).flatMap((disk) =>
          disk.cdrom && disk.target !== '' ? [{ path: disk.target, as: 'cd' as const }] : [],
        ),
        ...(['kernel', 'ramdisk'] as const).flatMap((as) => {
          const path = reading.config[as];
          return path === undefined ? [] : [{ path, as }];
        }),
      ]
    : [];
  if (remembered.size >= atMost) remembered.clear();
  remembered.set(config, found);
  return found;
};

const kept = new WeakMap<Lookup, ReadonlyMap<string, BootFile[]>>();

/** Those of all instances, by file: see `fileKey`. */
export const bootFilesOf = (lookup: Lookup): ReadonlyMap<string, BootFile[]> => {
  const before = kept.get(lookup);
  if (before) return before;
  const found = new Map<string, BootFile[]>();
  for (const sights of lookup.recorded.values()) {
    const told = new Set<string>();
    for (const sight of sights) {
      const record = recordOf(sight);
      // a hundred nodes show the same
      const shown = `${sight.key} ${sight.folder.config ?? ''}`;
      if (!record || told.has(shown)) continue;
      told.add(shown);
      const view = lookup.byName.get(sight.node);
      const { kernel, ramdisk } = record.guest;
      const named = [
        ...namedIn(sight.folder.config ?? ''),
        ...(kernel === undefined ? [] : [{ path: kernel, as: 'kernel' as const }]),
        ...(ramdisk === undefined ? [] : [{ path: ramdisk, as: 'ramdisk' as const }]),
      ];
      for (const { path, as } of named) {
        const key = fileKey(view, path);
        if (key === null) continue;
        const list = found.get(key) ?? [];
        if (list.some((each) => each.uuid === record.uuid && each.as === as)) continue;
        list.push({ instance: record.name, uuid: record.uuid, as });
        found.set(key, list);
      }
    }
  }
  kept.set(lookup, found);
  return found;
};

/** "web1 boots from it (as its kernel)", "web1 has it as CD". */
export const bootWords = ({ instance, as }: BootFile): string =>
  as === 'cd' ? `${instance} has it as CD` : `${instance} boots from it (as its ${as})`;
