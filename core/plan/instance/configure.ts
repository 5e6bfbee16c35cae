/** Configure: xen.cfg as somebody wants it, and the record with it, so that both say the same. No image is touched. */
import {
  cardsOfConfig,
  compareGuests,
  type GuestDifference,
  guestOfConfig,
} from '../../cluster/guest-config.ts';
import type { InstanceView } from '../../cluster/instances.ts';
import {
  type DiskRecord,
  guestSettings,
  type InstanceRecord,
  instanceRecord,
  type NicRecord,
} from '../../cluster/record.ts';
import { listText } from '../../cluster/status.ts';
import { recordsNaming } from '../../cluster/users.ts';
import type { Dialect } from '../../storage/drivers.ts';
import { compareDisks } from '../../xen/compare-disks.ts';
import { problemsOfTree } from '../../xen/config-problems.ts';
import { disksOfConfig, type ReadConfig, readInstanceConfig } from '../../xen/config-reader.ts';
import { driverOf, plainPath } from '../../xen/disk-spec.ts';
import { diskFacts } from '../../xen/disk-writer.ts';
import { reachesBeyond } from '../../xen/reaching.ts';
import { usedMacs, vdevProblems } from '../checks/disks.ts';
import { clusterChecks, nodeCanWork } from '../checks/nodes.ts';
import { lockIsFree, recordMayConfigure } from '../checks/record.ts';
import { isStopped } from '../checks/stopped.ts';
import { suspectsOf, vouchChecks } from '../checks/vouching.ts';
import { modifyEquivalent } from '../equivalent.ts';
import type { ConfigureIntent } from '../intent.ts';
import type { Reason } from '../reason.ts';
import { nextRecord, recordFile, vouchingsAfter } from '../records.ts';
import { blocks, consent, passed, type Scene, warning } from '../scene.ts';
import { addLock, addUnlock, type Draft, makeStepList } from '../step-list.ts';
import { configPath, findSubject, identityOf, workingFolder } from '../subject.ts';
import { addConfigCheck, addConfigWrite, addRecordWrite } from '../write-steps.ts';

const title = (name: string): string => `Change the configuration of ${name}`;
const field = 'config';

/** Name and uuid are by what its domain is known: a start by another would not be recognised as this instance. */
const identityReasons = (read: ReadConfig, { name, uuid }: InstanceRecord): Reason[] => {
  const wrong = [
    ...(read.name === name ? [] : [`name = "${name}"`]),
    ...(read.uuid === uuid.toLowerCase() ? [] : [`uuid = "${uuid}"`]),
  ];
  return wrong.map((each) =>
    blocks(
      'config-identity',
      'Identity',
      `xen.cfg must say ${each}: by it the domain is known on every node.`,
      { field },
    ),
  );
};

/** The record's disks as the text attaches them: device, access and driver follow it, path and type never do. */
const disksAfter = (read: ReadConfig, record: InstanceRecord): DiskRecord[] => {
  const specs = disksOfConfig(read);
  return record.disks.map((disk) => {
    const [driver, type, path] = disk.logical_id;
    const spec = specs.find((each) => each.target === path);
    if (spec?.format !== type) return disk;
    return {
      ...disk,
      logical_id: [driverOf(spec) ?? driver, type, path],
      vdev: spec.vdev,
      mode: spec.access,
    };
  });
};

const diskReasons = (disks: readonly DiskRecord[], name: string, text: string): Reason[] =>
  compareDisks(disks.map(diskFacts), text).map(({ code, message }) => {
    const help =
      code === 'type'
        ? ` An image is never attached as another type; convert it instead: vbdesk image convert ${name}.`
        : code === 'missing-in-config' || code === 'missing-in-record' || code === 'path'
          ? ` Disks come and go by vbdesk instance disk add and remove, which see to their files.`
          : '';
    return blocks('config-disks', 'Disks', message + help, { field });
  });

const said = ({ what, record, config }: GuestDifference): string =>
  record === null
    ? `${what} ${config} (new)`
    : config === null
      ? `no ${what} any more (was ${record})`
      : `${what} ${config} (was ${record})`;

type Wanted = { guest: InstanceRecord['guest']; nics: NicRecord[]; disks: DiskRecord[] };

/** The same as an editor marks; what only xl refuses or passes over is no obstacle to xm, which reads Python. */
const textReasons = (read: ReadConfig, toolstack: Dialect): Reason[] =>
  problemsOfTree(read.tree).map(({ severity, line, column, message }) =>
    (severity === 'error' && toolstack === 'xl' ? blocks : warning)(
      'config',
      'xen.cfg',
      `Line ${line}, column ${column}: ${message}`,
      { field },
    ),
  );

