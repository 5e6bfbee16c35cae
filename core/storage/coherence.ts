/** Whether two nodes that have one file open see each other's writes at once, by the file system that it lies on. */

/**
 * - `local`: no network file system; nodes that share it are one machine (practice), where one kernel sees all
 * - `cluster`: made for several machines that write to one file
 * - `uncached`: of the network, mounted so that nothing is kept in a node's memory
 * - `caching`: of the network, or unknown: a node may keep writes and old contents in its memory
 */
export type Coherence = 'local' | 'cluster' | 'uncached' | 'caching';

const local: ReadonlySet<string> = new Set(
  'ext2 ext3 ext4 ext2/ext3 xfs btrfs zfs jfs f2fs bcachefs reiserfs tmpfs ramfs overlay overlayfs'.split(
    ' ',
  ),
);
const cluster: ReadonlySet<string> = new Set('ocfs2 gfs2 gfs gpfs lustre'.split(' '));

const isUncached = (filesystem: string, options: ReadonlySet<string>): boolean => {
  if (filesystem === '9p') {
    const cache = [...options].find((each) => each.startsWith('cache='));
    // without a word about it nothing is cached
    return cache === undefined || /^cache=(none|0x0|0)$/.test(cache);
  }
  if (/^nfs4?$/.test(filesystem)) return options.has('sync');
  if (/^(cifs|smb3|smbfs)$/.test(filesystem)) return options.has('cache=none');
  return false;
};

/** @param mountOptions as findmnt prints them, "rw,relatime,…"; undefined where they are not known */
export const coherenceOf = (filesystem: string, mountOptions: string | undefined): Coherence => {
  if (local.has(filesystem)) return 'local';
  if (cluster.has(filesystem)) return 'cluster';
  // options that are not known tell nothing
  return mountOptions !== undefined && isUncached(filesystem, new Set(mountOptions.split(',')))
    ? 'uncached'
    : 'caching';
};
