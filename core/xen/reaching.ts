/** What a configuration hands to its guest, or runs as root on the node, beyond its images: nobody looks at it by chance. */
import { disksOfConfig, type ReadConfig } from './config-reader.ts';

/** Settings by which a guest gets hold of the node, or of files there: programs, devices, directories (xl.cfg(5)). */
const reaching =
  /^(device_model|stubdom|pci|usb|dtdev|irqs|ioports|iomem|p9|virtio|channel|firmware|bios|acpi_firmware|smbios_firmware)/;

/**
 * One sentence for each such setting, in the order of the text.
 * @param images paths that are the guest's own
 */
export const reachesBeyond = (read: ReadConfig, images: readonly string[]): string[] => [
  ...read.unknownKeys
    .filter((key) => reaching.test(key))
    .map((key) => `It sets ${key}, which reaches beyond the guest.`),
  ...disksOfConfig(read)
    .filter((each) => each.target !== '' && !images.includes(each.target))
    .map((each) => `It attaches ${each.target}, which is none of these images.`),
  ...disksOfConfig(read)
    .filter((each) => each.script !== undefined || each.backendDomain !== undefined)
    .map((each) => `It attaches ${each.target} by a script, or from another domain.`),
  ...read.nics
    .filter(({ nic }) => nic.script !== undefined || nic.others.length > 0)
    .map(({ text }) => `Its network card "${text}" has a script, or settings that VBDesk does not know.`),
];
