import { shown } from '../storage/checked.ts';
import { validateInstanceName, validateNodeName } from '../storage/names.ts';
import { parseSize } from '../storage/sizes.ts';
import type { CreateArguments, DiskArgument, Ignored, NicArgument, Parsed } from './arguments.ts';
import {
  parseBackendOption,
  parseDiskOption,
  parseFileDriver,
  parseFileStorageDirectory,
  parseHypervisorOption,
  parseNetOption,
  parseTemplateOption,
} from './option-values.ts';
import { parseOsName, parseOsParameters, TEMPLATE_PREFIX } from './os-name.ts';
import { splitCommas, splitWords } from './words.ts';

/** Reads `gnt-instance add …`: the design document's form, Ganeti 3's, and our own `vbdesk instance add …`. */

export type CreateParsed =
  | { ok: true; arguments: CreateArguments; ignored: Ignored[] }
  | { ok: false; problems: string[]; ignored: Ignored[] };

/** Every option by its long name. `value`: it takes one. `reason`: it has no effect here, and why. */
type Option = { short?: string; value?: true; reason?: string };

const NO_CHECK = 'VBDesk does not look names and addresses up.';
const NO_HELPER = 'no helper guest is started to install an operating system.';
const TABLE: Record<string, Option> = {
  'disk-template': { short: 't', value: true },
  disk: { value: true },
  'os-size': { short: 's', value: true },
  node: { short: 'n', value: true },
  'os-type': { short: 'o', value: true },
  'backend-parameters': { short: 'B', value: true },
  'hypervisor-parameters': { short: 'H', value: true },
  net: { value: true },
  'no-nics': {},
  'no-start': {},
  'file-storage-dir': { value: true },
  'file-driver': { value: true },
  tags: { value: true },
  reuse: {},
  'no-install': {},
  'os-import': { value: true },
  'os-parameters': { short: 'O', value: true },
  'os-parameters-private': { value: true },
  'os-parameters-secret': { value: true },
  'no-name-check': { reason: NO_CHECK },
  'no-ip-check': { reason: NO_CHECK },
  'no-conflicts-check': { reason: NO_CHECK },
  'no-wait-for-sync': { reason: 'file-based disks are not mirrored.' },
  'disk-parameters': { short: 'D', value: true, reason: 'file-based disks have no such parameters.' },
  iallocator: { short: 'I', value: true, reason: 'VBDesk has no allocator; the node is chosen with -n.' },
  'ignore-ipolicy': { reason: 'VBDesk has no instance policies.' },
  forthcoming: { reason: 'an instance is created at once, or planned in a draft.' },
  commit: { reason: 'an instance is created at once, or planned in a draft.' },
  'dry-run': { reason: 'every change is shown as a plan before it runs.' },
  submit: { reason: 'there is no job queue.' },
  'print-jobid': { reason: 'there is no job queue.' },
  priority: { value: true, reason: 'there is no job queue.' },
  reason: { value: true, reason: 'runs keep no reason.' },
  force: { short: 'f', reason: 'each consent is given by itself.' },
  verbose: { short: 'v', reason: 'it changes nothing.' },
  debug: { short: 'd', reason: 'it changes nothing.' },
  'clear-osparams': { reason: 'there are no parameters but those that are given.' },
  'force-variant': { reason: 'the plan says whether the OS definition has that variant.' },
  'node-group': {
    short: 'g',
    value: true,
    reason: 'VBDesk has no node groups; the node is chosen with -n.',
  },
  'opportunistic-locking': { reason: 'only the instance itself is locked.' },
  communication: { short: 'c', value: true, reason: 'guests have no channel to their node here.' },
  'helper-startup-timeout': { value: true, reason: NO_HELPER },
  'helper-shutdown-timeout': { value: true, reason: NO_HELPER },
  'identify-defaults': { reason: 'VBDesk has no cluster-wide defaults.' },
};

/** A map, so that a word such as `constructor` finds nothing. */
const OPTIONS: ReadonlyMap<string, Option> = new Map(Object.entries(TABLE));

type Given = { name: string; written: string; value: string };

function findLong(word: string): string | undefined {
  if (OPTIONS.has(word)) return word;
  const longer = [...OPTIONS.keys()].filter((name) => name.startsWith(word));
  return longer.length === 1 ? longer[0] : undefined;
}

function findShort(letter: string): string | undefined {
  return [...OPTIONS.keys()].find((name) => OPTIONS.get(name)?.short === letter);
}

