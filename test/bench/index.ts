/**
 * npm run bench [-- [copy] [--quick]]: what VBDesk costs over typing the same commands by hand, and how a refresh grows; `copy`:
 * only how an image is copied. Ratios within one run on one machine; absolute times say little, because every node is a process
 * of this machine.
 */
import os from 'node:os';
import path from 'node:path';
import { makeTemporaryDirectory } from '../support/temporary-directory.ts';
import { benchCopy } from './copy.ts';
import { startNodes, stopNodes } from './nodes.ts';
import { benchOperations } from './operations.ts';
import { benchRefresh } from './refresh.ts';
import { benchWhatIf, whatIfTarget } from './what-if.ts';

const quick = process.argv.includes('--quick');
const onlyCopy = process.argv.includes('copy');
const sizes = quick
  ? { nodes: [3], folders: [10, 100] }
  : { nodes: [3, 30, 100], folders: [10, 100, 1000, 5000] };
const temporary = makeTemporaryDirectory('bench');
const { path: directory } = temporary;
// of their own: a node belongs to one cluster
const copyNodes = await startNodes(path.join(directory, 'copy'), 2);
const nodes = onlyCopy ? [] : await startNodes(path.join(directory, 'nodes'), Math.max(...sizes.nodes));

const benchTheRest = async (): Promise<void> => {
  console.log(`${await benchOperations(directory, nodes.slice(0, 3), quick ? 1 : 5)}\n`);
  console.log(
    `Both from the first command until the guest is as wanted, medians. By hand nothing is checked, locked, recorded or looked at
again, and the stand-in starts and stops a guest in a fraction of the seconds that Xen takes.\n`,
  );
  console.log(`${await benchRefresh(directory, nodes, sizes)}\n`);
  console.log(
    `One refresh: until every node has answered and the snapshot is there. The nodes share the cores of this machine (six are asked at
once), so the time is mostly theirs; "CPU here" is what VBDesk itself used of it. Each folder holds a record, a configuration and a
sparse image. as JSON: the snapshot as a window gets it; memory: of this process, the largest snapshot so far included.\n`,
  );
};

try {
  const load = os.loadavg()[0]?.toFixed(1) ?? '?';
  console.log(
    `${os.cpus().length} cores, load ${load}, all nodes on this machine behind real sshd, stand-in for xl on both sides.\n`,
  );
  console.log(`${await benchCopy(directory, copyNodes, quick ? 1 : 3)}\n`);
  console.log(
    `Medians. VBDesk reads the source, sends what is stored, reads the copy again, and compares both by SHA-256; tar compares nothing.
With plan and locks: from the first look at the nodes until the image has its name.\n`,
  );
  if (!onlyCopy) {
    console.log(`${benchWhatIf(quick ? { nodes: 20, instances: 200 } : { nodes: 100, instances: 5000 })}\n`);
    console.log(
      `What if one or two nodes were lost, median of twenty questions once the score is known; wanted: under ${whatIfTarget} ms. Derived first: with
every xen.cfg read; again: as at each refresh. 50 rows: of the matrix, every node each.\n`,
    );
    await benchTheRest();
  }
  console.log(
    `Load at the end ${os.loadavg()[0]?.toFixed(1) ?? '?'}, ${(performance.now() / 1000).toFixed(0)} s in all.`,
  );
} finally {
  await stopNodes([...copyNodes, ...nodes]);
  temporary.remove();
}
