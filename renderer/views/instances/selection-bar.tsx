import type { InstanceRow } from '../../model/instance-rows.ts';
import { actionsOf } from '../../model/instance-words.ts';
import { ActionButton } from '../../parts/action-button.tsx';
import { Kbd } from '../../parts/kbd.tsx';

const onlyOne = 'A plan is made for one instance at a time: select one.';

/** What can be done with the selected rows. */
export const SelectionBar = ({ selected }: { selected: readonly InstanceRow[] }) => {
  const [row] = selected;
  return (
    <section className="vb-actions" aria-label="Selection">
      <strong className="vb-nowrap" aria-live="polite">
        {row ? `${selected.length} selected` : 'Nothing selected'}
      </strong>
      {row ? (
        actionsOf(row.instance, row.handle, row.activity).map((action) => (
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
