/** Nothing of the instance runs on any node that answers, and nothing would start it behind our back. */

import type { InstanceView } from '../../cluster/instances.ts';
import { autostartPath, type DomainSight, isMigrationLeftover, openersOf } from '../../cluster/lookup.ts';
import { endsAutostart } from '../../cluster/other-configs.ts';
import { listText } from '../../cluster/status.ts';
import { baseName } from '../../storage/paths.ts';
import type { Reason } from '../reason.ts';
import { blocks, passed, type Scene } from '../scene.ts';
import { workingNode } from '../subject.ts';

/** A guest of an instance whose folder nobody shows: what is stopped from here is locked first, and there is nothing to lock. */
export const endByHand = (scene: Scene, view: InstanceView, { node, domain }: DomainSight): string => {
  const tool = scene.lookup.byName.get(node)?.facts?.toolstack ?? 'xl';
  const look = tool === 'xm' ? 'xm list -l' : 'xl list -v';
  return `On ${node} it has to be ended by hand: first look that “${look} ${domain.domid}” shows the uuid ${view.uuid}; then “${tool} shutdown ${domain.domid}” asks it to end, and “${tool} destroy ${domain.domid}” ends it at once, where its storage is gone and it can't.`;
};

/** Ends the sentences about a domain that nothing here can stop; empty while its folder can be locked. */
const byHand = (scene: Scene, view: InstanceView, sight: DomainSight): string =>
  workingNode(view) === null
    ? ` No node that answers shows ${view.folder} as its record tells of it, so it can't be locked, and nothing is stopped from here. ${endByHand(scene, view, sight)}`
    : '';

const aboutDomain = (scene: Scene, view: InstanceView, sight: DomainSight): Reason => {
  const { node, domain } = sight;
  const { name } = view;
  const rest = byHand(scene, view, sight);
  const called = domain.name === name ? '' : ` under the name ${domain.name}`;
  const about = { node };
  if (isMigrationLeftover(domain.name))
    return blocks(
      'migration-leftover',
      `Runs on ${node}`,
      `${node} has the domain ${domain.name}, left over from a migration. If the guest runs elsewhere, clean up after the migration, which ends this one; else stop the instance, which ends it by its uuid.${rest}`,
      about,
    );
  switch (domain.state) {
    case 'running':
      return blocks(
        'running',
        `Runs on ${node}`,
        `${name} runs on ${node}${called} (domain ${domain.domid}): it can't be started a second time on the same images.${rest}`,
        about,
      );
    case 'paused':
      return blocks(
        'paused',
        `Paused on ${node}`,
        `${node} has a paused domain of ${name}${called} (domain ${domain.domid}), perhaps of a start that was cut off${rest === '' ? ': stop the instance first, which ends it.' : `.${rest}`}`,
        about,
      );
    case 'dying':
      return blocks(
        'dying',
        `Dying on ${node}`,
        `A domain of ${name} on ${node} is being taken down (domain ${domain.domid}, ${domain.flags}) and may still write to its images: wait until it is gone.`,
        about,
      );
    case 'crashed':
    case 'shutdown':
      return blocks(
        'kept-domain',
        `Kept on ${node}`,
        `The guest has ended, but ${node} still keeps its domain${called} (domain ${domain.domid})${rest === '' ? ': stop the instance first, which clears it.' : `.${rest}`}`,
        about,
      );
    case 'unknown':
      return blocks(
        'unknown-domain',
        `Unclear on ${node}`,
        `${node} shows a domain of ${name}${called} in a state that is not understood (${domain.flags}).${rest}`,
        about,
      );
  }
};

/** Domains that tell no uuid: by their name, or while they die, they might be anybody's. */
const anonymous = (scene: Scene, name: string): Reason[] =>
  scene.lookup.anonymousDomains
    .filter(
      (each) =>
        each.seen &&
        (each.domain.state === 'dying' || each.domain.name === name || each.domain.name === '(null)'),
    )
    .map(({ node, domain }) =>
      blocks(
        'anonymous-domain',
        `Unclear on ${node}`,
        `${node} has the domain ${domain.name} (domain ${domain.domid}, ${domain.flags}) without a uuid: it may be ${name}, so nothing is started until it is gone.`,
        { node },
      ),
    );

