/** `vbdesk cluster verify`: everything that is not as it should be, each as one sentence. */
import { deriveInstances, orphanFolders, unmanagedDomains } from '../../core/cluster/instances.ts';
import type { Snapshot } from '../../core/cluster/snapshot.ts';
import { listText } from '../../core/cluster/status.ts';
import { trashOf } from '../../core/cluster/trash.ts';
import { returnedNodesOf } from '../../core/plan/returned-nodes.ts';
import type { RunSummary } from '../../core/plan/run.ts';
import { summaryOf } from '../../core/plan/run.ts';
import type { CommandContext } from './context.ts';
import { lookAt } from './resolve.ts';
import { indented } from './table.ts';

/** `code` is stable, `subject` the node, instance or directory that it is about. */
export type Finding = { subject: string; code: string; text: string };

const ofNodes = (snapshot: Snapshot): Finding[] => {
  const newest = Math.max(0, ...snapshot.nodes.map((node) => node.facts?.membership?.generation ?? 0));
  return snapshot.nodes.flatMap(({ name, trouble, facts }): Finding[] => {
    if (trouble) return [{ subject: name, code: trouble.kind, text: trouble.message }];
    if (!facts) return [];
    const found: Finding[] = facts.problems.map((text) => ({ subject: name, code: 'probe', text }));
    const { membership } = facts;
    if (membership === null)
      found.push({
        subject: name,
        code: 'no-membership',
        text: `It does not know that it is in the cluster (no /var/lib/vbdesk/cluster.json): found the cluster again with it.`,
      });
    else if (membership.uuid !== snapshot.cluster.uuid)
      found.push({
        subject: name,
        code: 'other-cluster',
        text: `It belongs to another cluster, ${membership.cluster} (uuid ${membership.uuid}).`,
      });
    else if (membership.generation < newest)
      found.push({
        subject: name,
        code: 'old-membership',
        text: `What it knows of the cluster is old (generation ${membership.generation}, others have ${newest}): found the cluster again with all its nodes.`,
      });
    if (facts.toolstack === null)
      found.push({
        subject: name,
        code: 'no-toolstack',
        text: 'It has neither xl nor xm: no Xen host, or Xen is not running.',
      });
    return found;
  });
};

const stateTexts: Readonly<Record<string, string>> = {
  missing: 'is missing',
  'not-a-directory': 'is not a directory',
  symlink: 'is a symbolic link or lies behind one, so it is not used',
  'not-answering': 'does not answer: its storage hangs',
};

const ofStorages = (snapshot: Snapshot): { problems: Finding[]; notes: Finding[] } => {
  const problems: Finding[] = [];
  const notes: Finding[] = [];
  for (const path of snapshot.cluster.storageDirectories) {
    const byId = new Map<string, string[]>();
    for (const { name, trouble, facts } of snapshot.nodes) {
      if (trouble || !facts) continue;
      const found = facts.storages.find((each) => each.path === path);
      const state = found?.state ?? 'missing';
      if (state !== 'ok')
        problems.push({
          subject: name,
          code: `storage-${state}`,
          text: `${path} ${stateTexts[state] ?? state} on ${name}.`,
        });
      else if (!found?.id)
        problems.push({
          subject: name,
          code: 'storage-no-id',
          text: `${path} on ${name} has no id (.vbdesk-storage): found the cluster again to give it one.`,
        });
      else byId.set(found.id, [...(byId.get(found.id) ?? []), name]);
    }
    const groups = [...byId.values()];
    const shared = groups.filter((nodes) => nodes.length > 1);
    const alone = groups.flatMap((nodes) => (nodes.length === 1 ? nodes : []));
    for (const nodes of shared)
      notes.push({ subject: path, code: 'storage-shared', text: `${path} is shared by ${listText(nodes)}.` });
    if (alone.length > 0)
      notes.push({
        subject: path,
        code: 'storage-own',
        text: `${path} is ${alone.length === 1 ? `${alone[0]}'s own` : `each one's own on ${listText(alone)}`}.`,
      });
    if (shared.length > 0 && alone.length > 0)
      problems.push({
        subject: path,
        code: 'storage-not-mounted',
        text: `${path} is shared by ${listText(shared.flat())}, but ${listText(alone)} ${alone.length === 1 ? 'has a directory of its own' : 'have directories of their own'} there: is the shared storage mounted?`,
      });
  }
  return { problems, notes };
};

