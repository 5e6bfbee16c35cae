import { readdir, readFile } from 'node:fs/promises';

/** One process of this machine as /proc tells it. */
export type ProcessInfo = { readonly pid: number; readonly parent: number; readonly name: string };

/** Every process of this machine; those that end while we read are left out. */
export async function listProcesses(): Promise<ProcessInfo[]> {
  const pids = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry));
  const found = await Promise.all(
    pids.map(async (pid): Promise<ProcessInfo | undefined> => {
      try {
        const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
        // The name stands in parentheses and may itself hold any character, so look for the last one.
        const end = stat.lastIndexOf(')');
        const name = stat.slice(stat.indexOf('(') + 1, end);
        const parent = Number(stat.slice(end + 2).split(' ')[1]);
        return { pid: Number(pid), parent, name };
      } catch {
        return undefined;
      }
    }),
  );
  return found.filter((process) => process !== undefined);
}

/** The descendants of a process, nearest first. */
export async function descendantsOf(pid: number): Promise<ProcessInfo[]> {
  const processes = await listProcesses();
  const found: ProcessInfo[] = [];
  let generation = [pid];
  while (generation.length > 0) {
    const children = processes.filter((process) => generation.includes(process.parent));
    found.push(...children);
    generation = children.map((child) => child.pid);
  }
  return found;
}

/** Sends a signal; a process that is already gone is no error. */
export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
