/** The three that may disagree about an instance, its xen.cfg, its record and its running guest; and what to configure so that one of them counts. */
import { configDrift } from '../../cluster/config-drift.ts';
import { withGuest } from '../../cluster/guest-config.ts';
import type { InstanceProblem, InstanceView } from '../../cluster/instance-view.ts';
import { isMigrationLeftover } from '../../cluster/lookup.ts';
import type { InstanceRecord, NicRecord } from '../../cluster/record.ts';
import { aboutMemory, mostProcessors } from '../../cluster/running-drift.ts';
import type { Snapshot } from '../../cluster/snapshot.ts';
import type { Dialect } from '../../storage/drivers.ts';
import { compareDisks } from '../../xen/compare-disks.ts';
import { removeSetting, setSetting } from '../../xen/config-edit.ts';
import { readInstanceConfig } from '../../xen/config-reader.ts';
import { getSetting, parseConfig, printConfig } from '../../xen/config-syntax.ts';
import { diskFacts } from '../../xen/disk-writer.ts';
import { setDisks } from '../../xen/edit-disks.ts';
import { writeInstanceConfig } from '../../xen/instance-config.ts';
import type { ConfigureIntent } from '../intent.ts';
import { workingFolder } from '../subject.ts';

/** `file`: the record follows xen.cfg; `record`: xen.cfg is written from the record; `running`: both follow the running guest. */
export const SIDES = ['file', 'record', 'running'] as const;
export type Side = (typeof SIDES)[number];

type Settled = { ok: true; intent: ConfigureIntent } | { ok: false; message: string };
type Text = { ok: true; text: string } | { ok: false; message: string };

const refused = (message: string): { ok: false; message: string } => ({ ok: false, message });
const byHand = 'Merge the two in the configuration instead.';

/** How disks are attached is the record's to follow; which images they are, and as what type they are read, is not. */
const canFollow: readonly string[] = ['vdev', 'mode', 'driver'];

const ofFile = (record: InstanceRecord, config: string | null, folder: string): Text => {
  if (config === null) return refused(`${folder}/xen.cfg is missing, so there is nothing to follow.`);
  const reading = readInstanceConfig(config);
  if (!reading.ok)
    return refused(
      `xen.cfg can't be read at line ${reading.error.line}, so nothing can follow it. ${byHand}`,
    );
  const against =
    configDrift(record, config, folder).find((each) => each.code === 'config-identity')?.text ??
    compareDisks(record.disks.map(diskFacts), config).find((each) => !canFollow.includes(each.code))?.message;
  return against === undefined
    ? { ok: true, text: config }
    : refused(
        `${against} The record does not follow that: name, uuid and images of an instance never change by its xen.cfg.`,
      );
};

const anew = (record: InstanceRecord, dialect: Dialect): Text => {
  const written = writeInstanceConfig(
    {
      ...record.guest,
      name: record.name,
      uuid: record.uuid,
      nics: record.nics,
      disks: record.disks.map(diskFacts),
    },
    dialect,
  );
  return written.ok ? written : refused(written.problems.join(' '));
};

const withIdentity = (config: string, { name, uuid }: InstanceRecord): Text => {
  const parsed = parseConfig(config);
  const reading = readInstanceConfig(config);
  if (!parsed.ok || !reading.ok) return { ok: true, text: config };
  let { tree } = parsed;
  if (reading.config.name !== name) tree = setSetting(tree, 'name', name);
  if (reading.config.uuid?.toLowerCase() !== uuid.toLowerCase()) tree = setSetting(tree, 'uuid', uuid);
  return { ok: true, text: printConfig(tree) };
};

const ofRecord = (record: InstanceRecord, config: string | null, folder: string, dialect: Dialect): Text => {
  if (config === null) return anew(record, dialect);
  const named = withIdentity(config, record);
  const guest = named.ok ? withGuest(named.text, record) : named;
  const disks = guest.ok ? setDisks(guest.text, record.disks.map(diskFacts), dialect) : guest;
  if (!disks.ok) return refused(`${disks.message} ${byHand}`);
  const [left] = configDrift(record, disks.text, folder);
  return left ? refused(`${left.text} ${byHand}`) : disks;
};

