/** A guest that somebody made by hand: its configuration in /etc/xen, its domain where it runs, and what becomes of both. */

import { baseName } from '../cluster/drift.ts';
import { withGuest } from '../cluster/guest-config.ts';
import type { DomainSight } from '../cluster/lookup.ts';
import { setAsideMark } from '../cluster/other-configs.ts';
import type { InstanceRecord } from '../cluster/record.ts';
import type { GuestConfig } from '../cluster/snapshot.ts';
import { compareDisks } from '../xen/compare-disks.ts';
import { setSetting } from '../xen/config-edit.ts';
import { readInstanceConfig } from '../xen/config-reader.ts';
import { parseConfig, printConfig } from '../xen/config-syntax.ts';
import { diskFacts } from '../xen/disk-writer.ts';
import { targetsOf } from '../xen/reaching.ts';
import { type FoundConfig, readFoundConfig } from './adopt-config.ts';
import type { AdoptIntent } from './intent.ts';
import type { Reason } from './reason.ts';
import { blocks, passed, type Scene } from './scene.ts';
import { sha256 } from './sha256.ts';
import { type StepList, undoOf } from './step-list.ts';

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

export const findHandMade = (scene: Scene, intent: AdoptIntent): HandMade | null => {
  const { config: path, primary } = intent;
  if (path === undefined) return null;
  const about = { node: primary, field };
  const configs = scene.lookup.byName.get(primary)?.facts?.guestConfigs ?? [];
  const found = configs.find((each) => each.path === path);
  const text = found?.text;
  if (!found || text === undefined || found.leadsTo !== null)
    return {
      config: { text: '', read: null, error: 'it is not there', guest: {} },
      domain: null,
      aside: [],
      reasons: [
        blocks(
          'no-config',
          'Configuration',
          found?.leadsTo
            ? `${path} on ${primary} is a symbolic link to ${found.leadsTo}: name that file.`
            : `${primary} shows no configuration ${path} that names images below a storage directory of the cluster.`,
          about,
        ),
      ],
    };
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
  const known = domain === null ? null : whoseUuid(scene, domain.domain.uuid?.toLowerCase() ?? '');
  if (known !== null)
    reasons.push(
      blocks(
        'uuid-known',
        'Its domain',
        `Its domain on ${primary} has the uuid of ${known}: two of one uuid can't be told apart. Shut it down, take uuid out of ${path}, and ask again; or settle that one first.`,
        { node: primary },
      ),
    );
  if (domain !== null && domain.domain.state !== 'running')
    reasons.push(
      blocks(
        'domain-state',
        'Its domain',
        `${primary} has its domain ${domain.domain.name} (domain ${domain.domain.domid}, ${domain.domain.flags}), which does not run: end it, or let it run, and ask again.`,
        { node: primary },
      ),
    );
  if (domain !== null && domain.domain.name !== intent.name)
    reasons.push(
      blocks(
        'domain-name',
        'Name',
        `Its domain is called ${domain.domain.name}: as long as it runs the instance needs that name.`,
        { node: primary, field: 'name' },
      ),
    );
  if (domain !== null && intent.start)
    reasons.push(
      blocks('running', 'Start', 'It runs already: it is not started.', { node: primary, field: 'start' }),
    );
  if (domain !== null && domain.domain.state === 'running')
    reasons.push(
      passed(
        'goes-on',
        'Its domain',
        `${domain.domain.name} (domain ${domain.domain.domid}) goes on running on ${primary} and becomes the instance's.`,
        { node: primary },
      ),
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
