/** What a new practice cluster shows: three small instances that run, made by the same plans as everybody's. */
import type { CreateIntent } from '../../core/plan/intent.ts';
import { PRACTICE_BRIDGE, PRACTICE_INITRD, PRACTICE_KERNEL, SHARED_STORAGE } from './node-root.ts';

const example = (
  name: string,
  primary: string,
  secondary: string,
  memoryMib: number,
  sizes: number[],
): CreateIntent => ({
  kind: 'create',
  name,
  primary,
  secondary,
  storageDirectory: SHARED_STORAGE,
  driver: 'loop',
  reuse: false,
  disks: sizes.map((gib) => ({ size: gib * 2 ** 30, type: 'raw', mode: 'rw' })),
  guest: {
    type: 'pv',
    memoryMib,
    vcpus: 1,
    kernel: PRACTICE_KERNEL,
    ramdisk: PRACTICE_INITRD,
    root: '/dev/xvda',
  },
  nics: [{ bridge: PRACTICE_BRIDGE, mac: null }],
  os: 'none',
  start: true,
});

export const practiceExamples: readonly CreateIntent[] = [
  example('alpha', 'node1', 'node2', 512, [4, 8]),
  example('beta', 'node1', 'node3', 256, [2]),
  example('gamma', 'node2', 'node3', 768, [10]),
];
