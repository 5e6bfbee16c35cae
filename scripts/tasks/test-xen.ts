// npm run test:xen [-- FILTER…]: the ring that boots two real Xen nodes in QEMU.
import { endRun } from '../lib/part.ts';
import { runRing, xenRing } from '../lib/rings.ts';

await endRun([await runRing(xenRing, process.argv.slice(2))]);
