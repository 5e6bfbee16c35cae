/** A guest that somebody made by hand: its configuration in /etc/xen, its domain where it runs, and what becomes of both. */

import { withGuest } from '../../cluster/guest-config.ts';
import type { DomainSight } from '../../cluster/lookup.ts';
import { setAsideMark } from '../../cluster/other-configs.ts';
import type { InstanceRecord } from '../../cluster/record.ts';
import type { GuestConfig } from '../../cluster/snapshot.ts';
import { baseName } from '../../storage/paths.ts';
import { compareDisks } from '../../xen/compare-disks.ts';
import { setSetting } from '../../xen/config-edit.ts';
import { disksOfConfig, readInstanceConfig } from '../../xen/config-reader.ts';
import { parseConfig, printConfig } from '../../xen/config-syntax.ts';
import { diskFacts } from '../../xen/disk-writer.ts';
import { targetsOf } from '../../xen/reaching.ts';
import type { AdoptIntent } from '../intent.ts';
import type { Reason } from '../reason.ts';
import { blocks, consent, passed, type Scene, warning } from '../scene.ts';
import { sha256 } from '../sha256.ts';
import { type StepList, undoOf } from '../step-list.ts';
import { type FoundConfig, readFoundConfig } from './adopt-config.ts';
import { textOfRunning } from './running-guest.ts';

/** A file in /etc/xen that gets another name; `sum`: SHA-256 of its text, null where it is a link. */
export type Aside = { from: string; to: string; sum: string | null };

export type HandMade = {
  config: FoundConfig;
  /** its domain on the primary, which becomes the instance's; null: it does not run */
  domain: DomainSight | null;
  aside: Aside[];
  reasons: Reason[];
};

const field = 'config';

/** In the order of its disks: what `paths` of an adoption by it are. */
const imagesOfConfig = (text: string): string[] => {
  const reading = readInstanceConfig(text);
  return reading.ok ? targetsOf(reading.config) : [];
};

/** Configurations in /etc/xen that are no instance's, with what adopts their guest. */
export const candidatesOn = (
  configs: readonly GuestConfig[],
): { path: string; name: string; images: string[] }[] =>
  configs.flatMap(({ path, text, leadsTo, names }) => {
    const images = text === undefined ? [] : imagesOfConfig(text);
    return leadsTo === null && /^\/etc\/xen\/[^/]+$/.test(path) && images.length > 0
      ? [{ path, name: names[0] ?? baseName(path).replace(/\.[^.]*$/, ''), images }]
      : [];
  });

/** The file itself, and what would start it as the node boots. */
const asideOf = (scene: Scene, configs: readonly GuestConfig[], found: GuestConfig): Aside[] => {
  const mark = `${setAsideMark}${scene.context.run}`;
  const own = { from: found.path, to: `${found.path}${mark}`, sum: sha256(found.text ?? '') };
  const atBoot = configs.filter(
    (each) => each.path.startsWith('/etc/xen/auto/') && each.leadsTo === found.path,
  );
  // not in auto itself: there every file is started, whatever its name
  return [
    own,
    ...atBoot.map(({ path }) => ({ from: path, to: `/etc/xen/auto-${baseName(path)}${mark}`, sum: null })),
  ];
};

/** Who has this uuid already, as the end of a sentence; null: nobody that any node shows. */
const whoseUuid = ({ lookup }: Scene, uuid: string): string | null => {
  if (lookup.recorded.has(uuid)) return 'an instance that has a record';
  if (lookup.replicas.has(uuid)) return 'an instance of which a replica lies on a node';
  return lookup.tombstones.has(uuid) ? 'an instance that was removed' : null;
};

