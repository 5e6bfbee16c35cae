/**
 * What is wrong with a configuration, each mistake where it stands, so that an editor can mark it. The rules are those of xl
 * (4.17): a key that it does not know is fine, a value of the wrong kind is passed over, and some mistakes refuse the file.
 */
import { HVM_ONLY_KEYS, kindOfKey, WORD_KEYS } from './config-keys.ts';
import {
  type ConfigTree,
  getItems,
  getNumber,
  getText,
  keysOf,
  type ListNode,
  nestedList,
  parseConfig,
  type SettingNode,
  settingsOf,
} from './config-syntax.ts';
import { numberOf } from './config-values.ts';
import { problemsOfDisks } from './disk-problems.ts';
import { partOf } from './entry-parts.ts';
import { readGuestType } from './guest-type.ts';
import { problemsOfNetwork } from './network-problems.ts';
import { type ConfigProblem, ProblemList, type Range } from './problem-list.ts';

const lastOf = (tree: ConfigTree, key: string): SettingNode | undefined => settingsOf(tree, key).at(-1);

const textOf = (tree: ConfigTree, key: string): string | undefined => getText(tree, key) ?? undefined;
const seenNumber = (tree: ConfigTree, key: string): number | undefined => getNumber(tree, key) ?? undefined;

const refusedByWrongList = new Set(['device_model_args', 'device_model_args_pv', 'device_model_args_hvm']);
const refusedByWrongNumber = new Set(['max_grant_frames', 'max_maptrack_frames']);

/** What xl leaves out, for it stops at a list. */
const nestedMessage = (tree: ConfigTree, key: string, nested: ListNode): string => {
  const behind = settingsOf(tree, key).flatMap(({ value }) =>
    value.kind === 'list' ? value.items.filter((item) => item.start > nested.start) : [],
  );
  const quoted = behind
    .slice(0, 3)
    .map((item) => tree.text.slice(item.start, Math.min(item.end, item.start + 80)))
    .join(', ');
  const lost =
    key === 'disk'
      ? 'this disk and all behind it are not attached'
      : 'xl sees neither this one nor any behind it';
  return `This entry of ${key} is a list where a text belongs: ${lost}${quoted === '' ? '' : ` (${quoted}${behind.length > 3 ? ', …' : ''})`}.`;
};

const checkKind = (list: ProblemList, tree: ConfigTree, key: string): void => {
  const kind = kindOfKey(key);
  if (kind === undefined || kind === 'either') return;
  const last = lastOf(tree, key);
  if (!last) return;
  const { value } = last;
  const isList = value.kind === 'list';
  if (kind === 'list') {
    if (!isList) {
      const message = `${key} is a list, such as ${key} = [ 'a', 'b' ]; xl passes over what is none.`;
      if (refusedByWrongList.has(key)) list.refuse(key, value, `${key} is a list; xl refuses what is none.`);
      else list.error(key, value, message);
      return;
    }
    const nested = nestedList(tree, key);
    if (nested) list.error(key, nested, nestedMessage(tree, key, nested));
    return;
  }
  if (isList) {
    // Without a name xl refuses the file; that is said of the name.
    if (refusedByWrongNumber.has(key)) list.refuse(key, value, `${key} is a number; xl refuses a list.`);
    else if (key !== 'name') list.error(key, value, `${key} is a single value; xl passes over a list.`);
    return;
  }
  if (kind === 'text') return;
  const complain = (message: string): void =>
    refusedByWrongNumber.has(key) ? list.refuse(key, value, message) : list.error(key, value, message);
  if (last.operator === '+=')
    complain(
      `${key} is a number, and += can't be used with numbers: xl passes over it. Write ${key} = ${numberOf(value.text) === null ? '…' : value.text}.`,
    );
  else if (numberOf(value.text) === null)
    complain(
      `${key} is a whole number (decimal, 0 octal or 0x hexadecimal), not ${JSON.stringify(value.text)}; xl passes over it.`,
    );
  else if (refusedByWrongNumber.has(key)) {
    const number = numberOf(value.text) ?? 0;
    if (number < 0 || number > 0x7f_ff_ff_ff)
      list.refuse(key, value, `${key} is a number from 0 to ${0x7f_ff_ff_ff}.`);
  }
};

const checkWords = (list: ProblemList, tree: ConfigTree, type: string): void => {
  for (const { key, words, fold, numbers, hvmOnly } of WORD_KEYS) {
    const value = textOf(tree, key);
    const last = lastOf(tree, key);
    if (value === undefined || !last || (hvmOnly && type !== 'hvm')) continue;
    if (key === 'timer_mode' && type === 'pv') {
      list.refuse(key, last, 'xl takes no timer_mode for guests of type pv.');
      continue;
    }
    const number = last.operator === '+=' ? null : numberOf(value);
    if (numbers !== undefined && number !== null) {
      if (numbers !== 'any' && (number < 0 || number > numbers))
        list.refuse(key, last.value, `As a number ${key} goes from 0 to ${numbers}.`);
      continue;
    }
    if (words.includes(fold ? value.toLowerCase() : value)) continue;
    list.refuse(
      key,
      last.value,
      `${JSON.stringify(value)} can't be ${key}. Allowed ${words.length > 1 ? 'are' : 'is'} ${words.join(', ')}.`,
    );
  }
};

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

