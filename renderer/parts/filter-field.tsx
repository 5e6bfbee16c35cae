import FilterIcon from '@patternfly/react-icons/dist/esm/icons/filter-icon';
import type { Ref } from 'react';
import './filter-field.css';
import { Kbd } from './kbd.tsx';

/** The field above a table that filters its rows; Escape empties it, and leaves it when it is empty. The view's `/` focuses `ref`. */
export const FilterField = ({
  label,
  text,
  onText,
  ref,
}: {
  /** what is searched, such as "file, owner, type" */
  label: string;
  text: string;
  onText: (text: string) => void;
  ref: Ref<HTMLInputElement>;
}) => (
  <span className="vb-filter">
    <FilterIcon />
    <input
      ref={ref}
      type="search"
      aria-label={`Filter: ${label}`}
      placeholder={`Filter: ${label}`}
      value={text}
      onChange={(event) => onText(event.target.value)}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        if (text === '') event.currentTarget.blur();
        onText('');
      }}
    />
    <Kbd>/</Kbd>
  </span>
);
