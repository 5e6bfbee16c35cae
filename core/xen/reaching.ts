/** What a configuration hands to its guest, or runs as root on the node, beyond its images: nobody looks at it by chance. */
import { SECRET_KEYS } from './config-keys.ts';
import { disksOfConfig, type ReadConfig } from './config-reader.ts';
import { getSetting } from './config-syntax.ts';
import { plainPath } from './disk-spec.ts';
import { hidesSecrets } from './secrets.ts';

/** Settings that only say how the guest's own processors, memory, clock and screen are (xl.cfg(5)). Every other one may reach further. */
const harmless: ReadonlySet<string> = new Set([
  ...['maxvcpus', 'cpus', 'cpus_soft', 'cpu_weight', 'cap', 'vnuma', 'pool', 'cpuid', 'nomigrate'],
  ...['localtime', 'rtc_timeoffset', 'tsc_mode', 'timer_mode', 'hpet', 'vpt_align'],
  ...['hap', 'acpi', 'acpi_s3', 'acpi_s4', 'acpi_laptop_slate', 'apic', 'pae', 'nx', 'viridian', 'oos'],
  ...['nestedhvm', 'altp2m', 'xen_platform_pci', 'shadow_memory', 'claim_mode', 'e820_host', 'features'],
  ...SECRET_KEYS,
  ...['vncunused', 'sdl', 'opengl', 'keymap', 'nographic', 'videoram', 'vga', 'stdvga'],
  ...['on_shutdown', 'on_watchdog', 'on_soft_reset', 'event_channels', 'max_grant_frames'],
  ...['max_maptrack_frames', 'max_grant_version', 'mmio_hole', 'ms_vm_genid', 'suspend_cancel'],
]);

/** A thing that reaches beyond the guest: a sentence, and what it says in full, by which two of them are told apart. */
export type Reach = { text: string; says: string };

const short = (text: string): string => (text.length > 120 ? `${text.slice(0, 120)}…` : text);

/** Where kernels, ramdisks and boot loaders of guests lie on a node; anything else on it is nobody's to boot from unseen. */
const bootPlaces = /^\/(boot|usr|lib|var\/lib\/xen|var\/run\/xen|run\/xen)\//;

type Boot = { kernel?: string | undefined; ramdisk?: string | undefined; bootloader?: string | undefined };

/** Files outside those places that would be handed to the guest, or run as root to find its kernel. */
export const bootsBeyond = (guest: Boot): Reach[] =>
  (['kernel', 'ramdisk', 'bootloader'] as const).flatMap((key) => {
    const path = guest[key];
    // a name without a slash is one of Xen's own programs
    if (path === undefined || !path.includes('/') || bootPlaces.test(plainPath(path))) return [];
    return [
      {
        text:
          key === 'bootloader'
            ? `Its boot loader is ${short(path)}, a program that the node runs as root.`
            : `Its ${key} is ${short(path)}, a file of the node that the guest is given.`,
        says: `${key} ${path}`,
      },
    ];
  });

const reachesOf = (
  read: ReadConfig,
  images: readonly string[],
  hidden: (text: string) => string,
): Reach[] => [
  ...read.unknownKeys
    .filter((key) => !harmless.has(key))
    .map((key) => {
      const says = `${key} = ${JSON.stringify(getSetting(read.tree, key))}`;
      // before it is cut short, which could leave a part of one
      return { text: `It sets ${short(hidden(says))}, which reaches beyond the guest.`, says };
    }),
  ...bootsBeyond(read),
  ...read.disks.flatMap(({ text, reading }): Reach[] => {
    if (!reading.ok) return [];
    const { target, script, backendDomain, options } = reading.disk;
    return [
      ...(target !== '' && !images.includes(target)
        ? [{ text: `It attaches ${target}, which is none of these images.`, says: text }]
        : []),
      ...(script !== undefined || backendDomain !== undefined
        ? [{ text: `It attaches ${target} by a script, or from another domain.`, says: text }]
        : []),
      ...(options.some((each) => /^(active-disk|hidden-disk|colo)/.test(each))
        ? [{ text: `It attaches ${target} with further disks of the node.`, says: text }]
        : []),
    ];
  }),
  ...read.nics
    .filter(({ nic }) => nic.script !== undefined || nic.others.length > 0)
    .map(({ text }) => ({
      text: `Its network card "${text}" has a script, or settings that VBDesk does not know.`,
      says: text,
    })),
];

/**
 * One for each such setting, in the order of the text.
 * @param images paths that are the guest's own
 */
export const reachesBeyond = (read: ReadConfig, images: readonly string[]): Reach[] => {
  const hidden = hidesSecrets(read.tree);
  return reachesOf(read, images, hidden).map(({ text, says }) => ({ text: hidden(text), says }));
};

/** The images among the disks that a text attaches, CD drives left out. */
export const targetsOf = (read: ReadConfig): string[] =>
  disksOfConfig(read).flatMap((each) => (each.cdrom || each.target === '' ? [] : [each.target]));
