/** Configurations on the nodes by which images would be started beside the instance that takes them over. */
import { type ConfigSight, endsAutostart, fileKey } from '../../cluster/other-configs.ts';
import { listText } from '../../cluster/status.ts';
import type { Reason } from '../reason.ts';
import { blocks, consent, type Scene, warning } from '../scene.ts';

/** What is taken over: files as a node names them, and the uuid that the guest had. */
export type Taken = { node: string; paths: readonly string[]; uuid: string | null; folder: string | null };

/** Accepting it says that nobody starts a guest by them. */
export const otherConfigCode = 'other-config';

const sightsFor = (scene: Scene, { node, paths, uuid, folder }: Taken): Map<ConfigSight, string[]> => {
  const found = new Map<ConfigSight, string[]>();
  const view = scene.lookup.byName.get(node);
  for (const path of paths)
    for (const sight of scene.lookup.guestConfigs.byFile.get(fileKey(view, path) ?? '') ?? [])
      found.set(sight, [...(found.get(sight) ?? []), path]);
  const wanted = uuid?.toLowerCase();
  for (const each of scene.lookup.nodes)
    for (const config of each.facts?.guestConfigs ?? []) {
      if (wanted === undefined || !config.uuids.includes(wanted)) continue;
      if (![...found.keys()].some((sight) => sight.config === config))
        found.set({ node: each.name, seen: each.seen, config }, []);
    }
  // a link to the xen.cfg in the folder itself is that very configuration, which no boot starts
  for (const { config } of found.keys())
    if (!config.atBoot && folder !== null && config.leadsTo === `${folder}/xen.cfg`)
      for (const sight of found.keys()) if (sight.config === config) found.delete(sight);
  return found;
};

const capital = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1);

const what = (paths: readonly string[], uuid: string | null): string =>
  paths.length > 0 ? `attaches ${listText(paths)}` : `has the uuid ${uuid ?? ''} of that guest`;

/**
 * An entry of /etc/xen/auto blocks on a node that answers, since that node would start it at its next boot; any other
 * configuration, and one on a silent node, needs somebody's consent.
 * @param aside configurations on that node which are set aside
 */
export const otherConfigs = (scene: Scene, taken: Taken, aside: readonly string[] = []): Reason[] => [
  ...[...sightsFor(scene, taken)]
    .filter(([{ node, config }]) => node !== taken.node || !aside.includes(config.path))
    .map(([{ node, seen, config }, paths]) => {
      const says = `${config.path} on ${node} ${what(paths, taken.uuid)}`;
      if (config.atBoot && seen)
        return blocks(
          config.path.startsWith('/etc/') ? 'autostart' : 'save-file',
          config.path.startsWith('/etc/') ? `Autostart on ${node}` : `Saved on ${node}`,
          `${says}: ${node} would start that by itself at boot, and two guests would write to the same images. ${
            config.path.startsWith('/etc/')
              ? `${capital(endsAutostart(config.path, node))} first.`
              : `Restore it on ${node} and shut it down, or remove the file if that saved state is not needed any more.`
          }`,
          { node },
        );
      return consent(
        otherConfigCode,
        'Another configuration',
        config.atBoot
          ? `${says}, as it said last: when it comes back, it would start that by itself, and two guests would write to the same images. Accept this only if ${config.path} is removed before ${node} boots.`
          : `${says}: whoever starts a guest by it starts a second one on the same images. Take it away, or accept that nobody ever does.`,
        { node },
      );
    }),
  ...scene.lookup.seen
    .filter(({ facts }) => facts !== null && facts.guestConfigs === undefined)
    .map(({ name: node }) =>
      warning(
        'configs-unknown',
        'Other configurations',
        `Which configurations lie in /etc/xen and /etc/xen/auto of ${node} is not known: see that none of them attaches these images.`,
        { node },
      ),
    ),
];
