import { accepted, type Checked, refused, shown } from './checked.ts';

/** Names of instances, nodes, clusters, bridges and MAC addresses: what is allowed, and the sentence that says so. */

const LABEL = /^[A-Za-z0-9](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9])?$/;
const MAXIMUM_INSTANCE_NAME = 200;
const MAXIMUM_HOST_NAME = 253;

/** Ends of names that xl gives a domain while it moves, which would be taken for leftovers of a migration. */
const MIGRATION_SUFFIXES = ['--incoming', '--migratedaway'];

/** Names that Xen uses itself, as a domain or as a file in /etc/xen beside those of the domains. */
const RESERVED_NAMES = new Set([
  'domain-0',
  'xenstore',
  '(null)',
  'auto',
  'scripts',
  'cpupool',
  'xl.conf',
  'oxenstored.conf',
  'xend-config.sxp',
  'localhost',
]);

const INSTANCE_RULE =
  'An instance is named like a host: parts of 1 to 63 letters, digits, "-" and "_", joined by dots, each part beginning and ' +
  `ending with a letter or digit, at most ${MAXIMUM_INSTANCE_NAME} characters in all, not only digits, such as web1.example.org.`;

function hostRule(what: string): string {
  return (
    `A ${what} is named like a host: parts of 1 to 63 letters, digits, "-" and "_", joined by dots, each part beginning and ` +
    `ending with a letter or digit, at most ${MAXIMUM_HOST_NAME} characters in all.`
  );
}

function problemOfHostName(name: string, maximum: number): string | undefined {
  if (name === '') return 'The name is empty.';
  if (name.length > maximum) return `The name ${shown(name)} is too long.`;
  for (const label of name.split('.')) {
    if (label === '') return `The name ${shown(name)} has an empty part.`;
    if (!LABEL.test(label)) return `The name ${shown(name)} is not allowed.`;
  }
  return undefined;
}

/** Checks the name of an instance, which is also its domain's name and its folder's. */
export function validateInstanceName(name: string): Checked {
  const problem = problemOfHostName(name, MAXIMUM_INSTANCE_NAME);
  if (problem) return refused(`${problem} ${INSTANCE_RULE}`);
  // xl takes a number for a domain id: `xl destroy 3` would hit another domain.
  if (/^[0-9]+$/.test(name))
    return refused(`xl takes the name ${name} for a domain number. ${INSTANCE_RULE}`);
  if (RESERVED_NAMES.has(name.toLowerCase()))
    return refused(`Xen uses the name ${name} itself. ${INSTANCE_RULE}`);
  const suffix = MIGRATION_SUFFIXES.find((ending) => name.toLowerCase().endsWith(ending));
  if (suffix)
    return refused(`Xen marks migrating domains with names that end in ${suffix}. ${INSTANCE_RULE}`);
  return accepted(name);
}

/** Checks the name of a node, as the administrator calls it. */
export function validateNodeName(name: string): Checked {
  const problem = problemOfHostName(name, MAXIMUM_HOST_NAME);
  return problem ? refused(`${problem} ${hostRule('node')}`) : accepted(name);
}

/** Checks the name of a cluster. */
export function validateClusterName(name: string): Checked {
  const problem = problemOfHostName(name, MAXIMUM_HOST_NAME);
  return problem ? refused(`${problem} ${hostRule('cluster')}`) : accepted(name);
}

/** Checks the name of a network bridge, as Linux names interfaces. */
export function validateBridgeName(name: string): Checked {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,14}$/.test(name)) return accepted(name);
  return refused(
    `The name ${shown(name)} is not a bridge's. A bridge is named with 1 to 15 letters, digits, ".", "_" and "-", ` +
      'beginning with a letter or digit, such as xenbr0.',
  );
}

/** The prefix of MAC addresses that is registered for Xen guests. */
export const XEN_MAC_PREFIX = '00:16:3e';

/** Checks a MAC address and writes it in lower case. */
export function validateMacAddress(text: string): Checked {
  const rule = `A MAC address is six pairs of hex digits joined by colons, such as ${XEN_MAC_PREFIX}:12:34:56, and not of a group.`;
  const mac = text.toLowerCase();
  if (!/^(?:[0-9a-f]{2}:){5}[0-9a-f]{2}$/.test(mac))
    return refused(`${shown(text)} is not a MAC address. ${rule}`);
  if (Number.parseInt(mac.slice(0, 2), 16) % 2 === 1) {
    return refused(`${mac} is the address of a group (the first pair is odd). ${rule}`);
  }
  if (mac === '00:00:00:00:00:00') return refused(`${mac} is no address. ${rule}`);
  return accepted(mac);
}

/**
 * Makes a MAC address for a Xen guest.
 * @param random at least three random bytes
 * @throws RangeError when there are fewer
 */
export function generateMacAddress(random: Uint8Array): string {
  const [first, second, third] = random;
  if (first === undefined || second === undefined || third === undefined) {
    throw new RangeError('A MAC address needs three random bytes.');
  }
  // The upper half of the range is left to others, as Xen's own tools do.
  const tail = [first & 0x7f, second, third].map((byte) => byte.toString(16).padStart(2, '0'));
  return [XEN_MAC_PREFIX, ...tail].join(':');
}
