/** What a live migration needs beyond a failover: disks that two nodes see alike, equal CPUs and Xens, and a way by SSH. */
import type { InstanceView } from '../../cluster/instances.ts';
import { isMigrationLeftover, storageOf } from '../../cluster/lookup.ts';
import { listText } from '../../cluster/status.ts';
import { type Coherence, coherenceOf } from '../../storage/coherence.ts';
import { sshAddress } from '../action.ts';
import type { Reason } from '../reason.ts';
import { blocks, consent, passed, type Scene, warning } from '../scene.ts';
import { bootFilesExist, bridgesExist, memoryIsFree } from './capacity.ts';

/** Exactly one domain, which runs where the record says. */
export const runsOnItsPrimary = (view: InstanceView, source: string): Reason[] => {
  const about = { node: source };
  const leftovers = view.domains.filter(
    (each) => each.seen && each.node === source && isMigrationLeftover(each.domain.name),
  );
  if (leftovers.length > 0)
    return leftovers.map(({ domain }) =>
      blocks(
        'migration-leftover',
        `Runs on ${source}`,
        `${source} has the domain ${domain.name} (domain ${domain.domid}), left over from a migration. If the guest runs on another node, clean up after the migration, which ends it; else stop the instance, which ends it by its uuid, and start it.`,
        about,
      ),
    );
  const renamed = view.domains.find(
    (each) => each.seen && each.node === source && each.domain.name !== view.name,
  );
  if (renamed)
    return [
      blocks(
        'domain-name',
        `Runs on ${source}`,
        `Its domain on ${source} is called ${renamed.domain.name}: give it its own name first (xl rename ${renamed.domain.domid} ${view.name}).`,
        about,
      ),
    ];
  if (view.status === 'running') return [passed('state', 'State', view.statusText, about)];
  const help = (): string => {
    switch (view.status) {
      case 'wrong-node':
        return ' Clean up after the migration: that records where it runs.';
      case 'running-twice':
        return '';
      case 'paused':
        return ' Let it run first, or stop it.';
      default:
        return ' A guest that does not run is failed over, or started where it shall be.';
    }
  };
  return [
    blocks(
      'not-running',
      'State',
      `Only a guest that runs on its primary can be migrated. ${view.statusText}${help()}`,
      about,
    ),
  ];
};

const versionOf = (xen: string): [number, number] | null => {
  const match = /(\d+)\.(\d+)/.exec(xen);
  return match ? [Number(match[1]), Number(match[2])] : null;
};

/** Xen can send a guest to its own version and to the next one. */
export const xenFits = (scene: Scene, source: string, target: string): Reason[] => {
  const from = scene.lookup.byName.get(source)?.facts;
  const to = scene.lookup.byName.get(target)?.facts;
  if (!from || !to) return [];
  const about = { node: target };
  const reasons: Reason[] = [];
  for (const [node, facts] of [
    [source, from],
    [target, to],
  ] as const)
    if (facts.toolstack === 'xm')
      reasons.push(
        blocks('toolstack', 'Toolstack', `${node} has xm: only xl's live migration is known here.`, { node }),
      );
  const [a, b] = [versionOf(from.xen), versionOf(to.xen)];
  const said = `${source} has Xen ${from.xen || 'of an unknown version'}, ${target} ${to.xen || 'an unknown one'}`;
  if (a === null || b === null)
    reasons.push(
      consent(
        'xen-unknown',
        'Xen versions',
        `${said}: whether the one understands the other is not known.`,
        about,
      ),
    );
  else if (a[0] !== b[0] || (b[1] !== a[1] && b[1] !== a[1] + 1))
    reasons.push(
      blocks(
        'xen-version',
        'Xen versions',
        `${said}: a running guest can only move to the same version or to the next one.`,
        about,
      ),
    );
  else reasons.push(passed('xen', 'Xen versions', `${said}.`, about));
  return reasons;
};

/** Feature words ("078bf3fd:c0982201:…") of the one that the other lacks: numbers of words. */
const lacking = (from: string, to: string): boolean => {
  const words = (text: string): number[] => text.split(':').map((word) => Number.parseInt(word, 16));
  const have = words(to);
  return words(from).some((word, index) => (word & ~(have[index] ?? 0)) >>> 0 !== 0);
};

/** A running guest keeps using the CPU features that it found when it booted. */
export const cpuFits = (scene: Scene, source: string, target: string): Reason[] => {
  const from = scene.lookup.byName.get(source)?.facts;
  const to = scene.lookup.byName.get(target)?.facts;
  if (!from || !to) return [];
  const about = { node: target };
  const title = 'CPUs';
  const [a, b] = [from.cpuFeatures, to.cpuFeatures];
  const help = 'A guest that uses a feature which is not there any more crashes.';
  if (!a || !b)
    return [
      consent(
        'cpu-unknown',
        title,
        `The CPU features of ${listText([...(a ? [] : [source]), ...(b ? [] : [target])])} are not known. ${help}`,
        about,
      ),
    ];
  if (lacking(a, b))
    return [
      consent(
        'cpu-features',
        title,
        `The CPU of ${target} lacks features that ${source} has (${a} against ${b}). ${help}`,
        about,
      ),
    ];
  if (from.cpuModel !== to.cpuModel)
    return [
      consent(
        'cpu-model',
        title,
        `${source} has ${from.cpuModel ?? 'an unknown CPU'}, ${target} has ${to.cpuModel ?? 'an unknown one'}: as far as Xen tells, no feature is missing there. ${help}`,
        about,
      ),
    ];
  return [
    passed(
      'cpu',
      title,
      `${source} and ${target} have the same CPU (${from.cpuModel ?? 'by its features'}).`,
      about,
    ),
  ];
};

