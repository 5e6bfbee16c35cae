/** xen.cfg of a claimed folder: the text that is there with another identity and other paths, everything else as it was. */
import type { InstanceRecord } from '../../cluster/record.ts';
import { setSetting } from '../../xen/config-edit.ts';
import { type ConfigTree, getSetting, parseConfig, printConfig } from '../../xen/config-syntax.ts';
import { readDisk } from '../../xen/disk-spec.ts';

const edit = (tree: ConfigTree, key: string, change: (item: string) => string): ConfigTree => {
  const value = getSetting(tree, key);
  if (!Array.isArray(value)) return tree;
  return setSetting(
    tree,
    key,
    value.map((item) => (typeof item === 'string' ? change(item) : item)),
  );
};

/**
 * @param before the record to which the text belongs
 * @param after the record to which it shall belong
 * @returns null when the text can't be read or is not of that record: it is written anew then
 */
export const claimedConfig = (text: string, before: InstanceRecord, after: InstanceRecord): string | null => {
  const reading = parseConfig(text);
  if (!reading.ok) return null;
  const paths = new Map(
    before.disks.map((disk, index) => [disk.logical_id[2], after.disks[index]?.logical_id[2] ?? '']),
  );
  let tree = setSetting(reading.tree, 'name', after.name);
  tree = setSetting(tree, 'uuid', after.uuid);
  let attached = 0;
  tree = edit(tree, 'disk', (item) => {
    const disk = readDisk(item);
    const to = disk.ok ? paths.get(disk.disk.target) : undefined;
    if (!disk.ok || to === undefined) return item;
    attached += 1;
    return item.replace(disk.disk.target, () => to);
  });
  tree = edit(tree, 'vif', (item) =>
    before.nics.reduce(
      (said, nic, index) => said.replaceAll(new RegExp(nic.mac, 'gi'), after.nics[index]?.mac ?? nic.mac),
      item,
    ),
  );
  return attached === before.disks.length ? printConfig(tree) : null;
};