const readWanted = (
  text: string,
  record: InstanceRecord,
  toolstack: Dialect,
): { wanted: Wanted | null; read: ReadConfig | null; reasons: Reason[] } => {
  const reading = readInstanceConfig(text);
  if (!reading.ok) {
    const { line, column, message } = reading.error;
    return {
      wanted: null,
      read: null,
      reasons: [blocks('config', 'xen.cfg', `Line ${line}, column ${column}: ${message}`, { field })],
    };
  }
  const read = reading.config;
  const reasons: Reason[] = [...textReasons(read, toolstack), ...identityReasons(read, record)];
  const guest = guestSettings.safeParse(guestOfConfig(read));
  if (!guest.success)
    reasons.push(
      blocks(
        'config',
        'Guest',
        read.memoryMib === undefined || read.vcpus === undefined
          ? 'xen.cfg must say memory (MiB) and vcpus: without them nobody can tell what the guest needs.'
          : `What xen.cfg says of the guest can't be: ${listText(guest.error.issues.map((each) => `${each.path.join('.')}: ${each.message}`))}.`,
        { field },
      ),
    );
  const cards = cardsOfConfig(read);
  cards.forEach((card, index) => {
    if (card === null)
      reasons.push(
        blocks(
          'nic',
          'Network',
          `Network card ${index} ("${read.nics[index]?.text ?? ''}") needs mac= and bridge= of its own: without them it gets another address at each start.`,
          { field },
        ),
      );
  });
  const disks = disksAfter(read, record);
  reasons.push(...diskReasons(disks, record.name, text));
  const nics = cards.filter((card) => card !== null);
  return {
    read,
    reasons,
    wanted: guest.success && nics.length === cards.length ? { guest: guest.data, nics, disks } : null,
  };
};

/** What is new in the text and reaches beyond the guest; what was there before, word for word, has been accepted before. */
const reachReasons = (read: ReadConfig, before: string, record: InstanceRecord): Reason[] => {
  const images = record.disks.map((each) => each.logical_id[2]);
  const reading = readInstanceConfig(before);
  const known = new Set(reading.ok ? reachesBeyond(reading.config, images).map((each) => each.says) : []);
  return reachesBeyond(read, images)
    .filter((each) => !known.has(each.says))
    .map((each) =>
      consent('reaches-beyond', 'Beyond the guest', `${each.text} It gives the guest a way to the node.`, {
        field,
      }),
    );
};

/** Files of the storage directories that are attached and are no disks of the record, however their path is written. */
const strangeImages = (scene: Scene, node: string, read: ReadConfig, record: InstanceRecord): Reason[] => {
  const own = new Set(record.disks.map((each) => each.logical_id[2]));
  const storages = scene.snapshot.cluster.storageDirectories;
  return disksOfConfig(read).flatMap(({ target, cdrom }) => {
    const path = plainPath(target);
    if (own.has(target) || !storages.some((each) => path.startsWith(`${each}/`))) return [];
    const owners = recordsNaming(scene.lookup, node, path).map((each) => each.record.name);
    // a CD in a drive that can only read is a file like any other, unless it is somebody's disk
    if (cdrom && owners.length === 0 && !own.has(path)) return [];
    return [
      blocks(
        'config-disks',
        'Disks',
        `xen.cfg attaches ${target}, which is ${own.has(path) ? 'one of its own disks under another name' : owners.length > 0 ? `a disk of ${listText(owners)}` : 'an image that the record does not name'}: two that write to one image destroy it. Disks come and go by vbdesk instance disk add and remove.`,
        { node, field },
      ),
    ];
  });
};

/** Devices and addresses that can't be, or that somebody has already. */
const collisions = (scene: Scene, wanted: Wanted, name: string): Reason[] => {
  const used = usedMacs(scene);
  const own = new Set<string>();
  return [
    ...vdevProblems({
      disks: wanted.disks.map(({ size, vdev, mode }) => ({ size, type: 'raw', vdev, mode })),
      guest: wanted.guest,
    }),
    ...wanted.nics.flatMap(({ mac }, index) => {
      const owner = used.get(mac);
      const twice = own.has(mac);
      own.add(mac);
      return twice || (owner !== undefined && owner !== name)
        ? [
            blocks(
              'mac',
              'Network',
              `${mac} (network card ${index}) is the address of ${twice ? 'another card of this instance' : owner} already.`,
              { field },
            ),
          ]
        : [];
    }),
  ];
};

const same = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);

const mayConfigure = (scene: Scene, view: InstanceView): Reason[] => [
  ...clusterChecks(scene),
  ...recordMayConfigure(view),
  ...lockIsFree(scene, view),
];

