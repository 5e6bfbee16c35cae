/** What can be done with an instance now, or drafted while nothing can be done. */
import { useMemo } from 'react';
import { type ActionsOf, draftedActions, everyAction } from '../model/draft-actions.ts';
import { useDrafting } from './drafting.tsx';

export const useActionsOf = (): ActionsOf => {
  const { on, upon } = useDrafting();
  return useMemo(() => (on && upon ? draftedActions(upon) : everyAction), [on, upon]);
};
