/** Mistakes in `vif = [ … ]`. xl passes over a part that it can't read, as if it were not there; few refuse the file. */
import type { ProblemList, Range } from './problem-list.ts';

const TEXT_PARTS =
  /^(?:bridge|netdev|gatewaydev|ip|script|backend|vifname|model|accel|forwarddev|colo_[a-z0-9_]+)=/;
const RATE = /^([0-9]+)([GMK]?)[Bb]\/s$/;
const INTERVAL = /^([0-9]+)([mu]?)s?$/;
const MOST = 0xff_ff_ff_ff;

/** xl reads `0…` as octal and then stumbles over an 8. */
const count = (digits: string): number =>
  digits.startsWith('0') ? Number.parseInt(/^[0-7]+/.exec(digits)?.[0] ?? '0', 8) : Number(digits);

/** True where xl refuses a rate. */
const isWrongRate = (text: string): boolean => {
  const at = text.indexOf('@');
  const rate = RATE.exec(at < 0 ? text : text.slice(0, at));
  const bytes = count(rate?.[1] ?? '0');
  if (!rate || bytes === 0 || bytes > MOST) return true;
  if (at < 0) return false;
  const interval = INTERVAL.exec(text.slice(at + 1));
  const many = count(interval?.[1] ?? '0');
  if (!interval || many === 0 || many > MOST) return true;
  const unit = interval[2] === 'm' ? 1000 : interval[2] === 'u' ? 1 : 1_000_000;
  return many * unit > MOST;
};

/** As xl has it: six numbers of C's strtoul, whatever one character stands between them, and whatever stands behind. */
const macOf = (text: string): string | null => {
  const bytes: number[] = [];
  let rest = text;
  while (bytes.length < 6) {
    const [whole, digits = ''] = /^\s*\+?(?:0[xX](?=[0-9a-fA-F]))?([0-9a-fA-F]+)/.exec(rest) ?? [];
    if (whole === undefined || Number.parseInt(digits, 16) > 0xff) return null;
    bytes.push(Number.parseInt(digits, 16));
    if (bytes.length < 6 && whole.length >= rest.length) return null;
    rest = rest.slice(whole.length + 1);
  }
  return bytes.map((each) => each.toString(16).padStart(2, '0')).join(':');
};

/** Reports what is wrong with the entries of `vif`. */
export const problemsOfNetwork = (list: ProblemList, items: readonly (Range & { text: string })[]): void => {
  const seen = new Map<string, number>();
  for (const [index, item] of items.entries()) {
    for (const token of item.text.split(',')) {
      // xl takes spaces off the front and nothing off the end.
      const part = token.replace(/^ +/, '');
      if (part === '') continue;
      const value = part.slice(part.indexOf('=') + 1);
      const told = JSON.stringify(part);
      if (/\s$/.test(part))
        list.warn('vif', item, `A space stands behind ${told}; xl takes it for a part of the value.`);
      if (part.startsWith('mac=')) {
        const mac = macOf(value);
        if (mac === null) {
          list.error(
            'vif',
            item,
            `${JSON.stringify(value)} is no MAC address, such as 00:16:3e:12:34:56; xl may take a part of it, so two cards can end up with one address.`,
          );
          continue;
        }
        const before = seen.get(mac);
        if (before !== undefined)
          list.error('vif', item, `Cards ${before} and ${index} both have the MAC address ${mac}.`);
        seen.set(mac, index);
        if ((Number.parseInt(mac.slice(0, 2), 16) & 1) === 1)
          list.error('vif', item, `${mac} is an address for groups (multicast), which no card can have.`);
      } else if (part.startsWith('type=')) {
        if (value !== 'vif' && value !== 'ioemu')
          list.error(
            'vif',
            item,
            `The type of a card is vif or ioemu, not ${JSON.stringify(value)}; xl passes over it.`,
          );
      } else if (part.startsWith('rate=')) {
        if (isWrongRate(value))
          list.refuse(
            'vif',
            item,
            `${JSON.stringify(value)} is no rate, such as 10Mb/s or 1MB/s@20ms; xl refuses it.`,
          );
      } else if (part.startsWith('devid=') || part.startsWith('mtu=')) {
        if (!/^[ \t]*[-+]?[0-9]/.test(value))
          list.refuse('vif', item, `${told} wants a number; xl refuses it.`);
      } else if (!TEXT_PARTS.test(part))
        list.warn('vif', item, `xl knows no part ${told} of a network card and passes over it.`);
    }
  }
};