const badStates: ReadonlySet<string> = new Set([
  'running-twice',
  'wrong-node',
  'crashed',
  'paused',
  'unknown',
  'not-seen',
]);

const ofInstances = (snapshot: Snapshot): { problems: Finding[]; notes: Finding[] } => {
  const problems: Finding[] = [];
  const notes: Finding[] = [];
  for (const view of deriveInstances(snapshot)) {
    if (badStates.has(view.status))
      problems.push({ subject: view.name, code: view.status, text: view.statusText });
    for (const { code, text } of view.problems) problems.push({ subject: view.name, code, text });
    if (view.lock?.content) {
      const { user, workstation, title, run, at } = view.lock.content;
      notes.push({
        subject: view.name,
        code: 'locked',
        text: `The run ${run} of ${user}@${workstation} holds it since ${at}: ${title}.`,
      });
    }
  }
  for (const folder of orphanFolders(snapshot)) {
    const finding = {
      subject: folder.path,
      code: folder.kind,
      text: `${folder.path} (${listText(folder.nodes)}): ${folder.text}`,
    };
    if (folder.kind === 'broken-record') problems.push(finding);
    else notes.push(finding);
  }
  for (const { path, lock } of trashOf(snapshot, true))
    if (lock)
      notes.push({
        subject: path,
        code: 'locked',
        text: lock.ok
          ? `${path}, a removed instance, is locked by the run ${lock.lock.run} of ${lock.lock.user}@${lock.lock.workstation} since ${lock.lock.at}: ${lock.lock.title}. Once that run has ended: vbdesk instance unlock ${path}`
          : `${path}, a removed instance, has a lock that can't be read: ${lock.error}`,
      });
  for (const { node, domain } of unmanagedDomains(snapshot))
    notes.push({
      subject: node,
      code: 'unmanaged-domain',
      text: `The domain ${domain.name} on ${node} belongs to no instance of VBDesk.`,
    });
  return { problems, notes };
};

const ofRuns = (runs: readonly RunSummary[]): Finding[] =>
  runs.flatMap((run): Finding[] => {
    const returned =
      run.returned === undefined
        ? []
        : [
            {
              subject: run.subject,
              code: 'vouched-node-answers',
              text: `${run.subject}, run ${run.id} (${run.title}): ${run.returned}`,
            },
          ];
    if (run.state === 'done' || run.state === 'undone' || run.state === 'given-up' || run.state === 'running')
      return returned;
    const what = { stuck: 'needs a person', unknown: 'has an unknown outcome', 'cut-off': 'was cut off' }[
      run.state
    ];
    return [
      ...returned,
      {
        subject: run.subject,
        code: `run-${run.state}`,
        text: `The run ${run.id} (${run.title}) ${what}: vbdesk run show ${run.id}`,
      },
    ];
  });

/** Everything that is wrong, and what is worth knowing. Pure but for its arguments. */
export const findingsOf = (
  snapshot: Snapshot,
  runs: readonly RunSummary[],
): { problems: Finding[]; notes: Finding[] } => {
  const storages = ofStorages(snapshot);
  const instances = ofInstances(snapshot);
  return {
    problems: [
      ...ofNodes(snapshot),
      ...storages.problems,
      ...instances.problems,
      ...ofRuns(runs.filter((run) => run.cluster === snapshot.cluster.name)),
    ],
    notes: [...storages.notes, ...instances.notes],
  };
};

/** Prints the findings; true when nothing is wrong. */
export const verify = async (context: CommandContext, cluster: string): Promise<boolean> => {
  const snapshot = await lookAt(context, cluster);
  const runs = (await (await context.desk()).runs()).map((run) =>
    summaryOf(run, run.cluster === cluster ? (returnedNodesOf(run, snapshot)?.text ?? null) : null),
  );
  const { problems, notes } = findingsOf(snapshot, runs);
  const paint = context.style('out');
  const lines = (findings: readonly Finding[]): string =>
    indented(
      findings.map(({ subject, text }) => (text.includes(subject) ? text : `${subject}: ${text}`)).join('\n'),
    );
  context.result(
    { cluster, ok: problems.length === 0, problems, notes },
    [
      problems.length === 0
        ? paint('green', `${cluster}: all ${snapshot.nodes.length} nodes answer, and nothing is wrong.`)
        : `${paint('red', `${cluster}: ${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}`)}\n${lines(problems)}`,
      ...(notes.length > 0 ? [`Worth knowing:\n${lines(notes)}`] : []),
    ].join('\n'),
  );
  return problems.length === 0;
};
