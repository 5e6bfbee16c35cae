import { describe } from 'vitest';
import { PRACTICE_INITRD, PRACTICE_KERNEL, SHARED_STORAGE } from '../../../main/practice/node-root.ts';
import { openPracticeNode } from '../../support/practice-node.ts';
import { toolstackContract } from '../../xen/toolstack-contract.ts';

describe("the practice cluster's stand-in for Xen keeps the toolstack's contract", () => {
  toolstackContract(async () => {
    const node = await openPracticeNode({
      settings: {
        create_delay: 0.4,
        shutdown_delay: 0.1,
        destroy_delay: 0.05,
        reboot_delay: 0.3,
        loop_linger: 0.1,
      },
    });
    return {
      ...node,
      storage: SHARED_STORAGE,
      kernel: PRACTICE_KERNEL,
      ramdisk: PRACTICE_INITRD,
      real: false,
    };
  });
});
