/** `vbdesk instance adopt`: a guest that somebody made by hand becomes an instance, with its configuration, running or not. */
import type { Command } from 'commander';
import type { Snapshot } from '../../core/cluster/snapshot.ts';
import { candidatesOn } from '../../core/plan/hand-made.ts';
import { shown } from '../../core/storage/checked.ts';
import { usageError } from './cli-error.ts';
import type { Action } from './command.ts';
import type { CommandContext } from './context.ts';
import { perform } from './perform.ts';
import { chooseCluster, knownNode, lookAt, lookToChange } from './resolve.ts';
import { table } from './table.ts';

type Options = { node?: string; name?: string; start?: boolean };

const candidates = (snapshot: Snapshot) =>
  snapshot.nodes.flatMap(({ name: node, trouble, facts }) =>
    trouble !== null
      ? []
      : candidatesOn(facts?.guestConfigs ?? []).map(({ path, name, images }) => ({
          node,
          path,
          name,
          runs: facts?.domains.some((each) => each.name === name) === true,
          images,
        })),
  );

const list = async (context: CommandContext): Promise<void> => {
  const snapshot = await lookAt(context, await chooseCluster(context));
  const found = candidates(snapshot);
  context.result(
    { configurations: found },
    found.length === 0
      ? 'No node that answers has a configuration in /etc/xen that names images below a storage directory.'
      : table(
          ['Node', 'Configuration', 'Name', 'Domain', 'Images'].map((title) => ({ title })),
          found.map((each) => [
            each.node,
            each.path,
            each.name,
            each.runs ? 'there' : 'none',
            each.images.join(' '),
          ]),
        ),
  );
};

const adopt = async (context: CommandContext, given: string | undefined, options: Options): Promise<void> => {
  if (given === undefined) return list(context);
  const [node = '', secondary, ...rest] = (options.node ?? '').split(':');
  if (node === '')
    throw usageError('Name the node on which the configuration lies: -n NODE[:SECONDARY].', 'bad-input');
  if (rest.length > 0)
    throw usageError(`-n takes NODE or NODE:SECONDARY, not ${shown(options.node ?? '')}.`, 'bad-input');
  const config = given.startsWith('/') ? given : `/etc/xen/${given}`;
  const { cluster, snapshot } = await lookToChange(context);
  const primary = knownNode(snapshot, node);
  const there = candidates(snapshot).filter((each) => each.node === primary);
  const found = there.find((each) => each.path === config);
  if (!found)
    throw usageError(
      `${primary} has no configuration ${shown(config)} that names images below a storage directory. ${
        there.length === 0
          ? 'It has none that does.'
          : `There are: ${there.map((each) => each.path).join(', ')}.`
      }`,
      'no-config',
    );
  await perform(
    context,
    cluster,
    {
      kind: 'adopt',
      name: options.name ?? found.name,
      primary,
      secondary: secondary === undefined ? null : knownNode(snapshot, secondary),
      paths: found.images.slice(0, 26),
      driver: null,
      guest: {},
      nics: null,
      config,
      start: options.start === true,
    },
    true,
  );
};

export const addInstanceAdopt = (instance: Command, action: Action): void => {
  instance
    .command('adopt [config]')
    .description(
      'make an instance of a guest made by hand, by its configuration in /etc/xen; without one: list them',
    )
    .option('-n, --node <node[:secondary]>', 'where that file lies, and where the instance is failed over to')
    .option('--name <name>', 'name of the instance; else that of the guest')
    .option('--start', 'start it when it is adopted, if it does not run')
    .addHelpText(
      'after',
      `
A running guest goes on as it is: nothing of it is stopped, restarted or written to. Its configuration goes on as xen.cfg beside the
images, with comments and unknown keys; the file in /etc/xen, and a link to it in /etc/xen/auto, are set aside under another name, so
that nobody starts the guest a second time.

Examples:
  vbdesk instance adopt
  vbdesk instance adopt -n node1:node2 web1.cfg
`,
    )
    .action(action(adopt));
};
