/**
 * What is wrong with a configuration, each mistake where it stands, so that an editor can mark it. The rules are those of xl
 * (4.17): a key that it does not know is fine, a value of the wrong kind is passed over, and some mistakes refuse the file.
 */
import { HVM_ONLY_KEYS, kindOfKey, WORD_KEYS } from './config-keys.ts';
import {
  type ConfigTree,
  getSetting,
  keysOf,
  parseConfig,
  type SettingNode,
  settingsOf,
  type ValueNode,
} from './config-syntax.ts';
import { numberOf } from './config-values.ts';
import { problemsOfDisks } from './disk-problems.ts';
import { readGuestType } from './guest-type.ts';
import { problemsOfNetwork } from './network-problems.ts';
import { type ConfigProblem, ProblemList, type Range } from './problem-list.ts';

/** The nodes of a list's items that xl goes through: it stops at the first that is a list itself. */
export const itemNodes = (tree: ConfigTree, key: string): Exclude<ValueNode, { kind: 'list' }>[] => {
  const nodes: Exclude<ValueNode, { kind: 'list' }>[] = [];
  for (const { value } of settingsOf(tree, key)) {
    if (value.kind !== 'list') return [];
    for (const item of value.items) {
      if (item.kind === 'list') return nodes;
      nodes.push(item);
    }
  }
  return nodes;
};

const lastOf = (tree: ConfigTree, key: string): SettingNode | undefined => settingsOf(tree, key).at(-1);

const textOf = (tree: ConfigTree, key: string): string | undefined => {
  const value = getSetting(tree, key);
  return value === undefined || Array.isArray(value) ? undefined : String(value);
};

/** A number that xl sees; undefined where the key is absent or xl passes over it. */
const seenNumber = (tree: ConfigTree, key: string): number | undefined => {
  const last = lastOf(tree, key);
  if (!last || last.operator === '+=') return undefined;
  return numberOf(getSetting(tree, key)) ?? undefined;
};

const refusedByWrongList = new Set(['device_model_args', 'device_model_args_pv', 'device_model_args_hvm']);
const refusedByWrongNumber = new Set(['max_grant_frames', 'max_maptrack_frames']);

const checkKind = (list: ProblemList, tree: ConfigTree, key: string): void => {
  const kind = kindOfKey(key);
  // Many keys may be unknown, and each look at one goes through all settings.
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
    for (const setting of settingsOf(tree, key)) {
      const nested =
        setting.value.kind === 'list' && setting.value.items.find((item) => item.kind === 'list');
      if (nested)
        list.error(
          key,
          nested,
          `This entry of ${key} is a list where a text belongs; xl reads no further than to it.`,
        );
    }
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
    complain(`${key} is a number, and += can't be used with numbers: xl passes over it.`);
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
      if (number < 0 || number > numbers) list.refuse(key, last.value, `${key} is at most ${numbers}.`);
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

/** What a processor set looks like: `0-3,^1`, `nodes:0`, `all`. */
const isProcessorSet = (text: string): boolean =>
  text
    .split(',')
    .filter((part) => part !== '')
    .every((part) => {
      const [, one, other] = /^\^?(?:nodes?:)?([0-9]+)(?:-([0-9]+))?$/.exec(part) ?? [];
      if (one === undefined) return /^(?:nodes?:)?all$/.test(part);
      return other === undefined || Number(other) >= Number(one);
    });

const checkProcessors = (list: ProblemList, tree: ConfigTree): void => {
  // The name for "every processor" that may follow "maxvcpus": as many entries count as there are processors.
  const count = seenNumber(tree, 'maxvcpus') || (seenNumber(tree, 'vcpus') ?? 0);
  for (const key of ['cpus', 'cpus_soft']) {
    const whole = textOf(tree, key);
    const setting = lastOf(tree, key);
    const nodes = whole === undefined ? itemNodes(tree, key).slice(0, Math.max(0, count)) : [];
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
  problemsOfDisks(list, itemNodes(tree, 'disk'), type);
  problemsOfNetwork(list, itemNodes(tree, 'vif'));
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
