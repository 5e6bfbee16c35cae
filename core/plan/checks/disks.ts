/** Disks, network cards and guest settings of a new instance. */
import { deriveInstances } from '../../cluster/instances.ts';
import { checkDriver, type Dialect } from '../../storage/drivers.ts';
import { diskLetters, MAXIMUM_DISKS } from '../../storage/image-names.ts';
import { generateMacAddress, validateBridgeName, validateMacAddress } from '../../storage/names.ts';
import { formatBytes } from '../../storage/sizes.ts';
import { parseVdev, VDEV_RULE } from '../../xen/vdev.ts';
import type { CreateIntent } from '../intent.ts';
import type { Reason } from '../reason.ts';
import { blocks, passed, type Scene } from '../scene.ts';
import { type BaseChoice, chooseBase } from './base.ts';
import { importProblems } from './import.ts';
import { sizeProblem } from './size.ts';

/** The guest's device of the disk with this index, where none was given. */
export const vdevOf = (disk: CreateIntent['disks'][number], index: number): string =>
  disk.vdev ?? `xvd${diskLetters(index)}`;

/** The disks of an intent, a linked clone of which no size was said with that of its base. */
export const withBaseSizes = (scene: Scene, intent: CreateIntent): CreateIntent => ({
  ...intent,
  disks: intent.disks.map((disk) => {
    if (disk.base === undefined || disk.size !== 0) return disk;
    const { base } = chooseBase(scene, intent.primary, disk.base, disk.type, 'base');
    return { ...disk, size: base?.size ?? 0 };
  }),
});

/** The base of a disk that builds on one; null where it has none, or none that can be used. */
export const baseOf = (
  scene: Scene,
  intent: CreateIntent,
  disk: CreateIntent['disks'][number],
): BaseChoice | null =>
  disk.base === undefined ? null : chooseBase(scene, intent.primary, disk.base, disk.type, 'base').base;

/** What stands against its base and its allocation. */
const makingProblems = (scene: Scene, intent: CreateIntent, index: number): Reason[] => {
  const disk = intent.disks[index];
  if (!disk) return [];
  const reasons: Reason[] = [];
  if (disk.allocation === 'full' && disk.type !== 'raw')
    reasons.push(
      blocks(
        'allocation',
        `Disk ${index}`,
        'Only a raw image is allocated in full; qcow2 grows as it is written.',
        {
          field: `disks.${index}.allocation`,
        },
      ),
    );
  if (disk.import !== undefined) return [...reasons, ...importProblems(scene, intent, index)];
  if (disk.base === undefined) return reasons;
  const chosen = chooseBase(scene, intent.primary, disk.base, disk.type, `disks.${index}.base`);
  reasons.push(...chosen.reasons.filter((each) => each.severity === 'blocks' || each.severity === 'consent'));
  const size = chosen.base?.size ?? null;
  if (size !== null && disk.size > 0 && disk.size < size)
    reasons.push(
      blocks(
        'disk-size',
        `Size of disk ${index}`,
        `${disk.base} has ${formatBytes(size)}; a clone of it can't be smaller.`,
        { field: `disks.${index}.size` },
      ),
    );
  return reasons;
};

/** Devices of the guest: each one known, and none twice. */
export const vdevProblems = (intent: Pick<CreateIntent, 'disks'> & { guest: { type: string } }): Reason[] => {
  const reasons: Reason[] = [];
  const used = new Map<string, number>();
  const layouts = new Map<string, { whole: boolean; index: number }>();
  for (const [index, disk] of intent.disks.entries()) {
    const field = `disks.${index}.vdev`;
    const vdev = vdevOf(disk, index);
    const parsed = parseVdev(vdev);
    if (parsed === null) {
      reasons.push(
        blocks('vdev', 'Device', `${JSON.stringify(vdev.slice(0, 40))} is no virtual device. ${VDEV_RULE}`, {
          field,
        }),
      );
      continue;
    }
    const before = used.get(vdev);
    if (before !== undefined)
      reasons.push(blocks('vdev', 'Device', `Disks ${before} and ${index} are both ${vdev}.`, { field }));
    used.set(vdev, index);
    const device = `${parsed.bus}${parsed.disk}`;
    const layout = layouts.get(device);
    const whole = parsed.partition === null;
    if (layout && layout.whole !== whole)
      reasons.push(
        blocks(
          'vdev',
          'Device',
          `Disks ${layout.index} and ${index} are a whole disk and a partition of the same device (${vdev}): a guest sees either the one or the other.`,
          { field },
        ),
      );
    layouts.set(device, { whole, index });
    if (!whole && intent.guest.type === 'hvm')
      reasons.push(
        blocks('vdev', 'Device', `${vdev} is a partition; HVM guests take whole disks, such as xvda.`, {
          field,
        }),
      );
  }
  return reasons;
};

