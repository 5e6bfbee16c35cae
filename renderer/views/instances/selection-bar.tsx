import { useDrafting } from '../../draft/drafting.tsx';
import { useActionsOf } from '../../draft/use-actions.ts';
import { isCopyAction } from '../../model/copy-words.ts';
import type { InstanceRow } from '../../model/instance-rows.ts';
import { ActionButton } from '../../parts/action-button.tsx';
import { Kbd } from '../../parts/kbd.tsx';

const onlyOne = 'A plan is made for one instance at a time: select one.';

/** What can be done with the selected rows. */
export const SelectionBar = ({ selected }: { selected: readonly InstanceRow[] }) => {
  const [row] = selected;
  const { on } = useDrafting();
  const actionsOf = useActionsOf();
  return (
    <section className="vb-actions" aria-label="Selection">
      <strong className="vb-nowrap" aria-live="polite">
        {row ? `${selected.length} selected` : 'Nothing selected'}
      </strong>
      {row && on && <span className="vb-subtle">Draft:</span>}
      {row ? (
        actionsOf(row.instance, row.handle, row.activity)
          .filter((each) => !isCopyAction(each))
          .map((action) => (
            <span key={action.id} className="vb-row">
              {action.danger && <span className="vb-separator" />}
              <ActionButton action={selected.length > 1 ? { ...action, impossible: onlyOne } : action} />
            </span>
          ))
      ) : (
        <span className="vb-subtle">Select a row to act on it.</span>
      )}
      <span className="vb-actions-end vb-keys-hint">
        <Kbd>↑</Kbd>
        <Kbd>↓</Kbd> move <Kbd>Space</Kbd> select <Kbd>Enter</Kbd> open
      </span>
    </section>
  );
};
