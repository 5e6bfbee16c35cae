/** The button that puts a reviewed plan into a draft, and which draft that is. */
import { Button, FormSelect, FormSelectOption } from '@patternfly/react-core';
import { type DraftSave, newDraft } from './use-draft-save.ts';

export const DraftButton = ({
  save,
  primary,
  waiting,
}: {
  save: DraftSave;
  /** nothing is run from here */
  primary: boolean;
  /** why it can't be yet; null when it can */
  waiting: string | null;
}) => (
  <>
    <Button
      variant={primary ? 'primary' : 'secondary'}
      isAriaDisabled={waiting !== null || save.busy}
      onClick={() => waiting === null && save.save()}
    >
      {save.editing === null ? 'Add to draft' : 'Save in the draft'}
      {waiting !== null && <span className="vb-hidden"> Not possible yet: {waiting}</span>}
    </Button>
    {save.editing === null && save.drafts.length > 0 && (
      <FormSelect
        className="vb-draft-choice"
        aria-label="Which draft"
        value={save.target}
        onChange={(_, target) => save.choose(target)}
      >
        {save.drafts.map((each) => (
          <FormSelectOption key={each.path} value={each.path} label={each.name} />
        ))}
        <FormSelectOption value={newDraft} label="a new draft" />
      </FormSelect>
    )}
  </>
);
