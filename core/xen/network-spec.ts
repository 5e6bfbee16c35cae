import { shown } from '../storage/checked.ts';
import { validateBridgeName, validateMacAddress } from '../storage/names.ts';

/** One entry of `vif = [ … ]`. Every part is optional: an empty entry is a card on the default bridge with a random MAC. */
export type NetworkSpec = {
  mac?: string;
  bridge?: string;
  ip?: string;
  script?: string;
  /** Emulated card of an HVM guest, such as `e1000`. */
  model?: string;
  /** `vif`: paravirtual only; `ioemu`: emulated as well. */
  type?: string;
  /** Name of the interface on the node. */
  vifname?: string;
  /** At most so much, such as `10Mb/s` or `1MB/s@20ms`. */
  rate?: string;
  /** Everything else, as written, such as `devid=3`. */
  others: string[];
};

/** What {@link writeNetwork} takes: a card as a record has it. */
export type NetworkFacts = { [K in keyof NetworkSpec]?: NetworkSpec[K] | undefined };

export type WrittenNetwork = { ok: true; text: string } | { ok: false; message: string };

const KEYS = ['mac', 'bridge', 'ip', 'script', 'model', 'type', 'vifname', 'rate'] as const;
type Key = (typeof KEYS)[number];

function keyOf(text: string): Key | undefined {
  return KEYS.find((key) => key === text);
}

/** Reads one network entry. Never throws; what it does not know is kept in `others`. A key that comes twice counts last. */
export function readNetwork(text: string): NetworkSpec {
  const spec: NetworkSpec = { others: [] };
  for (const part of text.split(',')) {
    const token = part.trim();
    if (token === '') continue;
    const equals = token.indexOf('=');
    const key = keyOf(token.slice(0, Math.max(0, equals)));
    if (key) spec[key] = token.slice(equals + 1);
    else spec.others.push(token);
  }
  return spec;
}

/** Writes one network entry; it is checked so that no part can pose as another. */
export function writeNetwork(spec: NetworkFacts): WrittenNetwork {
  if (spec.mac !== undefined) {
    const mac = validateMacAddress(spec.mac);
    if (!mac.ok) return mac;
  }
  if (spec.bridge !== undefined) {
    const bridge = validateBridgeName(spec.bridge);
    if (!bridge.ok) return bridge;
  }
  const parts: string[] = [];
  for (const key of KEYS) {
    const value = spec[key];
    if (value !== undefined) parts.push(`${key}=${value}`);
  }
  parts.push(...(spec.others ?? []));
  const bad = parts.find((part) => !/^[A-Za-z0-9@%+.:/_= -]+$/.test(part) || part !== part.trim());
  if (bad !== undefined) {
    return {
      ok: false,
      message: `${shown(bad)} can't stand in a network line. Allowed are letters, digits and @ % + . : / _ = - and spaces within.`,
    };
  }
  return { ok: true, text: parts.join(', ') };
}