/** Sorts words into options and names, as Python's optparse does. */
function sortWords(words: readonly string[], problems: string[]): { given: Given[]; names: string[] } {
  const given: Given[] = [];
  const names: string[] = [];
  const queue = [...words];
  for (let word = queue.shift(); word !== undefined; word = queue.shift()) {
    if (word === '--') {
      names.push(...queue.splice(0));
    } else if (word.startsWith('--')) {
      const equals = word.indexOf('=');
      const long = equals < 0 ? word.slice(2) : word.slice(2, equals);
      const name = findLong(long);
      const option = name === undefined ? undefined : OPTIONS.get(name);
      if (name === undefined || !option) {
        problems.push(`${shown(`--${long}`)} is no option of gnt-instance add.`);
        continue;
      }
      if (!option.value && equals >= 0) problems.push(`--${name} takes no value.`);
      const value = option.value ? (equals >= 0 ? word.slice(equals + 1) : queue.shift()) : '';
      if (value === undefined) problems.push(`--${name} needs a value.`);
      else given.push({ name, written: `--${name}`, value });
    } else if (word.startsWith('-') && word !== '-') {
      let letters = word.slice(1);
      while (letters !== '') {
        const letter = letters.charAt(0);
        letters = letters.slice(1);
        const name = findShort(letter);
        if (name === undefined) {
          problems.push(`${shown(`-${letter}`)} is no option of gnt-instance add.`);
          break;
        }
        if (!OPTIONS.get(name)?.value) {
          given.push({ name, written: `-${letter}`, value: '' });
          continue;
        }
        const value = letters === '' ? queue.shift() : letters;
        letters = '';
        if (value === undefined) problems.push(`-${letter} needs a value.`);
        else given.push({ name, written: `-${letter}`, value });
      }
    } else names.push(word);
  }
  return { given, names };
}

/** `isGaneti`: it was meant for Ganeti, which does more by itself where nothing is said. */
function withoutCommand(given: readonly string[]): { words: readonly string[]; isGaneti: boolean } {
  const all = given[0] === 'sudo' ? given.slice(1) : given;
  const base = all[0]?.slice(all[0].lastIndexOf('/') + 1);
  if (base === 'gnt-instance' && all[1] === 'add') return { words: all.slice(2), isGaneti: true };
  if (base === 'vbdesk' && all[1] === 'instance' && all[2] === 'add')
    return { words: all.slice(3), isGaneti: false };
  return { words: given, isGaneti: false };
}

/** Entries must be numbered 0, 1, 2, … without gaps, whatever their order. */
function ordered<T extends { index: number }>(items: T[], option: string, problems: string[]): T[] {
  const sorted = [...items].sort((a, b) => a.index - b.index);
  const odd = sorted.findIndex((item, position) => item.index !== position);
  if (odd >= 0) {
    const twice = odd > 0 && sorted[odd]?.index === sorted[odd - 1]?.index;
    problems.push(
      `${option} ${twice ? `${odd - 1} is given twice` : `${odd} is missing`}: they are numbered from 0 without gaps.`,
    );
  }
  return sorted;
}

/**
 * Reads the words of `gnt-instance add …`.
 * @param words with or without `gnt-instance add` or `vbdesk instance add` before them
 * @returns what was said, and what of it has no effect here; or every problem at once. Never throws.
 */