/** What stands against taking over a domain that is there; `from`: where its uuid would be taken out. */
const domainReasons = (scene: Scene, intent: AdoptIntent, sight: DomainSight, from: string): Reason[] => {
  const { primary } = intent;
  const { domain } = sight;
  const about = { node: primary };
  const known = whoseUuid(scene, domain.uuid?.toLowerCase() ?? '');
  return [
    ...(known === null
      ? []
      : [
          blocks(
            'uuid-known',
            'Its domain',
            `Its domain on ${primary} has the uuid of ${known}: two of one uuid can't be told apart. Shut it down, take uuid out of ${from}, and ask again; or settle that one first.`,
            about,
          ),
        ]),
    ...(domain.state === 'running'
      ? []
      : [
          blocks(
            'domain-state',
            'Its domain',
            `${primary} has its domain ${domain.name} (domain ${domain.domid}, ${domain.flags}), which does not run: end it, or let it run, and ask again.`,
            about,
          ),
        ]),
    ...(domain.name === intent.name
      ? []
      : [
          blocks(
            'domain-name',
            'Name',
            `Its domain is called ${domain.name}: as long as it runs the instance needs that name.`,
            { ...about, field: 'name' },
          ),
        ]),
    ...(intent.start
      ? [blocks('running', 'Start', 'It runs already: it is not started.', { ...about, field: 'start' })]
      : []),
    ...(domain.state === 'running'
      ? [
          passed(
            'goes-on',
            'Its domain',
            `${domain.name} (domain ${domain.domid}) goes on running on ${primary} and becomes the instance's.`,
            about,
          ),
        ]
      : []),
  ];
};

/** What its domain has attached otherwise than the configuration says: that may have been edited since it was started. */
const attachedOtherwise = (
  config: FoundConfig,
  { domain }: DomainSight,
  node: string,
  from: string,
): Reason[] =>
  (domain.config?.disks ?? []).flatMap(({ path, vdev, format, readwrite, cdrom }) => {
    const said = cdrom
      ? null
      : config.read && disksOfConfig(config.read).find((each) => each.target === path);
    if (!said) return [];
    const mode = readwrite ? 'rw' : 'ro';
    return [
      ...(format === undefined || format === 'unknown' || format === said.format
        ? []
        : [
            blocks(
              'running-format',
              'Its disks',
              `${path} is read as ${format} by its domain on ${node}, and ${from} says ${said.format}: after its next start the guest would see another disk in that file. Find out which is right, and put ${from} right or shut the guest down first.`,
              { node, field },
            ),
          ]),
      ...(vdev === said.vdev && mode === said.access
        ? []
        : [
            warning(
              'running-disk',
              'Its disks',
              `${path} is attached as ${vdev} (${mode}) to its domain on ${node}, and ${from} says ${said.vdev} (${said.access}): that takes effect at its next start.`,
              { node, field },
            ),
          ]),
    ];
  });

const nothing = (code: string, text: string, about: { node: string; field: string }): HandMade => ({
  config: { text: '', read: null, error: 'it is not there', guest: {} },
  domain: null,
  aside: [],
  reasons: [blocks(code, 'Configuration', text, about)],
});

/** A domain that runs, and of which no configuration was found. */
const findRunning = (scene: Scene, intent: AdoptIntent, wanted: string): HandMade => {
  const { primary } = intent;
  const about = { node: primary, field: 'domain' };
  const uuid = wanted.toLowerCase();
  const domain = (scene.lookup.domainsByUuid.get(uuid) ?? []).find(
    (each) => each.seen && each.node === primary,
  );
  if (!domain) return nothing('no-domain', `${primary} shows no domain with the uuid ${wanted}.`, about);
  const { domain: facts } = domain;
  if (facts.config === undefined)
    return nothing(
      'no-config',
      `${primary} does not tell what ${facts.name} (domain ${facts.domid}) is made of: write its configuration into /etc/xen/${facts.name}.cfg, and adopt it by that.`,
      about,
    );
  const { text, problems } = textOfRunning(facts, facts.config);
  const config = readFoundConfig(text);
  const by = (scene.lookup.byName.get(primary)?.facts?.guestConfigs ?? []).find(
    (each) =>
      /^\/etc\/xen\/[^/]+$/.test(each.path) && (each.uuids.includes(uuid) || each.names.includes(facts.name)),
  );
  return {
    config,
    domain,
    aside: [],
    reasons: [
      ...(by
        ? [
            blocks(
              'config-there',
              'Configuration',
              `${by.path} on ${primary} is its configuration, or says that it is: adopt it by that file, or take the file away if it is another guest's.`,
              about,
            ),
          ]
        : []),
      ...problems.map((each) =>
        blocks(
          'not-known',
          'Configuration',
          `${each} Write its configuration into /etc/xen/${facts.name}.cfg, and adopt it by that.`,
          about,
        ),
      ),
      ...(problems.length > 0
        ? []
        : [
            consent(
              'written-from-domain',
              'Configuration',
              `No configuration of it was found in /etc/xen on ${primary}: xen.cfg is written from what the running domain tells (its memory, ${facts.config.memoryMib ?? 0} MiB, and its processors, ${facts.config.vcpus ?? 0}, as they are now). By which file it was started is not known: take that away once you find it, for whoever starts it starts a second guest on the same images.`,
              about,
            ),
          ]),
      ...facts.config.settings.map((each) =>
        warning(
          'not-taken',
          'Configuration',
          `The domain has a setting that xen.cfg will not say (${each}): it would start without it the next time.`,
          about,
        ),
      ),
      ...domainReasons(scene, intent, domain, 'its configuration'),
    ],
  };
};

