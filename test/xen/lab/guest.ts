import type { Lab, RunOptions } from './index.ts';
import { LabError } from './lab-error.ts';
import { waitUntil } from './process.ts';
import { GUEST_BRIDGE, GUEST_INITRD, GUEST_KERNEL } from './settings.ts';

export interface GuestConfiguration {
  name: string;
  uuid: string;
  /** Disk specifications, as xl reads them. */
  disks: readonly string[];
  /** MiB; default 96, the least that the tiny guest's kernel is content with. */
  memory?: number;
  /** Switches of the tiny guest without their prefix: `ignore_shutdown`, `reboot_slow=5`; image/guest/init lists them. */
  switches?: readonly string[];
  /** MAC addresses of network cards on the lab's bridge. */
  macs?: readonly string[];
}

/** The text of an xl configuration file that starts the lab's tiny guest. */
export function guestConfiguration(guest: GuestConfiguration): string {
  const switches = (guest.switches ?? []).map((name) => ` guest.${name}`).join('');
  const cards = (guest.macs ?? []).map((mac) => `'mac=${mac},bridge=${GUEST_BRIDGE}'`);
  return `name = '${guest.name}'
uuid = '${guest.uuid}'
type = 'pv'
kernel = '${GUEST_KERNEL}'
ramdisk = '${GUEST_INITRD}'
extra = 'console=hvc0 quiet loglevel=4 mitigations=off${switches}'
memory = ${guest.memory ?? 96}
vcpus = 1
disk = [${guest.disks.map((disk) => `'${disk}'`).join(', ')}]
vif = [${cards.join(', ')}]
on_poweroff = 'destroy'
on_reboot = 'restart'
on_crash = 'destroy'
`;
}

/** Runs a script that must succeed and returns what it printed; a LabError tells node, exit code and output otherwise. */
export async function succeed(lab: Lab, node: string, script: string, options?: RunOptions): Promise<string> {
  const result = await lab.run(node, script, options);
  if (result.code !== 0) {
    throw new LabError(`${node}: ${script}\nexit ${result.code}\n${result.stderr}${result.stdout}`);
  }
  return result.stdout;
}

/** Waits until a guest has said something that matches, and returns the match. */
export async function waitForConsole(
  lab: Lab,
  node: string,
  guest: string,
  pattern: RegExp,
  timeout = 180_000,
): Promise<RegExpMatchArray> {
  let text = '';
  let match: RegExpMatchArray | null = null;
  const said = async () => {
    text = await lab.consoleLog(node, guest);
    match = text.match(pattern);
    return match !== null;
  };
  if (!(await waitUntil(said, timeout, 300)) || match === null) {
    throw new LabError(
      `${guest} on ${node} has not said ${pattern} in ${timeout / 1000} s. It said:\n${text}`,
    );
  }
  return match;
}

/** Waits until xl knows no domain of that name on the node and no loop device is left there. */
export async function waitUntilGone(lab: Lab, node: string, guest: string, timeout = 120_000): Promise<void> {
  const gone = async () =>
    (await lab.run(node, `! xl domid '${guest}' 2>/dev/null && test -z "$(losetup -a)"`)).code === 0;
  if (!(await waitUntil(gone, timeout, 300))) {
    throw new LabError(`${guest} is still on ${node} after ${timeout / 1000} s.`);
  }
}
