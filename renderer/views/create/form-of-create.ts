/** The form of an instance that is to be made, as somebody filled it in before. Pure. */
import type { CreateIntent } from '../../../core/plan/intent.ts';
import { MEBIBYTE } from '../../../core/storage/sizes.ts';
import { type CreateForm, intentOf, newDisk } from './create-form.ts';

/** So that it reads back as the same number: in the largest unit that divides it. */
const sizeText = (bytes: number): string => {
  for (const [unit, factor] of [
    ['T', MEBIBYTE * 1024 ** 2],
    ['G', MEBIBYTE * 1024],
    ['M', MEBIBYTE],
  ] as const)
    if (bytes > 0 && bytes % factor === 0) return `${bytes / factor}${unit}`;
  return `${bytes}B`;
};

export const formOfCreate = (intent: CreateIntent): CreateForm => {
  const { guest } = intent;
  return {
    name: intent.name,
    primary: intent.primary,
    secondary: intent.secondary ?? '',
    storageDirectory: intent.storageDirectory,
    memory: `${guest.memoryMib}M`,
    vcpus: String(guest.vcpus),
    type: guest.type,
    boot: guest.kernel ? 'kernel' : guest.bootloader ? 'bootloader' : 'firmware',
    kernel: guest.kernel ?? '',
    ramdisk: guest.ramdisk ?? '',
    root: guest.root ?? '',
    extra: guest.extra ?? '',
    bootloader: guest.bootloader ?? 'pygrub',
    bootOrder: guest.boot ?? 'c',
    driver: intent.driver,
    reuse: intent.reuse,
    os: intent.os,
    osParameters: intent.osParameters ?? {},
    osImport: intent.osImport !== undefined,
    disks: intent.disks.map((disk, index) => ({
      ...newDisk(index + 1, disk.size > 0 ? sizeText(disk.size) : ''),
      type: disk.type,
      mode: disk.mode,
      vdev: disk.vdev ?? '',
      allocation: disk.allocation ?? 'sparse',
      base: disk.base ?? '',
      image: disk.import ?? null,
      osFile: intent.osImport?.find((each) => each.disk === index)?.file ?? '',
    })),
    nics: intent.nics.map((nic, index) => ({ key: index + 1, bridge: nic.bridge, mac: nic.mac ?? '' })),
    start: intent.start,
  };
};

const inOrder = (value: unknown): string =>
  JSON.stringify(value, (_key, each: unknown) =>
    typeof each === 'object' && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : each,
  );

/** The form says all that the intent does: nothing is lost by editing it there. */
export const fitsForm = (intent: CreateIntent): boolean =>
  inOrder(intentOf(formOfCreate(intent)).intent) === inOrder(intent);