export const findHandMade = (scene: Scene, intent: AdoptIntent): HandMade | null => {
  const { config: path, primary } = intent;
  if (path === undefined)
    return intent.domain === undefined ? null : findRunning(scene, intent, intent.domain);
  const about = { node: primary, field };
  const configs = scene.lookup.byName.get(primary)?.facts?.guestConfigs ?? [];
  const found = configs.find((each) => each.path === path);
  const text = found?.text;
  if (!found || text === undefined || found.leadsTo !== null)
    return nothing(
      'no-config',
      found?.leadsTo
        ? `${path} on ${primary} is a symbolic link to ${found.leadsTo}: name that file.`
        : `${primary} shows no configuration ${path} that names images below a storage directory of the cluster.`,
      about,
    );
  const config = readFoundConfig(text);
  const reasons: Reason[] = [];
  const { read } = config;
  if (read === null)
    reasons.push(
      blocks(
        'no-config',
        'Configuration',
        `${path} can't be read: ${config.error ?? 'no reason given'}.`,
        about,
      ),
    );
  const uuid = read?.uuid;
  const named =
    uuid === undefined
      ? (scene.lookup.domainsByName.get(read?.name ?? '') ?? [])
      : (scene.lookup.domainsByUuid.get(uuid) ?? []);
  const domain =
    named.find((each) => each.seen && each.node === primary && each.domain.uuid !== null) ?? null;
  if (domain !== null)
    reasons.push(
      ...domainReasons(scene, intent, domain, path),
      ...attachedOtherwise(config, domain, primary, path),
    );
  return { config, domain, aside: asideOf(scene, configs, found), reasons };
};

/**
 * The text as the instance's xen.cfg: with its name, its uuid and what the record has to know, and everything else (comments,
 * unknown keys, the layout) as somebody wrote it.
 */
export const adoptedText = (text: string, record: InstanceRecord): { text: string; problems: string[] } => {
  const parsed = parseConfig(text);
  if (!parsed.ok) return { text, problems: [parsed.error.message] };
  const named = printConfig(setSetting(setSetting(parsed.tree, 'name', record.name), 'uuid', record.uuid));
  const made = withGuest(named, record);
  if (!made.ok) return { text, problems: [made.message] };
  const differences = compareDisks(record.disks.map(diskFacts), made.text);
  return { text: made.text, problems: differences.map((each) => each.message) };
};

/** Nobody starts a guest by them any more; taken back in reverse. */
export const addSetAside = (list: StepList, node: string, aside: readonly Aside[]): void => {
  for (const { from, to, sum } of aside)
    list.add(
      node,
      `Set ${from} aside`,
      { do: 'set-aside', from, to, sum },
      { undo: [undoOf(node, `Give ${from} its name back`, { do: 'set-aside', from: to, to: from, sum })] },
    );
};
