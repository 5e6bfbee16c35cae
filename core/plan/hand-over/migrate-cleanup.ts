/** After a broken migration: what it left is ended, and the record says where the guest runs. Nothing is moved or stopped. */
import type { InstanceView } from '../../cluster/instances.ts';
import { isMigrationLeftover } from '../../cluster/lookup.ts';
import { listText } from '../../cluster/status.ts';
import { nothingRuns, restartsBehindOurBack } from '../checks/domains.ts';
import { folderOn, imagesOn } from '../checks/images.ts';
import { clusterChecks, nodeCanWork } from '../checks/nodes.ts';
import { lockIsFree, recordMayChange } from '../checks/record.ts';
import { suspectsOf, vouchChecks } from '../checks/vouching.ts';
import { migrateCleanupEquivalent } from '../equivalent.ts';
import { nextRecord, primariesAfter, recordFile, vouchingsAfter } from '../records.ts';
import { blocks, passed, type Scene, warning } from '../scene.ts';
import { addLock, addUnlock, type Draft, makeStepList } from '../step-list.ts';
import { identityOf, workingNode } from '../subject.ts';

type Sight = InstanceView['domains'][number];

const calledText = (sights: readonly Sight[]): string =>
  listText(
    sights.map(({ node, domain }) => `${domain.name} on ${node} (domain ${domain.domid}, ${domain.flags})`),
  );

/** It runs nowhere by now: that a migration was begun is taken out of the record, once nothing can run it on either side. */
const settleStopped = (scene: Scene, view: InstanceView, primary: string, draft: Draft): Draft => {
  const { record, folder, name } = view;
  const suspects = suspectsOf(scene, view);
  const node = workingNode(view);
  draft.reasons.push(
    passed(
      'state',
      'State',
      `${view.statusText} A migration to ${record.next ?? 'another node'} was begun; after this only ${primary} may start it.`,
    ),
    ...nothingRuns(scene, view),
    ...(node === null
      ? [blocks('no-folder', 'Folder', `No node that answers shows the folder ${folder}.`)]
      : nodeCanWork(scene, node)),
    ...vouchChecks(scene, view, suspects),
  );
  if (node === null) return draft;
  const vouchings = vouchingsAfter(
    scene,
    record,
    suspects.map((each) => each.node),
  );
  const next = nextRecord(scene, record, { primary, vouchings }, 'settled');
  const seen = scene.lookup.seen.map((each) => each.name);
  const list = makeStepList();
  addLock(list, scene, { node, folder, title: `clean up after a migration of ${name}`, nodes: [node] });
  list.add(seen, `Make sure that ${name} runs nowhere`, { do: 'verdict', ...identityOf(record) });
  list.add(
    node,
    'Record that no migration is under way',
    { do: 'write-record', folder, record: next, expectId: record.id },
    { commit: true },
  );
  addUnlock(list, scene, node, folder, false);
  return { ...draft, steps: list.steps, files: [recordFile(folder, record, next)] };
};