export const disksAreSound = (scene: Scene, intent: CreateIntent): Reason[] => {
  const facts = scene.lookup.byName.get(intent.primary)?.facts;
  const dialect: Dialect = facts?.toolstack ?? 'xl';
  const reasons: Reason[] = [];
  if (intent.disks.length === 0)
    reasons.push(blocks('disks', 'Disks', 'An instance has at least one disk.', { field: 'disks' }));
  if (intent.disks.length > MAXIMUM_DISKS)
    reasons.push(
      blocks(
        'disks',
        'Disks',
        `${intent.disks.length} disks are too many: at most ${MAXIMUM_DISKS} are allowed.`,
        {
          field: 'disks',
        },
      ),
    );
  for (const [index, disk] of intent.disks.entries()) {
    const size = sizeProblem(disk.size);
    // of a copy whose size is not known that is said already
    if (size !== null && !(disk.import !== undefined && disk.size === 0))
      reasons.push(
        blocks('disk-size', `Size of disk ${index}`, `${size} Allowed are sizes such as 512M or 5G.`, {
          field: `disks.${index}.size`,
        }),
      );
    reasons.push(...makingProblems(scene, intent, index));
    const driver = checkDriver(intent.driver, disk.type, dialect);
    if (!driver.ok) reasons.push(blocks('driver', 'Driver', driver.message, { field: 'driver' }));
    if (disk.type === 'qcow2' && facts && !facts.commands.includes('qemu-img'))
      reasons.push(
        blocks(
          'qemu-img',
          `Disk ${index}`,
          `${intent.primary} has no qemu-img, which makes qcow2 images: install qemu-utils there, or choose raw.`,
          { node: intent.primary, field: `disks.${index}.type` },
        ),
      );
  }
  reasons.push(...vdevProblems(intent));
  if (reasons.length > 0) return reasons;
  const bytes = intent.disks.reduce((sum, each) => sum + each.size, 0);
  return [
    passed(
      'disks',
      'Disks',
      `${intent.disks.length === 1 ? 'One disk' : `${intent.disks.length} disks`} of ${formatBytes(bytes)} in all, served by ${intent.driver}.`,
      { field: 'disks' },
    ),
  ];
};

/** Every MAC address that a record holds, and the instance's name. */
export const usedMacs = (scene: Scene): Map<string, string> =>
  new Map(
    deriveInstances(scene.snapshot).flatMap((view) =>
      view.record.nics.map((nic): [string, string] => [nic.mac, view.name]),
    ),
  );

/** A MAC address that nobody has; the same for the same label. */
const freshMac = (scene: Scene, label: string, taken: ReadonlySet<string>): string => {
  let mac = '';
  for (let attempt = 0; attempt < 64; attempt += 1) {
    const hex = scene.context.random(`mac ${label} ${attempt}`);
    const bytes = Uint8Array.from([0, 2, 4], (at) => Number.parseInt(hex.slice(at, at + 2), 16) || 0);
    mac = generateMacAddress(bytes);
    if (!taken.has(mac)) return mac;
  }
  return mac;
};

/** A fresh MAC address, which is taken from then on. */
export const takeMac = (scene: Scene, label: string, taken: Set<string>): string => {
  const mac = freshMac(scene, label, taken);
  taken.add(mac);
  return mac;
};

export type Cards = { nics: { mac: string; bridge: string }[]; reasons: Reason[] };

/** The network cards with their addresses, and what stands against them. */
export const makeCards = (scene: Scene, wanted: CreateIntent['nics']): Cards => {
  const used = usedMacs(scene);
  const taken = new Set(used.keys());
  const reasons: Reason[] = [];
  if (wanted.length > 8)
    reasons.push(
      blocks('nics', 'Network', `${wanted.length} network cards are too many: 8 are allowed.`, {
        field: 'nics',
      }),
    );
  const nics = wanted.map((nic, index) => {
    const bridge = validateBridgeName(nic.bridge);
    if (!bridge.ok)
      reasons.push(blocks('bridge-name', 'Network', bridge.message, { field: `nics.${index}.bridge` }));
    let mac = nic.mac;
    if (mac === null) mac = freshMac(scene, String(index), taken);
    else {
      const field = `nics.${index}.mac`;
      const checked = validateMacAddress(mac);
      if (checked.ok) mac = checked.value;
      else reasons.push(blocks('mac', 'Network', checked.message, { field }));
      const owner = used.get(mac);
      if (owner !== undefined || taken.has(mac))
        reasons.push(
          blocks(
            'mac',
            'Network',
            `${mac} is the address of ${owner ?? 'another card of this instance'} already.`,
            {
              field,
            },
          ),
        );
    }
    taken.add(mac);
    return { mac, bridge: nic.bridge };
  });
  return { nics, reasons };
};
