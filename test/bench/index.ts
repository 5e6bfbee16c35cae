/**
 * npm run bench [-- --quick]: what VBDesk costs over typing the same commands by hand, and how a refresh grows. Ratios within
 * one run on one machine; absolute times say little, because every node is a process of this machine.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { startNodes, stopNodes } from './nodes.ts';
import { benchOperations } from './operations.ts';
import { benchRefresh } from './refresh.ts';

const quick = process.argv.includes('--quick');
const sizes = quick
  ? { nodes: [3], folders: [10, 100] }
  : { nodes: [3, 30, 100], folders: [10, 100, 1000, 5000] };
const directory = await mkdtemp(path.join(os.tmpdir(), 'vbdesk-bench-'));
const nodes = await startNodes(path.join(directory, 'nodes'), Math.max(...sizes.nodes));
try {
  const load = os.loadavg()[0]?.toFixed(1) ?? '?';
  console.log(
    `${os.cpus().length} cores, load ${load}, all nodes on this machine behind real sshd, stand-in for xl on both sides.\n`,
  );
  console.log(`${await benchOperations(directory, nodes.slice(0, 3), quick ? 1 : 5)}\n`);
  console.log(`${await benchRefresh(directory, nodes, sizes)}\n`);
} finally {
  await stopNodes(nodes);
  await rm(directory, { recursive: true, force: true });
}