export const planMigrateCleanup = (scene: Scene, view: InstanceView): Draft => {
  const { record, folder, name } = view;
  const domains = view.domains.filter((each) => each.seen);
  const leftovers = domains.filter((each) => isMigrationLeftover(each.domain.name));
  const settled = domains.filter((each) => !isMigrationLeftover(each.domain.name));
  const [home] = settled;
  const draft: Draft = {
    title: `Clean up after a migration of ${name}`,
    subject: { kind: 'instance', name, uuid: view.uuid },
    equivalent: migrateCleanupEquivalent(name),
    reasons: [
      ...clusterChecks(scene),
      // that it was cut off is why this is planned
      ...recordMayChange(view).filter((each) => each.code !== 'migration-cut-off'),
      ...lockIsFree(scene, view),
    ],
  };
  const { reasons } = draft;
  if (settled.length > 1) {
    reasons.push(
      blocks(
        'running-twice',
        'Runs twice',
        `${calledText(settled)}: stop the instance, which ends every one of them.`,
      ),
    );
    return draft;
  }
  if (domains.length === 0 && record.next !== undefined && record.primary !== null)
    return settleStopped(scene, view, record.primary, draft);
  if (home?.domain.state !== 'running') {
    const what = home ? [home, ...leftovers] : leftovers;
    reasons.push(
      blocks(
        'runs-nowhere',
        'State',
        what.length === 0
          ? `No node that answers has a domain of ${name}: there is nothing to clean up.`
          : `No domain of ${name} runs; there is only ${calledText(what)}. Which of them could go on is not known: stop the instance, which ends them by their uuid, and start it again.`,
      ),
    );
    return draft;
  }
  const { node } = home;
  const strange = leftovers.filter((each) => each.node === node || each.domain.state === 'running');
  const suspects = suspectsOf(scene, view, node);
  const moved = record.primary !== node;
  const settles = moved || record.next !== undefined;
  reasons.push(
    passed('state', 'State', `${name} runs on ${node} (domain ${home.domain.domid}).`, { node }),
    ...strange.map((each) =>
      blocks(
        'migration-leftover',
        `Leftover on ${each.node}`,
        `${calledText([each])} can't be ended by itself: look at both with xl on ${each.node}.`,
        { node: each.node },
      ),
    ),
    ...(leftovers.length === 0 && !settles
      ? [
          blocks(
            'nothing-left',
            'Leftovers',
            `There is nothing to clean up: ${name} runs on ${node} alone, as its record says.`,
          ),
        ]
      : []),
    ...leftovers.map((each) =>
      warning('ends-leftover', `Leftover on ${each.node}`, `${calledText([each])} is ended for good.`, {
        node: each.node,
      }),
    ),
    ...(moved
      ? [
          warning(
            'primary',
            'Primary',
            `The record gives it to ${record.primary ?? 'nobody'}; from now on only ${node} may start it.`,
            { node },
          ),
          ...imagesOn(view, node),
        ]
      : []),
    ...restartsBehindOurBack(scene, name),
    ...[...new Set([node, ...leftovers.map((each) => each.node)])].flatMap((each) =>
      nodeCanWork(scene, each),
    ),
    ...vouchChecks(scene, view, suspects),
  );
  if (!folderOn(view, node)?.seen) {
    reasons.push(
      blocks('no-folder', 'Folder', `${node} does not show the folder ${folder}, so it can't be locked.`, {
        node,
      }),
    );
    return draft;
  }
  const guest = identityOf(record);
  const list = makeStepList();
  const others = [...new Set(leftovers.map((each) => each.node))].filter((each) => each !== node);
  addLock(list, scene, {
    node,
    folder,
    title: `clean up after a migration of ${name}`,
    nodes: [node, ...others],
  });
  list.add(node, `Make sure that ${name} runs on ${node}`, { do: 'check-running', ...guest });
  for (const other of others)
    list.add(
      other,
      `End what a migration left of ${name} on ${other}`,
      { do: 'end-leftovers', ...guest },
      { commit: true },
    );
  list.add(
    scene.lookup.seen.map((each) => each.name).filter((each) => each !== node),
    `Make sure that ${name} runs on ${node} alone`,
    { do: 'verdict', ...guest },
  );
  list.add(node, `Make sure that ${name} still runs on ${node}`, { do: 'check-running', ...guest });
  if (settles) {
    const next = nextRecord(
      scene,
      record,
      {
        primary: node,
        ...(moved
          ? {
              secondary: record.primary ?? record.secondary,
              generation: record.generation + 1,
              formerPrimaries: primariesAfter(record, record.primary, node),
            }
          : {}),
        vouchings: vouchingsAfter(
          scene,
          record,
          suspects.map((each) => each.node),
        ),
      },
      'settled',
    );
    list.add(
      node,
      moved ? `Record that only ${node} may start ${name}` : 'Record that no migration is under way',
      { do: 'write-record', folder, record: next, expectId: record.id },
      { commit: true },
    );
    draft.files = [recordFile(folder, record, next)];
  }
  addUnlock(list, scene, node, folder, !settles);
  return { ...draft, steps: list.steps };
};
