/** Stop and reboot. */
import { cutOffTextOf } from '../../cluster/hand-over-text.ts';
import type { InstanceView } from '../../cluster/instances.ts';
import { endByHand } from '../checks/domains.ts';
import { folderOn } from '../checks/images.ts';
import { clusterChecks, mustAnswer, nodeCanWork, troubleOf } from '../checks/nodes.ts';
import { lockIsFree, recordMayChange, recordMayStop } from '../checks/record.ts';
import { rebootEquivalent, stopEquivalent } from '../equivalent.ts';
import type { Reason } from '../reason.ts';
import { nextRecord, recordFile } from '../records.ts';
import { blocks, passed, type Scene, warning } from '../scene.ts';
import { addLock, addUnlock, type Draft, makeStepList } from '../step-list.ts';
import { findSubject, identityOf, workingNode } from '../subject.ts';
import { addStopping, type Held, holdersOf, memoryOn } from './stopping.ts';

type StopWords = { instance: string; timeoutSeconds: number; then: 'force' | 'leave' };

const notFound = (title: string, name: string, reasons: Reason[]): Draft => ({
  title,
  subject: { kind: 'instance', name, uuid: null },
  reasons,
});

/** The primary is silent: nobody can say what runs there. A domain that is seen elsewhere can still be stopped. */
const primaryIsSeen = (scene: Scene, view: InstanceView): Reason[] => {
  const { primary } = view;
  if (primary === null || scene.lookup.byName.get(primary)?.seen) return [];
  return [
    blocks(
      'not-answering',
      'Primary',
      `${view.name} can't be stopped on ${primary}: ${troubleOf(scene, primary)}. Once it is known to be down, the instance can be failed over.`,
      { node: primary },
    ),
  ];
};

const stateOf = (view: InstanceView, held: readonly Held[], strays: readonly Held[]): Reason[] => {
  if (view.status === 'running-twice')
    return [
      warning(
        'running-twice',
        'Runs twice',
        `${view.statusText} This ends every one of them; its images may be damaged.`,
      ),
    ];
  if (strays.length > 0)
    return [
      warning(
        'wrong-node',
        'Wrong node',
        `${view.statusText} It is stopped there and can't be put back, since only ${view.primary ?? 'nobody'} may run it.`,
      ),
    ];
  // its node is silent, which blocks: whether it runs is not known
  if (held.length === 0 && view.status === 'not-seen') return [];
  if (held.length === 0 && view.record.adminState === 'down')
    return [blocks('already-stopped', 'State', `${view.name} is stopped already.`)];
  if (held.length === 0)
    return [passed('state', 'State', `${view.name} does not run; it is recorded that it shall not.`)];
  return [passed('state', 'State', view.statusText)];
};

