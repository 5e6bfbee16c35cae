// npm run test:xen [-- FILTER…]: the ring that boots two real Xen nodes in QEMU.
import { runCommand } from '../lib/command.ts';
import { endRun } from '../lib/part.ts';
import { runRing, xenRing } from '../lib/rings.ts';

const part = await runRing(xenRing, process.argv.slice(2));
// The nodes run on, for whoever goes on working with them. Nobody does in CI.
if (process.env.CI)
  await runCommand(process.execPath, ['test/xen/lab/cli.ts', 'down'], { limit: 5 * 60_000 });
await endRun([part]);