const checkIdentity = (list: ProblemList, tree: ConfigTree): void => {
  const name = lastOf(tree, 'name');
  if (textOf(tree, 'name') === undefined)
    list.refuse(
      'name',
      name?.value ?? { start: 0, end: 0 },
      name ? 'The name is a text, not a list.' : 'The guest has no name: name = "…" is missing.',
    );
  else if (textOf(tree, 'name') === '' && name) list.error('name', name.value, 'The name is empty.');
  const uuid = lastOf(tree, 'uuid');
  const said = textOf(tree, 'uuid');
  if (uuid && said !== undefined && !UUID.test(said))
    list.refuse(
      'uuid',
      uuid.value,
      `${JSON.stringify(said)} is no uuid, such as 0d9c3ab0-f4d5-4244-a398-2dbdd95a1f05.`,
    );
};

const checkSizes = (list: ProblemList, tree: ConfigTree): void => {
  const node = (key: string): Range => lastOf(tree, key)?.value ?? { start: 0, end: 0 };
  const least = (key: string, unit: string): void => {
    const number = seenNumber(tree, key);
    if (number !== undefined && number <= 0)
      list.error(key, node(key), `${key} is ${number}: the guest needs at least 1${unit}.`);
  };
  least('memory', ' MiB');
  least('maxmem', ' MiB');
  const memory = seenNumber(tree, 'memory');
  const maximum = seenNumber(tree, 'maxmem');
  if (memory === undefined && lastOf(tree, 'memory') === undefined && maximum === undefined)
    list.warn(
      'memory',
      { start: 0, end: 0 },
      'It does not say how much memory the guest has: memory = … is missing.',
    );
  if (memory !== undefined && maximum !== undefined && maximum > 0 && maximum < memory)
    list.error('maxmem', node('maxmem'), `maxmem (${maximum} MiB) is less than memory (${memory} MiB).`);
  const vcpus = seenNumber(tree, 'vcpus');
  const most = seenNumber(tree, 'maxvcpus');
  if (vcpus !== undefined && vcpus < 0)
    list.refuse('vcpus', node('vcpus'), `vcpus is ${vcpus}: xl refuses less than none.`);
  else least('vcpus', '');
  if (most !== undefined && most !== 0 && most < (vcpus ?? 0))
    list.refuse(
      'maxvcpus',
      node('maxvcpus'),
      `maxvcpus (${most}) is less than vcpus (${vcpus ?? 0}); xl refuses that.`,
    );
};

const checkBoot = (list: ProblemList, tree: ConfigTree, type: string): void => {
  const has = (key: string): boolean => textOf(tree, key) !== undefined;
  const firmware = textOf(tree, 'firmware');
  const node = lastOf(tree, 'firmware');
  if (type !== 'hvm') {
    if (firmware !== undefined && node) {
      if (has('kernel'))
        list.refuse('firmware', node, 'Both kernel and firmware are said; xl takes one of them.');
      else if (!'pvgrub32'.startsWith(firmware) && !'pvgrub64'.startsWith(firmware))
        list.refuse(
          'firmware',
          node.value,
          `The firmware of a ${type} guest is pvgrub32 or pvgrub64, not ${JSON.stringify(firmware)}.`,
        );
    } else if (!has('kernel') && !has('bootloader'))
      list.refuse(
        'kernel',
        { start: 0, end: 0 },
        `A guest of type ${type} needs a kernel on the node, or a boot loader such as pygrub that finds one in its disk.`,
      );
    for (const key of HVM_ONLY_KEYS) {
      const useless = lastOf(tree, key);
      if (useless) list.warn(key, useless, `${key} has no effect on a guest of type ${type}.`);
    }
  }
  if (has('cmdline'))
    for (const key of ['root', 'extra']) {
      const setting = lastOf(tree, key);
      if (setting && has(key)) list.warn(key, setting, `xl passes over ${key}, since there is a cmdline.`);
    }
  const order = textOf(tree, 'boot');
  const boot = lastOf(tree, 'boot');
  if (type === 'hvm' && order !== undefined && boot && !/^[acdn]*$/.test(order))
    list.error(
      'boot',
      boot.value,
      `${JSON.stringify(order)} is no boot order. Its letters are a (floppy), c (disk), d (CD) and n (network).`,
    );
};

/** What a processor set looks like: `0-3,^1`, `nodes:0`, `all`. Numbers are C's, so that spaces may stand before each and behind none. */
const isProcessorSet = (text: string): boolean =>
  text
    .split(',')
    .filter((part) => part !== '')
    .every((part) => {
      const [, one, other] = /^\^?(?:nodes?:)?\s*\+?([0-9]+)(?:-\s*\+?([0-9]+))?$/.exec(part) ?? [];
      if (one === undefined) return /^\^?(?:nodes?:)?all$/.test(part);
      return other === undefined || Number(other) >= Number(one);
    });

