import { describe } from 'vitest';
import { ensureLab, GUEST_INITRD, GUEST_KERNEL, SHARED_STORAGE } from './lab/index.ts';
import { toolstackContract } from './toolstack-contract.ts';

describe("real Xen keeps the toolstack's contract", () => {
  toolstackContract(async () => {
    const lab = await ensureLab({ nodes: 2, purpose: 'the contract of the toolstack' });
    await lab.reset();
    return {
      run: (script) => lab.run('node1', `R=\n${script}`),
      storage: SHARED_STORAGE,
      kernel: GUEST_KERNEL,
      ramdisk: GUEST_INITRD,
      real: true,
      async close() {
        await lab.reset();
        await lab.close();
      },
    };
  });
});
