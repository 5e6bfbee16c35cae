/** The keys of an xl configuration that VBDesk checks: what xl wants them to be. Unknown keys are fine, to xl and to us. */

/**
 * `text`: anything but a list. `number`: a whole number, in quotes or not. `flag`: a number, 0 or not. `list`: a list of texts.
 * `either`: a text or a list.
 */
export type KeyKind = 'text' | 'number' | 'flag' | 'list' | 'either';

const words = (text: string): string[] => text.split(/\s+/).filter((word) => word !== '');

const KINDS: Record<KeyKind, string[]> = {
  text: words(`
    name uuid type builder kernel ramdisk root extra cmdline bootloader boot pool firmware firmware_override bios
    bios_path_override vnclisten vncpasswd keymap vga hdtype soundhw spicehost spicepasswd spice_image_compression
    spice_streaming_video display xauthority on_poweroff on_reboot on_crash on_watchdog on_soft_reset seclabel init_seclabel
    device_tree passthrough rdm smbios_firmware acpi_firmware ms_vm_genid vendor_device vuart device_model_override
    device_model_version device_model_user device_model_stubdomain_seclabel stubdomain_kernel stubdomain_ramdisk pvshim_path
    pvshim_cmdline pvshim_extra tsc_mode timer_mode altp2m gfx_passthru`),
  number: words(`
    memory maxmem vcpus maxvcpus cpu_weight cap period slice latency extratime shadow_memory rtc_timeoffset videoram
    max_event_channels pci_msitranslate pci_power_mgmt pci_permissive pci_seize vncdisplay stdvga spiceport spicetls_port
    spiceusbredirection usbversion mmio_hole rdm_mem_boundary stubdomain_memory max_grant_frames max_maptrack_frames`),
  flag: words(`
    hap oos localtime acpi apic pae acpi_s3 acpi_s4 acpi_laptop_slate nx hpet vpt_align nestedhvm nomigrate driver_domain
    e820_host vnc vncunused sdl opengl spice spicedisable_ticketing spiceagent_mouse spicevdagent spice_clipboard_sharing
    nographic usb xen_platform_pci vkb_device dm_restrict device_model_stubdomain_override pvshim msr_relaxed`),
  list: words(
    'disk vif vfb pci dtdev p9 vtpm vdispl pvcalls vsnd channel usbctrl usbdev vkb ioports irqs iomem device_model_args device_model_args_pv device_model_args_hvm',
  ),
  either: words('serial usbdevice bootloader_args cpus cpus_soft viridian cpuid'),
};

const KIND_OF = new Map<string, KeyKind>([
  ...KINDS.text.map((key) => [key, 'text'] as const),
  ...KINDS.number.map((key) => [key, 'number'] as const),
  ...KINDS.flag.map((key) => [key, 'flag'] as const),
  ...KINDS.list.map((key) => [key, 'list'] as const),
  ...KINDS.either.map((key) => [key, 'either'] as const),
]);

/** What xl wants a key to be, or undefined for a key that it does not know or that we do not check. */
export const kindOfKey = (key: string): KeyKind | undefined => KIND_OF.get(key);

/** Keys that hold a password, which goes into no sentence and into no file that is passed on. */
export const SECRET_KEYS: ReadonlySet<string> = new Set(['vncpasswd', 'spicepasswd']);

/** A key whose value is one of a few words; with any other word xl refuses the file. */
export type WordKey = {
  key: string;
  words: readonly string[];
  /** Capital letters count as small ones. */
  fold: boolean;
  /** A number from 0 to this is as good, or any number. */
  numbers?: number | 'any';
  /** xl looks at it for HVM guests only. */
  hvmOnly: boolean;
};

const END_ACTIONS = words(
  'destroy restart rename-restart preserve coredump-destroy coredump-restart soft-reset',
);

const exact = (key: string, list: string, hvmOnly = false): WordKey => ({
  key,
  words: words(list),
  fold: false,
  hvmOnly,
});
const folded = (key: string, list: string, hvmOnly = false, numbers?: number | 'any'): WordKey => ({
  key,
  words: words(list),
  fold: true,
  hvmOnly,
  ...(numbers !== undefined && { numbers }),
});

/** See {@link WordKey}. */
export const WORD_KEYS: readonly WordKey[] = [
  ...['on_poweroff', 'on_reboot', 'on_crash', 'on_watchdog', 'on_soft_reset'].map((key) =>
    exact(key, END_ACTIONS.join(' ')),
  ),
  exact('vga', 'stdvga cirrus none qxl', true),
  exact('device_model_version', 'qemu-xen-traditional qemu-xen'),
  exact('ms_vm_genid', 'generate none', true),
  folded('bios', 'rombios seabios ovmf', true),
  folded('hdtype', 'ide ahci', true),
  folded('vendor_device', 'none xenserver', true),
  folded('passthrough', 'unknown default disabled enabled sync_pt share_pt'),
  folded('vuart', 'unknown sbsa_uart'),
  folded('tsc_mode', 'default always_emulate native native_paravirt', false, 3),
  folded(
    'timer_mode',
    'unknown delay_for_missed_ticks no_delay_for_missed_ticks no_missed_ticks_pending one_missed_tick_pending',
    false,
    3,
  ),
  folded('altp2m', 'disabled mixed external limited', false, 3),
  folded('gfx_passthru', 'default igd', true, 'any'),
];

/** Keys that a guest without emulated hardware (pv, pvh) has no use for. */
export const HVM_ONLY_KEYS: readonly string[] = words(
  'boot serial bios vga stdvga usb usbdevice spice soundhw',
);

/**
 * How what a key says reaches a domain that runs. `restart`: only a new start (shut down, then start; a reboot from inside
 * keeps the old settings). `hotplug`: devices can be attached and detached. `live`: a command of xl changes it.
 */
export type KeyEffect = 'restart' | 'hotplug' | 'live';

const LIVE: Record<string, string> = {
  memory: 'xl mem-set',
  vcpus: 'xl vcpu-set',
  cpus: 'xl vcpu-pin',
  cpus_soft: 'xl vcpu-pin',
  cpu_weight: 'xl sched-credit2',
  cap: 'xl sched-credit2',
  pool: 'xl cpupool-migrate',
  name: 'xl rename',
};
const HOTPLUG: Record<string, string> = {
  disk: 'xl block-attach',
  vif: 'xl network-attach',
  pci: 'xl pci-attach',
  usbctrl: 'xl usbctrl-attach',
  usbdev: 'xl usbdev-attach',
};

/** How a key takes effect on a running domain, and by which command where there is one. */
export const effectOfKey = (key: string): { effect: KeyEffect; command: string | null } => {
  const live = Object.hasOwn(LIVE, key) ? LIVE[key] : undefined;
  if (live !== undefined) return { effect: 'live', command: live };
  const hotplug = Object.hasOwn(HOTPLUG, key) ? HOTPLUG[key] : undefined;
  return hotplug === undefined
    ? { effect: 'restart', command: null }
    : { effect: 'hotplug', command: hotplug };
};
