/** `vbdesk practice …`: what only the practice cluster can do. */
import type { Command } from 'commander';
import type { Action } from './command.ts';
import type { CommandContext } from './context.ts';
import { knownNode, lookAt, practiceCluster } from './resolve.ts';

const reset = async (context: CommandContext): Promise<void> => {
  if (context.dryRun) {
    context.result(
      { wouldReset: true },
      'Would end and delete the practice cluster; the next command makes a new one.',
    );
    return;
  }
  await context.confirm('End the practice cluster and delete all that is in it?', 'the reset');
  await context.call('practice.reset', {});
  context.result({ reset: true }, 'The practice cluster is gone; the next command makes a new one.');
};

const plug =
  (plugged: boolean) =>
  async (context: CommandContext, given: string): Promise<void> => {
    const node = knownNode(await lookAt(context, practiceCluster), given);
    if (context.dryRun) {
      context.result(
        { node, wouldBePlugged: plugged },
        plugged ? `Would switch ${node} on again.` : `Would pull ${node}'s plug: its guests end at once.`,
      );
      return;
    }
    await context.call('practice.plug', { node, plugged });
    context.result(
      { node, plugged },
      plugged
        ? `${node} is on again.`
        : `${node}'s plug is pulled: it does not answer, and its guests are gone.`,
    );
  };

export const addPracticeCommands = (program: Command, action: Action): void => {
  const practice = program
    .command('practice')
    .description('the practice cluster: three nodes on this computer, to try things out');
  practice.command('reset').description('end it and delete all that is in it').action(action(reset));
  practice
    .command('plug <node>')
    .description('switch a node on again')
    .action(action(plug(true)));
  practice
    .command('unplug <node>')
    .description("pull a node's plug: its guests end at once, and it does not answer")
    .action(action(plug(false)));
};
