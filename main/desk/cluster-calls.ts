/** Calls about nodes that belong to no cluster yet, and about clusters that are let go. */
import { isEnded } from '../../core/plan/run.ts';
import { probeScript, readProbe } from '../node/probe.ts';
import { trustHostKey } from '../ssh/index.ts';
import type { Clusters } from './clusters.ts';
import type { Connections } from './connections.ts';
import { DeskError, type Handlers } from './dispatch.ts';
import type { Runs } from './runs.ts';
import { troubleOf } from './trouble.ts';

export const clusterCalls = ({
  clusters,
  runs,
  connections,
  isOpen,
}: {
  clusters: Clusters;
  runs: Runs;
  connections: Connections;
  isOpen: (cluster: string) => boolean;
}): Pick<Handlers, 'cluster.forget' | 'node.look' | 'node.trust'> => ({
  'cluster.forget': async ({ name, abandon = [] }) => {
    if (isOpen(name)) throw new DeskError('open', `${name} is open. Close it first, then forget it.`);
    // without the cluster's file nobody could look at the run's jobs, go on with it or take it back
    const open = (await runs.list()).filter(
      (run) =>
        run.cluster === name && (run.state === 'running' || (!isEnded(run) && !abandon.includes(run.id))),
    );
    if (open.length > 0)
      throw new DeskError(
        'run-open',
        `${name} is not forgotten, because without it this workstation could not go on with what has not come to an end:\n${open
          .map(({ id, title, state: is }) =>
            is === 'running'
              ? `The run ${id} (${title}) is at work now. Wait for it.`
              : `The run ${id} (${title}) is ${is}. Resume it or take it back; or give it up for good: vbdesk cluster forget ${name} --accept abandon:${id}`,
          )
          .join('\n')}`,
      );
    await clusters.forget(name);
    return {};
  },
  'node.look': async ({ target, hostKeys }) => {
    const shell = connections.open(target.host, target, hostKeys);
    const input = { storageDirectories: [], bootFiles: [] };
    try {
      const result = await shell.run(probeScript(input), { timeoutMs: 45_000 });
      return { trouble: null, facts: readProbe(result.stdout, input) };
    } catch (error) {
      return { trouble: troubleOf(error, target.host), facts: null };
    } finally {
      await shell.close();
    }
  },
  'node.trust': async ({ line }) => {
    await trustHostKey(connections.knownHostsFile, line);
    return {};
  },
});