export const planStop = (scene: Scene, intent: StopWords): Draft => {
  const found = findSubject(scene, intent.instance);
  if (!found.ok) return notFound(`Stop ${intent.instance}`, intent.instance, found.reasons);
  const { view } = found;
  const { record, folder, primary } = view;
  const held = holdersOf(view);
  const strays = held.filter((each) => each.node !== primary);
  // strangers stop through the folder as they show it; else the primary's
  const node = workingNode(view);
  const twice = view.status === 'running-twice';
  const reasons: Reason[] = [
    ...clusterChecks(scene),
    ...(twice ? [] : recordMayStop(view)),
    ...lockIsFree(scene, view),
    ...(strays.length > 0 ? [] : primaryIsSeen(scene, view)),
    ...stateOf(view, held, strays),
    ...[...new Set([...(node === null ? [] : [node]), ...held.map((each) => each.node)])].flatMap((each) =>
      nodeCanWork(scene, each),
    ),
  ];
  if (node === null)
    reasons.push(
      blocks(
        'no-folder',
        'Folder',
        [
          `No node that answers shows the folder ${folder}, so it can't be locked.`,
          ...view.domains.filter((each) => each.seen).map((each) => endByHand(scene, view, each)),
        ].join(' '),
      ),
    );
  const draft: Draft = {
    title: `Stop ${view.name}`,
    subject: { kind: 'instance', name: view.name, uuid: view.uuid },
    reasons,
    effects: { memory: held.map((each) => ({ node: each.node, mib: -memoryOn(view, each.node) })) },
    equivalent: stopEquivalent(view.name, intent.timeoutSeconds),
  };
  if (node === null) return draft;
  const list = makeStepList();
  const nodes = [node, ...held.map((each) => each.node)];
  addLock(list, scene, { node, folder, title: `stop ${view.name}`, nodes });
  for (const each of held)
    addStopping(list, scene, view, {
      held: each,
      timeoutSeconds: intent.timeoutSeconds,
      // biome-ignore lint/suspicious/noThenProperty: a word of the intent, never a function
      then: intent.then,
      undo: strays.length > 0 ? 'never' : each.alive ? 'revive' : 'leave',
    });
  if (held.length === 0)
    list.add(
      scene.lookup.seen.map((each) => each.name),
      `Make sure that ${view.name} runs nowhere`,
      { do: 'verdict', ...identityOf(record) },
    );
  // a hand-over that was cut off is finished from the very record that its run wrote, so that one stays as it is
  if (record.adminState === 'down' || record.primary === null) addUnlock(list, scene, node, folder, true);
  else {
    const next = nextRecord(scene, record, { adminState: 'down' }, 'down');
    list.add(
      node,
      'Record that it shall not run',
      { do: 'write-record', folder, record: next, expectId: record.id },
      { commit: true },
    );
    draft.files = [recordFile(folder, record, next)];
    addUnlock(list, scene, node, folder, false);
  }
  return { ...draft, steps: list.steps };
};

export const planReboot = (scene: Scene, intent: { instance: string; timeoutSeconds: number }): Draft => {
  const found = findSubject(scene, intent.instance);
  if (!found.ok) return notFound(`Reboot ${intent.instance}`, intent.instance, found.reasons);
  const { view } = found;
  const { primary, folder } = view;
  const reasons: Reason[] = [
    ...clusterChecks(scene),
    ...recordMayChange(view),
    ...lockIsFree(scene, view),
    ...(primary === null
      ? [blocks('hand-over', 'Primary', cutOffTextOf(view))]
      : [
          ...mustAnswer(scene, primary, 'Primary'),
          ...nodeCanWork(scene, primary),
          ...(folderOn(view, primary)
            ? []
            : [
                blocks(
                  'no-folder',
                  'Folder',
                  `${primary} does not show the folder ${folder} of this storage, so it can't be locked there.`,
                  { node: primary },
                ),
              ]),
        ]),
    view.status === 'running'
      ? passed('state', 'State', view.statusText)
      : blocks('not-running', 'State', `Only a running guest can reboot. ${view.statusText}`),
  ];
  const draft: Draft = {
    title: `Reboot ${view.name}`,
    subject: { kind: 'instance', name: view.name, uuid: view.uuid },
    reasons,
    effects: { downSeconds: view.status === 'running' ? 30 : null },
    equivalent: rebootEquivalent(view.name, intent.timeoutSeconds),
  };
  if (primary === null || !scene.lookup.byName.get(primary)?.seen || !folderOn(view, primary)) return draft;
  const list = makeStepList();
  addLock(list, scene, { node: primary, folder, title: `reboot ${view.name}`, nodes: [primary] });
  list.add(
    primary,
    `Reboot ${view.name} on ${primary}`,
    { do: 'reboot-domain', ...identityOf(view.record), timeoutSeconds: intent.timeoutSeconds },
    // a reboot can't be taken back
    { commit: true },
  );
  addUnlock(list, scene, primary, folder, false);
  return { ...draft, steps: list.steps };
};
