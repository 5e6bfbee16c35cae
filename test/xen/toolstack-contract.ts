import { disobedientGuest } from './contract/disobedient-guest.ts';
import { whatCanNotBeCreated } from './contract/not-created.ts';
import { obedientGuest } from './contract/obedient-guest.ts';
import { unluckyGuests } from './contract/unlucky-guests.ts';
import { withoutGuest } from './contract/without-guest.ts';
import { type Toolstack, workbench } from './contract/workbench.ts';

export type { ScriptResult, Toolstack } from './contract/workbench.ts';

/**
 * Defines the contract between VBDesk and a toolstack as tests: what every command that VBDesk uses prints, and its exit
 * codes. Each guest serves several cases, in order, for starts are slow on real Xen.
 */
export function toolstackContract(open: () => Promise<Toolstack>): void {
  const bench = workbench(open);
  withoutGuest(bench);
  whatCanNotBeCreated(bench);
  obedientGuest(bench);
  disobedientGuest(bench);
  unluckyGuests(bench);
}
