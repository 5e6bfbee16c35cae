/** `vbdesk instance adopt`: a guest that somebody made by hand becomes an instance, with its configuration, running or not. */
import type { Command } from 'commander';
import type { Snapshot } from '../../core/cluster/snapshot.ts';
import { adoptionOf, type GuestByHand, guestsByHand } from '../../core/plan/adopt/guests-by-hand.ts';
import { candidatesOn } from '../../core/plan/adopt/hand-made.ts';
import type { AdoptIntent } from '../../core/plan/intent.ts';
import { shown } from '../../core/storage/checked.ts';
import { usageError } from './cli-error.ts';
import type { Action } from './command.ts';
import type { CommandContext } from './context.ts';
import { perform } from './perform.ts';
import { chooseCluster, knownNode, lookAt, lookToChange, noteSilentNodes } from './resolve.ts';
import { table } from './table.ts';

type Options = { node?: string; name?: string; start?: boolean; domain?: string };

const candidates = (snapshot: Snapshot) =>
  snapshot.nodes.flatMap(({ name: node, trouble, facts }) =>
    trouble !== null
      ? []
      : candidatesOn(facts?.guestConfigs ?? []).map(({ path, name, images }) => ({
          node,
          path,
          name,
          images,
        })),
  );

const domainText = ({ domain }: GuestByHand): string =>
  domain === null ? 'none' : domain.state === 'running' ? 'running' : domain.state;

const list = async (context: CommandContext): Promise<void> => {
  const snapshot = await lookAt(context, await chooseCluster(context));
  const found = guestsByHand(snapshot);
  const obstacles = found.filter((each) => each.obstacle !== null);
  context.result(
    {
      guests: found.map(({ domain, ...guest }) => ({
        ...guest,
        domain: domain && { domid: domain.domid, uuid: domain.uuid, state: domain.state },
      })),
    },
    found.length === 0
      ? 'No node shows a guest that is no instance: no configuration in /etc/xen that names an image below a storage directory, and no domain that no record speaks of.'
      : [
          table(
            ['Node', 'Configuration', 'Name', 'Domain', 'Images'].map((title) => ({ title })),
            found.map((each) => [
              each.node,
              each.config ?? '(none found)',
              each.name,
              domainText(each),
              each.images.join(' '),
            ]),
          ),
          ...(obstacles.length === 0
            ? []
            : [
                'Not adopted as they are:',
                ...obstacles.map((each) => `  ${each.config ?? each.name} on ${each.node}: ${each.obstacle}`),
              ]),
        ].join('\n'),
  );
  noteSilentNodes(context, snapshot);
};

/** A domain that runs on the node, and of which no configuration was found. */
const domainOf = (snapshot: Snapshot, primary: string, named: string): GuestByHand => {
  const guests = guestsByHand(snapshot).filter((each) => each.node === primary && each.domain !== null);
  const found = guests.filter((each) => each.name === named || each.domain?.uuid === named.toLowerCase());
  const [guest] = found;
  const there = guests.filter((each) => each.config === null).map((each) => each.name);
  if (!guest || found.length > 1)
    throw usageError(
      found.length > 1
        ? `${primary} has ${found.length} domains called ${shown(named)}: name one by its uuid.`
        : `${primary} has no domain ${shown(named)} that no record speaks of. ${there.length === 0 ? 'It has none that runs without a configuration.' : `There are: ${there.join(', ')}.`}`,
      'no-domain',
    );
  if (guest.config !== null)
    throw usageError(
      `${guest.config} on ${primary} is its configuration: adopt it by that file (vbdesk instance adopt ${guest.config} -n ${primary}).`,
      'bad-input',
    );
  return guest;
};

const adopt = async (context: CommandContext, given: string | undefined, options: Options): Promise<void> => {
  if (given === undefined && options.domain === undefined) return list(context);
  if (given !== undefined && options.domain !== undefined)
    throw usageError('A configuration and --domain contradict each other: name one.', 'bad-input');
  const [node = '', secondary, ...rest] = (options.node ?? '').split(':');
  if (node === '') throw usageError('Name the node on which it is: -n NODE[:SECONDARY].', 'bad-input');
  if (rest.length > 0)
    throw usageError(`-n takes NODE or NODE:SECONDARY, not ${shown(options.node ?? '')}.`, 'bad-input');
  const { cluster, snapshot } = await lookToChange(context);
  const primary = knownNode(snapshot, node);
  const said = (name: string) => ({
    name: options.name ?? name,
    secondary: secondary === undefined ? null : knownNode(snapshot, secondary),
    start: options.start === true,
  });
  if (given === undefined) {
    const guest = domainOf(snapshot, primary, options.domain ?? '');
    // no plan can be made without an image; all else the plan says
    if (guest.images.length === 0)
      throw usageError(
        `${guest.name} on ${primary} can't be adopted: ${guest.obstacle ?? 'it has no image attached.'}`,
        'bad-input',
      );
    await perform(context, cluster, adoptionOf(guest, said(guest.name)), true);
    return;
  }
  const config = given.startsWith('/') ? given : `/etc/xen/${given}`;
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
  const intent: AdoptIntent = {
    kind: 'adopt',
    ...said(found.name),
    primary,
    paths: found.images.slice(0, 26),
    driver: null,
    guest: {},
    nics: null,
    config,
  };
  await perform(context, cluster, intent, true);
};

export const addInstanceAdopt = (instance: Command, action: Action): void => {
  instance
    .command('adopt [config]')
    .description(
      'make an instance of a guest made by hand, by its configuration in /etc/xen; without one: list them',
    )
    .option('--domain <name>', 'a domain that runs, and of which no configuration was found')
    .option('-n, --node <node[:secondary]>', 'where it is, and where the instance is failed over to')
    .option('--name <name>', 'name of the instance; else that of the guest')
    .option('--start', 'start it when it is adopted, if it does not run')
    .addHelpText(
      'after',
      `
A running guest goes on as it is: nothing of it is stopped, restarted or written to. Its configuration goes on as xen.cfg beside the
images, with comments and unknown keys; the file in /etc/xen, and a link to it in /etc/xen/auto, are set aside under another name, so
that nobody starts the guest a second time.

A running domain without a file in /etc/xen is adopted with --domain: xen.cfg is written from what the toolstack tells of it. Where that
does not tell all that matters (HVM guests, PCI devices, how it boots, …) it is refused, and says why.

Examples:
  vbdesk instance adopt
  vbdesk instance adopt -n node1:node2 web1.cfg
  vbdesk instance adopt -n node1:node2 --domain web2
`,
    )
    .action(action(adopt));
};
