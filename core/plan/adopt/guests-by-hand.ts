/** Guests that somebody made by hand: every configuration in /etc/xen that is no instance's, and every domain that runs without one. */

import { unmanagedDomains } from '../../cluster/instances.ts';
import { isMigrationLeftover, lookupOf, type NodeView } from '../../cluster/lookup.ts';
import type { DomainFacts, GuestConfig, Snapshot } from '../../cluster/snapshot.ts';
import { baseName } from '../../storage/paths.ts';
import { readInstanceConfig } from '../../xen/config-reader.ts';
import { targetsOf } from '../../xen/reaching.ts';
import type { AdoptIntent } from '../intent.ts';
import { imagesOfRunning, unknownOfRunning } from './running-guest.ts';

export type GuestByHand = {
  node: string;
  /** the node answers now; false: this is its last answer */
  seen: boolean;
  /** its file in /etc/xen; null: it runs, and none was found */
  config: string | null;
  name: string;
  /** where it runs: its domain */
  domain: DomainFacts | null;
  /** in the order of its disks */
  images: string[];
  /** why no plan can be made for it, a sentence; null when one can */
  obstacle: string | null;
};

const nameOf = ({ names, path }: GuestConfig): string => names[0] ?? baseName(path).replace(/\.[^.]*$/, '');

/** Domains of a node that no record speaks of, and that no configuration has claimed yet. */
type Unclaimed = Set<DomainFacts>;

const claim = (unclaimed: Unclaimed, uuid: string | undefined, name: string): DomainFacts | null => {
  for (const domain of unclaimed)
    if (uuid === undefined ? domain.name === name : domain.uuid?.toLowerCase() === uuid) {
      unclaimed.delete(domain);
      return domain;
    }
  return null;
};

const byConfig = (view: NodeView, config: GuestConfig, unclaimed: Unclaimed): GuestByHand => {
  const read = config.text === undefined ? null : readInstanceConfig(config.text);
  const name = read?.ok ? (read.config.name ?? nameOf(config)) : nameOf(config);
  const images = read?.ok ? targetsOf(read.config) : config.files.map((each) => each.path);
  const uuid = read?.ok ? read.config.uuid?.toLowerCase() : config.uuids[0];
  const obstacle = ((): string | null => {
    if (!view.seen) return `${view.name} does not answer.`;
    if (config.path.startsWith('/etc/xen/auto/'))
      return `It lies in /etc/xen/auto, where the node starts it at boot: move it to /etc/xen/${baseName(config.path)}, and leave a link to it there.`;
    if (config.leadsTo !== null) return `It is a link to ${config.leadsTo}.`;
    if (config.files.length === 0) return 'It names no image below a storage directory of the cluster.';
    if (read === null) return 'Its text was not told.';
    if (!read.ok) return `It can't be read at line ${read.error.line}: ${read.error.message}`;
    return images.length === 0 ? 'It has no disks.' : null;
  })();
  return {
    node: view.name,
    seen: view.seen,
    config: config.path,
    name,
    domain: claim(unclaimed, uuid, name),
    images,
    obstacle,
  };
};

const byDomain = (view: NodeView, domain: DomainFacts): GuestByHand => {
  const { config } = domain;
  const images = config ? imagesOfRunning(config) : [];
  const obstacle = ((): string | null => {
    if (!view.seen) return `${view.name} does not answer.`;
    if (isMigrationLeftover(domain.name)) return 'It is left over from a migration.';
    if (domain.uuid === null) return 'Its uuid is not told.';
    if (domain.state !== 'running') return 'It does not run, and no configuration of it was found.';
    if (!config) return `What it is made of is not told by ${view.name}.`;
    if (images.length === 0) return 'It has no image attached.';
    return unknownOfRunning(config).join(' ') || null;
  })();
  return {
    node: view.name,
    seen: view.seen,
    config: null,
    name: domain.name,
    domain,
    images,
    obstacle,
  };
};

const made = new WeakMap<Snapshot, GuestByHand[]>();

const find = (snapshot: Snapshot): GuestByHand[] => {
  const lookup = lookupOf(snapshot);
  const owned = new Set([...lookup.guestConfigs.byUuid.values()].flat().map(({ config }) => config));
  const unmanaged = unmanagedDomains(snapshot);
  return lookup.nodes.flatMap((view) => {
    const unclaimed: Unclaimed = new Set(
      unmanaged.filter((each) => each.node === view.name).map(({ domain }) => domain),
    );
    const configs = (view.facts?.guestConfigs ?? []).filter(
      (each) => each.path.startsWith('/etc/xen/') && !owned.has(each),
    );
    const paths = new Set(configs.map((each) => each.path));
    const listed = configs
      // a link to one that is listed is the same guest
      .filter(({ leadsTo }) => leadsTo === null || !(paths.has(leadsTo) || leadsTo.endsWith('/xen.cfg')))
      .map((each) => byConfig(view, each, unclaimed));
    return [...listed, ...[...unclaimed].map((each) => byDomain(view, each))];
  });
};

/** By node, configurations first. The same array for the same snapshot object. */
export const guestsByHand = (snapshot: Snapshot): GuestByHand[] => {
  const known = made.get(snapshot);
  if (known) return known;
  const found = find(snapshot);
  made.set(snapshot, found);
  return found;
};

/** What adopts it; a plan says what stands against it. */
export const adoptionOf = (
  guest: GuestByHand,
  said: { name: string; secondary: string | null; start: boolean },
): AdoptIntent => ({
  kind: 'adopt',
  ...said,
  primary: guest.node,
  paths: guest.images.slice(0, 26),
  driver: null,
  guest: {},
  nics: null,
  ...(guest.config === null ? { domain: guest.domain?.uuid ?? '' } : { config: guest.config }),
});