/** Other domains of this name on nodes that answer. */
export const nameTaken = (scene: Scene, uuid: string, name: string): Reason[] =>
  (scene.lookup.domainsByName.get(name) ?? [])
    .filter((each) => each.seen && each.domain.uuid !== null && each.domain.uuid.toLowerCase() !== uuid)
    .map(({ node, domain }) =>
      blocks(
        'name-in-use',
        `Name on ${node}`,
        `${node} runs another domain called ${domain.name} (uuid ${domain.uuid ?? 'unknown'}).`,
        { node, field: 'name' },
      ),
    );

/** Saves and autostarts, on nodes that answer; silent ones are a matter of vouching. */
export const restartsBehindOurBack = (
  scene: Scene,
  name: string,
  aside: { node: string; paths: readonly string[] } | null = null,
): Reason[] => [
  ...(scene.lookup.savesByName.get(name) ?? [])
    .filter((each) => each.seen)
    .map(({ node, file }) =>
      blocks(
        'save-file',
        `Saved on ${node}`,
        `${node} would restore ${name} by itself at boot, from /var/lib/xen/save/${file}. If that saved state is not needed any more, remove the file on ${node}; else restore it there and shut it down.`,
        { node },
      ),
    ),
  ...(scene.lookup.autostartsByName.get(name) ?? [])
    .filter((each) => each.seen && (each.node !== aside?.node || !aside.paths.includes(autostartPath(each))))
    .map(({ node, ...sight }) =>
      blocks(
        'autostart',
        `Autostart on ${node}`,
        `${node} would start ${name} by itself at boot, wherever it runs then: ${endsAutostart(autostartPath(sight), node)}.`,
        { node },
      ),
    ),
];

/** Monitors and open images, but for the node that may run it. */
const usedBy = (scene: Scene, view: InstanceView, besides: string | null): Reason[] => {
  const reasons: Reason[] = [];
  for (const { node, seen } of scene.lookup.monitorsByName.get(view.name) ?? [])
    if (seen && node !== besides)
      reasons.push(
        blocks(
          'monitor',
          `Monitor on ${node}`,
          `xl's monitor of ${view.name} is alive on ${node}: the guest may be rebooting, and would come back by itself. Wait a minute and look again.`,
          { node },
        ),
      );
  const images = new Set(view.disks.map((each) => baseName(each.path)));
  for (const { node, seen, current, folder } of view.folders) {
    if (!seen || !current || node === besides || !scene.lookup.open.has(node)) continue;
    for (const file of folder.files) {
      if (!images.has(file.name)) continue;
      const openers = openersOf(scene.lookup, node, file);
      if (openers.length > 0)
        reasons.push(
          blocks(
            'image-open',
            `Open on ${node}`,
            `${listText(openers)} on ${node} has ${folder.path}/${file.name} open: nothing may write to an image but its guest.`,
            { node },
          ),
        );
    }
  }
  return reasons;
};

/**
 * Everything that runs or would run the instance on nodes that answer.
 * @param besides a node where it may run (the source of a failover); null: nowhere
 */
export const nothingRuns = (scene: Scene, view: InstanceView, besides: string | null = null): Reason[] => {
  const uuid = view.uuid.toLowerCase();
  const reasons = [
    ...view.domains
      .filter((each) => each.seen && each.node !== besides)
      .map((each) => aboutDomain(scene, view, each)),
    ...anonymous(scene, view.name),
    ...nameTaken(scene, uuid, view.name),
    ...usedBy(scene, view, besides),
    ...restartsBehindOurBack(scene, view.name),
  ];
  if (reasons.length > 0) return reasons;
  const looked = scene.lookup.seen.map((each) => each.name).filter((each) => each !== besides);
  return looked.length === 0
    ? []
    : [
        passed(
          'runs-nowhere',
          'Runs nowhere else',
          `No domain, monitor, open image, saved state or autostart of ${view.name} on ${listText(looked)}.`,
        ),
      ];
};
