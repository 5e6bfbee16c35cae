/** What the probe printed -> facts. Nothing in a file of a node can pose as another part of the answer. */
import { z } from 'zod';
import { type Membership, membership } from '../../core/cluster/schema.ts';
import { type DomainFacts, type NodeFacts, nodeFacts } from '../../core/cluster/snapshot.ts';
import { readXlInfo, type XenInfo } from '../../core/xen/info-reader.ts';
import { readXlListVerbose, readXmList } from '../../core/xen/list-reader.ts';
import { type RunningConfigs, readRunningConfigs } from '../../core/xen/running-config.ts';
import { logicalNames } from './image-header.ts';
import { readGuestConfigs } from './probe-guests.ts';
import { readOsDefinitions } from './probe-os.ts';
import { inodesOf, ProbeError, type ProbeInput, readSections, type Sections } from './probe-sections.ts';
import { readStorage } from './probe-storage.ts';

/** Dom0 keeps at least so much when memory is asked back from it, MiB. */
const dom0FloorMib = 512;
/** … and so much free of what it has, MiB. */
const dom0ReserveMib = 256;

const linesOf = (text: string): string[] => text.split('\n').filter((line) => line !== '');
const namesOf = (text: string): string[] => text.split('\0').filter((name) => name !== '');

/** Exit code and errors of a command that was asked. */
const endOf = (sections: Sections, name: string): { code: number; errors: string } => {
  const [code = '', ...errors] = sections.text(`${name}-end`).split('\n');
  return { code: /^\d+$/.test(code) ? Number(code) : -1, errors: errors.join('\n').trim() };
};