const cardsOf = (
  nics: readonly { mac?: string | undefined; bridge?: string | undefined }[],
): NicRecord[] | null => {
  const cards = nics.flatMap(({ mac, bridge }) =>
    mac === undefined || bridge === undefined ? [] : [{ mac: mac.toLowerCase(), bridge }],
  );
  return cards.length === nics.length ? cards : null;
};

/** Those of the record in their order, then what was plugged in beside them. */
const inOrder = (cards: readonly NicRecord[], recorded: readonly NicRecord[]): NicRecord[] => {
  const at = ({ mac }: NicRecord): number => {
    const index = recorded.findIndex((each) => each.mac === mac);
    return index < 0 ? recorded.length : index;
  };
  return [...cards].sort((one, other) => at(one) - at(other));
};

/** xm reads no maxvcpus beside vcpus, and xl refuses one that is smaller. */
const withProcessors = (config: string, vcpus: number): string => {
  const parsed = parseConfig(config);
  const most = mostProcessors(config);
  return parsed.ok && getSetting(parsed.tree, 'maxvcpus') !== undefined && most < vcpus
    ? printConfig(removeSetting(parsed.tree, 'maxvcpus'))
    : config;
};

const ofRunning = (view: InstanceView, config: string | null): Text => {
  const { record } = view;
  const living = view.domains.filter(
    ({ seen, domain }) => seen && domain.state === 'running' && !isMigrationLeftover(domain.name),
  );
  const running = living.length === 1 ? living[0]?.domain.config : undefined;
  if (!running) return refused(`No node tells what ${record.name} runs with, so there is nothing to follow.`);
  if (config === null || configDrift(record, config, view.folder).length > 0)
    return refused(
      `Record and xen.cfg of ${record.name} disagree: settle that first, then what it runs with.`,
    );
  const cards = cardsOf(running.nics);
  if (cards === null)
    return refused(
      `A network card that ${record.name} runs with has no address or no bridge of its own, so it can't be recorded. ${byHand}`,
    );
  const { maxMemoryMib: most, ...guest } = record.guest;
  const isOther = aboutMemory(record, running).length > 0;
  const memoryMib = isOther && running.memoryMib !== undefined ? running.memoryMib : guest.memoryMib;
  const vcpus = running.vcpus ?? guest.vcpus;
  return withGuest(withProcessors(config, vcpus), {
    guest: {
      ...guest,
      memoryMib,
      vcpus,
      ...(most !== undefined && { maxMemoryMib: Math.max(most, memoryMib) }),
    },
    nics: inOrder(cards, record.nics),
  });
};

/**
 * @param side the one that counts; all that the others say against it follows
 * @returns what to configure, or why that side can't be taken, as a sentence
 */
export const settleFor = (snapshot: Snapshot, view: InstanceView, side: Side): Settled => {
  const sight = workingFolder(view);
  if (sight === null) return refused(`No node that answers shows the folder of ${view.name} in its place.`);
  const { config } = sight.folder;
  const dialect = snapshot.nodes.find((each) => each.name === sight.node)?.facts?.toolstack ?? 'xl';
  const made =
    side === 'file'
      ? ofFile(view.record, config, view.folder)
      : side === 'record'
        ? ofRecord(view.record, config, view.folder, dialect)
        : ofRunning(view, config);
  return made.ok
    ? { ok: true, intent: { kind: 'configure', instance: view.uuid, text: made.text, from: config } }
    : made;
};

const ofConfig: ReadonlySet<string> = new Set([
  'config-guest',
  'config-disks',
  'config-identity',
  'config-missing',
]);

/** Problems that are settled together, by taking a side between record and xen.cfg. */
export const isConfigDrift = (problem: InstanceProblem): boolean => ofConfig.has(problem.code);

/** Problems that are settled together, by keeping what the guest runs with: disks are no part of it. */
export const isGuestDrift = ({ code, part }: InstanceProblem): boolean =>
  code === 'running-guest' && part !== 'disks' && part !== 'disk-types';

/** The sides that can be taken for one problem, the likelier one first; none where no text settles it. */
export const sidesFor = (snapshot: Snapshot, view: InstanceView, problem: InstanceProblem): Side[] => {
  const sides: Side[] = isConfigDrift(problem)
    ? ['file', 'record']
    : isGuestDrift(problem)
      ? ['running']
      : [];
  return sides.filter((each) => settleFor(snapshot, view, each).ok);
};
