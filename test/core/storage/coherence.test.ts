import { expect, test } from 'vitest';
import { coherenceOf } from '../../../core/storage/coherence.ts';

test.each([
  ['ext4', 'rw', 'local'],
  ['ocfs2', 'rw', 'cluster'],
  ['9p', 'rw,access=any', 'uncached'],
  ['9p', 'rw,cache=none', 'uncached'],
  ['9p', 'rw,cache=mmap', 'caching'],
  ['9p', undefined, 'caching'],
  ['nfs4', 'rw,sync', 'uncached'],
  ['nfs', 'rw', 'caching'],
  ['cifs', 'rw,cache=none', 'uncached'],
  ['fuse.glusterfs', 'rw', 'caching'],
  ['ceph', 'rw', 'caching'],
  ['', undefined, 'caching'],
])('two nodes on %s (%s): %s', (filesystem, options, coherence) => {
  expect(coherenceOf(filesystem, options)).toBe(coherence);
});