export function parseCreateWords(words: readonly string[]): CreateParsed {
  const problems: string[] = [];
  const ignored: Ignored[] = [];
  const command = withoutCommand(words);
  const { given, names } = sortWords(command.words, problems);
  const take = <T>(parsed: Parsed<T>): T | undefined => {
    if (!parsed.ok) {
      problems.push(...parsed.problems);
      return undefined;
    }
    ignored.push(...parsed.ignored);
    return parsed.value;
  };
  const disks: DiskArgument[] = [];
  const nics: NicArgument[] = [];
  const result: CreateArguments = {
    name: '',
    driver: 'loop',
    reuse: false,
    disks,
    node: '',
    os: 'none',
    guest: { type: 'pv', memoryMib: 128, vcpus: 1 },
    nics,
    start: true,
    tags: [],
  };
  let template = false;
  for (const { name, written, value } of given) {
    const reason = OPTIONS.get(name)?.reason;
    if (reason !== undefined)
      ignored.push({ option: value === '' ? written : `${written} ${value}`, reason });
    else if (name === 'disk-template') {
      template = true;
      const { path, driver, reuse } = take(parseTemplateOption(value)) ?? { reuse: false };
      if (path !== undefined) result.path = path;
      if (driver !== undefined) result.driver = driver;
      if (reuse) result.reuse = true;
    } else if (name === 'disk') {
      const disk = take(parseDiskOption(value));
      if (disk) disks.push(disk);
    } else if (name === 'os-size') {
      const size = parseSize(value);
      if (size.ok) disks.push({ index: 0, size: size.bytes, mode: 'rw' });
      else problems.push(`-s: ${size.message}`);
    } else if (name === 'node') {
      const [node = '', secondary, ...more] = value.split(':');
      for (const each of secondary === undefined ? [node] : [node, secondary]) {
        const checked = validateNodeName(each);
        if (!checked.ok) problems.push(`-n: ${checked.message}`);
      }
      if (more.length > 0) problems.push(`-n takes one node or NODE:SECONDARY, not ${shown(value)}.`);
      if (secondary !== undefined && secondary === node)
        problems.push('-n: primary and secondary are the same node.');
      result.node = node;
      if (secondary !== undefined) result.secondary = secondary;
    } else if (name === 'os-type') {
      const os = parseOsName(value);
      if (os.ok) result.os = value;
      else problems.push(`-o: ${os.message}`);
    } else if (name === 'os-parameters' || name.startsWith('os-parameters-')) {
      const read = parseOsParameters(written, splitCommas(value));
      problems.push(...read.problems);
      const key = name === 'os-parameters' ? 'osParameters' : 'osSecrets';
      result[key] = { ...result[key], ...Object.fromEntries(read.values) };
    } else if (name === 'os-import') {
      const [, disk = '0', file = value] = /^(\d{1,2}):(.*)$/s.exec(value) ?? [];
      result.osImport = [...(result.osImport ?? []), { disk: Number(disk), file }];
    } else if (name === 'no-install') result.install = false;
    else if (name === 'backend-parameters') Object.assign(result.guest, take(parseBackendOption(value)));
    else if (name === 'hypervisor-parameters')
      Object.assign(result.guest, take(parseHypervisorOption(value)));
    else if (name === 'net') {
      const nic = take(parseNetOption(value));
      if (nic) nics.push(nic);
    } else if (name === 'file-storage-dir') {
      const path = take(parseFileStorageDirectory(value));
      if (path !== undefined) result.path = path;
    } else if (name === 'file-driver') result.driver = take(parseFileDriver(value)) ?? result.driver;
    else if (name === 'tags') result.tags.push(...splitCommas(value));
    else if (name === 'reuse') result.reuse = true;
    else if (name === 'no-start') result.start = false;
  }
  if (given.some((each) => each.name === 'no-nics') && nics.length > 0)
    problems.push('--no-nics and --net contradict each other.');
  if (command.isGaneti && !given.some((each) => each.name === 'net' || each.name === 'no-nics'))
    ignored.push({
      option: 'no --net',
      reason:
        'Ganeti gives one network card on its default bridge then; here it has none. Say --net 0:bridge=….',
    });
  const diskFailed = problems.some((problem) => problem.startsWith('--disk'));
  if (!diskFailed) result.disks = ordered(disks, '--disk', problems);
  if (!problems.some((problem) => problem.startsWith('--net')))
    result.nics = ordered(nics, '--net', problems);
  if (!template) problems.push('The disk template is missing: -t file or -t file:path=DIR,driver=loop.');
  if (result.node === '') problems.push('The node is missing: -n NODE or -n NODE:SECONDARY.');
  if (disks.length === 0 && !result.reuse && !diskFailed)
    problems.push('The disks are missing: --disk 0:size=5G, or reuse.');
  // a copy of a template is as large as that
  const isCopy = ({ index }: DiskArgument): boolean =>
    index === 0 && result.install !== false && result.os.startsWith(TEMPLATE_PREFIX);
  for (const disk of disks) {
    const needsNone =
      disk.adopt !== undefined ||
      disk.base !== undefined ||
      disk.import !== undefined ||
      isCopy(disk) ||
      result.reuse;
    if (disk.size === undefined && !needsNone) {
      problems.push(`--disk ${disk.index} needs a size, as in ${disk.index}:size=5G.`);
    }
  }
  const [name, ...more] = names;
  if (name === undefined) problems.push('The name of the instance is missing: it comes last.');
  else {
    const checked = validateInstanceName(name);
    if (!checked.ok) problems.push(checked.message);
    result.name = name;
  }
  if (more.length > 0)
    problems.push(`Only one instance is named at a time; ${more.map(shown).join(', ')} is too much.`);
  return problems.length > 0 ? { ok: false, problems, ignored } : { ok: true, arguments: result, ignored };
}

/** Reads a pasted command line. Never throws. */
export function parseCreateCommand(line: string): CreateParsed {
  const split = splitWords(line.trim().replace(/^[$#]\s+/, ''));
  return split.ok ? parseCreateWords(split.words) : { ok: false, problems: [split.message], ignored: [] };
}
