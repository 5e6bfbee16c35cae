/** What the palette offers: pure, from the state. */
import { imagesOf } from '../../core/cluster/images.ts';
import { deriveInstances, orphanFolders } from '../../core/cluster/instances.ts';
import type { AppState } from '../../core/contract.ts';
import { type ActionsOf, everyAction } from '../model/draft-actions.ts';
import { activityOf, handlesOf, wordOf } from '../model/instance-words.ts';
import type { Route } from '../navigation/route.ts';
import { count } from '../parts/format.ts';

export type Command = {
  id: string;
  group: 'Go to' | 'Do' | 'Instance' | 'Node' | 'Run';
  title: string;
  note: string;
  key: string | null;
  /** why it can't be done now; null when it can */
  impossible: string | null;
  act: { kind: 'go'; route: Route } | { kind: 'refresh' } | { kind: 'keys' };
};

const go = (
  id: string,
  group: Command['group'],
  title: string,
  route: Route,
  more: Partial<Pick<Command, 'note' | 'key' | 'impossible'>> = {},
): Command => ({
  id,
  group,
  title,
  note: '',
  key: null,
  impossible: null,
  act: { kind: 'go', route },
  ...more,
});

/** @param actions of an instance: what can be done with it now, or drafted */
export const commandsOf = (app: AppState, actions: ActionsOf = everyAction): Command[] => {
  const commands: Command[] = [];
  const { snapshot } = app;
  if (snapshot) {
    const instances = deriveInstances(snapshot);
    const handles = handlesOf(instances);
    commands.push(
      go('go-overview', 'Go to', 'Overview', { view: 'overview' }, { key: '1' }),
      go('go-instances', 'Go to', 'Instances', { view: 'instances' }, { key: '2' }),
      go('go-images', 'Go to', 'Images', { view: 'images' }, { key: '3' }),
      go('go-drafts', 'Go to', 'Drafts', { view: 'drafts' }, { key: '4' }),
      go('go-runs', 'Go to', 'Runs', { view: 'runs' }, { key: '5' }),
      go('go-nodes', 'Go to', 'Nodes', { view: 'nodes' }, { key: '6' }),
      go('create', 'Do', 'Create instance', { view: 'create' }, { key: 'C' }),
      go('import', 'Do', 'Import from Ganeti', { view: 'import' }),
      go('go-trash', 'Go to', 'Trash', { view: 'trash' }),
      go('add-node', 'Do', 'Add a node', { view: 'add-node' }),
      go('templates', 'Do', 'Choose the template directory', { view: 'templates' }),
      {
        id: 'refresh',
        group: 'Do',
        title: 'Read all nodes now',
        note: '',
        key: null,
        impossible: null,
        act: { kind: 'refresh' },
      },
    );
    const ownerless = imagesOf(snapshot).filter((row) => row.owner.kind === 'orphan').length;
    commands.push(
      go(
        'orphans',
        'Do',
        'Show images without an owner',
        { view: 'images', only: 'orphans' },
        { note: count(ownerless, 'image') },
      ),
    );
    for (const { kind, path, nodes, files } of orphanFolders(snapshot))
      if (kind === 'no-record' && files.length > 0 && nodes[0] !== undefined)
        commands.push(
          go(`adopt ${path} ${nodes[0]}`, 'Do', `Adopt ${path}`, {
            view: 'adopt',
            node: nodes[0],
            paths: [path],
          }),
        );
    for (const instance of instances) {
      const handle = handles.get(instance.uuid) ?? instance.uuid;
      commands.push(
        go(
          `instance ${instance.uuid}`,
          'Instance',
          instance.name,
          { view: 'instance', instance: handle },
          {
            note: `${wordOf(instance.status)}, ${instance.primary ?? 'no primary'}`,
          },
        ),
      );
      const activity = activityOf(app.runs, instance, snapshot.cluster.name);
      for (const action of actions(instance, handle, activity))
        commands.push(
          go(
            `${action.id} ${instance.uuid}`,
            'Do',
            `${action.label.replace('…', '')} ${instance.name}`,
            action.route,
            {
              impossible: action.impossible,
            },
          ),
        );
    }
    for (const node of snapshot.nodes)
      commands.push(
        go(
          `node ${node.name}`,
          'Node',
          node.name,
          { view: 'nodes' },
          {
            note: node.trouble ? node.trouble.message : 'answers',
          },
        ),
      );
  }
  for (const draft of app.drafts)
    commands.push(
      go(
        `draft ${draft.path}`,
        'Go to',
        `Draft ${draft.name}`,
        { view: 'draft', path: draft.path },
        { note: draft.problem ?? count(draft.changes, 'change') },
      ),
    );
  for (const run of app.runs.slice(0, 30))
    commands.push(go(`run ${run.id}`, 'Run', run.title, { view: 'run', run: run.id }, { note: run.state }));
  commands.push(
    go('connect', 'Do', 'Connect a cluster', { view: 'connect' }),
    go('clusters', 'Go to', 'All clusters', { view: 'clusters' }),
    go('settings', 'Go to', 'Settings', { view: 'settings' }),
    {
      id: 'keys',
      group: 'Do',
      title: 'Show the keys',
      note: '',
      key: '?',
      impossible: null,
      act: { kind: 'keys' },
    },
  );
  return commands;
};

/** Every word must occur; a title that begins with the text comes first, what is impossible last. */
export const findCommands = (commands: readonly Command[], text: string): Command[] => {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0)
    return commands.filter(
      (each) => each.group === 'Go to' || (each.group === 'Do' && !each.id.includes(' ')),
    );
  const whole = words.join(' ');
  const rank = (command: Command): number =>
    (command.impossible === null ? 0 : 10) +
    (command.title.toLowerCase().startsWith(whole) ? 0 : command.title.toLowerCase().includes(whole) ? 1 : 2);
  return commands
    .filter((command) => {
      const hay = `${command.group} ${command.title}`.toLowerCase();
      return words.every((word) => hay.includes(word));
    })
    .map((command, index) => ({ command, index }))
    .sort((a, b) => rank(a.command) - rank(b.command) || a.index - b.index)
    .map((each) => each.command);
};
