/** What can be done with the selected images. */
import { Button, Tooltip } from '@patternfly/react-core';
import type { ImageRow } from '../../../core/cluster/images.ts';
import type { ImageAction } from '../../model/image-actions.ts';
import { imageSums } from '../../model/image-rows.ts';
import { ActionButton } from '../../parts/action-button.tsx';
import { CopyButton } from '../../parts/copy-button.tsx';
import { shortBytes } from '../../parts/format.ts';
import { Kbd } from '../../parts/kbd.tsx';

const onlyOne = 'One image is looked into at a time: select one.';

export const SelectionBar = ({
  selected,
  actions,
  onLook,
}: {
  selected: readonly ImageRow[];
  actions: readonly ImageAction[];
  onLook: (row: ImageRow) => void;
}) => {
  const [row] = selected;
  const { virtual, allocated, guessed } = imageSums(selected);
  const look = (
    <Button
      variant="secondary"
      isAriaDisabled={selected.length > 1}
      onClick={() => row && selected.length === 1 && onLook(row)}
    >
      Look inside
      {selected.length > 1 && <span className="vb-hidden"> Not possible: {onlyOne}</span>}
    </Button>
  );
  return (
    <section className="vb-actions" aria-label="Selection">
      <strong className="vb-nowrap" aria-live="polite">
        {row ? `${selected.length} selected` : 'Nothing selected'}
      </strong>
      {row ? (
        <>
          <span className="vb-subtle vb-images-sums">
            {guessed ? '' : `${shortBytes(virtual)} virtual, `}
            {shortBytes(allocated)} on disk
          </span>
          {actions
            .filter((each) => !each.danger)
            .map((each) => (
              <ActionButton
                key={each.id}
                action={each}
                primary={each.id === 'adopt' && each.impossible === null}
              />
            ))}
          {selected.length > 1 ? <Tooltip content={onlyOne}>{look}</Tooltip> : look}
          <CopyButton
            text={selected.map((each) => each.path).join('\n')}
            what={selected.length === 1 ? 'Copy path' : 'Copy paths'}
          />
          {actions
            .filter((each) => each.danger)
            .map((each) => (
              <span key={each.id} className="vb-row">
                <span className="vb-separator" />
                <ActionButton action={each} />
              </span>
            ))}
        </>
      ) : (
        <span className="vb-subtle">Select an image, here or in the map, to act on it.</span>
      )}
      <span className="vb-actions-end vb-images-hint">
        <Kbd>A</Kbd> adopt <Kbd>Space</Kbd> select <Kbd>Enter</Kbd> open
      </span>
    </section>
  );
};