export const planConfigure = (scene: Scene, intent: ConfigureIntent): Draft => {
  const found = findSubject(scene, intent.instance);
  if (!found.ok)
    return {
      title: title(intent.instance),
      subject: { kind: 'instance', name: intent.instance, uuid: null },
      reasons: [...clusterChecks(scene), ...found.reasons],
    };
  const { view } = found;
  const { record, folder, name } = view;
  const subject = { kind: 'instance', name, uuid: view.uuid } as const;
  const sight = workingFolder(view);
  const reasons = mayConfigure(scene, view);
  if (sight === null)
    return {
      title: title(name),
      subject,
      reasons: [
        ...reasons,
        blocks(
          'no-folder',
          'Folder',
          `No node that answers shows the folder ${folder} where its record was written.`,
        ),
      ],
    };
  const { node } = sight;
  reasons.push(...nodeCanWork(scene, node));
  const before = sight.folder.config;
  const path = configPath(folder);
  if (before !== intent.from)
    reasons.push(
      blocks(
        'edited-meanwhile',
        'xen.cfg',
        `${path} on ${node} is not the text that was edited: somebody changed it meanwhile, and nothing is overwritten unseen. Read it again and merge.`,
        { node, field },
      ),
    );
  const {
    wanted,
    read,
    reasons: wrong,
  } = readWanted(intent.text, record, scene.lookup.byName.get(node)?.facts?.toolstack ?? 'xl');
  reasons.push(...wrong);
  if (wanted === null || read === null) return { title: title(name), subject, reasons };
  reasons.push(
    ...reachReasons(read, before ?? '', record),
    ...strangeImages(scene, node, read, record),
    ...collisions(scene, wanted, name),
  );
  const written = instanceRecord.safeParse({ ...record, ...wanted });
  if (!written.success) {
    const issues = written.error.issues.map((each) => `${each.path.join('.')}: ${each.message}`);
    reasons.push(
      blocks('config', 'Record', `The record can't hold what xen.cfg says: ${listText(issues)}.`, { field }),
    );
    return { title: title(name), subject, reasons };
  }

  const attached = !same(wanted.disks, record.disks);
  const suspects = suspectsOf(scene, view);
  if (attached)
    reasons.push(
      ...isStopped(
        scene,
        view,
        `How its disks are attached changes while it is stopped: shut ${name} down first.`,
      ),
      ...vouchChecks(scene, view, suspects),
    );
  const changes = compareGuests(record, wanted);
  const recorded = attached || changes.length > 0;
  const rewritten = before !== intent.text;
  if (!recorded && !rewritten)
    return {
      title: title(name),
      subject,
      reasons: [...reasons, blocks('no-change', 'xen.cfg', 'Nothing is changed by it.', { field })],
    };
  if (view.domains.some((each) => each.seen))
    reasons.push(
      warning(
        'next-start',
        'Running',
        `${name} runs on as it was started; all of it takes effect at its next start (after a shutdown, not a reboot from inside).`,
      ),
    );
  if (changes.length > 0)
    reasons.push(passed('changes', 'The guest', `It will have ${listText(changes.map(said))}.`));
  if (!view.shared && view.replicas.length > 0)
    reasons.push(
      warning(
        'replica-config',
        'Replicas',
        'Replicas keep the configuration that they have until they are brought up to date; a failover brings it along.',
      ),
    );

  const list = makeStepList();
  addLock(list, scene, { node, folder, title: `configure ${name}`, nodes: [node] });
  if (attached) {
    list.add(
      scene.lookup.seen.map((each) => each.name),
      `Make sure that ${name} runs nowhere`,
      { do: 'verdict', ...identityOf(record) },
    );
  }
  const files: Draft['files'] = [];
  if (rewritten) {
    addConfigWrite(list, node, { path, before, after: intent.text });
    files.push({ path, before, after: intent.text });
  }
  addConfigCheck(list, node, path, intent.text);
  if (recorded) {
    const vouchings = attached
      ? vouchingsAfter(
          scene,
          record,
          suspects.map((each) => each.node),
        )
      : record.vouchings;
    const next = nextRecord(scene, record, { ...wanted, vouchings }, 'configured');
    addRecordWrite(list, scene, { node, folder }, { record, next, label: 'configured' });
    files.push(recordFile(folder, record, next));
  }
  addUnlock(list, scene, node, folder, true);
  return {
    title: rewritten ? title(name) : `Record what xen.cfg says of ${name}`,
    subject,
    reasons,
    steps: list.steps,
    files,
    equivalent: modifyEquivalent(name, changes, wanted.guest),
  };
};
