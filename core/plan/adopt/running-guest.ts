/** A guest that runs, and of which no configuration was found: one is written from what the toolstack tells of its domain. */
import type { DomainFacts } from '../../cluster/snapshot.ts';
import { readInstanceConfig } from '../../xen/config-reader.ts';
import { isWritable, quoteText } from '../../xen/config-values.ts';
import { writeNetwork } from '../../xen/network-spec.ts';
import { targetsOf } from '../../xen/reaching.ts';
import type { RunningConfig } from '../../xen/running-config.ts';

/** Images that it has open, in the order of its disks; CD drives left out. */
export const imagesOfRunning = ({ disks }: Pick<RunningConfig, 'disks'>): string[] =>
  disks.flatMap(({ cdrom, path }) => (cdrom || path === '' ? [] : [path]));

/** What can't be known, or could not be written down; each a sentence. Empty: the text says all that matters. */
export const unknownOfRunning = (config: RunningConfig): string[] => [
  ...(config.type === undefined ? ['Its type (pv, pvh, hvm) is not told.'] : []),
  ...(config.type === 'hvm'
    ? [
        'It is an HVM guest: what firmware, screen and emulated devices it has can’t be told from outside with certainty.',
      ]
    : []),
  ...(config.memoryMib === undefined || config.vcpus === undefined
    ? ['How much memory and how many processors it has is not told.']
    : []),
  ...(config.type !== 'hvm' && config.kernel === undefined && config.bootloader === undefined
    ? ['Neither a kernel nor a boot loader is told, so how it boots can’t be known.']
    : []),
  ...(config.bootloader === undefined &&
  [config.kernel, config.ramdisk].some(
    (each) => each !== undefined && /^(\/var)?\/run\/|\/xen\/boot_/.test(each),
  )
    ? [
        `Its kernel ${config.kernel ?? ''} was taken out of its disk by a boot loader, and which one that was is not told.`,
      ]
    : []),
  ...config.nics.flatMap(({ mac, bridge }, index) =>
    mac === undefined || bridge === undefined
      ? [`On which bridge its network card ${index} is, or its address, is not told.`]
      : [],
  ),
  ...config.devices.map(
    (each) => `It has something that is no image file and no card on a bridge (${each}).`,
  ),
];

export type RunningText = { text: string; problems: string[] };

/** Text for xen.cfg, with what can't be known as problems. */
export const textOfRunning = (domain: DomainFacts, config: RunningConfig): RunningText => {
  const problems = unknownOfRunning(config);
  const lines = [
    `# Written by VBDesk from what "xl list -l" told of the running domain ${domain.name}: no configuration of it was found.`,
    '# Memory and processors are those that it had then. Unknown keys and comments that you add here are kept.',
  ];
  const say = (key: string, value: string | number | undefined) => {
    if (value === undefined || value === '') return;
    if (typeof value === 'number') lines.push(`${key} = ${value}`);
    else if (isWritable(value)) lines.push(`${key} = ${quoteText(value)}`);
    else problems.push(`Its ${key} has control characters, which no configuration can hold.`);
  };
  const list = (key: string, items: readonly string[]) => {
    if (items.every(isWritable))
      lines.push(`${key} = [`, ...items.map((each) => `    ${quoteText(each)},`), ']');
    else problems.push(`One of its ${key} entries has control characters, which no configuration can hold.`);
  };
  say('name', domain.name);
  say('uuid', domain.uuid?.toLowerCase());
  say('type', config.type);
  say('memory', config.memoryMib);
  if ((config.maxMemoryMib ?? 0) > (config.memoryMib ?? 0)) say('maxmem', config.maxMemoryMib);
  say('vcpus', config.vcpus);
  if ((config.maxVcpus ?? 0) > (config.vcpus ?? 0)) say('maxvcpus', config.maxVcpus);
  say('kernel', config.kernel);
  say('ramdisk', config.ramdisk);
  say('cmdline', config.cmdline);
  say('bootloader', config.bootloader);
  list(
    'disk',
    config.disks.map(({ path, vdev, format, backend, readwrite, cdrom }) =>
      [
        `format=${format ?? 'raw'}`,
        `vdev=${vdev}`,
        `access=${readwrite ? 'rw' : 'ro'}`,
        ...(backend === undefined ? [] : [`backendtype=${backend}`]),
        ...(cdrom ? ['devtype=cdrom'] : []),
        ...(path === '' ? [] : [`target=${path}`]),
      ].join(', '),
    ),
  );
  list(
    'vif',
    config.nics.flatMap((nic, index) => {
      const written = writeNetwork(nic);
      if (written.ok) return [written.text];
      problems.push(`Network card ${index}: ${written.message}`);
      return [];
    }),
  );
  say('cpu_weight', config.cpuWeight);
  say('cap', config.cap);
  say('on_poweroff', config.onPoweroff);
  say('on_reboot', config.onReboot);
  say('on_crash', config.onCrash);
  const text = `${lines.join('\n')}\n`;
  // read again, so that no name of a file can pose as anything else
  const again = readInstanceConfig(text);
  const targets = again.ok ? targetsOf(again.config) : [];
  if (
    problems.length === 0 &&
    (!again.ok || JSON.stringify(targets) !== JSON.stringify(imagesOfRunning(config)))
  )
    problems.push('What is told of its disks can’t be written down so that xl reads the same again.');
  return { text, problems };
};
