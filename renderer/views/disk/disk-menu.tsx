/** What can be done to one disk, as a menu in its row. */
import { Dropdown, DropdownItem, DropdownList, MenuToggle } from '@patternfly/react-core';
import { useState } from 'react';
import { useNavigator } from '../../navigation/navigator.tsx';
import type { DiskTask } from '../../navigation/route.ts';

const tasks: { task: DiskTask; label: string }[] = [
  { task: 'grow', label: 'Grow…' },
  { task: 'convert', label: 'Convert…' },
  { task: 'snapshots', label: 'Snapshots…' },
  { task: 'export', label: 'Export by its OS…' },
  { task: 'remove', label: 'Remove disk…' },
];

export const DiskMenu = ({
  handle,
  index,
  name,
  exports,
}: {
  handle: string;
  index: number;
  name: string;
  /** an OS definition made it, whose script may export it */
  exports: boolean;
}) => {
  const { go } = useNavigator();
  const [isOpen, setOpen] = useState(false);
  return (
    <Dropdown
      isOpen={isOpen}
      onOpenChange={setOpen}
      onSelect={() => setOpen(false)}
      popperProps={{ position: 'right' }}
      toggle={(ref) => (
        <MenuToggle
          ref={ref}
          variant="plainText"
          isExpanded={isOpen}
          onClick={() => setOpen(!isOpen)}
          aria-label={`Actions of ${name}`}
        >
          Actions
        </MenuToggle>
      )}
    >
      <DropdownList>
        {tasks
          .filter(({ task }) => task !== 'export' || exports)
          .map(({ task, label }) => (
            <DropdownItem
              key={task}
              onClick={() => go({ view: 'disk', instance: handle, task, item: String(index) })}
            >
              {label}
            </DropdownItem>
          ))}
      </DropdownList>
    </Dropdown>
  );
};