/** domid -> uuid from `xm list -l`, one S-expression for each domain; its own properties are four spaces deep. */
const uuidsOfXm = (text: string): Map<number, string> =>
  new Map(
    text.split(/^\(domain\b/m).flatMap((part): [number, string][] => {
      const domid = /^ {4}\(domid (\d+)\)/m.exec(part)?.[1];
      const uuid = /^ {4}\(uuid ([0-9a-fA-F-]{36})\)/m.exec(part)?.[1];
      return domid !== undefined && uuid !== undefined ? [[Number(domid), uuid.toLowerCase()]] : [];
    }),
  );

const toolstackOf = (sections: Sections): 'xl' | 'xm' | null => {
  if (sections.has('xl-list')) return 'xl';
  return sections.has('xm-list') ? 'xm' : null;
};

/** What the domains are made of; that it can't be had is told, since nothing is compared with the records then. */
const readLong = (
  sections: Sections,
  problems: string[],
  logical: (path: string) => string,
): RunningConfigs['configs'] => {
  if (!sections.has('xl-list-long-end')) return new Map();
  const { code, errors } = endOf(sections, 'xl-list-long');
  const unknown = 'What its guests are made of now is not known, and so not compared with their records.';
  if (code !== 0) {
    problems.push(
      `${code === 124 || code === 137 ? 'xl list -l did not answer within 8 s' : `xl list -l ended with exit code ${code}`}. ${unknown} ${errors}`.trim(),
    );
    return new Map();
  }
  const { configs, problems: strange } = readRunningConfigs(sections.text('xl-list-long'), logical);
  problems.push(...strange.map((each) => `${each} ${unknown}`));
  return configs;
};

/**
 * The domains, Domain-0 among them.
 * @throws ProbeError when the toolstack is there and Xen runs, but the list can't be had: "no domain" would be a lie
 */
const readDomains = (
  sections: Sections,
  problems: string[],
  logical: (path: string) => string,
): { toolstack: 'xl' | 'xm' | null; domains: DomainFacts[] } => {
  const toolstack = toolstackOf(sections);
  if (toolstack === null) {
    problems.push('Neither xl nor xm was found: this node can run no guest.');
    return { toolstack, domains: [] };
  }
  const { code, errors } = endOf(sections, `${toolstack}-list`);
  if (/can't find hypervisor|not running on xen/i.test(errors)) {
    problems.push(`This node was booted without Xen, so it can run no guest: ${errors}`);
    return { toolstack: null, domains: [] };
  }
  const listing = sections.text(`${toolstack}-list`);
  const uuids = toolstack === 'xm' ? uuidsOfXm(sections.text('xm-list-long')) : new Map<number, string>();
  const configs = readLong(sections, problems, logical);
  const domains = (toolstack === 'xl' ? readXlListVerbose : readXmList)(listing).map((each): DomainFacts => {
    const { name, domid, memoryMib, vcpus, state, flags, cpuSeconds } = each;
    const uuid = each.uuid ?? uuids.get(domid) ?? null;
    const told = configs.get(domid);
    const config =
      told && (told.uuid === null || uuid === null || told.uuid === uuid.toLowerCase()) ? told.config : null;
    return {
      name,
      domid,
      memoryMib,
      vcpus,
      state,
      flags,
      cpuSeconds,
      uuid,
      ...(config && { config }),
    };
  });
  if (code !== 0 || !domains.some((each) => each.domid === 0))
    throw new ProbeError(
      `The node does not tell which domains it runs: ${toolstack} list ${code === 124 || code === 137 ? 'did not answer within 8 s' : `ended with exit code ${code}`}. ${errors}`.trim(),
    );
  return { toolstack, domains };
};

/** Facts printed as `key value`, several of a key possible. */
const readFacts = (text: string): Map<string, string[]> => {
  const facts = new Map<string, string[]>();
  for (const line of linesOf(text)) {
    const at = line.indexOf(' ');
    const [key, value] = at < 0 ? [line, ''] : [line.slice(0, at), line.slice(at + 1)];
    facts.set(key, [...(facts.get(key) ?? []), value]);
  }
  return facts;
};

/** libxl takes memory from Dom0 unless it is told not to, or Dom0's size was fixed when Xen booted (its own test of the option). */
const reclaimable = (
  facts: Map<string, string[]>,
  info: XenInfo,
  domains: DomainFacts[],
  toolstack: 'xl' | 'xm' | null,
): number => {
  const dom0 = domains.find((each) => each.domid === 0);
  if (toolstack !== 'xl' || !dom0) return 0;
  const setting = (facts.get('autoballoon')?.[0] ?? 'auto').toLowerCase();
  if (['off', '0', 'no', 'false'].includes(setting)) return 0;
  const fixed = /(^| )dom0_mem=((|min:|max:)[0-9]+[bBkKmMgG]?,?)+($| )/.test(
    info.fields.xen_commandline ?? '',
  );
  if (setting === 'auto' && fixed) return 0;
  const available = Number(facts.get('memAvailableKib')?.[0] ?? Number.NaN) / 1024;
  const unused = Number.isFinite(available) ? available - dom0ReserveMib : Number.POSITIVE_INFINITY;
  return Math.max(0, Math.floor(Math.min(dom0.memoryMib - dom0FloorMib, unused)));
};

const readJobSpace = (facts: Map<string, string[]>): NodeFacts['jobSpace'] => {
  const [block = 0, available = 0, freeInodes = 0, inodes = 0] = (facts.get('jobSpace')?.[0] ?? '')
    .split(' ')
    .map(Number);
  return { bytes: block * available, inodes: inodesOf(freeInodes, inodes) };
};

const readMembership = (text: string, problems: string[]): Membership | null => {
  if (text.trim() === '') return null;
  try {
    return membership.parse(JSON.parse(text));
  } catch (error) {
    const reason = error instanceof z.ZodError ? z.prettifyError(error) : String(error);
    problems.push(`/var/lib/vbdesk/cluster.json can not be understood: ${reason}`);
    return null;
  }
};

const readLoops = (sections: Sections, known: ReadonlySet<string>, problems: string[]): NodeFacts['open'] => {
  const { code, errors } = endOf(sections, 'loops');
  if (code !== 0)
    problems.push(`losetup does not tell which loop devices there are (exit code ${code}). ${errors}`.trim());
  return linesOf(sections.text('loops')).flatMap((line) => {
    const match = /^\s*(\S+)\s+(\d+)\s+(\d+):(\d+)\s/.exec(line);
    if (!match) return [];
    const [, name = '', inode, major, minor] = match;
    // as the kernel packs it, and stat prints it
    const device = (Number(minor) % 256) + Number(major) * 256 + Math.floor(Number(minor) / 256) * 1048576;
    return known.has(`${device}:${inode}`)
      ? [{ device, inode: Number(inode), by: name.replace('/dev/', '') }]
      : [];
  });
};

const readOpen = (text: string, known: ReadonlySet<string>): NodeFacts['open'] =>
  linesOf(text).flatMap((line) => {
    const match = /^(\d+) (\d+) (\d+) ?(.*)$/.exec(line);
    if (!match || !known.has(`${match[1]}:${match[2]}`)) return [];
    const [, device, inode, pid, comm = ''] = match;
    const by = comm.includes('qemu') ? `qemu ${pid}` : `process ${pid} (${comm})`;
    return [{ device: Number(device), inode: Number(inode), by }];
  });

/** Names in /etc/xen/auto; an entry that leads to an instance's xen.cfg under another name counts for that instance as well. */
const readAutostarts = (text: string, problems: string[]): string[] =>
  namesOf(text).flatMap((line) => {
    const [name = '', target = ''] = line.split('\t');
    const folder = /\/([^/]+)\/xen\.cfg$/.exec(target)?.[1];
    if (folder === undefined || folder === name || `${folder}.cfg` === name) return [name];
    problems.push(`/etc/xen/auto/${name} leads to ${target}: it starts ${folder} when this node boots.`);
    return [name, folder];
  });

/**
 * @param input the same that the script was made for
 * @throws ProbeError when the answer is none, or does not tell which domains run
 */
export const readProbe = (stdout: Buffer, input: ProbeInput): NodeFacts => {
  const sections = readSections(stdout);
  const problems: string[] = [];
  const facts = readFacts(sections.text('facts'));
  const fact = (name: string): string => facts.get(name)?.[0] ?? '';
  const logical = logicalNames(fact('root'), input.storageDirectories);
  const { toolstack, domains } = readDomains(sections, problems, logical);
  const info = readXlInfo(sections.text('xl-info'));
  const infoEnd = endOf(sections, 'xl-info');
  if (toolstack !== null && infoEnd.code !== 0)
    problems.push(`${toolstack} info ended with exit code ${infoEnd.code}. ${infoEnd.errors}`.trim());
  const storages = input.storageDirectories.map((path, number) =>
    readStorage(sections, path, number, problems, logical),
  );
  const templates =
    input.templateDirectory === undefined
      ? null
      : readStorage(sections, input.templateDirectory, storages.length, problems, logical).facts;
  const folders = storages.flatMap((storage) => storage.folders);
  const known = new Set(
    [
      ...folders,
      ...storages.map((storage) => storage.facts),
      ...(templates === null ? [] : [templates]),
    ].flatMap((each) =>
      [...(each.files ?? []), ...('templates' in each ? (each.templates ?? []) : [])].map(
        (file) => `${file.device}:${file.inode}`,
      ),
    ),
  );
  problems.push(...linesOf(sections.text('problems')));
  return nodeFacts.parse({
    hostname: fact('hostname'),
    bootId: fact('bootId'),
    clock: Number(fact('clock')),
    kernel: fact('kernel'),
    uid: Number(fact('uid')),
    toolstack,
    xen: info.xenVersion ?? '',
    totalMemoryMib: info.totalMemoryMib ?? 0,
    freeMemoryMib: info.freeMemoryMib ?? 0,
    reclaimableMib: reclaimable(facts, info, domains, toolstack),
    cpus: info.cpus ?? Number(fact('cpus')),
    ...(fact('cpuModel') === '' ? {} : { cpuModel: fact('cpuModel') }),
    ...(info.fields.hw_caps ? { cpuFeatures: info.fields.hw_caps } : {}),
    commands: facts.get('command') ?? [],
    bridges: facts.get('bridge') ?? [],
    membership: readMembership(sections.text('membership'), problems),
    storages: storages.map((storage) => storage.facts),
    ...(templates !== null && {
      templates: {
        path: templates.path,
        // one that lies in a storage directory is shared as that is
        id:
          templates.id ??
          storages.find(({ facts: each }) => templates.path.startsWith(`${each.path}/`))?.facts.id ??
          null,
        state: templates.state,
        files: templates.files ?? [],
      },
    }),
    folders,
    domains,
    open: [...readLoops(sections, known, problems), ...readOpen(sections.text('open'), known)],
    // "no loop device" would be a lie as well
    ...((sections.text('open').startsWith('?') || endOf(sections, 'loops').code !== 0) && {
      openUnknown: true,
    }),
    monitors: linesOf(sections.text('monitors')).flatMap((line) => {
      const match = /^(\d+) (.+)$/.exec(line);
      return match ? [{ pid: Number(match[1]), name: match[2] }] : [];
    }),
    saves: namesOf(sections.text('saves')),
    savedUuids: namesOf(sections.text('saved')).flatMap((line) => {
      const match = /^([0-9a-f-]{36}) ([\s\S]+)$/i.exec(line);
      return match?.[1] && match[2] ? [{ uuid: match[1].toLowerCase(), file: match[2] }] : [];
    }),
    autostarts: readAutostarts(sections.text('autostarts'), problems),
    tombstones: namesOf(sections.text('tombstones')).filter((name) => /^[0-9a-f-]{36}$/.test(name)),
    jobSpace: readJobSpace(facts),
    bootFiles: linesOf(sections.text('bootFiles')).flatMap((line) => {
      const match = /^([01]) (.+)$/.exec(line);
      return match ? [{ path: match[2], exists: match[1] === '1' }] : [];
    }),
    ...(sections.has('guests') && {
      guestConfigs: readGuestConfigs(sections.text('guests'), fact('root'), {
        has: ({ device, inode }) => known.has(`${device}:${inode}`),
        below: input.storageDirectories,
      }),
    }),
    ...(sections.has('os') && { osDefinitions: readOsDefinitions(sections.text('os')) }),
    problems,
  });
};