const worst: readonly Coherence[] = ['caching', 'uncached', 'cluster', 'local'];

/**
 * The target opens the images while the source still has them open, so what the source keeps in its memory is lost or comes too
 * late. A loop device always keeps something; QEMU does where the file system does.
 */
export const disksMayMove = (scene: Scene, view: InstanceView, source: string, target: string): Reason[] => {
  const found = [source, target].flatMap((node) => {
    const facts = storageOf(scene.lookup.byName.get(node), view.storage);
    return facts ? [{ node, facts, coherence: coherenceOf(facts.filesystem, facts.mountOptions) }] : [];
  });
  const coherence = worst.find((each) => found.some((one) => one.coherence === each)) ?? 'caching';
  const filesystem = listText([
    ...new Set(found.map((each) => each.facts.filesystem || 'an unknown file system')),
  ]);
  const reasons: Reason[] = [];
  for (const [index, { logical_id, mode }] of view.record.disks.entries()) {
    const [driver, type, path] = logical_id;
    // what nobody writes is the same for all
    if (mode === 'ro') continue;
    const about = { field: `disks.${index}` };
    const title = `Disk ${index}`;
    if (driver !== 'blktap' && (coherence === 'caching' || coherence === 'uncached'))
      reasons.push(
        blocks(
          'loop-cached',
          title,
          `${path} is served by a loop device (driver ${driver}) on ${filesystem}: ${source} may hold the guest's last writes in its memory when ${target} goes on without them, which damages the image. Fail the instance over instead, or let QEMU serve the disk (driver blktap).`,
          about,
        ),
      );
    else if (driver !== 'blktap' && coherence === 'cluster')
      reasons.push(
        warning(
          'loop-cluster',
          title,
          `${path} is served by a loop device (driver ${driver}) on ${filesystem}, which keeps nodes in step; that nothing is lost in the loop device itself was not proved.`,
          about,
        ),
      );
    else if (coherence === 'caching')
      reasons.push(
        consent(
          'cached-writes',
          title,
          `${path} lies on ${filesystem}, as ${listText(found.map((each) => each.node))} mount it: a node may keep writes in its memory for a while. Live migration was seen to lose nothing on uncached storage only. A failover is safe on any.`,
          about,
        ),
      );
    if (driver === 'blktap' && type !== 'raw')
      reasons.push(
        warning(
          'qcow-tables',
          title,
          `QEMU on ${source} keeps parts of the tables of ${path} (${type}) in its memory until the guest syncs. A trial under continuous writes lost nothing; whoever wants to be sure syncs the guest before, or fails it over.`,
          about,
        ),
      );
  }
  if (reasons.every((each) => each.severity === 'warning'))
    reasons.push(
      passed('disks-move', 'Disks', `What ${source} writes, ${target} sees (${filesystem}, ${coherence}).`),
    );
  return reasons;
};

/** Room and bridges as for a start; files that it boots from matter only at its next boot. */
export const canReceive = (scene: Scene, view: InstanceView, target: string, mib: number): Reason[] => [
  ...memoryIsFree(scene, target, mib),
  ...bridgesExist(scene, target, view.record.nics),
  ...bootFilesExist(scene, target, view.record.guest).map((each) =>
    each.severity === 'blocks'
      ? { ...each, severity: 'warning' as const, text: `${each.text} It would not come back from a reboot.` }
      : each,
  ),
];

const isLoopback = (host: string): boolean => /^(localhost|127\.|::1$|ip6-)/i.test(host);

/**
 * Under which names the source may know the target: its host name first, then what the cluster calls its address. The run takes
 * the first that really leads to that machine.
 */
export const addressesOf = (scene: Scene, target: string): string[] => {
  const facts = scene.lookup.byName.get(target)?.facts;
  const members = scene.lookup.seen.flatMap((each) =>
    (each.facts?.membership?.nodes ?? []).filter((node) => node.name === target),
  );
  const usual = members
    .filter((each) => each.port === undefined || each.port === 22)
    .map((each) => each.host);
  const names = [...(facts ? [facts.hostname] : []), target, ...usual];
  return [...new Set(names)].filter((each) => sshAddress.safeParse(each).success && !isLoopback(each));
};

export const hasAddress = (scene: Scene, source: string, target: string): Reason[] => {
  const addresses = addressesOf(scene, target);
  return addresses.length === 0
    ? [
        blocks(
          'no-address',
          'SSH between the nodes',
          `Under which name ${source} could reach ${target} is not known: ${target} has no host name of its own.`,
          { node: source },
        ),
      ]
    : [
        passed(
          'address',
          'SSH between the nodes',
          `${source} will look for ${target} as ${addresses.join(', or as ')}; that it gets there, and to the right machine, is proved in the run.`,
          { node: source },
        ),
      ];
};