const checkProcessors = (list: ProblemList, tree: ConfigTree): void => {
  // The name for "every processor" that may follow "maxvcpus": as many entries count as there are processors.
  const count = seenNumber(tree, 'maxvcpus') || (seenNumber(tree, 'vcpus') ?? 0);
  for (const key of ['cpus', 'cpus_soft']) {
    const whole = textOf(tree, key);
    const setting = lastOf(tree, key);
    const nodes = whole === undefined ? getItems(tree, key).slice(0, Math.max(0, count)) : [];
    const wrong =
      whole !== undefined && setting && !isProcessorSet(whole)
        ? setting.value
        : nodes.find((node) => !isProcessorSet(node.text));
    if (wrong)
      list.refuse(
        key,
        wrong,
        `${key} names processors, such as "0-3,^1", "nodes:0" or "all"; xl can't read this.`,
      );
  }
};

/** qemu is told where to listen in one word, and libxl does not choose between two displays. */
const checkScreen = (list: ProblemList, tree: ConfigTree, type: string): void => {
  const complain = (range: Range, listen: string, display: number): void => {
    const message = `The address ${JSON.stringify(listen)} holds a display already, so that vncdisplay=${display} makes the start fail. Say it in one place.`;
    // of an HVM guest real xl says so at once
    if (type === 'hvm') list.refuse('vnclisten', range, message);
    else list.error('vfb', range, message);
  };
  const listen = textOf(tree, 'vnclisten');
  const display = seenNumber(tree, 'vncdisplay') ?? 0;
  const node = lastOf(tree, 'vnclisten');
  if (type === 'hvm' && seenNumber(tree, 'vnc') !== 0 && node && listen?.includes(':') && display !== 0)
    complain(node.value, listen, display);
  const [first] = type === 'hvm' ? [] : getItems(tree, 'vfb');
  const own = first && partOf(first.text, 'vnclisten');
  const number = numberOf(first && partOf(first.text, 'vncdisplay')) ?? 0;
  if (first && own?.includes(':') && number !== 0 && numberOf(partOf(first.text, 'vnc')) !== 0)
    complain(first, own, number);
};

const checkTwice = (list: ProblemList, tree: ConfigTree): void => {
  const seen = new Map<string, SettingNode>();
  for (const setting of tree.settings) {
    const before = seen.get(setting.key);
    if (before && setting.operator === '=')
      list.warn(
        setting.key,
        { start: before.start, end: before.end },
        `${setting.key} is set again in line ${setting.line}; only what stands last counts.`,
      );
    seen.set(setting.key, setting);
  }
};

/** Marks the mistakes of a parsed configuration, in the order in which they stand. Never throws. */
export const problemsOfTree = (tree: ConfigTree): ConfigProblem[] => {
  const list = new ProblemList(tree.text);
  for (const { offset, message, refused } of tree.warnings) {
    const range = { start: offset, end: Math.min(tree.text.length, offset + 1) };
    if (refused) list.refuse(null, range, message);
    else list.warn(null, range, message);
  }
  const guest = readGuestType(tree);
  const at = guest.key && lastOf(tree, guest.key);
  if (at) list.refuse(guest.key, at.value, guest.message);
  const type = guest.type ?? 'pv';
  const said = textOf(tree, 'type');
  const typeNode = lastOf(tree, 'type');
  if (typeNode && guest.key !== 'type' && said !== undefined && !['pv', 'pvh', 'hvm'].includes(said))
    list.warn('type', typeNode.value, `xl takes ${JSON.stringify(said)} for ${type}. Write ${type}.`);

  for (const key of keysOf(tree)) checkKind(list, tree, key);
  checkIdentity(list, tree);
  checkSizes(list, tree);
  checkProcessors(list, tree);
  checkBoot(list, tree, type);
  checkWords(list, tree, type);
  checkScreen(list, tree, type);
  problemsOfDisks(list, getItems(tree, 'disk'), type);
  problemsOfNetwork(list, getItems(tree, 'vif'));
  checkTwice(list, tree);
  return list.problems.toSorted((a, b) => a.start - b.start);
};

/** Marks the mistakes of a configuration, in the order in which they stand. Text that can't be read is one mistake. Never throws. */
export const configProblems = (text: string): ConfigProblem[] => {
  const parsed = parseConfig(text);
  if (parsed.ok) return problemsOfTree(parsed.tree);
  const list = new ProblemList(text);
  const start = parsed.error.offset;
  const rest = /^[^\s]{1,40}/.exec(text.slice(start, start + 40))?.[0] ?? '';
  list.refuse(null, { start, end: start + rest.length }, parsed.error.message);
  return list.problems;
};

/** True when `xl create -n` would take the text. */
export const isTakenByXl = (text: string): boolean => !configProblems(text).some(({ refused }) => refused);
