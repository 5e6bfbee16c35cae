/** The calls about drafts. */
import type { CallName } from '../../core/contract.ts';
import { DeskError, type Handlers } from './dispatch.ts';

type DraftCall =
  | Exclude<Extract<CallName, `draft.${string}`>, 'draft.apply' | 'draft.applyCancel'>
  | 'plan.script';

const notBuilt = async (): Promise<never> => {
  throw new DeskError('not-built', 'This version of VBDesk can not do that yet.');
};

/** @returns what the desk answers to each call about drafts */
export const draftHandlers = (): Pick<Handlers, DraftCall> => ({
  'draft.list': notBuilt,
  'draft.read': notBuilt,
  'draft.create': notBuilt,
  'draft.write': notBuilt,
  'draft.edit': notBuilt,
  'draft.close': notBuilt,
  'draft.snapshot': notBuilt,
  'draft.plan': notBuilt,
  'draft.script': notBuilt,
  'plan.script': notBuilt,
});
