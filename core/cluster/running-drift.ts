/** Record against the running domain: what its guest has now and what it would have after a restart, as far as that differs. */

import { readInstanceConfig } from '../xen/config-reader.ts';
import { getSetting } from '../xen/config-syntax.ts';
import type { RunningConfig } from '../xen/running-config.ts';
import type { InstanceProblem } from './instance-view.ts';
import { type DomainSight, isMigrationLeftover } from './lookup.ts';
import type { InstanceRecord } from './record.ts';

/** What libxl rounds, and keeps for the screen of an HVM guest, MiB. */
const slackMib = (type: InstanceRecord['guest']['type']): number => (type === 'hvm' ? 32 : 1);

/** Who brings both together, as the end of a sentence. */
const atNextStart = (name: string): string =>
  `that takes effect at the next start (vbdesk instance shutdown ${name}, then startup; a reboot keeps what it has)`;

const processors = (count: number): string => (count === 1 ? 'one processor' : `${count} processors`);

/** The sentence about its memory; none where it has what its record allows. */
export const aboutMemory = ({ name, guest }: InstanceRecord, running: RunningConfig): string[] => {
  const { memoryMib: now } = running;
  if (now === undefined) return [];
  const most = guest.maxMemoryMib ?? guest.memoryMib;
  const slack = slackMib(guest.type);
  // between the two it is ballooned, as its record allows
  if (now >= guest.memoryMib - slack && now <= most + slack) return [];
  return [
    `It runs with ${now} MiB of memory, its record says ${guest.memoryMib} MiB: ${atNextStart(name)}. To keep what it has now, say so in its configuration.`,
  ];
};

/** More may be plugged in while it runs, where xen.cfg says so. */
export const mostProcessors = (config: string | null): number => {
  const read = config === null ? null : readInstanceConfig(config);
  const said = read?.ok ? Number(getSetting(read.config.tree, 'maxvcpus') ?? 0) : 0;
  return Number.isInteger(said) ? said : 0;
};

const aboutProcessors = (
  { name, guest }: InstanceRecord,
  running: RunningConfig,
  config: string | null,
): string[] => {
  const { vcpus: now, maxVcpus } = running;
  if (now === undefined || now === guest.vcpus) return [];
  const most = mostProcessors(config);
  // given and taken while it runs, within what its configuration allows
  if (most > guest.vcpus && maxVcpus === most && now <= most) return [];
  return [
    `It runs with ${processors(now)}, its record says ${guest.vcpus}: ${atNextStart(name)}. To keep what it has now, say so in its configuration.`,
  ];
};

/** The guest sees another disk in the same file: neither side is put right by a start. */
const aboutDiskTypes = ({ name, disks }: InstanceRecord, running: RunningConfig, node: string): string[] =>
  disks.flatMap(({ logical_id: [, type, path] }, index) => {
    const found = running.disks.find((each) => !each.cdrom && each.path === path);
    return found?.format === undefined || found.format === 'unknown' || found.format === type
      ? []
      : [
          `Disk ${index}, ${path}, is read as ${found.format} on ${node}, its record says ${type}: after the next start its guest would see another disk in it. Find out which is right before ${name} is stopped or started.`,
        ];
  });

const aboutDisks = ({ name, disks }: InstanceRecord, running: RunningConfig, node: string): string[] => {
  const attached = running.disks.filter((each) => !each.cdrom && each.path !== '');
  const texts = disks.flatMap(({ logical_id: [, , path], vdev, mode }, index) => {
    const found = attached.find((each) => each.path === path);
    if (!found) {
      const instead = attached.find((each) => each.vdev === vdev);
      return [
        instead
          ? `Its domain on ${node} has ${instead.path} attached as ${vdev}, where its record has disk ${index}, ${path}: ${atNextStart(name)}.`
          : `Disk ${index}, ${path}, is not attached to its domain on ${node}: ${atNextStart(name)}.`,
      ];
    }
    const otherwise: string[] = [];
    if (found.vdev !== vdev)
      otherwise.push(
        `Disk ${index}, ${path}, is attached as ${found.vdev} on ${node}, its record says ${vdev}: ${atNextStart(name)}.`,
      );
    if (found.readwrite !== (mode === 'rw'))
      otherwise.push(
        `Disk ${index}, ${path}, is attached ${found.readwrite ? 'for writing' : 'read-only'} on ${node}, its record says ${mode === 'rw' ? 'for writing' : 'read-only'}: ${atNextStart(name)}.`,
      );
    return otherwise;
  });
  const vdevs = new Set(disks.map((each) => each.vdev));
  const paths = new Set(disks.map((each) => each.logical_id[2]));
  for (const { path, vdev } of attached)
    if (!paths.has(path) && !vdevs.has(vdev))
      texts.push(
        `Its domain on ${node} has ${path} attached as ${vdev}, which is no disk of its record: it would be gone after the next start. Detach it there (xl block-detach ${name} ${vdev}) if the guest does not need it.`,
      );
  return texts;
};

const aboutCards = ({ name, nics }: InstanceRecord, running: RunningConfig, node: string): string[] => {
  const cards = new Map(running.nics.map((each) => [each.mac, each.bridge]));
  // libxl always tells the address: a list without any is not understood
  if (cards.has(undefined)) return [];
  const texts = nics.flatMap(({ mac, bridge }) => {
    const on = cards.get(mac);
    if (!cards.has(mac))
      return [`Its domain on ${node} has no network card ${mac}, its record has: ${atNextStart(name)}.`];
    return on === undefined || on === bridge
      ? []
      : [`Its network card ${mac} is on ${on} of ${node}, its record says ${bridge}: ${atNextStart(name)}.`];
  });
  for (const [mac, bridge] of cards)
    if (!nics.some((each) => each.mac === mac))
      texts.push(
        `Its domain on ${node} has the network card ${mac ?? ''} on ${bridge ?? 'no bridge'}, which its record has not: it would be gone after the next start. Detach it there (xl network-detach ${name} ${mac ?? ''}) if the guest does not need it.`,
      );
  return texts;
};

/**
 * One sentence for each; none while a run works on it, for a domain that is not seen now, or of which nothing was told.
 * @param domains those with its uuid
 */
export const runningDrift = (
  record: InstanceRecord,
  config: string | null,
  domains: readonly DomainSight[],
): InstanceProblem[] => {
  const living = domains.filter(
    ({ seen, domain }) => seen && domain.state === 'running' && !isMigrationLeftover(domain.name),
  );
  const [only] = living;
  const running = only?.domain.config;
  if (living.length !== 1 || !only || !running) return [];
  const { node } = only;
  const told = (part: NonNullable<InstanceProblem['part']>, texts: readonly string[]): InstanceProblem[] =>
    texts.map((text) => ({ code: 'running-guest', node, text, part }));
  return [
    ...told('memory', aboutMemory(record, running)),
    ...told('processors', aboutProcessors(record, running, config)),
    ...told('disk-types', aboutDiskTypes(record, running, node)),
    ...told('disks', aboutDisks(record, running, node)),
    ...told('cards', aboutCards(record, running, node)),
  ];
};
