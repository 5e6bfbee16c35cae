/** Steps that stop a guest: asked to shut down, ended, proved. Shared by stop, remove and failover. */
import type { InstanceView } from '../../cluster/instances.ts';
import { isMigrationLeftover } from '../../cluster/lookup.ts';
import { configSumOn } from '../checks/images.ts';
import type { UndoStep } from '../plan.ts';
import type { Scene } from '../scene.ts';
import { type StepList, undoOf } from '../step-list.ts';
import { configPath, identityOf } from '../subject.ts';

export type Held = {
  node: string;
  /** a guest that can be asked to shut down */
  alive: boolean;
};

/** Nodes that answer and have a domain of the instance; its primary last, so that strangers go first. */
export const holdersOf = (view: InstanceView): Held[] => {
  const byNode = new Map<string, Held>();
  for (const { node, seen, domain } of view.domains) {
    if (!seen) continue;
    const alive =
      (domain.state === 'running' || domain.state === 'unknown') && !isMigrationLeftover(domain.name);
    const known = byNode.get(node);
    if (known) known.alive ||= alive;
    else byNode.set(node, { node, alive });
  }
  const held = [...byNode.values()];
  return [
    ...held.filter((each) => each.node !== view.primary),
    ...held.filter((each) => each.node === view.primary),
  ];
};

/** MiB that the domains on a node give back when they end. */
export const memoryOn = (view: InstanceView, node: string): number =>
  view.domains
    .filter((each) => each.seen && each.node === node)
    .reduce((sum, each) => sum + Math.round(each.domain.memoryMib), 0);

type Stopping = {
  held: Held;
  timeoutSeconds: number;
  then: 'force' | 'leave';
  /**
   * What undo does: `revive` lets it run there again; `leave` only proves that nothing is left (its guest had ended before);
   * `never`: it ran where it may not, so it must not come back and this is a point of no return.
   */
  undo: 'revive' | 'leave' | 'never';
};

/** Adds the steps for one node. Undo starts it again there, but only when it runs nowhere else. */
export const addStopping = (list: StepList, scene: Scene, view: InstanceView, stopping: Stopping): void => {
  const { held, timeoutSeconds, undo } = stopping;
  const { node } = held;
  const guest = identityOf(view.record);
  const others = scene.lookup.seen.map((each) => each.name).filter((each) => each !== node);
  const putBack = undoOf(node, `Let ${view.name} run on ${node} again`, {
    do: 'put-back',
    ...guest,
    config: configPath(view.folder),
    configSum: configSumOn(view, node),
  });
  // a guest that has not ended goes on, whoever is silent; only a fresh start waits for a verdict on all the others
  const goOn = undoOf(node, `Let ${view.name} go on if it still runs on ${node}`, {
    do: 'let-go-on',
    ...guest,
  });
  const look = (nodes: string[], title: string): UndoStep[] =>
    nodes.length > 0 ? [undoOf(nodes, title, { do: 'verdict', ...guest })] : [];
  const revive = [goOn, ...look(others, `Make sure that ${view.name} runs nowhere else`), putBack];
  if (held.alive)
    list.add(
      node,
      timeoutSeconds === 0
        ? `Hold ${view.name} on ${node}, to end it at once`
        : `Shut ${view.name} down on ${node}, for at most ${timeoutSeconds} s`,
      // biome-ignore lint/suspicious/noThenProperty: a word of the intent, never a function
      { do: 'shut-down', ...guest, timeoutSeconds, then: stopping.then },
      { guest: 'down', ...(undo === 'never' ? { commit: true } : { undo: revive }) },
    );
  const back: Record<Stopping['undo'], UndoStep[]> = {
    // all else is the undo of shut-down, which follows: the guest is started again once
    revive: held.alive ? [goOn] : revive,
    leave: look([node], `Make sure that nothing of ${view.name} is left on ${node}`),
    never: [],
  };
  list.add(
    node,
    `End what is left of ${view.name} on ${node}, and prove it`,
    { do: 'end-domain', ...guest },
    { undo: back[undo], commit: undo === 'never' },
  );
};
